"""Bedrock with the real Terraform: made, found again, changed, verified and destroyed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inferform import Inference, InferenceProfile, ProvisionedThroughput
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.kinds import known
from ops.kinds.record import Kind, Verification
from ops.own import existing
from ops.state import State

from .hosting import CONTEXT, client, hosting

MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k"
THROUGHPUT = "aws_bedrock_provisioned_model_throughput"
PROFILE = "aws_bedrock_inference_profile"


def asked(units: int = 1, **profile: Any) -> Inference:
    return Inference(
        throughputs={"chat": ProvisionedThroughput(model_arn=MODEL, model_units=units)},
        profiles={"team": InferenceProfile(copy_from=MODEL, **profile)},
    )


def test_bedrock_is_made_changed_and_gone(emulator: Emulator, tmp_path: Path) -> None:
    stack = hosting(emulator, tmp_path)
    bedrock = client(emulator, "bedrock")
    stack.apply(asked())
    (throughput,) = bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    assert (throughput["provisionedModelName"], throughput["modelUnits"]) == (
        CONTEXT.name("chat"),
        1,
    )
    # What costs nothing to change is changed in place, and what is bought is bought again.
    plan = stack.plan(asked(2, tags={"cost-center": "42"}))
    assert sorted((address.split(".")[0], actions) for address, actions in plan.items()) == [
        (PROFILE, ["update"]),
        (THROUGHPUT, ["delete", "create"]),
    ]
    stack.apply(asked(2, tags={"cost-center": "42"}))
    (profile,) = bedrock.list_inference_profiles(typeEquals="APPLICATION")[
        "inferenceProfileSummaries"
    ]
    tags = bedrock.list_tags_for_resource(resourceARN=profile["inferenceProfileArn"])["tags"]
    assert {"key": "cost-center", "value": "42"} in tags
    aws = Aws(CONTEXT, emulator=emulator)
    for kind, values in (
        (THROUGHPUT, {"provisioned_model_name": CONTEXT.name("chat")}),
        (PROFILE, {"name": CONTEXT.name("team")}),
    ):
        (found,) = existing(kind, values, aws)
        assert found.tags["environment"] == CONTEXT.key
    record = known()[THROUGHPUT]
    assert isinstance(record, Kind)
    assert callable(record.verify)
    run = Verification(stack.environment(asked(2)), aws, State({}, "", None))
    for units, outcome in ((2, "passed"), (1, "failed")):
        attributes: dict[str, Any] = {
            "provisioned_model_name": CONTEXT.name("chat"),
            "model_arn": MODEL,
            "model_units": units,
        }
        (finding,) = record.verify(run, attributes).findings()
        assert finding.outcome == outcome
    stack.destroy(asked(2))
    assert bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []
