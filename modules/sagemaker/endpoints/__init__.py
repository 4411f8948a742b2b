"""SageMaker endpoints: one type for each way of hosting.

What AWS refuses to combine is a different type, so that it cannot be written.
"""

from __future__ import annotations

from typing import Annotated

from ...spec import OneOf
from .asynchronous import AsyncEndpoint
from .components import InferenceComponentEndpoint
from .containers import DirectEndpoint, PipelineEndpoint
from .multi_model import MultiModelEndpoint
from .realtime import RealtimeEndpoint
from .serverless import ServerlessEndpoint
from .variants import MultiVariantEndpoint

__all__ = [
    "AnyEndpoint",
    "AsyncEndpoint",
    "DirectEndpoint",
    "InferenceComponentEndpoint",
    "MultiModelEndpoint",
    "MultiVariantEndpoint",
    "PipelineEndpoint",
    "RealtimeEndpoint",
    "ServerlessEndpoint",
]

AnyEndpoint = Annotated[
    RealtimeEndpoint
    | MultiVariantEndpoint
    | ServerlessEndpoint
    | AsyncEndpoint
    | MultiModelEndpoint
    | PipelineEndpoint
    | DirectEndpoint
    | InferenceComponentEndpoint,
    OneOf(),
]
"""An endpoint of any kind."""
