"""Application Load Balancers: the balancer, its listeners and rules, and target groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from inferform import EcsOutputs, ExistingLoadBalancer, Route
from inferform.ecs.checks import listener_of
from inferform.usage import BALANCERS, Usage, of_balancer

from ..aws import Aws
from ..checks import CERTIFICATE, CONFIGURATION, HEALTH, LOAD_BALANCER
from ..plan import Action, Change, Plan, Side, dig
from ..told import Story
from . import closed, weaker
from .finding import given, pairs
from .prices import products
from .reasons import (
    part,
    resource,
)
from .record import (
    Existing,
    Finding,
    Foreign,
    Found,
    Not,
    Outcome,
    Values,
    Verifier,
    risk,
)
from .risks import ROLL1, exposed, protection
from .stories import name_of, told_when_gone
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .words import PAST, forced, some

# Finding


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    found = aws.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return pairs(found[0]["Tags"]) if found else {}


def _load_balancer(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for found in aws.client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"]:
        arn = found["LoadBalancerArn"]
        status = "CREATING" if found["State"]["Code"] == "provisioning" else ""
        yield Existing(arn, _tags(aws, arn), status)


def _listener(aws: Aws, values: Values) -> Iterator[Existing]:
    balancer, port = given(values, "load_balancer_arn"), int(given(values, "port"))
    pages = aws.client("elbv2").get_paginator("describe_listeners")
    for page in pages.paginate(LoadBalancerArn=balancer):
        for found in page["Listeners"]:
            if found["Port"] == port:
                arn = found["ListenerArn"]
                yield Existing(arn, _tags(aws, arn))


def _listener_rule(aws: Aws, values: Values) -> Iterator[Existing]:
    listener, priority = given(values, "listener_arn"), given(values, "priority")
    pages = aws.client("elbv2").get_paginator("describe_rules")
    for page in pages.paginate(ListenerArn=listener):
        for found in page["Rules"]:
            if found["Priority"] == priority:
                arn = found["RuleArn"]
                yield Existing(arn, _tags(aws, arn))


def _target_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for found in aws.client("elbv2").describe_target_groups(Names=[name])["TargetGroups"]:
        arn = found["TargetGroupArn"]
        yield Existing(arn, _tags(aws, arn))


_RECORD_GONE = told_when_gone("DNS record", "every request to this name", "name")


def _record_story(plan: Plan, record: Change) -> Iterator[Story]:
    """A record that only validates a certificate has no requests."""
    if not closed.validates(record.before):
        yield from _RECORD_GONE(plan, record)


def _record(aws: Aws, values: Values) -> Iterator[Existing]:
    """A record that leads to a load balancer; it has the load balancer's tags, as it has none."""
    zone, name, kind = (given(values, key) for key in ("zone_id", "name", "type"))
    alias = str(dig(values, "alias", "name") or "").rstrip(".")
    found = aws.any_client("route53").list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )["ResourceRecordSets"]
    for record in found:
        said = record["Name"].rstrip(".").replace(r"\052", "*")
        leads = str(dig(record, "AliasTarget", "DNSName") or "").rstrip(".")
        if (said, record["Type"], leads) != (name, kind, alias):
            continue
        for page in aws.client("elbv2").get_paginator("describe_load_balancers").paginate():
            for balancer in page["LoadBalancers"]:
                if balancer["DNSName"] == alias:
                    tags = _tags(aws, balancer["LoadBalancerArn"])
                    yield Existing(f"{zone}_{name}_{kind}", tags)


# Review


def _hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A load balancer, without its capacity units, with the addresses that AWS gives it. An address that
    is brought is a resource of its own."""
    values = change.at(side)
    kind = values.get("load_balancer_type") or "application"
    subnets = values.get("subnets") or plan.referred(change, "subnets")
    mapped = values.get("subnet_mapping") or ()
    given = sum(not each.get("allocation_id") for each in mapped)
    is_public = (
        kind in ("application", "network")
        and values.get("internal") is not True
        and not hidden(change, "internal", side=side)
        and values.get("ip_address_type") != "dualstack-without-public-ipv4"
    )
    addresses = max(given, len(subnets)) if is_public else 0
    yield from of_balancer(f"elb/{kind}", addresses=addresses)
    if is_public and not mapped and not subnets and not plan.is_resolved(change, "subnets"):
        yield not_told(f"addresses of {change.address}", BALANCERS, side, same=False)


def _balancer_story(plan: Plan, change: Change) -> Iterator[Story]:
    """A load balancer, which has another DNS name once it is replaced."""
    if not change.is_shown:
        return
    name = name_of(change, "name")
    gone = change.action in (Action.DELETE, Action.REPLACE)
    because = f" because of {forced(change)}" if change.action is Action.REPLACE else ""
    interrupted = "every request to the services behind it" if gone else ""
    if change.action is Action.REPLACE:
        interrupted += ", until DNS names that point to it are changed"
    yield Story(
        kind="load balancer",
        name=name,
        address=change.address,
        action=change.action.value,
        headline=f"{name} is {PAST[change.action]}{because}",
        interrupted=interrupted,
    )


@risk(ROLL1)
def _weights(plan: Plan, change: Change) -> Iterator[Found]:
    attribute = "action" if change.type.endswith("rule") else "default_action"
    if change.action is not Action.UPDATE:
        return
    before, after = (_weights_of(values) for values in change.both(attribute))
    if not all(arn for arn, _ in (*before, *after)):
        before, after = ([(str(n), w) for n, (_, w) in enumerate(held)] for held in (before, after))
    if before and after and _shares(before) != _shares(after):
        said = (":".join(str(weight) for _, weight in held) for held in (before, after))
        yield "changes weights from {} to {}".format(*said)


def _weights_of(actions: Any) -> list[tuple[str, int]]:
    """The weights of the target groups that an action forwards to, with their ARNs where known."""
    targets = [
        target
        for action in actions or ()
        for target in dig(action, "forward", "target_group") or ()
        if isinstance(target, dict)
    ]
    weights = [(str(each.get("arn") or ""), each.get("weight")) for each in targets]
    return [(arn, weight) for arn, weight in weights if isinstance(weight, int)]


def _shares(held: list[tuple[str, int]]) -> dict[str, float]:
    """The share of the traffic of each target group that gets any."""
    total = sum(weight for _, weight in held)
    return {name: weight / total for name, weight in held if weight}


# Preflight and verify


def _certificates(synthesis: Synthesis, listeners: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the certificates of listeners are issued, in the environment's Region."""
    arns = {str(listener.values.get("certificate_arn", "")) for listener in listeners}
    for arn in sorted(arns):
        if "${" not in arn and ":acm:" in arn:
            yield certificate(synthesis, arn)


def certificate(synthesis: Synthesis, arn: str) -> Finding:
    """Whether a certificate is issued, in the environment's Region."""
    fix = "write the ARN of a certificate of this account and Region that is issued"
    region = synthesis.context.region
    if arn.split(":")[3] != region:
        return Finding(CERTIFICATE, arn, "failed", f"is not in {region}", fix)
    status = _status(synthesis.aws, arn)
    if not status:
        return Finding(CERTIFICATE, arn, "failed", "does not exist", fix)
    if status != "ISSUED":
        return Finding(CERTIFICATE, arn, "failed", f"is {status}", fix)
    return Finding(CERTIFICATE, arn, "passed", "is issued")


def _status(aws: Aws, certificate: str) -> str:
    """ACM's word for the status of a certificate; empty where it does not exist."""
    try:
        answer = aws.client("acm").describe_certificate(CertificateArn=certificate)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return ""
    return str(answer["Certificate"].get("Status", ""))


def _rules(synthesis: Synthesis, rules: Sequence[Resource]) -> Iterator[Finding]:
    """Whether listeners that exist take the rules that services add to them."""
    by_listener: dict[str, list[Resource]] = {}
    for each in rules:
        by_listener.setdefault(str(each.values.get("listener_arn", "")), []).append(each)
    for arn, added in sorted(by_listener.items()):
        if arn.startswith("arn:"):
            found = list(_Listener(synthesis, arn).problems(added))
            said = "exists in the environment's VPC, and takes the rules"
            yield from found or [Finding(LOAD_BALANCER, arn, "passed", said)]


class _Listener:
    """A listener that somebody else made."""

    def __init__(self, synthesis: Synthesis, arn: str) -> None:
        self._synthesis = synthesis
        self._elb = synthesis.aws.client("elbv2")
        self._arn = arn

    def problems(self, rules: Sequence[Resource]) -> Iterator[Finding]:
        """What is wrong, or not known."""
        try:
            (listener,) = self._elb.describe_listeners(ListenerArns=[self._arn])["Listeners"]
            balancer = self._elb.describe_load_balancers(
                LoadBalancerArns=[listener["LoadBalancerArn"]]
            )["LoadBalancers"][0]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("ListenerNotFound", "LoadBalancerNotFound"):
                raise
            yield self._found("failed", "does not exist", "check its ARN")
            return
        public = balancer.get("Scheme") == "internet-facing"
        if listener["Protocol"] != "HTTPS" and public:
            said = f"takes {listener['Protocol']} from the internet, which anybody on the way reads"
            yield self._found("failed", said, "name an HTTPS listener")
        yield from self._network(str(balancer.get("VpcId")), balancer.get("SecurityGroups", []))
        yield from self._taken(rules)

    def _found(self, outcome: Outcome, found: str, fix: str = "") -> Finding:
        return Finding(LOAD_BALANCER, self._arn, outcome, found, fix)

    def _network(self, vpc: str, groups: Sequence[str]) -> Iterator[Finding]:
        own = self._synthesis.output("network", "vpc_id")
        if not isinstance(own, str):
            yield self._found("skipped", f"is in {vpc}; which VPC services will be in is not known")
        elif vpc != own:
            fix = "name a load balancer of the VPC that the services are in"
            yield self._found("failed", f"is in {vpc}, but the services are in {own}", fix)
        for group in self._given_groups():
            if group not in groups:
                said = f"has not the security group {group}, but {some(sorted(groups)) or 'none'}"
                yield self._found("failed", said, "name one of the load balancer's own groups")
            else:
                yield from self._let_out(group)

    def _given_groups(self) -> set[str]:
        ecs = self._synthesis.environment.ecs
        if isinstance(ecs, EcsOutputs):
            names = [name for name, arn in ecs.listener_arns.items() if arn == self._arn]
            return {ecs.load_balancer_groups[name] for name in names}
        balancers = ecs.load_balancers.values() if ecs is not None else ()
        return {
            each.security_group
            for each in balancers
            if isinstance(each, ExistingLoadBalancer) and each.listener == self._arn
        }

    def _let_out(self, group: str) -> Iterator[Finding]:
        """The load balancer's group lets requests out to containers."""
        held = self._synthesis.aws.client("ec2").describe_security_groups(GroupIds=[group])
        rules = held["SecurityGroups"][0]["IpPermissionsEgress"]
        for port in sorted(self._ports()):
            if not any(_is_open(rule, port) for rule in rules):
                fix = f"let its owner allow TCP {port} out, to the VPC"
                yield self._found("failed", f"{group} lets no request out to port {port}", fix)

    def _ports(self) -> set[int]:
        """The ports of the containers behind it."""
        environment = self._synthesis.environment
        assert environment.ecs is not None
        return {
            service.container.port
            for service in environment.services.values()
            if isinstance(service.route, Route)
            and listener_of(service.route, environment.ecs) == self._arn
        }

    def _taken(self, rules: Sequence[Resource]) -> Iterator[Finding]:
        """No other rule of the listener has the priority of one that is added."""
        states = self._synthesis.states.values()
        own = {
            held.get("arn") for state in states for held in state.of_type("aws_lb_listener_rule")
        }
        pages = self._elb.get_paginator("describe_rules").paginate(ListenerArn=self._arn)
        others = {
            each["Priority"]: each["RuleArn"]
            for page in pages
            for each in page["Rules"]
            if each["RuleArn"] not in own
        }
        for rule in rules:
            priority = str(rule.values.get("priority"))
            if priority in others:
                said = (
                    f"has the priority {priority} in use, by {others[priority].rpartition('/')[2]}"
                )
                fix = "give the service's route another priority"
                yield self._found("failed", said, fix)


def _is_open(rule: Mapping[str, Any], port: int) -> bool:
    """Whether a rule of a security group lets TCP to a port out, to wherever it says."""
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] in ("tcp", "6") and rule["FromPort"] <= port <= rule["ToPort"]


class _LoadBalancer(Verifier):
    """Whether a load balancer is active, and its listeners have certificates that are valid."""

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        elb = self.run.aws.client("elbv2")
        arn = str(self.values["arn"])
        try:
            found = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "LoadBalancerNotFound":
                raise
            found = []
        if not found:
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        yield self.finding(CONFIGURATION, "passed", "exists")
        pages = elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)
        listeners = [listener for page in pages for listener in page["Listeners"]]
        # Those of a Network Load Balancer come with the services, each with its port.
        by_port = found[0].get("Type") == "network"
        wrong = [*self._state(found[0]), *self._listeners(listeners, by_port)]
        if wrong:
            fix = "renew the certificate in ACM, or name another one in LoadBalancer.certificate"
            yield self.finding(HEALTH, "failed", "; ".join(wrong), fix)
            return
        secured = any(listener.get("Certificates") for listener in listeners)
        text = "is active, with a valid certificate" if secured else "is active, in plain HTTP"
        if by_port:
            text = f"is active, with {len(listeners)} ports"
        yield self.finding(HEALTH, "passed", text)

    @staticmethod
    def _state(found: Mapping[str, Any]) -> Iterator[str]:
        state = found.get("State", {})
        if state.get("Code") not in ("active", "active_impaired"):
            yield f"is {state.get('Code')}: {state.get('Reason', 'no reason given')}"

    def _listeners(self, listeners: Sequence[Mapping[str, Any]], by_port: bool) -> Iterator[str]:
        if not listeners and not by_port:
            yield "has no listener"
        for listener in listeners:
            for certificate in listener.get("Certificates", []):
                named = str(certificate["CertificateArn"])
                # One of IAM has no status: it is there as long as a listener uses it.
                status = _status(self.run.aws, named) if ":acm:" in named else "ISSUED"
                if status != "ISSUED":
                    what = f"is {status}" if status else "does not exist"
                    yield f"the certificate of port {listener['Port']} {what} ({named})"

    def served(self) -> Iterator[str]:
        """A load balancer runs nothing by itself."""
        return iter(())


# Records

_INTERNAL = exposed("internal", False)

KINDS = (
    resource(
        "aws_lb",
        "load balancer",
        _load_balancer,
        name="name",
        outage=True,
        uses=_hours,
        quotas=Not("a Region allows 50 by default, and an environment has a few"),
        addresses=Not("it takes up to 8 addresses of a subnet, as its traffic asks for them"),
        story=_balancer_story,
        risks=(_INTERNAL, *weaker.BALANCER),
        settings={"access_logs": "access logs"},
        verify=_LoadBalancer,
    ),
    resource(
        "aws_lb_listener",
        "listener",
        _listener,
        name=Not("a load balancer has each port once"),
        outage=True,
        preflight=_certificates,
        story=told_when_gone("listener", "every request to this port", "port"),
        risks=(_weights, *weaker.LISTENER),
        verify=Not("its load balancer is verified, with the certificate"),
    ),
    resource(
        "aws_lb_listener_rule",
        "listener rule",
        _listener_rule,
        name=Not("a listener has each priority once"),
        preflight=_rules,
        owned=Not("modules ignore the target group of a rule that CodeDeploy moves"),
        story=Not("the service that it leads to is told"),
        risks=(_weights, *weaker.LISTENER_RULE),
        verify=Not("the service that it leads to is verified"),
    ),
    resource(
        "aws_lb_target_group",
        "target group",
        _target_group,
        name="name",
        story=Not("the service whose tasks it holds is told"),
        risks=weaker.TARGET_GROUP,
        verify=Not("its targets are verified with the service whose tasks they are"),
    ),
    resource(
        "aws_route53_record",
        "DNS record",
        _record,
        name=Not("a hosted zone has each name once"),
        risks=closed.DNS_RECORD,
        uses=Not("an alias of a load balancer and its queries are free"),
        story=_record_story,
        verify=Not("its load balancer is verified"),
    ),
    part(
        "aws_lb_listener_certificate",
        "further certificate of a listener",
        "aws_lb_listener",
        "adding a certificate that the listener has succeeds and changes nothing",
    ),
    part(
        "aws_wafv2_web_acl_association",
        "web ACL of a load balancer",
        "aws_lb",
        "associating a web ACL takes the place of the association that is there",
        risks=(protection("aws_lb", "resource_arn"),),
    ),
)
FOREIGN = (
    Foreign(
        "aws_alb",
        "load balancer",
        outage=True,
        uses=_hours,
        story=_balancer_story,
        risks=(_INTERNAL, *weaker.BALANCER),
    ),
    Foreign("aws_alb_listener", "listener", risks=(_weights, *weaker.LISTENER)),
    Foreign("aws_alb_listener_rule", "listener rule", risks=(_weights, *weaker.LISTENER_RULE)),
    Foreign("aws_alb_target_group", "target group", risks=weaker.TARGET_GROUP),
    Foreign(
        "aws_wafv2_web_acl_logging_configuration",
        "logs of a web ACL",
        risks=(protection("aws_wafv2_web_acl", "resource_arn"),),
    ),
)

PRICES = (
    products(
        "AWSELB",
        r"LoadBalancerUsage",
        "elb/application",
        productFamily="Load Balancer-Application",
    ),
    products("AWSELB", r"LoadBalancerUsage", "elb/network", productFamily="Load Balancer-Network"),
)
