"""The Kubernetes objects of inference services, as plain data.

The Terraform resources and the YAML of `inferform manifests` are both made from what is here, so
that they cannot differ. Everything in them is known before anything is deployed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..context import Context
from ..ecr.spec import Image
from ..eks.spec import (
    GPU_LABEL,
    GPU_TAINT_KEY,
    NODE_GROUP_LABEL,
    AutoMode,
    EksCluster,
    FargateProfile,
    GpuNodePool,
    pod_role_name,
)
from ..scaling.metrics import CpuUtilization
from ..scaling.spec import Scaling, TargetTracking
from .collector import NAME as COLLECTOR
from .fit import tolerations
from .keda import KedaScaling, PrometheusTrigger, QueueTrigger
from .pools import EFFECTS, node_pools
from .spec import DEFAULT_USER, EksService, Ingress, Kubernetes, Toleration
from .storage import Storage, ebs_class, storage_class
from .volumes import MODEL_FOLDER, EbsMount

Object = dict[str, Any]

PORT = 8080
"""The port that inference containers listen on, as on SageMaker."""

# What a server of AWS's, started as root, takes files with and gives its workers another user.
_OF_SERVERS = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]

# The address of the agent that hands out pod identity's credentials.
_POD_IDENTITY = "169.254.170.23/32"
_UNPACK = (
    "import sys,tarfile;tarfile.open(fileobj=sys.stdin.buffer,mode='r|gz').extractall(sys.argv[1])"
)
_PROBE_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the objects need to know of the layers below; all of it literal."""

    context: Context
    artifact_bucket: str
    vpc_cidrs: tuple[str, ...]
    subnets: tuple[Object, ...] = ()
    """What tells Karpenter the private subnets: terms with their ids or tags."""

    cluster: EksCluster | None = None
    """The cluster, or None for one whose Outputs were written by hand."""

    @property
    def trusts_issuer(self) -> bool:
        """Whether pods get their roles by the cluster's tokens, as on Fargate."""
        return self.cluster is not None and isinstance(self.cluster.compute, FargateProfile)


def objects(spec: Kubernetes, place: Place) -> list[Object]:
    """Every object, in the order in which they can be applied."""
    made = [_namespace(name) for name in _namespaces(spec)]
    made += _of_cluster(spec, place)
    made += _classes(spec, place)
    for name, service in spec.services.items():
        made += objects_of(name, service, place)
    return made


def objects_of(name: str, spec: EksService, place: Place) -> list[Object]:
    """The objects of one service, without what services share."""
    return list(_Service(name, spec, place).objects())


def _classes(spec: Kubernetes, place: Place) -> list[Object]:
    """The StorageClasses of the services' EBS volumes."""
    names = {
        ebs_class(place.cluster, service.compute.node_group)
        for service in spec.services.values()
        if any(isinstance(each, EbsMount) for each in service.volumes.values())
    }
    return [storage_class(name) for name in sorted(names)]


def _namespaces(spec: Kubernetes) -> list[str]:
    return sorted({service.namespace for service in spec.services.values()})


def _namespace(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "inferform"}},
    }


def _of_cluster(spec: Kubernetes, place: Place) -> Iterator[Object]:
    """What the cluster as a whole needs before services can run as they are meant to."""
    compute = place.cluster.compute if place.cluster else None
    if isinstance(compute, AutoMode):
        yield _network_policies()
        if any(service.ingress for service in spec.services.values()):
            yield _ingress_class()
        if compute.gpu_pool is not None:
            yield _node_pool(compute.gpu_pool)
    if place.cluster is not None:
        yield from node_pools(place.cluster, place.context, place.subnets)
    if place.cluster is not None and place.cluster.lacks_device_plugin:
        image = spec.device_plugin
        uri = image.uri(place.context) if isinstance(image, Image) else image
        yield _device_plugin(uri, beside_auto_mode=isinstance(compute, AutoMode))


def _network_policies() -> Object:
    """Auto Mode enforces network policies once this says so."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "amazon-vpc-cni", "namespace": "kube-system"},
        "data": {"enable-network-policy-controller": "true"},
    }


def _ingress_class() -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "alb"},
        "spec": {"controller": "eks.amazonaws.com/alb"},
    }


def _node_pool(spec: GpuNodePool) -> Object:
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "gpu"},
        "spec": {
            "template": {
                "metadata": {"labels": {GPU_LABEL: "true"}},
                "spec": {
                    "nodeClassRef": {
                        "group": "eks.amazonaws.com",
                        "kind": "NodeClass",
                        "name": "default",
                    },
                    "requirements": [
                        {
                            "key": "eks.amazonaws.com/instance-family",
                            "operator": "In",
                            "values": list(spec.instance_families),
                        },
                        {
                            "key": "karpenter.sh/capacity-type",
                            "operator": "In",
                            "values": list(spec.capacity_types),
                        },
                    ],
                    "taints": [{"key": GPU_TAINT_KEY, "value": "true", "effect": "NoSchedule"}],
                },
            },
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "10m"},
            "limits": {"nvidia.com/gpu": str(spec.max_gpus)},
        },
    }


# Auto Mode's nodes bring a plugin of their own.
_OFF_AUTO_MODE = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchExpressions": [
                        {
                            "key": "eks.amazonaws.com/compute-type",
                            "operator": "NotIn",
                            "values": ["auto"],
                        }
                    ]
                }
            ]
        }
    }
}


def _device_plugin(image: str, *, beside_auto_mode: bool) -> Object:
    labels = {"app.kubernetes.io/name": "nvidia-device-plugin"}
    folder = "/var/lib/kubelet/device-plugins"
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "nvidia-device-plugin", "namespace": "kube-system", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": "system-node-critical",
                    "nodeSelector": {GPU_LABEL: "true"},
                    **({"affinity": _OFF_AUTO_MODE} if beside_auto_mode else {}),
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [
                        {
                            "name": "nvidia-device-plugin",
                            "image": image,
                            "env": [{"name": "FAIL_ON_INIT_ERROR", "value": "false"}],
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "volumeMounts": [{"name": "device-plugins", "mountPath": folder}],
                        }
                    ],
                    "volumes": [{"name": "device-plugins", "hostPath": {"path": folder}}],
                },
            },
        },
    }


def _as_user(user: int) -> Object:
    return {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": user}


def _closed(*, read_only: bool, root: bool = False) -> Object:
    """The security context of a container; one that starts as root may give files and workers to
    another user."""
    capabilities: Object = {"drop": ["ALL"]}
    if root:
        capabilities["add"] = _OF_SERVERS
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": read_only,
        "capabilities": capabilities,
    }


class _Service:
    """The objects of one inference service."""

    def __init__(self, name: str, spec: EksService, place: Place) -> None:
        self._name = name
        self._spec = spec
        self._place = place
        self._context = place.context
        self._selector = {"app.kubernetes.io/name": name}
        self._artifact = spec.model.artifact_uri(place.artifact_bucket)
        self._storage = Storage(
            spec.volumes,
            service=name,
            namespace=spec.namespace,
            labels=self._selector,
            context=place.context,
            artifact_bucket=place.artifact_bucket,
            user=spec.runs_as or DEFAULT_USER,
            ebs_class=ebs_class(place.cluster, spec.compute.node_group),
        )

    def objects(self) -> Iterator[Object]:
        spec = self._spec
        yield self._service_account()
        yield self._network_policy()
        yield from self._storage.objects
        yield self._deployment()
        yield self._service()
        yield self._disruption_budget()
        if isinstance(spec.scaling, KedaScaling):
            yield from self._through_keda(spec.scaling)
        elif spec.scaling is not None:
            yield self._autoscaler(spec.scaling)
        if spec.ingress is not None:
            yield self._ingress(spec.ingress)

    def _object(self, api: str, kind: str, spec: Object, **metadata: Any) -> Object:
        return {
            "apiVersion": api,
            "kind": kind,
            "metadata": self._metadata(**metadata),
            "spec": spec,
        }

    def _metadata(self, **more: Any) -> Object:
        return {
            "name": self._name,
            "namespace": self._spec.namespace,
            "labels": {**self._selector, "app.kubernetes.io/managed-by": "inferform"},
            **more,
        }

    def _service_account(self) -> Object:
        more: Object = {}
        if self._place.trusts_issuer and self._spec.needs_role:
            role = pod_role_name(self._context, self._name)
            arn = self._spec.existing.task_role or self._context.own_role_arn(role)
            more["annotations"] = {"eks.amazonaws.com/role-arn": arn}
        return {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": self._metadata(**more),
            # The container has no business with the cluster's API.
            "automountServiceAccountToken": False,
        }

    def _deployment(self) -> Object:
        spec = self._spec
        body: Object = {
            "selector": {"matchLabels": self._selector},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "progressDeadlineSeconds": spec.startup_timeout_seconds + 900,
            "template": {
                "metadata": {
                    "labels": {**self._selector, "app.kubernetes.io/managed-by": "inferform"}
                },
                "spec": self._pod(),
            },
        }
        if spec.scaling is None:
            body["replicas"] = spec.initial_count
        return self._object("apps/v1", "Deployment", body)

    def _pod(self) -> Object:
        spec, pod = self._spec, self._spec.compute
        volumes: list[Object] = [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]
        body: Object = {
            "serviceAccountName": self._name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": spec.stop_timeout_seconds,
            "securityContext": {
                **(_as_user(spec.runs_as) if spec.runs_as else {}),
                "fsGroup": spec.runs_as or DEFAULT_USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": key,
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": self._selector},
                }
                for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
            ],
            "containers": [self._container(), *self._collector()],
            "volumes": volumes,
        }
        if self._artifact is not None:
            volumes.append({"name": "model", "emptyDir": {"sizeLimit": f"{pod.storage_gib}Gi"}})
            body["initContainers"] = [self._loader(self._artifact)]
        volumes += self._storage.volumes
        if pod.node_group is not None:
            body["nodeSelector"] = {NODE_GROUP_LABEL: pod.node_group}
        tolerated = [_toleration(each) for each in tolerations(pod)]
        if tolerated:
            body["tolerations"] = tolerated
        return body

    def _container(self) -> Object:
        spec, pod = self._spec, self._spec.compute
        ping = {"path": "/ping", "port": "http"}
        gpus = {"nvidia.com/gpu": str(pod.gpus)} if pod.gpus else {}
        mounts: list[Object] = [{"name": "tmp", "mountPath": "/tmp"}]
        if self._artifact is not None:
            mounts.append({"name": "model", "mountPath": MODEL_FOLDER, "readOnly": True})
        mounts += self._storage.mounts
        container: Object = {
            "name": "inference",
            "image": spec.model.image_uri(self._context, spec.device),
            "args": ["serve"],
            "ports": [{"name": "http", "containerPort": PORT}],
            "resources": {
                "requests": {"cpu": _millicores(pod.vcpu), "memory": f"{pod.memory_mib}Mi", **gpus},
                # No CPU limit: throttling adds latency while cores of the node are idle.
                "limits": {"memory": f"{pod.memory_mib}Mi", **gpus},
            },
            "startupProbe": {
                "httpGet": ping,
                "periodSeconds": _PROBE_SECONDS,
                "timeoutSeconds": 2,
                "failureThreshold": ceil(spec.startup_timeout_seconds / _PROBE_SECONDS),
            },
            "readinessProbe": {
                "httpGet": ping,
                "periodSeconds": _PROBE_SECONDS,
                "timeoutSeconds": 2,
                "failureThreshold": 2,
            },
            "livenessProbe": {
                "httpGet": ping,
                "periodSeconds": 10,
                "timeoutSeconds": 5,
                "failureThreshold": 6,
            },
            "securityContext": _closed(read_only=spec.is_read_only, root=not spec.runs_as),
            "volumeMounts": mounts,
        }
        variables: list[Object] = [
            {"name": name, "value": value} for name, value in sorted(spec.model.environment.items())
        ]
        for name, secret in sorted(spec.secrets.items()):
            held, key = secret.split("/")
            selected = {"secretKeyRef": {"name": held, "key": key}}
            variables.append({"name": name, "valueFrom": selected})
        if variables:
            container["env"] = variables
        if spec.ingress is not None:
            # The load balancer needs a moment to stop sending before the container does.
            container["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "5"]}}}
        return container

    def _collector(self) -> Iterator[Object]:
        """What the model sends its traces and metrics to."""
        spec, context = self._spec.compute.collector, self._context
        if spec is None:
            return
        memory = f"{spec.memory_mib}Mi"
        settings = spec.settings(context, self._name)
        yield {
            "name": COLLECTOR,
            "image": spec.image.uri(context) if isinstance(spec.image, Image) else spec.image,
            "env": [
                {"name": "AOT_CONFIG_CONTENT", "value": settings},
                {"name": "AWS_REGION", "value": context.region},
            ],
            # An autoscaler measures CPU only where each container asks for some.
            "resources": {
                "requests": {"cpu": "50m", "memory": memory},
                "limits": {"memory": memory},
            },
            "securityContext": {
                **({} if self._spec.runs_as else _as_user(DEFAULT_USER)),
                **_closed(read_only=True),
            },
        }

    def _loader(self, artifact: str) -> Object:
        """What puts the artifact into the model's folder before the container starts."""
        script = f'aws s3 cp "$ARTIFACT" - | python3 -c "{_UNPACK}" {MODEL_FOLDER}'
        if artifact.endswith("/"):
            script = f'aws s3 cp --recursive --only-show-errors "$ARTIFACT" {MODEL_FOLDER}'
        image, context = self._spec.loader, self._context
        return {
            "name": "loader",
            "image": image.uri(context) if isinstance(image, Image) else image,
            "command": ["/bin/bash", "-euo", "pipefail", "-c", script],
            "env": [
                {"name": "ARTIFACT", "value": artifact},
                {"name": "AWS_REGION", "value": context.region},
                {"name": "HOME", "value": "/tmp"},
            ],
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                # It runs alone, in the memory that the container has afterwards.
                "limits": {"memory": f"{max(512, self._spec.compute.memory_mib)}Mi"},
            },
            "securityContext": {
                **({} if self._spec.runs_as else _as_user(DEFAULT_USER)),
                **_closed(read_only=True),
            },
            "volumeMounts": [
                {"name": "tmp", "mountPath": "/tmp"},
                {"name": "model", "mountPath": MODEL_FOLDER},
            ],
        }

    def _service(self) -> Object:
        body = {
            "type": "ClusterIP",
            "selector": self._selector,
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        }
        return self._object("v1", "Service", body)

    def _disruption_budget(self) -> Object:
        body = {"selector": {"matchLabels": self._selector}, "maxUnavailable": 1}
        return self._object("policy/v1", "PodDisruptionBudget", body)

    def _autoscaler(self, scaling: Scaling) -> Object:
        policies = [each for each in scaling.policies if isinstance(each, TargetTracking)]
        scale_down: Object = {
            # Kubernetes' own, written out as the provider asks for one.
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
            "stabilizationWindowSeconds": min(
                max(each.scale_in_cooldown_seconds for each in policies), 3600
            ),
        }
        if any(each.disable_scale_in for each in policies):
            scale_down["selectPolicy"] = "Disabled"
        body = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": self._name},
            "minReplicas": scaling.min_capacity,
            "maxReplicas": scaling.max_capacity,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu" if isinstance(each.metric, CpuUtilization) else "memory",
                        "target": {
                            "type": "Utilization",
                            "averageUtilization": round(each.metric.target_value),
                        },
                    },
                }
                for each in policies
            ],
            "behavior": {"scaleDown": scale_down},
        }
        return self._object("autoscaling/v2", "HorizontalPodAutoscaler", body)

    def _through_keda(self, scaling: KedaScaling) -> Iterator[Object]:
        """What KEDA makes the one autoscaler of the Deployment of."""
        if scaling.queues:
            # The operator's own role: pods need not be asked for theirs.
            identity = {"podIdentity": {"provider": "aws"}}
            yield self._object("keda.sh/v1alpha1", "TriggerAuthentication", identity)
        body: Object = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": self._name},
            "minReplicaCount": scaling.min_capacity,
            "maxReplicaCount": scaling.max_capacity,
            "pollingInterval": scaling.polling_seconds,
            "cooldownPeriod": scaling.cooldown_seconds,
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {
                        "scaleDown": {
                            "stabilizationWindowSeconds": scaling.scale_in_cooldown_seconds
                        }
                    }
                }
            },
            "triggers": [self._trigger(each) for each in scaling.triggers],
        }
        if scaling.fallback is not None:
            body["fallback"] = {"failureThreshold": 3, "replicas": scaling.fallback}
        yield self._object("keda.sh/v1alpha1", "ScaledObject", body)

    def _trigger(self, trigger: QueueTrigger | PrometheusTrigger) -> Object:
        if isinstance(trigger, QueueTrigger):
            return {
                "type": "aws-sqs-queue",
                "metadata": {
                    "queueURL": trigger.queue,
                    "queueLength": str(trigger.messages_per_pod),
                    "awsRegion": trigger.region,
                    "scaleOnInFlight": str(trigger.counts_in_flight).lower(),
                },
                "authenticationRef": {"name": self._name},
            }
        return {
            "type": "prometheus",
            "metadata": {
                "serverAddress": trigger.server,
                "query": trigger.query,
                "threshold": f"{trigger.target:g}",
                "activationThreshold": f"{trigger.activation:g}",
            },
        }

    def _network_policy(self) -> Object:
        spec = self._spec
        namespaces = sorted({spec.namespace, *spec.client_namespaces})
        callers: list[Object] = [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
            for name in namespaces
        ]
        if spec.ingress is not None:
            callers += [{"ipBlock": {"cidr": cidr}} for cidr in self._place.vpc_cidrs]
        https = [{"protocol": "TCP", "port": 443}]
        egress: list[Object] = [
            {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
        ]
        if spec.calls_aws:
            egress.append(
                {
                    "to": [{"ipBlock": {"cidr": _POD_IDENTITY}}],
                    "ports": [{"protocol": "TCP", "port": 80}],
                }
            )
            # S3 has no addresses that a policy could name; routes and the role are the limit.
            egress.append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": https})
        elif spec.egress_cidrs:
            blocks = [{"ipBlock": {"cidr": cidr}} for cidr in spec.egress_cidrs]
            egress.append({"to": blocks, "ports": https})
        body = {
            "podSelector": {"matchLabels": self._selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}],
            "egress": egress,
        }
        return self._object("networking.k8s.io/v1", "NetworkPolicy", body)

    def _ingress(self, spec: Ingress) -> Object:
        prefix = "alb.ingress.kubernetes.io"
        annotations = {
            f"{prefix}/scheme": spec.scheme,
            f"{prefix}/target-type": "ip",
            f"{prefix}/healthcheck-path": "/ping",
        }
        if spec.certificate_arn is not None:
            annotations[f"{prefix}/certificate-arn"] = spec.certificate_arn
            annotations[f"{prefix}/listen-ports"] = '[{"HTTPS":443}]'
        rule: Object = {
            "http": {
                "paths": [
                    {
                        "path": spec.path,
                        "pathType": "Prefix",
                        "backend": {"service": {"name": self._name, "port": {"name": "http"}}},
                    }
                ]
            }
        }
        if spec.host is not None:
            rule["host"] = spec.host
        body = {"ingressClassName": "alb", "rules": [rule]}
        return self._object("networking.k8s.io/v1", "Ingress", body, annotations=annotations)


def _toleration(spec: Toleration) -> Object:
    made: Object = {"key": spec.key, "operator": "Exists"}
    if spec.value is not None:
        made |= {"operator": "Equal", "value": spec.value}
    if spec.effect is not None:
        made["effect"] = EFFECTS[spec.effect]
    return made


def _millicores(vcpu: float) -> str:
    millicores = round(vcpu * 1000)
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"
