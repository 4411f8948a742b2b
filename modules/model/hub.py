"""Models and tokens of a Hub, which a container fetches or uses when it starts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import TYPE_CHECKING

from ..ecr.spec import Image
from ..rules import Problem, rule
from ..secret import secret_service
from ..vpc.spec import Network
from .image import FrameworkContainer, is_of_aws

if TYPE_CHECKING:
    from ..environment import Environment

MDL20 = rule(
    "MDL20",
    refuses="a model to be fetched from a hub by a container without network",
    message="names a model that the container would fetch, but it has no network; put the model "
    "into artifact, whose folder is /opt/ml/model, or set network_isolation=False",
    source="SageMaker developer guide, run training and inference containers in internet-free mode",
)
MDL30 = rule(
    "MDL30",
    refuses="a model to be fetched from a hub by a container that nothing leads there",
    message="names a model that the container would fetch, but {closed}; {remedy}, or put the "
    "model into artifact, whose folder is /opt/ml/model",
    source="Hugging Face Hub, which is on the internet; Amazon VPC user guide, NAT gateways and "
    "security groups",
)
MDL31 = rule(
    "MDL31",
    refuses="the ARN of a secret as the hub token of a container of AWS's, which takes the token "
    "itself",
    message="names a secret, but AWS's containers fetch none and would send the ARN as the token; "
    "{remedy}",
    source="github.com/aws/deep-learning-containers, github.com/deepjavalibrary/djl-serving and "
    "github.com/huggingface/text-generation-inference (HF_TOKEN is passed on)",
)

# What AWS's and Hugging Face's containers fetch a model or tokenizer by.
_MODELS = frozenset(
    {"HF_MODEL_ID", "OPTION_MODEL_ID", "OPTION_SPECULATIVE_DRAFT_MODEL", "OPTION_TOKENIZER"}
    | {"SM_SGLANG_MODEL_PATH", "SM_SGLANG_TOKENIZER_PATH", "SM_VLLM_MODEL", "SM_VLLM_TOKENIZER"}
)
_TOKENS = frozenset({"HF_API_TOKEN", "HF_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
# By these the way does not lead to the Hub itself, but to a mirror or proxy in the network.
_ELSEWHERE = ("HF_ENDPOINT", "HTTPS_PROXY", "https_proxy")
_TRUE = frozenset({"1", "true", "yes", "on"})

FOR_SAGEMAKER = (
    "SageMaker has no variables from secrets, so put the model into artifact, or use an image of "
    "yours that fetches the secret"
)
"""What to do instead of a token's ARN on SageMaker."""


def fetched(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that name a model of a hub, with their values; none where the container is
    told to stay offline."""
    if any(variables.get(name, "").lower() in _TRUE for name in _OFFLINE):
        return {}
    return {
        name: value
        for name, value in variables.items()
        if name in _MODELS and re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)?(@[\w.-]+)?", value)
    }


def is_led_out(cidrs: Iterable[str]) -> bool:
    """Whether any of the networks that are opened is on the internet."""
    return any(not ip_network(cidr).is_private for cidr in cidrs)


def isolated_problems(variables: Mapping[str, str]) -> Iterator[Problem]:
    """What a container without network cannot fetch."""
    for name, value in fetched(variables).items():
        yield MDL20.problem("environment", name, got=value)


def unreached_problems(
    variables: Mapping[str, str], environment: Environment, *, is_open: bool, remedy: str
) -> Iterator[Problem]:
    """What a container in the environment's subnets cannot fetch.

    `is_open` says whether its security group or network policy leads to the internet, and
    `remedy` what opens it. Whether subnets that exist already have a NAT is not known.
    """
    if any(name in variables for name in _ELSEWHERE):
        return
    network = environment.network
    closed, needed = [], []
    if not is_open:
        closed.append("nothing lets its connections out of the VPC")
        needed.append(remedy)
    if isinstance(network, Network) and not network.leads_out:
        closed.append("the network has no NAT")
        needed.append('set network.nat="single"')
    if not closed:
        return
    for name, value in fetched(variables).items():
        yield MDL30.problem(
            *("environment", name),
            got=value,
            closed=" and ".join(closed),
            remedy=" and ".join(needed),
        )


def problems_of(
    variables: Mapping[str, str],
    image: Image | FrameworkContainer | str | None,
    environment: Environment,
    *,
    is_open: bool,
    of_secrets: str,
) -> Iterator[Problem]:
    """What a container of one's own service, with `egress_cidrs`, cannot fetch from a hub.

    `is_open` is as for `unreached_problems`; `of_secrets` says how a token gets into `secrets`.
    """
    yield from token_problems(variables, image, of_secrets)
    yield from unreached_problems(
        variables, environment, is_open=is_open, remedy='write egress_cidrs=["0.0.0.0/0"]'
    )


def token_problems(
    variables: Mapping[str, str], image: Image | FrameworkContainer | str | None, remedy: str
) -> Iterator[Problem]:
    """Tokens of a hub that are named by the ARN of a secret, which only an image of one's own
    can fetch."""
    if image is None or not is_of_aws(image):
        return
    for name, value in variables.items():
        if name in _TOKENS and secret_service(value):
            yield MDL31.problem("environment", name, remedy=remedy)
