"""`inferform invoke`: where a request goes for each kind of service, and what is said where it cannot.

A server of this test stands where the names of load balancers and APIs lead, with a certificate of theirs.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from inferform import (
    Apis,
    AutoMode,
    Context,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    ExistingLoadBalancer,
    Fargate,
    HostedZone,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    Ingress,
    Kubernetes,
    LambdaFunction,
    LoadBalancer,
    Model,
    NetworkLoadBalancer,
    NetworkRoute,
    Pod,
    RestApi,
    RestRoute,
    Route,
    Throttle,
)
from ops.aws import Aws
from ops.callers import Caller
from ops.errors import BadInputError, OperatorError
from ops.invoke import invoke
from ops.kinds import kinds
from ops.kinds.record import Not, Request, Verification, Verifier
from ops.state import State

from .certificates import issued

HOSTS = ("fraud.acme.test", "abc123.execute-api.us-east-1.amazonaws.com", "api.acme.test")
ROWS = Request(b"0.1,0.2", "text/csv")


@dataclass
class Leads:
    """What came in at the server, and what it answers."""

    came: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    body: bytes = b'{"predictions": [1]}'


@pytest.fixture
def leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leads]:
    """A server with a certificate of HOSTS, to which these names lead."""
    found = Leads()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.came.append((self.command, self.path, headers, body))
            self.send_response(found.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            """Keep the test output clean."""

    certificate, key = issued(*HOSTS)
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(certificate + key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    look_up = socket.getaddrinfo

    def led(host: Any, *more: Any, **named: Any) -> Any:
        if host not in HOSTS:
            return look_up(host, *more, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]

    monkeypatch.setattr(socket, "getaddrinfo", led)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("NO_PROXY", "*")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def real(context: Context) -> Aws:
    """Clients of AWS itself with keys of nobody; no request of these tests leaves this machine."""
    made = Aws(context)
    made.__dict__["session"] = boto3.Session("AKIDEXAMPLE", "secret", region_name=context.region)
    return made


def verifier(
    environment: Environment,
    aws: Aws,
    kind: str,
    values: dict[str, Any],
    state: dict[str, list[dict[str, Any]]] | None = None,
    callers: dict[str, Caller] | None = None,
) -> Verifier:
    """What asks one resource; `state` has the others of its layer by type."""
    resources = [
        {
            "mode": "managed",
            "type": type_,
            "name": f"n{number}",
            "instances": [{"attributes": attributes}],
        }
        for type_, every in (state or {}).items()
        for number, attributes in enumerate(every)
    ]
    content = State({"resources": resources}, "1", None)
    run = Verification(environment, aws, content, invoke=False, callers=callers or {})
    verify = kinds()[kind].verify
    assert not isinstance(verify, Not)
    return verify(run, values)


# APIs

THROTTLE = Throttle(requests_per_second=10, burst=5)
FRONT = {"id": "abc123", "api_endpoint": f"https://{HOSTS[1]}"}


def front(aws: Aws, *routes: str, **more: Any) -> Verifier:
    """An HTTP API with routes, as its state has them."""
    environment = Environment(context=aws.context)
    state: dict[str, list[dict[str, Any]]] = {
        "aws_apigatewayv2_route": [
            {"api_id": "abc123", "route_key": each, "authorization_type": "AWS_IAM"}
            for each in routes
        ],
        **more,
    }
    values = {**FRONT, "name": aws.context.name("front")}
    return verifier(environment, aws, "aws_apigatewayv2_api", values, state)


def test_an_api_is_asked_by_its_route_with_a_signature(leads: Leads, real: Aws) -> None:
    reply = front(real, "POST /fraud").ask(ROWS)
    assert (reply.body, reply.content_type) == (leads.body, "application/json")
    assert reply.by == "POST /fraud"
    [(method, path, headers, body)] = leads.came
    assert (method, path, body) == ("POST", "/fraud", b"0.1,0.2")
    assert headers["content-type"] == "text/csv"
    assert headers["host"] == HOSTS[1]
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/us-east-1/execute-api/aws4_request" in headers["authorization"]


def test_an_api_is_asked_at_its_domain(leads: Leads, real: Aws) -> None:
    mapping = {"api_id": "abc123", "domain_name": HOSTS[2], "api_mapping_key": "v1"}
    front(real, "POST /fraud", aws_apigatewayv2_api_mapping=[mapping]).ask(ROWS)
    [(_, path, headers, _)] = leads.came
    assert (headers["host"], path) == (HOSTS[2], "/v1/fraud")


def test_of_several_routes_one_has_to_be_chosen(leads: Leads, real: Aws) -> None:
    asked = front(real, "POST /fraud", "POST /ranking")
    with pytest.raises(BadInputError, match=r"has 2 routes\n.*--path: /fraud or /ranking"):
        asked.ask(ROWS)
    with pytest.raises(BadInputError, match="has no route /rankin"):
        asked.ask(Request(b"", "text/csv", path="/rankin"))
    assert not leads.came
    asked.ask(Request(b"1", "text/csv", path="/ranking"))
    assert leads.came[0][1] == "/ranking"


def test_what_an_api_refuses_is_told_in_its_words(leads: Leads, real: Aws) -> None:
    leads.status, leads.body = 403, b'{"message": "Forbidden"}'
    with pytest.raises(OperatorError, match=r"answered 403: .*Forbidden") as refused:
        front(real, "POST /fraud").ask(ROWS)
    assert "execute-api:Invoke" in str(refused.value)


def test_a_token_and_a_key_are_those_of_the_caller(
    leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    models = real.context.name("models")
    state: dict[str, list[dict[str, Any]]] = {
        "aws_api_gateway_stage": [
            {"rest_api_id": "r1", "invoke_url": f"https://{HOSTS[1]}/live", "stage_name": "live"}
        ],
        "aws_api_gateway_resource": [{"rest_api_id": "r1", "id": "x", "path": "/invocations"}],
        "aws_api_gateway_method": [
            {
                "rest_api_id": "r1",
                "resource_id": "x",
                "http_method": "POST",
                "authorization": "COGNITO_USER_POOLS",
                "api_key_required": True,
            }
        ],
    }

    api = RestApi(routes={"/invocations": RestRoute(service="fraud")}, throttle=THROTTLE)
    light = LambdaFunction(model=Model(image=Image(repository="fraud", tag="1")), timeout_seconds=5)
    environment = Environment(
        context=real.context,
        **foreign,
        inference=Inference(functions={"fraud": light}),
        apis=Apis(rest={"models": api}),
    )

    def asked(callers: dict[str, Caller]) -> Verifier:
        values = {"id": "r1", "name": models}
        return verifier(
            environment, real, "aws_api_gateway_rest_api", values, state, callers=callers
        )

    with pytest.raises(BadInputError, match="it needs a token, and none was given with --callers"):
        asked({}).ask(ROWS)
    with pytest.raises(BadInputError, match="it needs a key of a usage plan"):
        asked({"rest.models": Caller(token="t0ken")}).ask(ROWS)
    assert not leads.came
    asked({"rest.models": Caller(token="t0ken", api_key="k3y")}).ask(ROWS)
    [(_, path, headers, _)] = leads.came
    assert path == "/live/invocations"
    assert (headers["authorization"], headers["x-api-key"]) == ("Bearer t0ken", "k3y")


# ECS

CERTIFICATE = "certificate/12345678-1234-1234-1234-123456789012"
OPEN: dict[str, Any] = {"internal": False, "allowed_cidrs": ["10.0.0.0/8"]}


def on_ecs(context: Context, foreign: dict[str, Any], route: Any, **more: Any) -> Environment:
    arn = context.arn("acm", CERTIFICATE)
    service = EcsService(
        model=Model(image=Image(repository="fraud", tag="1")),
        compute=Fargate(cpu=1024, memory_mib=2048),
        route=route,
    )
    network = replace(foreign["network"], public_subnet_ids=["subnet-3", "subnet-4"])
    group = "sg-0123456789abcdef0"
    listener = context.arn(
        "elasticloadbalancing", "listener/app/theirs/0123456789abcdef/0123456789abcdef"
    )
    balancers: dict[str, Any] = {
        "private": LoadBalancer(certificate=arn),
        "open": LoadBalancer(certificate=arn, **OPEN),
        "named": LoadBalancer(
            certificate=arn, records={HOSTS[0]: HostedZone(name="acme.test")}, **OPEN
        ),
        "theirs": ExistingLoadBalancer(listener=listener, security_group=group),
        "ports": NetworkLoadBalancer(internal=False),
    }
    return Environment(
        context=context,
        network=network,
        registry=foreign["registry"],
        ecs=EcsCluster(load_balancers=balancers),
        inference=Inference(services={"fraud": service}),
        **more,
    )


def ecs(environment: Environment, aws: Aws) -> Verifier:
    name = {"name": environment.context.name("fraud")}
    return verifier(environment, aws, "aws_ecs_service", name)


@pytest.mark.parametrize(
    ("route", "asked", "path"),
    [
        (Route(load_balancer="open", hosts=[HOSTS[0]]), "", "/invocations"),
        (Route(load_balancer="named", paths=["/*"]), "", "/invocations"),
        (
            Route(load_balancer="open", hosts=[HOSTS[0]], paths=["/fraud/*"]),
            "/fraud/go",
            "/fraud/go",
        ),
        (
            Route(
                load_balancer="open", hosts=[HOSTS[0]], paths=["/fraud/*"], strip_prefix="/fraud"
            ),
            "",
            "/fraud/invocations",
        ),
    ],
)
def test_an_ecs_service_is_asked_through_a_load_balancer_that_faces_the_internet(
    route: Route, asked: str, path: str, leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    reply = ecs(on_ecs(real.context, foreign, route), real).ask(
        Request(b"0.1", "text/csv", path=asked)
    )
    assert (reply.body, reply.by) == (leads.body, f"https://{HOSTS[0]}{path}")
    [(_, came, headers, body)] = leads.came
    assert (came, headers["host"], body) == (path, HOSTS[0], b"0.1")
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("route", "says", "remedy"),
    [
        (None, "has no route, so that nothing reaches it", "give it a Route, or an API"),
        (
            Route(load_balancer="private", hosts=[HOSTS[0]]),
            "load balancer private, from inside the VPC",
            f"curl --data-binary @FILE https://{HOSTS[0]}/invocations",
        ),
        (
            Route(load_balancer="theirs", hosts=[HOSTS[0]]),
            "from where it is reached is not known",
            "curl",
        ),
        (
            Route(load_balancer="open", hosts=[HOSTS[0]], paths=["/fraud/*"]),
            "leads /fraud/.* to ecs/fraud, and not /invocations",
            "--path",
        ),
        (
            Route(load_balancer="open", paths=["/*"]),
            "nothing says by which name of its certificate",
            "records of open",
        ),
    ],
)
def test_what_reaches_no_ecs_service_from_here_is_said_with_what_to_do(
    route: Any, says: str, remedy: str, leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    with pytest.raises(BadInputError, match=says) as refused:
        ecs(on_ecs(real.context, foreign, route), real).ask(ROWS)
    assert remedy in refused.value.hint
    assert not leads.came


def test_the_api_that_leads_to_a_service_in_the_vpc_is_named(
    real: Aws, foreign: dict[str, Any]
) -> None:
    api = HttpApi(routes={"/score": HttpRoute(service="fraud")}, throttle=THROTTLE)
    route = Route(load_balancer="private", hosts=[HOSTS[0]])
    environment = on_ecs(real.context, foreign, route, apis=Apis(http={"front": api}))
    with pytest.raises(BadInputError) as refused:
        ecs(environment, real).ask(ROWS)
    wanted = f"inferform invoke {environment.key} http-api/front --path /score, which leads to it"
    assert refused.value.hint == wanted


def test_a_port_of_a_network_load_balancer_has_no_name_of_its_own(
    leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    arn = real.context.arn("acm", CERTIFICATE)
    route = NetworkRoute(
        load_balancer="ports", port=9443, certificate=arn, allowed_cidrs=["10.0.0.0/8"]
    )
    with pytest.raises(BadInputError, match="nothing says by which name") as refused:
        ecs(on_ecs(real.context, foreign, route), real).ask(ROWS)
    assert "https://HOST:9443/invocations" in refused.value.hint


def test_an_error_of_the_container_is_no_answer(
    leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    leads.status, leads.body = 415, b'{"error": "Content-Type must be one of"}'
    route = Route(load_balancer="open", hosts=[HOSTS[0]])
    with pytest.raises(OperatorError, match=r"answered 415: .*Content-Type must be"):
        ecs(on_ecs(real.context, foreign, route), real).ask(ROWS)


# EKS


def on_eks(context: Context, foreign: dict[str, Any], ingress: Ingress | None) -> Environment:
    service = EksService(
        model=Model(image=Image(repository="fraud", tag="1")),
        compute=Pod(vcpu=1, memory_mib=2048),
        ingress=ingress,
    )
    return Environment(
        context=context,
        **foreign,
        eks=EksCluster(version="1.35", compute=AutoMode()),
        kubernetes=Kubernetes(services={"fraud": service}),
    )


def eks(environment: Environment, aws: Aws) -> Verifier:
    values = {"metadata": [{"name": "fraud", "namespace": "inference"}]}
    return verifier(environment, aws, "kubernetes_deployment_v1", values)


def ingress(context: Context, **fields: Any) -> Ingress:
    arn = context.arn("acm", CERTIFICATE)
    return Ingress(scheme="internet-facing", certificate_arn=arn, **fields)


def test_an_eks_service_is_asked_through_an_ingress_that_faces_the_internet(
    leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    open_to_all = ingress(real.context, host=HOSTS[0])
    reply = eks(on_eks(real.context, foreign, open_to_all), real).ask(ROWS)
    assert reply.by == f"https://{HOSTS[0]}/invocations"
    assert leads.came[0][3] == b"0.1,0.2"


def test_what_reaches_no_eks_service_from_here_is_said_with_what_to_do(
    leads: Leads, real: Aws, foreign: dict[str, Any]
) -> None:
    context = real.context
    forward = "kubectl --namespace inference port-forward deployment/fraud 8080, and then curl"
    for given, says, remedy in (
        (None, "from inside the cluster", forward),
        (Ingress(host=HOSTS[0]), "from inside the cluster or the VPC", forward),
        (ingress(context), "nothing says by which name", "get ingress"),
        (ingress(context, host="*.acme.test"), "nothing says by which name", "get ingress"),
        (ingress(context, host=HOSTS[0], path="/fraud"), "and not /invocations", "--path"),
    ):
        with pytest.raises(BadInputError, match=says) as refused:
            eks(on_eks(context, foreign, given), real).ask(ROWS)
        assert remedy in refused.value.hint
    assert not leads.came


# Any


def test_a_part_that_a_service_does_not_have_is_refused(
    aws: Aws, foreign: dict[str, Any], write_state: Callable[..., str]
) -> None:
    environment = on_ecs(aws.context, foreign, Route(load_balancer="open", hosts=[HOSTS[0]]))
    with pytest.raises(OperatorError, match="ecs/fraud is not deployed"):
        invoke(environment, "fraud", ROWS, aws)
    write_state("inference", 1, **{"aws_ecs_service.f": {"name": aws.context.name("fraud")}})
    with pytest.raises(BadInputError, match="has no variant to choose"):
        invoke(environment, "fraud", Request(b"1", "text/csv", {"variant": "new"}), aws)
    with pytest.raises(BadInputError, match="the emulator runs no containers"):
        invoke(environment, "fraud", ROWS, aws)


def test_an_api_is_found_by_its_name(
    aws: Aws, foreign: dict[str, Any], write_state: Callable[..., str]
) -> None:
    api = HttpApi(routes={"/score": HttpRoute(service="fraud")}, throttle=THROTTLE)
    route = Route(load_balancer="private", hosts=[HOSTS[0]])
    environment = on_ecs(aws.context, foreign, route, apis=Apis(http={"front": api}))
    key = {"api_id": "abc123", "route_key": "POST /score", "authorization_type": "JWT"}
    write_state(
        "apis",
        1,
        **{
            "aws_apigatewayv2_api.front": {**FRONT, "name": aws.context.name("front")},
            "aws_apigatewayv2_route.score": key,
        },
    )
    for name in ("front", "http-api/front"):
        with pytest.raises(BadInputError, match=r"POST /score of .* needs a token"):
            invoke(environment, name, ROWS, aws)
