"""What container images and instance types run on: CPUs, GPUs or AWS's own accelerators."""

from __future__ import annotations

import re
from typing import Literal

from ..instances import instance_types

Accelerator = Literal["cpu", "gpu", "neuronx"]
"""What AWS builds its containers for."""

Device = Accelerator | Literal["neuron"]
"""What a processor is: `neuron` are Inferentia of the first generation, which the containers for
`neuronx` do not run on."""

PLURAL: dict[Device, str] = {
    "cpu": "CPUs",
    "gpu": "GPUs",
    "neuron": "first Inferentia chips",
    "neuronx": "Neuron devices",
}
"""What people call them."""

# Types without published figures, of families that have GPUs.
_GPU_FAMILIES = re.compile(r"ml\.(p\d|g\d)")


def device_of(instance_type: str) -> Device | None:
    """What a hosting instance type computes with; None where AWS does not say."""
    if instance_type.startswith("ml.inf1."):
        return "neuron"
    if instance_type.startswith(("ml.inf", "ml.trn")):
        return "neuronx"
    facts = instance_types().get(instance_type)
    if facts is None or facts.gpus is None:
        return "gpu" if _GPU_FAMILIES.match(instance_type) else None
    return "gpu" if facts.gpus else "cpu"


def named_device(repository: str, tag: str) -> Device | None:
    """What AWS's name of an image says that it is built for: `-gpu-`, `cu128`, `neuronx`, `cpu`;
    None where the name says nothing."""
    words = set(re.split(r"[^a-z0-9]+", f"{repository} {tag}".lower()))
    if "neuronx" in words:
        return "neuronx"
    if "neuron" in words:
        return "neuron"
    if "gpu" in words or any(re.fullmatch(r"cu\d{2,3}", word) for word in words):
        return "gpu"
    return "cpu" if "cpu" in words else None
