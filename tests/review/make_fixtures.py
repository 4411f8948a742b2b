"""Make the plans in `tests/review/plans` again: real plans, made on the emulator.

Run it as `python -m tests.review.make_fixtures` after a change of what is synthesized. It needs
Node, Terraform and the AWS provider; the tests need only the files.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from inferform import (
    Context,
    DataCapture,
    Environment,
    Image,
    Inference,
    InvocationsPerInstance,
    Model,
    RealtimeEndpoint,
    Registry,
    Repository,
    Scaling,
    TargetTracking,
)
from inferform.ecs.containers import ContainerHealth, ContainerOptions
from inferform.ecs.spec import EcsService, Fargate
from inferform.layers.program import synthesize
from inferform.outputs import EcsOutputs, NetworkOutputs, RegistryOutputs
from inferform.sagemaker.endpoints.variants import MultiVariantEndpoint, Variant
from inferform.target import EMULATOR
from inferform_emulator import process
from inferform_emulator.process import Emulator
from ops.terraform import Stack, stacks, terraform_binary, terraform_environment

PLANS = Path(__file__).resolve().parent / "plans"

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml-platform",
    deploy_role="inferform-deploy",
)
REGISTRY = Registry(repositories={"fraud": Repository(), "ranking": Repository()})
FRAUD = RealtimeEndpoint(
    model=Model(
        image=Image(repository="fraud", tag="1.4.2"),
        artifact="fraud/1.4.2/model.tar.gz",
        environment={"LOG_LEVEL": "info"},
    ),
    instance_type="ml.m5.large",
    scaling=Scaling(
        min_capacity=2,
        max_capacity=4,
        policies=[TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))],
    ),
)
NEWER = FRAUD.replace(
    model=FRAUD.model.replace(
        image=Image(repository="fraud", tag="1.5.0"), artifact="fraud/1.5.0/model.tar.gz"
    )
)
PRIMARY = Variant(model=FRAUD.model, instance_type="ml.m5.large", scaling=FRAUD.scaling, weight=9)
ONE = MultiVariantEndpoint(variants={"primary": PRIMARY})
TWO = MultiVariantEndpoint(
    variants={
        "primary": PRIMARY,
        "challenger": Variant(model=NEWER.model, instance_type="ml.m5.large", weight=1),
    }
)
CLUSTER = CONTEXT.name("services")
SERVICE = EcsService(
    model=Model(image=Image(repository="fraud", tag="1.4.2")),
    compute=Fargate(cpu=1024, memory_mib=2048),
    scaling=Scaling(min_capacity=2, max_capacity=6),
    container=ContainerOptions(
        health=ContainerHealth(command=["curl", "--fail", "http://localhost:8080/ping"])
    ),
)
NEWER_SERVICE = SERVICE.replace(model=Model(image=Image(repository="fraud", tag="1.5.0")))
SCALED = FRAUD.replace(scaling=FRAUD.scaling and FRAUD.scaling.replace(max_capacity=12))

# Configurations before and after of the plans that need no provider but Terraform's own.
_CHECKED = """
variable "secret" {
  default   = "hunter2-first"
  sensitive = true
}
variable "url" { default = "https://v1.internal.test" }
resource "terraform_data" "same" { input = "unchanged" }
resource "terraform_data" "moved" { input = "m" }
resource "terraform_data" "kept" { input = "kept" }
output "endpoint_url" { value = var.url }
output "password" {
  value     = var.secret
  sensitive = true
}
"""
_CHECKED_AFTER = """
variable "secret" {
  default   = "hunter2-second"
  sensitive = true
}
variable "url" { default = "https://v2.internal.test" }
resource "terraform_data" "same" { input = "unchanged" }
resource "terraform_data" "moved_on" { input = "m" }
moved {
  from = terraform_data.moved
  to   = terraform_data.moved_on
}
removed {
  from = terraform_data.kept
  lifecycle { destroy = false }
}
resource "terraform_data" "new" { input = "n" }
output "endpoint_url" { value = var.url }
output "id" { value = terraform_data.same.id }
output "password" {
  value     = var.secret
  sensitive = true
}
check "reachable" {
  assert {
    condition     = var.url == "https://v1.internal.test"
    error_message = "not in service: ${var.url}"
  }
}
check "later" {
  assert {
    condition     = terraform_data.new.id != ""
    error_message = "no id"
  }
}
"""
_TARGETED = """
variable "size" { default = 1 }
resource "terraform_data" "a" { input = var.size }
resource "terraform_data" "b" { input = "b" }
"""
_REFERENCES = """
locals { names = ["a", "b"] }
resource "terraform_data" "root" { input = "r" }
resource "terraform_data" "counted" {
  count = 2
  input = "c${count.index}"
}
resource "terraform_data" "follows" {
  count = 2
  input = terraform_data.counted[count.index].id
}
resource "terraform_data" "literal" { input = terraform_data.counted[1].id }
resource "terraform_data" "bracket" { input = terraform_data.fe["a"].id }
resource "terraform_data" "splat" { input = terraform_data.counted[*].id }
resource "terraform_data" "fe" {
  for_each = toset(local.names)
  input    = each.key
}
locals { via = terraform_data.root.id }
resource "terraform_data" "through_local" { input = local.via }
module "m" {
  source   = "./m"
  for_each = toset(["k"])
  model    = terraform_data.root.id
  names    = ["x", "y"]
}
resource "terraform_data" "of_module" { input = module.m["k"].id }
"""
_MODULE = """
variable "model" {}
variable "names" { type = set(string) }
resource "terraform_data" "inner" {
  for_each = var.names
  input    = "${var.model}-${each.key}"
}
resource "terraform_data" "outer" {
  for_each = terraform_data.inner
  input    = each.value.id
}
output "id" { value = terraform_data.inner["x"].id }
"""
_ONE = ("-var=size=2", "-target=terraform_data.b", "-replace=terraform_data.b")

Change = Callable[[dict[str, Any]], None]


def main() -> None:
    """Write every fixture."""
    PLANS.mkdir(exist_ok=True)
    builtin("outputs-and-checks", _CHECKED, _CHECKED_AFTER)
    builtin("references", "", _REFERENCES)
    builtin("targeted", _TARGETED, _TARGETED, *_ONE)
    with process.serve() as emulator, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = RegistryOutputs(
            kms_key_arn=CONTEXT.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
            artifact_bucket=CONTEXT.bucket("artifacts"),
        )
        project = Project(emulator, folder, _vpc(emulator), registry)
        project.registry("first-creation-registry")
        project.registry("bucket-deleted", apply_first=True, change=_without_bucket)
        project.inference("first-creation", {"fraud": FRAUD})
        project.inference(None, {"fraud": FRAUD}, apply=True)
        project.inference("nothing-to-do", {"fraud": FRAUD})
        project.inference("image-change", {"fraud": NEWER})
        project.inference(
            "instance-type-change", {"fraud": FRAUD.replace(instance_type="ml.m5.xlarge")}
        )
        project.inference("scaling-change", {"fraud": SCALED})
        project.inference("variants-under-guardrails", {"fraud": TWO})
        project.inference("endpoint-renamed", {"fraud-scores": FRAUD})
        project.inference("capture-added", {"fraud": FRAUD.replace(data_capture=DataCapture())})
        project.inference("role-widened", {"fraud": FRAUD}, change=_wider_role)
        project.services(None, {"fraud": SERVICE}, apply=True)
        project.services("service-image-change", {"fraud": NEWER_SERVICE})
        project.services("service-deleted", {})
        project.inference(None, {"fraud": ONE}, apply=True)
        project.inference("variant-added", {"fraud": TWO})


def builtin(name: str, before: str, after: str, *options: str) -> None:
    """A plan of a configuration that needs neither AWS nor a provider of its own."""
    with tempfile.TemporaryDirectory() as folder:

        def terraform(*arguments: str) -> bytes:
            command = [terraform_binary(), *arguments]
            done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE)
            return done.stdout

        file = Path(folder) / "main.tf"
        module = Path(folder) / "m"
        module.mkdir()
        (module / "main.tf").write_text(_MODULE, encoding="utf-8")
        file.write_text(before, encoding="utf-8")
        terraform("init", "-no-color")
        terraform("apply", "-no-color", "-auto-approve")
        file.write_text(after, encoding="utf-8")
        terraform("init", "-no-color")
        terraform("plan", "-no-color", "-out=plan", *options)
        shown = json.loads(terraform("show", "-json", "plan"))
        shown.pop("prior_state", None)
        shown.pop("planned_values")
        text = Scrubber().scrub(json.dumps(shown, separators=(",", ":")))
        (PLANS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


class Project:
    """One environment on one emulator."""

    def __init__(
        self,
        emulator: Emulator,
        folder: Path,
        network: NetworkOutputs,
        registry: RegistryOutputs,
    ) -> None:
        self._folder = folder
        self._network = network
        self._registry = registry
        self._environment = terraform_environment(emulator.environment(region=CONTEXT.region))
        self._scrubber = Scrubber()

    def registry(
        self, name: str, *, apply_first: bool = False, change: Change | None = None
    ) -> None:
        """A plan of the registry layer."""
        environment = Environment(context=CONTEXT, registry=REGISTRY)
        if apply_first:
            self._run(self._stack(environment, "registry", None), None, apply=True)
        self._run(self._stack(environment, "registry", change), name)

    def inference(
        self,
        name: str | None,
        endpoints: Mapping[str, RealtimeEndpoint | MultiVariantEndpoint],
        *,
        apply: bool = False,
        change: Change | None = None,
    ) -> None:
        """A plan of the inference layer, over a network and a registry that exist."""
        environment = Environment(
            context=CONTEXT,
            network=self._network,
            registry=self._registry,
            inference=Inference(endpoints={**endpoints}),
        )

        def changes(content: dict[str, Any]) -> None:
            _with_secret(content)
            if change is not None:
                change(content)

        self._run(self._stack(environment, "inference", changes), name, apply=apply)

    def services(
        self, name: str | None, services: dict[str, EcsService], *, apply: bool = False
    ) -> None:
        """A plan of the inference layer with ECS services, on a cluster that exists."""
        environment = Environment(
            context=CONTEXT,
            network=self._network,
            registry=self._registry,
            ecs=EcsOutputs(
                cluster_name=CLUSTER,
                capacity_providers={},
                listener_arns={},
                load_balancer_suffixes={},
                load_balancer_groups={},
            ),
            inference=Inference(services=services),
        )
        self._run(self._stack(environment, "services", None), name, apply=apply)

    def _stack(self, environment: Environment, layer: str, change: Change | None) -> Stack:
        outdir = self._folder / layer
        outdir.mkdir(exist_ok=True)
        synthesize([environment], target=EMULATOR, outdir=outdir)
        (stack,) = stacks(outdir)
        if change is not None:
            file = stack.folder / "cdk.tf.json"
            content = json.loads(file.read_text("utf-8"))
            change(content)
            file.write_text(json.dumps(content), encoding="utf-8")
        # The state of a fixture is a file, which outlives the synthesis.
        backend = {"terraform": {"backend": {"local": {"path": f"{outdir}.tfstate"}}}}
        (stack.folder / "local_override.tf.json").write_text(json.dumps(backend), encoding="utf-8")
        return stack

    def _run(self, stack: Stack, name: str | None, *, apply: bool = False) -> None:
        self._terraform(stack, "init", "-no-color", "-reconfigure")
        self._terraform(stack, "plan", "-no-color", "-out=plan")
        if name is not None:
            shown = json.loads(self._terraform(stack, "show", "-json", "plan"))
            text = self._scrubber.scrub(json.dumps(_essential(shown), separators=(",", ":")))
            (PLANS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
            print(f"{name}: {len(text)} bytes")
        if apply:
            self._terraform(stack, "apply", "-no-color", "-auto-approve", "plan")

    def _terraform(self, stack: Stack, *arguments: str) -> str:
        outcome = stack.run(*arguments, environment=self._environment, timeout=300)
        if outcome.status != 0:
            raise SystemExit(outcome.output)
        return outcome.output


class Scrubber:
    """Replaces what differs from run to run: random ids, addresses of the emulator, times."""

    _ID = re.compile(r"\b(vpc|subnet|sg|sgr|pl|eni|rtb)-[0-9a-f]{8,17}\b")
    _KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    _TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def scrub(self, text: str) -> str:
        """The text with stable values."""
        text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:5000", text)
        text = self._TIME.sub("2026-01-01T00:00:00Z", text)
        text = self._ID.sub(lambda m: self._stable(m[0], f"{m[1]}-{{:017x}}"), text)
        return self._KEY.sub(lambda m: self._stable(m[0], "00000000-0000-4000-8000-{:012x}"), text)

    def _stable(self, value: str, form: str) -> str:
        return self._known.setdefault(value, form.format(len(self._known) + 1))


def _essential(shown: dict[str, Any]) -> dict[str, Any]:
    """The parts of a plan that a review reads."""
    kept = ("format_version", "terraform_version", "resource_changes", "resource_drift")
    essential = {name: shown[name] for name in (*kept, "output_changes") if name in shown}
    essential["errored"] = shown.get("errored", False)
    root = shown["configuration"]["root_module"]
    resources = [
        {name: resource[name] for name in ("address", "expressions") if name in resource}
        for resource in root.get("resources", [])
    ]
    providers = {
        name: {key: value for key, value in provider.items() if key != "expressions"}
        | {"expressions": {"region": provider.get("expressions", {}).get("region", {})}}
        for name, provider in shown["configuration"].get("provider_config", {}).items()
    }
    essential["configuration"] = {
        "provider_config": providers,
        "root_module": {"resources": resources},
    }
    return essential


def _without_bucket(content: dict[str, Any]) -> None:
    """Leave the artifact bucket and what depends on it out of a synthesized stack."""
    for kind in list(content["resource"]):
        if kind.startswith("aws_s3_bucket"):
            del content["resource"][kind]
    content.pop("output", None)


def _with_secret(content: dict[str, Any]) -> None:
    """Give every model what no Spec allows, and other projects do: a password in the clear."""
    for model in content["resource"]["aws_sagemaker_model"].values():
        variables = model["primary_container"]["environment"]
        variables["FEATURE_STORE_PASSWORD"] = "correct horse battery"


def _wider_role(content: dict[str, Any]) -> None:
    """Let every role of a synthesized stack read and write every bucket."""
    for policy in content["resource"]["aws_iam_role_policy"].values():
        document = json.loads(policy["policy"])
        document["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        policy["policy"] = json.dumps(document)


def _vpc(emulator: Emulator) -> NetworkOutputs:
    """A network for the endpoints, made without Terraform."""
    settings = emulator.settings(region=CONTEXT.region)
    access: dict[str, Any] = {
        "endpoint_url": emulator.url,
        "region_name": CONTEXT.region,
        "aws_access_key_id": settings["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": settings["AWS_SECRET_ACCESS_KEY"],
    }
    sts: Any = boto3.client("sts", **access)
    credentials = sts.assume_role(RoleArn=CONTEXT.deploy_role_arn, RoleSessionName="fixtures")[
        "Credentials"
    ]
    access |= {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    ec2: Any = boto3.client("ec2", **access)
    boto3.client("ecs", **access).create_cluster(clusterName=CLUSTER)
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.20.{block}.0/18", AvailabilityZone=f"us-east-1{letter}"
        )["Subnet"]["SubnetId"]
        for block, letter in ((0, "a"), (64, "b"))
    ]
    lists = ec2.describe_prefix_lists()["PrefixLists"]
    s3 = next(entry for entry in lists if entry["PrefixListName"].endswith(".s3"))
    return NetworkOutputs(
        vpc_id=vpc,
        vpc_cidr="10.20.0.0/16",
        private_subnet_ids=subnets,
        public_subnet_ids=[],
        s3_prefix_list_id=s3["PrefixListId"],
    )


if __name__ == "__main__":
    main()
