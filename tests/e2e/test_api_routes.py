"""What is taken out of a REST API is served no more after one apply, by the real Terraform."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.plan import read_plan
from ops.review.stories import tell

from .program import actions
from .test_api_updates import STACK, Updates
from .test_apis import call

pytestmark = pytest.mark.story("one layer is changed route by route")

CORS = 'cors=Cors(origins=["https://a.test"]),'
SCHEMA = 'request_schema={"type": "object", "required": ["a"]}'
ROUTES = {
    "/fraud": f'RestRoute(service="fraud", {SCHEMA})',
    "/v1/gone": f'RestRoute(service="fraud", api_key=True, throttle=slow(2), {SCHEMA})',
    "/v1/stays": 'RestRoute(service="fraud", api_key=True)',
    "/invocations": 'RestRoute(service="fraud")',
    "/one": 'RestRoute(service="one")',
}
PLAN = 'plans={"gold": UsagePlan(throttle=slow(9), routes=["/v1/gone"])},'
PLAIN = PLAN.replace('"/v1/gone"', "")
FIRST_PATHS = ("/fraud", "/v1/stays")
AGAIN = "-models is deployed again: callers get what it serves now, all at once"
NO_ROUTE = "Missing Authentication Token"


def api(name: str, routes: dict[str, str], more: str = "") -> str:
    """A REST API of some routes."""
    written = ", ".join(f'"{path}": {route}' for path, route in routes.items())
    return f'"{name}": RestApi(routes={{{written}}}, throttle=slow(9), {more}),'


def rest(*apis: str, more: str = "") -> str:
    """The layer with some REST APIs."""
    return f"rest={{{' '.join(apis)}}}, {more}"


SECOND = api("second", {"/two": 'RestRoute(service="two")'})
ALL = rest(api("models", ROUTES, CORS + PLAN), SECOND)


class Routes(Updates):
    """A REST API whose routes come and go."""

    told: set[tuple[str, str]]
    """What the review of the last change says of the routes of `models`."""

    def begin(self) -> None:
        """Make what the routes lead to."""
        super().begin()
        sagemaker = self.aws().any_client("sagemaker")
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
        sagemaker.create_model(
            ModelName="m",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
            PrimaryContainer={"Image": image},
        )
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName="c", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        for name in ("fraud", "other"):
            sagemaker.create_endpoint(EndpointName=f"acme-dev-use1-{name}", EndpointConfigName="c")

    def become(self, text: str) -> dict[str, Any]:
        """Apply once, after which nothing is left to do; answers what was done."""
        self.release(text)
        plan = self.plan(STACK)
        self.told = {
            fact
            for story in tell(read_plan(json.dumps(plan)))
            if story.headline.endswith(AGAIN)
            for fact in story.facts
        }
        self.apply(STACK)
        assert actions(self.plan(STACK)) == {}
        return actions(plan)

    @property
    def gateway(self) -> Any:
        """API Gateway's REST APIs."""
        return self.aws().any_client("apigateway")

    @property
    def held(self) -> dict[str, Any]:
        """The API `models` in AWS."""
        every = self.gateway.get_rest_apis()["items"]
        (found,) = [each for each in every if each["name"].endswith("-models")]
        api: dict[str, Any] = found
        return api

    def place(self, path: str, stage: str = "live") -> str:
        """Where callers reach a path of `models`."""
        return f"https://{self.held['id']}.execute-api.us-east-1.amazonaws.com/{stage}{path}"

    def asked(self, url: str, body: bytes = b'{"a": 1}', **headers: str) -> str:
        """What answers: the name of an endpoint or a function, or the message of a refusal."""
        try:
            said = call(self.emulator, url, body, **headers)
        except urllib.error.HTTPError as error:
            return str(json.loads(error.read())["message"])
        name: str = said.get("endpoint") or said["function"]
        return name.removeprefix("acme-dev-use1-")

    def preflight(self, path: str) -> int:
        """The status of what browsers ask first."""
        where = f"{self.emulator.url}/inferform-emulator/api/"
        request = urllib.request.Request(
            where + self.place(path).removeprefix("https://"), method="OPTIONS"
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def link_count(self) -> int:
        """How many VPC links there are."""
        return len(self.gateway.get_vpc_links()["items"])


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Routes:
    found = Routes(tmp_path_factory.mktemp("routes"), emulator)
    found.begin()
    return found


def test_a_route_that_is_taken_out_is_served_no_more(life: Routes) -> None:
    life.become(ALL)
    assert life.asked(life.place("/v1/gone")) == "Forbidden"  # it asks for a key
    assert life.asked(life.place("/one")) == "Internal server error"  # nothing listens there
    assert life.asked(life.place("/fraud"), b"[]") == "Invalid request body"
    assert life.preflight("/fraud") == 204
    left = {path: ROUTES[path] for path in ("/fraud", "/v1/stays", "/invocations")}
    done = life.become(rest(api("models", left, PLAIN), SECOND))
    assert "delete" not in done["aws_cloudformation_stack"]
    gone = ("POST /v1/gone", "POST /one", "OPTIONS /fraud", "OPTIONS /v1/gone")
    assert {("route deleted", each) for each in gone} <= life.told
    assert life.asked(life.place("/v1/gone")) == NO_ROUTE
    assert life.asked(life.place("/one")) == NO_ROUTE
    assert life.preflight("/fraud") == 403
    assert life.asked(life.place("/fraud")) == "fraud"
    assert life.asked(life.place("/v1/stays")) == "Forbidden"
    assert life.link_count() == 1  # that of the other API


def test_a_route_that_is_changed_is_served_as_it_is_now(life: Routes) -> None:
    life.become(ALL)
    assert {("route new", each) for each in ("POST /v1/gone", "OPTIONS /one")} <= life.told
    assert life.asked(life.place("/invocations")) == "fraud"
    changed = {
        **ROUTES,
        "/fraud": 'RestRoute(service="other")',
        "/invocations": 'RestRoute(service="light")',
    }
    life.become(rest(api("models", changed, CORS + PLAN), SECOND))
    routes = ("POST /fraud", "POST /invocations")
    assert {route for word, route in life.told if word.startswith("route ")} == {*routes}
    assert life.asked(life.place("/fraud"), b"[]") == "other"
    assert life.asked(life.place("/invocations")) == "light"
    # The schema of `/fraud` is gone, that of the other route is not.
    (model,) = [
        each
        for each in life.gateway.get_models(restApiId=life.held["id"])["items"]
        if each["name"].startswith("Body")
    ]
    assert json.loads(model["schema"])["required"] == ["a"]


def test_the_last_route_to_a_load_balancer_goes_with_its_link(life: Routes) -> None:
    life.become(ALL)
    without = {path: route for path, route in ROUTES.items() if path != "/one"}
    done = life.become(rest(api("models", without, CORS + PLAN)))
    assert done["aws_api_gateway_vpc_link"] == ["delete"]
    assert life.link_count() == 0
    life.become(ALL)
    other = api("second", {"/two": 'RestRoute(service="fraud")'})
    life.become(rest(api("models", without, CORS + PLAN), other))
    assert life.link_count() == 0


def test_an_authorizer_and_a_policy_that_are_taken_out_are_gone(life: Routes) -> None:
    cognito = 'authorization=CognitoAuthorization(user_pools=[V["pool"] + "a"]),'
    cidrs = 'source_cidrs=["203.0.113.0/24"], binary_types=["image/*"],'
    routes = {"/fraud": ROUTES["/fraud"]}
    life.become(rest(api("models", routes, cognito + cidrs)))
    assert life.asked(life.place("/fraud")) == "Unauthorized"
    life.become(rest(api("models", routes)))
    assert life.asked(life.place("/fraud")) == "fraud"
    assert life.gateway.get_authorizers(restApiId=life.held["id"])["items"] == []
    assert "policy" not in life.held
    assert not life.held.get("binaryMediaTypes")


def test_a_stage_of_another_name_is_reached_by_its_domain(life: Routes) -> None:
    domains = 'domains={"a.acme.test": ApiDomain(certificate=V["certificates"][0])},'
    routes = {path: ROUTES[path] for path in FIRST_PATHS}
    more = f'{PLAIN} domain="a.acme.test", base_path="v1",'
    life.become(rest(api("models", routes, more), more=domains))
    assert life.asked("https://a.acme.test/v1/fraud") == "fraud"
    done = life.become(rest(api("models", routes, f'{more} stage="next",'), more=domains))
    for kind in ("stage", "usage_plan"):
        assert done[f"aws_api_gateway_{kind}"] == ["delete", "create"]
    assert life.asked("https://a.acme.test/v1/fraud") == "fraud"
    stages = life.gateway.get_stages(restApiId=life.held["id"])["item"]
    assert [each["stageName"] for each in stages] == ["next"]
    life.destroy(STACK)
