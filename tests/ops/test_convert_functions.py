"""What intrinsic functions, conditions and parameters of a template come to, and what is said where they
cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from inferform import Context, Environment, MultiVariantEndpoint, RealtimeEndpoint, load
from ops.commands.convert import COMMANDS
from ops.errors import BadInputError
from ops.takeover.converted import Converted, lines
from ops.takeover.reading import converted

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.1"
ROLE = "arn:aws:iam::111122223333:role/serving"
HOSTED = f"""
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: {ROLE}
      PrimaryContainer: {{Image: {IMAGE}, ModelDataUrl: s3://models/fraud/model.tar.gz}}
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - &variant
          VariantName: AllTraffic
          ModelName: !GetAtt Model.ModelName
          InitialInstanceCount: 1
          InstanceType: ml.m5.large
"""
ENDPOINT = """
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointConfigName: !GetAtt Config.EndpointConfigName
"""


def guarded(condition: str) -> str:
    """The endpoint under a condition."""
    return ENDPOINT.replace("    Properties:", f"    Condition: {condition}\n    Properties:", 1)


SCALED = (
    HOSTED
    + ENDPOINT
    + """
  Target:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      MinCapacity: 1
      MaxCapacity: 3
      ResourceId: !Sub endpoint/${Endpoint.EndpointName}/variant/AllTraffic
"""
)


def read(folder: Path, text: str, **given: str) -> tuple[Environment, Converted]:
    """The environment of a template, loaded from the file that is written."""
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    made = converted([file], CONTEXT, given)
    environments = folder / "environments"
    environments.mkdir(exist_ok=True)
    (environments / "dev.py").write_text(made.text, encoding="utf-8")
    return load(environments).environments["dev-use1"], made


def said(made: Converted) -> str:
    return "\n".join(lines(made))


def only(environment: Environment) -> Any:
    (endpoint,) = environment.groups[""].endpoints.values()
    return endpoint


NAMED = f"""
Parameters:
  Name: {{Type: String, Default: ""}}
  Subnets: {{Type: CommaDelimitedList, Default: ""}}
Conditions:
  HasName: !Not [!Equals [!Ref Name, ""]]
  HasSubnets: !Not [!Equals [!Join ["", !Ref Subnets], ""]]
Resources:
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: {ROLE}
      PrimaryContainer: {{Image: {IMAGE}}}
      VpcConfig:
        !If [HasSubnets, {{Subnets: !Ref Subnets, SecurityGroupIds: [sg-12345678]}}, !Ref AWS::NoValue]
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - {{VariantName: a, ModelName: !Ref Model, InstanceType: ml.m5.large, InitialInstanceCount: 1}}
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointName: !If [HasName, !Ref Name, !Sub "${{AWS::StackName}}-fraud"]
      EndpointConfigName: !Sub "${{Config.EndpointConfigName}}"
"""


def test_a_parameter_that_is_empty_by_default_compares_as_empty(tmp_path: Path) -> None:
    environment, made = read(tmp_path, NAMED)
    assert not only(environment).vpc
    assert "Endpoint.EndpointName: AWS::StackName is known to a stack alone; give" in said(made)
    assert made.adopt == ()


def test_lists_and_the_name_of_the_stack_may_be_given(tmp_path: Path) -> None:
    given = {"Subnets": "subnet-11111111, subnet-22222222", "AWS::StackName": "live"}
    environment, made = read(tmp_path, NAMED, **given)
    assert only(environment).existing.subnets == ("subnet-11111111", "subnet-22222222")
    assert made.adopt == (("live-fraud", "live-fraud"),)
    assert said(made) == ""


def test_texts_that_are_not_known_are_one_only_where_the_same_was_written(tmp_path: Path) -> None:
    models = "".join(
        f"""
  Model{each}:
    Type: AWS::SageMaker::Model
    Properties:
      ModelName: !Sub "${{AWS::StackName}}-{each}"
      ExecutionRoleArn: {ROLE}
      PrimaryContainer: {{Image: "{IMAGE}-{each}"}}"""
        for each in "ab"
    )
    variants = "".join(
        f"""
        - VariantName: {each}
          ModelName: !Sub "${{AWS::StackName}}-{each}"
          InstanceType: ml.m5.large
          InitialInstanceCount: 1"""
        for each in "ab"
    )
    configuration = f"""
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:{variants}
"""
    environment, _ = read(tmp_path, f"Resources:{models}{configuration}{ENDPOINT}")
    endpoint = only(environment)
    assert isinstance(endpoint, MultiVariantEndpoint)
    served = {name: each.model for name, each in endpoint.variants.items()}
    assert {name: str(each).count(f"{IMAGE}-{name}") for name, each in served.items()} == {
        "a": 1,
        "b": 1,
    }


def test_two_variants_may_run_one_model(tmp_path: Path) -> None:
    second = "        - {<<: *variant, VariantName: Other, InstanceType: ml.c5.large}\n"
    endpoint = only(read(tmp_path, f"Resources:{HOSTED}{second}{ENDPOINT}")[0])
    assert isinstance(endpoint, MultiVariantEndpoint)
    assert len({str(each.model) for each in endpoint.variants.values()}) == 1
    shadow = "      ShadowProductionVariants: [{<<: *variant, VariantName: Shadow}]\n"
    endpoint = only(read(tmp_path, f"Resources:{HOSTED}{shadow}{ENDPOINT}")[0])
    assert endpoint.shadow.model == endpoint.model


def test_what_depends_on_an_unknown_condition_is_named(tmp_path: Path) -> None:
    text = f"""
Parameters: {{Stage: {{Type: String}}}}
Conditions: {{Prod: !Equals [!Ref Stage, prod]}}
Resources:{HOSTED}
        - !If [Prod, {{<<: *variant, VariantName: Other}}, !Ref AWS::NoValue]
{guarded("Prod")}
"""
    environment, made = read(tmp_path, text)
    assert isinstance(only(environment), RealtimeEndpoint)
    assert "Config.ProductionVariants.1: parameter Stage has no default" in said(made)
    assert "Endpoint: taken, though its condition is not known: parameter Stage" in said(made)
    environment, made = read(tmp_path, text, Stage="prod")
    assert isinstance(only(environment), MultiVariantEndpoint)
    assert said(made) == ""


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("!Equals [a]", 'Fn::Equals of ["a"] is no condition'),
        ("!Not []", "Fn::Not of [] is no condition"),
        ("!Contains [[a], a]", "Fn::Contains of"),
        ("!Equals [!Ref Model, a]", "a condition cannot look at another resource"),
        ("!And [!Condition Gone, !Equals [a, a]]", "there is no condition Gone"),
    ],
)
def test_a_condition_that_cannot_be_told_is_said(tmp_path: Path, condition: str, why: str) -> None:
    text = f"Conditions: {{Odd: {condition}}}\nResources:{HOSTED}{guarded('Odd')}"
    assert f"Endpoint: taken, though its condition is not known: {why}" in said(
        read(tmp_path, text)[1]
    )


def test_maps_have_keys_that_yaml_takes_for_numbers_and_defaults(tmp_path: Path) -> None:
    text = f"""
Mappings: {{Accounts: {{111122223333: {{Type: ml.c5.large}}}}}}
Resources:{HOSTED.replace("ml.m5.large", "!FindInMap [Accounts, !Ref AWS::AccountId, Type]")}{ENDPOINT}
"""
    assert only(read(tmp_path, text)[0]).instance_type == "ml.c5.large"
    default = text.replace("Id, Type]", "Id, Gone, {DefaultValue: ml.c5.xlarge}]")
    assert only(read(tmp_path, default)[0]).instance_type == "ml.c5.xlarge"
    gone = text.replace("Id, Type]", "Id, Gone]")
    assert "Fn::FindInMap finds no Gone; written as ml.m5.large" in said(read(tmp_path, gone)[1])


def test_loops_functions_and_nested_stacks_are_named(tmp_path: Path) -> None:
    text = f"""
Resources:
  Fn::ForEach::Models: [Name, [a, b], {{"Model${{Name}}": {{}}}}]
  Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: https://x/y.yaml}}}}
{
        HOSTED.replace(
            "model.tar.gz",
            "model.tar.gz, Environment: {A: !Base64 a, B: !ImportValue b, C: !Sub [a, [b]], D: !Sub '${!E}'}",
        )
    }{ENDPOINT}"""
    environment, made = read(tmp_path, text)
    assert only(environment).model.environment == {"D": "${E}"}
    for each in (
        "Fn::ForEach::Models: not taken: AWS makes resources of it",
        "Nested: AWS::CloudFormation::Stack: convert its template too",
        "Environment.A: Fn::Base64 is not followed",
        "Environment.B: Fn::ImportValue is known to a stack alone",
        "Environment.C: Fn::Sub of",
    ):
        assert each in said(made), each


def test_numbers_and_truths_are_texts_where_texts_are_meant(tmp_path: Path) -> None:
    tags = """      EndpointName: 2024
      Tags: [{Key: cost, Value: 5}, {Key: live, Value: true}, {Key: who, Value: !Ref AWS::StackId}]
"""
    environment, made = read(tmp_path, f"Resources:{HOSTED}{ENDPOINT}{tags}")
    assert only(environment).tags == {"cost": "5", "live": "true"}
    assert made.adopt == (("2024", "e-2024"),)
    assert said(made) == "x.yaml Endpoint.Tags.who: AWS::StackId is known to a stack alone"


def test_what_scales_is_taken_or_named(tmp_path: Path) -> None:
    text = f"""
Parameters: {{Goal: {{Type: Number}}}}
Resources:{SCALED}
      SuspendedState: {{DynamicScalingInSuspended: true}}
      ScheduledActions: [{{ScheduledActionName: night, Schedule: "cron(0 0 * * ? *)"}}]
  Tracked:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: tracked
      ScalingTargetId: !Ref Target
      TargetTrackingScalingPolicyConfiguration:
        TargetValue: !Ref Goal
        PredefinedMetricSpecification:
          PredefinedMetricType: SageMakerVariantInvocationsPerInstance
  Cpu:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: cpu
      ScalingTargetId: !Ref Target
      TargetTrackingScalingPolicyConfiguration:
        TargetValue: 70
        CustomizedMetricSpecification:
          MetricName: CPUUtilization
          Namespace: /aws/sagemaker/Endpoints
          Dimensions:
            - {{Name: EndpointName, Value: !GetAtt Endpoint.EndpointName}}
            - {{Name: VariantName, Value: AllTraffic}}
  Own:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: own
      ScalingTargetId: !Ref Target
      TargetTrackingScalingPolicyConfiguration:
        TargetValue: 5
        CustomizedMetricSpecification:
          MetricName: Waiting
          Namespace: Acme
          Dimensions: [{{Name: EndpointName, Value: !GetAtt Endpoint.EndpointName}}]
"""
    environment, made = read(tmp_path, text)
    scaling = only(environment).scaling
    assert scaling.suspended == ("scale-in",)
    # Two policies of one kind are told apart by their names.
    assert [each.label for each in scaling.policies] == ["custom", "custom-3"]
    cpu, own = (each.metric.metric for each in scaling.policies)
    assert (cpu.own_dimensions, cpu.dimensions) == (True, {})
    # What people publish by endpoint alone has no variant.
    assert (own.own_dimensions, own.dimensions) == (False, {"EndpointName": "Endpoint"})
    assert "ScheduledAction night: write scaling.schedules by hand" in said(made)
    assert "ScalingPolicy tracked: not taken: its target is not known here" in said(made)
    assert len(only(read(tmp_path, text, Goal="100")[0]).scaling.policies) == 3
    refused = text.replace("MaxCapacity: 3", "MaxCapacity: 0")
    environment, made = read(tmp_path, refused)
    assert only(environment).scaling is None
    assert "ScalableTarget AllTraffic: no Spec says it, and it continues beside the Spec" in said(
        made
    )
    unbound = text.replace("MaxCapacity: 3", "MaxCapacity: !Ref Goal")
    environment, made = read(tmp_path, unbound)
    assert only(environment).scaling is None
    assert "Target: not taken: its bounds are not known here" in said(made)


def test_repositories_get_short_names_that_are_apart(tmp_path: Path) -> None:
    text = """
Resources:
  Odd: {Type: AWS::ECR::Repository, Properties: {RepositoryName: my_repo.v2}}
  FraudModelsRepositoryForUseOne: {Type: AWS::ECR::Repository}
  FraudModelsRepositoryForUseTwo: {Type: AWS::ECR::Repository}
  Group: {Type: AWS::SageMaker::ModelPackageGroup, Properties: {ModelPackageGroupName: Fraud}}
"""
    environment, _ = read(tmp_path, text)
    registry: Any = environment.registry
    assert len(registry.repositories) == 3
    assert [*registry.models] == ["fraud"]
    assert environment.context.own_repository("my-repo-v2") == "my_repo.v2"


@pytest.mark.parametrize(
    ("url", "artifact"),
    [
        ("https://s3.us-east-1.amazonaws.com/assets-1/a.tar.gz", "s3://assets-1/a.tar.gz"),
        ("https://s3.amazonaws.com/assets-1/fraud/a.tar.gz", "s3://assets-1/fraud/a.tar.gz"),
        ("https://s3-us-west-2.amazonaws.com/assets-1/a.tar.gz", "s3://assets-1/a.tar.gz"),
        ("https://my.assets.s3.eu-west-1.amazonaws.com/a.tar.gz", "s3://my.assets/a.tar.gz"),
        ("https://assets-1.s3.cn-north-1.amazonaws.com.cn/a.tar.gz", "s3://assets-1/a.tar.gz"),
        ("s3://assets-1/a.tar.gz", "s3://assets-1/a.tar.gz"),
        ("https://example.com/a.tar.gz", None),
    ],
)
def test_an_artifact_may_be_named_by_its_address(
    tmp_path: Path, url: str, artifact: str | None
) -> None:
    text = f"Resources:{HOSTED}{ENDPOINT}".replace("s3://models/fraud/model.tar.gz", url)
    environment, made = read(tmp_path, text)
    if artifact is None:
        assert "Endpoint: not taken: artifact: must be one .tar.gz object" in said(made)
    else:
        assert only(environment).model.artifact == artifact


def test_a_folder_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"is a folder[\s\S]*template\.json"):
        converted([tmp_path], CONTEXT, {})


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("EndpointConfigName: [a]", "its configuration is not in this template"),
        ("Tags: x", "Endpoint.Tags.0: is written as 'x'"),
        (
            "DeploymentConfig: {BlueGreenUpdatePolicy: {TrafficRoutingConfiguration: {Type: CANARY, "
            "CanarySize: {Type: CAPACITY_PERCENT, Value: ten}}}}",
            "DeploymentConfig: not taken: canary_percent: must be a whole number, got 'ten' [SPEC3]",
        ),
    ],
)
def test_what_is_malformed_has_a_line(tmp_path: Path, more: str, why: str) -> None:
    made = read(tmp_path, f"Resources:{HOSTED}{ENDPOINT}      {more}\n")[1]
    assert why in said(made)
    assert "converted.py" not in said(made)


def test_a_template_that_holds_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nests too deeply, or holds itself"):
        read(tmp_path, "Resources: {A: {Type: B, Properties: &a {B: *a}}}")


def test_a_stage_may_be_a_word_of_python_and_a_file_be_called_anything(tmp_path: Path) -> None:
    file = tmp_path / 'x\\""" + 1 + """.yaml'
    file.write_text(f"Resources:{HOSTED}{ENDPOINT}", encoding="utf-8")
    made = converted([file], CONTEXT.replace(stage="class"), {})
    compile(made.text, "dev.py", "exec")
    assert "\nclass_ = Environment(" in made.text
    assert made.text.count('"""') == 2


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    for command in COMMANDS:
        command.add_to(made)
    return made


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--parameter", "Nmae=x"), "--parameter Nmae: no template here has it.*did you mean Name"),
        (("--parameter", "Name"), "--parameter Name has no value"),
        (("--parameter", "Kind=b"), "x.yaml does not allow b.*it allows a, 1"),
        (("--output", "{folder}/x.yaml/dev.py"), "x.yaml/dev.py cannot be written"),
        (("--output", "same", "--removed", "same"), "both name same"),
    ],
)
def test_options_that_say_nothing_are_refused(
    app: typer.Typer, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        NAMED.replace("Parameters:", "Parameters:\n  Kind: {Type: String, AllowedValues: [a, 1]}"),
        encoding="utf-8",
    )
    done = CliRunner().invoke(
        app, ["convert", str(file), *(e.format(folder=tmp_path) for e in arguments)]
    )
    assert isinstance(done.exception, BadInputError)
    error = done.exception
    with pytest.raises(BadInputError, match=f"(?s){why}"):
        raise error
    allowed = CliRunner().invoke(app, ["convert", str(file), "--parameter", "Kind=1"])
    assert allowed.exit_code == 0
