"""The chapters of a tour, one file for each. A new one is named in CHAPTERS, where its turn is."""

from __future__ import annotations

from . import (
    approval,
    by_hand,
    canary,
    drift,
    failed_canary,
    first_version,
    gone,
    ground,
    killed,
    looks,
    new_data,
    worse_model,
)
from .chapter import Chapter

CHAPTERS: tuple[Chapter, ...] = (
    ground.CHAPTER,
    first_version.CHAPTER,
    new_data.CHAPTER,
    approval.CHAPTER,
    canary.CHAPTER,
    drift.CHAPTER,
    worse_model.CHAPTER,
    failed_canary.CHAPTER,
    looks.CHAPTER,
    by_hand.CHAPTER,
    killed.CHAPTER,
    gone.CHAPTER,
)
"""In the order in which they are shown: each continues from what the one before it left."""

__all__ = ["CHAPTERS", "Chapter"]
