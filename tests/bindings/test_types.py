"""mypy sees the arguments of the generated bindings."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

_PROGRAM = """
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


def test_a_misspelt_or_mistyped_argument_of_a_resource_is_refused_with_a_hint(
    tmp_path: Path,
) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)

    cache = str(tmp_path / "cache")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", cache, str(tmp_path / "program.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    lines = [line.partition(": ")[2] for line in checked.stdout.splitlines()]
    assert [line for line in lines if line.startswith("error") or "Revealed" in line] == [
        'error: Unexpected keyword argument "enable_key_rotatoin" for "KmsKey"; '
        'did you mean "enable_key_rotation"?  [call-arg]',
        'error: Argument "rotation_period_in_days" to "KmsKey" has incompatible type "str"; '
        'expected "int | float | None"  [arg-type]',
        'error: Unexpected keyword argument "wait_for_default_service_acount" for "NamespaceV1"; '
        'did you mean "wait_for_default_service_account"?  [call-arg]',
        'note: Revealed type is "str"',
    ], checked.stdout
