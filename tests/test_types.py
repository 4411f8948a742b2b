"""mypy sees the arguments of what is generated: Terraform's bindings, and AWS's clients."""

import subprocess
import sys
from pathlib import Path

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


def _checked(program: str, folder: Path) -> list[str]:
    file = folder / "program.py"
    file.write_text(program)
    # With the cache of `make types`, as types of AWS take long to read.
    command = [sys.executable, "-m", "mypy", str(file)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line.partition(": ")[2] for line in checked.stdout.splitlines()]
    return [line for line in lines if line.startswith("error") or "Revealed" in line]


def test_a_misspelt_or_mistyped_argument_of_a_resource_is_refused_with_a_hint(
    tmp_path: Path,
) -> None:
    assert _checked(_BINDINGS, tmp_path) == [
        'error: Unexpected keyword argument "enable_key_rotatoin" for "KmsKey"; '
        'did you mean "enable_key_rotation"?  [call-arg]',
        'error: Argument "rotation_period_in_days" to "KmsKey" has incompatible type "str"; '
        'expected "int | float | None"  [arg-type]',
        'error: Unexpected keyword argument "wait_for_default_service_acount" for "NamespaceV1"; '
        'did you mean "wait_for_default_service_account"?  [call-arg]',
        'note: Revealed type is "str"',
    ]


def test_a_misspelt_operation_argument_or_service_of_aws_is_refused(tmp_path: Path) -> None:
    errors = _checked(_CLIENTS, tmp_path)
    kinds = [error.rpartition("[")[2].rstrip("]") for error in errors]
    assert kinds == ["attr-defined", "call-arg", "typeddict-item", "call-overload"]
