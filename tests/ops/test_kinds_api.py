"""What the operator's commands know of APIs: their checks before and after an apply, and their story."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Apis,
    Context,
    Environment,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    LambdaFunction,
    Model,
    Network,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Throttle,
)
from inferform.api.deployment import deployment_template
from inferform.sagemaker.templates import written
from ops import callers
from ops.aws import Aws
from ops.callers import Caller
from ops.errors import BadInputError
from ops.kinds import kinds
from ops.kinds.api_verify import Route, certified, judged
from ops.kinds.finding import paged
from ops.plan import read_plan
from ops.preflight import preflight
from ops.requests import Answer
from ops.verify import verify
from tests.review.plans import changed, plan_of

from .certificates import issued

Write = Callable[..., str]
THROTTLE = Throttle(requests_per_second=10, burst=5)


def environment(context: Context, **apis: Any) -> Environment:
    given = {
        "http": {
            "front": HttpApi(routes={"/invocations": HttpRoute(service="light")}, throttle=THROTTLE)
        },
        "rest": {
            "models": RestApi(
                routes={"/invocations": RestRoute(service="light")}, throttle=THROTTLE
            )
        },
    }
    light = LambdaFunction(model=Model(image=Image(repository="fraud", tag="1")), timeout_seconds=5)
    return Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(functions={"light": light}),
        apis=Apis(**{**given, **apis}),
    )


# Verify


def route(path: str = "/fraud", **fields: Any) -> Route:
    return Route("POST", path, fields.pop("authorization", "AWS_IAM"), **fields)


MODEL_SAYS = json.dumps({"ErrorCode": "CLIENT_ERROR_FROM_MODEL", "OriginalStatusCode": 400})
MODEL_FAILS = json.dumps({"ErrorCode": "INTERNAL_FAILURE", "OriginalStatusCode": 500})
DENIED = "User: anonymous is not authorized to perform: execute-api:Invoke with an explicit deny"
SAGEMAKER = route(models_refusal=424)

JUDGED: dict[str, tuple[Route, int, str, bool, str, str]] = {
    "an answer": (route(), 200, "{}", False, "passed", "answered 200, 2 bytes"),
    "no empty body": (route(), 422, "", False, "passed", "answered 422 to an empty body"),
    "a sample that is refused": (route(), 422, "", True, "failed", "answered 422"),
    "no such path": (route(), 404, "", False, "failed", "answered 404"),
    "a function that fails": (route(), 502, "Internal", False, "failed", "502: Internal"),
    "throttled": (route(), 429, "", True, "skipped", "says nothing of what is behind it"),
    "no right": (route(), 403, "Forbidden", False, "failed", "403: Forbidden"),
    "not from here": (route(), 403, DENIED, False, "skipped", "lets nobody in from here"),
    "a model that takes no empty body": (
        SAGEMAKER,
        424,
        MODEL_SAYS,
        False,
        "passed",
        "answered 424 to an empty body",
    ),
    "a model that fails": (SAGEMAKER, 424, MODEL_FAILS, False, "failed", "INTERNAL_FAILURE"),
    "a refusal that says nothing": (SAGEMAKER, 424, "no", False, "failed", "424: no"),
    "an endpoint that is not there": (
        SAGEMAKER,
        400,
        "Endpoint fraud not found",
        False,
        "failed",
        "Endpoint fraud not found",
    ),
}


def test_an_answer_of_an_api_is_told_from_one_of_the_model() -> None:
    for words, (asked, status, text, sampled, outcome, said) in JUDGED.items():
        found = judged(Answer(status, {}, text.encode()), asked, sampled=sampled)
        assert (found[0], said in found[1]) == (outcome, True), (words, found)
        assert bool(found[2]) == (outcome == "failed"), words


def test_what_to_do_depends_on_who_may_call() -> None:
    refused = Answer(403, {}, b"Forbidden")
    assert "execute-api:Invoke" in judged(refused, route(), sampled=True)[2]
    token = judged(refused, route(authorization="JWT"), sampled=True)[2]
    assert token == "give a token and a key that the API takes"
    assert "sample" in judged(Answer(413, {}, b""), route(), sampled=True)[2]
    assert "log" in judged(Answer(405, {}, b""), route(), sampled=True)[2]


def test_a_certificate_that_ends_soon_is_said() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for status, ends, wanted in (
        ("ISSUED", datetime(2026, 12, 15, tzinfo=UTC), ("passed", "is issued until 2026-12-15")),
        (
            "ISSUED",
            datetime(2026, 11, 20, tzinfo=UTC),
            ("skipped", "ends on 2026-11-20, in 19 days"),
        ),
        ("ISSUED", datetime(2026, 10, 31, tzinfo=UTC), ("failed", "ended on 2026-10-31")),
        ("ISSUED", None, ("passed", "is issued; until when is not known")),
        ("EXPIRED", None, ("failed", "is EXPIRED")),
        ("", None, ("failed", "is of no known status")),
    ):
        assert certified(status, ends, now)[:2] == wanted


def found(environment: Environment, aws: Aws, subject: str, **given: Any) -> list[tuple[str, str]]:
    """What verify says of something."""
    findings = verify(environment, aws, **given)
    return [(each.outcome, each.found) for each in findings if each.subject == subject]


def test_what_somebody_deleted_fails_by_itself(aws: Aws, write_state: Write) -> None:
    made = environment(aws.context)
    write_state(
        "apis",
        1,
        **{
            "aws_apigatewayv2_api.front": {
                "name": "front",
                "id": "a1",
                "api_endpoint": "https://x",
            },
            "aws_api_gateway_rest_api.models": {"name": "models", "id": "r1"},
            "aws_api_gateway_rest_api.bare": {"name": "bare", "id": "r2"},
            "aws_api_gateway_stage.live": {
                "rest_api_id": "r1",
                "stage_name": "live",
                "deployment_id": "d1",
            },
            "aws_apigatewayv2_domain_name.api": {"domain_name": "api.acme.test"},
            "aws_apigatewayv2_vpc_link.link": {"name": "link", "id": "l1"},
            "aws_api_gateway_vpc_link.ports": {"name": "ports", "id": "l2"},
        },
    )
    for subject, said in (
        ("front", "does not exist"),
        ("models", "its stage live does not exist"),
        ("bare", "has no stage"),
        ("api.acme.test", "does not exist"),
        ("link", "does not exist"),
        ("ports", "does not exist"),
    ):
        assert found(made, aws, subject) == [("failed", said)]


def test_a_vpc_link_of_rest_apis_is_judged_with_its_load_balancer(
    aws: Aws, write_state: Write
) -> None:
    rest, elb, ec2 = (aws.any_client(each) for each in ("apigateway", "elbv2", "ec2"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]

    def linked(name: str, kind: Any, *groups: str) -> tuple[str, list[tuple[str, str]]]:
        given = {"SecurityGroups": [*groups]} if groups else {}
        (balancer,) = elb.create_load_balancer(Name=name, Type=kind, Subnets=[subnet], **given)[
            "LoadBalancers"
        ]
        arn = balancer["LoadBalancerArn"]
        link = rest.create_vpc_link(name=name, targetArns=[arn])["id"]
        state = {f"aws_api_gateway_vpc_link.{name}": {"name": name, "id": link}}
        write_state("apis", next(serials), **state)
        return arn, found(environment(aws.context), aws, name)

    serials = iter(range(1, 9))
    passed = ("passed", "is AVAILABLE")
    assert linked("bare", "network")[1] == [passed]
    arn, said = linked("ports", "network", group)
    ((outcome, text),) = said
    assert (outcome, "security groups of ports judge" in text) == ("failed", True)
    elb.set_security_groups(
        LoadBalancerArn=arn,
        SecurityGroups=[group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    assert found(environment(aws.context), aws, "ports") == [passed]
    assert linked("alb", "application")[1] == [("failed", "is FAILED: NLB ARN is malformed")]


def test_an_api_that_is_deployed_without_routes_serves_nothing(
    aws: Aws, write_state: Write
) -> None:
    http = aws.any_client("apigatewayv2")
    api = http.create_api(Name="front", ProtocolType="HTTP")
    state = {"name": "front", "id": api["ApiId"], "api_endpoint": api["ApiEndpoint"]}
    write_state("apis", 1, **{"aws_apigatewayv2_api.front": state})
    made = environment(aws.context)
    assert found(made, aws, "front") == [("failed", "was never deployed")]
    http.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    ((outcome, said),) = found(made, aws, "front")
    assert outcome == "failed"
    assert said.endswith("Unable to deploy API because at least one route is required in this API")


def served(api: Any, deployment: str) -> dict[str, Any]:
    """The state of a REST API that serves a deployment and answers browsers."""
    return {
        "aws_api_gateway_rest_api.models": {"name": "models", "id": api["id"]},
        "aws_api_gateway_stage.live": {
            "rest_api_id": api["id"],
            "stage_name": "live",
            "deployment_id": deployment,
            "invoke_url": "https://nowhere.test",
        },
        "aws_api_gateway_method.root": {
            "rest_api_id": api["id"],
            "resource_id": api["rootResourceId"],
            "http_method": "OPTIONS",
        },
    }


def test_a_stage_that_serves_other_routes_than_the_state_has_is_told(
    aws: Aws, write_state: Write
) -> None:
    rest = aws.any_client("apigateway")
    api = rest.create_rest_api(name="models")
    gone = rest.create_resource(
        restApiId=api["id"], parentId=api["rootResourceId"], pathPart="gone"
    )
    for resource, verb in ((api["rootResourceId"], "OPTIONS"), (gone["id"], "POST")):
        where = {"restApiId": api["id"], "resourceId": resource, "httpMethod": verb}
        rest.put_method(**where, authorizationType="AWS_IAM")
        rest.put_integration(**where, type="MOCK")

    def deployed(serial: int) -> list[tuple[str, str]]:
        deployment = rest.create_deployment(restApiId=api["id"], stageName="live")["id"]
        write_state("apis", serial, **served(api, deployment))
        return found(environment(aws.context), aws, "models")

    # An apply that changed the API has ended before it was deployed.
    extra = "serves POST /gone, which the state has not"
    assert deployed(1) == [("failed", extra)]
    rest.delete_resource(restApiId=api["id"], resourceId=gone["id"])
    assert [outcome for outcome, _ in deployed(2)] == ["passed"]
    rest.delete_method(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="OPTIONS")
    other = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "PUT"}
    rest.put_method(**other, authorizationType="AWS_IAM")
    rest.put_integration(**other, type="MOCK")
    said = "serves PUT /, which the state has not; does not serve OPTIONS /"
    assert deployed(3) == [("failed", said)]


def test_a_route_that_no_request_reaches_says_why(aws: Aws, write_state: Write) -> None:
    rest = aws.any_client("apigateway")
    api = rest.create_rest_api(name="models")
    where = {
        "restApiId": api["id"],
        "resourceId": api["rootResourceId"],
        "httpMethod": "OPTIONS",
    }
    rest.put_method(**where, authorizationType="NONE")
    rest.put_integration(**where, type="MOCK")
    calls = "arn:aws:apigateway:us-east-1:runtime.sagemaker:path/endpoints/fraud/"
    parameter = "method.request.header.X-Amzn-SageMaker-Target-Model"
    paths: dict[str, tuple[dict[str, Any], str]] = {
        "later": ({}, f"{calls}async-invocations"),
        "many": ({"request_parameters": {parameter: False}}, f"{calls}invocations"),
        "own": ({"authorization": "CUSTOM"}, f"{calls}invocations"),
    }
    resources: dict[str, Any] = {}
    for path, (method, uri) in paths.items():
        held = rest.create_resource(
            restApiId=api["id"], parentId=api["rootResourceId"], pathPart=path
        )["id"]
        posted = {"restApiId": api["id"], "resourceId": held, "httpMethod": "POST"}
        rest.put_method(**posted, authorizationType="AWS_IAM")
        rest.put_integration(**posted, type="MOCK")
        place = {"rest_api_id": api["id"], "resource_id": held}
        resources |= {
            f"aws_api_gateway_resource.{path}": {
                "rest_api_id": api["id"],
                "id": held,
                "path": f"/{path}",
            },
            f"aws_api_gateway_method.{path}": {
                **place,
                "http_method": "POST",
                "authorization": "AWS_IAM",
                **method,
            },
            f"aws_api_gateway_integration.{path}": {**place, "http_method": "POST", "uri": uri},
        }
    deployment = rest.create_deployment(restApiId=api["id"], stageName="live")["id"]
    resources = served(api, deployment) | resources
    write_state("apis", 1, **resources)
    made = environment(aws.context)
    assert found(made, aws, "models")[1:] == [
        ("skipped", "POST /later was not tried: callers post the place of a body in S3"),
        (
            "skipped",
            "POST /many was not tried: callers choose a model by the header "
            "X-Amzn-SageMaker-Target-Model",
        ),
        ("skipped", "POST /own was not tried: nothing is known of its authorizer, CUSTOM"),
    ]
    private = {"endpoint_configuration": [{"types": ["PRIVATE"]}]}
    resources["aws_api_gateway_rest_api.models"] |= private
    write_state("apis", 2, **resources)
    said = {each for _, each in found(made, aws, "models")[1:]}
    assert said == {
        f"POST /{path} was not tried: a private API is reached from its VPCs alone"
        for path in paths
    }


def test_callers_are_read_from_a_file_that_is_checked(context: Context, tmp_path: Path) -> None:
    made, file = environment(context), tmp_path / "callers.json"
    file.write_text(json.dumps({"rest.models": {"api_key": "k"}, "http.front": {"token": "t"}}))
    read = callers.read(file, made)
    assert read == {"rest.models": Caller(api_key="k"), "http.front": Caller(token="t")}
    assert "k" not in repr(read["rest.models"]).removeprefix("Caller")
    for text, said in (
        ("{", "cannot be read as JSON"),
        ("[]", "is no JSON object"),
        ('{"models": {}}', "has no API models"),
        ('{"rest.models": {"apikey": "swordfish"}}', "must have token, api_key or both"),
        ('{"rest.models": {"api_key": 1}}', "must have token, api_key or both"),
        ('{"rest.models": "swordfish"}', "must have token, api_key or both"),
    ):
        file.write_text(text)
        with pytest.raises(BadInputError, match=said) as error:
            callers.read(file, made)
        assert "swordfish" not in str(error.value)


# Preflight


def checked(made: Environment, aws: Aws, title: str, **resources: Any) -> list[tuple[str, ...]]:
    """What preflight says under a title of resources of the layer of APIs."""
    stack = {"terraform": {"backend": {"s3": {}}}, "resource": resources}
    checks = preflight(made, {"dev-use1-apis": stack}, aws)
    return [(each.outcome, each.found) for each in checks if each.check.title == title]


def test_a_longer_timeout_needs_a_higher_quota(aws: Aws) -> None:
    made = environment(aws.context)

    def of(*timeouts: int) -> list[tuple[str, ...]]:
        each = {str(n): {"timeout_milliseconds": ms} for n, ms in enumerate(timeouts)}
        return checked(made, aws, "integration timeout", aws_api_gateway_integration=each)

    assert of(29_000) == []
    assert of(29_000, 60_000) == [("failed", "the quota is 29,000 ms")]
    quotas = aws.client("service-quotas")
    (quota,) = quotas.list_service_quotas(ServiceCode="apigateway")["Quotas"]
    quotas.request_service_quota_increase(
        ServiceCode="apigateway", QuotaCode=quota["QuotaCode"], DesiredValue=60_000
    )
    assert of(29_000, 60_000) == [("passed", "the quota is 60,000 ms")]


def test_logs_of_rest_apis_need_the_role_of_exactly_one_environment(aws: Aws) -> None:
    made = environment(aws.context)
    stage = {"aws_api_gateway_stage": {"live": {"stage_name": "live"}}}
    role = "${aws_iam_role.logs.arn}"
    own = {"aws_api_gateway_account": {"settings": {"cloudwatch_role_arn": role}}}
    assert checked(made, aws, "log role", **stage) == [("failed", "is not set")]
    assert checked(made, aws, "log role", **stage, **own) == [("passed", "is made by the apply")]
    given = f"arn:aws:iam::{aws.context.account}:role/theirs"
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": given}
    aws.any_client("apigateway").update_account(patchOperations=[patch])
    assert checked(made, aws, "log role", **stage) == [("passed", given)]
    replaced = f"is {given}, which the apply replaces"
    assert checked(made, aws, "log role", **stage, **own) == [("failed", replaced)]


def test_a_domain_needs_an_issued_certificate_of_its_region(aws: Aws) -> None:
    acm, (certificate, key) = aws.client("acm"), issued()
    good = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    pending = acm.request_certificate(DomainName="api.acme.test")["CertificateArn"]
    domains = {
        str(n): {"domain_name_configuration": {"certificate_arn": arn}}
        for n, arn in enumerate([good, pending, good.replace("us-east-1", "eu-west-1"), "${later}"])
    }
    said = checked(
        environment(aws.context), aws, "certificate", aws_apigatewayv2_domain_name=domains
    )
    assert sorted(said) == [
        ("failed", "is PENDING_VALIDATION"),
        ("failed", "is not in us-east-1"),
        ("passed", "is issued"),
    ]


# Review


def test_what_botocore_does_not_page_is_asked_to_its_end() -> None:
    pages = {None: ("a", "1"), "1": ("b", "2"), "2": ("c", None)}

    def ask(*, Scope: str, NextMarker: str | None = None) -> dict[str, Any]:  # noqa: N803 - AWS's
        item, more = pages[NextMarker]
        return {"WebACLs": [f"{Scope} {item}"], "NextMarker": more}

    found = paged(ask, "WebACLs", "NextMarker", Scope="REGIONAL")
    assert [*found] == ["REGIONAL a", "REGIONAL b", "REGIONAL c"]


def stories(kind: str, *entries: dict[str, Any]) -> list[Any]:
    plan = read_plan(plan_of(*entries))
    tell: Any = kinds()[kind].story
    return [story for change in plan.of_type(kind) for story in tell(plan, change)]


@pytest.mark.parametrize("kind", ["aws_api_gateway_rest_api", "aws_apigatewayv2_api"])
def test_an_api_that_is_replaced_has_another_url(kind: str) -> None:
    before = {"name": "models", "id": "r1"}
    (made,) = stories(kind, changed(f"{kind}.a", ["create"], None, before))
    assert (made.headline, made.interrupted) == ("models is new", "")
    (gone,) = stories(kind, changed(f"{kind}.a", ["delete"], before, None))
    assert (gone.headline, gone.interrupted) == ("models is deleted", "every request to it")
    (replaced,) = stories(
        kind,
        changed(f"{kind}.a", ["delete", "create"], before, before, replace_paths=[["protocol"]]),
    )
    assert replaced.headline == "models is replaced because of protocol"
    assert "until callers know the new URL" in replaced.interrupted
    assert stories(kind, changed(f"{kind}.a", ["no-op"], before, before)) == []


def test_a_deployment_says_what_callers_get_from_now_on() -> None:
    kind, mine = "aws_cloudformation_stack", {"rest_api_id": "r1"}

    def stack(content: str, **more: Any) -> dict[str, Any]:
        template = written(deployment_template(content))
        return {"name": "s", "template_body": template, "parameters": {"Api": "r1"}, **more}

    def route(name: str, verb: str = "POST", **more: Any) -> dict[str, Any]:
        return {**mine, "resource_id": name, "http_method": verb, **more}

    entries = [
        changed("aws_api_gateway_rest_api.a", ["no-op"], {"id": "r1", "name": "models"}, {}),
        *(
            changed(f"aws_api_gateway_resource.{each}", ["no-op"], held, held)
            for each in ("one", "two", "v")
            if (held := {**mine, "id": each, "path": f"/{each}", "path_part": each})
        ),
        changed(
            "aws_api_gateway_resource.new",
            ["create"],
            None,
            {**mine, "id": "new", "parent_id": "v", "path_part": "new"},
        ),
        changed("aws_api_gateway_method.a", ["update"], route("one", x=1), route("one", x=2)),
        changed("aws_api_gateway_integration.a", ["update"], route("one"), route("one", x=2)),
        changed("aws_api_gateway_method.b", ["delete"], route("two"), None),
        changed("aws_api_gateway_integration.b", ["delete"], route("two"), None),
        changed("aws_api_gateway_integration.c", ["update"], route("v"), route("v", x=2)),
        changed("aws_api_gateway_method.d", ["create"], None, route("new")),
        changed("aws_api_gateway_model.m", ["create"], None, {"rest_api_id": "r2"}),
        changed("aws_api_gateway_authorizer.m", ["delete"], mine, None),
    ]
    again = changed(f"{kind}.d", ["update"], stack("a"), stack("b"))
    (story,) = stories(kind, again, *entries)
    assert story.headline == "models is deployed again: callers get what it serves now, all at once"
    assert story.facts == (
        ("route updated", "POST /one"),
        ("route deleted", "POST /two"),
        ("route updated", "POST /v"),
        ("route new", "POST /v/new"),
        ("changes", "authorizer deleted"),
    )
    assert stories(kind, changed(f"{kind}.d", ["create"], None, stack("a"))) == []
    tagged = changed(f"{kind}.d", ["update"], stack("a"), stack("a", tags={"a": "b"}))
    assert stories(kind, tagged, *entries) == []
    (unnamed,) = stories(kind, again)
    assert unnamed.name == "r1"
