"""An endpoint, the registry of its model, the retraining that makes versions, and its drift monitor."""

from collections.abc import Sequence

from inferform import (
    Approval,
    ArtifactBucket,
    Canary,
    Channel,
    Context,
    DataCapture,
    Dispatch,
    DriftMonitor,
    Environment,
    Evaluation,
    FromStep,
    Image,
    Inference,
    ModelPackage,
    ModelPackageGroup,
    Network,
    OnDrift,
    OnUpload,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    RealtimeEndpoint,
    Register,
    Registry,
    Repository,
    Retraining,
    Training,
    TrainingJob,
)

TOPIC = "arn:aws:sns:us-east-1:123456789012:ml"
TRAIN = Image(repository="fraud-train", tag="1")
COMMIT = "9f2c41d"  # what TRAIN was built from


def job(program: str, outputs: Sequence[str], **inputs: str | FromStep) -> ProcessingJob:
    """A program of the image that trains."""
    return ProcessingJob(
        image=TRAIN,
        command=["python", program],
        instance_type="ml.m5.large",
        inputs={name: ProcessingInput(uri=uri) for name, uri in inputs.items()},
        outputs={name: ProcessingOutput() for name in outputs},
    )


dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(
        repositories={"fraud": Repository(), "fraud-train": Repository(), "drift": Repository()},
        models={"fraud": ModelPackageGroup()},
        artifacts=ArtifactBucket(send_events=True),
        approvals={"fraud": Approval(group="fraud", target=Dispatch(repository="acme/inference"))},
    ),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=ModelPackage(
                    arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/acme-dev-use1-fraud/1"
                ),
                instance_type="ml.m5.large",
                rollout=Canary(canary_percent=10),
                data_capture=DataCapture(csv_content_types=["text/csv"]),
            ),
        },
    ),
    training=Training(
        retrainings={
            "fraud": Retraining(
                prepare=job("prepare.py", ["train", "test"], raw="incoming/fraud/"),
                train=TrainingJob(
                    image=TRAIN,
                    instance_type="ml.m5.large",
                    channels={"train": Channel(uri=FromStep(step="prepare", output="train"))},
                    hyperparameters={"rounds": "150"},
                    max_runtime_seconds=3600,
                ),
                evaluate=Evaluation(
                    job=job(
                        "evaluate.py",
                        ["evaluation"],
                        model=FromStep(step="train"),
                        test=FromStep(step="prepare", output="test"),
                    ),
                    path="metrics.auc.value",
                    threshold=0.8,
                ),
                registers=Register(
                    group="fraud",
                    image=Image(repository="fraud", tag="1"),
                    metadata={"commit": COMMIT},
                ),
                triggers=[
                    OnUpload(prefix="incoming/fraud/", suffix=".csv"),
                    OnDrift(monitor="fraud"),
                ],
                notify=TOPIC,
            ),
        },
        monitors={
            "fraud": DriftMonitor(
                endpoint="fraud",
                image=Image(repository="drift", tag="1"),
                baseline="data/fraud/baseline/",
                notify=TOPIC,
            ),
        },
    ),
)
