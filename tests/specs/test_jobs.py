"""The rules of SageMaker's jobs, each on both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    CategoricalRange,
    Channel,
    Checkpoints,
    ContinuousRange,
    FrameworkContainer,
    Image,
    IntegerRange,
    Problem,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    Spec,
    Spot,
    TrainingJob,
    Tuning,
)
from inferform.rules import RULES
from inferform.spec import collecting, problems_of
from inferform.training.jobs import local_storage

IMAGE = Image(repository="fraud", tag="1")
DATA = {"train": Channel(uri="data/train/")}
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
XGBOOST = FrameworkContainer(framework="xgboost", version="1.7-1")


def _training(**fields: Any) -> TrainingJob:
    given = {"image": IMAGE, "instance_type": "ml.m5.xlarge", "channels": DATA, **fields}
    return TrainingJob(**given)


def _processing(**fields: Any) -> ProcessingJob:
    return ProcessingJob(**{"image": IMAGE, "instance_type": "ml.m5.xlarge", **fields})


MEASURED = {"metrics": {"auc": "auc=([0-9.]+)"}}
DEPTH = {"depth": IntegerRange(minimum=3, maximum=9)}
GRID = {"booster": CategoricalRange(values=["gbtree", "dart"])}


def _tuning(**fields: Any) -> Tuning:
    return Tuning(**{"job": _training(**MEASURED), "objective": "auc", "ranges": DEPTH, **fields})


def _channel(**fields: Any) -> Channel:
    return Channel(**{"uri": "data/", **fields})


def _integers(**fields: Any) -> IntegerRange:
    return IntegerRange(**{"minimum": 1, "maximum": 9, **fields})


def _numbers(**fields: Any) -> ContinuousRange:
    return ContinuousRange(**{"minimum": 0.0, "maximum": 0.5, **fields})


def _many(count: int, value: Any) -> dict[str, Any]:
    return {f"name{index}": value for index in range(count)}


def _spot(wait: int, **fields: Any) -> Spot:
    return Spot(max_wait_seconds=wait, **fields)


_AUGMENTED = {"data_type": "AugmentedManifestFile", "attributes": ["image-ref"]}
_PATTERNS = _many(41, "a=(.*)")

# Rule, where, what is made of it, what breaks the rule, and what almost does.
CASES: list[tuple[str, str, Callable[..., Spec], dict[str, Any], dict[str, Any]]] = [
    ("TRJ1", "instance_type", _training, {"instance_type": "m5.xlarge"}, {}),
    ("TRJ2", "channels", _training, {"channels": {}}, {"channels": _many(20, DATA["train"])}),
    ("TRJ2", "channels", _training, {"channels": _many(21, DATA["train"])}, {}),
    ("TRJ2", "channels.a b", _training, {"channels": {"a b": DATA["train"]}}, {}),
    (
        "TRJ3",
        "hyperparameters",
        _training,
        {"hyperparameters": _many(101, "1")},
        {"hyperparameters": _many(100, "1")},
    ),
    (
        "TRJ3",
        "hyperparameters.depth",
        _training,
        {"hyperparameters": {"depth": "1" * 2501}},
        {"hyperparameters": {"depth": "1" * 2500}},
    ),
    (
        "TRJ3",
        "hyperparameters.depth.$",
        _training,
        {"hyperparameters": {"depth.$": "1"}},
        {"hyperparameters": {"depth.$x": "1"}},
    ),
    (
        "TRJ4",
        "environment",
        _training,
        {"environment": _many(101, "1")},
        {"environment": _many(100, "1")},
    ),
    (
        "TRJ4",
        "environment.LEVEL",
        _training,
        {"environment": {"LEVEL": "a" * 513}},
        {"environment": {"LEVEL": "a" * 512}},
    ),
    (
        "TRJ5",
        "hyperparameters.password",
        _training,
        {"hyperparameters": {"password": "hunter2"}},
        {"hyperparameters": {"max_tokens": "512"}},
    ),
    (
        "TRJ5",
        "environment.API_KEY",
        _processing,
        {"environment": {"API_KEY": "abcdefgh"}},
        {"environment": {"API_KEY": SECRET}, "network_isolation": False},
    ),
    (
        "TRJ5",
        "arguments.0",
        _processing,
        {"arguments": ["https://me:hunter2@acme.test/"]},
        {"arguments": ["https://acme.test/"]},
    ),
    (
        "MDL26",
        "environment.API_KEY",
        _training,
        {"environment": {"API_KEY": SECRET}},
        {"environment": {"API_KEY": SECRET}, "network_isolation": False},
    ),
    ("TRJ6", "metrics", _training, {"metrics": _PATTERNS}, MEASURED),
    ("TRJ6", "metrics.auc", _training, {"metrics": {"auc": "auc=[0-9.]+"}}, MEASURED),
    ("TRJ6", "metrics.auc", _training, {"metrics": {"auc": "auc=([0-9"}}, MEASURED),
    (
        "TRJ7",
        "max_runtime_seconds",
        _training,
        {"max_runtime_seconds": 2_419_201},
        {"max_runtime_seconds": 2_419_200},
    ),
    (
        "TRJ8",
        "volume_size_gb",
        _training,
        {"volume_size_gb": 50, "instance_type": "ml.g5.xlarge"},
        {"volume_size_gb": 50},
    ),
    (
        "TRJ9",
        "keep_alive_seconds",
        _training,
        {"keep_alive_seconds": 3601},
        {"keep_alive_seconds": 3600},
    ),
    (
        "TRJ10",
        "keep_alive_seconds",
        _training,
        {"keep_alive_seconds": 600, "spot": _spot(90_000)},
        {"spot": _spot(90_000)},
    ),
    ("TRJ11", "retries", _training, {"retries": 31}, {"retries": 30}),
    ("TRJ12", "command", _training, {"command": ["a"] * 101}, {"command": ["a"] * 100}),
    (
        "TRJ12",
        "arguments.0",
        _processing,
        {"arguments": ["a" * 257]},
        {"arguments": ["a" * 256]},
    ),
    (
        "TRJ13",
        "input_mode",
        _channel,
        _AUGMENTED,
        {**_AUGMENTED, "input_mode": "Pipe"},
    ),
    (
        "TRJ13",
        "gzip",
        _channel,
        {**_AUGMENTED, "input_mode": "Pipe", "gzip": True},
        {"input_mode": "Pipe", "gzip": True},
    ),
    ("TRJ13", "attributes", _channel, {"attributes": ["a"]}, {}),
    (
        "TRJ16",
        "environment.HF_MODEL_ID",
        _training,
        {"environment": {"HF_MODEL_ID": "acme/fraud"}},
        {"environment": {"HF_MODEL_ID": "acme/fraud"}, "network_isolation": False},
    ),
    ("TRJ17", "uri", _channel, {"uri": "https://acme.test/data"}, {"uri": "s3://acme/data/"}),
    (
        "TRJ18",
        "image",
        _training,
        {"image": FrameworkContainer(framework="pytorch", version="2.6.0")},
        {"image": XGBOOST},
    ),
    ("TRJ19", "instance_count", _training, {"instance_count": 0}, {"instance_count": 1}),
    ("TRJ20", "volume_size_gb", _training, {"volume_size_gb": 0}, {"volume_size_gb": 1}),
    (
        "SPT1",
        "spot.max_wait_seconds",
        _training,
        {"spot": _spot(86_399)},
        {"spot": _spot(86_400)},
    ),
    (
        "SPT2",
        "max_wait_seconds",
        Spot,
        {"max_wait_seconds": 2_592_001},
        {"max_wait_seconds": 2_592_000},
    ),
    (
        "SPT3",
        "max_runtime_seconds",
        _training,
        {"spot": _spot(86_400, checkpoints=None)},
        {"spot": _spot(86_400, checkpoints=None), "max_runtime_seconds": 3600},
    ),
    (
        "SPT5",
        "local_path",
        Checkpoints,
        {"local_path": "/opt/ml/model/kept"},
        {"local_path": "/opt/ml/models"},
    ),
    (
        "SPT7",
        "spot.max_wait_seconds",
        _training,
        {"image": XGBOOST, "max_runtime_seconds": 600, "spot": _spot(3601, checkpoints=None)},
        {"image": XGBOOST, "max_runtime_seconds": 600, "spot": _spot(3600, checkpoints=None)},
    ),
    ("PRC1", "instance_type", _processing, {"instance_type": "m5.xlarge"}, {}),
    (
        "PRC2",
        "outputs",
        _processing,
        {"outputs": _many(11, ProcessingOutput())},
        {"outputs": _many(10, ProcessingOutput())},
    ),
    ("PRC2", "inputs.a/b", _processing, {"inputs": {"a/b": ProcessingInput(uri="data/")}}, {}),
    ("PRC3", "instance_count", _processing, {"instance_count": 101}, {"instance_count": 100}),
    (
        "PRC3",
        "max_runtime_seconds",
        _processing,
        {"max_runtime_seconds": 777_601},
        {"max_runtime_seconds": 777_600},
    ),
    (
        "PRC4",
        "environment.LEVEL",
        _processing,
        {"environment": {"LEVEL": "a" * 257}},
        {"environment": {"LEVEL": "a" * 256}},
    ),
    (
        "PRC5",
        "local_path",
        ProcessingOutput,
        {"local_path": "/opt/ml/processing"},
        {"local_path": "/opt/ml/processing/data"},
    ),
    ("PRC5", "local_path", ProcessingOutput, {"local_path": "/opt/ml/processing/../data"}, {}),
    (
        "TUN1",
        "objective",
        _tuning,
        {"objective": "acu"},
        {"objective": "validation:auc", "job": _training(image=XGBOOST)},
    ),
    ("TUN2", "ranges", _tuning, {"ranges": {}}, {}),
    (
        "TUN2",
        "ranges",
        _tuning,
        {"ranges": _many(31, _integers())},
        {"ranges": _many(30, _integers())},
    ),
    ("TUN2", "minimum", _integers, {"minimum": 9}, {"minimum": 8}),
    ("TUN2", "values", CategoricalRange, {"values": ["a", "a"]}, {"values": ["a", "b"]}),
    ("TUN3", "ranges.depth", _tuning, {"strategy": "Grid"}, {"strategy": "Grid", "ranges": GRID}),
    (
        "TUN3",
        "max_jobs",
        _tuning,
        {"strategy": "Grid", "ranges": GRID, "max_jobs": 2},
        {"max_jobs": 2},
    ),
    (
        "TUN4",
        "early_stopping",
        _tuning,
        {"strategy": "Hyperband", "early_stopping": True},
        {"early_stopping": True},
    ),
    ("TUN5", "max_parallel_jobs", _tuning, {"max_parallel_jobs": 21}, {"max_parallel_jobs": 20}),
    (
        "TUN6",
        "ranges.depth",
        _tuning,
        {"job": _training(**MEASURED, hyperparameters={"depth": "3"})},
        {"job": _training(**MEASURED, hyperparameters={"rounds": "3"})},
    ),
    (
        "TUN7",
        "minimum",
        _numbers,
        {"scale": "Logarithmic"},
        {"scale": "Logarithmic", "minimum": 0.1},
    ),
    (
        "TUN7",
        "scale",
        _numbers,
        {"scale": "ReverseLogarithmic", "maximum": 1.0},
        {"scale": "ReverseLogarithmic", "maximum": 0.9},
    ),
    ("TUN8", "job.command", _tuning, {"job": _training(**MEASURED, command=["train"])}, {}),
    (
        "TUN8",
        "job.keep_alive_seconds",
        _tuning,
        {"job": _training(**MEASURED, keep_alive_seconds=60)},
        {},
    ),
    (
        "TUN8",
        "job.environment",
        _tuning,
        {"job": _training(**MEASURED, environment=_many(49, "1"))},
        {"job": _training(**MEASURED, environment=_many(48, "1"))},
    ),
    (
        "TUN9",
        "max_runtime_seconds",
        _tuning,
        {"max_runtime_seconds": 119},
        {"max_runtime_seconds": 120},
    ),
]


def found(make: Callable[..., Spec], **fields: Any) -> list[Problem]:
    with collecting():
        return problems_of(make(**fields))


def test_each_rule_is_broken_on_one_side_alone() -> None:
    wrong = []
    for rule, path, make, bad, good in CASES:
        broken = [(problem.rule, problem.where) for problem in found(make, **bad)]
        if (rule, path) not in broken:
            wrong.append(f"{rule} is not at {path} of {bad}: {broken}")
        if rule in [problem.rule for problem in found(make, **good)]:
            wrong.append(f"{rule} refuses {good}")
    assert not wrong, "\n".join(wrong)


def test_every_rule_of_jobs_is_tried_and_names_its_source() -> None:
    tried = {rule for rule, *_ in CASES}
    known = {
        name: rule for name, rule in RULES.items() if name.startswith(("TRJ", "SPT", "PRC", "TUN"))
    }
    # Those of the whole of a retraining are tried with it.
    assert known.keys() - tried == {"SPT4", "SPT6", "TRJ15"}
    assert all(rule.source and rule.message for rule in known.values())


@pytest.mark.parametrize(
    "fields",
    [
        {"instance_type": "ml.m5.xlarge"},
        {"instance_type": "ml.c5n.18xlarge", "spot": _spot(100_000), "retries": 3},
    ],
)
def test_what_is_usual_has_no_problems(fields: dict[str, Any]) -> None:
    assert found(_training, **fields) == []


def test_local_storage_is_told_of_types_that_have_it_alone() -> None:
    assert local_storage("ml.g5.xlarge") == 250
    assert local_storage("ml.m5.xlarge") == 0
    assert local_storage("ml.p2.xlarge") == 0  # nothing is known of it


def test_a_grid_has_as_many_jobs_as_places() -> None:
    grid = {"a": CategoricalRange(values=["1", "2"]), "b": CategoricalRange(values=["1", "2", "3"])}
    assert _tuning(strategy="Grid", ranges=grid).jobs == 6
    assert _tuning().jobs == 20
