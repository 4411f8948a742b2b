"""What would fail in the middle of an apply, found before it. Reads only.

It reads what the synthesis asks for, so that it knows every module's resources, and compares that
with the states and with AWS.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment, NetworkOutputs, RegistryOutputs
from inferform.ecr.spec import parse_image

from .aws import Aws
from .errors import OperatorError
from .state import State, States

Outcome = Literal["passed", "failed", "skipped"]
Synthesized = Mapping[str, Mapping[str, Any]]

BLUE_GREEN = 2
"""Instances of a service that run during a blue/green rollout, as a multiple of the usual."""

ADDRESSES_PER_INSTANCE = 2
"""Addresses of a subnet that a SageMaker instance may take (SageMaker developer guide)."""

_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/"
    r"[a-z0-9._/-]+(?::\w[\w.-]*)?(?:@sha256:[0-9a-f]{64})?"
)
_REMOTE = re.compile(r"\$\{data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)\}")
_FARGATE_QUOTA = "Fargate On-Demand vCPU resource count"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found and, where it is wrong, how to mend it."""

    check: str
    subject: str
    outcome: Outcome
    found: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """The check for machines."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Resource:
    stack: str
    kind: str
    logical: str
    body: Mapping[str, Any]

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.logical}"


def preflight(environment: Environment, synthesized: Synthesized, aws: Aws) -> list[Check]:
    """Check an environment before an apply: `synthesized` is the Terraform JSON of its stacks."""
    run = _Preflight(environment, synthesized, aws)
    try:
        run.account()
    except OperatorError as error:
        account = f"account {environment.context.account}"
        return [Check("credentials", account, "failed", error.message, error.hint)]
    checks: list[Check] = []
    for check in (
        run.role,
        run.state_bucket,
        run.images,
        run.artifacts,
        run.quotas,
        run.offered,
        run.certificates,
        run.keys,
        run.subnets,
        run.names,
    ):
        name = check.__name__.replace("_", " ")
        try:
            checks += check()
        except (ClientError, BotoCoreError) as error:
            fix = "give the plan role this permission, or mend the network"
            checks.append(Check(name, "", "failed", f"could not be checked: {error}", fix))
    return checks


class _Preflight:
    """The checks of one environment."""

    def __init__(self, environment: Environment, synthesized: Synthesized, aws: Aws) -> None:
        self._environment = environment
        self._context = environment.context
        self._aws = aws
        self._resources = [
            _Resource(stack, kind, logical, body)
            for stack, content in synthesized.items()
            for kind, bodies in content.get("resource", {}).items()
            for logical, body in bodies.items()
        ]
        self._texts = {stack: json.dumps(content) for stack, content in synthesized.items()}

    def account(self) -> str:
        """The account that the clients work in. Raises OperatorError without credentials."""
        return str(self._aws.client("sts").get_caller_identity()["Account"])

    def role(self) -> Iterator[Check]:
        """The deploy role can be assumed."""
        arn = self._context.deploy_role_arn
        if arn is None:
            yield Check("role", "", "skipped", "the Context names no deploy role")
            return
        caller = self._aws.client("sts")
        if f":assumed-role/{self._context.deploy_role}/" in caller.get_caller_identity()["Arn"]:
            yield Check("role", arn, "passed", "is the caller")
            return
        try:
            caller.assume_role(RoleArn=arn, RoleSessionName="inferform-preflight")
        except ClientError as error:
            fix = f"deploy {self._context.key}-identity, or name this caller in Identity.operators"
            yield Check("role", arn, "failed", f"cannot be assumed: {error}", fix)
            return
        yield Check("role", arn, "passed", "can be assumed")

    def state_bucket(self) -> Iterator[Check]:
        """The state bucket is there and keeps versions."""
        bucket = self._context.state_bucket
        fix = f"inferform bootstrap {self._context.key}"
        try:
            versioning = self._aws.client("s3").get_bucket_versioning(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchBucket", "404"):
                raise
            yield Check("state bucket", bucket, "failed", "does not exist", fix)
            return
        if versioning.get("Status") != "Enabled":
            yield Check("state bucket", bucket, "failed", "keeps no versions", fix)
            return
        yield Check("state bucket", bucket, "passed", "is there and keeps versions")

    def images(self) -> Iterator[Check]:
        """Every image is in its registry, and may be read."""
        found = {uri for text in self._texts.values() for uri in _IMAGE.findall(text)}
        for uri in sorted(found):
            match = parse_image(uri)
            if match and (match["tag"] or match["digest"]):
                yield self._image(uri, match)

    def _image(self, uri: str, match: re.Match[str]) -> Check:
        own = match["account"] == self._context.account
        wanted = {"imageTag": match["tag"]} if match["tag"] else {"imageDigest": match["digest"]}
        push = f"inferform push, or skopeo copy from the registry that has it, to docker://{uri}"
        try:
            answer = self._aws.client("ecr").batch_get_image(
                registryId=match["account"],
                repositoryName=match["repository"],
                imageIds=[wanted],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "RepositoryNotFoundException":
                stack = f"{self._context.key}-registry"
                fix = (
                    f"deploy {stack} first; then {push}" if own else "check account and repository"
                )
                return Check("image", uri, "failed", "its repository does not exist", fix)
            if code in ("AccessDeniedException", "AccessDenied"):
                fix = (
                    f"add {self._context.account} to pull_accounts of the repository in "
                    f"account {match['account']}"
                )
                return Check("image", uri, "failed", "may not be read", fix)
            raise
        if not answer.get("images"):
            return Check("image", uri, "failed", "does not exist", push)
        return Check("image", uri, "passed", "exists")

    def artifacts(self) -> Iterator[Check]:
        """Every model artifact is in its bucket."""
        uris = {
            self._resolved(uri)
            for resource in self._of("aws_sagemaker_model")
            for uri in _values(resource.body, ("model_data_url", "s3_uri"))
        }
        for uri in sorted(uris):
            if "${" in uri or not uri.startswith("s3://"):
                continue
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            yield self._artifact(uri, bucket, key)

    def _artifact(self, uri: str, bucket: str, key: str) -> Check:
        fix = f"aws s3 cp model.tar.gz {uri}"
        try:
            listed = self._aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=2)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                fix = f"deploy {self._context.key}-registry, then {fix}"
                return Check("artifact", uri, "failed", "its bucket does not exist", fix)
            if code == "AccessDenied":
                fix = f"let account {self._context.account} read {bucket} (read_accounts)"
                return Check("artifact", uri, "failed", "may not be read", fix)
            raise
        keys = [entry["Key"] for entry in listed.get("Contents", [])]
        exists = bool(keys) if key.endswith("/") else key in keys
        if exists:
            return Check("artifact", uri, "passed", "exists")
        return Check("artifact", uri, "failed", "does not exist", fix)

    def quotas(self) -> Iterator[Check]:
        """The account's quotas cover every service at its maximum, twice for blue/green."""
        needed = self._instances()
        if needed:
            known = self._quotas("sagemaker")
            for kind, count in sorted(needed.items()):
                name = f"{kind} for endpoint usage"
                yield self._quota("SageMaker", name, known.get(name), count * BLUE_GREEN)
        cpus = self._fargate_cpus()
        if cpus:
            known = self._quotas("fargate")
            yield self._quota(
                "Fargate", _FARGATE_QUOTA, known.get(_FARGATE_QUOTA), cpus * BLUE_GREEN
            )

    def _quota(self, service: str, name: str, allowed: float | None, needed: float) -> Check:
        fix = f"ask for {needed:g} in Service Quotas, {service}, {name}, or lower the maximum"
        if allowed is None:
            fix = f"see {name} in Service Quotas; {needed:g} are needed at the maximum"
            return Check("quota", name, "skipped", "Service Quotas does not list it", fix)
        said = f"{needed:g} are needed at the maximum and twice for blue/green, {allowed:g} allowed"
        if allowed < needed:
            return Check("quota", name, "failed", said, fix)
        return Check("quota", name, "passed", said)

    def _quotas(self, service: str) -> dict[str, float]:
        client = self._aws.client("service-quotas")
        pages = client.get_paginator("list_service_quotas").paginate(ServiceCode=service)
        return {quota["QuotaName"]: quota["Value"] for page in pages for quota in page["Quotas"]}

    def _instances(self) -> Counter[str]:
        """The most instances of each type that the SageMaker endpoints may have."""
        configurations = {r.address: r for r in self._of("aws_sagemaker_endpoint_configuration")}
        needed: Counter[str] = Counter()
        for endpoint in self._of("aws_sagemaker_endpoint"):
            reference = str(endpoint.body.get("endpoint_config_name", ""))
            found = next((r for a, r in configurations.items() if f"{{{a}." in reference), None)
            variants = [
                *(found.body.get("production_variants", []) if found else []),
                *(found.body.get("shadow_production_variants", []) if found else []),
            ]
            for variant in variants:
                if variant.get("instance_type"):
                    suffix = f"/variant/{variant.get('variant_name')}"
                    most = self._most(endpoint, suffix) or variant.get("initial_instance_count", 1)
                    needed[variant["instance_type"]] += most
        return needed

    def _most(self, resource: _Resource, suffix: str = "") -> int:
        """The maximum of the scalable target of a resource; 0 without one."""
        for target in self._of("aws_appautoscaling_target"):
            scaled = str(target.body.get("resource_id", ""))
            named = f"${{{resource.address}.name}}" in scaled or (
                scaled.removesuffix(suffix).endswith(f"/{resource.body.get('name')}")
            )
            if named and scaled.endswith(suffix) and target.stack == resource.stack:
                return int(target.body.get("max_capacity", 0))
        return 0

    def _fargate_cpus(self) -> float:
        definitions = {r.address: r for r in self._of("aws_ecs_task_definition")}
        total = 0.0
        for service in self._of("aws_ecs_service"):
            reference = str(service.body.get("task_definition", ""))
            found = next((r for a, r in definitions.items() if f"{{{a}." in reference), None)
            if found is None or "FARGATE" not in found.body.get("requires_compatibilities", []):
                continue
            tasks = self._most(service) or int(service.body.get("desired_count", 1))
            total += int(found.body.get("cpu", 0)) / 1024 * tasks
        return total

    def offered(self) -> Iterator[Check]:
        """The instance types of EC2 are offered in the Region. For SageMaker a quota shows it."""
        kinds = {
            kind
            for resource in self._of("aws_launch_template", "aws_eks_node_group")
            for kind in _values(resource.body, ("instance_type", "instance_types"))
        }
        if not kinds:
            return
        answer = self._aws.client("ec2").describe_instance_type_offerings(
            LocationType="region", Filters=[{"Name": "instance-type", "Values": sorted(kinds)}]
        )
        known = {offering["InstanceType"] for offering in answer["InstanceTypeOfferings"]}
        for kind in sorted(kinds):
            if kind in known:
                yield Check(
                    "instance type", kind, "passed", f"is offered in {self._context.region}"
                )
                continue
            fix = "choose a type that the Region has"
            said = f"is not offered in {self._context.region}"
            yield Check("instance type", kind, "failed", said, fix)

    def certificates(self) -> Iterator[Check]:
        """The certificates of load balancers are issued, and in the environment's Region."""
        arns = {
            arn
            for resource in self._of("aws_lb_listener")
            for arn in _values(resource.body, ("certificate_arn",))
        }
        for arn in sorted(arns):
            if "${" in arn or ":acm:" not in arn:
                continue
            fix = "write the ARN of a certificate of this account and Region that is issued"
            if arn.split(":")[3] != self._context.region:
                said = f"is not in {self._context.region}"
                yield Check("certificate", arn, "failed", said, fix)
                continue
            try:
                answer = self._aws.client("acm").describe_certificate(CertificateArn=arn)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                yield Check("certificate", arn, "failed", "does not exist", fix)
                continue
            status = answer["Certificate"].get("Status", "")
            issued = status == "ISSUED"
            said = "is issued" if issued else f"is {status}"
            yield Check("certificate", arn, "passed" if issued else "failed", said, fix)

    def keys(self) -> Iterator[Check]:
        """The key that encrypts everything is enabled, and lets this account's roles use it."""
        arn = self._output("registry", "kms_key_arn")
        if not isinstance(arn, str):
            said = "the registry layer will make it"
            yield Check("key", f"{self._context.key}-registry", "skipped", said)
            return
        kms = self._aws.client("kms")
        try:
            state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        except ClientError as error:
            fix = "check the ARN in the Outputs, and the policy of the key"
            yield Check("key", arn, "failed", f"cannot be read: {error}", fix)
            return
        if state != "Enabled":
            fix = "aws kms cancel-key-deletion, or enable-key"
            yield Check("key", arn, "failed", f"is {state}", fix)
            return
        policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
        if not self._lets_in(policy):
            root = f"arn:{self._context.partition}:iam::{self._context.account}:root"
            fix = f"allow kms:* to {root} in its policy, so that IAM policies decide"
            yield Check("key", arn, "failed", "its policy lets no role of this account in", fix)
            return
        yield Check("key", arn, "passed", "is enabled and lets this account's roles in")

    def _lets_in(self, policy: Mapping[str, Any]) -> bool:
        account = self._context.account
        for statement in policy.get("Statement", []):
            principal = statement.get("Principal", {})
            named = principal if isinstance(principal, str) else principal.get("AWS", [])
            allowed = [named] if isinstance(named, str) else named
            actions = statement.get("Action", [])
            listed = [actions] if isinstance(actions, str) else actions
            uses = statement.get("Effect") == "Allow" and {"kms:*", "kms:Decrypt"} & set(listed)
            if uses and any(each in ("*", account) or f"::{account}:" in each for each in allowed):
                return True
        return False

    def subnets(self) -> Iterator[Check]:
        """The private subnets have addresses for every instance, twice for blue/green."""
        ids = self._output("network", "private_subnet_ids")
        if not isinstance(ids, list) or not ids:
            said = "the network layer will make them"
            yield Check("subnets", f"{self._context.key}-network", "skipped", said)
            return
        needed = sum(self._instances().values()) * BLUE_GREEN * ADDRESSES_PER_INSTANCE
        try:
            answer = self._aws.client("ec2").describe_subnets(SubnetIds=ids)
        except ClientError as error:
            fix = "check the ids in the Outputs"
            yield Check("subnets", ", ".join(ids), "failed", str(error), fix)
            return
        free = sum(subnet["AvailableIpAddressCount"] for subnet in answer["Subnets"])
        said = f"{needed} addresses are needed at the maximum, {free} are free"
        if free < needed:
            fix = "add subnets to the VPC, or lower the maximum of the largest service"
            yield Check("subnets", ", ".join(ids), "failed", said, fix)
        else:
            yield Check("subnets", ", ".join(ids), "passed", said)

    def names(self) -> Iterator[Check]:
        """What is to be created is not there already, made by somebody else."""
        checked = taken = 0
        for resource in self._resources:
            look = _LOOKS.get(resource.kind)
            if look is None or resource.address in self._deployed.get(resource.stack, ()):
                continue
            name = str(resource.body.get("bucket" if resource.kind == "aws_s3_bucket" else "name"))
            if "${" in name:
                continue
            checked += 1
            if look(self._aws, name):
                taken += 1
                fix = (
                    f"terraform import {resource.address} {name} in {resource.stack}, or delete "
                    "it, or choose another name"
                )
                said = f"exists already, and the state of {resource.stack} does not have it"
                yield Check("name", f"{resource.kind} {name}", "failed", said, fix)
        if not taken:
            said = f"{checked} new names are free" if checked else "nothing new is to be named"
            yield Check("name", self._context.key, "passed", said)

    def _of(self, *kinds: str) -> list[_Resource]:
        return [resource for resource in self._resources if resource.kind in kinds]

    @cached_property
    def _states(self) -> dict[str, State]:
        states = States(self._aws)
        try:
            found = {layer: states.read(layer) for layer in self._environment.layers}
        except OperatorError:
            return {}  # there is no state bucket yet, which is a finding of its own
        return {layer: state for layer, state in found.items() if state is not None}

    @cached_property
    def _deployed(self) -> dict[str, set[str]]:
        key = self._context.key
        return {f"{key}-{layer}": set(state.resources) for layer, state in self._states.items()}

    def _output(self, layer: str, field: str) -> Any:
        """A value that a layer hands up: written by hand, or in its state; None before that."""
        given = getattr(self._environment, layer, None)
        if isinstance(given, NetworkOutputs | RegistryOutputs):
            return getattr(given, field)
        state = self._states.get(layer)
        return state.content.get("outputs", {}).get(field, {}).get("value") if state else None

    def _resolved(self, text: str) -> str:
        """The text with the outputs of lower layers filled in, as far as they are known."""

        def value(match: re.Match[str]) -> str:
            known = self._output(match[1], match[2])
            if known is None and match[2] == "artifact_bucket":
                known = self._context.bucket("artifacts")
            return known if isinstance(known, str) else match[0]

        return _REMOTE.sub(value, text)


def _values(body: Any, names: tuple[str, ...]) -> Iterator[str]:
    """Every string under one of the names, at any depth."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            if key in names and isinstance(value, str):
                yield value
            elif (
                key in names and isinstance(value, list) and all(isinstance(v, str) for v in value)
            ):
                yield from value
            else:
                yield from _values(value, names)
    elif isinstance(body, list):
        for item in body:
            yield from _values(item, names)


def _there(call: Callable[[], Any], *absent: str) -> bool:
    """Whether a call finds something; `absent` is what AWS says of what does not exist."""
    try:
        found = call()
    except ClientError as error:
        code, message = error.response["Error"]["Code"], str(error)
        if code in ("403", "AccessDenied"):
            return True  # a bucket of another account
        if code in absent or any(word in message for word in absent if " " in word):
            return False
        raise
    return bool(found)


_LOOKS: dict[str, Callable[[Aws, str], bool]] = {
    "aws_cloudwatch_log_group": lambda aws, name: any(
        group["logGroupName"] == name
        for group in aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    ),
    "aws_ecr_repository": lambda aws, name: _there(
        lambda: aws.client("ecr").describe_repositories(repositoryNames=[name]),
        "RepositoryNotFoundException",
    ),
    "aws_ecs_cluster": lambda aws, name: any(
        cluster["status"] == "ACTIVE"
        for cluster in aws.client("ecs").describe_clusters(clusters=[name])["clusters"]
    ),
    "aws_eks_cluster": lambda aws, name: _there(
        lambda: aws.client("eks").describe_cluster(name=name), "ResourceNotFoundException"
    ),
    "aws_iam_role": lambda aws, name: _there(
        lambda: aws.client("iam").get_role(RoleName=name), "NoSuchEntity"
    ),
    "aws_s3_bucket": lambda aws, name: _there(
        lambda: aws.client("s3").head_bucket(Bucket=name), "404", "NoSuchBucket"
    ),
    "aws_sagemaker_endpoint": lambda aws, name: _there(
        lambda: aws.client("sagemaker").describe_endpoint(EndpointName=name), "Could not find"
    ),
}
