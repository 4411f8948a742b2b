"""Objects in an EKS cluster."""

from __future__ import annotations

from inferform import (
    Addon,
    BucketMount,
    EbsMount,
    EfsMount,
    EksCluster,
    EksService,
    Environment,
    Image,
    Kubernetes,
    Model,
    Network,
    NodeGroup,
    NodeGroups,
    Pod,
    Registry,
    Repository,
)

from .record import DEV, IN_KUBERNETES, OWN_CHOICE, Capability


def volumes() -> Environment:
    """Everything that pods mount, and the add-ons that mount it."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        eks=EksCluster(
            version="1.35",
            compute=NodeGroups(
                groups={"cpu": NodeGroup(instance_types=["m7i.large"], max_size=3)},
                load_balancer_controller=True,
            ),
            addons={
                "aws-ebs-csi-driver": Addon(),
                "aws-efs-csi-driver": Addon(),
                "aws-mountpoint-s3-csi-driver": Addon(),
            },
        ),
        kubernetes=Kubernetes(
            services={
                "fraud": EksService(
                    model=Model(image=Image(repository="fraud", tag="1.4.2")),
                    compute=Pod(vcpu=1, memory_mib=2048),
                    volumes={
                        "model": BucketMount(prefix="fraud/1.4.2/"),
                        "features": EfsMount(
                            path="/mnt/features", file_system="fs-0123456789abcdef0"
                        ),
                        "cache": EbsMount(path="/cache", size_gib=100),
                    },
                )
            },
        ),
    )


CAPABILITY = Capability(
    environments={"volumes": volumes},
    not_aws={
        OWN_CHOICE: ("Kubernetes.objects_by",),
        IN_KUBERNETES: (
            "BucketMount.bucket",
            "Collector.config",
            "Collector.image",
            "Collector.memory_mib",
            "Collector.workspace",
            "BucketMount.path",
            "BucketMount.prefix",
            "ClaimMount.claim",
            "ClaimMount.path",
            "EbsMount.path",
            "EbsMount.size_gib",
            "EfsMount.access_point",
            "EfsMount.file_system",
            "EfsMount.path",
            "EksService.client_namespaces[]",
            "EksService.count",
            "EksService.egress_cidrs[]",
            "EksService.loader",
            "EksService.namespace",
            "EksService.secrets{key}",
            "EksService.secrets{}",
            "EksService.startup_timeout_seconds",
            "EksService.stop_timeout_seconds",
            "EksService.user",
            "Ingress.certificate_arn",
            "Ingress.host",
            "Ingress.path",
            "Ingress.scheme",
            "Keda.namespace",
            "Keda.service_account",
            "KedaScaling.cooldown_seconds",
            "KedaScaling.fallback",
            "KedaScaling.max_capacity",
            "KedaScaling.min_capacity",
            "KedaScaling.polling_seconds",
            "KedaScaling.scale_in_cooldown_seconds",
            "Kubernetes.device_plugin",
            "Pod.gpus",
            "Pod.memory_mib",
            "Pod.storage_gib",
            "Pod.vcpu",
            "PrometheusTrigger.activation",
            "PrometheusTrigger.query",
            "PrometheusTrigger.server",
            "PrometheusTrigger.target",
            "QueueTrigger.messages_per_pod",
            "QueueTrigger.queue",
            "Toleration.effect",
            "Toleration.key",
            "Toleration.value",
        ),
    },
    checkov={
        "*/kubernetes_deployment_v1.objects_deployment-*": {
            "CKV_K8S_11": (
                "a CPU limit throttles inference when the node has time to spare; requests and "
                "memory limits are set"
            ),
            "CKV_K8S_15": (
                "tags in the environment's repositories are immutable, so a pulled image is the "
                "image"
            ),
            "CKV_K8S_43": "a digest may be given; the repositories' tags are immutable",
        },
        "kubernetes-prod-*/kubernetes_deployment_v1.objects_deployment-ranking-*": {
            "CKV_K8S_22": "the example of modules/kubernetes/README.md asks for read_only=False",
        },
    },
)
