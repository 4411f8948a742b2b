"""What is asked of Application Load Balancers, and of a service's place behind one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from ..context import Context
from ..existing import GroupId
from ..names import Name, balanced, short_hash
from ..overrides import Overridable
from ..rules import Problem, rule
from ..service import Billed, Drawn, Named, Place
from ..spec import Aws, Between, Check, Cidrs, Many, OneOf, ShortName, Spec, arn_of
from ..usage import Usage, of_balancer
from .records import HostedZone, RecordName

ELB4 = rule(
    "ELB4",
    refuses="an interval, timeout or threshold of a health check outside AWS's range",
    message="must be from {low} to {high}",
    source="botocore elbv2 HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, "
    "HealthCheckThresholdCount; Application Load Balancer guide, health checks",
)
ELB5 = rule(
    "ELB5",
    refuses="a load balancer in fewer than two availability zones",
    message="needs subnets in at least two availability zones; raise network.availability_zones, or "
    "name two subnets of a network that exists",
    source="botocore elbv2 CreateLoadBalancer Subnets",
)
ELB6 = rule(
    "ELB6",
    refuses="a deregistration delay or idle timeout outside AWS's range",
    message="must be from {low} to {high} seconds",
    source="Elastic Load Balancing API reference, TargetGroupAttribute and LoadBalancerAttribute",
)
ELB8 = rule(
    "ELB8",
    refuses="a deregistration delay above the load balancer's idle timeout",
    message="is longer than any request can take ({idle} s, the load balancer's idle timeout); "
    "each deployment waits for it",
    source="Application Load Balancer guide, deregistration delay",
    severity="warning",
)
ELB9 = rule(
    "ELB9",
    refuses="a certificate of another service, account or region",
    message="must be a certificate of ACM in the environment's region and account, such as "
    "{example}",
    source="Application Load Balancer guide, HTTPS listener certificates",
)
ELB10 = rule(
    "ELB10",
    refuses="a load balancer that faces the internet without saying who may connect, or "
    "without public subnets",
    message="{missing}",
    source="Inferform: nothing is opened to the internet by omission",
)
ELB11 = rule(
    "ELB11",
    refuses="a route without a path and a host, or with more than five values",
    message="must have from one to five paths, hosts and more conditions together, such as "
    "hosts=['fraud.acme.test']",
    source="Application Load Balancer guide, quotas (condition values per rule)",
)
ELB12 = rule(
    "ELB12",
    refuses="a path or host pattern that a listener rule does not take, or the path of a health "
    "check over 1,024 characters",
    message="must be {expected}",
    source="Application Load Balancer guide, path and host conditions; botocore elbv2 Path; RFC 3986",
)
ELB13 = rule(
    "ELB13",
    refuses="a rule priority outside 1 to 50,000",
    message="must be from {low} to {high}",
    source="botocore elbv2 RuleArn, CreateRule Priority",
)
ELB14 = rule(
    "ELB14",
    refuses="two services on one load balancer with the same priority or conditions",
    message="has the same {what} as the service {other}; {remedy}",
    source="Elastic Load Balancing API reference, CreateRule (PriorityInUse)",
)
ELB15 = rule(
    "ELB15",
    refuses="a load balancer that the environment does not have",
    message="names the load balancer {name}, which ecs.load_balancers does not have{hint}",
    source="Inferform: services share the load balancers of the ecs layer",
)
ELB16 = rule(
    "ELB16",
    refuses="a number of days outside 1 to 3,650 for access logs",
    message="must be from {low} to {high} days",
    source="Amazon S3 API reference, LifecycleExpiration (positive days)",
)
ELB17 = rule(
    "ELB17",
    refuses="a load balancer's name that AWS reserves",
    message="makes the name {name}, which begins with internal- as only AWS's own may",
    source="botocore elbv2 CreateLoadBalancer Name",
)

ELB18 = rule(
    "ELB18",
    refuses="a health check that waits for an answer as long as for the next check",
    message="must be below interval_seconds ({interval})",
    source="Application Load Balancer guide, health checks for target groups",
)
ELB19 = rule(
    "ELB19",
    refuses="a slow start outside AWS's range, or with least outstanding requests",
    message="must be {expected}",
    source="Application Load Balancer guide, slow start mode",
)

CONTAINER_PORT = 8080
"""The port of the container contract."""

ELB20 = rule(
    "ELB20",
    refuses="a load balancer without a certificate that faces the internet, or has further ones",
    message="must be {expected} where certificate is None, which is plain HTTP inside the VPC",
    source="Inferform: nothing is sent in plain over the internet; botocore elbv2 CreateListener",
)
ELB21 = rule(
    "ELB21",
    refuses="more conditions of a route without a priority, or conditions that no rule takes",
    message="{wrong}; {remedy}",
    source="Application Load Balancer guide, condition types for listener rules; botocore elbv2 "
    "HttpHeaderConditionConfig, QueryStringKeyValuePair; Inferform: priorities that follow from "
    "hosts and paths know nothing of other conditions",
)
ELB22 = rule(
    "ELB22",
    refuses="seconds that connections or cookies last outside AWS's range",
    message="must be from {low} to {high} seconds",
    source="Elastic Load Balancing API reference, LoadBalancerAttribute (client_keep_alive.seconds), "
    "TargetGroupAttribute (stickiness.lb_cookie.duration_seconds)",
)
ELB23 = rule(
    "ELB23",
    refuses="status codes of a health check that are not 200 to 499, as numbers or ranges",
    message="must be status codes from 200 to 499, such as 200,202 or 200-299",
    source="botocore elbv2 Matcher HttpCode; Application Load Balancer guide, health checks "
    "(success codes)",
)

ELB38 = rule(
    "ELB38",
    refuses="status codes of a health check by gRPC that are not 0 to 99, as numbers or ranges",
    message="must be status codes of gRPC from 0 to 99, such as 0,12 or 0-99",
    source="botocore elbv2 Matcher GrpcCode; Application Load Balancer guide, health checks (success codes)",
)
ELB39 = rule(
    "ELB39",
    refuses="a health check of another protocol than the target group's",
    message="must be {expected} where protocol_version is {version}",
    source="botocore elbv2 CreateTargetGroup HealthCheckPath, Matcher; Application Load Balancer guide, target "
    "groups (gRPC protocol version)",
)
ELB40 = rule(
    "ELB40",
    refuses="gRPC through a listener that is not HTTPS, or takes no HTTP/2",
    message="is GRPC, and {load_balancer} {wrong}; {remedy}",
    source="Application Load Balancer guide, target groups (considerations for the gRPC protocol version)",
)

ELB30 = rule(
    "ELB30",
    refuses="a listener that is not one of an Application Load Balancer of the environment's account and "
    "Region",
    message="must be the ARN of a listener of an Application Load Balancer, such as {example}",
    source="Elastic Load Balancing API reference, CreateRule ListenerArn (rules are made in the account "
    "and Region of the listener)",
)

ELB32 = rule(
    "ELB32",
    refuses="a test listener that nobody may reach, that many may, or on the port of the other",
    message="{wrong}",
    source="Elastic Load Balancing API reference, CreateListener (DuplicateListener); Inferform: what is "
    "not released is shown to those who are named alone",
)
ELB34 = rule(
    "ELB34",
    refuses="a port of a listener outside 1 to 65,535",
    message="must be from {low} to {high}",
    source="botocore elbv2 Port",
)
ELB33 = rule(
    "ELB33",
    refuses="test traffic behind a load balancer without a test listener",
    message="needs a test listener, which {load_balancer} has not; {remedy}",
    source="AWS CodeDeploy API reference, TargetGroupPairInfo testTrafficRoute; Amazon ECS API reference, "
    "AdvancedConfiguration testListenerRule",
)

_LISTENER = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/(app/[\w-]+/[0-9a-f]+)/[0-9a-f]+",
    re.ASCII,
)
_EXAMPLE_LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1a2b/3c4d"
)

EXAMPLE_CERTIFICATE = (
    "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
)

ListenerArn = Annotated[
    str,
    Check(
        ELB30,
        lambda arn: bool(_LISTENER.fullmatch(arn)),
        lambda _: {"example": _EXAMPLE_LISTENER},
    ),
    Aws("elbv2:CreateRuleInput.ListenerArn"),
]
"""The ARN of a listener of an Application Load Balancer."""

CertificateArn = Annotated[
    str,
    arn_of("acm", EXAMPLE_CERTIFICATE, r"certificate/[\w-]+"),
    Aws("elbv2:Certificate.CertificateArn"),
]
"""The ARN of an ACM certificate."""

GraceSeconds = Annotated[
    int, Between(ELB4, 0, 86_400), Aws("ecs:CreateServiceRequest.healthCheckGracePeriodSeconds")
]
"""Seconds in which failing health checks of a new task are ignored."""

DeregistrationSeconds = Annotated[
    int, Between(ELB6, 0, 3600), Aws("elbv2:TargetGroupAttribute.Value")
]
"""Seconds that a target which goes may finish what it serves."""

WebAclArn = Annotated[
    str,
    arn_of(
        "wafv2",
        "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/name/1234abcd",
        r"regional/webacl/.+",
    ),
    Aws("wafv2:AssociateWebACLRequest.WebACLArn"),
]

PathPattern = Annotated[
    str,
    Check(
        ELB12,
        lambda path: bool(re.fullmatch(r"/[\w\-.$/~\"'@:+*?&]{0,127}", path, re.ASCII)),
        lambda _: {"expected": "a path pattern such as /fraud/*, at most 128 characters"},
    ),
]
HealthPath = Annotated[
    str,
    Check(
        ELB12,
        lambda path: bool(re.fullmatch(r"/[!-~]{0,1023}", path)),
        lambda _: {"expected": "a path such as /ping, at most 1,024 characters"},
    ),
    Aws("elbv2:CreateTargetGroupInput.HealthCheckPath"),
]
HostPattern = Annotated[
    str,
    Check(
        ELB12,
        lambda host: bool(re.fullmatch(r"[A-Za-z0-9\-.*?]{1,128}", host)) and "." in host,
        lambda _: {"expected": "a host pattern such as fraud.acme.test or *.acme.test"},
    ),
]

# Rules of routes that catch everything come after all others.
_FIRST_SPECIFIC, _FIRST_CATCHALL, _SPAN = 1, 45_001, 45_000


def certificate_problems(context: Context, field: str, arn: str) -> Iterator[Problem]:
    """A certificate of another account or Region in a field."""
    _, _, _, region, account, _ = arn.split(":", 5)
    if (region, account) != (context.region, context.account):
        example = context.arn("acm", "certificate/12345678-1234-1234-1234-123456789012")
        yield ELB9.problem(field, got=arn, example=example)


class AccessLogs(Spec):
    """Access logs in a bucket of their own."""

    expire_days: (
        Annotated[int, Between(ELB16, 1, 3650), Aws("s3:LifecycleExpiration.Days")] | None
    ) = 365
    """Days that they are kept. Default: 365; `None` keeps them for good."""

    connections: bool = False
    """Whether there is also a log of clients' TLS connections, in the same bucket. Default: False."""


class LoadBalancerOptions(Spec):
    """How a load balancer treats requests, where it is not as AWS does by itself."""

    http2: bool = True
    """Whether clients may use HTTP/2. Default: True."""

    keep_alive_seconds: Annotated[
        int, Between(ELB22, 60, 604_800), Aws("elbv2:LoadBalancerAttribute.Value")
    ] = 3600
    """The longest that a client's connection is kept, from 60 to 604,800. Default: 3600."""

    preserve_host: bool = False
    """Whether services get the `Host` header as the client wrote it, with its port. Default:
    False."""

    forwarded_for: Annotated[
        Literal["append", "preserve", "remove"], Aws("elbv2:LoadBalancerAttribute.Value")
    ] = "append"
    """What becomes of the `X-Forwarded-For` header: the client's address is appended, the header
    stays as it is, or it goes. Default: append."""

    client_port: bool = False
    """Whether `X-Forwarded-For` has the client's port too. Default: False."""

    tls_headers: bool = False
    """Whether services get the TLS version and cipher of the client in the headers
    `x-amzn-tls-version` and `x-amzn-tls-cipher-suite`. Default: False."""

    waf_fail_open: bool = False
    """Whether requests pass when AWS WAF does not answer. Default: False, they are refused."""

    zonal_shift: bool = False
    """Whether Amazon Application Recovery Controller may lead traffic away from a zone. Default:
    False."""


def group_name(context: Context, name: str) -> str:
    """The name of the security group of a load balancer."""
    return context.name(name, "load-balancer")


def log_bucket(context: Context, name: str) -> str:
    """The name of the bucket of a load balancer's access logs."""
    return context.bucket(name, "access-logs")


def target_groups(
    context: Context, service: str, colors: Sequence[str], *, by_grpc: bool = False
) -> list[str]:
    """The names of the target groups of a service: of one, or of one in each color.

    By gRPC they have other names, as a group that is in use cannot be replaced by one of its name.
    """
    grpc = "grpc" if by_grpc else ""
    return [balanced(context, service, *filter(None, [color, grpc])) for color in colors or ("",)]


class RestrictedListener(Spec):
    """A further listener, on a port of its own, that only those reach who are named."""

    port: Annotated[int, Between(ELB34, 1, 65_535), Aws("elbv2:CreateListenerInput.Port")]
    """Its port, such as 8443."""

    allowed_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """The networks that may connect. Default: none."""

    allowed_groups: Many[GroupId] = ()
    """The security groups that may connect, such as that of a hook's function. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Somebody may connect, and not everybody."""
        if not self.allowed_cidrs and not self.allowed_groups:
            yield ELB32.problem(
                "allowed_cidrs", wrong="must say who may connect, here or in allowed_groups"
            )
        for index, cidr in enumerate(self.allowed_cidrs):
            if cidr == "0.0.0.0/0":
                wrong = "is everybody; name the networks that test"
                yield ELB32.problem("allowed_cidrs", index, got=cidr, wrong=wrong)


class LoadBalancer(Overridable, Billed, Drawn, Named):
    """An Application Load Balancer that services share: HTTPS, internal by default."""

    words = "load balancer"
    elsewhere: ClassVar[Mapping[str, str]] = {
        "internet_facing": "internal=False",
        "scheme": "internal=False, or nothing: it is internal",
        "security_groups": "allowed_cidrs=[...]: it has a security group of its own",
    }

    certificate: CertificateArn | None
    """The ACM certificate of its HTTPS listener; `None` is plain HTTP on port 80, which only an
    internal load balancer may have."""

    more_certificates: Many[CertificateArn] = ()
    """Certificates for further host names. Default: none."""

    internal: bool = True
    """Whether it is reached from inside the VPC only. Default: True."""

    allowed_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Who may connect. Default: the VPC; required when it faces the internet."""

    ssl_policy: Annotated[
        Literal[
            "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
            "ELBSecurityPolicy-TLS13-1-3-2021-06",
            "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
        ],
        Aws("elbv2:CreateListenerInput.SslPolicy"),
    ] = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    """The TLS policy. Default: TLS 1.2 and 1.3."""

    idle_timeout_seconds: Annotated[
        int, Between(ELB6, 1, 4000), Aws("elbv2:LoadBalancerAttribute.Value")
    ] = 60
    """Seconds that a request may take until the load balancer gives up. Default: 60, as
    SageMaker allows."""

    access_logs: AccessLogs | None = AccessLogs()
    """Access logs. Default: kept for 365 days; `None` turns them off."""

    web_acl: WebAclArn | None = None
    """A WAF web ACL in front of it. Default: none."""

    options: LoadBalancerOptions = LoadBalancerOptions()
    """How it treats requests. Default: as AWS does by itself."""

    test_listener: RestrictedListener | None = None
    """A listener with the same certificates, by which services with
    `EcsDeployment(test_traffic=True)` show their new tasks before others get them. Default: none."""

    records: dict[RecordName, HostedZone] = {}
    """DNS names that lead to it, each with the hosted zone of Route 53 that gets the record, such as
    `{"fraud.acme.test": HostedZone(name="acme.test")}`. Default: none."""

    @property
    def in_vpc(self) -> bool:
        """It has addresses in subnets of the VPC."""
        return True

    @property
    def reached_from(self) -> str:
        """The VPC, or the internet."""
        return "VPC" if self.internal else "internet"

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its security group and its log bucket."""
        context = place.environment.context
        yield Name("aws_lb", balanced(context, place.name))
        yield Name("aws_security_group", group_name(context, place.name))
        for name, zone in self.records.items():
            yield Name("aws_route53_record", name, within=zone.id or str(zone.name))
        if self.access_logs is not None:
            yield Name("aws_s3_bucket", log_bucket(context, place.name))

    def uses(self, place: Place) -> Iterator[Usage]:
        """A load balancer, without its capacity units."""
        addresses = place.public_addresses(internal=self.internal)
        yield from of_balancer("elb/application", addresses=addresses)

    def check(self) -> Iterator[Problem]:
        """What faces the internet says who may connect."""
        if not self.internal and not self.allowed_cidrs:
            missing = "must say who may connect when the load balancer faces the internet"
            yield ELB10.problem("allowed_cidrs", missing=missing)
        for name, zone in self.records.items():
            yield from (problem.under("records", name) for problem in zone.problems_of(name))
        if self.certificate is None:
            if not self.internal:
                yield ELB20.problem("internal", got=False, expected="True")
            if self.more_certificates:
                yield ELB20.problem("more_certificates", expected="left out")

        if self.test_listener is not None and self.test_listener.port == self.port:
            wrong = "is the port of the other listener; use another, such as 8443"
            yield ELB32.problem("test_listener", "port", got=self.port, wrong=wrong)

    @property
    def port(self) -> int:
        """The port of its listener."""
        return 443 if self.certificate else 80

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The certificates are the environment's own."""
        for field, arns in (
            ("certificate", (self.certificate,) if self.certificate else ()),
            ("more_certificates", self.more_certificates),
        ):
            for arn in arns:
                yield from certificate_problems(context, field, arn)


class ExistingLoadBalancer(Drawn):
    """An Application Load Balancer that somebody else made, to whose listener services add rules.

    Neither it nor its listener, its other rules and its security group are changed.
    """

    words = "load balancer that exists"

    listener: ListenerArn
    """The ARN of its listener, HTTPS or, inside the VPC, HTTP."""

    security_group: GroupId
    """A security group of the load balancer, from which services take requests. It must let requests
    out to them."""

    test_listener: ListenerArn | None = None
    """The ARN of a listener of the same load balancer, by which services with
    `EcsDeployment(test_traffic=True)` show their new tasks before others get them. Default: none."""

    @property
    def in_vpc(self) -> bool:
        """It has addresses in subnets of the VPC."""
        return True

    def check(self) -> Iterator[Problem]:
        """Both listeners are of one load balancer, and not the same."""
        test = self.test_listener
        if test is None:
            return
        if test == self.listener:
            yield ELB32.problem("test_listener", got=test, wrong="is listener; name another")
        elif test.rpartition("/")[0] != self.listener.rpartition("/")[0]:
            wrong = "is of another load balancer than listener; name one of the same"
            yield ELB32.problem("test_listener", got=test, wrong=wrong)

    @property
    def suffix(self) -> str:
        """The end of the load balancer's ARN, `app/…`, as CloudWatch and scaling name it."""
        match = _LISTENER.fullmatch(self.listener)
        assert match is not None
        return match[1]

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The listener is of the environment's account and Region."""
        own = context.arn("elasticloadbalancing", "")
        if not self.listener.startswith(own):
            example = f"{own}listener/app/shared/1a2b3c4d5e6f7890/0a1b2c3d4e5f6789"
            yield ELB30.problem("listener", got=self.listener, example=example)


def _are_codes(text: str) -> bool:
    if not re.fullmatch(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*", text, re.ASCII):
        return False
    ranges = [[int(code) for code in part.split("-")] for part in text.split(",")]
    return all(200 <= each[0] <= each[-1] <= 499 for each in ranges)


def _are_grpc_codes(text: str) -> bool:
    if not re.fullmatch(r"\d{1,2}(-\d{1,2})?(,\d{1,2}(-\d{1,2})?)*", text, re.ASCII):
        return False
    ranges = [[int(code) for code in part.split("-")] for part in text.split(",")]
    return all(each[0] <= each[-1] for each in ranges)


class _Counted(Spec):
    """How often a health check asks, and how many answers it takes."""

    interval_seconds: Annotated[
        int, Between(ELB4, 5, 300), Aws("elbv2:CreateTargetGroupInput.HealthCheckIntervalSeconds")
    ] = 15
    """Seconds between two checks. Default: 15."""

    timeout_seconds: Annotated[
        int, Between(ELB4, 2, 120), Aws("elbv2:CreateTargetGroupInput.HealthCheckTimeoutSeconds")
    ] = 5
    """Seconds for one answer. Default: 5."""

    healthy_threshold: Annotated[
        int, Between(ELB4, 2, 10), Aws("elbv2:CreateTargetGroupInput.HealthyThresholdCount")
    ] = 2
    """Good answers that make a task healthy. Default: 2."""

    unhealthy_threshold: Annotated[
        int, Between(ELB4, 2, 10), Aws("elbv2:CreateTargetGroupInput.UnhealthyThresholdCount")
    ] = 3
    """Bad answers that make a task unhealthy. Default: 3."""

    def check(self) -> Iterator[Problem]:
        """The timeout must be shorter than the interval."""
        if self.timeout_seconds >= self.interval_seconds:
            yield ELB18.problem(
                "timeout_seconds", got=self.timeout_seconds, interval=self.interval_seconds
            )


class HealthCheck(_Counted):
    """The target group's health check."""

    path: HealthPath = "/ping"
    """What is asked for. Default: `/ping`, as the container contract has it."""

    codes: Annotated[str, Check(ELB23, _are_codes), Aws("elbv2:Matcher.HttpCode")] = "200"
    """The status codes of good answers: `200,202` or `200-299`, from 200 to 499. Default: 200, as
    the container contract has it."""


class GrpcHealthCheck(_Counted):
    """The health check of a target group whose tasks speak gRPC."""

    path: Annotated[
        str,
        Check(
            ELB12,
            lambda path: bool(re.fullmatch(r"/[\w.]+/\w+", path, re.ASCII)) and len(path) <= 1024,
            lambda _: {"expected": "a method such as /grpc.health.v1.Health/Check"},
        ),
        Aws("elbv2:CreateTargetGroupInput.HealthCheckPath"),
    ] = "/grpc.health.v1.Health/Check"
    """The method that is called. Default: `/grpc.health.v1.Health/Check`, of gRPC's health checking
    protocol."""

    codes: Annotated[str, Check(ELB38, _are_grpc_codes), Aws("elbv2:Matcher.GrpcCode")] = "0"
    """The status codes of good answers: `0,12` or `0-99`. Default: 0, which is OK; with 12,
    UNIMPLEMENTED, a server without the method is healthy too."""


def _text(pattern: str, wrong: str, remedy: str) -> Check:
    return Check(
        ELB21,
        lambda text: bool(re.fullmatch(pattern, text, re.ASCII)),
        lambda _: {"wrong": wrong, "remedy": remedy},
    )


_HeaderName = Annotated[
    str,
    _text(
        r"(?!(?i:host)$)[!#$%&'*+.^_`|~\w-]{1,40}",
        "is no header that a rule compares",
        "write at most 40 characters, such as X-Model; for Host, hosts of the route",
    ),
    Aws("elbv2:HttpHeaderConditionConfig.HttpHeaderName"),
]
_HeaderValue = Annotated[
    str,
    _text(r"[ -~]{1,128}", "is no value of a header", "write 1 to 128 characters of ASCII"),
    Aws("elbv2:HttpHeaderConditionConfig.Values"),
]
_QUERY = (r"[!-~]{1,128}", "is no part of a query", "write 1 to 128 characters of ASCII")


class RouteConditions(Spec):
    """What a request must have beside host and path, for a route to get it: all of it."""

    headers: dict[_HeaderName, Many[_HeaderValue]] = {}
    """Values of headers by name, of which the request has one: `{"X-Model": ["v2", "beta-*"]}`. `*`
    and `?` are allowed in values. Default: any."""

    query: dict[
        Annotated[str, _text(*_QUERY), Aws("elbv2:QueryStringKeyValuePair.Key")],
        Annotated[str, _text(*_QUERY), Aws("elbv2:QueryStringKeyValuePair.Value")],
    ] = {}
    """Parameters of the query by name, of which the request has one: `{"model": "v2"}`. `*` and `?`
    are allowed in values. Default: any."""

    source_cidrs: Annotated[Cidrs, Aws("elbv2:SourceIpConditionConfig.Values")] = ()
    """Where the request comes from, as the load balancer sees it. Default: anywhere."""

    def check(self) -> Iterator[Problem]:
        """Each header has a value, and stands once."""
        seen: set[str] = set()
        for name, values in self.headers.items():
            if not values:
                yield ELB21.problem(
                    "headers", name, got=values, wrong="has no value", remedy="write one"
                )
            if name.lower() in seen:
                remedy = "write its values together"
                yield ELB21.problem("headers", name, wrong="stands twice", remedy=remedy)
            seen.add(name.lower())

    @property
    def values(self) -> tuple[str, ...]:
        """Every value that a rule compares with, so that two equal conditions have equal ones."""
        return (
            *sorted(
                f"header {name.lower()} {each}"
                for name in self.headers
                for each in self.headers[name]
            ),
            *sorted(f"query {name} {value}" for name, value in self.query.items()),
            *sorted(f"source {cidr}" for cidr in self.source_cidrs),
        )


class Route(Spec):
    """A service's place behind a shared load balancer: which requests it gets."""

    load_balancer: ShortName
    """The load balancer, a key of `ecs.load_balancers`."""

    hosts: Annotated[Many[HostPattern], Aws("elbv2:HostHeaderConditionConfig.Values")] = ()
    """Host names, `*` and `?` allowed. Default: any."""

    paths: Annotated[Many[PathPattern], Aws("elbv2:PathPatternConditionConfig.Values")] = ()
    """Paths, `*` and `?` allowed. Default: any. The container gets the path as it is, so a
    service that shares a host name answers below its own prefix, or `strip_prefix` is set."""

    priority: (
        Annotated[int, Between(ELB13, 1, 50_000), Aws("elbv2:CreateRuleInput.Priority")] | None
    ) = None
    """Which rule is asked first; the lowest is. Default: one is derived from the hosts and
    paths, those without any path but `/*` last."""

    strip_prefix: str | None = None
    """A path prefix such as `/fraud` that the load balancer takes off. Needs hashicorp/aws 6.19
    or newer, so not on the emulator. Default: the path is left alone."""

    protocol_version: Annotated[
        Literal["HTTP1", "GRPC"], Aws("elbv2:CreateTargetGroupInput.ProtocolVersion")
    ] = "HTTP1"
    """What tasks speak: HTTP/1.1, or gRPC, whose calls are spread one by one. Default: HTTP1. Another one
    makes another target group."""

    health_check: Annotated[HealthCheck | GrpcHealthCheck | None, OneOf()] = None
    """How a task is found healthy. Default: `GET /ping` every 15 seconds; with GRPC a call of
    `/grpc.health.v1.Health/Check`."""

    grace_seconds: GraceSeconds = 120
    """Seconds after its start in which a task's failing health checks are ignored. Default:
    120; loading a large model needs more."""

    deregistration_delay_seconds: DeregistrationSeconds = 60
    """Seconds that a task which goes may finish its requests. Default: 60."""

    slow_start_seconds: Annotated[
        int,
        Check(
            ELB19,
            lambda value: value == 0 or 30 <= value <= 900,
            lambda _: {"expected": "0, or from 30 to 900 seconds"},
        ),
        Aws("elbv2:TargetGroupAttribute.Value"),
    ] = 0
    """Seconds in which a new task's share of the requests grows. Default: 0: at once."""

    algorithm: Annotated[
        Literal["least_outstanding_requests", "round_robin"],
        Aws("elbv2:TargetGroupAttribute.Value"),
    ] = "least_outstanding_requests"
    """How requests are spread. Default: to the task with the fewest in flight."""

    more_conditions: RouteConditions = RouteConditions()
    """What a request must also have: headers, parameters or where it comes from. Needs `priority`, as
    the rule is to be asked before those of its host and path without more. Default: nothing."""

    sticky_seconds: (
        Annotated[int, Between(ELB22, 0, 604_800), Aws("elbv2:TargetGroupAttribute.Value")] | None
    ) = None
    """Seconds for which a client comes back to the same task, by a cookie, as it holds something of a
    session; up to 604,800. 0 ends it where it was: leaving it out changes nothing. Default: None,
    each request goes to any task."""

    def check(self) -> Iterator[Problem]:
        """At least one condition, and no more than a rule takes."""
        more = self.more_conditions.values
        if not 1 <= len(self.hosts) + len(self.paths) + len(more) <= 5:
            yield ELB11.problem("paths")
        if more and self.priority is None:
            wrong, remedy = "needs a priority", "write one below that of the route without it"
            yield ELB21.problem("more_conditions", wrong=wrong, remedy=remedy)
        prefix = self.strip_prefix
        if prefix is not None and not re.fullmatch(r"(/[\w-]+)+", prefix, re.ASCII):
            yield ELB12.problem("strip_prefix", got=prefix, expected="a path prefix such as /fraud")
        checks_grpc = isinstance(self.health_check, GrpcHealthCheck)
        if self.health_check is not None and checks_grpc is not self.by_grpc:
            expected = "GrpcHealthCheck(...)" if self.by_grpc else "HealthCheck(...)"
            yield ELB39.problem("health_check", expected=expected, version=self.protocol_version)
        if self.algorithm != "round_robin" and self.slow_start_seconds:
            expected = "0 unless algorithm is round_robin"
            yield ELB19.problem(
                "slow_start_seconds", got=self.slow_start_seconds, expected=expected
            )

    @property
    def by_grpc(self) -> bool:
        """Whether tasks speak gRPC."""
        return self.protocol_version == "GRPC"

    @property
    def looked_at_by(self) -> HealthCheck | GrpcHealthCheck:
        """How a task is found healthy."""
        return self.health_check or (GrpcHealthCheck() if self.by_grpc else HealthCheck())

    @property
    def conditions(self) -> tuple[tuple[str, ...], ...]:
        """What two routes of one load balancer may not share."""
        more = self.more_conditions.values
        return tuple(sorted(self.hosts)), tuple(sorted(self.paths)), *([more] if more else [])

    @property
    def rule_priority(self) -> int:
        """`priority`, or one that depends on the hosts and paths alone."""
        if self.priority is not None:
            return self.priority
        digest = int(short_hash(self.conditions), 16)
        if all(path == "/*" for path in self.paths) and not self.hosts:
            return 50_000
        if all(path == "/*" for path in self.paths):
            return _FIRST_CATCHALL + digest % (50_000 - _FIRST_CATCHALL)
        return _FIRST_SPECIFIC + digest % _SPAN
