"""`inferform manifests`: the objects of an environment as YAML."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from inferform import (
    Context,
    EksCluster,
    EksService,
    Environment,
    Kubernetes,
    Model,
    Network,
    Pod,
    Registry,
)
from ops.cli import app
from ops.errors import BadInputError
from ops.manifests import as_yaml, manifests
from tests.conftest import ROOT
from tests.examples import readme

SERVICE = EksService(
    model=Model(
        image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2",
        artifact="fraud/1.4.2/model.tar.gz",
    ),
    compute=Pod(vcpu=2, memory_mib=4096),
)


def environment(**services: EksService) -> Environment:
    return Environment(
        context=Context(
            organization="acme",
            stage="dev",
            account="111122223333",
            region="us-east-1",
            owner="ml",
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(version="1.35"),
        kubernetes=Kubernetes(services=services) if services else None,
    )


def test_the_yaml_holds_every_object_in_order_and_no_anchors() -> None:
    made = manifests(environment(fraud=SERVICE, ranking=SERVICE))
    text = as_yaml(made)
    assert list(yaml.safe_load_all(text)) == made
    assert "&id" not in text
    kinds = [each["kind"] for each in made]
    assert kinds[0] == "Namespace"
    assert kinds.count("Deployment") == 2
    assert kinds.index("ServiceAccount") < kinds.index("Deployment")


def test_everything_in_the_yaml_is_literal() -> None:
    text = as_yaml(manifests(environment(fraud=SERVICE)))
    assert "${" not in text
    assert "s3://acme-dev-use1-artifacts-111122223333/fraud/1.4.2/model.tar.gz" in text
    assert "10.20.0.0/16" not in text, "no load balancer is asked for"


def test_one_service_can_be_picked() -> None:
    made = manifests(environment(fraud=SERVICE, ranking=SERVICE), "ranking")
    assert {each["metadata"]["name"] for each in made} == {"ranking"}
    with pytest.raises(BadInputError, match="did you mean ranking"):
        manifests(environment(fraud=SERVICE, ranking=SERVICE), "rankin")


def test_an_environment_without_services_says_how_to_get_some() -> None:
    with pytest.raises(BadInputError, match="kubernetes=Kubernetes"):
        manifests(environment())


def test_the_command_needs_no_node_and_ends_with_2_on_wrong_input() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "ops", "manifests", "dev-use1"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "dev-use1 has no services on Kubernetes" in answer.stderr


def test_the_command_writes_yaml_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (blocks,) = readme.blocks("modules/kubernetes/README.md")[:1]
    (folder / "dev.py").write_text(blocks[1], encoding="utf-8")
    monkeypatch.setattr("ops.environments.ROOT", tmp_path)
    runner = CliRunner()
    answer = runner.invoke(app, ["manifests", "dev-use1", "--service", "fraud"])
    assert answer.exit_code == 0, answer.output
    kinds = [each["kind"] for each in yaml.safe_load_all(answer.stdout)]
    assert kinds == [
        "ServiceAccount",
        "NetworkPolicy",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
    ]
    answer = runner.invoke(app, ["manifests", "dev-use1", "--json"])
    assert len(json.loads(answer.stdout)) == len(kinds) + 2


def test_the_objects_need_no_cdktf() -> None:
    code = (
        "import sys, inferform.kubernetes.objects, inferform.kubernetes.place, ops.manifests\n"
        "assert not {'cdktf', 'jsii', 'constructs'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
