"""Inferra: ML inference infrastructure on AWS, described in typed Python.

Importing this package needs neither Node nor cdktf; the constructs load on synthesis.
"""

from .context import Context, ImageOwner
from .ecr.spec import Image, Repository
from .eks.spec import (
    AccessEntry,
    Addon,
    AutoMode,
    EksCluster,
    FargateProfile,
    GpuNodePool,
    NodeGroup,
    NodeGroups,
    Taint,
)
from .environment import ConfigurationError, Environment, load
from .identity.spec import GitHub, Identity
from .layers.specs import Inference, Registry
from .outputs import EksOutputs, NetworkOutputs, Outputs, RegistryOutputs
from .rules import RULES, Problem, Rule
from .s3.spec import ArtifactBucket
from .sagemaker.spec import DataCapture, Model, RealtimeEndpoint
from .scaling.metrics import (
    BacklogPerInstance,
    BacklogWithoutCapacity,
    CloudWatchMetric,
    ConcurrentRequests,
    CpuUtilization,
    CustomMetric,
    GpuMemoryUtilization,
    GpuUtilization,
    InvocationsPerCopy,
    InvocationsPerInstance,
    MemoryUtilization,
    MetricMath,
    ModelLatency,
    NoCapacityFailures,
    ProvisionedConcurrencyUtilization,
    RequestsPerTarget,
)
from .scaling.schedule import Scheduled, office_hours
from .scaling.spec import Scaling, Step, StepScaling, TargetTracking, scale_to_zero
from .spec import Spec, SpecError
from .vpc.spec import PRIVATE_SAGEMAKER, FlowLogs, Network

__all__ = [
    "PRIVATE_SAGEMAKER",
    "RULES",
    "AccessEntry",
    "Addon",
    "ArtifactBucket",
    "AutoMode",
    "BacklogPerInstance",
    "BacklogWithoutCapacity",
    "CloudWatchMetric",
    "ConcurrentRequests",
    "ConfigurationError",
    "Context",
    "CpuUtilization",
    "CustomMetric",
    "DataCapture",
    "EksCluster",
    "EksOutputs",
    "Environment",
    "FargateProfile",
    "FlowLogs",
    "GitHub",
    "GpuMemoryUtilization",
    "GpuNodePool",
    "GpuUtilization",
    "Identity",
    "Image",
    "ImageOwner",
    "Inference",
    "InvocationsPerCopy",
    "InvocationsPerInstance",
    "MemoryUtilization",
    "MetricMath",
    "Model",
    "ModelLatency",
    "Network",
    "NetworkOutputs",
    "NoCapacityFailures",
    "NodeGroup",
    "NodeGroups",
    "Outputs",
    "Problem",
    "ProvisionedConcurrencyUtilization",
    "RealtimeEndpoint",
    "Registry",
    "RegistryOutputs",
    "Repository",
    "RequestsPerTarget",
    "Rule",
    "Scaling",
    "Scheduled",
    "Spec",
    "SpecError",
    "Step",
    "StepScaling",
    "Taint",
    "TargetTracking",
    "load",
    "office_hours",
    "scale_to_zero",
]
