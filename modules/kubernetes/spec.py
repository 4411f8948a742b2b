"""What is asked of inference services on Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from ..alarms.published import PODS
from ..alarms.watched import Watched
from ..context import Context
from ..ecr.spec import Image, VersionedImage, is_public
from ..eks.instances import architecture
from ..eks.spec import (
    EKS35,
    OBSERVABILITY,
    AutoMode,
    EksCluster,
    FargateProfile,
    LabelKey,
    LabelValue,
    Namespace,
    cluster_name,
    own_role,
    pod_role_name,
)
from ..fargate import fargate_size
from ..model import hub
from ..model.accelerator import PLURAL, Device
from ..model.environment import fetches_secrets
from ..model.image import built_for, is_of_aws
from ..model.spec import Model
from ..names import Name
from ..rules import Problem, rule
from ..scaling.kinds import POD
from ..scaling.metrics import CpuUtilization, MemoryUtilization
from ..scaling.spec import Scaling, TargetTracking
from ..service import (
    Named,
    Needs,
    Place,
    Platform,
    Reaching,
    Scalable,
    Service,
    SpecPath,
    secret_endpoints,
)
from ..spec import Between, Check, Cidrs, Many, Matches, OneOf, ShortName, Spec, arn_of
from ..usage import Amount, Usage, between, bounds, by_use, fargate, of_balancer
from .collector import Collector
from .keda import KEDA_ROLE, KUB32, Keda, KedaScaling, QueueTrigger
from .volumes import KUB16, BucketMount, EbsMount, EfsMount, PodVolumes
from .volumes import problems as volume_problems

KUB1 = rule(
    "KUB1",
    refuses="a number of vCPUs outside 0.05 to 448",
    message="must be from {low} to {high} vCPUs",
    source="Amazon EC2 DescribeInstanceTypes (the largest instance)",
)
KUB2 = rule(
    "KUB2",
    refuses="a memory outside 64 MiB to 24 TiB",
    message="must be from {low} to {high} MiB",
    source="Amazon EC2 DescribeInstanceTypes (the largest instance)",
)
KUB3 = rule(
    "KUB3",
    refuses="more GPUs than any instance has",
    message="must be from {low} to {high} GPUs",
    source="Amazon EC2 DescribeInstanceTypes (16 GPUs)",
)
KUB4 = rule(
    "KUB4",
    refuses="a number of pods outside 1 to 5,000",
    message="must be from {low} to {high} pods",
    source="Kubernetes, considerations for large clusters; a service without pods serves nothing",
)
KUB5 = rule(
    "KUB5",
    refuses="scaling by what a HorizontalPodAutoscaler does not see by itself",
    message="{wrong} on Kubernetes; {remedy}",
    source="Kubernetes, HorizontalPodAutoscaler autoscaling/v2 and the resource metrics API",
)
KUB6 = rule(
    "KUB6",
    refuses="a number of pods beside scaling",
    message="must be left out where scaling is given: the autoscaler owns the count",
    source="Inferform: one owner for each value",
)
KUB7 = rule(
    "KUB7",
    refuses="a timeout outside 10 to 3,600 seconds",
    message="must be from {low} to {high} seconds",
    source="Inferform: startup as SageMaker's RT10; Kubernetes, pod termination grace period",
)
KUB8 = rule(
    "KUB8",
    refuses="a host name or path that an Ingress does not take",
    message="must be {expected}",
    source="Kubernetes, Ingress rules (RFC 1123 host names; paths begin with /)",
)
KUB9 = rule(
    "KUB9",
    refuses="a service open to the internet without TLS",
    message="is open to the internet without certificate_arn, so requests travel unencrypted",
    source="AWS Load Balancer Controller, Ingress annotations",
    severity="warning",
)
KUB10 = rule(
    "KUB10",
    refuses="a pod that no node takes",
    message="fits no node: {reasons}; {remedy}",
    source="Kubernetes scheduler; kubelet reservations of amazon-eks-ami; AWS Fargate pod sizes",
)
KUB11 = rule(
    "KUB11",
    refuses="a node group that the cluster does not have",
    message="is not a node group of eks.compute{hint}",
    source="Inferform: pods run on the groups of the eks layer",
)
KUB12 = rule(
    "KUB12",
    refuses="a field of Model that only SageMaker knows",
    message="is for SageMaker alone; on Kubernetes a network policy closes the pod, and "
    "egress_cidrs opens it",
    source="Inferform: nothing that is asked for is left out silently",
)
KUB13 = rule(
    "KUB13",
    refuses="a namespace that Kubernetes keeps for itself",
    message="belongs to Kubernetes; use one of your own, such as inference",
    source="Kubernetes, namespaces (the prefix kube-)",
)
KUB14 = rule(
    "KUB14",
    refuses="one pod in a protected environment",
    message="is one pod in a protected environment; two in two zones survive the loss of one",
    source="Amazon EKS best practices guide, reliability",
    severity="warning",
)
KUB15 = rule(
    "KUB15",
    refuses="a user that is root",
    message="must be a user id from {low} to {high}",
    source="Kubernetes, pod security standards (restricted: runAsNonRoot)",
)
KUB17 = rule(
    "KUB17",
    refuses="a node group for pods of a cluster that has none",
    message="cannot be chosen: the cluster's compute is {compute}; leave it out",
    source="Inferform: node groups are those of NodeGroups",
)

KUB18 = rule(
    "KUB18",
    refuses="a public image in subnets without internet",
    message="is outside Amazon ECR's private registries and the network has no NAT; copy it "
    "into the registry, or use a pull-through cache",
    source="Amazon ECR user guide, pull through cache rules",
)

KUB19 = rule(
    "KUB19",
    refuses="a container for GPUs or Neuron devices in a pod that has none",
    message="is built for {built_for}, and the pod has none; give compute.gpus, or use the CPU "
    "container",
    source="Kubernetes, schedule GPUs; github.com/aws/deep-learning-containers, available images",
    severity="warning",
)
KUB20 = rule(
    "KUB20",
    refuses="a container for CPUs in a pod that has GPUs",
    message="is built for CPUs, so that the pod's GPUs stand idle; use the container for GPUs, "
    "or leave out compute.gpus",
    source="github.com/aws/deep-learning-containers, available images (whose names say it)",
    severity="warning",
)

KUB21 = rule(
    "KUB21",
    refuses="a secret of a pod that is not a Kubernetes Secret with its key",
    message="must be the name of a Kubernetes Secret and its key, such as hub/token",
    source="Kubernetes, SecretKeySelector: names of objects (RFC 1123), and keys of a Secret",
)
KUB22 = rule(
    "KUB22",
    refuses="one name for a secret and an environment variable of a pod",
    message="is a variable of model.environment too; leave it out there",
    source="Kubernetes, EnvVar (the last of one name wins)",
)
KUB23 = rule(
    "KUB23",
    refuses="an environment variable name that is none",
    message="must be letters, digits and _, not beginning with a digit",
    source="POSIX.1, environment variables",
)

LOADER = "public.ecr.aws/aws-cli/aws-cli:2.27.51"
"""The AWS CLI's own image, whose Python unpacks archives."""

DEVICE_PLUGIN = "nvcr.io/nvidia/k8s-device-plugin:v0.17.1"
"""NVIDIA's device plugin, which makes a node's GPUs known to Kubernetes."""

SecretKey = Annotated[
    str,
    Matches(KUB21, r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/[\w.-]{1,253}"),
]
"""A Kubernetes Secret and one of its keys: `hub/token`."""

VariableName = Annotated[
    str, Check(KUB23, lambda name: bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)))
]

DEFAULT_USER = 10001
"""The id of the user that containers and loaders run as."""

PodCount = Annotated[int, Between(KUB4, 1, 5000)]


class Toleration(Spec):
    """A taint that a pod tolerates."""

    key: LabelKey
    """The taint's key."""

    value: LabelValue | None = None
    """The taint's value. Default: any."""

    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"] | None = None
    """The taint's effect. Default: any."""


class Pod(Spec):
    """What each pod of a service takes, and where it may run."""

    vcpu: Annotated[float, Between(KUB1, 0.05, 448)]
    """The vCPUs that are kept for it, and that autoscaling measures against."""

    memory_mib: Annotated[int, Between(KUB2, 64, 24 * 1024 * 1024)]
    """Its memory in MiB: kept for it, and its limit."""

    gpus: Annotated[int, Between(KUB3, 0, 16)] = 0
    """How many NVIDIA GPUs it has for itself. Default: none."""

    storage_gib: Annotated[int, Between(KUB16, 1, 16_384)] = 10
    """The most that the model may take on the node's disk, in GiB. Default: 10."""

    node_group: ShortName | None = None
    """The node group that it runs on, by its short name. Default: any that it fits."""

    tolerations: Many[Toleration] = ()
    """Taints that it tolerates, beside those of GPU nodes where it has GPUs. Default: none."""

    collector: Collector | None = None
    """A collector of OpenTelemetry beside the model. Default: none."""

    @property
    def all_memory_mib(self) -> int:
        """The memory of all its containers in MiB."""
        return self.memory_mib + (self.collector.memory_mib if self.collector else 0)


class Ingress(Spec):
    """An Application Load Balancer in front of a service."""

    host: (
        Annotated[
            str,
            Check(
                KUB8,
                lambda host: bool(
                    re.fullmatch(
                        r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", host
                    )
                ),
                lambda _: {"expected": "a host name such as fraud.ml.example.com"},
            ),
        ]
        | None
    ) = None
    """The host name that is served. Default: every one."""

    path: Annotated[
        str,
        Check(
            KUB8,
            lambda path: bool(re.fullmatch(r"/[A-Za-z0-9/._~-]{0,200}", path)),
            lambda _: {"expected": "a path such as /invocations"},
        ),
    ] = "/"
    """The prefix of the paths that are served. Default: all."""

    scheme: Literal["internal", "internet-facing"] = "internal"
    """Who reaches the load balancer. Default: the VPC alone."""

    certificate_arn: (
        Annotated[
            str,
            arn_of(
                "acm",
                "arn:aws:acm:us-east-1:111122223333:certificate/"
                "1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
        ]
        | None
    ) = None
    """The certificate in ACM for HTTPS. Default: plain HTTP."""

    def check(self) -> Iterator[Problem]:
        """Nothing is open to the internet in plain text unnoticed."""
        if self.scheme == "internet-facing" and self.certificate_arn is None:
            yield KUB9.problem("scheme", got=self.scheme)


_OF_NODES = "pods have their node's"


class EksService(Service):
    """An inference service on EKS: the container that SageMaker would serve, in pods.

    Its `model` is a SageMaker `Model`, so moving from one to the other changes the type and the
    target alone.
    """

    model: Model
    """What is served: image, artifact and environment."""

    compute: Pod
    """What each pod takes, and where it may run."""

    count: PodCount | None = None
    """How many pods. Default: 1, or what `scaling` decides."""

    scaling: Annotated[Scaling | KedaScaling | None, OneOf()] = None
    """How the number of pods follows the load: policies on CpuUtilization and
    MemoryUtilization, of what `compute` keeps for a pod; or queues and metrics of Prometheus,
    through KEDA. One of both, as each owns the number. Default: none."""

    volumes: PodVolumes = {}
    """What pods mount beside their own disk, by short name: EBS and EFS volumes, buckets, claims.
    Default: nothing."""

    ingress: Ingress | None = None
    """A load balancer in front. Default: only pods of the cluster reach the service."""

    namespace: Annotated[
        Namespace, Check(KUB13, lambda name: not name.startswith("kube-") and name != "default")
    ] = "inference"
    """The Kubernetes namespace. Default: `inference`."""

    client_namespaces: Many[Namespace] = ()
    """Other namespaces whose pods may call it. Default: those of its own alone."""

    egress_cidrs: Cidrs = ()
    """Where pods may open HTTPS connections. Default: nowhere, or to AWS and thereby
    anywhere that the VPC routes to while an artifact is fetched: network policies know S3 by
    no name."""

    secrets: dict[VariableName, SecretKey] = {}
    """Environment variables whose values are keys of Kubernetes Secrets in the namespace, as
    `secret/key`, such as `{"HF_TOKEN": "hub/token"}`. You make the Secret, or an operator makes it
    from AWS Secrets Manager: neither Terraform nor its state knows the value. Default: none."""

    user: Annotated[int, Between(KUB15, 1, 65_534)] | None = None
    """The id of the user that the container runs as, never root. Default: 10001; the image's own
    for AWS's containers, which start as root."""

    read_only: bool | None = None
    """Whether the root file system is read-only; `/tmp` is always writable. Default: True;
    False for AWS's containers, which write their settings into `/etc` and the working folder."""

    startup_timeout_seconds: Annotated[int, Between(KUB7, 10, 3600)] = 300
    """Seconds that the container may take until its first good ping. Default: 300."""

    stop_timeout_seconds: Annotated[int, Between(KUB7, 10, 3600)] = 30
    """Seconds from SIGTERM to SIGKILL. Default: 30, as on SageMaker."""

    loader: VersionedImage = LOADER
    """The image, with AWS CLI and Python, that fetches the artifact before the container starts.
    Default: AWS's own from the public registry; nothing is fetched without an artifact."""

    def check(self) -> Iterator[Problem]:
        """The rules between model, count and scaling."""
        for field in sorted(self.model.model_fields_set - {"image", "artifact", "environment"}):
            yield KUB12.problem("model", field)
        for name in self.secrets:
            if name in self.model.environment:
                yield KUB22.problem("secrets", name)
        has_artifact = self.model.artifact is not None
        for problem in volume_problems(self.volumes, has_artifact=has_artifact):
            yield problem.under("volumes")
        yield from self._check_device()
        if self.scaling is None:
            return
        if self.count is not None:
            yield KUB6.problem("count", got=self.count)
        if isinstance(self.scaling, Scaling):
            for problem in self.scaling_problems(self.scaling):
                yield problem.under("scaling")

    def _check_device(self) -> Iterator[Problem]:
        built = built_for(self.model.image, self.device)
        if built == "cpu" and self.device == "gpu":
            yield KUB20.problem("model", "image")
        elif built not in (None, "cpu", self.device):
            yield KUB19.problem("model", "image", built_for=PLURAL[built])

    @property
    def runs_as(self) -> int | None:
        """The id of the user that the container runs as; None for the image's own."""
        return self.user or (None if is_of_aws(self.model.image) else DEFAULT_USER)

    @property
    def is_read_only(self) -> bool:
        """Whether the root file system is read-only."""
        return not is_of_aws(self.model.image) if self.read_only is None else self.read_only

    @property
    def device(self) -> Device:
        """What a pod computes with."""
        return "gpu" if self.compute.gpus else "cpu"

    def scaling_problems(self, scaling: Scaling) -> Iterator[Problem]:
        """What a HorizontalPodAutoscaler does not do by itself."""
        known = "track CpuUtilization or MemoryUtilization"
        if scaling.min_capacity == 0:
            wrong = "is 0, to which an autoscaler does not go"
            yield KUB5.problem("min_capacity", wrong=wrong, remedy="keep 1 at least")
        if not scaling.policies:
            yield KUB5.problem("policies", wrong="names no metric", remedy=known)
        for index, policy in enumerate(scaling.policies):
            if not isinstance(policy, TargetTracking):
                wrong = f"{type(policy).__name__} does not exist"
                yield KUB5.problem("policies", index, wrong=wrong, remedy=known)
            elif not isinstance(policy.metric, CpuUtilization | MemoryUtilization):
                wrong = f"nothing measures {type(policy.metric).__name__}"
                yield KUB5.problem("policies", index, wrong=wrong, remedy=known)
        for field in ("schedules", "suspended"):
            if getattr(scaling, field):
                remedy = "leave it out, and change the bounds in Git"
                yield KUB5.problem(field, wrong="do not exist", remedy=remedy)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Production has more than one pod."""
        if context.protected and self.initial_count == 1:
            yield KUB14.problem("scaling" if self.scaling else "count", got=1)

    not_existing = {
        "execution_role": "EKS nodes pull the images",
        "kms_key": _OF_NODES,
        "log_group": "pods say what they have to say to whatever collects logs in the cluster",
        "subnets": _OF_NODES,
        "security_groups": _OF_NODES,
    }
    sort = "eks"
    words = "EKS service"
    scales = POD
    unreached = EKS35
    unreached_internet = KUB18

    @property
    def in_vpc(self) -> bool:
        """Its pods have addresses of the cluster's subnets."""
        return True

    def resource(self, place: Place) -> tuple[str, str] | None:
        """Its Deployment, which has its short name, unless GitOps makes that."""
        layer = place.environment.kubernetes
        if layer is not None and layer.objects_by == "gitops":
            return None
        return "kubernetes_deployment_v1", place.name

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its pods together, where the add-on of Container Insights runs in the cluster."""
        environment, eks = place.environment, place.environment.eks
        if not isinstance(eks, EksCluster) or OBSERVABILITY not in eks.addons:
            return
        yield Watched(
            kind=POD.name,
            publishes=PODS,
            dimensions={
                "ClusterName": cluster_name(environment.context),
                "Namespace": self.namespace,
                "PodName": place.name,
            },
            features=frozenset({"insights", "gpu"} if self.compute.gpus else {"insights"}),
            scales=POD,
        )

    @property
    def calls_aws(self) -> bool:
        """Whether its pods call AWS, for their artifact, for secrets, by a collector or by `permissions`: they may open HTTPS
        connections anywhere, as S3 has no addresses that a network policy could name."""
        return (
            self.model.artifact is not None
            or fetches_secrets(self.model.environment)
            or bool(self.permissions)
            or self.compute.collector is not None
            or self.existing.task_role is not None
        )

    @property
    def needs_role(self) -> bool:
        """Whether its pods need a role: for what they call, or for the buckets that Mountpoint reads
        beside them."""
        return self.calls_aws or bool(self.buckets)

    @property
    def buckets(self) -> tuple[BucketMount, ...]:
        """The buckets that are mounted."""
        return tuple(each for each in self.volumes.values() if isinstance(each, BucketMount))

    def names(self, place: Place) -> Iterator[Name]:
        """Of its pods' role; those of its objects are the layer's."""
        if self.needs_role and self.existing.task_role is None:
            role = pod_role_name(place.environment.context, place.name)
            yield Name("aws_iam_role", role)

    def images(self) -> Iterator[Image | str]:
        """The model's image."""
        image = self.model.serving_image()
        if image is not None:
            yield image

    def helpers(self) -> Iterator[Image | str]:
        """The loader, where there is an artifact to load, and the collector."""
        yield from (image for _, image in self._helpers())

    def _helpers(self) -> Iterator[tuple[SpecPath, Image | str]]:
        if self.model.artifact is not None:
            yield ("loader",), self.loader
        if self.compute.collector is not None:
            yield ("compute", "collector", "image"), self.compute.collector.image

    def loads(self) -> Iterator[str]:
        """The model's artifact."""
        if self.model.artifact is not None:
            yield self.model.artifact

    def needs(self, place: Place) -> Needs:
        """What its pods call, and the controller of its load balancer.

        Amazon EKS user guide, private clusters. Auto Mode's controller runs in an account of
        AWS's.
        """
        needed = set(secret_endpoints(self.model.secrets()))
        cluster = place.environment.eks
        own_controller = isinstance(cluster, EksCluster) and not isinstance(
            cluster.compute, AutoMode
        )
        if self.ingress is not None and own_controller:
            needed.add("elasticloadbalancing")
        if isinstance(self.scaling, KedaScaling) and self.scaling.queues:
            needed.add("sqs")
        mounts_efs = any(isinstance(each, EfsMount) for each in self.volumes.values())
        if self.compute.collector is not None:
            needed |= self.compute.collector.endpoints()
        public = tuple(path for path, image in self._helpers() if is_public(image))
        return Needs(
            frozenset(needed),
            conveniences=frozenset({"elasticfilesystem"} if mounts_efs else ()),
            s3=self.model.artifact is not None or bool(self.buckets),
            internet=public,
        )

    def is_led_out(self, place: Place) -> bool:
        """Whether the network policy leads out: by `egress_cidrs`, or for its calls of AWS."""
        return self.calls_aws or hub.is_led_out(self.egress_cidrs)

    def hub_problems(self, place: Place) -> Iterator[Problem]:
        """What a pod is told to fetch from a hub, and its network policy and the network do not
        lead to."""
        for problem in hub.problems_of(
            self.model.variables,
            self.model.image,
            place.environment,
            is_open=self.is_led_out(place),
            of_secrets='name a Kubernetes Secret in secrets, such as secrets={"HF_TOKEN": "hub/token"}',
        ):
            yield problem.under("model")

    def uses(self, place: Place) -> Iterator[Usage]:
        """Pods on Fargate and the load balancer; pods on nodes are paid by the nodes.

        AWS Fargate pricing is one for ECS tasks and EKS pods. Fargate gives a pod 256 MiB more,
        and the next size that it offers (Amazon EKS user guide, Fargate pod configuration).
        """
        if self.ingress is not None:
            internal = self.ingress.scheme == "internal"
            addresses = place.public_addresses(internal=internal)
            yield from of_balancer("elb/application", addresses=addresses)
        pods = self.copies()
        for volume in self.volumes.values():
            if isinstance(volume, EbsMount):
                yield Usage(place.name, "ebs/gp3", pods * volume.size_gib)
        cluster = place.environment.eks
        if not isinstance(cluster, EksCluster):
            yield by_use(place.name, "eks/pods")
        elif isinstance(cluster.compute, FargateProfile):
            cpu, memory = fargate_size(self.compute.vcpu * 1024, self.compute.all_memory_mib + 256)
            yield from fargate(
                place.name,
                pods,
                cpu=cpu,
                memory=memory,
                architecture="X86_64",
                spot=False,
            )

    def platform(self, place: Place) -> Platform | None:
        """What the nodes that take its pods run; None where they differ, or are not known.

        Auto Mode's general-purpose pool has x86 nodes (Amazon EKS user guide, built-in node
        pools), and so has Fargate (EKS user guide, Fargate considerations).
        """
        cluster = place.environment.eks
        if not isinstance(cluster, EksCluster):
            return None
        compute = cluster.compute
        if isinstance(compute, FargateProfile):
            return "linux/amd64"
        chosen = self.compute.node_group
        if isinstance(compute, AutoMode) and chosen is None:
            pool = compute.gpu_pool if self.compute.gpus else None
            names = (
                [f"{family}.xlarge" for family in pool.instance_families] if pool else ["m5.large"]
            )
        else:
            names = [
                group.instance_types[0]
                for name, group in cluster.groups.items()
                if chosen in (None, name)
            ]
        found = {architecture(name) for name in names}
        if len(found) != 1:
            return None
        return "linux/arm64" if found == {"arm64"} else "linux/amd64"

    def copies(self) -> Amount:
        """Its pods."""
        if isinstance(self.scaling, KedaScaling):
            return between(self.scaling.min_capacity, self.scaling.max_capacity)
        return bounds(self.scaling, self.initial_count)

    def scalings(self) -> Iterator[Scalable]:
        """All of it; what KEDA does is not simulated."""
        if isinstance(self.scaling, Scaling):
            yield Scalable(self.scaling, self.initial_count)

    @property
    def initial_count(self) -> int:
        """How many pods there are at first."""
        if self.scaling is not None:
            return self.scaling.min_capacity
        return self.count or 1


class Kubernetes(Named, Reaching):
    """The inference services of the environment's EKS cluster."""

    services: dict[ShortName, EksService] = {}
    """The services by short name. Default: none."""

    objects_by: Literal["terraform", "gitops"] = "terraform"
    """Who makes the Kubernetes objects: this layer, in one plan with their roles; or somebody
    else from what `inferform manifests` writes, while this layer makes the roles alone."""

    keda: Keda | None = None
    """KEDA, where somebody installed it in the cluster. Default: None, nothing scales through it."""

    device_plugin: VersionedImage = DEVICE_PLUGIN
    """NVIDIA's device plugin, for managed node groups whose AMI does not bring it. Default:
    NVIDIA's own image, which needs a way to the internet."""

    unreached_internet = KUB18

    def check(self) -> Iterator[Problem]:
        """What scales through KEDA has it."""
        for name, service in self.services.items():
            if isinstance(service.scaling, KedaScaling) and self.keda is None:
                yield KUB32.problem("services", name, "scaling")

    @property
    def queues(self) -> tuple[QueueTrigger, ...]:
        """The queues that KEDA asks for the services."""
        return tuple(
            queue
            for service in self.services.values()
            if isinstance(service.scaling, KedaScaling)
            for queue in service.scaling.queues
        )

    @property
    def makes_keda_role(self) -> bool:
        """Whether the layer makes the role of KEDA's operator."""
        return self.keda is not None and self.keda.makes_role and bool(self.queues)

    def names(self, place: Place) -> Iterator[Name]:
        """Of the role of KEDA's operator."""
        if self.makes_keda_role:
            yield Name("aws_iam_role", own_role(place.environment.context, KEDA_ROLE))

    def needs(self, place: Place) -> Needs:
        """The device plugin's image, where the cluster's nodes need the plugin."""
        cluster = place.environment.eks
        lacking = isinstance(cluster, EksCluster) and cluster.lacks_device_plugin
        fetched = lacking and is_public(self.device_plugin)
        return Needs(internet=(("device_plugin",),) if fetched else ())
