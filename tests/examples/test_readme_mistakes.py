"""The mistakes that the README shows are really reported in these words."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from inferform import ConfigurationError, load

from .readme import ROOT

MISTAKES = {
    "    FlowLogs,\n    Inference,": "    FlowLogs,\n    Host,\n    Inference,",
    'instance_type="ml.m5.xlarge",\n                scaling=follow_load(45, minimum=2, maximum=12)': (
        'instnce_type="ml.m5.xlarge",\n                scaling=follow_load(45, minimum=4, maximum=2)'
    ),
    'instance_type="ml.c5.2xlarge",': (
        'instance_type="ml.g5.xlarge",\n                host=Host(volume_size_gb=100),'
    ),
}


def test_the_mistakes_of_the_readme_are_reported_as_it_shows_them(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    shutil.copytree(ROOT / "environments", folder, ignore=shutil.ignore_patterns("__pycache__"))
    prod = folder / "prod.py"
    text = prod.read_text("utf-8")
    for right, wrong in MISTAKES.items():
        assert right in text
        text = text.replace(right, wrong)
    prod.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    shown = re.search(
        r"^environments/prod\.py: .*?(?=^```)", (ROOT / "README.md").read_text("utf-8"), re.M | re.S
    )
    assert shown is not None
    assert str(caught.value).strip() == shown[0].strip()
