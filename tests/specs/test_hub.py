"""Models of a Hub: what a container is told to fetch, it reaches; a token comes from a secret."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    AutoMode,
    BatchTransform,
    ContainerHealth,
    ContainerOptions,
    Context,
    DirectEndpoint,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    FrameworkContainer,
    Image,
    Inference,
    Kubernetes,
    Model,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    Network,
    NetworkOutputs,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    ServerlessEndpoint,
    Shadow,
    SpecError,
)
from inferform.model.hub import fetched
from inferform.rules import Problem

VLLM = FrameworkContainer(framework="vllm", version="0.27.1")
OWN = Image(repository="llm", tag="1.0")
HUB = {"SM_VLLM_MODEL": "meta-llama/Llama-3.1-8B-Instruct"}
OF_HUB = Model(image=VLLM, environment=HUB)
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
OPEN = ("0.0.0.0/0",)
NAT = Network(cidr="10.20.0.0/16")
CUT = Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True)
GPU: dict[str, Any] = {"instance_type": "ml.g5.xlarge"}
FOREIGN = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)


def problems(**layers: Any) -> list[Problem]:
    """What is wrong of models and tokens of a hub."""
    fields = {"network": NAT, "registry": Registry(repositories={"llm": Repository()}), **layers}
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    try:
        Environment(context=context, **fields)
    except SpecError as refused:
        return [each for each in refused.problems if each.rule in ("MDL20", "MDL30", "MDL31")]
    return []


def found(**layers: Any) -> list[tuple[str, str]]:
    return [(each.rule, each.where) for each in problems(**layers)]


def hosting(endpoint: Any, egress: tuple[str, ...] = (), **layers: Any) -> list[tuple[str, str]]:
    inference = Inference(endpoints={"llm": endpoint}, egress_cidrs=egress)
    return found(inference=inference, **layers)


def on_ecs(
    model: Model, container: ContainerOptions | None = None, network: Any = NAT, **fields: Any
) -> list[tuple[str, str]]:
    service = EcsService(
        model=model,
        compute=Fargate(cpu=4096, memory_mib=16384),
        container=container or ContainerOptions(health=ContainerHealth(command=["true"])),
        **fields,
    )
    return found(network=network, ecs=EcsCluster(), inference=Inference(services={"llm": service}))


def on_eks(model: Model, network: Any = NAT, **fields: Any) -> list[tuple[str, str]]:
    service = EksService(model=model, compute=Pod(vcpu=4, memory_mib=16384), **fields)
    return found(
        network=network,
        eks=EksCluster(version="1.35", compute=AutoMode()),
        kubernetes=Kubernetes(services={"llm": service}),
    )


# What is fetched


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"HF_MODEL_ID": "org/model"}, ["HF_MODEL_ID"]),
        ({"HF_MODEL_ID": "gpt2"}, ["HF_MODEL_ID"]),
        ({"OPTION_MODEL_ID": "org/model.v1-2"}, ["OPTION_MODEL_ID"]),
        ({"SM_VLLM_MODEL": "org/model@main"}, ["SM_VLLM_MODEL"]),
        ({"SM_SGLANG_MODEL_PATH": "org/model"}, ["SM_SGLANG_MODEL_PATH"]),
        ({"SM_VLLM_MODEL": "/opt/ml/model", "SM_VLLM_TOKENIZER": "o/t"}, ["SM_VLLM_TOKENIZER"]),
        ({"HF_MODEL_ID": "/opt/ml/model"}, []),
        ({"HF_MODEL_ID": "./model"}, []),
        ({"HF_MODEL_ID": "s3://models/llm/"}, []),
        ({"HF_MODEL_ID": "org/model", "HF_HUB_OFFLINE": "1"}, []),
        ({"MODEL_NAME": "org/model"}, []),
    ],
)
def test_what_names_a_model_of_a_hub(variables: dict[str, str], names: list[str]) -> None:
    assert list(fetched(variables)) == names


# SageMaker


def test_an_isolated_container_fetches_nothing() -> None:
    at = "inference.endpoints.llm"
    with_code = OF_HUB.replace(artifact="llm/code.tar.gz")  # isolated, as it has an artifact
    assert hosting(RealtimeEndpoint(model=with_code, **GPU), OPEN) == [
        ("MDL20", f"{at}.model.environment.SM_VLLM_MODEL")
    ]
    (problem,) = problems(
        inference=Inference(endpoints={"llm": RealtimeEndpoint(model=with_code, **GPU)})
    )
    assert problem.severity == "error"
    assert "network_isolation=False" in problem.text
    package = ModelPackage(
        arn="arn:aws:sagemaker:us-east-1:111122223333:model-package/llm/1", environment=HUB
    )
    assert hosting(RealtimeEndpoint(model=package, **GPU), OPEN)[0][0] == "MDL20"
    many = MultiModel(image=OWN, artifacts="models/", environment={"HF_MODEL_ID": "o/m"})
    assert hosting(MultiModelEndpoint(model=many, **GPU), OPEN)[0][0] == "MDL20"
    shadow = Shadow(model=with_code, **GPU)
    shadowed = RealtimeEndpoint(model=Model(image=OWN), shadow=shadow, **GPU)
    assert hosting(shadowed, OPEN) == [("MDL20", f"{at}.shadow.model.environment.SM_VLLM_MODEL")]
    opened = with_code.replace(network_isolation=False)
    assert hosting(RealtimeEndpoint(model=opened, **GPU), OPEN) == []


def test_a_pipeline_is_isolated_as_a_whole() -> None:
    """One container with a network gives it to all of the model."""
    at = "inference.endpoints.llm.containers"
    of_hub = Model(image=OWN, artifact="a.tar.gz", environment={"HF_MODEL_ID": "o/m"})
    packed = Model(image=OWN, artifact="b.tar.gz")
    both = DirectEndpoint(containers={"a": of_hub, "b": packed}, **GPU)
    assert hosting(both, OPEN) == [("MDL20", f"{at}.a.environment.HF_MODEL_ID")]
    one = DirectEndpoint(containers={"a": of_hub, "b": Model(image=OWN)}, **GPU)
    assert hosting(one, OPEN) == []


def test_an_endpoint_in_the_vpc_is_led_out_on_request_alone() -> None:
    where = "inference.endpoints.llm.model.environment.SM_VLLM_MODEL"
    endpoint = RealtimeEndpoint(model=OF_HUB, **GPU)
    assert hosting(endpoint) == [("MDL30", where)]
    assert hosting(endpoint, ("10.0.0.0/8",)) == [("MDL30", where)]
    assert hosting(endpoint, OPEN, network=CUT) == [("MDL30", where)]
    assert hosting(endpoint, network=FOREIGN) == [("MDL30", where)]
    assert hosting(endpoint, OPEN, network=FOREIGN) == []  # whether it has a NAT is not known
    assert hosting(endpoint, OPEN) == []
    assert hosting(endpoint.replace(vpc=False), network=CUT) == []
    assert hosting(ServerlessEndpoint(model=Model(image=OWN, environment=HUB)), network=CUT) == []


def test_the_message_says_what_to_write() -> None:
    inference = Inference(endpoints={"llm": RealtimeEndpoint(model=OF_HUB, **GPU)})
    (cut,) = problems(network=CUT, inference=inference)
    assert 'write inference.egress_cidrs=["0.0.0.0/0"]' in cut.text
    assert 'set network.nat="single"' in cut.text
    (grouped,) = problems(inference={"risk": inference})
    assert 'write inference.risk.egress_cidrs=["0.0.0.0/0"]' in grouped.text
    assert "nat" not in grouped.text


def test_a_mirror_in_the_network_is_not_judged() -> None:
    mirrored = OF_HUB.replace(environment={**HUB, "HF_ENDPOINT": "https://hub.acme.internal"})
    assert hosting(RealtimeEndpoint(model=mirrored, **GPU), network=CUT) == []
    isolated = mirrored.replace(network_isolation=True)
    assert hosting(RealtimeEndpoint(model=isolated, **GPU))[0][0] == "MDL20"


def test_a_batch_transform_is_like_an_endpoint() -> None:
    def of(egress: tuple[str, ...], **fields: Any) -> list[tuple[str, str]]:
        transform = BatchTransform(model=OF_HUB, instance_type="ml.g5.xlarge", **fields)
        return found(inference=Inference(batch={"llm": transform}, egress_cidrs=egress))

    assert of(()) == [("MDL30", "inference.batch.llm.model.environment.SM_VLLM_MODEL")]
    assert of(OPEN) == of((), vpc=False) == []


# ECS and EKS


def test_a_task_is_led_out_where_its_security_group_and_a_nat_lead() -> None:
    where = "inference.services.llm.model.environment.SM_VLLM_MODEL"
    private = Network(cidr="10.20.0.0/16", auto_endpoints=True)
    assert on_ecs(OF_HUB) == []
    assert on_ecs(OF_HUB, egress_cidrs=[]) == [("MDL30", where)]
    # Closed by default, as it reaches all of AWS through endpoints.
    assert on_ecs(OF_HUB, network=private) == [("MDL30", where)]
    assert on_ecs(OF_HUB, network=private, egress_cidrs=OPEN) == []
    assert on_ecs(OF_HUB, network=CUT, egress_cidrs=OPEN) == [("MDL30", where)]


def test_a_task_with_an_artifact_is_not_isolated() -> None:
    """SageMaker alone isolates, so no remedy of SageMaker's is named."""
    assert on_ecs(OF_HUB.replace(artifact="llm/adapter.tar.gz")) == []


def test_a_pod_is_led_out_where_its_network_policy_and_a_nat_lead() -> None:
    where = "kubernetes.services.llm.model.environment.SM_VLLM_MODEL"
    assert on_eks(OF_HUB) == [("MDL30", where)]
    assert on_eks(OF_HUB, egress_cidrs=OPEN) == []
    assert on_eks(OF_HUB, CUT, egress_cidrs=OPEN) == [("MDL30", where)]
    assert on_eks(OF_HUB.replace(artifact="llm/adapter.tar.gz")) == []


# Tokens


def test_awss_container_is_not_given_the_arn_of_a_token() -> None:
    """It would send the ARN to the hub as the token."""
    named = OF_HUB.replace(environment={**HUB, "HF_TOKEN": SECRET})
    at = "environment.HF_TOKEN"
    endpoint = RealtimeEndpoint(model=named, **GPU)
    assert hosting(endpoint, OPEN) == [("MDL31", f"inference.endpoints.llm.model.{at}")]
    assert on_ecs(named) == [("MDL31", f"inference.services.llm.model.{at}")]
    assert on_eks(named) == [("MDL31", f"kubernetes.services.llm.model.{at}")]
    by_uri = named.replace(
        image="763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.36.0-lmi28.0.0-cu130"
    )
    assert hosting(RealtimeEndpoint(model=by_uri, **GPU), OPEN)[0][0] == "MDL31"
    of_own = named.replace(image=OWN)  # it fetches the secret itself
    assert hosting(RealtimeEndpoint(model=of_own, **GPU), OPEN) == []


def test_a_token_comes_from_a_secret_where_the_platform_has_them() -> None:
    assert on_ecs(OF_HUB, ContainerOptions(secrets={"HF_TOKEN": SECRET})) == []
    assert on_eks(OF_HUB, egress_cidrs=OPEN, secrets={"HF_TOKEN": "hub/token"}) == []


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("KUB21", {"secrets": {"HF_TOKEN": "hub"}}),
        ("KUB21", {"secrets": {"HF_TOKEN": SECRET}}),
        ("KUB21", {"secrets": {"HF_TOKEN": "hub/a/b"}}),
        ("KUB22", {"secrets": {"SM_VLLM_MODEL": "hub/token"}}),
        ("KUB23", {"secrets": {"HF-TOKEN": "hub/token"}}),
    ],
)
def test_a_secret_of_a_pod_is_a_key_of_a_kubernetes_secret(
    rule: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(SpecError) as refused:
        EksService(model=OF_HUB, compute=Pod(vcpu=1, memory_mib=1024), **fields)
    errors = [each for each in refused.value.problems if each.severity == "error"]
    assert [problem.rule for problem in errors] == [rule]


def test_a_token_in_plain_text_stays_refused() -> None:
    for name, value in (("HF_TOKEN", "anything"), ("X", "hf_abcdefghijklmnopqrstuvwxyz")):
        with pytest.raises(SpecError) as refused:
            OF_HUB.replace(environment={**HUB, name: value})
        assert refused.value.problems[0].rule in ("MDL24", "MDL25")
