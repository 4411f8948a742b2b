"""Environments of Airflow (MWAA)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from inferform import AirflowEnvironment
from inferform.airflow.names import FOLDER
from inferform.airflow.spec import ENDPOINTS, MICRO
from inferform.usage import Usage, between, by_use, exactly
from inferform.vpc.spec import Network

from ..aws import Aws
from ..checks import CONFIGURATION, check
from ..plan import Action, Change, Plan, Side, number
from ..told import RiskRule, Severity, Story
from . import preflight
from .finding import given
from .reasons import resource
from .record import Existing, Finding, Found, Not, Values, Verifier, risk
from .risks import CAP1, NET2
from .stories import name_of
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .weaker import CAP5
from .words import PAST, arrow, changed_first, forced, some

ENVIRONMENT = "aws_mwaa_environment"
_OBJECT = "aws_s3_object"

WAYS = check(
    "PRE70",
    "network of Airflow",
    command="preflight",
    why="an environment whose workers do not reach AWS, or each other, is waited for for two hours and "
    "more before its creation fails",
    fix="name two private subnets in two zones with a NAT gateway or every endpoint, and a security group "
    "that lets itself in",
    source="Amazon MWAA user guide, about networking; aws-support-tools, verify_env",
)


# Recover


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    found = aws.any_client("mwaa").get_environment(Name=name)["Environment"]
    status = str(found["Status"])
    yield Existing(name, found.get("Tags", {}), status if status == "CREATING" else "")


# Cost


def _hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The environment, and what is more than its price includes."""
    values = change.at(side)
    name = str(values.get("name") or change.name)
    named = ("environment_class", "min_workers", "max_workers", "schedulers")
    if any(hidden(change, each, side=side) for each in named):
        same = change.action in (Action.NONE, Action.FORGET)
        yield not_told(f"the size of {name}", name, side, same=same)
        return
    size = str(values.get("environment_class") or "mw1.small").partition(".")[2]
    fewest = 1 if size == MICRO.partition(".")[2] else 2
    yield Usage(name, f"mwaa/environment/{size}", exactly(1))
    low, high = (number(values.get(f"{side}_workers"), 1) - 1 for side in ("min", "max"))
    if high > 0:
        yield Usage(name, f"mwaa/worker/{size}", between(low, high))
    more = number(values.get("schedulers"), fewest) - fewest
    if more > 0:
        yield Usage(name, f"mwaa/scheduler/{size}", exactly(more))
    low, high = (
        number(values.get(f"{side}_webservers"), fewest) - fewest for side in ("min", "max")
    )
    if high > 0:
        yield Usage(name, f"mwaa/webserver/{size}", between(low, high))
    yield by_use(name, "mwaa/storage")


# Review

_FACTS = {
    "airflow_version": "Airflow",
    "environment_class": "class",
    "schedulers": "schedulers",
    "webserver_access_mode": "web server",
    "weekly_maintenance_window_start": "maintenance",
}

_IN_PLACE = frozenset({"tags", "tags_all", "weekly_maintenance_window_start"})
"""What is changed without new workers, and what Terraform only calculates."""

_FILES = {
    "requirements_s3_object_version": "requirements",
    "plugins_s3_object_version": "plugins",
    "startup_script_s3_object_version": "startup script",
}


def _files(plan: Plan, environment: Change) -> list[tuple[str, str]]:
    """The files of the folder of DAGs that change, as facts."""
    bucket = str(
        environment.after.get("source_bucket_arn") or environment.before.get("source_bucket_arn")
    ).rpartition(":")[2]
    folder = f"{FOLDER}dags/"
    by_action: dict[str, list[str]] = {}
    for each in plan.of_type(_OBJECT):
        values = each.after or each.before
        key = str(values.get("key", ""))
        if each.is_shown and values.get("bucket") == bucket and key.startswith(folder):
            by_action.setdefault(PAST[each.action], []).append(key.removeprefix(folder))
    return [(f"DAG files, {action}", some(sorted(keys))) for action, keys in by_action.items()]


def _workers(values: Values) -> str:
    low, high = values.get("min_workers"), values.get("max_workers")
    return "" if low is None and high is None else f"{low} to {high}"


def _updated(change: Change) -> set[str]:
    """The arguments that an update changes."""
    names = {*change.before, *change.after}
    return {
        name
        for name in names
        if change.is_unknown(name) or change.before.get(name) != change.after.get(name)
    }


def _restarts(change: Change) -> bool:
    """Whether an update replaces schedulers and workers."""
    asked = {name for name in _updated(change) if not change.is_unknown(name) or name in _FILES}
    return change.action is Action.UPDATE and bool(asked - _IN_PLACE)


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    files = _files(plan, change)
    if not change.is_shown and not files:
        return
    name, action = name_of(change, "name"), change.action
    facts = [
        (words, arrow(*(str(each or "") for each in change.both(argument))))
        for argument, words in _FACTS.items()
    ]
    facts.append(("workers", arrow(_workers(change.before), _workers(change.after))))
    updated = _updated(change) if action is Action.UPDATE else set()
    facts += [(words, "change") for argument, words in _FILES.items() if argument in updated]
    if "airflow_configuration_options" in updated:
        facts.append(("options", "change"))
    facts = changed_first([fact for fact in facts if fact[1]])
    headline, interrupted, rollout = f"{name} is {PAST[action]}", "", ""
    if action is Action.NONE:
        headline = f"{name} gets other DAG files"
        rollout = "Airflow reads its folder within a minute; runs continue with what they have read"
        facts = []
    elif action is Action.DELETE:
        interrupted = "every DAG, and its history, variables and connections are lost"
    elif action is Action.REPLACE:
        headline = f"{name} is replaced because of {forced(change)}"
        interrupted = (
            "every DAG for an hour or more, and its history, variables and connections are lost"
        )
    elif _restarts(change):
        interrupted = "tasks that run, as AWS replaces workers without waiting for them"
        rollout = "within the apply, in 20 minutes or more"
    elif action is Action.CREATE:
        rollout = "within the apply, in 20 minutes to 2 hours"
    yield Story(
        kind="Airflow environment",
        name=name,
        address=change.address,
        action=action.value if action is not Action.NONE else "update",
        headline=headline,
        facts=(*files, *facts),
        interrupted=interrupted,
        rollout=rollout,
    )


AFL1 = RiskRule(
    "AFL1",
    Severity.HIGH,
    "an environment of Airflow goes to a version that AWS does not take it to",
    advice="go to 2.11 first, and from there to 3; from another version make a new environment beside it",
)
AFL2 = RiskRule(
    "AFL2",
    Severity.LOW,
    "an environment of Airflow is paid for around the clock",
    advice="compare its price with schedules and events of retrainings and pipelines, which cost nothing "
    "while nothing runs",
)


def _numbers(version: object) -> tuple[int, ...]:
    parts = str(version).split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


@risk(AFL1)
def _no_way(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("airflow_version")
    first, second = _numbers(before), _numbers(after)
    if change.action is Action.UPDATE and first and second and first[0] != second[0]:
        middle = min(first, second)
        if middle[:2] != (2, 11):
            yield f"goes from {before} to {after}, but only 2.11 leads to 3 and back"


@risk(AFL2)
def _always_on(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action is Action.CREATE:
        yield f"is new, with {change.after.get('environment_class')}"


@risk(NET2)
def _public(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("webserver_access_mode")
    if change.is_written and after == "PUBLIC_ONLY" and before != "PUBLIC_ONLY":
        yield "shows its sign-in page to the internet"


@risk(CAP1)
def _fewer(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("max_workers")
    are_counts = isinstance(before, int) and isinstance(after, int)
    if change.action is Action.UPDATE and are_counts and after < before:
        yield f"lowers the most workers from {before} to {after}"


@risk(CAP5)
def _stops_tasks(plan: Plan, change: Change) -> Iterator[Found]:
    if _restarts(change):
        yield "replaces its workers without waiting for tasks that run", Severity.MEDIUM


# Preflight


def _ways(synthesis: Synthesis, environments: Sequence[Resource]) -> Iterator[Finding]:
    """Whether subnets and security groups that somebody else made are as MWAA needs them."""
    for each in environments:
        name = str(each.values.get("name"))
        found = preflight.service_named(synthesis, ENVIRONMENT, name)
        if found is None or not isinstance(found.spec, AirflowEnvironment):
            continue
        given_things = found.spec.existing
        subnets = [*given_things.subnets]
        if not subnets and isinstance(synthesis.environment.network, Network):
            continue  # the Specs have found what is wrong
        if not subnets:
            subnets = [*(synthesis.output("network", "private_subnet_ids") or ())][:2]
        wrong = [*_subnet_problems(synthesis, subnets)]
        wrong += _group_problems(synthesis, given_things.security_groups)
        if wrong:
            yield Finding(WAYS, name, "failed", "; ".join(wrong), WAYS.fix)
        else:
            said = f"{' and '.join(subnets)} are private, in two zones, and lead to AWS"
            yield Finding(WAYS, name, "passed", said)


def _subnet_problems(synthesis: Synthesis, ids: list[str]) -> Iterator[str]:
    ec2 = synthesis.aws.client("ec2")
    try:
        subnets = ec2.describe_subnets(SubnetIds=ids)["Subnets"]
    except ClientError as error:
        yield str(error)
        return
    zones = {each["AvailabilityZone"] for each in subnets}
    if len(zones) < 2:
        yield f"{' and '.join(ids)} are both in {', '.join(zones)}"
    vpc = subnets[0]["VpcId"]
    filters: Any = [{"Name": "vpc-id", "Values": [vpc]}]
    tables = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    made = {
        each["ServiceName"].partition(f"{synthesis.context.region}.")[2]: each
        for each in ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    }
    for subnet in ids:
        table = _table(tables, subnet)
        routes = table.get("Routes", [])
        out = next((r for r in routes if r.get("DestinationCidrBlock") == "0.0.0.0/0"), None)
        if out is not None and str(out.get("GatewayId", "")).startswith("igw-"):
            yield f"{subnet} is public: its routes lead to {out.get('GatewayId')}"
        elif out is None:
            missing = sorted(ENDPOINTS - made.keys())
            held = made.get("s3", {}).get("RouteTableIds", [])
            if table.get("RouteTableId") not in held:
                missing.append("s3 (gateway)")
            if missing:
                yield f"{subnet} has no way out, and its VPC no endpoint {', '.join(missing)}"


def _table(tables: Sequence[Any], subnet: str) -> Any:
    """The route table of a subnet: its own, or the main one."""
    main: Any = {}
    for table in tables:
        for each in table.get("Associations", []):
            if each.get("SubnetId") == subnet:
                return table
            if each.get("Main"):
                main = table
    return main


def _group_problems(synthesis: Synthesis, ids: Sequence[str]) -> list[str]:
    """MWAA's parts talk to each other by one of the groups."""
    if not ids:
        return []
    ec2 = synthesis.aws.client("ec2")
    try:
        groups = ec2.describe_security_groups(GroupIds=[*ids])["SecurityGroups"]
    except ClientError as error:
        return [str(error)]
    for group in groups:
        for rule in group.get("IpPermissions", []):
            pairs = {pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", [])}
            if group["GroupId"] in pairs and rule.get("IpProtocol") == "-1":
                return []
    return [f"none of {', '.join(ids)} lets itself in by every protocol"]


# Verify


class _Environment(Verifier):
    """The checks of an environment. No DAG is started: that costs, and takes its time."""

    def findings(self) -> Iterator[Finding]:
        """It is there, available, and of the state's version and class."""
        mwaa: Any = self.run.aws.any_client("mwaa")
        try:
            found = mwaa.get_environment(Name=self.name)["Environment"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        status, last = found["Status"], found.get("LastUpdate", {})
        failed = last.get("Error", {}).get("ErrorMessage")
        if status != "AVAILABLE" or last.get("Status") == "FAILED":
            said = f"is {status}" + (f": {failed}" if failed else "")
            fix = (
                "read what AWS says, and the log groups of scheduler and worker; then deploy again"
            )
            yield self.finding(CONFIGURATION, "failed", said, fix)
            return
        for field, argument in (
            ("AirflowVersion", "airflow_version"),
            ("EnvironmentClass", "environment_class"),
        ):
            wanted = self.values.get(argument)
            if wanted and found[field] != wanted:
                said = f"has {found[field]}, but the state says {wanted}"
                yield self.finding(CONFIGURATION, "failed", said, "deploy again")
                return
        said = f"Airflow {found['AirflowVersion']} is available at {found['WebserverUrl']}"
        yield self.finding(CONFIGURATION, "passed", said)

    def served(self) -> Iterator[str]:
        """Nothing of yours: what its DAGs start does."""
        yield from ()


def _addresses(synthesis: Synthesis, environment: Resource) -> int:
    """One for each worker, scheduler and web server at the most."""
    counts = ("max_workers", "schedulers", "max_webservers")
    return int(sum(number(environment.values.get(each), 1) for each in counts))


KINDS = (
    resource(
        ENVIRONMENT,
        "Airflow environment",
        _find,
        name="name",
        outage=True,
        holds_data=True,
        uses=_hours,
        quotas=Not(
            "what Service Quotas calls the numbers of environments and workers is not known"
        ),
        addresses=_addresses,
        preflight=_ways,
        story=_story,
        risks=(_no_way, _always_on, _public, _fewer, _stops_tasks),
        settings={"kms_key": "encryption by the environment's key"},
        reverted=Not("an update that fails is told to Terraform, which waits for it"),
        verify=_Environment,
    ),
)

UNLISTED_PRICES = {
    r"mwaa/.+": "the usage types of Airflow in the Price List are not known here; the table has what AWS's "
    "pricing page told",
}
