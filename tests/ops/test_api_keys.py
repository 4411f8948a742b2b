"""Keys of REST APIs, on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    Apis,
    Context,
    Environment,
    Image,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Throttle,
    UsagePlan,
)
from ops.api_keys import ApiKeys
from ops.aws import Aws
from ops.cli import app
from ops.errors import BadInputError, OperatorError

CONTEXT = Context(
    organization="keys", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)
PLAN = UsagePlan(throttle=Throttle(requests_per_second=5, burst=5))
ENVIRONMENT = Environment(
    context=CONTEXT,
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={"fraud": Repository()}),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=Model(image=Image(repository="fraud", tag="1")), instance_type="ml.m5.large"
            )
        }
    ),
    apis=Apis(
        rest={
            "models": RestApi(
                routes={"/fraud": RestRoute(service="fraud", api_key=True)},
                throttle=Throttle(requests_per_second=10, burst=10),
                plans={"gold": PLAN, "silver": PLAN},
            )
        }
    ),
)


@pytest.fixture
def aws(emulator: Any) -> Aws:
    return Aws(CONTEXT, emulator=emulator)


@pytest.fixture
def plan(aws: Aws) -> Iterator[str]:
    """The plans, as a deploy makes them; the id of the first."""
    client: Any = aws.any_client("apigateway")
    ids = [client.create_usage_plan(name=f"keys-dev-use1-models-{plan}")["id"] for plan in PLANS]
    yield ids[0]
    for key in client.get_api_keys()["items"]:
        client.delete_api_key(apiKey=key["id"])
    for each in ids:
        client.delete_usage_plan(usagePlanId=each)


PLANS = ("gold", "silver")


def test_a_key_is_made_listed_without_its_value_and_taken_away(aws: Aws, plan: str) -> None:
    keys = ApiKeys(ENVIRONMENT, "models", aws)
    made, value = keys.create("gold", "partner")
    client: Any = aws.any_client("apigateway")
    assert client.get_api_key(apiKey=made.id, includeValue=True)["value"] == value
    assert client.get_api_key(apiKey=made.id)["tags"] == CONTEXT.default_tags("apis")
    assert [each["id"] for each in client.get_usage_plan_keys(usagePlanId=plan)["items"]] == [
        made.id
    ]
    (listed,) = keys.list()
    assert (listed.name, listed.plan, listed.enabled) == ("partner", "gold", True)
    assert value not in str(listed)
    with pytest.raises(OperatorError, match="the plan gold has a key partner"):
        keys.create("gold", "partner")
    keys.create("silver", "partner")
    with pytest.raises(OperatorError, match="has no keys of the name other"):
        keys.delete("gold", "other")
    keys.delete("gold", "partner")
    assert [each.plan for each in keys.list()] == ["silver"]


def test_a_key_that_gets_no_plan_is_not_left_behind(
    aws: Aws, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ApiKeys(ENVIRONMENT, "models", aws)
    client: Any = aws.any_client("apigateway")

    def refuse(**_: Any) -> None:
        raise client.exceptions.LimitExceededException({"Error": {}}, "CreateUsagePlanKey")

    monkeypatch.setattr(keys._client, "create_usage_plan_key", refuse)
    with pytest.raises(client.exceptions.LimitExceededException):
        keys.create("gold", "partner")
    assert client.get_api_keys()["items"] == []


def test_what_is_not_there_is_said(aws: Aws) -> None:
    with pytest.raises(BadInputError, match="dev-use1 has no REST API other"):
        ApiKeys(ENVIRONMENT, "other", aws)
    keys = ApiKeys(ENVIRONMENT, "models", aws)
    with pytest.raises(BadInputError, match="has no usage plan bronze"):
        keys.create("bronze", "partner")
    with pytest.raises(OperatorError, match="keys-dev-use1-models-gold is not deployed"):
        keys.create("gold", "partner")


def test_the_command_prints_the_value_once(
    aws: Aws, plan: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ops.commands.api_keys.environment", lambda _key: ENVIRONMENT)
    monkeypatch.setattr("ops.aws.emulator_in_use", lambda: aws.emulator)

    def run(*words: str) -> str:
        answer = CliRunner().invoke(app, ["api-keys", *words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    value, said = run("create", "dev-use1", "models", "gold", "partner", "--emulator").split("\n")[
        :2
    ]
    assert len(value) >= 20
    assert "x-api-key" in said
    listed = run("list", "dev-use1", "models", "--emulator")
    assert "partner" in listed
    assert value not in listed
    run("delete", "dev-use1", "models", "gold", "partner", "--emulator", "--auto-approve")
    assert "partner" not in run("list", "dev-use1", "models", "--emulator")
