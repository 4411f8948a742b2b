"""What is asked of ECS clusters and of the inference services that run on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ..alarms.published import NVIDIA, TARGET_GROUP, Feature
from ..alarms.watched import Dimensions, Handed, Watched
from ..alb.network import NetworkLoadBalancer, NetworkRoute
from ..alb.spec import ELB17, ExistingLoadBalancer, LoadBalancer, Route, target_groups
from ..capacity.spec import (
    CapacityBlock,
    CapacityReservation,
    ReservationGroup,
    fleet_problems,
    is_open,
    paid_for,
    price_key,
)
from ..context import Context
from ..ecr.spec import Image, is_public
from ..existing import ELSEWHERE
from ..fargate import FARGATE_MEMORY
from ..model import hub
from ..model.accelerator import PLURAL, Device
from ..model.environment import fetches_secrets
from ..model.image import FrameworkContainer, built_for, is_of_aws
from ..model.spec import Model
from ..names import Name, balanced, role
from ..outputs import EcsOutputs
from ..overrides import Overridable
from ..rollouts.spec import AllAtOnce, BlueGreen, Canary, Linear, Rolling
from ..rollouts.target import Target
from ..rules import Problem, rule
from ..scaling.kinds import ECS_SERVICE, Kind
from ..scaling.metrics import RequestsPerTarget
from ..scaling.spec import Scaling
from ..service import (
    Billed,
    Lead,
    Named,
    Needs,
    Place,
    Platform,
    Scalable,
    Service,
    SpecPath,
    Teller,
    secret_endpoints,
)
from ..spec import Aws, Between, Check, Cidrs, Listed, Many, OneOf, ShortName, Spec
from ..usage import (
    Amount,
    Usage,
    alarm_usage,
    between,
    bounds,
    exactly,
    fargate,
    fargate_storage,
    on_demand,
)
from ..vpc.flow_logs import RetentionDays
from . import names as named
from .agents import ECS64, FireLens
from .containers import ECS35, Containers, HelperImage, within
from .deployment import EcsDeployment
from .discovery import ECS67, Namespace, PrivateDns, ServiceConnect, is_namespace_id
from .guardrails import CODE_DEPLOY, ECS
from .instances import (
    CAPACITY_FORM,
    Architecture,
    EcsInstanceType,
    ec2_instance_type_names,
    ecs_facts,
)

ECS1 = rule(
    "ECS1",
    refuses="a Fargate CPU and memory pair that AWS does not offer",
    message="does not go with {cpu} CPU units; that takes {offered}",
    source="botocore ecs RegisterTaskDefinition memory; Amazon ECS developer guide, task size",
)
ECS3 = rule(
    "ECS3",
    refuses="an ephemeral storage outside 21 to 200 GiB",
    message="must be from {low} to {high} GiB; leave it out for Fargate's 20",
    source="Amazon ECS API reference, EphemeralStorage sizeInGiB",
)
ECS4 = rule(
    "ECS4",
    refuses="more GPUs than the capacity's smallest instance has, or GPUs where it has none",
    message="is more than the capacity {capacity} has: {instance_type} has {gpus} GPUs; use an "
    "instance type with as many",
    source="Amazon ECS developer guide, task definitions for GPU workloads",
)
ECS12 = rule(
    "ECS12",
    refuses="a capacity provider strategy whose weights are all 0",
    message="must be above 0 where on_demand_weight is 0",
    source="botocore ecs CapacityProviderStrategyItem (weight up to 1,000, base up to 100,000)",
)
ECS14 = rule(
    "ECS14",
    refuses="a short grace period for a service that loads its model from S3",
    message="is short for a task that fetches its model first; failing health checks would stop "
    "it before it is up",
    source="botocore ecs CreateService healthCheckGracePeriodSeconds (default 0)",
    severity="warning",
)
ECS16 = rule(
    "ECS16",
    refuses="a rolling deployment that may neither stop nor start a task",
    message="leaves no room to move with {tasks}: {maximum} % are {most}, and {minimum} % are "
    "{least}; raise max_percent or lower min_healthy_percent",
    source="Amazon ECS API reference, DeploymentConfiguration (maximumPercent is rounded down, "
    "minimumHealthyPercent up)",
    severity="warning",
)
ECS19 = rule(
    "ECS19",
    refuses="a task on EC2 outside 128 to 196,608 CPU units, below 128 MiB or above 16 GPUs",
    message="must be {expected}",
    source="botocore ecs RegisterTaskDefinition cpu; Amazon ECS developer guide, task size",
)
ECS22 = rule(
    "ECS22",
    refuses="a service in subnets with no NAT and not every endpoint that it needs",
    message="cannot start: the network has no NAT and lacks the endpoints {missing}; add them, "
    "or set network.auto_endpoints=True",
    source="Amazon ECS developer guide, interface VPC endpoints; Amazon ECR user guide, likewise",
)
ECS23 = rule(
    "ECS23",
    refuses="scaling by requests per target with a blue/green rollout",
    message="cannot follow requests per target, as a blue/green rollout changes the target group; "
    "track CPU, or use Rolling",
    source="Amazon ECS developer guide, target tracking (ALBRequestCountPerTarget and blue/green)",
)
ECS24 = rule(
    "ECS24",
    refuses="a field of Model that only SageMaker knows",
    message="is for SageMaker alone; ECS serves image, artifact and environment",
    source="Inferform: nothing that is asked for is left out silently",
)
ECS25 = rule(
    "ECS25",
    refuses="a service whose health nobody checks",
    message="has neither a route nor a health command, so a hung task stays; give one",
    source="Amazon ECS developer guide, container health checks",
    severity="warning",
)
ECS26 = rule(
    "ECS26",
    refuses="an image for another architecture than the capacity's instances",
    message="is not what {instance_type} of the capacity {capacity} runs: {runs}",
    source="botocore ecs RuntimePlatform cpuArchitecture",
)
ECS27 = rule(
    "ECS27",
    refuses="a capacity provider whose name AWS reserves",
    message="makes capacity providers' names begin with {prefix}, which AWS reserves; choose "
    "another organization",
    source="botocore ecs CreateCapacityProvider name",
)
ECS28 = rule(
    "ECS28",
    refuses="a capacity that the environment does not have",
    message="names the capacity {name}, which ecs.capacity does not have{hint}",
    source="Inferform: services run on the capacity of the ecs layer",
)
ECS29 = rule(
    "ECS29",
    refuses="a number of tasks beside scaling",
    message="must be left out where scaling is given: scaling owns the count from the start",
    source="Inferform: one owner for each value",
)
ECS30 = rule(
    "ECS30",
    refuses="a number of instances or tasks outside its range, or a maximum below the minimum",
    message="must be {expected}",
    source="Amazon EC2 Auto Scaling API reference; Amazon ECS service quotas (tasks per service)",
)
ECS31 = rule(
    "ECS31",
    refuses="instance types of different architectures in one capacity, or some without GPU",
    message="must all be of one architecture, and all with GPUs or all without; make two "
    "capacities",
    source="Inferform: one capacity has one AMI",
)
ECS32 = rule(
    "ECS32",
    refuses="a blue/green deployment of a service without a route",
    message="shifts a load balancer's traffic, and the service has no route; give one",
    source="Amazon ECS developer guide, blue/green deployments",
)
ECS33 = rule(
    "ECS33",
    refuses="a task larger than the capacity's smallest instance",
    message="is more than the {has} of {instance_type} of the capacity {capacity}; an instance "
    "also keeps some for itself",
    source="Amazon ECS developer guide, memory and CPU of container instances",
)
ECS34 = rule(
    "ECS34",
    refuses="one task in a protected environment",
    message="is one task in a protected environment; two in two zones survive the loss of one",
    source="Amazon ECS developer guide, availability best practices",
    severity="warning",
)
ECS38 = rule(
    "ECS38",
    refuses="a public image of a loader or side-car in subnets without internet",
    message="is outside Amazon ECR's private registries and the network has no NAT; copy it "
    "into the registry, or use a pull-through cache",
    source="Amazon ECR user guide, pull through cache rules",
)
ECS39 = rule(
    "ECS39",
    refuses="only Spot capacity in a protected environment",
    message="is Spot alone in a protected environment; AWS may take back every task at once",
    source="Amazon ECS developer guide, Fargate Spot; EC2 user guide, Spot interruptions",
    severity="warning",
)
ECS79 = rule(
    "ECS79",
    refuses="metrics of GPUs of instances that have none",
    message="asks for metrics of GPUs, and the instance types have none",
    source="Amazon CloudWatch user guide, collect NVIDIA GPU metrics",
)
ECS40 = rule(
    "ECS40",
    refuses="an EC2 instance type that ECS capacity cannot be made of",
    message="is not an EC2 instance type with an ECS-optimised AMI{hint}",
    source="EC2 API reference, DescribeInstanceTypes; Amazon ECS developer guide, optimised AMIs",
)
ECS41 = rule(
    "ECS41",
    refuses="a volume outside 30 to 16,384 GiB",
    message="must be from {low} to {high} GiB",
    source="Amazon ECS-optimised AMIs (30 GiB root volume); Amazon EBS user guide, gp3",
)
ECS43 = rule(
    "ECS43",
    refuses="an SSM parameter that does not name an AMI",
    message="must be the path of an SSM parameter, such as {example}",
    source="Amazon EC2 user guide, Systems Manager parameters for AMIs",
)

ECS44 = rule(
    "ECS44",
    refuses="a base or weight outside AWS's range",
    message="must be from {low} to {high}",
    source="botocore ecs CapacityProviderStrategyItem",
)
ECS45 = rule(
    "ECS45",
    refuses="a target or warm-up of managed scaling outside AWS's range",
    message="must be from {low} to {high}",
    source="botocore ecs ManagedScaling",
)

ECS46 = rule(
    "ECS46",
    refuses="ECS Exec into a container whose root file system is read-only",
    message="needs a writable root file system for the agent that ECS Exec starts; set "
    "container.read_only=False",
    source="Amazon ECS developer guide, ECS Exec considerations",
)

ECS47 = rule(
    "ECS47",
    refuses="AWS's own x86 container on Arm",
    message="is built for x86_64; use architecture X86_64",
    source="github.com/aws/deep-learning-containers, available_images.md",
)
ECS48 = rule(
    "ECS48",
    refuses="a container for GPUs where the task has none",
    message="is built for {built_for}, and the task has none; use Ec2 with gpus, or the CPU "
    "container",
    source="Amazon ECS developer guide, task definitions for GPU workloads",
    severity="warning",
)
ECS49 = rule(
    "ECS49",
    refuses="a container for CPUs in a task that has GPUs",
    message="is built for CPUs, so that the task's GPUs stand idle; use the container for GPUs, "
    "or leave out compute.gpus",
    source="github.com/aws/deep-learning-containers, available images (whose names say it)",
    severity="warning",
)

ECS78 = rule(
    "ECS78",
    refuses="a blue/green rollout behind a Network Load Balancer",
    message="is {rollout}, which needs the rule of an Application Load Balancer; use Rolling, or a Route",
    source="Inferform: a Network Load Balancer has no answers to watch; AWS CodeDeploy user guide, "
    "deployments on Amazon ECS (Network Load Balancers: ECSAllAtOnce alone)",
)
ECS80 = rule(
    "ECS80",
    refuses="a blue/green rollout of a service by gRPC that nothing but status codes of HTTP rolls back",
    message="is empty, and the rollout's own alarms count 5xx of HTTP, where gRPC answers errors with 200; name "
    "an alarm on what the model publishes itself",
    source="gRPC over HTTP/2 (responses have the HTTP status 200, and their own status in trailers); Application "
    "Load Balancer guide, CloudWatch metrics",
    severity="warning",
)
ECS61 = rule(
    "ECS61",
    refuses="a capacity provider strategy that AWS refuses",
    message="{fault}",
    source="botocore ecs CapacityProviderStrategyItem, CreateService capacityProviderStrategy",
)

_LOADER = "public.ecr.aws/aws-cli/aws-cli:2.27.51"
"""The AWS CLI's own image, on Amazon Linux 2023, whose Python unpacks archives."""

_GIB = 1024


TaskCount = Annotated[int, within(ECS30, 0, 5000)]
InstanceCount = Annotated[int, within(ECS30, 0, 5000)]
Percent = Annotated[int, within(ECS30, 0, 100, " percent")]


class Ec2Capacity(Overridable, Billed, Named):
    """EC2 instances for tasks that need a GPU, or more than Fargate has.

    ECS starts and stops them as tasks ask for them, and moves tasks off before it stops one.
    """

    instance_types: Many[
        Annotated[
            str,
            Listed(ECS40, "an EC2 instance type", ec2_instance_type_names, CAPACITY_FORM),
            Aws(
                "ec2:RequestLaunchTemplateData.InstanceType",
                "autoscaling:LaunchTemplateOverrides.InstanceType",
            ),
        ]
    ]
    """The instance types, such as `["g5.xlarge", "g4dn.xlarge"]`, best first. Several make it
    likelier that AWS has one."""

    max_instances: Annotated[
        int,
        within(ECS30, 1, 5000),
        Aws(
            "autoscaling:CreateAutoScalingGroupType.MaxSize",
            "ecs:ManagedScaling.maximumScalingStepSize",
        ),
    ]
    """The most that ECS may start."""

    min_instances: Annotated[
        InstanceCount, Aws("autoscaling:CreateAutoScalingGroupType.MinSize")
    ] = 0
    """The least that is kept, even without tasks. Default: 0."""

    on_demand_base: Annotated[
        InstanceCount, Aws("autoscaling:InstancesDistribution.OnDemandBaseCapacity")
    ] = 0
    """How many of the first instances are On-Demand. Default: 0."""

    on_demand_percent: Annotated[
        Percent, Aws("autoscaling:InstancesDistribution.OnDemandPercentageAboveBaseCapacity")
    ] = 100
    """The share of On-Demand above the base: 100 is all, 0 is Spot alone. Default: 100."""

    reservation: (
        Annotated[CapacityReservation | CapacityBlock | ReservationGroup, OneOf()] | None
    ) = None
    """Where its instances on demand are kept for it. Default: none, EC2 has them or has not."""

    target_percent: Annotated[
        int, Between(ECS45, 1, 100), Aws("ecs:ManagedScaling.targetCapacity")
    ] = 100
    """How full the instances are kept. Default: 100; less keeps spare ones running."""

    warmup_seconds: Annotated[
        int, Between(ECS45, 0, 10_000), Aws("ecs:ManagedScaling.instanceWarmupPeriod")
    ] = 300
    """Seconds until a new instance counts. Default: 300."""

    volume_gb: Annotated[
        int, Between(ECS41, 30, 16_384), Aws("ec2:LaunchTemplateEbsBlockDeviceRequest.VolumeSize")
    ] = 100
    """The encrypted gp3 root volume in GiB, which holds images too. Default: 100."""

    ami_parameter: (
        Annotated[
            str,
            Check(
                ECS43,
                lambda path: bool(re.fullmatch(r"/[\w./-]{1,1010}", path, re.ASCII)),
                lambda _: {
                    "example": "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/"
                    "recommended/image_id"
                },
            ),
        ]
        | None
    ) = None
    """The SSM parameter that holds the AMI's id. Default: AWS's recommended ECS-optimised
    Amazon Linux 2023, with NVIDIA drivers where the instances have GPUs."""

    gpu_metrics: bool = False
    """Whether the CloudWatch agent of each instance sends what its GPUs do, as Container Insights of ECS
    has nothing of GPUs: `nvidia_smi_utilization_gpu`, `_memory_used` and `_memory_total`, of each GPU and
    of the group, which are custom metrics. The observability layer shows them, and has an alarm. Default:
    False."""

    def names(self, place: Place) -> Iterator[Name]:
        """Of its Auto Scaling group, launch template and capacity provider."""
        name = place.environment.context.name(place.name)
        for kind in ("aws_autoscaling_group", "aws_launch_template", "aws_ecs_capacity_provider"):
            yield Name(kind, name)

    def uses(self, place: Place) -> Iterator[Usage]:
        """The instances under the tasks, as the first of their types, with their volumes."""
        instances = between(self.min_instances, self.max_instances)
        own = on_demand(instances, base=self.on_demand_base, share=self.on_demand_percent / 100)
        spot = instances - own
        own = paid_for(self.reservation, own)
        for key, amount in ((price_key(self.reservation), own), ("ec2-spot", spot)):
            if amount.maximum:
                yield Usage(place.name, f"{key}/{self.instance_types[0]}", amount)
        yield Usage(place.name, "ebs/gp3", instances * self.volume_gb)

    def check(self) -> Iterator[Problem]:
        """One kind of instance, and bounds in order."""
        facts = self.facts
        if not facts or len({(fact.arch, bool(fact.gpus)) for fact in facts}) > 1:
            yield ECS31.problem("instance_types", got=self.instance_types)
        elif self.gpu_metrics and not self.has_gpu:
            yield ECS79.problem("gpu_metrics", got=self.instance_types)
        if self.max_instances < self.min_instances:
            expected = f"at least min_instances ({self.min_instances})"
            yield ECS30.problem("max_instances", got=self.max_instances, expected=expected)
        share = self.on_demand_percent
        own = on_demand(exactly(self.max_instances), base=self.on_demand_base, share=share / 100)
        for problem in fleet_problems(
            self.reservation,
            self.instance_types,
            int(own.maximum),
            # A template that targets a reservation starts nothing on Spot.
            spot=not own.maximum or (share < 100 and not is_open(self.reservation)),
        ):
            yield problem.under("reservation")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Production does not run on Spot alone."""
        if context.protected and self.on_demand_base == 0 and self.on_demand_percent == 0:
            yield ECS39.problem("on_demand_percent", got=0)

    @property
    def facts(self) -> list[EcsInstanceType]:
        """What the instance types have."""
        return [ecs_facts(name) for name in self.instance_types]

    @property
    def has_gpu(self) -> bool:
        """Whether the instances have GPUs."""
        return self.facts[0].gpus > 0

    @property
    def image_parameter(self) -> str:
        """The SSM parameter that holds the AMI's id."""
        if self.ami_parameter is not None:
            return self.ami_parameter
        variant = ""
        if self.has_gpu:
            variant = "gpu/"
        elif self.facts[0].architecture == "ARM64":
            variant = "arm64/"
        return f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{variant}recommended/image_id"


class EcsCluster(Overridable, Named):
    """The ECS cluster of the environment, its EC2 capacity and its shared load balancers."""

    capacity: dict[ShortName, Ec2Capacity] = {}
    """EC2 capacity by short name. Default: Fargate and Fargate Spot alone."""

    load_balancers: dict[
        ShortName, Annotated[LoadBalancer | NetworkLoadBalancer | ExistingLoadBalancer, OneOf()]
    ] = {}
    """Load balancers by short name, which services share, or ones that exist. Default: none."""

    container_insights: Annotated[
        Literal["enhanced", "enabled", "disabled"], Aws("ecs:ClusterSetting.value")
    ] = "enabled"
    """CloudWatch Container Insights; `enhanced` adds metrics for each task and costs more.
    Default: `enabled`."""

    command_log_retention_days: RetentionDays = 365
    """Days that the log of ECS Exec sessions is kept. Default: 365."""

    namespace: Namespace | None = None
    """Where services find each other by name (`EcsService.discovery`): the DNS name of a private
    namespace to make, such as `inference.acme.internal`, or the id of one of AWS Cloud Map that
    exists, such as `ns-0123456789abcdef`. Default: none."""

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, of the log of ECS Exec, and of what its container instances share."""
        context = place.environment.context
        yield Name("aws_ecs_cluster", named.cluster_name(context))
        yield Name("aws_cloudwatch_log_group", named.command_log_group(context))
        if self.capacity:
            yield Name("aws_security_group", context.name(named.INSTANCES))
            yield Name("aws_iam_role", role(context, named.INSTANCES))
            yield Name("aws_iam_instance_profile", role(context, named.INSTANCES))
        if self.own_namespace is not None:
            yield Name("aws_service_discovery_private_dns_namespace", self.own_namespace)

    @property
    def own_namespace(self) -> str | None:
        """The name of the namespace that is made for it."""
        is_made = self.namespace is not None and not is_namespace_id(self.namespace)
        return self.namespace if is_made else None

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The names that AWS keeps for itself."""
        for short, balancer in self.load_balancers.items():
            made = isinstance(balancer, LoadBalancer | NetworkLoadBalancer)
            if made and (name := balanced(context, short)).startswith("internal-"):
                yield ELB17.problem("load_balancers", name=name)
                break
        for reserved in ("aws", "ecs", "fargate"):
            if any(context.name(short).startswith(reserved) for short in self.capacity):
                yield ECS27.problem("capacity", prefix=reserved)


class Fargate(Spec):
    """A task on Fargate: no instances to look after, no GPU."""

    cpu: Annotated[
        Literal[256, 512, 1024, 2048, 4096, 8192, 16384, 32768],
        Aws("ecs:RegisterTaskDefinitionRequest.cpu"),
    ]
    """CPU units; 1,024 are one vCPU."""

    memory_mib: Annotated[int, Aws("ecs:RegisterTaskDefinitionRequest.memory")]
    """Memory in MiB; which is possible depends on `cpu`."""

    architecture: Annotated[Architecture, Aws("ecs:RuntimePlatform.cpuArchitecture")] = "X86_64"
    """What the image is built for. Default: X86_64."""

    ephemeral_storage_gib: (
        Annotated[int, Between(ECS3, 21, 200), Aws("ecs:EphemeralStorage.sizeInGiB")] | None
    ) = None
    """Storage for image, model and temporary files. Default: Fargate's 20 GiB."""

    on_demand_base: Annotated[
        int, Between(ECS44, 0, 100_000), Aws("ecs:CapacityProviderStrategyItem.base")
    ] = 0
    """How many tasks are on Fargate before the weights count. Default: 0."""

    on_demand_weight: Annotated[
        int, Between(ECS44, 0, 1000), Aws("ecs:CapacityProviderStrategyItem.weight")
    ] = 1
    """The share of further tasks on Fargate. Default: 1."""

    spot_weight: Annotated[
        int, Between(ECS44, 0, 1000), Aws("ecs:CapacityProviderStrategyItem.weight")
    ] = 0
    """The share of further tasks on Fargate Spot. Default: 0."""

    def check(self) -> Iterator[Problem]:
        """A pair that Fargate offers, and at least one weight."""
        offered = FARGATE_MEMORY[self.cpu]
        if self.memory_mib not in offered:
            yield ECS1.problem(
                "memory_mib", got=self.memory_mib, cpu=self.cpu, offered=_series(offered)
            )
        if self.on_demand_weight == self.spot_weight == 0:
            yield ECS12.problem("spot_weight", got=0)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Production does not run on Spot alone."""
        if context.protected and self.on_demand_base == self.on_demand_weight == 0:
            yield ECS39.problem("spot_weight")

    def shares(self, providers: Mapping[str, str]) -> list[tuple[str, int, int]]:
        """Each capacity provider of a service with its base and weight."""
        shares = [
            ("FARGATE", self.on_demand_base, self.on_demand_weight),
            ("FARGATE_SPOT", 0, self.spot_weight),
        ]
        return [(name, base, weight) for name, base, weight in shares if base or weight]


def _series(values: tuple[int, ...]) -> str:
    if len(values) <= 3:
        return f"{', '.join(map(str, values))} MiB"
    return f"{values[0]} to {values[-1]} MiB in steps of {values[1] - values[0]}"


class CapacityShare(Spec):
    """Which of a service's tasks run on one capacity."""

    weight: Annotated[
        int, Between(ECS44, 0, 1000), Aws("ecs:CapacityProviderStrategyItem.weight")
    ] = 1
    """Its share of the tasks beside the weights of the others, from 0 to 1,000. Default: 1."""

    base: Annotated[
        int, Between(ECS44, 0, 100_000), Aws("ecs:CapacityProviderStrategyItem.base")
    ] = 0
    """How many tasks run on it before the weights count, from 0 to 100,000; only one capacity
    may have a base. Default: 0."""


class Ec2(Spec):
    """A task on EC2 instances of the cluster's capacity.

    AWS takes capacities of EC2 or Fargate for one service, not both.
    """

    capacity: ShortName
    """Which capacity, a key of `ecs.capacity`."""

    memory_mib: Annotated[
        int,
        within(ECS19, 128, 24 * _GIB * _GIB, " MiB"),
        Aws("ecs:RegisterTaskDefinitionRequest.memory"),
    ]
    """Memory in MiB. Instances keep some for themselves: a g5.xlarge offers about 15,000 of its
    16,384."""

    cpu: (
        Annotated[
            int,
            within(ECS19, 128, 196_608, " CPU units"),
            Aws("ecs:RegisterTaskDefinitionRequest.cpu"),
        ]
        | None
    ) = None
    """CPU units; 1,024 are one vCPU. Default: tasks share the instance's."""

    gpus: Annotated[int, within(ECS19, 0, 16, " GPUs"), Aws("ecs:ResourceRequirement.value")] = 0
    """Whole GPUs for each task. Default: none."""

    architecture: Annotated[Architecture, Aws("ecs:RuntimePlatform.cpuArchitecture")] | None = None
    """What the image is built for. Default: what the capacity's instances run."""

    share: CapacityShare = CapacityShare()
    """The base and weight of `capacity`. Default: weight 1."""

    more_capacity: dict[ShortName, CapacityShare] = {}
    """Further capacities that tasks run on, keys of `ecs.capacity`, with their shares; 20 in all.
    Default: none."""

    def check(self) -> Iterator[Problem]:
        """A strategy that AWS takes."""
        if self.capacity in self.more_capacity:
            fault = "is capacity itself; give its base and weight in share"
            yield ECS61.problem("more_capacity", self.capacity, fault=fault)
        shares = self.capacities.values()
        if len(shares) > 20:
            yield ECS61.problem("more_capacity", fault="has over 20 capacities with capacity")
        if not any(share.weight for share in shares):
            yield ECS61.problem("share", "weight", got=0, fault="must be above 0 in one capacity")
        if sum(share.base > 0 for share in shares) > 1:
            yield ECS61.problem("more_capacity", fault="has a base beside another; keep one")

    @property
    def capacities(self) -> dict[str, CapacityShare]:
        """Every capacity with its share, `capacity` first."""
        return {self.capacity: self.share} | {
            name: share for name, share in self.more_capacity.items() if name != self.capacity
        }

    def shares(self, providers: Mapping[str, str]) -> list[tuple[str, int, int]]:
        """Each capacity provider, of those by short name, with its base and weight."""
        return [
            (providers[name], share.base, share.weight)
            for name, share in self.capacities.items()
            if share.base or share.weight
        ]


class EcsService(Containers, Service):
    """An inference service on ECS: the container that SageMaker would serve, behind a route.

    Its `model` is a SageMaker `Model`, so moving from one to the other changes the type and the
    target alone.
    """

    scales: ClassVar[Kind] = ECS_SERVICE
    former: ClassVar[Mapping[str, str]] = {
        "deployment_controller": "deployment=EcsDeployment(controller=...)",
        **{
            name: f"container=ContainerOptions({name}=...)"
            for name in ("health", "read_only", "secrets", "stop_timeout_seconds", "user")
        },
    }
    elsewhere: ClassVar[Mapping[str, str]] = {
        **ELSEWHERE,
        "container_definitions": "model=Model(...), container=ContainerOptions(...) and sidecars={...}",
        "deployment_configuration": "rollout=Rolling(...)",
        "env": "model=Model(environment=...)",
        "health_check_path": "route=Route(health_check=HealthCheck(path=...))",
        "launch_type": "compute=Fargate(...) or compute=Ec2(...)",
        "name": "it as the key, services={'fraud': ...}",
        "task_definition": "model=Model(...), which makes one",
    }

    model: Model
    """What is served: image, artifact and environment."""

    compute: Annotated[Fargate | Ec2, OneOf()]
    """What each task runs on."""

    count: Annotated[TaskCount, Aws("ecs:CreateServiceRequest.desiredCount")] | None = None
    """How many tasks. Default: 1, or what `scaling` decides."""

    scaling: Scaling | None = None
    """How the number of tasks follows the load. Default: none."""

    route: Annotated[Route | NetworkRoute | None, OneOf()] = None
    """Its place behind a shared load balancer. Default: nothing reaches it over the network."""

    discovery: Annotated[PrivateDns | ServiceConnect | None, OneOf()] = None
    """How other services find it by name, in the cluster's namespace. Default: not at all."""

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling, OneOf()] = Rolling()
    """How a change reaches the tasks: in place (Rolling), or beside the old ones with the traffic
    moved over. Default: rolling, with a circuit breaker."""

    deployment: EcsDeployment = EcsDeployment()
    """Who moves the traffic of an AllAtOnce, Canary or Linear rollout, and what is asked before it goes
    on. Default: CodeDeploy, and nothing."""

    execute_command: bool = False
    """Whether `aws ecs execute-command` may open a shell, for which `container.read_only`
    must be False. Default: False."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] | None = None
    """Where tasks may open HTTPS connections beside the VPC and S3. Default: nowhere when the
    network has an endpoint for everything that the task needs, and anywhere when AWS is
    reached through NAT."""

    log_retention_days: RetentionDays = 30
    """Days that the service's log group keeps events. Default: 30."""

    loader: HelperImage = _LOADER
    """The image, with AWS CLI and Python, that fetches the artifact before the container starts.
    Default: AWS's own from the public registry; nothing is fetched without an artifact."""

    def check(self) -> Iterator[Problem]:
        """The rules between model, count, scaling, route and rollout."""
        for field in sorted(self.model.model_fields_set - {"image", "artifact", "environment"}):
            yield ECS24.problem("model", field)
        for name in self.container.secrets:
            if name in self.model.environment:
                yield ECS35.problem("container", "secrets", name, environment="model.environment")
        yield from self.container_problems(
            cpu=self.compute.cpu,
            memory_mib=self.compute.memory_mib,
            on_fargate=isinstance(self.compute, Fargate),
            has_artifact=self.model.artifact is not None,
        )
        yield from self._check_routers()
        yield from self._check_discovery()
        yield from self._check_image()
        yield from self._check_rollout()
        if self.execute_command and self.is_read_only:
            yield ECS46.problem("execute_command", got=True)
        if self.scaling is not None:
            yield from self._check_scaling(self.scaling)
        yield from self._check_route()

    def _check_route(self) -> Iterator[Problem]:
        if self.route is None:
            if isinstance(self.rollout, BlueGreen):
                yield ECS32.problem("rollout")
            if self.container.health is None:
                yield ECS25.problem()
        elif isinstance(self.route, NetworkRoute) and isinstance(self.rollout, BlueGreen):
            yield ECS78.problem("rollout", rollout=type(self.rollout).__name__)
        elif self.model.artifact is not None and self.route.grace_seconds < 60:
            yield ECS14.problem("route", "grace_seconds", got=self.route.grace_seconds)

        if self._by_grpc and isinstance(self.rollout, BlueGreen) and not self.rollout.alarm_names:
            yield ECS80.problem("rollout", "alarm_names")

    @property
    def _by_grpc(self) -> bool:
        return isinstance(self.route, Route) and self.route.by_grpc

    def _check_discovery(self) -> Iterator[Problem]:
        if self.discovery is None or isinstance(self.rollout, Rolling):
            return
        rollout = type(self.rollout).__name__
        if isinstance(self.discovery, PrivateDns):
            remedy = "DNS has no shares of traffic; use Rolling, or ServiceConnect"
            yield ECS67.problem("discovery", rollout=rollout, remedy=remedy)
        elif self.uses_code_deploy:
            remedy = 'use Rolling, or deployment=EcsDeployment(controller="ECS")'
            yield ECS67.problem("discovery", rollout=f"{rollout} by CodeDeploy", remedy=remedy)

    def _check_routers(self) -> Iterator[Problem]:
        for name in [*self.routers][1:]:
            fault = "is a second router; the logs of a container go one way"
            yield ECS64.problem("sidecars", name, fault=fault)

    def _check_rollout(self) -> Iterator[Problem]:
        rollout = self.rollout
        refused = list(self.rolled_out_by.problems(rollout))
        yield from (problem.under("rollout") for problem in refused)
        for problem in self.deployment.problems(
            in_place=isinstance(rollout, Rolling), by_code_deploy=self.uses_code_deploy
        ):
            yield problem.under("deployment")
        if refused or not isinstance(rollout, Rolling):
            return
        low, high = (ECS.number(rollout, name) for name in ("min_healthy_percent", "max_percent"))
        # The fewest tasks have the least room.
        tasks = self.initial_count
        if self.scaling is not None:
            tasks = max(1, min(count for _, count in self.scaling.lowest()))
        most, least = tasks * high // 100, -(-tasks * low // 100)
        if tasks and most <= tasks <= least:
            yield ECS16.problem(
                *("rollout", "max_percent"),
                tasks="1 task" if tasks == 1 else f"{tasks} tasks",
                maximum=high,
                minimum=low,
                most=most,
                least=least,
            )

    @property
    def runs_as(self) -> str | None:
        """The user that the container runs as; None for the image's own."""
        return self.container.user or (None if is_of_aws(self.model.image) else "10001")

    @property
    def is_read_only(self) -> bool:
        """Whether the root file system is read-only."""
        return (
            not is_of_aws(self.model.image)
            if self.container.read_only is None
            else self.container.read_only
        )

    @property
    def device(self) -> Device:
        """What a task computes with."""
        return "gpu" if isinstance(self.compute, Ec2) and self.compute.gpus else "cpu"

    def _check_image(self) -> Iterator[Problem]:
        image = self.model.image
        if isinstance(image, FrameworkContainer) and self.compute.architecture == "ARM64":
            yield ECS47.problem("model", "image", got=image.framework)
        built = built_for(image, self.device)
        if built == "cpu" and self.device == "gpu":
            yield ECS49.problem("model", "image")
        elif built not in (None, "cpu", self.device):
            yield ECS48.problem("model", "image", built_for=PLURAL[built])

    def _check_scaling(self, scaling: Scaling) -> Iterator[Problem]:
        if self.count is not None:
            yield ECS29.problem("count", got=self.count)
        behind = isinstance(self.route, Route)
        for problem in scaling.problems_for(self.scales, load_balanced=behind):
            yield problem.under("scaling")
        if isinstance(self.rollout, BlueGreen):
            for index, policy in enumerate(scaling.policies):
                if isinstance(policy.metric, RequestsPerTarget):
                    yield ECS23.problem("scaling", "policies", index)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Production has more than one task."""
        if context.protected and self.initial_count == 1:
            yield ECS34.problem("scaling" if self.scaling else "count", got=1)

    @property
    def initial_count(self) -> int:
        """How many tasks the service is made with."""
        if self.scaling is not None:
            return self.scaling.min_capacity
        return 1 if self.count is None else self.count

    @property
    def uses_code_deploy(self) -> bool:
        """Whether CodeDeploy owns the task definition and the listener rule."""
        return isinstance(self.rollout, BlueGreen) and self.deployment.controller != "ECS"

    @property
    def moves_later(self) -> bool:
        """With CodeDeploy, which moves it in a deployment of its own."""
        return self.uses_code_deploy

    @property
    def rolled_out_by(self) -> Target:
        """What rolls it out, and which rollouts that takes."""
        by_code_deploy = self.uses_code_deploy or self.deployment.controller == "CODE_DEPLOY"
        return CODE_DEPLOY if by_code_deploy else ECS

    @property
    def has_task_role(self) -> bool:
        """Whether the container itself calls AWS: for its artifact, for secrets that its
        variables name, for file systems that it mounts, for ECS Exec, for a side-car of AWS's, or
        by `permissions`."""
        return (
            self.model.artifact is not None
            or fetches_secrets(self.model.environment)
            or any(volume.iam for volume in self.volumes.values())
            or self.execute_command
            or any(each.calls_aws for each in self.sidecars.values())
            or "task" in self.permissions
            or self.existing.task_role is not None
        )

    @property
    def routers(self) -> dict[str, FireLens]:
        """The router of its logs by name, where it has one."""
        return {
            name: sidecar
            for name, sidecar in self.sidecars.items()
            if isinstance(sidecar, FireLens)
        }

    @property
    def environment_files(self) -> list[str]:
        """The environment files of all of its containers."""
        beside = (sidecar.started.environment_files for sidecar in self.sidecars.values())
        return [file for files in (self.container.environment_files, *beside) for file in files]

    @property
    def colors(self) -> tuple[str, ...]:
        """The colors of its target groups; none where it has one target group, or no route."""
        blue_green = isinstance(self.route, Route) and isinstance(self.rollout, BlueGreen)
        return named.COLORS if blue_green else ()

    sort = "ecs"
    words = "ECS service"
    unreached = ECS22
    unreached_internet = ECS38

    def resource(self, place: Place) -> tuple[str, str]:
        """The service in the environment's cluster."""
        return "aws_ecs_service", place.environment.context.name(place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its roles, log, security group, target groups, alarms and rollout."""
        context, short = place.environment.context, place.name
        own = context.name(short)
        yield Name("aws_ecs_service", own)
        yield Name("aws_ecs_task_definition", own)
        if self.existing.log_group is None:
            yield Name("aws_cloudwatch_log_group", named.service_log_group(context, short))
        if not self.existing.security_groups:
            yield Name("aws_security_group", named.service_group(context, short))
        yield from self._role_names(context, short)
        yield from self._names_in_dns(short)
        if self.route is not None:
            for name in target_groups(context, short, self.colors, by_grpc=self._by_grpc):
                yield Name("aws_lb_target_group", name)
        for color in self.colors:
            yield Name("aws_cloudwatch_metric_alarm", named.error_alarm(context, short, color))
        if self.colors:
            yield from self._rollout_names(context, short)
        if self.scaling is not None:
            yield from self.scaling.names(own)

    def alarms_used(self, place: Place) -> Iterator[Usage]:
        """Those of its blue/green rollouts too."""
        yield from super().alarms_used(place)
        if self.colors:
            yield alarm_usage(len(self.colors))

    def _rollout_names(self, context: Context, short: str) -> Iterator[Name]:
        """Of what moves its traffic."""
        if self.uses_code_deploy:
            name = named.code_deploy_name(context, short)
            yield Name("aws_iam_role", role(context, named.code_deploy_role(short)))
            yield Name("aws_codedeploy_app", name)
            yield Name("aws_codedeploy_deployment_group", name, within=name)
            if isinstance(self.rollout, Canary | Linear):
                overrides = self.overridden(named.SHIFT)
                name = named.code_deploy_configuration(context, short, self.rollout, overrides)
                yield Name("aws_codedeploy_deployment_config", name)
        else:
            yield Name("aws_iam_role", role(context, named.service_role(short, "traffic")))
            if any(hook.role is None for hook in self.deployment.hooks):
                yield Name("aws_iam_role", role(context, named.service_role(short, "hooks")))

    def _names_in_dns(self, short: str) -> Iterator[Name]:
        if isinstance(self.discovery, PrivateDns):
            name = self.discovery.registered or short
            yield Name("aws_service_discovery_service", name, within="the namespace")

    def _role_names(self, context: Context, short: str) -> Iterator[Name]:
        """Of the roles of its tasks that nobody else made."""
        for does in ("execution", *(("task",) if self.has_task_role else ())):
            if getattr(self.existing, f"{does}_role") is None:
                yield Name("aws_iam_role", role(context, named.service_role(short, does)))

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its tasks, and each target group of an Application Load Balancer."""
        environment, name = place.environment, place.environment.context.name(place.name)
        cluster = environment.ecs
        insights = isinstance(cluster, EcsCluster) and cluster.container_insights != "disabled"
        features: frozenset[Feature] = frozenset({"insights"} if insights else ())
        own: Dimensions = {
            "ClusterName": cluster.cluster_name
            if isinstance(cluster, EcsOutputs)
            else named.cluster_name(environment.context),
            "ServiceName": name,
        }
        groups = self._target_groups(place)
        alone = next(iter(groups.values())) if len(groups) == 1 else {}
        yield Watched(
            kind=self.scales.name,
            publishes=self.scales.publishes,
            dimensions={**own, **alone},
            part="tasks" if groups else "",
            features=features,
            scaling=self.scaling,
            scales=self.scales,
        )
        for capacity in self._measured(place):
            yield Watched(
                kind="GPU instances of ECS",
                publishes=NVIDIA,
                dimensions={"AutoScalingGroupName": environment.context.name(capacity)},
                part=f"gpus-{capacity}",
                features=frozenset({"gpu"}),
            )
        for part, dimensions in groups.items():
            yield Watched(
                kind="a target group of an Application Load Balancer",
                publishes=TARGET_GROUP,
                dimensions=dimensions,
                part=part,
            )

    def _measured(self, place: Place) -> list[str]:
        """The capacities of its tasks whose GPUs are measured."""
        cluster, task = place.environment.ecs, self.compute
        if not isinstance(cluster, EcsCluster) or not isinstance(task, Ec2) or not task.gpus:
            return []
        names = [task.capacity, *task.more_capacity]
        return [
            each
            for each in names
            if each in cluster.capacity and cluster.capacity[each].gpu_metrics
        ]

    def _target_groups(self, place: Place) -> dict[str, Dimensions]:
        """The dimensions of its target groups at an Application Load Balancer, by what tells them
        apart."""
        if not isinstance(self.route, Route):
            return {}
        balancer = self.route.load_balancer
        given = place.environment.ecs
        suffix: str | Handed = Handed("ecs", "load_balancer_suffixes", balancer)
        if isinstance(given, EcsOutputs):
            suffix = given.load_balancer_suffixes.get(balancer, suffix)
        return {
            color or "targets": {
                "LoadBalancer": suffix,
                "TargetGroup": Handed(
                    place.layer, "target_group_suffixes", f"{place.name}-{color}".strip("-")
                ),
            }
            for color in self.colors or ("",)
        }

    @property
    def in_vpc(self) -> bool:
        """Its tasks have network interfaces in the environment's subnets."""
        return True

    @property
    def rolled_out(self) -> str:
        """Its rollout."""
        return self.rollout.words

    def leads(self, place: Place) -> Iterator[Lead]:
        """From its load balancer."""
        route = self.route
        if route is not None:
            balancer: SpecPath = ("ecs", "load_balancers", route.load_balancer)
            if isinstance(route, NetworkRoute):
                says = f"port {route.port}"
            else:
                says = ", ".join((*route.hosts, *route.paths)) or "every request"
            yield Lead(balancer, place.path, says)

    @property
    def told_by(self) -> frozenset[Teller]:
        """ECS, and CodeDeploy where it moves the traffic."""
        both: frozenset[Teller] = frozenset({"codedeploy", "ecs"})
        return both if self.uses_code_deploy else both - {"codedeploy"}

    def log_groups(self, place: Place) -> Iterator[str]:
        """The one of its containers, unless a router sends their logs elsewhere."""
        if not self.routers:
            given = self.existing.log_group
            yield given or named.service_log_group(place.environment.context, place.name)

    def images(self) -> Iterator[Image | str]:
        """The model's image."""
        image = self.model.serving_image()
        if image is not None:
            yield image

    def helpers(self) -> Iterator[Image | str]:
        """The loader, where there is an artifact to load, and the side-cars'."""
        for _, image in self._helpers():
            yield image

    def _helpers(self) -> Iterator[tuple[SpecPath, Image | str]]:
        if self.model.artifact is not None:
            yield ("loader",), self.loader
        for name, sidecar in self.sidecars.items():
            yield ("sidecars", name, "image"), sidecar.image

    def loads(self) -> Iterator[str]:
        """The model's artifact."""
        if self.model.artifact is not None:
            yield self.model.artifact

    def needs(self, place: Place) -> Needs:
        """What ECS calls for a task and the task itself calls, through its network interface.

        Amazon ECS developer guide, interface VPC endpoints: images and logs for every task, the
        agent's own endpoints for container instances, Secrets Manager or Systems Manager for
        secrets, and Session Manager's for ECS Exec.
        """
        needed = {"ecr.api", "ecr.dkr", "logs"}
        if isinstance(self.compute, Ec2):
            needed |= {"ecs", "ecs-agent", "ecs-telemetry"}
            if self._measured(place):
                needed |= {"ec2", "monitoring"}
        needed |= secret_endpoints([*self.secret_arns, *self.model.secrets()])
        for sidecar in self.sidecars.values():
            needed |= sidecar.endpoints()
        if self.execute_command:
            # The session is encrypted with the environment's key inside the container.
            needed |= {"kms", "ssmmessages"}
        public = tuple(path for path, image in self._helpers() if is_public(image))
        return Needs(frozenset(needed), s3=True, internet=public)

    def is_led_out(self, place: Place) -> bool:
        """Whether `egress_cidrs` leads out, or the default: where AWS is reached through NAT."""
        cidrs = self.egress_cidrs
        return not place.environment.private if cidrs is None else hub.is_led_out(cidrs)

    def hub_problems(self, place: Place) -> Iterator[Problem]:
        """What a task is told to fetch from a hub, and its security group and the network do
        not lead to."""
        for problem in hub.problems_of(
            self.model.variables,
            self.model.image,
            place.environment,
            is_open=self.is_led_out(place),
            of_secrets='write the ARN in container.secrets, such as {"HF_TOKEN": "arn:..."}',
        ):
            yield problem.under("model")

    def uses(self, place: Place) -> Iterator[Usage]:
        """Tasks on Fargate, of which a share may be Spot; those on EC2 are paid by their
        instances."""
        compute = self.compute
        if not isinstance(compute, Fargate):
            return
        tasks = self.copies()
        share = compute.on_demand_weight / (compute.on_demand_weight + compute.spot_weight)
        own = on_demand(tasks, base=compute.on_demand_base, share=share)
        for amount, spot in ((own, False), (tasks - own, True)):
            if amount.maximum:
                yield from fargate(
                    place.name,
                    amount,
                    cpu=compute.cpu,
                    memory=compute.memory_mib,
                    architecture=compute.architecture,
                    spot=spot,
                )
        yield from fargate_storage(place.name, tasks, compute.ephemeral_storage_gib)

    def platform(self, place: Place) -> Platform | None:
        """What the task names, or else what the capacity's instances run."""
        architecture = self.compute.architecture
        cluster = place.environment.ecs
        if isinstance(self.compute, Ec2) and architecture is None:
            known = cluster.capacity if isinstance(cluster, EcsCluster) else {}
            if self.compute.capacity not in known:
                return None
            architecture = known[self.compute.capacity].facts[0].architecture
        return "linux/arm64" if architecture == "ARM64" else "linux/amd64"

    def copies(self) -> Amount:
        """Its tasks."""
        return bounds(self.scaling, self.initial_count)

    def scalings(self) -> Iterator[Scalable]:
        """All of it."""
        if self.scaling is not None:
            yield Scalable(self.scaling, self.initial_count)
