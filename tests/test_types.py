"""mypy sees the arguments of what is generated: Terraform's bindings, and AWS's clients."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_BINDINGS = """
from inferform.cdk import Construct

from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_kubernetes.namespace_v1 import NamespaceV1

def build(scope: Construct) -> None:
    KmsKey(scope, "right", enable_key_rotation=True)
    KmsKey(scope, "misspelt", enable_key_rotatoin=True)
    KmsKey(scope, "mistyped", rotation_period_in_days="90")
    NamespaceV1(scope, "namespace", wait_for_default_service_acount=True)
    reveal_type(KmsKey(scope, "key").arn)
"""

_CLIENTS = """
from ops.aws import Aws

def look(aws: Aws) -> None:
    sagemaker = aws.client("sagemaker")
    sagemaker.describe_endpoint(EndpointName="right")["EndpointStatus"]
    sagemaker.describe_endpont(EndpointName="x")
    sagemaker.describe_endpoint(EndpointNam="x")
    sagemaker.describe_endpoint(EndpointName="x")["EndpointState"]
    aws.client("sage")
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says of each program, with a copy of the cache that `make types` leaves, as another
    run may be writing that; without it where there is none."""
    folder = tmp_path_factory.mktemp("types")
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", folder / "cache")
    for name, program in (("bindings", _BINDINGS), ("clients", _CLIENTS)):
        (folder / f"{name}.py").write_text(program)
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(folder / "cache"), str(folder)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found: dict[str, list[str]] = {"bindings": [], "clients": []}
    for line in checked.stdout.splitlines():
        file, _, rest = line.partition(": ")
        if rest.startswith("error") or "Revealed" in rest:
            found[Path(file.partition(":")[0]).stem].append(rest)
    return found


def test_a_misspelt_or_mistyped_argument_of_a_resource_is_refused_with_a_hint(
    said: dict[str, list[str]],
) -> None:
    assert said["bindings"] == [
        'error: Unexpected keyword argument "enable_key_rotatoin" for "KmsKey"; '
        'did you mean "enable_key_rotation"?  [call-arg]',
        'error: Argument "rotation_period_in_days" to "KmsKey" has incompatible type "str"; '
        'expected "int | float | None"  [arg-type]',
        'error: Unexpected keyword argument "wait_for_default_service_acount" for "NamespaceV1"; '
        'did you mean "wait_for_default_service_account"?  [call-arg]',
        'note: Revealed type is "str"',
    ]


def test_a_misspelt_operation_argument_or_service_of_aws_is_refused(
    said: dict[str, list[str]],
) -> None:
    kinds = [error.rpartition("[")[2].rstrip("]") for error in said["clients"]]
    assert kinds == ["attr-defined", "call-arg", "typeddict-item", "call-overload"]
