"""Checkov over every stack: what it finds is mended, or explained here.

It reads Terraform JSON but not the policy documents in it, which are text there; so those are
written a second time as HCL. The `terraform` block, over which Checkov 3.3 stumbles, is left out.
"""

from __future__ import annotations

import json
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT, Synthesized

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
CONTROL = "control"
POLICIES = ("aws_iam_policy", "aws_iam_role_policy")

BOUNDARY = "identity-*/aws_iam_policy.roles_boundary_*"
DEPLOY = "identity-*/aws_iam_role_policy.roles_deploy-policy_*"
ACCESS_LOGS = "*-ecs/aws_s3_bucket.load-balancers_internal_logs_*"
SERVICE = "kubernetes-*/kubernetes_deployment_v1.objects_deployment-*"
CEILING = "it is a permissions boundary, which grants nothing and caps what roles are granted"

EXPLAINED = {
    ("CKV_AWS_62", BOUNDARY): CEILING,
    ("CKV_AWS_63", BOUNDARY): CEILING,
    ("CKV_AWS_286", BOUNDARY): CEILING,
    ("CKV_AWS_287", BOUNDARY): CEILING,
    ("CKV_AWS_288", BOUNDARY): CEILING,
    ("CKV_AWS_289", BOUNDARY): CEILING,
    ("CKV_AWS_290", BOUNDARY): CEILING,
    ("CKV_AWS_355", BOUNDARY): CEILING,
    ("CKV2_AWS_40", BOUNDARY): CEILING,
    ("CKV_AWS_290", DEPLOY): "budgets and hosted zones have no Region by which to narrow them; the "
    "other statements are narrowed by Region, name or boundary",
    ("CKV_AWS_355", DEPLOY): "what a deploy creates has no ARN yet; all but budgets, hosted zones "
    "and reads is narrowed by Region, name or boundary",
    ("CKV_AWS_355", "identity-*/aws_iam_role_policy.roles_plan-policy_*"): "a plan reads the "
    "resources of a whole account, and its actions are reads of how things are set up",
    ("CKV_AWS_61", "identity-*/aws_iam_role.roles_*"): "the account is the principal because the "
    "role cannot name itself before it exists; a condition names who may assume it",
    ("CKV_AWS_355", "ecs-*/aws_iam_role_policy.services_*_rollout_policy_*"): "CloudWatch answers "
    "about composite alarms only to those who may describe all alarms",
    ("CKV2_AWS_5", "*-inference/aws_security_group.models"): "SageMaker's models and batch "
    "transforms hold the group, which Checkov does not know as users of one",
    ("CKV2_AWS_62", "aws_s3_bucket"): "nothing listens to the events; send_events turns them on",
    ("CKV_AWS_144", "aws_s3_bucket"): "an environment lives in one Region, and so do its artifacts",
    ("CKV_AWS_18", "aws_s3_bucket"): "who reads objects is recorded by the account's CloudTrail, "
    "which the environments do not own",
    ("CKV_AWS_145", ACCESS_LOGS): "load balancers write access logs with S3's own key and no other",
    ("CKV_AWS_21", ACCESS_LOGS): "access logs are written once under names of their own, and are "
    "to be gone when they expire",
    ("CKV_AWS_150", "*-dev-use1-ecs/aws_lb.*"): "deletion protection comes with Context.protected, "
    "which dev is not",
    ("CKV_AWS_158", "*-network/aws_cloudwatch_log_group.network_flow-log-group_*"): "the network "
    "stands below the layer with the key; flow logs hold addresses and are encrypted by "
    "CloudWatch's own key",
    ("CKV_AWS_338", "aws_cloudwatch_log_group"): "how long logs are kept is the user's to say and "
    "to pay; 30 days where nothing is said",
    ("CKV_AWS_284", "aws_sfn_state_machine"): "the machine has one task, whose time Step Functions "
    "and SageMaker show already",
    ("CKV_AWS_285", "aws_sfn_state_machine"): "failures are logged, without the input, as that "
    "would copy customers' data into logs",
    ("CKV_AWS_297", "aws_scheduler_schedule"): "the schedule holds a time and the ARN of a state "
    "machine, and no data",
    (
        "CKV_AWS_370",
        "sagemaker-*/aws_sagemaker_model.*",
    ): "isolation is the default where SageMaker "
    "fetches the artifact; these have none, fetch secrets, or are of a kind that needs the network",
    ("CKV_AWS_98", "sagemaker-*/aws_sagemaker_endpoint_configuration.*"): "AWS refuses a key for "
    "instances with local NVMe storage, which they encrypt themselves",
    ("CKV_AWS_378", "aws_lb_target_group"): "the container contract is HTTP on port 8080, in "
    "private subnets and between two security groups",
    ("CKV_K8S_11", SERVICE): "a CPU limit throttles inference when the node has time to spare; "
    "requests and memory limits are set",
    ("CKV_K8S_15", SERVICE): "tags in the environment's repositories are immutable, so a pulled "
    "image is the image",
    ("CKV_K8S_43", SERVICE): "a digest may be given; the repositories' tags are immutable",
    (
        "CKV_K8S_22",
        "kubernetes-prod-*/kubernetes_deployment_v1.objects_deployment-ranking-*",
    ): "the example of modules/kubernetes/README.md asks for read_only=False",
}
"""Why a failed check is no fault: by its id, and a resource type or `stack/type.name`."""


class Failed(NamedTuple):
    """A failed check of a resource."""

    check: str
    title: str
    stack: str
    type: str
    name: str

    @property
    def place(self) -> str:
        """The resource, as the patterns of EXPLAINED see it."""
        return f"{self.stack}/{self.type}.{self.name}"

    def explained_by(self, key: tuple[str, str]) -> bool:
        """Whether the key of an explanation means this."""
        check, pattern = key
        return check == self.check and (pattern == self.type or fnmatchcase(self.place, pattern))


class Findings(NamedTuple):
    """What one run of Checkov says."""

    failed: list[Failed]
    passed: int
    looked_at: set[str]
    broken: int


# What Checkov must complain about, or it looks at nothing.
WRONG = {
    "aws_cloudwatch_log_group": {"wrong_logs": {"name": "wrong"}},
    "aws_iam_role_policy": {
        "wrong_policy": {
            "name": "wrong",
            "role": "wrong",
            "policy": '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
        }
    },
}


def write(folder: Path, stack: dict[str, Any]) -> None:
    """A copy of a stack for Checkov."""
    folder.mkdir(parents=True)
    resources = stack["resource"]
    file = folder / "cdk.tf.json"
    file.write_text(json.dumps({"resource": resources}, indent=2), encoding="utf-8")
    documents = [
        f'resource "{kind}" "{name}" {{\n  policy = jsonencode('
        f"{json.dumps(json.loads(policy['policy']), indent=2)})\n}}\n"
        for kind in POLICIES
        for name, policy in resources.get(kind, {}).items()
    ]
    (folder / "policies.tf").write_text("\n".join(documents), encoding="utf-8")


def run(folder: Path, home: Path) -> list[dict[str, Any]]:
    """Run Checkov without anything that leaves the machine."""
    if not CHECKOV.exists():
        pytest.fail(".venv-checkov is missing: run make .venv-checkov/.ready", pytrace=False)
    done = subprocess.run(
        [
            *(str(CHECKOV), "--directory", str(folder), "--framework", "terraform_json"),
            *("terraform", "--output", "json", "--compact", "--soft-fail", "--skip-download"),
            *("--skip-results-upload", "--download-external-modules", "false"),
        ],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LOG_LEVEL": "ERROR"},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    runs: list[dict[str, Any]] = json.loads(done.stdout)
    return runs


def _stack(check: dict[str, Any]) -> str:
    return Path(check["file_path"]).parent.name


@pytest.fixture(scope="module")
def findings(everything: Synthesized, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = tmp_path_factory.mktemp("checkov")
    stacks = {**everything, CONTROL: {"resource": WRONG}}
    for name, stack in stacks.items():
        write(folder / name, stack)
    # Checkov names the type of a resource only sometimes; names are unique within a stack.
    types = {
        (stack, name): kind
        for stack, content in stacks.items()
        for kind, named in content["resource"].items()
        for name in named
    }
    failed: set[Failed] = set()
    passed: set[tuple[str, ...]] = set()
    broken = 0
    for each in run(folder, tmp_path_factory.mktemp("home")):
        broken += each["summary"]["parsing_errors"]
        for check in each["results"]["passed_checks"]:
            passed.add((check["check_id"], _stack(check), check["resource"]))
        for check in each["results"]["failed_checks"]:
            where, name = _stack(check), check["resource"].rpartition(".")[2]
            kind = types[where, name]
            failed.add(Failed(check["check_id"], check["check_name"], where, kind, name))
    looked_at = {where for _, where, _ in passed} | {each.stack for each in failed}
    return Findings(sorted(failed), len(passed), looked_at, broken)


def test_checkov_reads_every_stack_and_sees_what_is_wrong(
    findings: Findings, everything: Synthesized
) -> None:
    assert findings.broken == 0
    assert findings.looked_at >= {*everything, CONTROL}
    assert findings.passed > 1500
    seen = {(each.check, each.type) for each in findings.failed if each.stack == CONTROL}
    assert {
        ("CKV_AWS_158", "aws_cloudwatch_log_group"),
        ("CKV_AWS_288", "aws_iam_role_policy"),
        ("CKV_AWS_355", "aws_iam_role_policy"),
    } <= seen


def test_no_failed_check_is_unexplained(findings: Findings) -> None:
    unexplained = [
        f"{each.check} {each.place}: {each.title}"
        for each in findings.failed
        if each.stack != CONTROL and not any(each.explained_by(key) for key in EXPLAINED)
    ]
    assert not unexplained, "\n".join(["mend these, or explain them in EXPLAINED:", *unexplained])


def test_every_explanation_is_needed(findings: Findings) -> None:
    real = [each for each in findings.failed if each.stack != CONTROL]
    idle = [key for key in EXPLAINED if not any(each.explained_by(key) for each in real)]
    assert idle == []
