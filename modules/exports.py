"""What `inferform` exports: the names that people write."""

from .airflow.spec import AirflowCapacity, AirflowEnvironment, Orchestration
from .airflow.starts import PipelineRun, RetrainingRun, TrainingDag
from .alarms.spec import EndpointAlarms
from .alb.network import NetworkLoadBalancer, NetworkRoute
from .alb.records import HostedZone
from .alb.spec import (
    AccessLogs,
    ExistingLoadBalancer,
    GrpcHealthCheck,
    HealthCheck,
    LoadBalancer,
    LoadBalancerOptions,
    RestrictedListener,
    Route,
    RouteConditions,
)
from .api.apis import Apis
from .api.http import HttpApi, HttpRoute
from .api.rest import Firewall, PrivateAccess, Quota, RestApi, RestRoute, UsagePlan
from .api.spec import (
    ApiDomain,
    CognitoAuthorization,
    Cors,
    IamAuthorization,
    JwtAuthorization,
    Throttle,
)
from .backends import (
    AzurermBackend,
    CloudBackend,
    GcsBackend,
    HttpBackend,
    LocalBackend,
    S3Backend,
)
from .bedrock.spec import InferenceProfile, ProvisionedThroughput
from .capacity.spec import CapacityBlock, CapacityReservation, ReservationGroup
from .commitment import Commitment
from .context import Context, ImageOwner, Naming
from .delivery.parts import (
    BuildCompute,
    DeploymentWindow,
    GitSource,
    ImageBuild,
    ManualApproval,
    Promotion,
    TargetEnvironment,
)
from .delivery.spec import DeliveryPipelines, DeployPipeline, ReviewPipeline
from .delivery.triggers import OnPullRequest, OnPush, OnTag
from .ecr.lifecycle import Expiry
from .ecr.registry import PullThroughCache, RegistrySettings, Replication, Scanning
from .ecr.spec import Image, Repository
from .ecs.agents import Adot, FireLens
from .ecs.containers import (
    ContainerHealth,
    ContainerOptions,
    EfsVolume,
    Restart,
    SideCar,
    Ulimit,
)
from .ecs.deployment import EcsDeployment, LifecycleHook
from .ecs.discovery import PrivateDns, ServiceConnect
from .ecs.spec import (
    CapacityShare,
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsService,
    Fargate,
)
from .edge.spec import Compilation, Edge, EdgeComponent, EdgeFleet, TargetPlatform
from .eks.launch import NodeLaunch, OwnTemplate
from .eks.spec import (
    AccessEntry,
    Addon,
    AutoMode,
    EksCluster,
    FargateProfile,
    GpuNodePool,
    Karpenter,
    NodeGroup,
    NodeGroups,
    NodePool,
    Taint,
)
from .environment import Environment
from .events.spec import Approval, Dispatch, EventBus, ForwardTo, StartCodePipeline, StartWorkflow
from .existing import Existing
from .functions.parts import (
    Asynchronous,
    FunctionAlarms,
    FunctionContainer,
    FunctionUrl,
    FunctionVpc,
)
from .functions.spec import LambdaFunction
from .helm.spec import Helm, HelmRelease
from .identity.spec import DataScientists, GitHub, GitLab, Identity
from .kubernetes.collector import Collector
from .kubernetes.keda import Keda, KedaScaling, PrometheusTrigger, QueueTrigger
from .kubernetes.spec import EksService, Ingress, Kubernetes, Pod, Toleration
from .kubernetes.volumes import BucketMount, ClaimMount, EbsMount, EfsMount
from .layers.specs import Inference, Registry
from .loading import ConfigurationError, load
from .model.image import FrameworkContainer
from .model.spec import Model
from .observability.audit import Audit
from .observability.limits import QueueAlarms, ServiceAlarms, UsageAlarms
from .observability.logs import DataProtection, LogAnomalies, LogMetric, Logs
from .observability.money import AdjustingBudget, Budget, CostAnomalies
from .observability.notify import Notify, SlackChannel, TeamsChannel
from .observability.slo import Slo
from .observability.spec import AnomalyAlarm, CompositeAlarm, Events, Observability
from .outputs import EcsOutputs, EksOutputs, NetworkOutputs, Outputs, RegistryOutputs
from .permissions import Permissions
from .rollouts.spec import AllAtOnce, Canary, Linear, Rolling
from .rules import RULES, Problem, Rule
from .s3.lifecycle import ObjectRule, Transition
from .s3.replication import Replica
from .s3.spec import ArtifactBucket, ExistingBucket
from .sagemaker.batch import BatchTransform, DataProcessing, ModelClient
from .sagemaker.endpoints import (
    AsyncEndpoint,
    DirectEndpoint,
    InferenceComponentEndpoint,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    PipelineEndpoint,
    RealtimeEndpoint,
    ServerlessEndpoint,
)
from .sagemaker.endpoints.asynchronous import Notifications
from .sagemaker.endpoints.capacity import HostingCapacity, MlReservation
from .sagemaker.endpoints.capture import CoreDumps, DataCapture
from .sagemaker.endpoints.component import (
    Adapter,
    Component,
    ComponentContainer,
    ComponentRolling,
    ContainerMetrics,
    OnInstanceType,
    Placement,
)
from .sagemaker.endpoints.components import Consolidation, EndpointMetrics, IdleRelease
from .sagemaker.endpoints.host import Host
from .sagemaker.endpoints.language import LanguageModel
from .sagemaker.endpoints.routing import PrefixAware
from .sagemaker.endpoints.shadow import Shadow
from .sagemaker.endpoints.variants import Variant
from .sagemaker.registry import ModelPackageGroup
from .sagemaker.sources import JumpStartModel, ModelPackage, MultiModel
from .sagemaker.triggers import (
    Automation,
    Delivery,
    OnAlarm,
    OnApproval,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
)
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
from .scaling.spec import (
    Scaling,
    Step,
    StepScaling,
    TargetTracking,
    scale_to_zero,
)
from .spec import Spec, SpecError
from .statement import PolicyStatement
from .training.drift import (
    DriftMonitor,
)
from .training.jobs import (
    CategoricalRange,
    Channel,
    Checkpoints,
    ContinuousRange,
    IntegerRange,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    Spot,
    TrainingJob,
    Tuning,
)
from .training.model_monitor import BatchCapture, ModelMonitor
from .training.pipeline import Pipeline, PipelineFile
from .training.spec import (
    Training,
)
from .training.steps import (
    AnyOf,
    Cache,
    Condition,
    ConditionStep,
    Execution,
    FailStep,
    Join,
    JsonGet,
    ModelOf,
    ModelStep,
    Negation,
    Of,
    OneOfValues,
    OutputOf,
    Param,
    Parameter,
    ProcessingStep,
    PropertyFile,
    RegisterStep,
    Retry,
    TrainingStep,
    TransformStep,
    TuningStep,
)
from .training.workflow import (
    Evaluation,
    FromInput,
    FromStep,
    Register,
    Retraining,
)
from .vpc.addressing import Addressing, Ipv6
from .vpc.flow_logs import FlowLogs, LogBucket
from .vpc.links import Peering, TransitGateway
from .vpc.options import Dhcp, NetworkOptions
from .vpc.spec import PRIVATE_SAGEMAKER, Network
from .vpc.tier import Tier

__all__ = [
    "PRIVATE_SAGEMAKER",
    "RULES",
    "AccessEntry",
    "AccessLogs",
    "Adapter",
    "Addon",
    "Addressing",
    "AdjustingBudget",
    "Adot",
    "AirflowCapacity",
    "AirflowEnvironment",
    "AllAtOnce",
    "AnomalyAlarm",
    "AnyOf",
    "ApiDomain",
    "Apis",
    "Approval",
    "ArtifactBucket",
    "AsyncEndpoint",
    "Asynchronous",
    "Audit",
    "AutoMode",
    "Automation",
    "AzurermBackend",
    "BacklogPerInstance",
    "BacklogWithoutCapacity",
    "BatchCapture",
    "BatchTransform",
    "BucketMount",
    "Budget",
    "BuildCompute",
    "Cache",
    "Canary",
    "CapacityBlock",
    "CapacityReservation",
    "CapacityShare",
    "CategoricalRange",
    "Channel",
    "Checkpoints",
    "ClaimMount",
    "CloudBackend",
    "CloudWatchMetric",
    "CognitoAuthorization",
    "Collector",
    "Commitment",
    "Compilation",
    "Component",
    "ComponentContainer",
    "ComponentRolling",
    "CompositeAlarm",
    "ConcurrentRequests",
    "Condition",
    "ConditionStep",
    "ConfigurationError",
    "Consolidation",
    "ContainerHealth",
    "ContainerMetrics",
    "ContainerOptions",
    "Context",
    "ContinuousRange",
    "CoreDumps",
    "Cors",
    "CostAnomalies",
    "CpuUtilization",
    "CustomMetric",
    "DataCapture",
    "DataProcessing",
    "DataProtection",
    "DataScientists",
    "Delivery",
    "DeliveryPipelines",
    "DeployPipeline",
    "DeploymentWindow",
    "Dhcp",
    "DirectEndpoint",
    "Dispatch",
    "DriftMonitor",
    "EbsMount",
    "Ec2",
    "Ec2Capacity",
    "EcsCluster",
    "EcsDeployment",
    "EcsOutputs",
    "EcsService",
    "Edge",
    "EdgeComponent",
    "EdgeFleet",
    "EfsMount",
    "EfsVolume",
    "EksCluster",
    "EksOutputs",
    "EksService",
    "EndpointAlarms",
    "EndpointMetrics",
    "Environment",
    "Evaluation",
    "EventBus",
    "Events",
    "Execution",
    "Existing",
    "ExistingBucket",
    "ExistingLoadBalancer",
    "Expiry",
    "FailStep",
    "Fargate",
    "FargateProfile",
    "FireLens",
    "Firewall",
    "FlowLogs",
    "ForwardTo",
    "FrameworkContainer",
    "FromInput",
    "FromStep",
    "FunctionAlarms",
    "FunctionContainer",
    "FunctionUrl",
    "FunctionVpc",
    "GcsBackend",
    "GitHub",
    "GitLab",
    "GitSource",
    "GpuMemoryUtilization",
    "GpuNodePool",
    "GpuUtilization",
    "GrpcHealthCheck",
    "HealthCheck",
    "Helm",
    "HelmRelease",
    "Host",
    "HostedZone",
    "HostingCapacity",
    "HttpApi",
    "HttpBackend",
    "HttpRoute",
    "IamAuthorization",
    "Identity",
    "IdleRelease",
    "Image",
    "ImageBuild",
    "ImageOwner",
    "Inference",
    "InferenceComponentEndpoint",
    "InferenceProfile",
    "Ingress",
    "IntegerRange",
    "InvocationsPerCopy",
    "InvocationsPerInstance",
    "Ipv6",
    "Join",
    "JsonGet",
    "JumpStartModel",
    "JwtAuthorization",
    "Karpenter",
    "Keda",
    "KedaScaling",
    "Kubernetes",
    "LambdaFunction",
    "LanguageModel",
    "LifecycleHook",
    "Linear",
    "LoadBalancer",
    "LoadBalancerOptions",
    "LocalBackend",
    "LogAnomalies",
    "LogBucket",
    "LogMetric",
    "Logs",
    "ManualApproval",
    "MemoryUtilization",
    "MetricMath",
    "MlReservation",
    "Model",
    "ModelClient",
    "ModelLatency",
    "ModelMonitor",
    "ModelOf",
    "ModelPackage",
    "ModelPackageGroup",
    "ModelStep",
    "MultiModel",
    "MultiModelEndpoint",
    "MultiVariantEndpoint",
    "Naming",
    "Negation",
    "Network",
    "NetworkLoadBalancer",
    "NetworkOptions",
    "NetworkOutputs",
    "NetworkRoute",
    "NoCapacityFailures",
    "NodeGroup",
    "NodeGroups",
    "NodeLaunch",
    "NodePool",
    "Notifications",
    "Notify",
    "ObjectRule",
    "Observability",
    "Of",
    "OnAlarm",
    "OnApproval",
    "OnDrift",
    "OnEvent",
    "OnInstanceType",
    "OnPullRequest",
    "OnPush",
    "OnSchedule",
    "OnTag",
    "OnUpload",
    "OneOfValues",
    "Orchestration",
    "OutputOf",
    "Outputs",
    "OwnTemplate",
    "Param",
    "Parameter",
    "Peering",
    "Permissions",
    "Pipeline",
    "PipelineEndpoint",
    "PipelineFile",
    "PipelineRun",
    "Placement",
    "Pod",
    "PolicyStatement",
    "PrefixAware",
    "PrivateAccess",
    "PrivateDns",
    "Problem",
    "ProcessingInput",
    "ProcessingJob",
    "ProcessingOutput",
    "ProcessingStep",
    "PrometheusTrigger",
    "Promotion",
    "PropertyFile",
    "ProvisionedConcurrencyUtilization",
    "ProvisionedThroughput",
    "PullThroughCache",
    "QueueAlarms",
    "QueueTrigger",
    "Quota",
    "RealtimeEndpoint",
    "Register",
    "RegisterStep",
    "Registry",
    "RegistryOutputs",
    "RegistrySettings",
    "Replica",
    "Replication",
    "Repository",
    "RequestsPerTarget",
    "ReservationGroup",
    "RestApi",
    "RestRoute",
    "Restart",
    "RestrictedListener",
    "Retraining",
    "RetrainingRun",
    "Retry",
    "ReviewPipeline",
    "Rolling",
    "Route",
    "RouteConditions",
    "Rule",
    "S3Backend",
    "Scaling",
    "Scanning",
    "Scheduled",
    "ServerlessEndpoint",
    "ServiceAlarms",
    "ServiceConnect",
    "Shadow",
    "SideCar",
    "SlackChannel",
    "Slo",
    "Spec",
    "SpecError",
    "Spot",
    "StartCodePipeline",
    "StartWorkflow",
    "Step",
    "StepScaling",
    "Taint",
    "TargetEnvironment",
    "TargetPlatform",
    "TargetTracking",
    "TeamsChannel",
    "Throttle",
    "Tier",
    "Toleration",
    "Training",
    "TrainingDag",
    "TrainingJob",
    "TrainingStep",
    "TransformStep",
    "TransitGateway",
    "Transition",
    "Tuning",
    "TuningStep",
    "Ulimit",
    "UsageAlarms",
    "UsagePlan",
    "Variant",
    "load",
    "office_hours",
    "scale_to_zero",
]
