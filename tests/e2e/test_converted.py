"""What other tools declare is deployed."""

from __future__ import annotations

import json
from pathlib import Path

from inferform import load
from inferform_emulator.process import Emulator
from ops.takeover.reading import converted
from tests.conftest import ROOT

from .hosting import CONTEXT, client, hosting

PUBLISHED = ROOT / "tests" / "published"
GIVEN = {"ModelName": "fraud", "ModelVariant": "v1", "TrainJobId": "7"}


def test_the_endpoints_of_published_templates_are_deployed(
    emulator: Emulator, tmp_path: Path
) -> None:
    files = sorted((PUBLISHED / "templates").iterdir())
    for name in ("drift-detection", "safe-deployment"):
        file = tmp_path / f"{name}.json"
        held = json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))
        file.write_text(json.dumps({"Resources": held}), encoding="utf-8")
        files.append(file)
    made = converted(files, CONTEXT, GIVEN)
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(made.text, encoding="utf-8")
    environment = load(folder).environments[CONTEXT.key]
    (inference,) = environment.groups.values()
    assert len(inference.endpoints) == 13

    stack = hosting(emulator, tmp_path / "stack")
    stack.context = environment.context
    stack.apply(inference)
    sagemaker = client(emulator, "sagemaker")
    served = {
        each["EndpointName"]: each["EndpointStatus"]
        for each in sagemaker.list_endpoints(MaxResults=50)["Endpoints"]
    }
    assert served == {
        environment.context.endpoint(short): "InService" for short in inference.endpoints
    }


ROLE = {
    "name": "${var.name}-role",
    "assume_role_policy": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                }
            ],
        }
    ),
}
