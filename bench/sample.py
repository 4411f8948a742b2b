"""A sample app that touches every kind of construct that Inferform synthesizes.

``python -m bench.sample OUTDIR [--endpoints N] [--kubernetes]`` writes a network stack, a
registry stack and one stack of five resources for each endpoint. It stands for a real
environment where the bindings themselves are measured and tested.
"""

import argparse
import json
from collections.abc import Sequence

from inferform import bindings

bindings.install()

from cdktf import (  # noqa: E402
    App,
    DataTerraformRemoteStateS3,
    Fn,
    S3Backend,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    Token,
)
from constructs import Construct  # noqa: E402

from cdktf_cdktf_provider_aws.appautoscaling_policy import (  # noqa: E402
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget  # noqa: E402
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm  # noqa: E402
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (  # noqa: E402
    DataAwsAvailabilityZones,
)
from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import EcrLifecyclePolicy  # noqa: E402
from cdktf_cdktf_provider_aws.ecr_repository import (  # noqa: E402
    EcrRepository,
    EcrRepositoryEncryptionConfiguration,
    EcrRepositoryImageScanningConfiguration,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole  # noqa: E402
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy  # noqa: E402
from cdktf_cdktf_provider_aws.kms_key import KmsKey  # noqa: E402
from cdktf_cdktf_provider_aws.provider import (  # noqa: E402
    AwsProvider,
    AwsProviderAssumeRole,
    AwsProviderDefaultTags,
)
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket  # noqa: E402
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (  # noqa: E402
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
)
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint  # noqa: E402
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (  # noqa: E402
    SagemakerEndpointConfiguration,
    SagemakerEndpointConfigurationProductionVariants,
)
from cdktf_cdktf_provider_aws.sagemaker_model import (  # noqa: E402
    SagemakerModel,
    SagemakerModelPrimaryContainer,
    SagemakerModelVpcConfig,
)
from cdktf_cdktf_provider_aws.security_group import (  # noqa: E402
    SecurityGroup,
    SecurityGroupEgress,
)
from cdktf_cdktf_provider_aws.subnet import Subnet  # noqa: E402
from cdktf_cdktf_provider_aws.vpc import Vpc  # noqa: E402

ACCOUNT = "111122223333"
REGION = "us-east-1"
STATE = f"sample-state-{ACCOUNT}"


class Layer(TerraformStack):
    """A stack with the provider and the backend that every layer has."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        AwsProvider(
            self,
            "aws",
            region=REGION,
            allowed_account_ids=[ACCOUNT],
            assume_role=[
                AwsProviderAssumeRole(role_arn=f"arn:aws:iam::{ACCOUNT}:role/deploy"),
            ],
            default_tags=[AwsProviderDefaultTags(tags={"stage": "dev", "layer": name})],
        )
        S3Backend(self, bucket=STATE, key=f"{name}.tfstate", region=REGION, encrypt=True)
        self.add_override("terraform.backend.s3.use_lockfile", True)
        self.add_override("terraform.required_providers.aws.version", ">= 6.21.0, < 7.0.0")


class Network(Layer):
    """A VPC whose ids the endpoint stacks read from its state."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "network")
        size = TerraformVariable(self, "size", type="number", default=8, description="bits")
        zones = DataAwsAvailabilityZones(self, "zones", state="available")
        vpc = Vpc(self, "vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True)
        subnets = [
            Subnet(
                self,
                f"subnet-{index}",
                vpc_id=vpc.id,
                cidr_block=Fn.cidrsubnet(vpc.cidr_block, size.number_value, index),
                availability_zone=Token.as_string(Fn.element(zones.names, index)),
                tags={"Name": Fn.join("-", ["subnet", vpc.id, str(index)])},
            )
            for index in range(3)
        ]
        group = SecurityGroup(
            self,
            "endpoints",
            vpc_id=vpc.id,
            egress=[
                SecurityGroupEgress(
                    from_port=443, to_port=443, protocol="tcp", cidr_blocks=[vpc.cidr_block]
                )
            ],
        )
        group.add_override("ingress", [])
        TerraformOutput(self, "subnet_ids", value=[subnet.id for subnet in subnets], static_id=True)
        TerraformOutput(self, "security_group_id", value=group.id, static_id=True)


class Registry(Layer):
    """A key, an image repository and a bucket for artifacts."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "registry")
        key = KmsKey(self, "key", enable_key_rotation=True, description='images "and" artifacts')
        repository = EcrRepository(
            self,
            "images",
            name="sample/images",
            image_tag_mutability="IMMUTABLE",
            encryption_configuration=[
                EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=key.arn)
            ],
            image_scanning_configuration=EcrRepositoryImageScanningConfiguration(scan_on_push=True),
        )
        rule = {"rulePriority": 1, "action": {"type": "expire"}, "selection": {"countNumber": 20}}
        EcrLifecyclePolicy(
            self, "expiry", repository=repository.name, policy=json.dumps({"rules": [rule]})
        )
        bucket = S3Bucket(self, "artifacts", bucket=f"sample-artifacts-{ACCOUNT}")
        S3BucketLifecycleConfiguration(
            self,
            "artifacts-expiry",
            bucket=bucket.id,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id="expire",
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="tmp/")],
                    expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=30)],
                )
            ],
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
            depends_on=[repository],
        )
        self.key_arn = key.arn
        TerraformOutput(self, "key-json", value=Fn.jsonencode({"arn": key.arn}), sensitive=True)


class Endpoint(Layer):
    """One SageMaker endpoint: five resources, fed by the network's state."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        network = DataTerraformRemoteStateS3(
            self, "network", bucket=STATE, key="network.tfstate", region=REGION
        )
        role = IamRole(
            self,
            "role",
            name=f"{name}-execution",
            assume_role_policy=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": "sagemaker.amazonaws.com"},
                        }
                    ],
                }
            ),
        )
        model = SagemakerModel(
            self,
            "model",
            name=f"{name}-0f3a9c",
            execution_role_arn=role.arn,
            primary_container=SagemakerModelPrimaryContainer(
                image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:1.4.2",
                environment={"WORKERS": "2", "LOG_LEVEL": "info"},
            ),
            vpc_config=SagemakerModelVpcConfig(
                subnets=network.get_list("subnet_ids"),
                security_group_ids=[network.get_string("security_group_id")],
            ),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        configuration = SagemakerEndpointConfiguration(
            self,
            "configuration",
            name=f"{name}-7be210",
            production_variants=[
                SagemakerEndpointConfigurationProductionVariants(
                    variant_name="main",
                    model_name=model.name,
                    instance_type="ml.c6i.large",
                    initial_instance_count=2,
                    initial_variant_weight=0.5,
                )
            ],
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        endpoint = SagemakerEndpoint(
            self, "endpoint", name=name, endpoint_config_name=configuration.name
        )
        CloudwatchMetricAlarm(
            self,
            "errors",
            alarm_name=f"{name}-errors",
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=3,
            namespace="AWS/SageMaker",
            metric_name="Invocation5XXErrors",
            period=60,
            statistic="Sum",
            threshold=5,
            dimensions={"EndpointName": endpoint.name, "VariantName": "main"},
        )


class Scaled(Endpoint):
    """An endpoint with autoscaling and an inline policy of its own."""

    def __init__(self, scope: Construct, name: str, key_arn: str) -> None:
        super().__init__(scope, name)
        target = AppautoscalingTarget(
            self,
            "target",
            min_capacity=2,
            max_capacity=6,
            resource_id=f"endpoint/{name}/variant/main",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            service_namespace="sagemaker",
        )
        AppautoscalingPolicy(
            self,
            "policy",
            name=f"{name}-invocations",
            policy_type="TargetTrackingScaling",
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            service_namespace=target.service_namespace,
            target_tracking_scaling_policy_configuration=AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                target_value=70,
                predefined_metric_specification=AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance",
                ),
            ),
        )
        IamRolePolicy(
            self,
            "decrypt",
            role=f"{name}-execution",
            policy=Token.as_string(
                Fn.jsonencode(
                    {
                        "Statement": [
                            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn}
                        ]
                    }
                )
            ),
        )


class Cluster(Layer):
    """A config map in Kubernetes."""

    def __init__(self, scope: Construct) -> None:
        from cdktf_cdktf_provider_kubernetes.config_map_v1 import (
            ConfigMapV1,
            ConfigMapV1Metadata,
        )
        from cdktf_cdktf_provider_kubernetes.provider import KubernetesProvider

        super().__init__(scope, "cluster")
        KubernetesProvider(self, "kubernetes", config_path="~/.kube/config")
        ConfigMapV1(
            self,
            "serving",
            metadata=ConfigMapV1Metadata(name="serving", labels={"part-of": "serving"}),
            data={"LOG_LEVEL": "info"},
        )


def synthesize(outdir: str, endpoints: int, kubernetes: bool) -> None:
    """Write the sample environment with this many endpoints to ``outdir``."""
    app = App(outdir=outdir)
    Network(app)
    registry = Registry(app)
    Scaled(app, "scaled", registry.key_arn)
    for index in range(endpoints):
        Endpoint(app, f"endpoint-{index}")
    if kubernetes:
        Cluster(app)
    app.synth()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="synthesize the sample environment")
    parser.add_argument("outdir")
    parser.add_argument("--endpoints", type=int, default=1)
    parser.add_argument("--kubernetes", action="store_true")
    options = parser.parse_args(arguments)
    synthesize(options.outdir, options.endpoints, options.kubernetes)


if __name__ == "__main__":
    main()
