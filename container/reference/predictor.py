"""The model behind the server: load it, read requests, write answers.

Replace this file to serve another framework; the rest of the image stays as it is.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np

CSV = "text/csv"
JSON = "application/json"
CONTENT_TYPES = (JSON, CSV)
MODEL_FILE = "model.joblib"


class ModelError(Exception):
    """The model cannot be loaded; the message says what to put where."""


class PayloadError(Exception):
    """The request body cannot be used; the message goes to the client."""


class Predictor:
    """A fitted scikit-learn estimator or pipeline that takes rows of numbers."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def load(cls, model_dir: Path) -> Predictor:
        """Load `model.joblib` from a directory.

        A joblib file is a pickle and runs code when loaded: serve only files that you trust,
        with the scikit-learn version that wrote them.
        """
        path = model_dir / MODEL_FILE
        if not path.is_file():
            held = sorted(p.name for p in model_dir.iterdir()) if model_dir.is_dir() else []
            found = ", ".join(held[:10]) or "nothing"
            raise ModelError(f"no {MODEL_FILE} in {model_dir}; it holds {found}")
        try:
            model = joblib.load(path)
        except Exception as error:
            raise ModelError(f"cannot load {path}: {type(error).__name__}: {error}") from error
        if not hasattr(model, "predict"):
            raise ModelError(f"{path} holds a {type(model).__name__}, which has no predict()")
        return cls(model)

    def predict(self, body: bytes, content_type: str, accept: str) -> bytes:
        """Answer one request; both types must be among CONTENT_TYPES."""
        rows = _read_csv(body) if content_type == CSV else _read_json(body)
        if rows.ndim != 2 or rows.size == 0:
            raise PayloadError("expected at least one row of numbers")
        features = getattr(self._model, "n_features_in_", rows.shape[1])
        if rows.shape[1] != features:
            raise PayloadError(f"expected {features} values per row, got {rows.shape[1]}")
        try:
            predictions = self._model.predict(rows)
        except ValueError as error:
            # The shape is right, so the values are not: scikit-learn refuses NaN this way.
            raise PayloadError(str(error)) from error
        answers = np.asarray(predictions).tolist()
        return _write_csv(answers) if accept == CSV else _write_json(answers)


def _read_csv(body: bytes) -> np.ndarray:
    try:
        text = body.decode("utf-8-sig")
        if not text.strip():
            raise PayloadError("the body is empty")
        return np.loadtxt(io.StringIO(text), delimiter=",", comments=None, ndmin=2)
    except ValueError as error:
        raise PayloadError(f"not CSV rows of numbers without a header: {error}") from error


def _read_json(body: bytes) -> np.ndarray:
    wanted = 'expected {"instances": [[1.0, 2.0], ...]} or the list alone'
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"not JSON: {error}") from error
    if isinstance(data, dict):
        if "instances" not in data:
            raise PayloadError(f'no "instances"; {wanted}')
        data = data["instances"]
    try:
        return np.asarray(data, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise PayloadError(f"{wanted}: {error}") from error


def _write_csv(answers: list[Any]) -> bytes:
    out = io.StringIO()
    rows = (row if isinstance(row, list) else [row] for row in answers)
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _write_json(answers: list[Any]) -> bytes:
    return json.dumps({"predictions": answers}).encode()
