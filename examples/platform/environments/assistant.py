"""The language model, as components of one endpoint."""

from inferform import (
    Adapter,
    Component,
    FrameworkContainer,
    HostingCapacity,
    InferenceComponentEndpoint,
    Model,
)

LLM = FrameworkContainer(framework="djl-lmi", version="0.36.0-lmi24.0.0")
ON_DEMAND = HostingCapacity()


def assistant(capacity: HostingCapacity = ON_DEMAND) -> InferenceComponentEndpoint:
    """Answers for customers, with an adapter for each tone."""
    return InferenceComponentEndpoint(
        instance_type="ml.g5.12xlarge",
        capacity=capacity,
        components={
            "llama": Component(
                model=Model(image=LLM, artifact="llama/4/"),
                accelerators=1,
                min_memory_mib=16_384,
                adapters={
                    tone: Adapter(artifact=f"llama/{tone}/1.tar.gz") for tone in ("formal", "short")
                },
            )
        },
    )
