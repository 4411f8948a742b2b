"""Other backends than S3: what stacks say of them, and that Terraform takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferform import (
    AzurermBackend,
    CloudBackend,
    Context,
    Environment,
    GcsBackend,
    HttpBackend,
    Inference,
    LocalBackend,
    Model,
    NetworkOutputs,
    RealtimeEndpoint,
    Registry,
    SpecError,
)
from inferform.layers import program
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.errors import BadInputError
from ops.state import OtherBackendError, States
from ops.terraform import contents_of, stacks, terraform_environment
from tests.conftest import stacks_in

CLOUD = CloudBackend(organization="acme", hostname="tfe.acme.test", project="ml")
GCS = GcsBackend(bucket="acme-states", prefix="inferform")
AZURERM = AzurermBackend(
    resource_group_name="states",
    storage_account_name="acmestates",
    container_name="tfstate",
    use_oidc=True,
)
HTTP = HttpBackend(address="https://gitlab.acme.test/api/v4/projects/42/terraform/state")
LOCAL = LocalBackend(path="/srv/states/")

STATE = "https://gitlab.acme.test/api/v4/projects/42/terraform/state/dev-use1-inference"
OWN: dict[str, tuple[Any, dict[str, Any]]] = {
    "cloud": (
        CLOUD,
        {
            "cloud": {
                "organization": "acme",
                "hostname": "tfe.acme.test",
                "workspaces": {"name": "dev-use1-inference", "project": "ml"},
            }
        },
    ),
    "gcs": (
        GCS,
        {"backend": {"gcs": {"bucket": "acme-states", "prefix": "inferform/dev-use1/inference"}}},
    ),
    "azurerm": (
        AZURERM,
        {
            "backend": {
                "azurerm": {
                    "resource_group_name": "states",
                    "storage_account_name": "acmestates",
                    "container_name": "tfstate",
                    "use_oidc": True,
                    "key": "dev-use1/inference.tfstate",
                }
            }
        },
    ),
    "http": (
        HTTP,
        {
            "backend": {
                "http": {
                    "address": STATE,
                    "lock_address": f"{STATE}/lock",
                    "lock_method": "POST",
                    "unlock_address": f"{STATE}/lock",
                    "unlock_method": "DELETE",
                }
            }
        },
    ),
    "local": (LOCAL, {"backend": {"local": {"path": "/srv/states/dev-use1/inference.tfstate"}}}),
}

READ: dict[str, dict[str, Any]] = {
    "cloud": {
        "backend": "remote",
        "config": {
            "organization": "acme",
            "hostname": "tfe.acme.test",
            "workspaces": {"name": "dev-use1-registry"},
        },
    },
    "gcs": {
        "backend": "gcs",
        "config": {"bucket": "acme-states", "prefix": "inferform/dev-use1/registry"},
    },
    "azurerm": {
        "backend": "azurerm",
        "config": {
            "resource_group_name": "states",
            "storage_account_name": "acmestates",
            "container_name": "tfstate",
            "use_oidc": True,
            "key": "dev-use1/registry.tfstate",
        },
    },
    "http": {
        "backend": "http",
        "config": {"address": STATE.replace("inference", "registry")},
    },
    "local": {
        "backend": "local",
        "config": {"path": "/srv/states/dev-use1/registry.tfstate"},
    },
}


def environment(backend: Any) -> Environment:
    model = Model(
        image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1", artifact="f/m.tar.gz"
    )
    return Environment(
        context=Context(
            organization="acme",
            stage="dev",
            account="111122223333",
            region="us-east-1",
            owner="ml",
            backend=backend,
        ),
        network=NetworkOutputs(
            vpc_id="vpc-1a2b3c4d",
            vpc_cidr="10.9.0.0/16",
            private_subnet_ids=["subnet-1a2b3c4d"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1a2b3c4d",
        ),
        registry=Registry(),
        inference=Inference(
            endpoints={"fraud": RealtimeEndpoint(model=model, instance_type="ml.m5.large")}
        ),
    )


@pytest.mark.parametrize("kind", OWN)
def test_each_layer_has_a_state_of_its_own_which_those_above_read(
    kind: str, tmp_path: Path
) -> None:
    backend, block = OWN[kind]
    program.synthesize([environment(backend)], target=EMULATOR, outdir=tmp_path)
    content = stacks_in(tmp_path)["dev-use1-inference"]
    terraform = content["terraform"]
    assert {name: terraform[name] for name in ("backend", "cloud") if name in terraform} == block
    assert content["data"]["terraform_remote_state"] == {"registry": READ[kind]}
    made = {stack.name: stack for stack in stacks(tmp_path)}
    assert made["dev-use1-inference"].backend_kind == kind


@pytest.mark.parametrize("kind", OWN)
def test_terraform_takes_what_a_stack_says_of_its_backend(kind: str, tmp_path: Path) -> None:
    program.synthesize([environment(OWN[kind][0])], target=EMULATOR, outdir=tmp_path)
    stack = next(each for each in stacks(tmp_path) if each.layer == "inference")
    variables = terraform_environment()
    started = stack.init(variables, backend=False)
    assert started.status == 0, started.output
    valid = stack.run("validate", "-no-color", environment=variables)
    assert valid.status == 0, valid.output


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: GcsBackend(bucket=""), "BCK1"),
        (lambda: CloudBackend(organization="a b"), "BCK1"),
        (lambda: HttpBackend(address="http://gitlab.acme.test/state"), "BCK2"),
        (lambda: HttpBackend(address="https://me:secret@gitlab.acme.test/state"), "BCK2"),
        (lambda: HttpBackend(address="https://gitlab.acme.test/state?token=x"), "BCK2"),
        (lambda: LocalBackend(path=""), "BCK1"),
        (lambda: environment("gcs"), "SPEC3"),
    ],
)
def test_what_no_backend_takes_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(SpecError, match=rule):
        make()


def test_what_reads_states_in_s3_says_that_it_cannot(tmp_path: Path) -> None:
    elsewhere = environment(GCS)
    aws = Aws(elsewhere.context)
    with pytest.raises(BadInputError, match="in a gcs backend, which Inferform does not make"):
        bootstrap(elsewhere.context, aws)
    for read in (States(aws).read, States(aws).lock, States(aws).versions):
        with pytest.raises(OtherBackendError, match="dev-use1-registry keeps its state in a gcs"):
            read("registry")
    program.synthesize([elsewhere], target=EMULATOR, outdir=tmp_path)
    states = States(aws, contents_of(stacks(tmp_path)))
    with pytest.raises(OtherBackendError, match="use terraform state in its folder"):
        states.read("inference")
