"""The synthesized JSON of the layers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    PRIVATE_SAGEMAKER,
    ArtifactBucket,
    Context,
    DataCapture,
    Environment,
    Image,
    Inference,
    InvocationsPerInstance,
    Model,
    Network,
    NetworkOutputs,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    Repository,
    Scaling,
    TargetTracking,
)
from inferform.target import EMULATOR
from tests.conftest import PATH, Synthesized, run_main

pytestmark = pytest.mark.long

Synthesize = Callable[..., Synthesized]

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
)
FOREIGN = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
DATA = RegistryOutputs(
    kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k", artifact_bucket="artifacts"
)
FRAUD = RealtimeEndpoint(
    model=Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1/model.tar.gz"),
    instance_type="ml.m5.large",
    scaling=Scaling(
        max_capacity=4,
        policies=[TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))],
    ),
)


def resources(stack: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(stack.get("resource", {}).get(kind, {}).values())


def one(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    found = resources(stack, kind)
    assert len(found) == 1, f"{len(found)} of {kind}"
    return found[0]


def with_endpoint(endpoint: RealtimeEndpoint, **context: Any) -> Environment:
    return Environment(
        context=CONTEXT.replace(**context) if context else CONTEXT,
        network=FOREIGN,
        registry=DATA,
        inference=Inference(endpoints={"fraud": endpoint}),
    )


def inference_of(synthesize: Synthesize, endpoint: RealtimeEndpoint, **context: Any) -> Any:
    return synthesize(with_endpoint(endpoint, **context))["dev-use1-inference"]


def names_of(stack: dict[str, Any]) -> tuple[str, str]:
    return (
        one(stack, "aws_sagemaker_model")["name"],
        one(stack, "aws_sagemaker_endpoint_configuration")["name"],
    )


def test_a_layer_locks_and_encrypts_its_state_and_stays_in_its_account(
    synthesize: Synthesize,
) -> None:
    stack = synthesize(Environment(context=CONTEXT, network=Network(cidr="10.0.0.0/16")))
    terraform = stack["dev-use1-network"]["terraform"]
    assert terraform["backend"]["s3"] == {
        "bucket": "acme-tfstate-111122223333-us-east-1",
        "key": "dev-use1/network.tfstate",
        "region": "us-east-1",
        "encrypt": True,
        "use_lockfile": True,
        "assume_role": {
            "role_arn": "arn:aws:iam::111122223333:role/inferform-deploy",
            "session_name": "inferform",
        },
    }
    assert terraform["required_providers"]["aws"]["version"] == ">= 6.21.0, < 7.0.0"
    (provider,) = stack["dev-use1-network"]["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["111122223333"]
    assert provider["default_tags"][0]["tags"]["environment"] == "dev-use1"
    assert "s3_use_path_style" not in provider


def test_the_emulator_changes_only_how_terraform_connects(synthesize: Synthesize) -> None:
    environment = Environment(context=CONTEXT, network=Network(cidr="10.0.0.0/16"))
    real = synthesize(environment)["dev-use1-network"]
    emulated = synthesize(environment, target=EMULATOR)["dev-use1-network"]
    assert emulated["resource"] == real["resource"]
    (provider,) = emulated["provider"]["aws"]
    assert provider["s3_use_path_style"] is True
    assert emulated["terraform"]["backend"]["s3"]["use_path_style"] is True
    assert emulated["terraform"]["required_providers"]["aws"]["version"] == "5.100.0"


def test_every_remote_state_read_is_locked_and_encrypted(synthesize: Synthesize) -> None:
    stacks = synthesize(
        Environment(
            context=CONTEXT,
            network=Network(cidr="10.0.0.0/16"),
            registry=Registry(repositories={"fraud": Repository()}),
            inference=Inference(endpoints={"fraud": FRAUD}),
        )
    )
    reads = stacks["dev-use1-inference"]["data"]["terraform_remote_state"]
    assert sorted(reads) == ["network", "registry"]
    for layer, read in reads.items():
        assert read["config"]["key"] == f"dev-use1/{layer}.tfstate"
        assert read["config"]["use_lockfile"] is True
        assert read["config"]["encrypt"] is True


@pytest.mark.parametrize(
    ("nat", "gateways", "routes"), [("none", 0, 0), ("single", 1, 3), ("per_zone", 3, 3)]
)
def test_nat_is_none_single_or_per_zone(
    synthesize: Synthesize, nat: Any, gateways: int, routes: int
) -> None:
    spec = Network(cidr="10.0.0.0/16", availability_zones=3, nat=nat)
    stack = synthesize(Environment(context=CONTEXT, network=spec))["dev-use1-network"]
    assert len(resources(stack, "aws_nat_gateway")) == gateways
    through_nat = [r for r in resources(stack, "aws_route") if "nat_gateway_id" in r]
    assert len(through_nat) == routes
    assert len({route["nat_gateway_id"] for route in through_nat}) == gateways
    assert len(resources(stack, "aws_internet_gateway")) == (1 if gateways else 0)
    # No attribute leads from a NAT gateway to the internet gateway that AWS asks for.
    internet = [
        f"aws_internet_gateway.{name}" for name in stack["resource"].get("aws_internet_gateway", {})
    ]
    for waiting in resources(stack, "aws_nat_gateway") + resources(stack, "aws_eip"):
        assert waiting["depends_on"] == internet


def test_a_vpc_has_private_subnets_closed_default_group_and_flow_logs(
    synthesize: Synthesize,
) -> None:
    spec = Network(cidr="10.0.0.0/16", interface_endpoints=PRIVATE_SAGEMAKER)
    stack = synthesize(Environment(context=CONTEXT, network=spec))["dev-use1-network"]
    subnets = resources(stack, "aws_subnet")
    assert sorted(s["cidr_block"] for s in subnets) == [
        "10.0.0.0/18", "10.0.192.0/20", "10.0.208.0/20", "10.0.64.0/18",
    ]  # fmt: skip
    assert {s["map_public_ip_on_launch"] for s in subnets} == {False}
    assert set(one(stack, "aws_default_security_group")) <= {"//", "vpc_id"}
    assert one(stack, "aws_flow_log")["traffic_type"] == "ALL"
    endpoints = resources(stack, "aws_vpc_endpoint")
    by_kind = {
        kind: sorted(e["service_name"] for e in endpoints if e["vpc_endpoint_type"] == kind)
        for kind in ("Gateway", "Interface")
    }
    assert by_kind["Gateway"] == ["com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.s3"]
    assert by_kind["Interface"] == [f"com.amazonaws.us-east-1.{s}" for s in PRIVATE_SAGEMAKER]
    interfaces = [e for e in endpoints if e["vpc_endpoint_type"] == "Interface"]
    assert [e["private_dns_enabled"] for e in interfaces] == [True] * len(PRIVATE_SAGEMAKER)


def test_repositories_are_immutable_scanned_encrypted_and_granted_exactly(
    synthesize: Synthesize,
) -> None:
    spec = Registry(repositories={"fraud": Repository(pull_accounts=["444455556666"])})
    stack = synthesize(Environment(context=CONTEXT, registry=spec))["dev-use1-registry"]
    repository = one(stack, "aws_ecr_repository")
    assert repository["name"] == "acme-dev-use1-fraud"
    assert repository["image_tag_mutability"] == "IMMUTABLE"
    assert repository["image_scanning_configuration"] == {"scan_on_push": True}
    assert repository["encryption_configuration"][0]["encryption_type"] == "KMS"
    (statement,) = json.loads(one(stack, "aws_ecr_repository_policy")["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::444455556666:root"]}
    assert sorted(statement["Action"]) == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]
    rules = json.loads(one(stack, "aws_ecr_lifecycle_policy")["policy"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]


def test_the_artifact_bucket_is_versioned_private_encrypted_and_tls_only(
    synthesize: Synthesize,
) -> None:
    spec = Registry(artifacts=ArtifactBucket(expire_noncurrent_days=365))
    stack = synthesize(Environment(context=CONTEXT, registry=spec))["dev-use1-registry"]
    versioning = one(stack, "aws_s3_bucket_versioning")
    assert versioning["versioning_configuration"] == {"status": "Enabled"}
    block = one(stack, "aws_s3_bucket_public_access_block")
    closed = {name: value for name, value in block.items() if name not in ("//", "bucket")}
    assert closed == {
        "block_public_acls": True,
        "block_public_policy": True,
        "ignore_public_acls": True,
        "restrict_public_buckets": True,
    }
    statements = json.loads(one(stack, "aws_s3_bucket_policy")["policy"])["Statement"]
    assert [(each["Effect"], each["Condition"]) for each in statements] == [
        ("Deny", {"Bool": {"aws:SecureTransport": "false"}}),
        ("Deny", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]
    key = one(stack, "aws_kms_key")
    assert key["enable_key_rotation"] is True
    uploads, noncurrent = one(stack, "aws_s3_bucket_lifecycle_configuration")["rule"]
    assert uploads["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]
    assert noncurrent["noncurrent_version_expiration"] == [{"noncurrent_days": 365}]


def test_protected_environments_refuse_to_lose_stateful_resources(synthesize: Synthesize) -> None:
    environment = Environment(
        context=CONTEXT.replace(protected=True),
        network=Network(cidr="10.0.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
    )
    stacks = synthesize(environment)
    for stack, kind in [
        ("network", "aws_vpc"),
        ("registry", "aws_kms_key"),
        ("registry", "aws_s3_bucket"),
        ("registry", "aws_ecr_repository"),
    ]:
        assert one(stacks[f"dev-use1-{stack}"], kind)["lifecycle"] == {"prevent_destroy": True}
    assert one(stacks["dev-use1-registry"], "aws_s3_bucket")["force_destroy"] is False


def test_an_endpoint_keeps_its_name_and_what_it_holds_is_named_by_content(
    synthesize: Synthesize,
) -> None:
    stack = inference_of(synthesize, FRAUD)
    model, configuration = names_of(stack)
    endpoint = one(stack, "aws_sagemaker_endpoint")
    assert endpoint["name"] == "acme-dev-use1-fraud"
    assert endpoint["endpoint_config_name"].startswith("${aws_sagemaker_endpoint_configuration.")
    assert model.startswith("acme-dev-use1-fraud-")
    assert model.endswith("${local.suffix}")
    assert configuration.endswith("${local.suffix}")
    for kind in ("aws_sagemaker_model", "aws_sagemaker_endpoint_configuration"):
        assert one(stack, kind)["lifecycle"] == {"create_before_destroy": True}


def test_a_new_image_renames_model_and_configuration_and_nothing_else(
    synthesize: Synthesize,
) -> None:
    newer = FRAUD.replace(model=FRAUD.model.replace(image=Image(repository="fraud", tag="1.5.0")))
    before, after = inference_of(synthesize, FRAUD), inference_of(synthesize, newer)
    assert names_of(before)[0] != names_of(after)[0]
    assert names_of(before)[1] != names_of(after)[1]
    for kind in ("aws_sagemaker_endpoint", "aws_appautoscaling_target", "aws_iam_role"):
        assert before["resource"][kind] == after["resource"][kind]


def test_a_raised_maximum_changes_the_scalable_target_only(synthesize: Synthesize) -> None:
    assert FRAUD.scaling is not None
    raised = FRAUD.replace(scaling=FRAUD.scaling.replace(max_capacity=9))
    before, after = inference_of(synthesize, FRAUD), inference_of(synthesize, raised)
    changed = [k for k in before["resource"] if before["resource"][k] != after["resource"][k]]
    assert changed == ["aws_appautoscaling_target"]


def test_scaling_follows_the_endpoint_and_its_variant(synthesize: Synthesize) -> None:
    stack = inference_of(synthesize, FRAUD)
    target = one(stack, "aws_appautoscaling_target")
    assert target["resource_id"].startswith("endpoint/${aws_sagemaker_endpoint.")
    assert target["resource_id"].endswith("/variant/primary")
    assert (target["min_capacity"], target["max_capacity"]) == (1, 4)
    policy = one(stack, "aws_appautoscaling_policy")
    tracking = policy["target_tracking_scaling_policy_configuration"]
    assert tracking["target_value"] == 600
    assert tracking["predefined_metric_specification"] == {
        "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
    }


def test_the_execution_role_may_do_what_the_endpoint_declares_and_no_more(
    synthesize: Synthesize,
) -> None:
    stack = inference_of(synthesize, FRAUD.replace(data_capture=DataCapture(), vpc=False))
    statements = json.loads(one(stack, "aws_iam_role_policy")["policy"])["Statement"]
    by_sid = {statement["Sid"]: statement for statement in statements}
    assert sorted(by_sid) == [
        "CaptureData", "CaptureDataKey", "DecryptArtifact", "ListArtifact", "PublishMetrics",
        "PullImage", "ReadArtifact", "RegistryLogin", "WatchRollout", "WriteLogs",
    ]  # fmt: skip
    assert by_sid["ReadArtifact"]["Resource"] == "arn:aws:s3:::artifacts/fraud/1/model.tar.gz"
    assert by_sid["PullImage"]["Resource"].endswith("repository/acme-dev-use1-fraud")
    assert by_sid["CaptureData"]["Resource"] == "arn:aws:s3:::artifacts/data-capture/fraud/*"
    wide = [s["Sid"] for s in statements if s["Resource"] == "*" and "Condition" not in s]
    assert wide == ["RegistryLogin"]
    model = one(stack, "aws_sagemaker_model")
    assert model["depends_on"] == [
        "aws_iam_role_policy." + next(iter(stack["resource"]["aws_iam_role_policy"]))
    ]


def test_a_model_in_the_vpc_may_reach_only_aws(synthesize: Synthesize) -> None:
    stack = inference_of(synthesize, FRAUD)
    rules = resources(stack, "aws_vpc_security_group_egress_rule")
    assert {(r.get("cidr_ipv4"), r.get("prefix_list_id")) for r in rules} == {
        ("10.9.0.0/16", None),
        (None, "pl-1"),
    }
    assert {(r["from_port"], r["to_port"]) for r in rules} == {(443, 443)}
    assert one(stack, "aws_sagemaker_model")["vpc_config"]["subnets"] == ["subnet-1", "subnet-2"]


def test_a_prefix_is_served_uncompressed_and_an_archive_as_it_is(synthesize: Synthesize) -> None:
    packed = one(inference_of(synthesize, FRAUD), "aws_sagemaker_model")["primary_container"]
    assert packed["model_data_url"] == "s3://artifacts/fraud/1/model.tar.gz"
    prefix = FRAUD.replace(model=FRAUD.model.replace(artifact="s3://other/llm/"))
    loose = one(inference_of(synthesize, prefix), "aws_sagemaker_model")["primary_container"]
    assert "model_data_url" not in loose
    assert loose["model_data_source"]["s3_data_source"] == [
        {"compression_type": "None", "s3_data_type": "S3Prefix", "s3_uri": "s3://other/llm/"}
    ]


def test_isolation_is_the_default_for_models_from_s3(synthesize: Synthesize) -> None:
    assert one(inference_of(synthesize, FRAUD), "aws_sagemaker_model")["enable_network_isolation"]
    inside = FRAUD.replace(model=FRAUD.model.replace(artifact=None))
    model = one(inference_of(synthesize, inside), "aws_sagemaker_model")
    assert model["enable_network_isolation"] is False


def test_instances_with_local_storage_get_no_volume_key(synthesize: Synthesize) -> None:
    gpu = FRAUD.replace(instance_type="ml.g5.xlarge")
    kind = "aws_sagemaker_endpoint_configuration"
    assert "kms_key_arn" not in one(inference_of(synthesize, gpu), kind)
    assert one(inference_of(synthesize, FRAUD), kind)["kms_key_arn"] == DATA.kms_key_arn


def test_fifty_endpoints_are_a_loop(synthesize: Synthesize) -> None:
    catalogue = {f"model-{n}": "1.0.0" for n in range(50)}
    environment = Environment(
        context=CONTEXT,
        network=FOREIGN,
        registry=DATA,
        inference=Inference(
            endpoints={
                name: FRAUD.replace(model=Model(image=Image(repository="fraud", tag=version)))
                for name, version in catalogue.items()
            }
        ),
    )
    stack = synthesize(environment)["dev-use1-inference"]
    assert len(resources(stack, "aws_sagemaker_endpoint")) == 50


def test_two_syntheses_in_two_folders_are_the_same_bytes_and_start_no_terraform(
    tmp_path: Path,
) -> None:
    # A class of cdktf's own would ask for Terraform's version, once for each resource.
    fake = tmp_path / "bin" / "terraform"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    fake.chmod(0o755)
    trees = []
    for name in ("one", "two"):
        here = tmp_path / name
        here.mkdir()
        out = str(here / "cdktf.out")
        done = run_main("--outdir", out, cwd=here, path=f"{fake.parent}:{PATH}")
        assert done.returncode == 0, done.stderr
        files = sorted(path for path in here.rglob("*") if path.is_file())
        trees.append({str(path.relative_to(here)): path.read_bytes() for path in files})
    assert trees[0] == trees[1]
    text = b"".join(trees[0].values()).decode()
    assert str(tmp_path) not in text
    assert str(Path(__file__).parents[2]) not in text
    assert not (tmp_path / "started").exists()


def test_accounts_that_may_read_artifacts_may_decrypt_them_through_s3_only(
    synthesize: Synthesize,
) -> None:
    spec = Registry(artifacts=ArtifactBucket(read_accounts=["444455556666"]))
    stack = synthesize(Environment(context=CONTEXT, registry=spec))["dev-use1-registry"]
    statements = json.loads(one(stack, "aws_kms_key")["policy"])["Statement"]
    (readers,) = [s for s in statements if s["Sid"] == "ArtifactsReadByNamedAccounts"]
    assert readers["Principal"] == {"AWS": ["arn:aws:iam::444455556666:root"]}
    assert readers["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    assert readers["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    bucket = json.loads(one(stack, "aws_s3_bucket_policy")["policy"])["Statement"]
    assert [s["Sid"] for s in bucket] == [
        *("DenyInsecureTransport", "DenyOldTls"),
        "ReadByNamedAccounts",
    ]


def test_a_stack_says_which_environment_and_layer_it_is(synthesize: Synthesize) -> None:
    # Operators' commands read it; nobody takes a stack's name to pieces.
    stacks = synthesize(
        Environment(
            context=CONTEXT,
            network=Network(cidr="10.0.0.0/16"),
            registry=Registry(),
            inference={"risk": Inference()},
        )
    )
    said = {name: stack["//"]["metadata"]["inferform"] for name, stack in stacks.items()}
    assert said == {
        f"dev-use1-{layer}": {"environment": "dev-use1", "layer": layer}
        for layer in ("network", "registry", "inference-risk")
    }


def test_a_program_without_a_target_obeys_what_the_command_asked_for(
    synthesize: Synthesize, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = Environment(context=CONTEXT, network=Network(cidr="10.0.0.0/16"))
    monkeypatch.setenv("INFERFORM_TARGET", "emulator")
    emulated = synthesize(environment)["dev-use1-network"]
    assert emulated["terraform"]["required_providers"]["aws"]["version"] == "5.100.0"
    monkeypatch.setenv("INFERFORM_TARGET", "moon")
    with pytest.raises(ValueError, match="INFERFORM_TARGET must be aws or emulator, got 'moon'"):
        synthesize(environment)


def test_main_says_a_target_that_is_none() -> None:
    done = run_main(variables={"INFERFORM_TARGET": "moon"})
    assert done.returncode == 2
    assert "INFERFORM_TARGET must be aws or emulator" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_team_may_rename_inferforms_own_tags(synthesize: Synthesize) -> None:
    """Tag policies of companies have their own meaning for `Environment` and `Owner`."""
    context = CONTEXT.replace(
        tags={"Owner": "team-scoring", "Environment": "Development"},
        tag_keys={"owner": "inferform:owner", "environment": "inferform:environment"},
    )
    stacks = synthesize(Environment(context=context, network=Network(cidr="10.42.0.0/16")))
    [provider] = stacks[f"{context.key}-network"]["provider"]["aws"]
    assert provider["default_tags"] == [{"tags": context.default_tags("network")}]
    assert context.default_tags("network") == {
        "Environment": "Development",
        "Owner": "team-scoring",
        "inferform:environment": context.key,
        "inferform:owner": context.owner,
        "layer": "network",
        "managed-by": "inferform",
        "organization": context.organization,
        "stage": context.stage,
    }
