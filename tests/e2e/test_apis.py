"""The same model on SageMaker, ECS and Lambda behind one HTTP API and one REST API, by Terraform."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.plan import read_plan
from ops.review.risks import find_risks

from .program import Life, actions

STACK = "dev-use1-apis"
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/execute-api/x"}

pytestmark = pytest.mark.story("one environment is deployed, changed and destroyed")

TEXT = """
from inferform import (
    Apis, Context, Cors, EcsCluster, EcsService, Environment, Fargate, Firewall, HttpApi, HttpRoute,
    Image, Inference, JwtAuthorization, LambdaFunction, LoadBalancer, Model, Network, Quota,
    RealtimeEndpoint, Registry, Repository, RestApi, RestRoute, Route, Throttle, UsagePlan,
)

V = {values!r}
slow = Throttle(requests_per_second=V["rate"], burst=5)
image = Image(repository="fraud", tag="1")
environment = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={{"fraud": Repository()}}),
    ecs=EcsCluster(
        load_balancers={{"internal": LoadBalancer(certificate=None, access_logs=None)}}
    ),
    inference=Inference(
        endpoints={{"fraud": RealtimeEndpoint(model=Model(image=image), instance_type="ml.m5.large")}},
        services={{
            "fraud": EcsService(
                model=Model(image=image),
                compute=Fargate(cpu=256, memory_mib=512),
                route=Route(load_balancer="internal", hosts=["fraud.acme.test"]),
            )
        }},
        functions={{"light": LambdaFunction(model=Model(image=image), timeout_seconds=5)}},
    ),
    apis=Apis(
        http={{
            "front": HttpApi(
                routes={{
                    "/fraud": HttpRoute(service="fraud", timeout_ms=V["timeout"], throttle=slow),
                    "/invocations": HttpRoute(service="light"),
                }},
                throttle=slow,
                cors=Cors(origins=[V["origin"]]),
                log_retention_days=V["days"],
            )
        }},
        rest={{
            "models": RestApi(
                routes={{
                    "/v1/fraud": RestRoute(
                        service="fraud", timeout_ms=V["timeout"], throttle=slow,
                        request_schema={{"type": "object", "required": V["required"]}},
                    ),
                    "/invocations": RestRoute(service="light", api_key=True),
                }},
                throttle=slow,
                cors=Cors(origins=[V["origin"]]),
                binary_types=V["types"],
                source_cidrs=V["cidrs"],
                log_retention_days=V["days"],
                tracing=V["tracing"],
                firewall=Firewall(
                    groups=["AWSManagedRulesKnownBadInputsRuleSet"],
                    requests_per_5_minutes=V["limit"],
                ),
                plans={{
                    "gold": UsagePlan(
                        throttle=slow, quota=Quota(limit=V["limit"], period="DAY"),
                        routes=["/invocations"],
                    )
                }},
            )
        }},
    ),
)
"""
FIRST = {
    "rate": 10,
    "timeout": 9_000,
    "origin": "https://a.test",
    "days": 30,
    "required": ["amount"],
    "types": ["image/*"],
    "cidrs": ["203.0.113.0/24"],
    "tracing": True,
    "limit": 1_000,
}
SECOND = {
    "rate": 4,
    "timeout": 8_000,
    "origin": "https://b.test",
    "days": 7,
    "required": ["amount", "card"],
    "types": ["image/*", "application/x-npy"],
    "cidrs": ["198.51.100.0/24", "203.0.113.0/25"],
    "tracing": False,
    "limit": 2_000,
}


def call(emulator: Emulator, url: str, body: bytes, **headers: str) -> dict[str, Any]:
    """A call by the URL that an API has, at the emulator."""
    place = url.removeprefix("https://")
    request = urllib.request.Request(
        f"{emulator.url}/inferform-emulator/api/{place}",
        body,
        {**SIGNED, "Content-Type": "application/json", **headers},
        method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        said: dict[str, Any] = json.loads(answer.read())
        return said


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    found = Life(tmp_path_factory.mktemp("apis"), emulator)
    found.write(TEXT.format(values=FIRST))
    found.bootstrap()
    found.deploy()
    return found


def url_of(life: Life, kind: str, attribute: str) -> str:
    shown = life.terraform(STACK, "show", "-json")
    resources = json.loads(shown.output)["values"]["root_module"]["resources"]
    (found,) = [each for each in resources if each["type"] == kind]
    return str(found["values"][attribute])


def test_one_model_is_called_by_two_apis_changed_and_destroyed(life: Life) -> None:
    assert life.plan_status(STACK) == 0
    http = url_of(life, "aws_apigatewayv2_api", "api_endpoint")
    rest = url_of(life, "aws_api_gateway_stage", "invoke_url")
    reached = call(life.emulator, f"{http}/fraud", b"{}")
    assert (reached["service"], reached["path"]) == ("acme-dev-use1-fraud", "/invocations")
    assert call(life.emulator, f"{http}/invocations", b"{}")["function"] == "acme-dev-use1-light"
    body = b'{"amount": 1}'
    assert call(life.emulator, f"{rest}/v1/fraud", body)["endpoint"] == "acme-dev-use1-fraud"
    apis = life.aws().any_client("apigateway")
    (plan,) = apis.get_usage_plans()["items"]
    key = apis.create_api_key(name="partner", enabled=True)
    apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    keyed = {"X-API-Key": key["value"]}
    assert call(life.emulator, f"{rest}/invocations", b"{}", **keyed)["alias"] == "live"

    life.write(TEXT.format(values=SECOND))
    planned = life.plan(STACK)
    done = actions(planned)
    assert done["aws_api_gateway_deployment"] == ["create", "delete"]
    assert {kind for kind, each in done.items() if "delete" in each} == {
        "aws_api_gateway_deployment"
    }
    assert not [
        each
        for each in find_risks(read_plan(json.dumps(planned)))
        if each.rule.id.startswith("API")
    ]
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    body = b'{"amount": 1, "card": 2}'
    assert call(life.emulator, f"{rest}/v1/fraud", body)["endpoint"] == "acme-dev-use1-fraud"
    # A key is in no state, and stays with its plan.
    assert key["value"] not in life.terraform(STACK, "show", "-json").output
    assert call(life.emulator, f"{rest}/invocations", b"{}", **keyed)["alias"] == "live"
    life.destroy(STACK)
    assert apis.get_rest_apis()["items"] == []
