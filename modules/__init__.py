"""Inferra: ML inference infrastructure on AWS, described in typed Python.

Importing this package needs neither Node nor cdktf; the constructs load on synthesis.
"""

from .context import Context, ImageOwner
from .ecr.spec import Image, Repository
from .environment import ConfigurationError, Environment, load
from .identity.spec import GitHub, Identity
from .layers.specs import Inference, Registry
from .outputs import NetworkOutputs, Outputs, RegistryOutputs
from .rules import RULES, Problem, Rule
from .s3.spec import ArtifactBucket
from .sagemaker.spec import DataCapture, Model, RealtimeEndpoint
from .scaling.spec import InvocationsPerInstance, Scaling, TargetTracking
from .spec import Spec, SpecError
from .vpc.spec import PRIVATE_SAGEMAKER, FlowLogs, Network

__all__ = [
    "PRIVATE_SAGEMAKER",
    "RULES",
    "ArtifactBucket",
    "ConfigurationError",
    "Context",
    "DataCapture",
    "Environment",
    "FlowLogs",
    "GitHub",
    "Identity",
    "Image",
    "ImageOwner",
    "Inference",
    "InvocationsPerInstance",
    "Model",
    "Network",
    "NetworkOutputs",
    "Outputs",
    "Problem",
    "RealtimeEndpoint",
    "Registry",
    "RegistryOutputs",
    "Repository",
    "Rule",
    "Scaling",
    "Spec",
    "SpecError",
    "TargetTracking",
    "load",
]
