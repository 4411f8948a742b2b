"""The routes: POST /invocations. nginx answers GET /ping itself (see nginx.conf)."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from flask import Flask, Response, request
from predictor import CONTENT_TYPES, ModelError, PayloadError, Predictor
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    NotAcceptable,
    ServiceUnavailable,
    UnsupportedMediaType,
)

log = logging.getLogger("model")


def create_app(model_dir: Path) -> Flask:
    """Build the application.

    A model that cannot be loaded does not end the process: /ping stays unhealthy and says why,
    so the reason is seen by curl and by the platform's events as well as in the log.
    """
    app = Flask(__name__)
    predictor: Predictor | None = None
    app.config["LOAD_ERROR"] = None
    try:
        predictor = Predictor.load(model_dir)
        log.info("model loaded from %s", model_dir)
    except ModelError as error:
        app.config["LOAD_ERROR"] = str(error)
        log.error("model not loaded: %s", error)

    @app.post("/invocations")
    def invocations() -> Response:
        if predictor is None:
            raise ServiceUnavailable(f"model not loaded: {app.config['LOAD_ERROR']}")
        kind = request.mimetype
        if kind not in CONTENT_TYPES:
            raise UnsupportedMediaType(
                f"Content-Type must be one of {', '.join(CONTENT_TYPES)}, got {kind or 'none'}"
            )
        # The request's own type comes first, so that it is the answer to "Accept: */*".
        offers = sorted(CONTENT_TYPES, key=lambda offer: offer != kind)
        accept = request.accept_mimetypes.best_match(offers) if request.accept_mimetypes else kind
        if accept is None:
            raise NotAcceptable(
                f"Accept must allow one of {', '.join(CONTENT_TYPES)}, "
                f"got {request.headers['Accept']}"
            )
        try:
            answer = predictor.predict(request.get_data(), kind, accept)
        except PayloadError as error:
            raise BadRequest(str(error)) from error
        return Response(answer, mimetype=accept)

    @app.errorhandler(HTTPException)
    def as_json(error: HTTPException) -> tuple[dict[str, str | None], int]:
        return {"error": error.description}, error.code or 500

    return app


logging.basicConfig(
    stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s"
)
# A model saved by another scikit-learn version says so in a warning: keep it in the log.
logging.captureWarnings(True)
app = create_app(Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")))
