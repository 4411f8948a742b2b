"""What language models ask of accelerators: settings of AWS's containers, and an estimate."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from ...model.accelerator import PLURAL, Device
from ...model.container import Container
from ...model.image import FrameworkContainer, built_for
from ...rules import Problem, rule
from ...spec import Between, Spec

IC26 = rule(
    "IC26",
    refuses="a language model that seems larger than the memory of its accelerators",
    message="needs about {need:.1f} GiB of GPU memory ({weights:.1f} of weights, {cache:.1f} of KV "
    "cache), and {accelerators} GPUs of {instance_type} have {have:.1f} GiB for it; {remedy}",
    source="weights: parameters x bits / 8; KV cache: 2 x layers x kv_heads x head_size x bits / 8 for "
    "each token of each sequence; vLLM documentation, gpu_memory_utilization (0.9). An estimate",
    severity="warning",
)
IC27 = rule(
    "IC27",
    refuses="a model split over more accelerators than a copy has",
    message="splits the model over {degree} accelerators, and a copy has {accelerators}; {remedy}",
    source="vLLM and SGLang documentation, tensor and pipeline parallelism; DJL Serving documentation, "
    "OPTION_TENSOR_PARALLEL_DEGREE; Text Generation Inference documentation, num_shard",
)
IC28 = rule(
    "IC28",
    refuses="a container that uses fewer accelerators than a copy has",
    message="uses {degree} of {accelerators} accelerators, so that the others stand idle; write "
    '{name}="{accelerators}" into environment, or accelerators={degree}',
    source="vLLM documentation, tensor_parallel_size (1); SGLang documentation, tp-size (1); Text "
    "Generation Inference on SageMaker, SM_NUM_GPUS",
    severity="warning",
)
IC29 = rule(
    "IC29",
    refuses="a container for a newer CUDA than the machine image has",
    message="is built for CUDA {cuda}, and {ami}; write "
    'host=Host(inference_ami_version="al2023-ami-sagemaker-inference-gpu-4-1")',
    source="SageMaker API reference, ProductionVariant InferenceAmiVersion; NVIDIA CUDA documentation, "
    "minor version compatibility",
    severity="warning",
)
IC36 = rule(
    "IC36",
    refuses="a number of a language model that none has",
    message="must be from {low} to {high}",
    source="Inferform: what an estimate can be made of",
)

IC42 = rule(
    "IC42",
    refuses="a container built for GPUs or Neuron devices in a component that has none",
    message="is built for {built_for}, and a copy has none of the instance's; write accelerators=1 or "
    "more, or use an image for CPUs",
    source="SageMaker API reference, InferenceComponentComputeResourceRequirements "
    "NumberOfAcceleratorDevicesRequired",
    severity="warning",
)

_GIB = 2**30
_USED = 0.9
"""The share of the memory of GPUs that vLLM takes."""

PARALLEL: dict[str, tuple[str, ...]] = {
    "djl-lmi": ("OPTION_TENSOR_PARALLEL_DEGREE", "TENSOR_PARALLEL_DEGREE"),
    "huggingface-sglang": ("SM_SGLANG_TP_SIZE", "SM_SGLANG_TENSOR_PARALLEL_SIZE", "SM_SGLANG_TP"),
    "huggingface-tgi": ("SM_NUM_GPUS", "NUM_SHARD"),
    "huggingface-vllm": ("SM_VLLM_TENSOR_PARALLEL_SIZE",),
    "sglang": ("SM_SGLANG_TP_SIZE", "SM_SGLANG_TENSOR_PARALLEL_SIZE", "SM_SGLANG_TP"),
    "vllm": ("SM_VLLM_TENSOR_PARALLEL_SIZE",),
}
"""The variables by which AWS's containers of language models are told over how many accelerators to
split a model, the one to write first."""

_STAGES: dict[str, tuple[str, ...]] = {
    "djl-lmi": ("OPTION_PIPELINE_PARALLEL_DEGREE",),
    "huggingface-sglang": ("SM_SGLANG_PP_SIZE", "SM_SGLANG_PIPELINE_PARALLEL_SIZE"),
    "huggingface-vllm": ("SM_VLLM_PIPELINE_PARALLEL_SIZE", "SM_VLLM_DATA_PARALLEL_SIZE"),
    "sglang": ("SM_SGLANG_PP_SIZE", "SM_SGLANG_PIPELINE_PARALLEL_SIZE"),
    "vllm": ("SM_VLLM_PIPELINE_PARALLEL_SIZE", "SM_VLLM_DATA_PARALLEL_SIZE"),
}
"""The variables that each multiply how many accelerators a container takes."""

_REPLICAS = ("SM_SGLANG_DP_SIZE", "SM_SGLANG_DATA_PARALLEL_SIZE")
"""The variables that may multiply it, as SGLang does only without data parallel attention."""

LENGTH: dict[str, tuple[str, ...]] = {
    "djl-lmi": ("OPTION_MAX_MODEL_LEN",),
    "huggingface-sglang": ("SM_SGLANG_CONTEXT_LENGTH",),
    "huggingface-tgi": ("MAX_TOTAL_TOKENS",),
    "huggingface-vllm": ("SM_VLLM_MAX_MODEL_LEN",),
    "sglang": ("SM_SGLANG_CONTEXT_LENGTH",),
    "vllm": ("SM_VLLM_MAX_MODEL_LEN",),
}
"""The variables by which AWS's containers of language models are told the tokens of one sequence."""

_TOKENS = 8192

_TAKE_ALL = ("djl-lmi",)
"""Containers that split a model over all accelerators where nothing is said."""

_CUDA_13 = "al2023-ami-sagemaker-inference-gpu-4-1"

Count = Annotated[int, Between(IC36, 1, 10_000_000)]


class LanguageModel(Spec):
    """The figures of a language model, as its `config.json` has them, for an estimate of its memory.

    Weights: parameters x bits / 8. KV cache: 2 x layers x kv_heads x head_size x bits / 8 bytes for
    each token of each sequence. What activations and CUDA take is not in it: a tenth of the memory is
    left for them.
    """

    parameters_billion: Annotated[float, Between(IC36, 0.001, 10_000)]
    """Its parameters, in thousand millions."""

    weight_bits: Literal[4, 8, 16, 32] = 16
    """Bits of a weight. Default: 16, as in bfloat16."""

    layers: Count | None = None
    """`num_hidden_layers`. Default: the KV cache is not estimated."""

    kv_heads: Count = 8
    """`num_key_value_heads`. Default: 8."""

    head_size: Count = 128
    """`head_dim`, or `hidden_size` by `num_attention_heads`. Default: 128."""

    cache_bits: Literal[8, 16] = 16
    """Bits of a value in the KV cache. Default: 16."""

    tokens: Count | None = None
    """Tokens of one sequence, request and answer together. Default: what the environment of one of
    AWS's containers says, such as `SM_VLLM_MAX_MODEL_LEN`, or else 8,192."""

    sequences: Count = 1
    """How many sequences are in work at the same time. Default: 1."""

    @property
    def weights_gib(self) -> float:
        """The size of its weights."""
        return self.parameters_billion * 1e9 * self.weight_bits / 8 / _GIB

    def cache_gib(self, source: Container) -> float:
        """The size of the KV cache in a container; 0 where `layers` is not given."""
        values = 2 * (self.layers or 0) * self.kv_heads * self.head_size
        tokens = self.tokens or _length(source) or _TOKENS
        return values * self.cache_bits / 8 * tokens * self.sequences / _GIB

    def problems_on(
        self, instance_type: str, accelerators: int, gib: float, source: Container
    ) -> Iterator[Problem]:
        """Whether it seems to fit `accelerators` devices of an instance type, of `gib` each, served by
        a container."""
        cache = self.cache_gib(source)
        need, have = self.weights_gib + cache, accelerators * gib * _USED
        if need <= have:
            return
        fits = self.weights_gib <= have and accelerators
        yield IC26.problem(
            need=need,
            weights=self.weights_gib,
            cache=cache,
            accelerators=accelerators,
            instance_type=instance_type,
            have=have,
            remedy="serve fewer or shorter sequences" if fits else "raise accelerators",
        )


def _length(source: Container) -> int | None:
    """The tokens of one sequence that one of AWS's containers is told; None where it is not."""
    container = getattr(source, "image", None)
    names = LENGTH.get(container.framework, ()) if isinstance(container, FrameworkContainer) else ()
    given = (source.variables[name] for name in names if name in source.variables)
    return next((int(value) for value in given if value.isdigit() and int(value)), None)


def serving_problems(
    source: Container, accelerators: int | None, ami: str | None, device: Device | None
) -> Iterator[Problem]:
    """What AWS's containers of language models need on a copy with so many accelerators, under a
    machine image, on an instance with `device`."""
    container = getattr(source, "image", None)
    if container is None:
        return
    built = built_for(container, device)
    if not accelerators and device not in (None, "cpu") and built == device:
        yield IC42.problem("image", built_for=PLURAL[built])
    if not isinstance(container, FrameworkContainer):
        return
    match = re.search(r"-cu(\d{2})\d\b", container.tags.get("gpu", ""))
    if match and int(match[1]) > 12 and ami != _CUDA_13 and container.built_for("gpu") == "gpu":
        has = (
            f"{ami} has an older one" if ami else "SageMaker's own machine image may have an older"
        )
        yield IC29.problem("image", cuda=match[1], ami=has)
    # Neuron devices have several cores each, by which their containers count.
    if device in (None, "gpu"):
        yield from _degree_problems(container.framework, source.variables, accelerators or 0)


def _degree_problems(
    framework: str, variables: Mapping[str, str], accelerators: int
) -> Iterator[Problem]:
    """Whether a container takes as many accelerators as a copy has, and no more."""
    splits = PARALLEL.get(framework, ())
    split = next((name for name in splits if name in variables), None)
    stages = [name for name in _STAGES.get(framework, ()) if name in variables]
    given = [*([split] if split else []), *stages]
    # What is no number, such as "max", the container decides.
    if not splits or not all(variables[name].isdigit() for name in given):
        return
    degree = math.prod(int(variables[name]) for name in given)
    if degree > accelerators and given:
        enough = f"write accelerators={degree}"
        fewer = f'write "{accelerators}", or accelerators={degree}'
        yield IC27.problem(
            *("environment", given[0]),
            got=" x ".join(variables[name] for name in given),
            degree=degree,
            accelerators=accelerators,
            remedy=fewer if len(given) == 1 and accelerators else enough,
        )
    elif (
        degree < accelerators
        and framework not in _TAKE_ALL
        and not any(name in variables for name in _REPLICAS)
    ):
        yield IC28.problem(
            "image", degree=degree, accelerators=accelerators, name=split or splits[0]
        )
