"""The shared account: models are trained and registered here, and other accounts deploy what is approved."""

from team import drift

from inferform import (
    Channel,
    Environment,
    Evaluation,
    FromStep,
    Image,
    Network,
    OnEvent,
    OnSchedule,
    OnUpload,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    Register,
    Retraining,
    Training,
    TrainingJob,
)

from .company import DEV, EUROPE, HOME, PROD
from .endpoints import DRIFT
from .models import SHARED_CONTEXTS, shared_registry, watched, workload
from .pipelines import identity

WATCHED = [workload("dev", DEV, HOME), workload("prod", PROD, HOME)]
TRAIN = Image(repository="fraud-train", tag="1.4.2")


def job(program: str, output: str, **inputs: str | FromStep) -> ProcessingJob:
    """A program of the image that trains."""
    return ProcessingJob(
        image=TRAIN,
        command=["python", program],
        instance_type="ml.m5.large",
        inputs={name: ProcessingInput(uri=uri) for name, uri in inputs.items()},
        outputs={output: ProcessingOutput()},
    )


fraud = Retraining(
    prepare=job("prepare.py", "data", raw="incoming/fraud/"),
    train=TrainingJob(
        image=TRAIN,
        instance_type="ml.m5.xlarge",
        channels={"train": Channel(uri=FromStep(step="prepare", output="data"))},
    ),
    evaluate=Evaluation(
        job=job(
            "evaluate.py",
            "evaluation",
            model=FromStep(step="train"),
            data=FromStep(step="prepare", output="data"),
        ),
        path="metrics.auc.value",
        threshold=0.85,
    ),
    registers=Register(group="fraud", image=Image(repository="fraud", tag="1.4.2")),
    triggers=[
        OnSchedule(schedule="cron(0 2 ? * SUN *)"),
        OnUpload(prefix="incoming/fraud/", suffix=".csv"),
        OnEvent(pattern=drift.sounds("fraud", DRIFT, *WATCHED)),
    ],
)
use1 = Environment(
    context=SHARED_CONTEXTS["us-east-1"],
    identity=identity("shared-use1", "shared-euw1", regions=[EUROPE]),
    network=Network(cidr="10.10.0.0/16"),
    registry=shared_registry("dev-use1", "prod-use1"),
    training=Training(retrainings={"fraud": fraud}),
    observability=watched(500),
    extend=[drift.received_from(DEV, PROD)],
    kinds=["team.kinds"],
)
euw1 = Environment(
    context=SHARED_CONTEXTS[EUROPE], registry=shared_registry("staging-euw1", "prod-euw1")
)
