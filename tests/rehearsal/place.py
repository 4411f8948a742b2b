"""The five accounts of the example on an emulator, and what lies in them before a deploy."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from inferform import Environment, Registry, load
from inferform.image_uri import parse_image
from inferform_emulator.process import Emulator
from inferform_ops.aws import Aws
from inferform_ops.bootstrap import bootstrap
from inferform_ops.checks import ARTIFACT, CERTIFICATE, IMAGE
from inferform_ops.demo import push_small, small_manifest
from inferform_ops.kinds.record import Finding
from inferform_ops.missing import missing
from inferform_ops.program import Program
from inferform_ops.state import States
from tests.conftest import ROOT
from tests.e2e.program import LASTING
from tests.ops.certificates import issued

PLATFORM = ROOT / "examples/platform"
CHURN = "churn-2023-11-07"
_TAGS = ("environment", "organization", "owner", "service")
_KEY = re.compile(r'\((HOME|EUROPE), "([0-9a-f-]{36})"\)')
_ASSUMED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

_ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["cloudwatch:PutMetricData", "ecr:*", "logs:*"],
            "Resource": "*",
        }
    ],
}
"""What a notebook's role may do, as far as its endpoint needs it."""


class Place:
    """A copy of the example in a folder, and the emulator that it is deployed on."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder, self.emulator = folder, emulator
        shutil.copytree(
            PLATFORM, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
        app = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'main.py'))}"
        settings = {"language": "python", "app": app, "sendCrashReports": "false"}
        (folder / "cdktf.json").write_text(json.dumps(settings), "utf-8")
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        sys.path.insert(0, str(folder))

    @property
    def environments(self) -> Mapping[str, Environment]:
        """What the files ask for now."""
        return load(self.folder / "environments").environments

    @property
    def program(self) -> Program:
        """What synthesizes the copy."""
        return Program(
            self.emulator,
            self.folder / "environments",
            self.folder / "cdktf.out",
            self.folder,
            work=self.folder / ".inferform",
        )

    def aws(self, key: str) -> Aws:
        """AWS as the administrator of an environment's account sees it."""
        return Aws(self.environments[key].context, emulator=self.emulator)

    def inferform(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of Inferform in the copy; `given` is what it reads."""
        return subprocess.run(
            [sys.executable, "-m", "inferform_ops", *arguments, "--emulator"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "120"},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def strike(self, fault: Mapping[str, Any], key: str) -> None:
        """Let a fault strike every request in the account of an environment, until faults are ended."""
        account = self.environments[key].context.account
        self.emulator.control("POST", "faults", {**fault, "account": account, "count": LASTING})

    def end_faults(self) -> int:
        """End the faults; how often they have struck."""
        hits: int = sum(each["hits"] for each in self.emulator.control("GET", "faults")["faults"])
        self.emulator.control("DELETE", "faults")
        return hits

    def write(self, old: str, new: str) -> None:
        """Write something else into the environments' files."""
        for file in (self.folder / "environments").glob("*.py"):
            text = file.read_text("utf-8")
            if old in text:
                file.write_text(text.replace(old, new), "utf-8")
                # Python takes one of the same length, written within the same second, for the one before.
                Path(cache_from_source(file)).unlink(missing_ok=True)

    # What administrators do

    def furnish(self) -> None:
        """State buckets, tags that costs are counted by, and what was there before Inferform."""
        for key, environment in self.environments.items():
            account = {"account": environment.context.account}
            self.emulator.control("POST", "access", {**account, "judged": True})
            bootstrap(environment.context, self.aws(key))
            costs: Any = self.aws(key).any_client("ce")
            costs.update_cost_allocation_tags_status(
                CostAllocationTagsStatus=[{"TagKey": tag, "Status": "Active"} for tag in _TAGS]
            )
        aws = self.aws("prod-use1")
        account = {"account": aws.context.account}
        slack = {**account, "workspaces": ["T07EA123LEP"], "teams": {}}
        self.emulator.control("POST", "chatbot/authorized", slack)
        plan = {"name": "assistant", "instance_type": "ml.g5.12xlarge", "instances": 4}
        self.emulator.control("POST", "sagemaker/training-plan", {**account, **plan})
        self._make_churn(aws)

    def _make_churn(self, aws: Aws) -> None:
        """The endpoint of a notebook, which adoption takes over."""
        iam = aws.client("iam")
        role = iam.create_role(RoleName="notebooks", AssumeRolePolicyDocument=json.dumps(_ASSUMED))[
            "Role"
        ]["Arn"]
        iam.put_role_policy(
            RoleName="notebooks", PolicyName="notebooks", PolicyDocument=json.dumps(_ALLOWED)
        )
        image = f"{aws.context.account}.dkr.ecr.us-east-1.amazonaws.com/notebooks/churn:1"
        self._push(image)
        sagemaker = aws.client("sagemaker")
        sagemaker.create_model(
            ModelName=CHURN, ExecutionRoleArn=role, PrimaryContainer={"Image": image}
        )
        sagemaker.create_endpoint_config(
            EndpointConfigName=CHURN,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": CHURN,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 2,
                }
            ],
        )
        sagemaker.create_endpoint(EndpointName=CHURN, EndpointConfigName=CHURN)
        aws.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{CHURN}")

    # What pipelines and people bring between the stacks

    def fill(self, key: str) -> list[str]:
        """Put a small image, artifact or certificate instead of each that is missing."""
        synthesis = self.program.synthesize()
        aws, filled = self.aws(key), []
        for found in missing(synthesis, synthesis.of(key)).get(key, []):
            if self._filled(aws, found):
                filled.append(found.subject)
        return filled

    def _filled(self, aws: Aws, found: Finding) -> bool:
        if found.check is IMAGE:
            self._push(found.subject)
        elif found.check is ARTIFACT:
            push_small(aws, [found])
        elif found.check is CERTIFICATE:
            certificate, key = issued()
            made = aws.client("acm").import_certificate(Certificate=certificate, PrivateKey=key)
            self.write(found.subject, made["CertificateArn"])
        else:
            return False
        return True

    def _push(self, uri: str) -> None:
        """Push a small image into its repository, which the account has or gets."""
        image = parse_image(uri)
        assert image is not None
        account, _, _, region, *_ = uri.split(".")
        context = next(
            each.context for each in self.environments.values() if each.context.account == account
        )
        ecr = Aws(context.replace(region=region), emulator=self.emulator).client("ecr")
        name = image["repository"]
        held = [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]
        if name not in held:
            ecr.create_repository(repositoryName=name)
        ecr.put_image(repositoryName=name, imageTag=image["tag"], imageManifest=small_manifest(uri))

    def attend(self, key: str) -> None:
        """Do what a person does once after a deploy: connect Git, confirm addresses, hand over tokens."""
        environment, aws = self.environments[key], self.aws(key)
        account = {"account": aws.context.account}
        place = {**account, "region": aws.context.region}
        git: Any = aws.any_client("codeconnections")
        for connection in git.list_connections()["Connections"]:
            told = {"arn": connection["ConnectionArn"], "status": "AVAILABLE"}
            self.emulator.control("POST", "codeconnections/status", {**account, **told})
        sns: Any = aws.any_client("sns")
        for each in sns.list_subscriptions()["Subscriptions"]:
            if each["Protocol"] == "email":
                topic = each["TopicArn"].rpartition(":")[2]
                told = {"topic": topic, "endpoint": each["Endpoint"]}
                self.emulator.control("POST", "sns/confirmed", {**place, **told})
        registry = environment.registry
        for name in registry.approvals if isinstance(registry, Registry) else ():
            done = self.inferform("connections", "set-token", key, name, "--stdin", given="none\n")
            if done.returncode:
                sys.exit(done.stderr)

    def register(self) -> None:
        """Approved versions in both Regions of the shared account, and its keys in the files."""
        keys = dict(_KEY.findall((self.folder / "environments/models.py").read_text("utf-8")))
        for name, key in (("HOME", "shared-use1"), ("EUROPE", "shared-euw1")):
            aws, context = self.aws(key), self.environments[key].context
            state = States(aws).read("registry")
            assert state is not None
            self.write(
                keys[name], state.content["outputs"]["kms_key_arn"]["value"].rpartition("/")[2]
            )
            for group in ("fraud", "ranking"):
                for number in range(1, 5):
                    place = f"training/{group}/{number}/model.tar.gz"
                    uri = f"s3://{context.bucket('artifacts')}/{place}"
                    push_small(aws, [Finding(ARTIFACT, uri, "failed", "", "")])
                    aws.client("sagemaker").create_model_package(
                        ModelPackageGroupName=context.name(group),
                        ModelApprovalStatus="Approved",
                        InferenceSpecification={
                            "Containers": [
                                {"Image": self._image(context.region), "ModelDataUrl": uri}
                            ],
                            "SupportedContentTypes": ["text/csv"],
                            "SupportedResponseMIMETypes": ["text/csv"],
                        },
                    )

    def forget(self) -> None:
        """Delete the versions, while which SageMaker deletes no group."""
        for key in ("shared-use1", "shared-euw1"):
            sagemaker = self.aws(key).client("sagemaker")
            pages = sagemaker.get_paginator("list_model_packages")
            for listed in pages.paginate(ModelPackageType="Both"):
                for each in listed["ModelPackageSummaryList"]:
                    sagemaker.delete_model_package(ModelPackageName=each["ModelPackageArn"])

    def _image(self, region: str) -> str:
        account = self.environments["tools-use1"].context.account
        return f"{account}.dkr.ecr.{region}.amazonaws.com/lark/fraud:1.4.2"
