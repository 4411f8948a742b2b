"""SageMaker endpoints, their configurations and models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from inferform.instances import instance_types
from inferform.usage import Amount, Usage, between, by_use

from ..aws import Aws
from ..checks import ARTIFACT
from ..errors import OperatorError, UnsettledError
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import RiskRule, Severity
from . import preflight, weaker
from .components_preflight import of_configuration
from .finding import given, pairs
from .fits import fits
from .guards import guards
from .pages import in_console, name_in_aws
from .prices import products
from .reasons import resource
from .record import Discard, Existing, Finder, Finding, Found, Not, Quota, Values, risk
from .risks import ROLL2, ROLL3, SEC1, SEC5
from .sagemaker_story import (
    CONFIGURATION,
    ENDPOINT,
    MODEL,
    configuration_of,
    endpoint_story,
    is_told,
    variants_of,
)
from .sagemaker_verify import (
    ENDPOINT_REVERTED,
    EndpointVerifier,
    artifacts_of,
    containers_of,
    packages_of,
    specifications_of,
)
from .scaling import maximum, planned_bounds, scaling_targets, variant_of
from .stacked import STACK, configuration_values, types_of
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ADDRESSES_PER_INSTANCE = 2
"""Addresses of a subnet that an instance may take (SageMaker developer guide)."""

BLUE_GREEN = 2
"""Instances that run during a blue/green rollout, as a multiple of the usual."""

# Recover


def _finder(kind: str, operation: str, parameter: str) -> Finder:
    """Finds what SageMaker describes by its name."""

    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        name, sagemaker = given(values, "name"), aws.client("sagemaker")
        getattr(sagemaker, operation)(**{parameter: name})
        arn = aws.context.arn("sagemaker", f"{kind}/{name}")
        yield Existing(name, pairs(sagemaker.list_tags(ResourceArn=arn)["Tags"]))

    return find


def _used(aws: Aws) -> set[str]:
    """The endpoint configurations, and their models, that endpoints of the environment use.

    Raises OperatorError while one of them is being changed.
    """
    sagemaker = aws.client("sagemaker")
    used: set[str] = set()
    in_names = max(aws.context.around, key=len).strip("-")
    pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=in_names)
    listed = [e["EndpointName"] for page in pages for e in page["Endpoints"]]
    for name in dict.fromkeys((*listed, *_given_names(aws))):
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"].endswith("ing"):
            raise UnsettledError(
                f"endpoint {name} is {endpoint['EndpointStatus']}",
                "wait until it has settled, then run this again",
            )
        if endpoint["EndpointStatus"] == "UpdateRollbackFailed":
            raise OperatorError(
                f"endpoint {name} is UpdateRollbackFailed: its instances run two configurations",
                "update it to one that exists (aws sagemaker update-endpoint), wait until it is "
                "InService, then run this again",
            )
        configuration = endpoint["EndpointConfigName"]
        used |= {configuration, *_models_of(sagemaker, name, configuration)}
        used |= {*_models_of_components(sagemaker, name)}
    return used


def _given_names(aws: Aws) -> Iterator[str]:
    """The endpoints that are there of those whose names no template makes."""
    for name in aws.context.naming.endpoints.values():
        pages = aws.client("sagemaker").get_paginator("list_endpoints").paginate(NameContains=name)
        if any(each["EndpointName"] == name for page in pages for each in page["Endpoints"]):
            yield name


def _models_of_components(sagemaker: SageMakerClient, endpoint: str) -> Iterator[str]:
    """The models of the inference components on an endpoint."""
    pages = sagemaker.get_paginator("list_inference_components").paginate(
        EndpointNameEquals=endpoint
    )
    for name in [
        e["InferenceComponentName"] for page in pages for e in page["InferenceComponents"]
    ]:
        component = sagemaker.describe_inference_component(InferenceComponentName=name)
        status = component["InferenceComponentStatus"]
        if status.endswith("ing"):
            raise UnsettledError(
                f"inference component {name} is {status}",
                "wait until it has settled, then run this again",
            )
        for specification in specifications_of(component):
            if "ModelName" in specification:
                yield specification["ModelName"]


def _models_of(sagemaker: SageMakerClient, endpoint: str, configuration: str) -> set[str]:
    """The models of an endpoint's configuration; all of its name where that is gone.

    SageMaker keeps serving what somebody has deleted, and no longer tells what it is.
    """
    try:
        held = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise
        pages = sagemaker.get_paginator("list_models").paginate(NameContains=endpoint)
        return {model["ModelName"] for page in pages for model in page["Models"]}
    variants = held["ProductionVariants"] + held.get("ShadowProductionVariants", [])
    return {variant["ModelName"] for variant in variants if "ModelName" in variant}


def _delete_configuration(aws: Aws, name: str) -> None:
    aws.client("sagemaker").delete_endpoint_config(EndpointConfigName=name)


def _delete_model(aws: Aws, name: str) -> None:
    aws.client("sagemaker").delete_model(ModelName=name)


# Cost


def _instances(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The instances of every variant of an endpoint, shadows included."""
    configuration = configuration_of(plan, change, side)
    service = str(change.at(side).get("name") or change.name)
    if configuration is None:
        yield not_told(f"instances of {service}", service, side, same=not _rolls(change))
        return
    values = configuration.at(side)
    variants = [
        *(values.get("production_variants") or ()),
        *(values.get("shadow_production_variants") or ()),
    ]
    production = len(values.get("production_variants") or ())
    for index, variant in enumerate(variants):
        block = "production_variants" if index < production else "shadow_production_variants"
        path = (block, index if index < production else index - production)
        name = str(variant.get("variant_name") or "")
        types, managed = types_of(variant), dig(variant, "managed_instance_scaling")
        kind = types[0] if types else None
        provisioned = dig(variant, "serverless_config", "provisioned_concurrency")
        memory = dig(variant, "serverless_config", "memory_size_in_mb")
        if memory:
            yield by_use(service, f"sagemaker/serverless/{memory}")
        if provisioned:
            key = f"sagemaker/provisioned-concurrency/{memory}"
            bounds = planned_bounds(plan, change, side, name, provisioned)
            if bounds is None:
                yield not_told(f"concurrency of {name}", service, side, same=not _rolls(change))
            else:
                yield Usage(service, key, bounds)
        counts = not hidden(configuration, *path, "initial_instance_count", side=side)
        count = number(variant.get("initial_instance_count"), 1)
        amount = planned_bounds(plan, change, side, name, count if counts or managed else None)
        unnamed = not kind and hidden(configuration, *path, "instance_type", side=side)
        if unnamed or (kind and amount is None):
            yield not_told(f"instances of {name}", service, side, same=not _rolls(change))
        if not kind or amount is None:
            continue
        if managed:
            amount = _managed(plan, service, side, managed, count)
        reserved = dig(variant, "capacity_reservation_config", "ml_reservation_arn")
        family = "sagemaker/reserved" if reserved else "sagemaker/hosting"
        key, *others = (f"{family}/{each}" for each in types)
        yield Usage(service, key, amount, tuple(others))
        volume = number(variant.get("volume_size_in_gb"), 0)
        if volume:
            yield Usage(service, "sagemaker/storage", amount * volume)


def _managed(plan: Plan, endpoint: str, side: Side, managed: Values, count: float) -> Amount:
    """Between the bounds that SageMaker keeps, and what components take at their fewest copies."""
    low = number(managed.get("min_instance_count"), count)
    fitted = fits(plan, endpoint, side)
    if fitted is not None:
        low = max(low, len(fitted.fewest.instances))
    high = number(managed.get("max_instance_count"), low)
    return between(min(low, high), high)


# Preflight


def _configuration(synthesis: Synthesis, endpoint: Resource) -> Values:
    """The configuration of a synthesized endpoint, also where a stack holds it."""
    found = synthesis.referred(endpoint, "endpoint_config_name", CONFIGURATION)
    stack = synthesis.referred(endpoint, "endpoint_config_name", STACK)
    return found.values if found else (configuration_values(stack.values) or {}) if stack else {}


_guards = guards("deployment_config", "auto_rollback_configuration", "alarms")


def _ready(synthesis: Synthesis, endpoints: Sequence[Resource]) -> Iterator[Finding]:
    """Whether ML reservations can give their endpoints instances, and alarms can roll them back."""
    yield from _guards(synthesis, endpoints)
    for endpoint in endpoints:
        most = _most(synthesis, endpoint, pooled=False).total()
        yield from of_configuration(synthesis, _configuration(synthesis, endpoint), most)


def _most(synthesis: Synthesis, endpoint: Resource, *, pooled: bool = True) -> Counter[str]:
    """The most instances of each type that an endpoint may have: all of any type of a pool, or with
    `pooled=False` of the preferred one."""
    values = _configuration(synthesis, endpoint)
    needed: Counter[str] = Counter()
    for variant in (
        *values.get("production_variants", []),
        *values.get("shadow_production_variants", []),
    ):
        if variant.get("instance_type"):
            suffix = f"/variant/{variant.get('variant_name')}"
            managed = dig(variant, "managed_instance_scaling", "max_instance_count")
            most = maximum(synthesis, endpoint, suffix) or managed
            most = most or variant.get("initial_instance_count", 1)
            for kind in types_of(variant) if pooled else types_of(variant)[:1]:
                needed[kind] += most
    return needed


def _quotas(synthesis: Synthesis, endpoint: Resource) -> Iterator[Quota]:
    for kind, count in _most(synthesis, endpoint).items():
        yield Quota("sagemaker", f"{kind} for endpoint usage", count * BLUE_GREEN)


def _addresses(synthesis: Synthesis, endpoint: Resource) -> int:
    needed = _most(synthesis, endpoint, pooled=False).total()
    return needed * BLUE_GREEN * ADDRESSES_PER_INSTANCE


def _artifacts(synthesis: Synthesis, models: Sequence[Resource]) -> Iterator[Finding]:
    loads: list[preflight.Load] = []
    for model in models:
        role = synthesis.referred(model, "execution_role_arn", "aws_iam_role")
        containers = [*containers_of(model.values)]
        uris = [*artifacts_of(containers)]
        for package in packages_of(containers):
            # Of another account's registry its own policy says what may be described.
            if f":{synthesis.context.account}:" not in package:
                continue
            try:
                uris += _artifacts_of_version(synthesis, package)
            except ClientError as error:
                said = error.response["Error"].get("Message") or str(error)
                yield Finding(ARTIFACT, package, "skipped", f"what it loads is not known: {said}")
        loads += [preflight.Load(uri, role) for uri in uris]
    yield from preflight.artifacts(synthesis, loads)


def _artifacts_of_version(synthesis: Synthesis, package: str) -> Iterator[str]:
    """The artifacts that a version in the Model Registry names."""
    found = synthesis.aws.client("sagemaker").describe_model_package(ModelPackageName=package)
    for container in found.get("InferenceSpecification", {}).get("Containers", ()):
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        uri = container.get("ModelDataUrl") or source.get("S3Uri")
        if uri:
            yield uri


# Risks


@risk(
    RiskRule(
        "CAP2",
        Severity.MEDIUM,
        "an update resets the running instance count",
        advice="deploy at low load, or raise the minimum first: Terraform's provider does not ask "
        "SageMaker to retain the instance counts that autoscaling has reached",
    )
)
def _reset_capacity(plan: Plan, endpoint: Change) -> Iterator[Found]:
    if not _rolls(endpoint):
        return
    after = variants_of(plan, endpoint, "after")
    told = is_told(plan, endpoint, "after")
    for target in scaling_targets(plan, endpoint):
        name, high = variant_of(target), target.before.get("max_capacity")
        if isinstance(high, int) and not told:
            yield (
                f"{name} starts again with a count that the plan does not tell, while autoscaling "
                f"may be at up to {high}"
            )
        starts = after[name].count if name in after else None
        if isinstance(high, int) and starts is not None and starts < high:
            yield f"{name} starts again with {starts}, while autoscaling may be at up to {high}"


def _rolls(endpoint: Change) -> bool:
    """Whether an update gives an endpoint another configuration."""
    was, will = endpoint.both("endpoint_config_name")
    changes = was != will or endpoint.is_unknown("endpoint_config_name")
    return endpoint.action is Action.UPDATE and changes


@risk(
    RiskRule(
        "CAP4",
        Severity.HIGH,
        "a scaled variant changes its instance type or goes away",
        advice="SageMaker refuses this while the variant is registered with Application Auto "
        "Scaling: let the scalable target be replaced with it (replace_triggered_by), or use a new "
        "variant name",
    )
)
def _type_under_scaling(plan: Plan, endpoint: Change) -> Iterator[Found]:
    if endpoint.action is not Action.UPDATE:
        return
    before = variants_of(plan, endpoint, "before")
    after = variants_of(plan, endpoint, "after")
    told = is_told(plan, endpoint, "before") and is_told(plan, endpoint, "after")
    for target in scaling_targets(plan, endpoint):
        name = str(target.before.get("resource_id") or "").rpartition("/variant/")[2]
        if target.action in (Action.REPLACE, Action.DELETE, Action.CREATE) or not name:
            continue
        if not told and _rolls(endpoint):
            yield (
                f"may change the instance type of {name} while it is registered for scaling: the "
                "plan does not tell its configuration",
                Severity.MEDIUM,
            )
        old, new = before.get(name), after.get(name)
        if old is not None and after and new is None:
            yield f"removes the variant {name}, which is still scaled"
        elif old and new and old.instance_type != new.instance_type:
            yield (
                f"changes {name} from {old.instance_type} to {new.instance_type} while it "
                "is registered for scaling"
            )


@risk(ROLL2)
def _unguarded(plan: Plan, endpoint: Change) -> Iterator[Found]:
    path = ("deployment_config", "auto_rollback_configuration", "alarms")
    if _rolls(endpoint) and not dig(endpoint.after, *path):
        yield "is updated without an alarm that rolls it back", Severity.MEDIUM


@risk(ROLL3)
def _unstaged(plan: Plan, endpoint: Change) -> Iterator[Found]:
    path = ("deployment_config", "blue_green_update_policy", "traffic_routing_configuration")
    before, after = endpoint.both(*path, "type")
    staged = before in ("CANARY", "LINEAR")
    # A rolling update moves the traffic in steps as well.
    rolls = dig(endpoint.after, "deployment_config", "rolling_update_policy")
    stays = rolls or after in ("CANARY", "LINEAR")
    if endpoint.action is Action.UPDATE and staged and not stays:
        yield f"goes from {before} to {after or 'all at once'}"


@risk(SEC5)
def _opened(plan: Plan, endpoint: Change) -> Iterator[Found]:
    if not endpoint.is_written or not endpoint.exists_after:
        return
    for name in sorted(_shells(plan, endpoint, "after") - _shells(plan, endpoint, "before")):
        yield (
            f"lets people into the containers of {name}: who may ssm:StartSession on it gets a shell, "
            "and SageMaker delays security patches and the replacement of faulty instances by a day"
        )


def _shells(plan: Plan, endpoint: Change, side: Side) -> set[str]:
    """The variants of an endpoint, the shadow included, whose containers let people in."""
    configuration = configuration_of(plan, endpoint, side) if endpoint.exists(side) else None
    values = configuration.at(side) if configuration else {}
    return {
        str(variant.get("variant_name") or f"variant {index}")
        for block in ("production_variants", "shadow_production_variants")
        for index, variant in enumerate(values.get(block) or (), 1)
        if variant.get("enable_ssm_access") is True
    }


@risk(
    RiskRule(
        "STATE2",
        Severity.MEDIUM,
        "the configuration under a running endpoint is deleted",
        advice="SageMaker needs it for the next update: let the new configuration be made first "
        "(create_before_destroy)",
    )
)
def _configuration_gone(plan: Plan, configuration: Change) -> Iterator[Found]:
    gone = configuration.action in (Action.DELETE, Action.REPLACE)
    if not gone or configuration.created_first:
        return
    for endpoint in plan.of_type(ENDPOINT):
        stays = endpoint.exists_before and endpoint.exists_after
        if stays and configuration_of(plan, endpoint, "before") is configuration:
            yield f"is deleted while {endpoint.before.get('name')} uses it"


@risk(SEC1)
def _unencrypted(plan: Plan, configuration: Change) -> Iterator[Found]:
    """A key that goes, unless the instances have storage of their own, which takes none."""
    before, after = configuration.both("kms_key_arn")
    stays = configuration.exists_after and not configuration.is_unknown("kms_key_arn")
    variants = [
        *(configuration.after.get("production_variants") or ()),
        *(configuration.after.get("shadow_production_variants") or ()),
    ]
    types = [instance_types().get(str(variant.get("instance_type"))) for variant in variants]
    takes_none = bool(types) and all(facts is not None and facts.local_gb for facts in types)
    if before and not after and stays and not takes_none:
        yield "turns off volume encryption by your key"


_OF_ENDPOINT = Not("it is told, priced and verified with the endpoint that uses it")
_OF_ITS_ENDPOINT = Not("the endpoint that uses it counts its instances")
_COUNTED = Not("the endpoint or job that runs it counts the instances")
_CHECKED = Not("its images and artifacts are checked with its models")
_IMMUTABLE = Not("SageMaker lets nobody change one")

KINDS = (
    resource(
        ENDPOINT,
        "SageMaker endpoint",
        _finder("endpoint", "describe_endpoint", "EndpointName"),
        name="name",
        outage=True,
        owned=Not("autoscaling sets counts on the variants, which Terraform does not read"),
        uses=_instances,
        quotas=_quotas,
        addresses=_addresses,
        preflight=_ready,
        story=endpoint_story,
        risks=(
            _reset_capacity,
            _type_under_scaling,
            _unguarded,
            _unstaged,
            _opened,
            *weaker.ENDPOINT,
        ),
        settings=Not("its configuration has them"),
        reverted=ENDPOINT_REVERTED,
        verify=EndpointVerifier,
        page=lambda each: in_console(each, "sagemaker", f"/endpoints/{name_in_aws(each)}"),
    ),
    resource(
        CONFIGURATION,
        "SageMaker endpoint configuration",
        _finder("endpoint-config", "describe_endpoint_config", "EndpointConfigName"),
        name="name",
        discard=Discard(_delete_configuration, _used),
        owned=_IMMUTABLE,
        uses=_OF_ENDPOINT,
        quotas=_OF_ITS_ENDPOINT,
        addresses=_OF_ITS_ENDPOINT,
        preflight=_CHECKED,
        story=_OF_ENDPOINT,
        risks=(_configuration_gone, _unencrypted),
        settings={"data_capture_config": "data capture"},
        verify=_OF_ENDPOINT,
    ),
    resource(
        MODEL,
        "SageMaker model",
        _finder("model", "describe_model", "ModelName"),
        name="name",
        discard=Discard(_delete_model, _used),
        owned=_IMMUTABLE,
        uses=Not("a model costs nothing until an endpoint or a job runs it"),
        quotas=_COUNTED,
        addresses=_COUNTED,
        preflight=_artifacts,
        story=Not("it is told with the endpoint or batch transform that runs it"),
        risks=Not("what runs it is what can hurt"),
        settings={"enable_network_isolation": "network isolation", "vpc_config": "its VPC"},
        verify=Not("it is verified with the endpoint or batch transform that runs it"),
    ),
)

PRICES = (
    products(
        "AmazonSageMaker",
        r"Host:(ml\..+)",
        lambda match, _: f"sagemaker/hosting/{match[1]}",
        productFamily="ML Instance",
        component="Hosting",
    ),
    products("AmazonSageMaker", r"Host:VolumeUsage\.gp2", "sagemaker/storage", unit="month"),
    products(
        "AmazonSageMaker",
        r"Tsform:(ml\..+)",
        lambda match, _: f"sagemaker/transform/{match[1]}",
        productFamily="ML Instance",
    ),
)
UNLISTED_PRICES = {
    r"sagemaker/(training|processing)/.+": "it is the price of hosting, as of every job",
    r"sagemaker/reserved/.+": "an ML reservation is paid for with its training plan",
    r"sagemaker/serverless/\d+": "serverless inference is billed by use",
    r"sagemaker/provisioned-concurrency/\d+": "provisioned concurrency is priced by the second "
    "on aws.amazon.com/sagemaker/pricing; write its price into the table by hand",
}
