"""What `inferform publish` says of an artifact before it uploads it."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from inferform import FrameworkContainer, Image, Model
from ops.archive import check
from ops.errors import BadInputError

PROGRAM = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}


def of(framework: Any, version: str, **environment: str) -> Model:
    image = FrameworkContainer(framework=framework, version=version)
    return Model(image=image, artifact="m/1/model.tar.gz", environment=environment)


SKLEARN = of("scikit-learn", "1.2-1", **PROGRAM)
TORCH = of("pytorch", "2.6.0")
TENSORFLOW = of("tensorflow", "2.19.0")
HUGGING = of("huggingface-pytorch", "4.37.0")
XGBOOST = of("xgboost", "1.7-1")
TRITON = of("triton", "24.05", SAGEMAKER_TRITON_DEFAULT_MODEL_NAME="fraud")
OWN = Model(image=Image(repository="own", tag="1"), environment=PROGRAM)


def packed(folder: Path, *names: str) -> Path:
    file = folder / "model.tar.gz"
    content = folder / "content"
    content.write_text("x")
    with tarfile.open(file, "w:gz") as archive:
        for name in names:
            archive.add(content, name)
    return file


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (SKLEARN, ["model.joblib", "code/inference.py"]),
        (SKLEARN, ["./model.joblib", "./code/inference.py"]),
        (TORCH, ["model.pth", "code/inference.py"]),
        (of("pytorch", "2.6.0", SAGEMAKER_PROGRAM="serve.py"), ["model.pth", "code/inference.py"]),
        (TENSORFLOW, ["1/saved_model.pb", "1/variables/v"]),
        (TENSORFLOW, ["model/0001/saved_model.pb"]),
        (HUGGING, ["config.json", "model.safetensors"]),
        (HUGGING, ["code/inference.py", "model.bin"]),
        (XGBOOST, ["xgboost-model"]),
        (TRITON, ["fraud/config.pbtxt", "fraud/1/model.onnx"]),
        (OWN, ["anything"]),
    ],
)
def test_what_the_container_looks_for_is_taken(
    tmp_path: Path, model: Model, names: list[str]
) -> None:
    check(packed(tmp_path, *names), [model])


@pytest.mark.parametrize(
    ("model", "names", "missing"),
    [
        (SKLEARN, ["model.joblib"], "no code/inference.py"),
        (SKLEARN, ["model.joblib", "inference.py"], "no code/inference.py"),
        (TORCH, ["model.pth"], "no code/inference.py"),
        (TENSORFLOW, ["saved_model.pb"], "no 1/saved_model.pb"),
        (HUGGING, ["model.safetensors"], "no config.json or code/inference.py"),
        (XGBOOST, ["a/model", "b/model"], "no model at its top"),
        (TRITON, ["1/model.onnx", "config.pbtxt"], "no fraud/"),
    ],
)
def test_what_is_missing_is_told_before_an_endpoint_fails_on_it(
    tmp_path: Path, model: Model, names: list[str], missing: str
) -> None:
    with pytest.raises(BadInputError, match=missing):
        check(packed(tmp_path, *names), [model])


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (SKLEARN, ["churn/model.joblib", "churn/code/inference.py"]),
        (HUGGING, ["churn/config.json", "churn/model.safetensors"]),
        (XGBOOST, ["churn/xgboost-model"]),
    ],
)
def test_a_folder_around_everything_is_told_with_the_command(
    tmp_path: Path, model: Model, names: list[str]
) -> None:
    with pytest.raises(BadInputError, match="has a folder around everything, churn/") as told:
        check(packed(tmp_path, *names), [model])
    assert "tar -czf model.tar.gz -C churn ." in told.value.hint


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    wrong = tmp_path / "model.tar.gz"
    wrong.write_text("pickle")
    with pytest.raises(BadInputError, match=r"is no tar\.gz"):
        check(wrong, [])
    with pytest.raises(BadInputError, match="holds no file"):
        check(packed(tmp_path), [])
