"""The rules of APIs, each tried on both sides: what it refuses, and what is almost that and is taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from inferform import (
    RULES,
    ApiDomain,
    Apis,
    AsyncEndpoint,
    CognitoAuthorization,
    Context,
    Cors,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    Firewall,
    FunctionContainer,
    FunctionUrl,
    GitHub,
    HostedZone,
    HttpApi,
    HttpRoute,
    Identity,
    Image,
    Inference,
    InferenceComponentEndpoint,
    JwtAuthorization,
    Kubernetes,
    LambdaFunction,
    LoadBalancer,
    Model,
    Network,
    NetworkLoadBalancer,
    NetworkRoute,
    Pod,
    PrivateAccess,
    Quota,
    RealtimeEndpoint,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Route,
    SpecError,
    Throttle,
    UsagePlan,
)
from inferform.between import between
from inferform.rules import Problem
from inferform.spec import problems_of

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="deploy",
    plan_role="plan",
    permissions_boundary="boundary",
)
SLOW = Throttle(requests_per_second=10, burst=5)
IMAGE = Image(repository="fraud", tag="1.4.2")
MODEL = Model(image=IMAGE)
TASK = EcsService(model=MODEL, compute=Fargate(cpu=256, memory_mib=512))
JWT = JwtAuthorization(issuer="https://issuer.acme.test/pool", audiences=["client"])
COGNITO = CognitoAuthorization(
    user_pools=["arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_Ab12Cd34E"]
)
USERS = "https://cognito-idp.us-east-1.amazonaws.com"
COMPONENTS = InferenceComponentEndpoint(instance_type="ml.g5.xlarge")


def at(**route: Any) -> EcsService:
    return TASK.replace(route=Route(**{"load_balancer": "tls", **route}))


def whole(**changes: Any) -> Environment:
    """An environment with a service of each kind, each behind what leads to it."""
    given: dict[str, Any] = {
        "context": CONTEXT,
        "network": Network(cidr="10.20.0.0/16"),
        "registry": Registry(repositories={"fraud": Repository()}),
        "ecs": EcsCluster(
            load_balancers={
                "tls": LoadBalancer(certificate=CERTIFICATE, idle_timeout_seconds=20),
                "plain": LoadBalancer(certificate=None),
                "ports": NetworkLoadBalancer(),
            }
        ),
        "inference": Inference(
            endpoints={
                "fraud": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "both": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "large": RealtimeEndpoint(
                    model=MODEL.replace(environment={"MAX_BODY_MIB": "10"}),
                    instance_type="ml.m5.large",
                ),
                "fits": RealtimeEndpoint(
                    model=MODEL.replace(environment={"MAX_BODY_MIB": "9"}),
                    instance_type="ml.m5.large",
                ),
                "slow": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "parts": COMPONENTS,
            },
            functions={
                "light": LambdaFunction(model=MODEL, timeout_seconds=29),
                "fast": LambdaFunction(model=MODEL, timeout_seconds=5),
                "twice": LambdaFunction(model=MODEL, timeout_seconds=5),
                "based": LambdaFunction(
                    model=MODEL,
                    timeout_seconds=5,
                    container=FunctionContainer(base_path="/based"),
                ),
                "streams": LambdaFunction(
                    model=MODEL, timeout_seconds=5, url=FunctionUrl(stream=True)
                ),
            },
            services={
                "twice": at(hosts=["twice.acme.test"]),
                "score": at(hosts=["score.acme.test"]),
                "both": at(hosts=["both.acme.test"]),
                "below": at(hosts=["below.acme.test"], paths=["/below/*"]),
                "any": at(hosts=["*.acme.test"]),
                "free": at(paths=["/free", "/invocations"]),
                "http": at(load_balancer="plain", hosts=["?.acme.test"]),
                "alone": TASK,
                "port": TASK.replace(
                    route=NetworkRoute(load_balancer="ports", port=9443, certificate=CERTIFICATE)
                ),
                "tcp": TASK.replace(route=NetworkRoute(load_balancer="ports", port=9444)),
                "tcp-large": TASK.replace(
                    route=NetworkRoute(load_balancer="ports", port=9445),
                    model=MODEL.replace(environment={"MAX_BODY_MIB": "25"}),
                ),
                "large": at(hosts=["l.acme.test"]).replace(
                    model=MODEL.replace(environment={"MAX_BODY_MIB": "25"})
                ),
            },
        ),
    }
    return Environment(**{**given, **changes})


def http(service: str = "score", **route: Any) -> Environment:
    timeout = {"timeout_ms": 15_000, **route}
    return whole(
        apis=Apis(
            http={
                "a": HttpApi(
                    routes={"/a": HttpRoute(service=service, **timeout)},
                    throttle=SLOW,
                    authorization=JWT,
                )
            }
        )
    )


def rest(service: str = "fraud", **route: Any) -> Environment:
    return whole(
        apis=Apis(
            rest={"a": RestApi(routes={"/a": RestRoute(service=service, **route)}, throttle=SLOW)}
        )
    )


def function(path: str = "/invocations", service: str = "fast", **changes: Any) -> Environment:
    routes = {path: HttpRoute(**{"service": service, "timeout_ms": 29_000, **changes})}
    return whole(apis=Apis(http={"a": HttpApi(routes=routes, throttle=SLOW)}))


def rest_function(path: str = "/invocations", **changes: Any) -> Environment:
    routes = {path: RestRoute(**{"service": "light", **changes})}
    return whole(apis=Apis(rest={"a": RestApi(routes=routes, throttle=SLOW)}))


def api(**changes: Any) -> RestApi:
    given: dict[str, Any] = {"routes": {"/a": RestRoute(service="fraud")}, "throttle": SLOW}
    return RestApi(**{**given, **changes})


def front(**changes: Any) -> HttpApi:
    given: dict[str, Any] = {"routes": {"/a": HttpRoute(service="score")}, "throttle": SLOW}
    return HttpApi(**{**given, **changes})


def route(**changes: Any) -> RestRoute:
    return RestRoute(**{"service": "fraud", **changes})


def plan(**changes: Any) -> UsagePlan:
    return UsagePlan(**{"throttle": SLOW, **changes})


def deployed(*services: Any) -> Environment:
    zone = HostedZone(name="acme.test", private=False)
    return whole(
        apis=Apis(
            rest={"a": api(domain="api.acme.test")},
            domains={"api.acme.test": ApiDomain(certificate=CERTIFICATE, zone=zone)},
        ),
        identity=Identity(github=GitHub(repository="acme/a"), deploy_services=services),
    )


def pods() -> Environment:
    service = EksService(model=MODEL, compute=Pod(vcpu=1, memory_mib=2048))
    return whole(
        eks=EksCluster(version="1.35"),
        kubernetes=Kubernetes(services={"pods": service}),
        apis=Apis(rest={"a": api(routes={"/a": RestRoute(service="pods")})}),
    )


def walled(arn: str) -> Environment:
    return whole(apis=Apis(rest={"a": api(firewall=Firewall(web_acl=arn))}))


def pooled(arn: str) -> Environment:
    return whole(apis=Apis(rest={"a": api(authorization=CognitoAuthorization(user_pools=[arn]))}))


KEYED = {"/a": RestRoute(service="fraud", api_key=True)}
DOMAIN = {"api.acme.test": ApiDomain(certificate=CERTIFICATE)}
GROUP: Final = "AWSManagedRulesCommonRuleSet"
Make = Callable[[], Any]

# (rule, what it refuses, a part of the path, a part of the message; what it takes)
CASES: list[tuple[str, Make, str, str, Make]] = [
    ("APG1", lambda: HttpRoute(service="a", timeout_ms=30_001), "timeout_ms", "from 50 to 30000",
     lambda: HttpRoute(service="a", timeout_ms=30_000)),
    ("APG1", lambda: HttpRoute(service="a", timeout_ms=49), "timeout_ms", "got 49",
     lambda: HttpRoute(service="a", timeout_ms=50)),
    ("APG2", lambda: route(timeout_ms=300_001), "timeout_ms", "from 50 to 300000",
     lambda: route(timeout_ms=300_000)),
    ("APG2", lambda: route(timeout_ms=49), "timeout_ms", "got 49", lambda: route(timeout_ms=50)),
    ("APG3", lambda: route(timeout_ms=60_001), "timeout_ms", "SageMaker answers itself",
     lambda: route(timeout_ms=60_000)),
    ("APG20", lambda: route(timeout_ms=29_001), "timeout_ms", "quota",
     lambda: route(timeout_ms=29_000)),
    ("APG4", lambda: rest("large"), "service", "413", lambda: rest("fits")),
    ("APG4", lambda: http("large"), "service", "25 MiB", lambda: http("score")),
    ("APG5", lambda: Throttle(requests_per_second=0, burst=1), "requests_per_second", "429",
     lambda: Throttle(requests_per_second=1, burst=1)),
    ("APG5", lambda: Throttle(requests_per_second=1, burst=0), "burst", "429",
     lambda: Throttle(requests_per_second=1, burst=1)),
    ("APG6", lambda: Throttle(requests_per_second=10_001, burst=1), "requests_per_second",
     "above 10,000", lambda: Throttle(requests_per_second=10_000, burst=1)),
    ("APG6", lambda: Throttle(requests_per_second=1, burst=5_001), "burst", "above 5,000",
     lambda: Throttle(requests_per_second=1, burst=5_000)),
    ("APG7", lambda: front(plans={"gold": plan()}), "plans", "write apis.rest", front),
    ("APG35", lambda: front(firewall=Firewall(requests_per_5_minutes=100)), "firewall",
     "write apis.rest", front),
    ("APG8", lambda: Quota(limit=0, period="DAY"), "limit", "from 1",
     lambda: Quota(limit=1, period="DAY")),
    ("APG8", lambda: Quota(limit=2**31, period="DAY"), "limit", "to 2,147,483,647",
     lambda: Quota(limit=2**31 - 1, period="DAY")),
    ("APG8", lambda: Quota(limit=5, period="WEEK", offset=5), "offset", "below limit (5)",
     lambda: Quota(limit=5, period="WEEK", offset=4)),
    ("APG8", lambda: Quota(limit=50, period="DAY", offset=1), "offset", "at most 0 where period is DAY",
     lambda: Quota(limit=50, period="WEEK", offset=6)),
    ("APG8", lambda: Quota(limit=50, period="WEEK", offset=7), "offset", "at most 6",
     lambda: Quota(limit=50, period="MONTH", offset=27)),
    ("APG8", lambda: Quota(limit=50, period="MONTH", offset=28), "offset", "at most 27",
     lambda: Quota(limit=50, period="MONTH", offset=27)),
    ("APG8", lambda: Quota(limit=5, period="DAY", offset=-1), "offset", "0 or more",
     lambda: Quota(limit=5, period="DAY", offset=0)),
    ("SPEC4", lambda: Quota(limit=5, period="HOUR"), "period", "DAY, WEEK or MONTH",  # type: ignore[arg-type]
     lambda: Quota(limit=5, period="MONTH")),
    ("APG9", lambda: Apis(rest={"a": api(domain="api.acme.tset")}, domains=DOMAIN), "rest.a.domain",
     "did you mean api.acme.test",
     lambda: Apis(rest={"a": api(domain="api.acme.test")}, domains=DOMAIN)),
    ("APG9", lambda: Apis(http={"a": front(base_path="v1")}), "http.a.base_path", "no domain",
     lambda: Apis(http={"a": front(base_path="")})),
    ("APG10", lambda: api(routes={"fraud": route()}), "routes", "such as /fraud",
     lambda: api(routes={"/fraud": route()})),
    ("APG10", lambda: api(routes={"/{proxy+}": route()}), "routes", "without a variable",
     lambda: api(routes={"/proxy": route()})),
    ("APG10", lambda: front(routes={"/a/": HttpRoute(service="a")}), "routes", "between slashes",
     lambda: front(routes={"/a/b": HttpRoute(service="a")})),
    ("APG10", lambda: api(routes={"/a/../b": route()}), "routes", "a part . or ..",
     lambda: api(routes={"/a/..b/.c": route()})),
    ("APG10", lambda: front(routes={"/.": HttpRoute(service="a")}), "routes", "a part . or ..",
     lambda: front(routes={"/.well-known": HttpRoute(service="a")})),
    ("APG11", lambda: JWT.replace(issuer="https://a.test/.well-known/openid-configuration"), "issuer",
     "the claim iss", lambda: JWT.replace(issuer="https://a.test/well-known")),
    ("APG11", lambda: JWT.replace(issuer=f"{USERS}/us-east-1_Ab12Cd34E/"), "issuer", "user pool of Cognito",
     lambda: JWT.replace(issuer=f"{USERS}/us-east-1_Ab12Cd34E")),
    ("APG11", lambda: JWT.replace(issuer=USERS), "issuer", "user pool of Cognito",
     lambda: JWT.replace(issuer="https://login.acme.test/")),
    ("APG11", lambda: JWT.replace(issuer=f"{USERS}/eu-west-1_Ab12Cd34E"), "issuer", "REGION",
     lambda: JWT.replace(issuer=f"{USERS}/us-east-1_Ab12Cd34E")),
    ("APG11", lambda: JWT.replace(audiences=[f"a{n}" for n in range(51)]), "audiences", "up to 50",
     lambda: JWT.replace(audiences=[f"a{n}" for n in range(50)])),
    ("APG11", lambda: JWT.replace(issuer="http://issuer.acme.test"), "issuer", "https URL",
     lambda: JWT.replace(issuer="https://issuer.acme.test")),
    ("APG11", lambda: JWT.replace(audiences=[]), "audiences", "one audience",
     lambda: JWT.replace(audiences=["a"])),
    ("APG12", lambda: rest("parts"), "", "write component",
     lambda: rest("parts", component="acme-fraud-1")),
    ("APG12", lambda: rest("fraud", component="x"), "component", "leave component out", rest),
    ("APG12", lambda: rest("slow", request_schema={"type": "object"}), "request_schema", "S3",
     lambda: rest("slow")),
    ("APG13", lambda: api(binary_types=["multipart/form-data"]), "binary_types", "image/png",
     lambda: api(binary_types=["image/png"])),
    ("APG14", lambda: Apis(http={"a": front(domain="api.acme.test")},
                           rest={"a": api(domain="api.acme.test")}, domains=DOMAIN),
     "rest.a.base_path", "http.a",
     lambda: Apis(http={"a": front(domain="api.acme.test")},
                  rest={"a": api(domain="api.acme.test", base_path="v1")}, domains=DOMAIN)),
    ("APG36", lambda: Apis(domains=DOMAIN), "domains.api.acme.test", "leads to no API",
     lambda: Apis(rest={"a": api(domain="api.acme.test")}, domains=DOMAIN)),
    ("APG16", lambda: rest("fruad"), "service", "did you mean fraud", rest),
    ("APG16", lambda: http("nothing"), "service", "no service of the environment", http),
    ("APG17", pods, "service", "behind Network Load Balancers", rest),
    ("APG53", lambda: rest("score"), "service", "write the route in apis.http",
     lambda: rest("port", host="port.acme.test")),
    ("APG18", lambda: rest("alone"), "service", "give alone a Route",
     lambda: rest("port", host="port.acme.test")),
    ("APG21", lambda: rest("port"), "", "write host", lambda: rest("tcp")),
    ("APG4", lambda: rest("tcp-large"), "service", "25 MiB", lambda: rest("tcp")),
    ("APG12", lambda: rest("tcp", component="x"), "component", "on an ECS service",
     lambda: rest("tcp")),
    ("APG12", lambda: rest("fraud", path="/x"), "path", "leave path out",
     lambda: rest("tcp", path="/x")),
    ("APG12", lambda: rest("fraud", host="a.acme.test"), "host", "leave host out",
     lambda: rest("tcp", host="a.acme.test")),
    ("APG12", lambda: rest_function(host="a.acme.test"), "host", "on a function", rest_function),
    ("APG12", lambda: function(host="a.acme.test"), "host", "on a function", function),
    ("APG44", lambda: route(path="x"), "path", "such as /invocations", lambda: route(path="/x")),
    ("APG45", lambda: route(host="*"), "host", "certificate", lambda: route(host="a.acme.test")),
    ("APG17", lambda: http("fraud"), "service", "write the route in apis.rest", http),
    ("APG18", lambda: http("alone"), "service", "give alone a Route", http),
    ("APG19", lambda: http("below"), "", "/below/*", lambda: http("below", path="/below/x")),
    ("APG19", lambda: http("free", host="a.acme.test", path="/fre"), "path", "/free",
     lambda: http("free", host="a.acme.test", path="/free")),
    ("APG21", lambda: http("any"), "", "write host", lambda: http("any", host="a.acme.test")),
    ("APG21", lambda: http("free"), "", "has a certificate",
     lambda: http("free", host="a.acme.test")),
    ("APG21", lambda: http("http"), "", "patterns alone", lambda: http("http", host="a.acme.test")),
    ("APG21", lambda: http("port"), "", "write host", lambda: http("port", host="a.acme.test")),
    ("APG22", lambda: http(timeout_ms=20_001), "timeout_ms", "20 s",
     lambda: http(timeout_ms=20_000)),
    ("APG43", lambda: http("any", host="acme.test"), "host", "*.acme.test",
     lambda: http("any", host="b.acme.test")),
    ("APG16", lambda: http("twice"), "service", "rename one of them", http),
    ("APG49", lambda: function("/fast"), "", "/invocations or /ping", function),
    ("APG49", lambda: rest_function("/x"),
     "", "/invocations or /ping", rest_function),
    ("APG49", lambda: function("/fast/invocations"), "", "base_path='/fast'",
     lambda: function("/based/invocations", service="based")),
    ("APG49", lambda: function("/basedinvocations", service="based"), "", "of which its container gets",
     lambda: function("/based/ping", service="based")),
    ("APG12", lambda: whole(apis=Apis(http={"a": front(routes={"/invocations": HttpRoute(
        service="fast", path="/v2")})})), "path", "leave path out", function),
    ("APG55", lambda: front(routes={"/a": HttpRoute(service="a", method="ANY")}, cors=Cors(origins=["*"])),
     "routes./a.method", "OPTIONS",
     lambda: front(routes={"/a": HttpRoute(service="a", method="PUT")}, cors=Cors(origins=["*"]))),
    ("APG56", lambda: function(service="streams"), "service", "502", function),
    ("APG57", lambda: route(method="GET"), "method", "write the route in apis.http", route),
    ("APG12", lambda: rest_function(component="x"), "component", "on a function", rest_function),
    ("APG23", lambda: function(service="light", timeout_ms=28_999), "timeout_ms", "29 s",
     lambda: function(service="light", timeout_ms=29_000)),
    ("APG24", lambda: front(base_path="/v1"), "base_path", "without a slash",
     lambda: front(base_path="v1/models")),
    ("APG25", lambda: Cors(origins=["https://app.acme.test/x"]), "origins", "no origin",
     lambda: Cors(origins=["https://app.acme.test:8443"])),
    ("APG25", lambda: Cors(origins=[]), "origins", "names no origin", lambda: Cors(origins=["*"])),
    ("APG25", lambda: Cors(origins=["*"], credentials=True), "credentials", "name the origins",
     lambda: Cors(origins=["https://a.test"], credentials=True)),
    ("APG25", lambda: api(cors=Cors(origins=["https://a.test", "https://b.test"])), "cors.origins",
     "name one", lambda: front(cors=Cors(origins=["https://a.test", "https://b.test"]))),
    ("APG25", lambda: Cors(origins=["https://a.test"], headers=["*"], credentials=True), "headers",
     "no wildcard", lambda: Cors(origins=["https://a.test"], headers=["*"])),
    ("APG25", lambda: Cors(origins=["*"], headers=["x'y"]), "headers", "no name of a header",
     lambda: Cors(origins=["*"], headers=["x-y"])),
    ("APG26", lambda: api(routes={"/a": route(scopes=["x"])}), "routes./a.scopes", "IamAuth",
     lambda: api(routes={"/a": route(scopes=["x"])}, authorization=COGNITO)),
    ("APG26", lambda: front(routes={"/a": HttpRoute(service="a", scopes=["x"])}), "scopes", "IamAuth",
     lambda: front(routes={"/a": HttpRoute(service="a", scopes=["x"])}, authorization=JWT)),
    ("APG27", lambda: api(plans={"gold": plan()}), "plans", "set api_key=True",
     lambda: api(routes=KEYED, plans={"gold": plan()})),
    ("APG27", lambda: api(routes=KEYED), "api_key", "write plans",
     lambda: api(routes=KEYED, plans={"gold": plan()})),
    ("APG27", lambda: api(routes=KEYED, plans={"gold": plan(routes=["/b"])}), "plans.gold.routes.0",
     "name one of /a", lambda: api(routes=KEYED, plans={"gold": plan(routes=["/a"])})),
    ("APG28", lambda: route(request_schema={"$schema": "https://json-schema.org/draft/2020-12/schema",
                                            "type": "object"}), "$schema", "draft-04",
     lambda: route(request_schema={"$schema": "http://json-schema.org/draft-04/schema#",
                                   "type": "object"})),
    ("APG28", lambda: route(request_schema={}), "request_schema", "refuses nothing",
     lambda: route(request_schema={"type": "array"})),
    ("APG28", lambda: route(request_schema={"type": "objekt"}), "type", "no type of JSON",
     lambda: route(request_schema={"type": "object"})),
    ("APG28", lambda: route(request_schema={"title": "x" * 410_000, "type": "object"}),
     "request_schema", "400 KB", lambda: route(request_schema={"title": "x", "type": "object"})),
    ("APG29", lambda: api(private=PrivateAccess(), domain="api.acme.test"), "domain", "private",
     lambda: api(domain="api.acme.test")),
    ("APG30", lambda: api(private=PrivateAccess(), source_cidrs=["10.0.0.0/8"]), "source_cidrs",
     "endpoint_ids", lambda: api(source_cidrs=["10.0.0.0/8"])),
    ("APG31", lambda: api(stage="live.1"), "stage", "such as live", lambda: api(stage="live-1")),
    ("APG31", lambda: api(stage="test-invoke-stage"), "stage", "AWS's own",
     lambda: api(stage="test-invoke")),
    ("APG32", lambda: api(binary_types=["image/*"] * 2), "binary_types", "each once",
     lambda: api(binary_types=["image/*", "image/png"])),
    ("APG32", lambda: api(binary_types=["png"]), "binary_types", "media type",
     lambda: api(binary_types=["*/*"])),
    ("APG33", Firewall, "", "either web_acl", lambda: Firewall(requests_per_5_minutes=10)),
    ("APG33", lambda: Firewall(requests_per_5_minutes=10,
                               web_acl="arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/1"),
     "", "either web_acl",
     lambda: Firewall(web_acl="arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/1")),
    ("APG33", lambda: Firewall(groups=[GROUP, GROUP]), "groups", "each once",
     lambda: Firewall(groups=[GROUP])),
    ("APG50", lambda: walled("arn:aws:wafv2:us-west-2:111122223333:regional/webacl/a/1"),
     "firewall.web_acl", "the Region us-east-1",
     lambda: walled("arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/1")),
    ("APG50", lambda: walled("arn:aws:wafv2:us-east-1:999922223333:regional/webacl/a/1"),
     "firewall.web_acl", "the account 111122223333",
     lambda: walled("arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/1")),
    ("APG50", lambda: pooled("arn:aws-cn:cognito-idp:cn-north-1:111122223333:userpool/cn-north-1_A"),
     "authorization.user_pools.0", "the partition aws",
     lambda: pooled("arn:aws:cognito-idp:us-west-2:999922223333:userpool/us-west-2_A")),
    ("APG51", lambda: Apis(rest={"a": api(domain="api.acme.test", routes={"/sping": route()})},
                           domains=DOMAIN), "rest.a.routes./sping", "write base_path",
     lambda: Apis(rest={"a": api(domain="api.acme.test", routes={"/sping": route()}, base_path="v1")},
                  domains=DOMAIN)),
    ("APG51", lambda: Apis(http={"a": front(domain="api.acme.test",
                                            routes={"/ping": HttpRoute(service="a")})},
                           domains=DOMAIN), "http.a.routes./ping", "another path",
     lambda: Apis(http={"a": front(routes={"/ping": HttpRoute(service="a")}),
                        "b": front(domain="api.acme.test",
                                   routes={"/a/ping": HttpRoute(service="a")})}, domains=DOMAIN)),
    ("APG34", lambda: Firewall(requests_per_5_minutes=9), "requests_per_5_minutes", "from 10",
     lambda: Firewall(requests_per_5_minutes=10)),
    ("APG37", lambda: api(routes={}), "routes", "from 1 to 300", api),
    ("APG37", lambda: api(routes={f"/a/{n}": route() for n in range(300)}), "routes", "resources",
     lambda: api(routes={f"/a/{n}": route() for n in range(299)})),
    ("APG37", lambda: front(routes={f"/{n}": HttpRoute(service="a") for n in range(301)}), "routes",
     "routes", lambda: front(routes={f"/{n}": HttpRoute(service="a") for n in range(300)})),
    ("APG38", lambda: Cors(origins=["*"], max_age_seconds=86_401), "max_age_seconds", "86400",
     lambda: Cors(origins=["*"], max_age_seconds=86_400)),
    ("APG39", lambda: JWT.replace(scopes=["a b"]), "scopes", "white space",
     lambda: JWT.replace(scopes=["a/b"])),
    ("APG39", lambda: JWT.replace(scopes=[f"s{n}" for n in range(11)]), "scopes", "at most 10",
     lambda: JWT.replace(scopes=[f"s{n}" for n in range(10)])),
    ("APG40", lambda: CognitoAuthorization(user_pools=[]), "user_pools", "from 1", lambda: COGNITO),
    ("APG41", lambda: api(domain="*.acme.test"), "domain", "such as api.acme.test",
     lambda: api(domain="api.acme.test")),
    ("APG52", lambda: api(source_cidrs=[f"203.0.{n // 250}.{n % 250}/32" for n in range(500)]), "source_cidrs",
     "Service Quotas", lambda: api(source_cidrs=[f"203.0.113.{n}/32" for n in range(255)])),
    ("APG52", lambda: api(private=PrivateAccess(vpc_ids=[f"vpc-{n:017x}" for n in range(320)])),
     "private.vpc_ids", "8,192",
     lambda: api(private=PrivateAccess(vpc_ids=[f"vpc-{n:017x}" for n in range(310)]))),
    ("APG44", lambda: HttpRoute(service="a", path="/v1/../invocations"), "path", "a part . or ..",
     lambda: HttpRoute(service="a", path="/v1/..invocations/.a")),
    ("APG44", lambda: HttpRoute(service="a", path="invocations"), "path", "/invocations",
     lambda: HttpRoute(service="a", path="/invocations")),
    ("APG45", lambda: HttpRoute(service="a", host="acme"), "host", "fraud.acme.test",
     lambda: HttpRoute(service="a", host="a.acme.test")),
    ("APG54", lambda: PrivateAccess(vpc_ids=["vpc-0a1b2c3d"], endpoint_ids=["vpce-0a1b2c3d"]),
     "vpc_ids", "leave it out", lambda: PrivateAccess(vpc_ids=["vpc-0a1b2c3d"])),
    ("APG46", lambda: PrivateAccess(endpoint_ids=["vpc-0a1b2c3d"]), "endpoint_ids", "vpce-",
     lambda: PrivateAccess(endpoint_ids=["vpce-0a1b2c3d"])),
    ("APG46", lambda: PrivateAccess(vpc_ids=["vpce-0a1b2c3d"]), "vpc_ids", "vpc-",
     lambda: PrivateAccess(vpc_ids=["vpc-0a1b2c3d"])),
    ("APG47", lambda: whole(apis=Apis(rest={"a": api(private=PrivateAccess())})), "apis.rest.a",
     "execute-api",
     lambda: whole(network=Network(cidr="10.20.0.0/16", auto_endpoints=True),
                   apis=Apis(rest={"a": api(private=PrivateAccess())}))),
    ("APG48", lambda: route(component="-x"), "component", "at most 63",
     lambda: route(component="x-1")),
    ("ELB9", lambda: whole(apis=Apis(rest={"a": api(domain="api.acme.test")}, domains={
        "api.acme.test": ApiDomain(certificate=CERTIFICATE.replace("us-east-1", "us-west-2"))})),
     "certificate", "region and account",
     lambda: whole(apis=Apis(rest={"a": api(domain="api.acme.test")}, domains=DOMAIN))),
    ("DNS4", lambda: Apis(rest={"a": api(domain="api.acme.test")}, domains={
        "api.acme.test": ApiDomain(certificate=CERTIFICATE, zone=HostedZone(name="acme.com"))}),
     "zone", "acme.com",
     lambda: Apis(rest={"a": api(domain="api.acme.test")}, domains={
         "api.acme.test": ApiDomain(certificate=CERTIFICATE, zone=HostedZone(name="acme.test"))})),
    ("DNS5", deployed, "zone", "route53", lambda: deployed("route53")),
    ("SPEC2", lambda: HttpApi(routes={"/a": HttpRoute(service="a")}), "throttle", "required", front),  # type: ignore[call-arg]
    ("SPEC3", lambda: api(authorization=None), "authorization", "IamAuthorization", api),
    ("SPEC4", lambda: HttpRoute(service="a", method="TRACE"), "method", "GET",  # type: ignore[arg-type]
     lambda: HttpRoute(service="a", method="GET")),
]  # fmt: skip


# (schema, a part of the message)
BAD_SCHEMAS: list[tuple[dict[str, Any], str]] = [
    ({"type": ["object", "nothing"]}, "request_schema.type: is no type of JSON"),
    ({"type": []}, "request_schema.type: is no type of JSON"),
    ({"type": {"a": 1}}, "request_schema.type: is no type of JSON"),
    ({"properties": {"a": {"type": "strnig"}}}, "request_schema.properties.a.type"),
    ({"items": [{"type": "number"}, {"minimum": "1"}]}, "request_schema.items.1.minimum"),
    ({"anyOf": [{"not": {"maxLength": -1}}]}, "request_schema.anyOf.0.not.maxLength"),
    ({"dependencies": {"a": {"required": True}}}, "request_schema.dependencies.a.required"),
    ({"required": []}, "write the names of members"),
    ({"required": ["a", "a"]}, "write the names of members"),
    ({"exclusiveMinimum": 5}, "as draft 4 has it beside a limit"),
    ({"const": 1}, "is of a later draft"),
    ({"items": {"if": {}}}, "request_schema.items.if: is of a later draft"),
    ({"properties": []}, "write a schema by each name"),
    ({"additionalProperties": "no"}, "write True, False or a schema"),
    ({"enum": []}, "write one value or more"),
    ({"multipleOf": 0}, "a number above 0"),
    ({"minimum": True}, "write a number"),
    ({"$ref": "#/definitions/a"}, "leads nowhere in the schema"),
    ({"$ref": "https://schemas.acme.test/a.json"}, "leads nowhere in the schema"),
    ({"definitions": {"a": {"type": "object"}}}, "refuses nothing"),
]
GOOD_SCHEMAS: list[tuple[dict[str, Any], str]] = [
    ({"type": ["object", "null"]}, ""),
    ({"type": ("array", "null"), "items": ({"type": "number"},)}, ""),
    (
        {"properties": {"if": {"type": "string"}, "const": {}, "required": {}}, "required": ["if"]},
        "",
    ),
    ({"enum": [{"type": "nothing"}, {"const": 1}, None]}, ""),
    ({"minimum": 0, "exclusiveMinimum": True, "format": "int32"}, ""),
    ({"dependencies": {"a": ["b"]}, "additionalProperties": False, "x-note": "ours"}, ""),
    ({"definitions": {"a/b": {"type": "object"}}, "$ref": "#/definitions/a~1b"}, ""),
    ({"properties": {"next": {"$ref": "#"}}}, ""),
    ({"$ref": "https://apigateway.amazonaws.com/restapis/a1b2c3/models/Body"}, ""),
]


def told(make: Make) -> list[Problem]:
    """The problems of what is made, warnings among them."""
    try:
        return problems_of(make())
    except SpecError as error:
        return error.problems


@pytest.mark.long
def test_each_rule_refuses_what_it_says_and_takes_what_is_almost_that() -> None:
    wrong = []
    for rule, bad, path, text, good in CASES:
        found = [problem for problem in told(bad) if problem.rule == rule]
        if not any(path in problem.where and text in str(problem) for problem in found):
            wrong.append(f"{rule} does not say {path}: {text}, but {[*map(str, told(bad))]}")
        if any(problem.rule == rule for problem in told(good)):
            wrong.append(f"{rule} refuses {[str(each) for each in told(good)]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("taken", [False, True])
def test_a_schema_is_judged_whole_as_draft_4_has_it(taken: bool) -> None:
    wrong = []
    for schema, part in GOOD_SCHEMAS if taken else BAD_SCHEMAS:
        found = [str(each) for each in told(partial(route, request_schema=schema))]
        if bool(found) is taken or part not in "".join(found):
            wrong.append(f"{schema}: {found}")
    assert not wrong, "\n".join(wrong)


def test_every_rule_of_apis_is_tried() -> None:
    tried = {rule for rule, *_ in CASES} | {"APG15"}
    assert {rule for rule in RULES if rule.startswith("APG")} <= tried


def test_one_environment_of_an_account_and_region_makes_the_role_of_logs() -> None:
    def of(stage: str, *, log_role: bool, region: str = "us-east-1") -> Environment:
        return whole(
            context=CONTEXT.replace(stage=stage, region=region),
            apis=Apis(rest={"a": api()}, log_role=log_role),
            ecs=None,
            inference=Inference(
                endpoints={"fraud": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")}
            ),
        )

    def rules(*environments: Environment) -> list[tuple[str, str]]:
        found = between({each.key: each for each in environments})
        return [(key, problem.where) for key, problem in found if problem.rule == "APG15"]

    one = of("dev", log_role=True)
    assert rules(one, of("prod", log_role=True)) == [("prod-use1", "apis.log_role")]
    assert rules(one, of("prod", log_role=False)) == []
    assert rules(one, of("prod", log_role=True, region="us-west-2")) == []
