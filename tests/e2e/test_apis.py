"""The same model on SageMaker, ECS and Lambda behind one HTTP API and one REST API, by Terraform."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from inferform import LambdaFunction
from inferform_emulator.process import Emulator
from ops import rollout
from ops.api_keys import ApiKeys
from ops.callers import Caller
from ops.errors import BadInputError
from ops.invoke import invoke
from ops.kinds import kinds, movers
from ops.kinds.record import Not, Request
from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.services import find
from ops.verify import verify

from ..ops.certificates import issued
from .hosting import client
from .program import Life, actions

STACK = "dev-use1-apis"
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/execute-api/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0a1b"
}

pytestmark = pytest.mark.story("one environment is deployed, changed and destroyed")

ISSUER = "https://login.acme.test/"

TEXT = """
from inferform import (
    ApiDomain, Apis, Canary, Context, Cors, EcsCluster, EcsService, Environment, Fargate, Firewall, HttpApi, HttpRoute,
    Image, Inference, JwtAuthorization, LambdaFunction, LoadBalancer, Model, Network,
    NetworkLoadBalancer, NetworkRoute, Quota, RealtimeEndpoint, Registry, Repository, RestApi, RestRoute, Route, Throttle, UsagePlan,
)

V = {values!r}
ISSUER = {issuer!r}
slow = Throttle(requests_per_second=V["rate"], burst=5)
image = Image(repository="fraud", tag="1")
environment = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={{"fraud": Repository()}}),
    ecs=EcsCluster(
        load_balancers={{
            "internal": LoadBalancer(certificate=None, access_logs=None),
            "ports": NetworkLoadBalancer(),
        }}
    ),
    inference=Inference(
        endpoints={{"fraud": RealtimeEndpoint(model=Model(image=image), instance_type="ml.m5.large")}},
        services={{
            "fraud": EcsService(
                model=Model(image=image),
                compute=Fargate(cpu=256, memory_mib=512),
                route=Route(load_balancer="internal", hosts=["fraud.acme.test"]),
            ),
            "tasks": EcsService(
                model=Model(image=image),
                compute=Fargate(cpu=256, memory_mib=512),
                route=NetworkRoute(load_balancer="ports", port=9001),
            ),
        }},
        functions={{
            "light": LambdaFunction(
                model=Model(image=Image(repository="fraud", tag=V["tag"])),
                timeout_seconds=5,
                rollout=Canary(),
            )
        }},
    ),
    apis=Apis(
        domains={{"api.acme.test": ApiDomain(certificate=V["certificate"])}},
        http={{
            "front": HttpApi(
                routes={{
                    "/fraud": HttpRoute(service="fraud", timeout_ms=V["timeout"], throttle=slow),
                    "/invocations": HttpRoute(service="light"),
                }},
                throttle=slow,
                cors=Cors(origins=[V["origin"]]),
                log_retention_days=V["days"],
            ),
            "partners": HttpApi(
                routes={{"/invocations": HttpRoute(service="light")}},
                throttle=slow,
                authorization=JwtAuthorization(issuer=ISSUER, audiences=["app"]),
                domain="api.acme.test",
            ),
        }},
        rest={{
            "models": RestApi(
                routes={{
                    "/v1/fraud": RestRoute(
                        service="fraud", timeout_ms=V["timeout"], throttle=slow,
                        request_schema={{"type": "object", "required": V["required"]}},
                    ),
                    "/invocations": RestRoute(service="light", api_key=True),
                    "/v1/tasks": RestRoute(service="tasks", path=V["path"]),
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
    "tag": "1",
    "path": "/invocations",
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
    "tag": "3",
    "path": "/v2/invocations",
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


class Apis(Life):
    """An environment with one model behind APIs."""

    certificate = ""

    @cached_property
    def served(self) -> list[dict[str, Any]]:
        """The resources of the layer, as they were deployed."""
        shown = self.terraform(STACK, "show", "-json")
        found: list[dict[str, Any]] = json.loads(shown.output)["values"]["root_module"]["resources"]
        return found

    def release(self, values: dict[str, Any]) -> None:
        """Write a release."""
        given = {**values, "certificate": self.certificate}
        self.write(TEXT.format(values=given, issuer=ISSUER))


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Apis:
    found = Apis(tmp_path_factory.mktemp("apis"), emulator)
    acm = client(emulator, "acm")
    certificate, key = issued()
    made = acm.import_certificate(Certificate=certificate, PrivateKey=key)
    found.certificate = made["CertificateArn"]
    found.release(FIRST)
    found.bootstrap()
    found.deploy()
    return found


def url_of(life: Apis, kind: str, attribute: str) -> str:
    found = [each["values"] for each in life.served if each["type"] == kind]
    (chosen,) = [each for each in found if not str(each.get("name")).endswith("-partners")]
    return str(chosen[attribute])


def token(**claims: Any) -> str:
    given = {"iss": ISSUER, "aud": "app", "exp": 4_000_000_000, **claims}
    middle = base64.urlsafe_b64encode(json.dumps(given).encode()).decode().rstrip("=")
    return f"x.{middle}.y"


class Verified:
    """What `inferform verify` says of APIs."""

    def __init__(self, life: Apis, **given: Any) -> None:
        findings = verify(life.environment(), life.aws(), **given)
        self.found = {
            each.subject.removeprefix("acme-dev-use1-"): [
                (other.outcome, other.found)
                for other in findings
                if other.subject == each.subject and other.check.title == "invocation"
            ]
            for each in findings
        }
        self.certificate = next(
            (each.outcome, each.found) for each in findings if each.check.id == "VER6"
        )
        self.served = {
            each.subject.removeprefix("acme-dev-use1-"): (each.outcome, each.found)
            for each in findings
            if each.check.title == "configuration"
        }

    def outcomes(self, api: str) -> list[tuple[Any, str]]:
        return self.found[api]


def test_verify_sends_each_route_a_request_that_it_can_send(life: Apis, tmp_path: Path) -> None:
    silent = Verified(life)
    assert silent.served["front"][0] == silent.served["models"][0] == "passed"
    assert silent.served["api-link"] == ("passed", "is AVAILABLE")
    assert [(outcome, said.split(",")[0]) for outcome, said in silent.outcomes("front")] == [
        ("passed", "POST /fraud answered 200"),
        ("passed", "POST /invocations answered 200"),
    ]
    needs = "POST /invocations was not tried: it needs a {}, and none was given with --callers"
    assert silent.outcomes("partners") == [("skipped", needs.format("token"))]
    assert silent.outcomes("models") == [
        ("skipped", needs.format("key of a usage plan")),
        (
            "skipped",
            "POST /v1/fraud was not tried: it takes bodies of its schema alone; give fraud.json "
            "with --samples",
        ),
        ("passed", silent.outcomes("models")[2][1]),
    ]
    assert silent.outcomes("models")[2][1].startswith("POST /v1/tasks answered 200")
    assert silent.served["ports-rest-link"] == ("passed", "is AVAILABLE")
    apis = life.aws().any_client("apigateway")
    key = apis.create_api_key(name="verify", enabled=True)
    (plan,) = apis.get_usage_plans()["items"]
    apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    (tmp_path / "fraud.json").write_text('{"amount": 1}')
    full = Verified(
        life,
        samples=tmp_path,
        callers={
            "rest.models": Caller(api_key=key["value"]),
            "http.partners": Caller(token=token()),
        },
    )
    said = [*full.outcomes("models"), *full.outcomes("partners")]
    assert {outcome for outcome, _ in said} == {"passed"}, said
    assert len(said) == 4
    assert full.served["api.acme.test"] == ("passed", "leads to 1 APIs")
    assert full.certificate == ("passed", "is issued until 2036-01-01")
    wrong = Verified(life, callers={"http.partners": Caller(token=token(iss="https://b.test"))})
    assert wrong.outcomes("partners") == [
        ("failed", 'POST /invocations answered 401: {"message": "Unauthorized"}')
    ]
    apis.delete_api_key(apiKey=key["id"])


def test_invoke_asks_an_api_by_its_route_and_what_is_behind_it_names_the_api(life: Apis) -> None:
    environment, aws = life.environment(), life.aws()
    body = Request(b'{"amount": 1}', "application/json", path="/invocations")
    reply = invoke(environment, "front", body, aws).reply
    assert (json.loads(reply.body)["function"], reply.by) == (FUNCTION, "POST /invocations")
    with pytest.raises(BadInputError, match=r"has 2 routes\n.*--path: /fraud or /invocations"):
        invoke(environment, "http-api/front", Request(b"{}", "application/json"), aws)
    with pytest.raises(BadInputError, match="it needs a token"):
        invoke(environment, "partners", body, aws)
    callers = {"http.partners": Caller(token=token())}
    assert invoke(environment, "partners", body, aws, callers).reply.body == reply.body
    with pytest.raises(BadInputError, match="from inside the VPC") as refused:
        invoke(environment, "ecs/fraud", Request(b"{}", "application/json"), aws)
    wanted = "inferform invoke dev-use1 http-api/front --path /fraud, which leads to it"
    assert refused.value.hint == wanted


def test_verify_tells_what_an_api_answers_and_what_its_stage_serves(life: Apis) -> None:
    http = url_of(life, "aws_apigatewayv2_api", "id")
    for outcome, told in (("throttled", "skipped"), ("timeout", "failed")):
        life.emulator.control("POST", "api/outcome", {"api": http, "outcome": outcome})
        assert Verified(life).outcomes("front")[0][0] == told
    rest = url_of(life, "aws_api_gateway_rest_api", "id")
    apis = life.aws().any_client("apigateway")
    stage = apis.get_stage(restApiId=rest, stageName="live")
    other = apis.create_deployment(restApiId=rest)["id"]
    patch = {"op": "replace", "path": "/deploymentId"}
    change = {"restApiId": rest, "stageName": "live"}
    apis.update_stage(**change, patchOperations=[{**patch, "value": other}])
    outcome, said = Verified(life).served["models"]
    assert outcome == "failed"
    assert said.endswith(f"serves deployment {other}, but the state says {stage['deploymentId']}")
    assert "models" not in [api for api, found in Verified(life).found.items() if found]
    apis.update_stage(**change, patchOperations=[{**patch, "value": stage["deploymentId"]}])


def test_a_leaked_key_is_replaced_while_its_holder_goes_on(life: Apis) -> None:
    keys = ApiKeys(life.environment(), "models", life.aws())
    url = f"{url_of(life, 'aws_api_gateway_stage', 'invoke_url')}/invocations"

    def answers(value: str) -> int:
        try:
            call(life.emulator, url, b"{}", **{"X-API-Key": value})
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    _, leaked = keys.create("gold", "partner")
    _, new = keys.create("gold", "partner-2")
    assert (answers(leaked), answers(new)) == (200, 200)
    keys.delete("gold", "partner")
    assert (answers(leaked), answers(new)) == (403, 200)
    assert life.plan_status(STACK) == 0
    keys.delete("gold", "partner-2")


FUNCTION = "acme-dev-use1-light"


class Callers:
    """Callers of the function by both APIs."""

    def __init__(self, life: Apis) -> None:
        self._life = life
        self._http = url_of(life, "aws_apigatewayv2_api", "api_endpoint")
        self._rest = url_of(life, "aws_api_gateway_stage", "invoke_url")
        apis = life.aws().any_client("apigateway")
        (plan,) = apis.get_usage_plans()["items"]
        key = apis.create_api_key(name="callers", enabled=True)
        apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        self._key = {"X-API-Key": key["value"]}

    def answered(self, count: int) -> Counter[str]:
        """The versions that answer so many calls by each API; of one that fails the status."""
        found: Counter[str] = Counter()
        for url, keyed in ((self._http, {}), (self._rest, self._key)):
            for _ in range(count):
                try:
                    said = call(self._life.emulator, f"{url}/invocations", b"{}", **keyed)
                    found[said["version"]] += 1
                except urllib.error.HTTPError as error:
                    found[str(error.code)] += 1
        return found


def test_a_canary_behind_both_apis_goes_on_or_is_rolled_back_by_its_alarm(life: Apis) -> None:
    callers, inference = Callers(life), "dev-use1-inference"
    begin = {mover.of: mover for mover in movers()}[LambdaFunction].begin
    aws = life.aws()

    def released(tag: str) -> tuple[str, str]:
        life.release({**FIRST, "tag": tag})
        life.deploy(inference)
        begun = begin(find(life.environment(), "light"), aws)
        assert begun is not None
        return begun

    assert callers.answered(1) == {"1": 2}
    begun = released("2")
    assert callers.answered(10) == {"1": 18, "2": 2}
    assert rollout.follow(aws, *begun).status == "Succeeded"
    assert callers.answered(5) == {"2": 10}
    begun = released("3")
    failing = {"function": FUNCTION, "version": "3"}
    life.emulator.control("POST", "lambda/outcome", failing)
    assert callers.answered(10) == {"2": 18, "502": 2}
    stopped = rollout.follow(aws, *begun)
    assert stopped.status == "Stopped"
    assert f"{FUNCTION}-lambda-errors" in stopped.reason
    assert callers.answered(5) == {"2": 10}
    # Neither an apply nor a shift changes the layer of APIs, or is undone by another apply.
    assert [life.plan_status(stack) for stack in (STACK, inference)] == [0, 0]
    life.emulator.control("POST", "lambda/outcome", {**failing, "fails": False})


def test_what_is_in_no_state_is_found_again(life: Apis) -> None:
    aws, composed = life.aws(), dict[str, str]()
    looked = 0
    for each in life.served:
        record, values = kinds().get(each["type"]), each["values"]
        if each["mode"] == "data" or record is None or isinstance(record.find, Not):
            continue
        (found,) = record.find(aws, values)
        assert found.own_name or aws.context.is_own(found.tags, layer="apis"), each["address"]
        looked += 1
        if found.id != values["id"]:
            composed[each["type"]] = each["address"]
    assert looked > 25
    assert len(composed) > 7
    # What Terraform imports those by is proven by it alone; one of each type stands for all.
    forgotten = life.terraform(STACK, "state", "rm", *sorted(composed.values()))
    assert forgotten.status == 0, forgotten.output
    assert {line.split()[1] for line in life.recover(STACK)} == {*composed.values()}
    life.apply(STACK)
    assert life.plan_status(STACK) == 0


def test_one_model_is_called_by_two_apis_changed_and_destroyed(life: Apis) -> None:
    http = url_of(life, "aws_apigatewayv2_api", "api_endpoint")
    rest = url_of(life, "aws_api_gateway_stage", "invoke_url")
    reached = call(life.emulator, f"{http}/fraud", b"{}")
    assert (reached["service"], reached["path"]) == ("acme-dev-use1-fraud", "/invocations")
    assert call(life.emulator, f"{http}/invocations", b"{}")["function"] == "acme-dev-use1-light"
    less = b'{"amount": 1}'
    assert call(life.emulator, f"{rest}/v1/fraud", less)["endpoint"] == "acme-dev-use1-fraud"
    reached = call(life.emulator, f"{rest}/v1/tasks", less)
    assert (reached["service"], reached["path"]) == ("acme-dev-use1-tasks", "/invocations")
    apis = life.aws().any_client("apigateway")
    (plan,) = apis.get_usage_plans()["items"]
    key = apis.create_api_key(name="partner", enabled=True)
    apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    keyed = {"X-API-Key": key["value"]}
    assert call(life.emulator, f"{rest}/invocations", b"{}", **keyed)["alias"] == "live"

    domains = life.aws().any_client("apigatewayv2")
    (mapping,) = domains.get_api_mappings(DomainName="api.acme.test")["Items"]
    domains.delete_api_mapping(DomainName="api.acme.test", ApiMappingId=mapping["ApiMappingId"])
    gone = f"does not lead from / to {mapping['ApiId']}/$default"
    assert Verified(life).served["api.acme.test"] == ("failed", gone)

    life.release(SECOND)
    planned = life.plan(STACK)
    done = actions(planned)
    assert done["aws_apigatewayv2_api_mapping"] == ["create"]
    assert done["aws_cloudformation_stack"] == ["update"]
    assert not [kind for kind, each in done.items() if "delete" in each]
    assert not [
        each
        for each in find_risks(read_plan(json.dumps(planned)))
        if each.rule.id.startswith("API")
    ]
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    # What is deployed now, and not what was.
    assert call(life.emulator, f"{rest}/v1/tasks", less)["path"] == "/v2/invocations"
    with pytest.raises(urllib.error.HTTPError, match="400"):
        call(life.emulator, f"{rest}/v1/fraud", less)
    body = b'{"amount": 1, "card": 2}'
    assert call(life.emulator, f"{rest}/v1/fraud", body)["endpoint"] == "acme-dev-use1-fraud"
    # A key is in no state, and stays with its plan.
    assert key["value"] not in life.terraform(STACK, "show", "-json").output
    assert call(life.emulator, f"{rest}/invocations", b"{}", **keyed)["alias"] == "live"
    life.destroy(STACK)
    assert apis.get_rest_apis()["items"] == apis.get_vpc_links()["items"] == []
