"""Each kind of bad input gives one clear message, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform import ConfigurationError, load
from tests.conftest import run_main
from tests.specs.files import CONTEXT, ENDPOINT, MODEL, NETWORK, environment, folder


def context(**changes: str) -> str:
    text = CONTEXT
    for field, value in changes.items():
        old = text.split(f"{field}=")[1].split(", ")[0].rstrip(")")
        text = text.replace(f"{field}={old}", f"{field}={value}")
    return text


def endpoint(*extra: str, model: str = MODEL, instance_type: str = '"ml.m5.large"') -> str:
    fields = ", ".join((f"model={model}", f"instance_type={instance_type}", *extra))
    return f'{{"fraud": RealtimeEndpoint({fields})}}'


def scaling(text: str, *extra: str, instance_type: str = '"ml.m5.large"') -> str:
    return endpoint(f"scaling=Scaling({text})", *extra, instance_type=instance_type)


ACCOUNT_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud"

# (what is wrong, the file, the rule, a part of the path, a part of the message)
BAD = [
    ("an account id with 11 digits", environment(context=context(account='"11112222333"')),
     "CTX1", "context.account", "'11112222333'"),
    ("an account id that is a number", environment(context=context(account="111122223333")),
     "SPEC3", "context.account", "must be a string, got 111122223333; write '111122223333'"),
    ("a number that is text", environment(endpoints=endpoint("instance_count='2'")),
     "SPEC3", "fraud.instance_count", "must be a whole number, got '2'; write 2"),
    ("yes as text", environment(endpoints=endpoint("vpc='true'")),
     "SPEC3", "fraud.vpc", "got 'true'; write True"),
    ("True for what has settings", environment(endpoints=endpoint("data_capture=True")),
     "SPEC3", "fraud.data_capture", "must be a DataCapture, got True; write DataCapture()"),
    ("a dict for what has settings that are asked for",
     environment(endpoints=endpoint(model='{"image": "x"}')),
     "SPEC3", "fraud.model", "got {'image': 'x'}"),
    ("an unknown region", environment(context=context(region='"eu-wst-1"')),
     "CTX2", "context.region", "did you mean eu-west-1"),
    ("an organization that is too long", environment(context=context(organization='"a" * 17')),
     "CTX4", "context.organization", "at most 16"),
    ("a stage with capitals", environment(context=context(stage='"Dev"')),
     "NAME1", "context.stage", "lower-case"),
    ("a missing owner", environment(context=CONTEXT.replace(', owner="ml"', "")),
     "SPEC2", "context.owner", "is required by Context"),
    ("a role that is an ARN",
     environment(context=CONTEXT[:-1] + ', deploy_role="arn:aws:iam::111122223333:role/x")'),
     "CTX5", "context.deploy_role", "inferform-deploy"),
    ("a tag key that AWS reserves",
     environment(context=CONTEXT[:-1] + ', tags={"aws:x": "y"})'),
     "CTX3", "context.tags", "aws:"),
    ("a wrong tag among many",
     environment(context=CONTEXT[:-1] + ', tags={"fits": "x", "cost": "a;b"})'),
     "CTX3", "context.tags", "change 'cost': 'a;b'"),
    ("a long stage", environment(context=CONTEXT.replace('stage="dev"', 'stage="integration"')),
     "CTX4", "context.stage", "write a short form, such as prod"),
    ("tags that differ in case alone",
     environment(context=CONTEXT[:-1] + ', tags={"Team": "x", "team": "y"})'),
     "CTX8", "context.tags.team", "is the same key as Team"),
    ("a tag of Inferform's own in another case",
     environment(context=CONTEXT[:-1] + ', tags={"Environment": "Development"})'),
     "CTX8", "context.tags.Environment", "environment, which Inferform sets"),
    ("a tag of Inferform's own",
     environment(context=CONTEXT[:-1] + ', tags={"managed-by": "us"})'),
     "CTX8", "context.tags.managed-by", "managed-by, which Inferform sets"),
    ("a tag that resources have of their own",
     environment(context=CONTEXT[:-1] + ', tags={"name": "x"})'),
     "CTX8", "context.tags.name", "Name, which Inferform sets"),
    ("an unknown field with a near match",
     environment(endpoints=endpoint('instnce_type="ml.m5.large"')),
     "SPEC1", "fraud.instnce_type", "did you mean instance_type"),
    ("a CIDR with host bits", environment(network='Network(cidr="10.20.0.1/16")'),
     "CIDR1", "network.cidr", "did you mean 10.20.0.0/16"),
    ("a CIDR that is none", environment(network='Network(cidr="10.20")'),
     "CIDR1", "network.cidr", "must be an IPv4 network"),
    ("a CIDR too small for its subnets", environment(network='Network(cidr="10.20.0.0/26")'),
     "VPC1", "network.cidr", "/16 to /24"),
    ("a CIDR larger than AWS takes", environment(network='Network(cidr="10.0.0.0/8")'),
     "VPC1", "network.cidr", "/16 to /24"),
    ("seven availability zones",
     environment(network='Network(cidr="10.20.0.0/16", availability_zones=7)'),
     "VPC3", "network.availability_zones", "from 1 to 6"),
    ("four availability zones without ranges of their own",
     environment(network='Network(cidr="10.20.0.0/16", availability_zones=4, nat="none")'),
     "VPC19", "network.availability_zones", "tiers={'private': Tier(cidrs=[…])}"),
    ("a tier outside of the VPC",
     environment(network='Network(cidr="10.20.0.0/16", tiers={"db": Tier(cidrs=["10.9.0.0/24"])})'),
     "VPC17", "network.tiers.db.cidrs.0", "is outside of 10.20.0.0/16"),
    ("more zones than the region has",
     environment(context=context(region='"us-west-1"'),
                 network='Network(cidr="10.20.0.0/16", availability_zones=3)'),
     "VPC4", "network.availability_zones", "at most 2, the zones of us-west-1"),
    ("zone letters that no region has",
     environment(network='Network(cidr="10.20.0.0/16", zone_letters=["a", "z"])'),
     "VPC4", "network.zone_letters", "2 distinct zones"),
    ("zone letters that are not as many as the zones",
     environment(network='Network(cidr="10.20.0.0/16", zone_letters=["a"])'),
     "VPC4", "network.zone_letters", "2 distinct zones"),
    ("an unknown kind of NAT", environment(network='Network(cidr="10.20.0.0/16", nat="one")'),
     "SPEC4", "network.nat", "none, single or per_zone"),
    ("an interface endpoint that cannot be the name of a service",
     environment(network='Network(cidr="10.20.0.0/16", interface_endpoints=["sagemaker_api"])'),
     "VPC9", "network.interface_endpoints.0", "such as ecr.api"),
    ("a retention that CloudWatch Logs lacks",
     environment(network='Network(cidr="10.20.0.0/16", flow_logs=FlowLogs(retention_days=45))'),
     "LOG1", "network.flow_logs.retention_days", "next longer is 60"),
    ("a name of a service that is too long",
     environment(endpoints=f'{{"{"f" * 33}": {ENDPOINT}}}'),
     "NAME2", "inference.endpoints", f"write one such as {'f' * 32} ["),
    ("a name of a service that is too long, in words",
     environment(endpoints=f'{{"{"-".join(["fraud"] * 6)}": {ENDPOINT}}}'),
     "NAME2", "inference.endpoints", "and has 35, got"),
    ("a name of a service with an underscore",
     environment(endpoints=f'{{"fraud_v2": {ENDPOINT}}}'),
     "NAME1", "inference.endpoints.fraud_v2", "such as fraud-v2"),
    ("an image without tag or digest",
     environment(endpoints=endpoint(model=f'Model(image="{ACCOUNT_IMAGE}")')),
     "ECR1", "fraud.model.image", "by tag or digest"),
    ("the tag latest",
     environment(endpoints=endpoint(model=f'Model(image="{ACCOUNT_IMAGE}:latest")')),
     "ECR2", "fraud.model.image", "must not be the tag latest"),
    ("an image outside ECR",
     environment(endpoints=endpoint(model='Model(image="docker.io/library/nginx:1.27")')),
     "ECR9", "fraud.model.image", "must be an image in Amazon ECR"),
    ("an image in another region",
     environment(endpoints=endpoint(
         model=f'Model(image="{ACCOUNT_IMAGE.replace("us-east-1", "eu-west-1")}:1")')),
     "ECR3", "fraud.model.image", "is in eu-west-1"),
    ("a repository that is not declared",
     environment(endpoints=endpoint(model='Model(image=Image(repository="fruad", tag="1"))')),
     "ECR8", "fraud.model.image", "did you mean fraud"),
    ("a repository that is like no other",
     environment(endpoints=endpoint(model='Model(image=Image(repository="churn", tag="1"))')),
     "ECR8", "fraud.model.image", 'add "churn": Repository() to them'),
    ("a digest that is cut",
     environment(endpoints=endpoint(
         model='Model(image=Image(repository="fraud", digest="sha256:12"))')),
     "ECR5", "fraud.model.image.digest", "must be a digest"),
    ("both tag and digest",
     environment(endpoints=endpoint(
         model=f'Model(image=Image(repository="fraud", tag="1", digest="sha256:{"0" * 64}"))')),
     "ECR6", "fraud.model.image", "exactly one of tag and digest"),
    ("an artifact that is not packed",
     environment(endpoints=endpoint(model=MODEL[:-1] + ', artifact="s3://bucket/model.pkl")')),
     "MDL9", "fraud.model.artifact", "tar -czf model.tar.gz model.pkl"),
    ("an artifact by its address on the web",
     environment(endpoints=endpoint(
         model=MODEL[:-1] + ', artifact="https://bucket.s3.us-east-1.amazonaws.com/a/model.tar.gz")')),
     "MDL9", "fraud.model.artifact", "did you mean s3://bucket/a/model.tar.gz"),
    ("an artifact by its address with the bucket in the path",
     environment(endpoints=endpoint(
         model=MODEL[:-1] + ', artifact="https://s3.amazonaws.com/bucket/model.tar.gz")')),
     "MDL9", "fraud.model.artifact", "did you mean s3://bucket/model.tar.gz"),
    ("an environment variable with a hyphen",
     environment(endpoints=endpoint(model=MODEL[:-1] + ', environment={"LOG-LEVEL": "x"})')),
     "MDL17", "fraud.model.environment.LOG-LEVEL", "the first no digit; did you mean LOG_LEVEL"),
    ("an environment variable that is too long",
     environment(endpoints=endpoint(model=MODEL[:-1] + ', environment={"A": "x" * 1025})')),
     "MDL17", "fraud.model.environment.A", "at most 1,024 characters; it has 1,025"),
    ("an instance type that does not exist",
     environment(endpoints=endpoint(instance_type='"ml.m5.lrge"')),
     "RT2", "fraud.instance_type", "did you mean ml.m5.large"),
    ("an instance count of zero", environment(endpoints=endpoint("instance_count=0")),
     "RT4", "fraud.instance_count", "from 1 to"),
    ("an instance count that is text", environment(endpoints=endpoint('instance_count="2"')),
     "SPEC3", "fraud.instance_count", "must be a whole number, got '2'"),
    ("a volume that is too large", environment(endpoints=endpoint("host=Host(volume_size_gb=513)")),
     "RT8", "fraud.host.volume_size_gb", "from 1 to 512"),
    ("a volume on local storage",
     environment(endpoints=endpoint("host=Host(volume_size_gb=100)", instance_type='"ml.g5.xlarge"')),
     "RT9", "fraud.host.volume_size_gb", "250 GB of its own"),
    ("a start-up timeout that is too short",
     environment(endpoints=endpoint("host=Host(startup_timeout_seconds=30)")),
     "RT10", "fraud.host.startup_timeout_seconds", "from 60 to 3600"),
    ("a burstable type with scaling",
     environment(endpoints=scaling("max_capacity=2", instance_type='"ml.t2.medium"')),
     "AAS5", "fraud.scaling", "ml.t2.medium is burstable"),
    ("a minimum above the maximum",
     environment(endpoints=scaling("min_capacity=4, max_capacity=2")),
     "AAS3", "fraud.scaling", "max_capacity (2) is below min_capacity (4)"),
    ("a real-time endpoint that scales to zero",
     environment(endpoints=scaling("min_capacity=0, max_capacity=2")),
     "AAS4", "fraud.scaling.min_capacity", "must be at least 1"),
    ("an instance count beside scaling",
     environment(endpoints=scaling("max_capacity=2", "instance_count=2")),
     "RT24", "fraud.instance_count", "left out where scaling is given"),
    ("a sampling of 101 percent",
     environment(endpoints=endpoint("data_capture=DataCapture(sampling_percent=101)")),
     "CAPT1", "fraud.data_capture.sampling_percent", "from 0 to 100"),
    ("a capture mode written twice",
     environment(endpoints=endpoint('data_capture=DataCapture(modes=["Input", "Input"])')),
     "CAPT3", "fraud.data_capture.modes", "each once"),
    ("a Spec of the wrong kind", environment(endpoints=f'{{"fraud": {NETWORK}}}'),
     "SPEC3", "inference.endpoints.fraud", "must be"),
    ("an endpoint name written twice",
     environment(endpoints=f'{{"fraud": {ENDPOINT}, "fraud": {ENDPOINT}}}'),
     "ENV4", "", "is written twice"),
    ("a name that a constant writes again",
     environment(endpoints=f'{{FRAUD: {ENDPOINT}, "fraud": {ENDPOINT}}}').replace(
         "\ndev =", '\nFRAUD = "fraud"\n\ndev =', 1),
     "ENV4", "", "is written twice"),
    ("a name in two dicts that are joined",
     environment(endpoints=f'{{"fraud": {ENDPOINT}}} | {{"x": {ENDPOINT}}} | '
                           f'{{"fraud": {ENDPOINT}}}'),
     "ENV4", "", "is written twice"),
    ("a misspelt class", environment(endpoints=f'{{"fraud": {ENDPOINT}}}').replace(
        "RealtimeEndpoint", "RealTimeEndpoint"),
     "ENV2", "", "did you mean RealtimeEndpoint"),
    ("inference without a network", environment(network="None"),
     "ENV1", "inference",
     "needs network: add network=Network(...), or network=NetworkOutputs(...) for one that exists"),
    ("a file that does not import", "import nonexistent_module\n",
     "ENV2", "", "ModuleNotFoundError"),
    ("a file with a syntax error", "x = (\n", "ENV2", "", "SyntaxError"),
    ("a file that ends the program", "raise SystemExit(3)\n", "ENV2", "", "SystemExit"),
    ("a folder without an environment", "x = 1\n", "ENV5", "", "holds no Environment"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule", "path", "message"),
    [case[1:] for case in BAD],
    ids=[case[0] for case in BAD],
)
def test_bad_input_is_reported_once_with_its_rule(
    tmp_path: Path, text: str, rule: str, path: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(folder(tmp_path, dev=text))
    errors = [p for p in caught.value.problems if p.severity == "error"]
    assert [p.rule for p in errors] == [rule], str(caught.value)
    assert path in errors[0].where
    assert message in str(errors[0])
    assert f"[{rule}]" in str(caught.value)


def test_there_are_at_least_thirty_kinds_of_bad_input() -> None:
    assert len({case[0] for case in BAD}) >= 30


def test_overlapping_networks_of_two_environments_are_refused(tmp_path: Path) -> None:
    other = environment(name="prod", context=context(stage='"prod"'),
                        network='Network(cidr="10.20.128.0/20")')  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"overlaps 10\.20\.0\.0/16 of dev-use1") as caught:
        load(folder(tmp_path, dev=environment(), prod=other))
    assert [problem.rule for problem in caught.value.problems] == ["VPC2"]


def test_two_environments_of_one_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"key of environments/dev\.py too"):
        load(folder(tmp_path, dev=environment(), other=environment()))


def test_all_problems_of_all_files_come_at_once_with_file_and_line(tmp_path: Path) -> None:
    first = environment(context=context(account='"1"'), network='Network(cidr="x")')
    second = environment(
        name="prod",
        context=context(stage='"prod"'),
        endpoints=endpoint("host=Host(volume_size_gb=0)", instance_type='"ml.m5.lrge"'),
    )
    with pytest.raises(ConfigurationError) as caught:
        load(folder(tmp_path, dev=first, prod=second))
    lines = str(caught.value).splitlines()
    assert lines[0] == "environments/dev.py: dev: 2 problems"
    assert lines[1].startswith("  context.account: must be the 12 digits")
    assert lines[1].endswith("[CTX1] (dev.py:4)")
    assert lines[3] == "environments/prod.py: prod-use1: 2 problems"


def test_a_name_that_inferform_does_not_have_is_reported_once_with_the_nearest(
    tmp_path: Path,
) -> None:
    made = folder(
        tmp_path,
        common="from inferform import Canaries\n",
        dev="from .common import Canaries\n",
        prod="from .common import Canaries\n",
    )
    with pytest.raises(ConfigurationError) as caught:
        load(made)
    assert str(caught.value).splitlines() == [
        "environments/common.py: 1 problem",
        "  does not import: ImportError: inferform has no Canaries; did you mean Canary [ENV2] "
        "(common.py:1)",
    ]


def test_what_is_only_warned_of_is_told_from_what_is_refused(tmp_path: Path) -> None:
    refused = environment(network='Network(cidr="x")')
    alone = environment(name="prod", context=context(stage='"prod"')[:-1] + ", protected=True)")
    names_none = alone.replace("prod", "test").replace('repository="fraud"', 'repository="fruad"')
    with pytest.raises(ConfigurationError) as caught:
        load(folder(tmp_path, dev=refused, prod=alone, test=names_none))
    lines = str(caught.value).splitlines()
    assert lines[0] == "environments/dev.py: dev-use1: 1 problem"
    assert lines[2] == "environments/prod.py: prod-use1: 1 warning"
    assert lines[3].startswith("  inference.endpoints.fraud.instance_count: is one instance")
    assert lines[4] == "environments/test.py: test-use1: 1 problem and 1 warning"
    assert "[ECR8]" in lines[5]
    assert lines[6].startswith(
        "  warning: inference.endpoints.fraud.instance_count: is one instance"
    )


def test_main_reports_bad_input_without_a_traceback_and_writes_nothing(tmp_path: Path) -> None:
    bad = folder(tmp_path, dev=environment(context=context(account='"1"')))
    outdir = tmp_path / "out"
    done = run_main("--environments", str(bad), "--outdir", str(outdir), cwd=tmp_path)
    assert done.returncode == 2
    assert "environments/dev.py: dev: 1 problem" in done.stderr
    assert "Traceback" not in done.stderr
    assert not outdir.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["environments"]


def test_a_wrong_spec_is_reported_before_node_is_started(tmp_path: Path) -> None:
    bad = folder(tmp_path, dev=environment(context=context(account='"1"')))
    code = (
        "import sys; sys.argv = ['main.py', '--environments', sys.argv[1]]\n"
        "import main; status = main.main()\n"
        "print(status, 'jsii' in sys.modules, 'cdktf' in sys.modules)"
    )
    import subprocess
    import sys

    from tests.conftest import ROOT

    done = subprocess.run(
        [sys.executable, "-c", code, str(bad)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2", "False", "False"]


def test_a_mistake_in_a_helper_names_who_called_it_first(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "_shared.py").write_text(
        "from inferform import Context\n\n\ndef context(region):\n"
        "    return Context(organization='acme', stage='dev', account='111122223333',\n"
        "                   region=region, owner='ml')\n",
        encoding="utf-8",
    )
    (folder / "dev.py").write_text(
        "from inferform import Environment, Registry\n\nfrom ._shared import context\n\n"
        "dev = Environment(context=context('us-east1'), registry=Registry())\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert str(caught.value).endswith("[CTX2] (dev.py:5, by _shared.py:5)")
