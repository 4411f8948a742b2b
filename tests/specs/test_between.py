"""The rules between environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform import ConfigurationError, load

_TWO = """
from inferform import *

def environment(stage, region):
    return Environment(
        context=Context(organization="acme", stage=stage, account="111122223333",
            region=region, owner="ml"),
    )

first, second = environment("dev", "us-east-1"), environment("{stage}", "eu-west-1")
"""


@pytest.mark.parametrize("stage", ["dev", "dev2", "dev-use2"])
def test_keys_that_no_pattern_confuses_are_taken(tmp_path: Path, stage: str) -> None:
    (tmp_path / "all.py").write_text(_TWO.format(stage=stage), encoding="utf-8")
    assert set(load(tmp_path).environments) == {"dev-use1", f"{stage}-euw1"}


def test_a_key_that_begins_with_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "all.py").write_text(_TWO.format(stage="dev-use1"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path)
    assert [problem.rule for problem in error.value.problems] == ["ENV7"]
    assert "'dev-use1-*' would deploy and destroy both" in str(error.value)
