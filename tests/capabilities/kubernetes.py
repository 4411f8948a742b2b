"""Objects in an EKS cluster."""

from __future__ import annotations

from .record import IN_KUBERNETES, OWN_CHOICE, Capability

CAPABILITY = Capability(
    not_aws={
        OWN_CHOICE: ("Kubernetes.objects_by",),
        IN_KUBERNETES: (
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
            "Kubernetes.device_plugin",
            "Pod.gpus",
            "Pod.memory_mib",
            "Pod.storage_gib",
            "Pod.vcpu",
            "Toleration.effect",
            "Toleration.key",
            "Toleration.value",
        ),
    },
    checkov={
        "kubernetes-*/kubernetes_deployment_v1.objects_deployment-*": {
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
