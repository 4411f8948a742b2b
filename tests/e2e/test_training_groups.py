"""A training layer in two groups, on the emulator by Terraform: each is deployed, changed and destroyed by itself."""

from __future__ import annotations

import pytest

from inferform_emulator.process import Emulator
from ops import training

from .program import Life

pytestmark = pytest.mark.story("one environment is deployed, changed and destroyed")

RISK, SHOP = "dev-use1-training-risk", "dev-use1-training-shop"
TEXT = """
from inferform import *


def trained(instance_type):
    return Retraining(
        train=TrainingJob(
            image="123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1", vpc=False,
            instance_type=instance_type, channels={"train": Channel(uri="data/train/")},
        ),
        triggers=[OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60)],
    )


dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=NetworkOutputs(
        vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    registry=Registry(),
    training={
        "risk": Training(retrainings={"fraud": trained("INSTANCE")}),
        "shop": Training(retrainings={"ranking": trained("ml.m5.xlarge")}),
    },
)
"""


def test_each_group_is_deployed_changed_and_destroyed_by_itself(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    life = Life(tmp_path_factory.mktemp("life"), emulator)
    life.write(TEXT.replace("INSTANCE", "ml.m5.xlarge"))
    life.bootstrap()
    life.deploy("dev-use1-registry", RISK, SHOP)
    assert [life.plan_status(stack) for stack in (RISK, SHOP)] == [0, 0]

    # A run is started by its name, whichever group it is in.
    runs = training.Runs(life.environment(), life.aws())
    for name in ("fraud", "ranking"):
        assert runs.wait(runs.start(name, {})).status == "SUCCEEDED"
    assert {each.of for each in runs.latest()} == {
        f"acme-dev-use1-{name}-retraining" for name in ("fraud", "ranking")
    }

    life.write(TEXT.replace("INSTANCE", "ml.m5.2xlarge"))
    assert [life.plan_status(stack) for stack in (RISK, SHOP)] == [2, 0]
    life.apply(RISK)
    assert [life.plan_status(stack) for stack in (RISK, SHOP)] == [0, 0]

    life.destroy(RISK)
    states = life.aws().any_client("stepfunctions")
    machines = [each["name"] for each in states.list_state_machines()["stateMachines"]]
    assert machines == ["acme-dev-use1-ranking-retraining"]
    assert life.plan_status(SHOP) == 0
    life.destroy(SHOP, "dev-use1-registry")
    assert states.list_state_machines()["stateMachines"] == []
