"""What gunicorn's command line cannot say: tell nginx when a worker can take requests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def post_worker_init(worker: Any) -> None:
    """Make /ping healthy, or leave the reason why it is not."""
    health = Path(os.environ["HEALTH_DIR"])
    error = worker.wsgi.config["LOAD_ERROR"]
    if error is None:
        (health / "ready").touch()
    else:
        reason = json.dumps({"error": f"model not loaded: {error}"})
        (health / "not-ready.json").write_text(reason)
