"""Bad input to every module: one value of a valid Environment is wrong, and exactly that is said."""

from __future__ import annotations

import string
from typing import Any

import pytest

from modules import RULES, Environment
from modules.spec import collecting, problems_of
from tests.specs.kinds import ACCOUNT, Tree, built, put, valid_trees
from tests.specs.test_bad_input import BAD

TREES = valid_trees()
LATER = "arn:aws:s3:::bucket"
OTHER_REGION = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/fraud/12"
REAL = "inference.endpoints.real"
WEB = "inference.services.web"
GPU = "inference.services.gpu"
PODS = "kubernetes.services.web"
CLOUDWATCH = f"{REAL}.scaling.policies.2.metric.metric"

# (what is wrong, the Environment, the place, the value, the rule, where it is reported if elsewhere)
HOSTILE: list[tuple[Any, ...]] = [
    # Context, identity and moves
    ("an account of Arabic digits", "auto", "context.account", "١١١١٢٢٢٢٣٣٣٣", "CTX1"),
    ("an account with a line break", "auto", "context.account", f"{ACCOUNT}\n", "CTX1"),
    ("half of a character", "auto", "context.tags.team", "\ud800", "SPEC6"),
    ("a NUL in a variable", "auto", f"{PODS}.model.environment.LEVEL", "a\x00", "SPEC6"),
    ("an alarm of ECS by its ARN", "ecs", f"{WEB}.rollout.alarms.0", "arn:aws:x", "DEP17"),
    ("an empty owner", "auto", "context.owner", "", "CTX7"),
    ("an owner of spaces", "auto", "context.owner", "  ", "CTX7"),
    ("an owner that no tag takes", "auto", "context.owner", "${path.module}", "CTX7"),
    ("an owner of 257 letters", "auto", "context.owner", "x" * 257, "CTX7"),
    ("a tag with a control character", "auto", "context.tags", {"a": "b\x07"}, "CTX3"),
    ("a tag with an empty key", "auto", "context.tags", {"": "b"}, "CTX3"),
    ("41 tags", "auto", "context.tags", {f"t{n}": "x" for n in range(41)}, "CTX3"),
    ("a tag that is a number", "auto", "context.tags.team", 1, "SPEC3"),
    ("a stage of 11 letters", "auto", "context.stage", "s" * 11, "CTX4"),
    ("an empty organization", "auto", "context.organization", "", "NAME1"),
    ("an organization that ends in a hyphen", "auto", "context.organization", "acme-", "NAME1"),
    ("a region that is none", "auto", "context.region", None, "SPEC3"),
    ("a plan role with a path", "auto", "context.plan_role", "team/plan", "CTX5"),
    ("a boundary that is an ARN", "auto", "context.permissions_boundary", "arn:aws:x", "CTX6"),
    ("a flag that is text", "auto", "context.protected", "yes", "SPEC3"),
    ("an owner of images in a region that is none", "foreign", "context.images.home_region",
     "eu-west-9", "CTX2"),
    ("an owner of images with a short account", "foreign", "context.images.account", "1", "CTX1"),
    ("a Context that is a dict", "auto", "context", {"stage": "dev"}, "SPEC3"),
    ("a repository of GitHub by its URL", "sagemaker", "identity.github.repository",
     "https://github.com/acme/inference", "IDN3"),
    ("an environment of GitHub with a wildcard", "sagemaker", "identity.github.environments.0", "*", "IDN4"),
    ("an operator who is a user", "sagemaker", "identity.operators.0",
     f"arn:aws:iam::{ACCOUNT}:user/ann", "ARN1"),
    ("a region of the identity with a typo", "sagemaker", "identity.regions.0", "eu-wst-1", "CTX2"),
    ("an identity whose plan role has no name", "sagemaker", "context.plan_role", None, "IDN1",
     "identity"),
    ("a move in a layer that is not there", "sagemaker", "moved", {"eks": {"a_b.c": "a_b.d"}},
     "MOV1", "moved.eks"),
    ("a move of a whole type", "sagemaker", "moved", {"registry": {"aws_s3_bucket": "a_b.c"}},
     "MOV2", "moved.registry"),
    ("a move to the same address", "sagemaker", "moved", {"registry": {"a_b.c": "a_b.c"}},
     "MOV3", "moved.registry"),
    # Network and registry
    ("a network of IPv6", "auto", "network.cidr", "fd00::/16", "CIDR1"),
    ("a loopback network", "auto", "network.cidr", "127.0.0.0/16", "VPC8"),
    ("a multicast network", "auto", "network.cidr", "224.0.0.0/16", "VPC8"),
    ("zones that are capitals", "auto", "network.zone_letters", ["A", "B", "C"], "VPC4"),
    ("flow logs for half a week", "auto", "network.flow_logs.retention_days", 4, "LOG1"),
    ("a gateway endpoint for SQS", "auto", "network.gateway_endpoints", ["sqs"], "SPEC4",
     "network.gateway_endpoints.0"),
    ("text in the place of a list", "auto", "network.interface_endpoints", "logs", "SPEC3"),
    ("no image kept", "auto", "registry.repositories.fraud.keep_images", 0, "ECR7"),
    ("images expiring after a century", "auto",
     "registry.repositories.fraud.expire_untagged_days", 36_500, "ECR7"),
    ("a foreign account of 13 digits", "auto", "registry.repositories.fraud.pull_accounts.0",
     "4444555566667", "CTX1"),
    ("artifacts that expire at once", "auto", "registry.artifacts.expire_noncurrent_days", 0,
     "S3A1"),
    ("a description of 1,025 letters", "auto", "registry.models.fraud.description", "x" * 1025,
     "REG1"),
    ("a repository that is a dict", "auto", "registry.repositories.fraud", {}, "SPEC3"),
    # Outputs by hand
    ("a VPC by its name", "foreign", "network.vpc_id", "main", "OUT1"),
    ("a VPC that is a number", "foreign", "network.vpc_id", 5, "SPEC3"),
    ("a range of a VPC that is none", "foreign", "network.vpc_cidr", "10.0.0.0", "CIDR1"),
    ("subnets that are one text", "foreign", "network.private_subnet_ids", "subnet-1", "SPEC3"),
    ("a subnet that is a VPC", "foreign", "network.private_subnet_ids.1", "vpc-1", "OUT1"),
    ("no private subnet", "foreign", "network.private_subnet_ids", [], "OUT2"),
    ("a bucket by its ARN", "foreign", "registry.artifact_bucket", LATER, "OUT1"),
    ("a key that is a bucket", "foreign", "registry.kms_key_arn", LATER, "OUT1"),
    ("a cluster's API without TLS", "foreign", "eks.endpoint", "http://10.0.0.1", "OUT1"),
    ("an issuer with its scheme", "foreign", "eks.oidc_issuer", "https://oidc.example.com",
     "OUT1"),
    ("listeners that are a list", "foreign", "ecs.listener_arns", ["arn:aws:x"], "SPEC3"),
    ("a suffix that is the whole ARN", "foreign", "ecs.load_balancer_suffixes.internal",
     "arn:aws:elasticloadbalancing:x", "OUT1"),
    ("a security group that is a subnet", "foreign", "ecs.load_balancer_groups.internal",
     "subnet-1", "OUT1"),
    # SageMaker
    ("a tag of 129 letters", "sagemaker", f"{REAL}.model.image.tag", "x" * 129, "ECR4"),
    ("a repository with a slash", "sagemaker", f"{REAL}.model.image.repository", "a/b", "NAME1"),
    ("an artifact of another scheme", "sagemaker", f"{REAL}.model.artifact",
     "https://x/model.tar.gz", "MDL9"),
    ("an artifact two folders up", "sagemaker", f"{REAL}.model.artifact", "/../model.tar.gz",
     "MDL9"),
    ("a value of 1,025 letters", "sagemaker", f"{REAL}.model.environment.LEVEL", "x" * 1025,
     "MDL17", f"{REAL}.model.environment"),
    ("a value of a megabyte", "sagemaker", f"{REAL}.model.environment.LEVEL", "x" * 2**20,
     "MDL17", f"{REAL}.model.environment"),
    ("a value that is True", "sagemaker", f"{REAL}.model.environment.LEVEL", True, "SPEC3"),
    ("an access key in a variable", "sagemaker", f"{REAL}.model.environment.LEVEL",
     "AKIA" + string.ascii_uppercase[:16], "MDL25"),
    ("a password in a variable", "sagemaker", f"{REAL}.model.environment", {"DB_PASSWORD": "x"},
     "MDL24", f"{REAL}.model.environment.DB_PASSWORD"),
    ("a bucket with capitals", "sagemaker", f"{REAL}.data_capture.destination", "s3://Data/x",
     "S3URI1"),
    ("a sampling of half a percent", "sagemaker", f"{REAL}.data_capture.sampling_percent", 0.5,
     "SPEC3"),
    ("a shadow with the name of the variant", "sagemaker", f"{REAL}.shadow.variant", "primary",
     "N7"),
    ("a shadow on a notebook's type", "sagemaker", f"{REAL}.shadow.instance_type", "ml.t3.large",
     "RT2"),
    ("a start-up of two hours", "sagemaker", f"{REAL}.startup_timeout_seconds", 7200, "RT10"),
    ("logs kept for minus one day", "sagemaker", f"{REAL}.log_retention_days", -1, "LOG1"),
    ("a count of 10,001 instances", "sagemaker", "inference.endpoints.theirs.instance_count",
     10_001, "RT4"),
    ("a count of 10 to the 400", "sagemaker", "inference.endpoints.theirs.instance_count",
     10**400, "RT4"),
    ("a weight that is not a number", "sagemaker", "inference.endpoints.several.variants.a.weight",
     float("nan"), "SPEC3"),
    ("a weight beyond 32 bits", "sagemaker", "inference.endpoints.several.variants.a.weight",
     1e300, "RT7", "inference.endpoints.several.variants"),
    ("serverless memory between two sizes", "sagemaker", "inference.endpoints.less.memory_mib",
     2000, "SLS1"),
    ("serverless capacity above the maximum", "sagemaker",
     "inference.endpoints.less.provisioned_concurrency", 11, "SLS4"),
    ("a package of another region", "sagemaker", "inference.endpoints.later.model.arn",
     OTHER_REGION, "MDL28"),
    ("a package without a version", "sagemaker", "inference.endpoints.later.model.arn",
     OTHER_REGION.removesuffix("/12"), "MDL27"),
    ("models that are one file", "sagemaker", "inference.endpoints.many.artifacts",
     "models/a.tar.gz", "MDL15"),
    ("a pipeline of one container", "sagemaker", "inference.endpoints.serial.containers",
     [Tree("Model", {"image": Tree("Image", {"repository": "fraud", "tag": "1"})})], "PIP1"),


    ("a licence that is not accepted", "sagemaker", "inference.endpoints.bought.model.accept_eula",
     False, "JMP1"),
    ("a framework's version that is not known", "sagemaker",
     "inference.endpoints.theirs.model.image.version", "9.9", "FWK1"),
    ("a dump that goes to a key", "sagemaker", f"{REAL}.core_dumps.destination", "dumps/",
     "S3URI1"),
    # Guardrails and alarms
    ("a canary of 60 percent", "sagemaker", f"{REAL}.rollout.percent", 60, "DEP4"),
    ("a bake of a day", "sagemaker", f"{REAL}.rollout.bake_seconds", 86_400, "DEP7"),
    ("a limit of a minute", "sagemaker", f"{REAL}.rollout.maximum_execution_timeout_seconds", 60,
     "DEP8"),
    ("an alarm by its ARN", "sagemaker", f"{REAL}.rollout.more_alarms.0", "arn:aws:x", "DEP17"),
    ("a rate of errors of 101 percent", "sagemaker", f"{REAL}.rollout.alarms.server_error_percent",
     101.0, "ALM11"),
    ("a latency of nothing", "sagemaker", f"{REAL}.rollout.alarms.model_latency_ms", 0.0, "ALM6"),
    ("an infinite latency", "sagemaker", f"{REAL}.rollout.alarms.model_latency_ms", float("inf"),
     "SPEC3"),
    ("a period of 45 seconds", "sagemaker", f"{REAL}.rollout.alarms.period_seconds", 45, "ALM1"),
    ("a linear step of one percent", "sagemaker", "inference.endpoints.many.rollout.step_percent",
     1, "DEP5"),
    ("a rolling batch of everything", "sagemaker", "inference.endpoints.later.rollout.batch_percent",
     100, "DEP6"),
    # Scaling
    ("a maximum of nothing", "sagemaker", f"{REAL}.scaling.max_capacity", 0, "AAS20"),
    ("a target of nothing", "sagemaker",
     f"{REAL}.scaling.policies.0.metric.requests_per_second", 0.0, "AAS22"),
    ("a metric's name that is empty", "sagemaker", f"{CLOUDWATCH}.name", "", "AAS33"),
    ("a namespace with a colon", "sagemaker", f"{CLOUDWATCH}.namespace", ":", "AAS35"),
    ("a statistic that CloudWatch lacks", "sagemaker", f"{CLOUDWATCH}.statistic", "Median",
     "SPEC4"),
    ("a policy with the name of a rollback alarm", "sagemaker", f"{REAL}.scaling.policies.1.name",
     "latency", "AAS45"),
    ("steps with a gap", "sagemaker", f"{REAL}.scaling.policies.1.steps.1.lower", 150, "AAS13"),
    ("a cooldown of two days", "sagemaker", f"{REAL}.scaling.policies.1.cooldown_seconds",
     172_800, "AAS21"),
    ("a schedule in the form of crontab", "sagemaker", f"{REAL}.scaling.schedules.0.schedule",
     "0 22 * * *", "AAS14"),
    ("a schedule of the 32nd", "sagemaker", f"{REAL}.scaling.schedules.0.schedule",
     "cron(0 0 32 * ? *)", "AAS14"),
    ("a time zone of a path", "sagemaker", f"{REAL}.scaling.schedules.0.timezone",
     "../etc/passwd", "AAS29"),
    ("a start without a zone", "sagemaker", f"{REAL}.scaling.schedules.0.start",
     "2026-12-01 08:00", "AAS28"),
    ("a schedule that changes nothing", "sagemaker", f"{REAL}.scaling.schedules.0.min_capacity",
     None, "AAS15", f"{REAL}.scaling.schedules.0"),
    # Batch transforms
    ("a transform on a type of hosting alone", "sagemaker", "inference.batch.nightly.instance_type",
     "ml.t2.medium", "JOB5"),
    ("an output that is an object", "sagemaker", "inference.batch.nightly.output",
     "s3://data/out.csv", "JOB14"),
    ("requests of 101 MB", "sagemaker", "inference.batch.nightly.max_payload_mb", 101, "JOB12"),
    ("a rate of nothing", "sagemaker", "inference.batch.nightly.trigger.schedule",
     "rate(0 hours)", "AAS14"),
    ("a suffix with a wildcard", "sagemaker", "inference.batch.upload.trigger.suffix", "*.csv",
     "JOB16"),
    ("uploads that nobody reports", "sagemaker", "registry.artifacts.send_events", False, "JOB11",
     "inference.batch.upload.trigger"),
    ("a network twice", "sagemaker", "inference.egress_cidrs", ["192.0.2.0/24"] * 2, "CIDR2"),
    # ECS and ALB
    ("a service's memory without its CPU's step", "ecs", f"{WEB}.compute.memory_mib", 2049,
     "ECS1"),
    ("a service's CPU in cores", "ecs", f"{WEB}.compute.cpu", 1, "SPEC4"),
    ("a task of 64 MiB on EC2", "ecs", f"{GPU}.compute.memory_mib", 64, "ECS19"),
    ("17 GPUs", "ecs", f"{GPU}.compute.gpus", 17, "ECS19"),
    ("a capacity with a typo", "ecs", f"{GPU}.compute.capacity", "gpus", "ECS28"),
    ("a health command of nothing", "ecs", f"{GPU}.health.command", [], "ECS21"),
    ("a health check every second", "ecs", f"{GPU}.health.interval_seconds", 1, "ECS21"),
    ("a shift of 100 percent", "ecs", f"{WEB}.rollout.shift.percent", 100, "ECS18"),
    ("a variable of a secret with a hyphen", "ecs", f"{WEB}.secrets",
     {"A-B": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/x"}, "ECS42", f"{WEB}.secrets.A-B"),
    ("a secret that is written down", "ecs", f"{WEB}.secrets.TOKEN", "hunter2", "ARN1"),
    ("a container that runs as root", "ecs", f"{WEB}.user", "root", "ECS37"),
    ("a capacity of SageMaker's types", "ecs", "ecs.capacity.gpu.instance_types",
     ["ml.g5.xlarge"], "ECS40", "ecs.capacity.gpu.instance_types.0"),
    ("instances that warm up for a day", "ecs", "ecs.capacity.gpu.warmup_seconds", 86_400,
     "ECS45"),
    ("a load balancer with a typo", "ecs", f"{WEB}.route.load_balancer", "internl", "ELB15"),
    ("a load balancer with a reserved name", "ecs", "context.organization", "internal", "ELB17",
     "ecs.load_balancers"),
    ("access logs for no day", "ecs", "ecs.load_balancers.internal.access_logs.expire_days", 0,
     "ELB16"),
    ("a host without a dot", "ecs", f"{WEB}.route.hosts.0", "fraud", "ELB12"),
    ("a path with a space", "ecs", f"{WEB}.route.paths.0", "/fraud me", "ELB12"),
    ("a prefix that ends in a slash", "ecs", f"{WEB}.route.strip_prefix", "/fraud/", "ELB12"),
    ("a priority above AWS's", "ecs", f"{WEB}.route.priority", 50_001, "ELB13"),
    ("an old TLS policy", "ecs", "ecs.load_balancers.internal.ssl_policy",
     "ELBSecurityPolicy-2016-08", "SPEC4"),
    ("a certificate of another region", "ecs", "ecs.load_balancers.internal.certificate",
     f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/1", "ELB9"),
    # EKS and Kubernetes services
    ("a version that is a number", "eks", "eks.version", 1.35, "SPEC3"),
    ("a version of the future's form", "eks", "eks.version", "2.0-beta", "EKS1"),
    ("an AMI type that has ended", "eks", "eks.compute.groups.cpu.ami_type", "AL2_x86_64", "EKS6"),
    ("no instance type", "eks", "eks.compute.groups.cpu.instance_types", [], "EKS27"),
    ("an instance type twice", "eks", "eks.compute.groups.cpu.instance_types", ["m7i.large"] * 2,
     "EKS27"),
    ("an upgrade that replaces nothing", "eks", "eks.compute.groups.cpu.max_unavailable_percentage",
     0, "EKS12"),
    ("451 nodes", "eks", "eks.compute.groups.cpu.max_size", 451, "EKS30"),
    ("a node with a disk of a floppy's size", "eks", "eks.compute.groups.cpu.disk_size_gib", 1,
     "EKS29"),
    ("a label with a space", "eks", "eks.compute.groups.cpu.labels.team", "m l", "EKS9"),
    ("an add-on's version without its build", "eks", "eks.addons.metrics-server.version",
     "v0.7.2", "EKS28"),
    ("an add-on that nobody knows", "eks", "eks.addons", {"istio": Tree("Addon", {})}, "SPEC4",
     "eks.addons.istio"),
    ("settings that no JSON holds", "eks", "eks.addons.metrics-server.configuration",
     {"replicas": float("nan")}, "EKS36"),
    ("settings that are bytes", "eks", "eks.addons.metrics-server.configuration", {"a": b"x"},
     "EKS36"),
    ("an entry for everyone", "eks", "eks.access.admins.principal", "*", "ARN1"),
    ("a family of instances without GPUs", "auto", "eks.compute.gpu_pool.instance_families",
     ["m7i"], "SPEC4", "eks.compute.gpu_pool.instance_families.0"),
    ("a pod without CPU", "eks", f"{PODS}.compute.vcpu", 0.0, "KUB1"),
    ("a pod of 1 MiB", "eks", f"{PODS}.compute.memory_mib", 1, "KUB2"),
    ("a pod of minus one GPU", "eks", f"{PODS}.compute.gpus", -1, "KUB3"),
    ("no pod", "eks", "kubernetes.services.gpu.count", 0, "KUB4"),
    ("a start-up of a second", "eks", f"{PODS}.startup_timeout_seconds", 1, "KUB7"),
    ("a host with an underscore", "eks", f"{PODS}.ingress.host", "fraud_1.acme.test", "KUB8"),
    ("a path without a slash", "eks", f"{PODS}.ingress.path", "invocations", "KUB8"),
    ("a node group with a typo", "eks", f"{PODS}.compute.node_group", "cpus", "KUB11"),
    ("a node group where there is none", "auto", f"{PODS}.compute.node_group", "cpu", "KUB17"),
    ("the namespace of Kubernetes", "eks", f"{PODS}.namespace", "kube-system", "KUB13"),
    ("a namespace with capitals", "eks", f"{PODS}.client_namespaces.0", "Shop", "EKS31"),
    ("pods that run as root", "eks", f"{PODS}.user", 0, "KUB15"),
    ("a model of no storage", "eks", f"{PODS}.compute.storage_gib", 0, "KUB16"),
    ("objects by somebody unknown", "eks", "kubernetes.objects_by", "helm", "SPEC4"),
    # Groups
    ("a group with a dot", "foreign", "inference", {"a.b": Tree("Inference", {})}, "NAME1",
     "inference"),
    ("no group", "foreign", "inference", {}, "GRP2"),
    ("a group that is a list", "foreign", "inference.one", [], "GRP2", "inference"),
]  # fmt: skip


def errors_of(tree: Any) -> list[tuple[str, str]]:
    """The rules and paths of an Environment's errors, all at once."""
    with collecting():
        made = built(tree)
    assert isinstance(made, Environment)
    return [(p.rule, p.where) for p in problems_of(made) if p.severity == "error"]


@pytest.mark.parametrize("case", HOSTILE, ids=[case[0] for case in HOSTILE])
def test_one_wrong_value_is_reported_with_its_rule_and_nothing_else(case: tuple[Any, ...]) -> None:
    _, tree, place, value, rule, *elsewhere = case
    where = elsewhere[0] if elsewhere else place
    assert errors_of(put(TREES[tree], place, value)) == [(rule, where)]


@pytest.mark.parametrize("name", TREES)
def test_what_is_made_wrong_was_right_before(name: str) -> None:
    assert errors_of(TREES[name]) == []


def test_there_are_at_least_150_bad_inputs_with_a_rule_that_exists() -> None:
    assert len({case[0] for case in HOSTILE} | {case[0] for case in BAD}) >= 150
    assert {case[4] for case in HOSTILE} <= RULES.keys()
