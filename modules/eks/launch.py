"""What a node group's instances are started with, beside what Inferform sets: own AMIs, settings of
nodeadm and Bottlerocket, scripts, and launch templates of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from ..content import Content
from ..rules import Problem, rule
from ..spec import Aws, Check, Spec, is_json

EKS38 = rule(
    "EKS38",
    refuses="a setting of nodes beside a launch template of one's own",
    message="cannot be given beside launch.template, which holds it; leave it out, and set it in the "
    "template",
    source="Amazon EKS user guide, launch template configuration basics (settings in both places are "
    "refused)",
)
EKS39 = rule(
    "EKS39",
    refuses="two AMIs of one node group",
    message="cannot be given beside {other}; leave one out",
    source="Amazon EKS user guide, limits and conditions when specifying an AMI ID (amiType cannot be "
    "set)",
)
EKS40 = rule(
    "EKS40",
    refuses="settings of nodes that their operating system does not take",
    message="{wrong}",
    source="Amazon EKS user guide, Amazon EC2 user data (nodeadm's NodeConfig, Bottlerocket's TOML)",
)
EKS41 = rule(
    "EKS41",
    refuses="user data of more than 16 KiB",
    message="make {size:,} bytes of user data with what Inferform adds; EC2 takes 16,384",
    source="Amazon EC2 user guide, user data (16 KB before it is encoded)",
)
EKS42 = rule(
    "EKS42",
    refuses="an id or version that is none of EC2's",
    message="must be {expected}",
    source="Amazon EC2 API reference, ImageId, LaunchTemplateId and versions; AWS Systems Manager API "
    "reference, GetParameter",
)

Os = Literal["AL2023", "BOTTLEROCKET"]

_USER_DATA_BYTES = 16_384

# The cluster's name, endpoint, authority and range, which are known at the apply alone.
_ADDED_BYTES = 3_072

_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
_BOUNDARY = "==INFERFORM=="
_BARE = re.compile(r"[A-Za-z0-9_-]+")


_NO_JSON = {
    "wrong": "must be what JSON holds: text, numbers, True, False, None, lists and dicts by text"
}


def _expects(text: str) -> dict[str, str]:
    return {"expected": text}


class OwnTemplate(Spec):
    """A launch template that somebody else makes. EKS refuses in it a subnet, an instance profile,
    and hibernation; its security groups must let the cluster in."""

    id: Annotated[
        str,
        Check(
            EKS42,
            lambda name: bool(re.fullmatch(r"lt-[0-9a-f]{8,40}", name, re.ASCII)),
            lambda _: _expects("the id of a launch template, such as lt-0123456789abcdef0"),
        ),
        Aws("eks:LaunchTemplateSpecification.id"),
    ]
    """Its id."""

    version: Annotated[
        str,
        Check(
            EKS42,
            lambda text: bool(re.fullmatch(r"[1-9]\d{0,9}", text, re.ASCII)),
            lambda _: _expects("the number of a version, such as '3': EKS keeps no $Latest"),
        ),
        Aws("eks:LaunchTemplateSpecification.version"),
    ]
    """The number of its version. Another one replaces the nodes, a few at a time."""

    has_ami: bool = False
    """Whether it names an AMI, whose user data must then let nodes join. EKS takes neither an AMI
    type nor a version beside it. Default: False."""

    has_instance_type: bool = False
    """Whether it names the instance type. EKS takes none beside it, so that `instance_types` only
    says what it is, for costs and for pods that fit. Default: False."""


class NodeLaunch(Spec):
    """How nodes of a group start: an AMI of one's own, settings, a script, or all of it by a launch
    template of one's own."""

    ami: (
        Annotated[
            str,
            Check(
                EKS42,
                lambda name: bool(re.fullmatch(r"ami-[0-9a-f]{8,40}", name, re.ASCII)),
                lambda _: _expects("the id of an AMI, such as ami-0123456789abcdef0"),
            ),
            Aws("ec2:RequestLaunchTemplateData.ImageId"),
        ]
        | None
    ) = None
    """The id of an AMI of your own, built for the cluster's Kubernetes version. Another one replaces
    the nodes. Default: None, EKS's by `ami_type`."""

    ami_parameter: (
        Annotated[
            str,
            Check(
                EKS42,
                lambda name: (
                    bool(re.fullmatch(r"(/[\w.-]+){2,15}", name, re.ASCII)) and len(name) <= 1011
                ),
                lambda _: _expects(
                    "the name of a parameter, such as /aws/service/eks/optimized-ami/1.35/"
                    "amazon-linux-2023/x86_64/standard/recommended/image_id"
                ),
            ),
        ]
        | None
    ) = None
    """The parameter in Systems Manager that holds the id of the AMI, which each plan reads. Roles of
    the identity layer read AWS's own alone. Default: None."""

    os: Os | None = None
    """What an AMI of your own is built from. Default: AL2023, or what `ami_type` says."""

    settings: Annotated[dict[str, Any], Check(EKS40, is_json, lambda _: _NO_JSON)] = {}
    """Settings of the node: on AL2023 nodeadm's `NodeConfig.spec`, such as
    `{"kubelet": {"config": {"maxPods": 40}}}`; on Bottlerocket what stands below `settings`, such as
    `{"kubernetes": {"max-pods": 40}}`. Default: none."""

    script: str = ""
    """A shell script that runs as root before the node joins; AL2023 alone. Default: none."""

    template: OwnTemplate | None = None
    """A launch template of your own, instead of Inferform's. Default: None."""

    def check(self) -> Iterator[Problem]:
        """One AMI, and one place for each setting."""
        if self.template is not None:
            for field in sorted(self.model_fields_set - {"template"}):
                yield EKS38.problem(field)
        if self.ami is not None and self.ami_parameter is not None:
            yield EKS39.problem("ami_parameter", other="ami")
        if self.os is not None and not self.has_own_ami:
            wrong = "is for an AMI of your own; ami_type says which system EKS's has"
            yield EKS40.problem("os", got=self.os, wrong=wrong)
        if "cluster" in self.settings:
            wrong = "is written by Inferform, which knows the cluster; leave it out"
            yield EKS40.problem("settings", "cluster", wrong=wrong)

    def problems_on(self, os: Os) -> Iterator[Problem]:
        """What nodes of an operating system do not take."""
        if os == "BOTTLEROCKET":
            if self.script:
                wrong = "does not run on Bottlerocket, which has no shell; use settings"
                yield EKS40.problem("script", wrong=wrong)
            wrong = _no_toml(self.settings)
            if wrong:
                yield EKS40.problem("settings", wrong=wrong)
        elif any(line.strip() == f"--{_BOUNDARY}--" for line in self.script.splitlines()):
            yield EKS40.problem("script", wrong=f"has a line --{_BOUNDARY}--, which ends its part")
        size = len(json.dumps(self.settings, default=str).encode()) + len(self.script.encode())
        if size + _ADDED_BYTES > _USER_DATA_BYTES:
            yield EKS41.problem(size=size + _ADDED_BYTES)

    @property
    def has_own_ami(self) -> bool:
        """Whether the AMI is not one that EKS chooses."""
        return self.ami is not None or self.ami_parameter is not None

    @property
    def content(self) -> Content:
        """What nodes are started with by it, as far as it is known before the apply; empty for
        Inferform's own."""
        found: Content = {
            "ami": self.ami,
            "ami_parameter": self.ami_parameter,
            "settings": self.settings,
            "script": self.script,
        }
        return {key: value for key, value in found.items() if value}


def user_data(
    launch: NodeLaunch,
    os: Os,
    cluster: Mapping[str, str],
    taints: Iterable[tuple[str, str, str]],
) -> str:
    """The user data of nodes, as EKS merges it with its own or, for an AMI of one's own, takes it as
    it is; empty where there is nothing to say.

    `cluster` are its name, endpoint, authority and range of Services; `taints` keys, values and
    effects.
    """
    registered = [(key, f"{value}:{_EFFECTS[effect]}") for key, value, effect in taints]
    if not launch.has_own_ami and not launch.settings and not launch.script:
        return ""
    if os == "BOTTLEROCKET":
        own = (
            {
                "cluster-name": cluster["name"],
                "api-server": cluster["apiServerEndpoint"],
                "cluster-certificate": cluster["certificateAuthority"],
                **(
                    {"node-taints": {key: [said] for key, said in registered}} if registered else {}
                ),
            }
            if launch.has_own_ami
            else {}
        )
        given = dict(launch.settings)
        kubernetes = {**own, **given.pop("kubernetes", {})}
        return toml({"kubernetes": kubernetes, **given} if kubernetes else given)
    spec = dict(launch.settings)
    if launch.has_own_ami:
        spec["cluster"] = dict(cluster)
        if registered:
            # EKS applies the group's taints after such a node has joined.
            kubelet = dict(spec.get("kubelet", {}))
            said = ",".join(f"{key}={value}" for key, value in registered)
            kubelet["flags"] = [*kubelet.get("flags", []), f"--register-with-taints={said}"]
            spec["kubelet"] = kubelet
    parts = []
    if spec:
        config = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": spec}
        parts.append(("application/node.eks.aws", json.dumps(config, indent=2)))
    if launch.script:
        parts.append(('text/x-shellscript; charset="utf-8"', launch.script.rstrip("\n")))
    lines = ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', ""]
    for kind, text in parts:
        lines += [f"--{_BOUNDARY}", f"Content-Type: {kind}", "", text, ""]
    return "\n".join([*lines, f"--{_BOUNDARY}--", ""])


def toml(settings: Mapping[str, Any], *path: str) -> str:
    """Settings of Bottlerocket as the TOML that EKS merges, in tables by name."""
    path = path or ("settings",)
    lines = [
        f"{key if _BARE.fullmatch(key) else json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in settings.items()
        if not isinstance(value, Mapping)
    ]
    made = "\n".join([f"[{'.'.join(path)}]", *lines, ""]) if lines else ""
    return made + "".join(
        toml(value, *path, key) for key, value in settings.items() if isinstance(value, Mapping)
    )


def _no_toml(settings: Mapping[str, Any], *path: str) -> str:
    """Why EKS does not merge settings of Bottlerocket; empty where it does."""
    for key, value in settings.items():
        where = ".".join((*path, key))
        if isinstance(value, Mapping):
            wrong = "" if _BARE.fullmatch(key) else f"has a table {where}, whose name needs quotes"
            wrong = wrong or _no_toml(value, *path, key)
        else:
            each = value if isinstance(value, list) else [value]
            texts = [key, *(one for one in each if isinstance(one, str))]
            if any(char in text for text in texts for char in '"\\\n'):
                wrong = f"has a quote, a backslash or a new line in {where}"
            elif len({type(one) for one in each}) > 1:
                wrong = f"has several types in the list {where}"
            elif not all(isinstance(one, str | int | float) for one in each):
                wrong = f"has in {where} what is no text, number, True, False or list of them"
            else:
                wrong = ""
        if wrong:
            return wrong
    return ""
