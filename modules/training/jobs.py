"""What is asked of the jobs of SageMaker: training, processing, and tuning of hyperparameters.

A job is a run, and no resource of Terraform: a `Retraining` runs it in a state machine, a pipeline in a
step. What only a run knows, such as where a step before it wrote, is a `Reference`.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from ..context import Context
from ..ecr.spec import Image
from ..instances import TYPE_FORM
from ..model.artifact import is_location
from ..model.container import Container, written
from ..model.environment import MDL26
from ..model.hub import fetched
from ..model.image import ContainerImage, FrameworkContainer, image_in_region, image_uri
from ..rules import PathPart, Problem, did_you_mean, rule
from ..sagemaker.sources import source_problems
from ..secret import name_says_secret, secret_service, value_is_secret
from ..spec import Aws, Between, Check, Listed, Many, Matches, OneOf, Spec, walk
from ..usage import RunPart, run_part

_ROOT = __package__.rpartition(".")[0]

TRJ1 = rule(
    "TRJ1",
    refuses="what cannot be an instance type of a training job",
    message="is not an instance type of training jobs{hint}",
    source="botocore sagemaker TrainingInstanceType",
)
TRJ2 = rule(
    "TRJ2",
    refuses="a training job with no channel or more than 20, or a channel's name that SageMaker does "
    "not take",
    message="must be 1 to 20 channels, whose names have at most 64 letters, digits, ., _ and -",
    source="botocore sagemaker InputDataConfig, ChannelName; Inferform: a job without data trains "
    "nothing",
)
TRJ3 = rule(
    "TRJ3",
    refuses="more than 100 hyperparameters, a name over 256 or a value over 2,500 characters",
    message="must be at most 100 hyperparameters, whose names have at most 256 characters and do not "
    "end in .$, and whose values have at most 2,500, without line breaks",
    source="botocore sagemaker HyperParameters, HyperParameterKey, HyperParameterValue; Amazon States "
    "Language, Payload Template (names that end in .$)",
)
TRJ4 = rule(
    "TRJ4",
    refuses="environment variables of a training job beyond SageMaker's limits",
    message="must be at most 100 variables, whose names are letters, digits and _ and have, as their "
    "values, at most 512 characters",
    source="botocore sagemaker TrainingEnvironmentMap, TrainingEnvironmentKey, "
    "TrainingEnvironmentValue",
)
TRJ5 = rule(
    "TRJ5",
    refuses="a hyperparameter, variable or argument of a job that looks like a secret",
    message="looks like a secret by its {part}, and everyone who can describe the job can read it; "
    "store it in Secrets Manager or SSM Parameter Store, and let the container fetch it by its ARN",
    source="botocore sagemaker CreateTrainingJobRequest HyperParameters, Environment (no sensitive "
    "data)",
)
TRJ6 = rule(
    "TRJ6",
    refuses="more than 40 metrics of a training job, a name over 255 characters, or a regular "
    "expression over 500, one that does not compile, or has no group",
    message="{wrong}",
    source="botocore sagemaker MetricDefinitionList, MetricName, MetricRegex; SageMaker developer "
    "guide, define training metrics (a group captures the value)",
)
TRJ7 = rule(
    "TRJ7",
    refuses="a training job of less than a second or more than 28 days",
    message="must be from {low} to {high} seconds",
    source="SageMaker API reference, StoppingCondition MaxRuntimeInSeconds (28 days)",
)
TRJ8 = rule(
    "TRJ8",
    refuses="a volume of an instance type that has local storage of a fixed size",
    message="cannot be chosen: {instance_type} has local storage of {local:,} GB; leave it out",
    source="SageMaker API reference, ResourceConfig VolumeSizeInGB",
)
TRJ9 = rule(
    "TRJ9",
    refuses="a warm pool that is kept for less than a second or more than an hour",
    message="must be from {low} to {high} seconds",
    source="SageMaker developer guide, train using SageMaker AI managed warm pools",
)
TRJ10 = rule(
    "TRJ10",
    refuses="a warm pool of Spot instances",
    message="cannot be used with spot, whose instances AWS takes back; leave one of them out",
    source="SageMaker developer guide, train using SageMaker AI managed warm pools",
)
TRJ11 = rule(
    "TRJ11",
    refuses="fewer than 1 or more than 30 retries of a training job",
    message="must be from {low} to {high}",
    source="botocore sagemaker MaximumRetryAttempts",
)
TRJ12 = rule(
    "TRJ12",
    refuses="a command of more than 100 parts, or a part or another text over 256 characters or with a "
    "line break",
    message="{wrong}",
    source="botocore sagemaker TrainingContainerEntrypoint, ContainerEntrypoint, ContainerArguments",
)
TRJ13 = rule(
    "TRJ13",
    refuses="an augmented manifest that is not read by Pipe, is compressed, or names no attributes",
    message="{wrong}",
    source="SageMaker API reference, S3DataSource S3DataType, AttributeNames; SageMaker developer "
    "guide, augmented manifest files",
)
TRJ15 = rule(
    "TRJ15",
    refuses="several instances of a training job in security groups that somebody else made",
    message="needs the given security groups to let their members reach each other on all ports; "
    "check that they do",
    source="SageMaker developer guide, give training jobs access to resources in your VPC",
    severity="warning",
)
TRJ16 = rule(
    "TRJ16",
    refuses="a model or tokenizer of a hub that a job without network is to fetch",
    message="names what the container would fetch, but it has no network; give it as a channel or "
    "input, or set network_isolation=False",
    source="SageMaker developer guide, run training and inference containers in internet-free mode",
    severity="warning",
)
TRJ17 = rule(
    "TRJ17",
    refuses="data of a job that is neither an S3 URI nor a key or prefix in the artifact bucket",
    message="must be an s3:// URI with a key, or a key or prefix in the environment's artifact bucket, "
    "such as data/fraud/",
    source="botocore sagemaker S3Uri; Amazon S3 user guide, safe characters in keys",
)
TRJ18 = rule(
    "TRJ18",
    refuses="a container of AWS's that serves and cannot train",
    message="is an inference container; write the URI of AWS's training image, or an image of yours. "
    "Those of {frameworks} do both",
    source="SageMaker developer guide, Docker registry paths; github.com/aws/deep-learning-containers, "
    "available images (training and inference apart)",
)
TRJ19 = rule(
    "TRJ19",
    refuses="a number of instances that no account has",
    message="must be from {low} to {high}",
    source="Inferform: above any account's quota; a larger number is a slip of the finger",
)
TRJ20 = rule(
    "TRJ20",
    refuses="a volume of a training job that is smaller than 1 GB or larger than 16,384",
    message="must be from {low} to {high} GB",
    source="botocore sagemaker OptionalVolumeSizeInGB; Amazon EBS user guide, the largest gp2 volume "
    "(16 TiB)",
)
SPT1 = rule(
    "SPT1",
    refuses="a wait for Spot instances that ends before the training may",
    message="is below max_runtime_seconds ({runtime}), and holds both the wait and the training; "
    "raise it",
    source="botocore sagemaker StoppingCondition MaxWaitTimeInSeconds",
)
SPT2 = rule(
    "SPT2",
    refuses="a wait for Spot instances of less than a second or more than 30 days",
    message="must be from {low} to {high} seconds",
    source="SageMaker API reference, StoppingCondition MaxWaitTimeInSeconds (30 days)",
)
SPT3 = rule(
    "SPT3",
    refuses="a long training on Spot instances without checkpoints",
    message="is more than an hour without checkpoints: each interruption starts the training from "
    "nothing; write spot.checkpoints, or keep it below 3,600",
    source="SageMaker developer guide, managed Spot training in SageMaker AI",
    severity="warning",
)
SPT5 = rule(
    "SPT5",
    refuses="a folder for checkpoints that SageMaker uses otherwise",
    message="must be a folder such as /opt/ml/checkpoints, of at most 4,096 characters, and none of "
    "/opt/ml/model, /opt/ml/input and /opt/ml/output",
    source="botocore sagemaker DirectoryPath; SageMaker developer guide, checkpoints, storage folders "
    "of training",
)
SPT7 = rule(
    "SPT7",
    refuses="a container of AWS's that waits for Spot instances for more than an hour without "
    "checkpoints",
    message="must be at most 3,600 for a container of AWS's without checkpoints",
    source="SageMaker developer guide, managed Spot training (built-in algorithms without checkpoints)",
)
PRC1 = rule(
    "PRC1",
    refuses="what cannot be an instance type of a processing job",
    message="is not an instance type of processing jobs{hint}",
    source="botocore sagemaker ProcessingInstanceType",
)
PRC2 = rule(
    "PRC2",
    refuses="more than 10 inputs or outputs of a processing job, or a name that is no path's part",
    message="must be at most 10, whose names are letters, digits, _ and -",
    source="botocore sagemaker ProcessingInputs, ProcessingOutputs; Inferform: a name is a folder",
)
PRC3 = rule(
    "PRC3",
    refuses="a runtime, count or volume of a processing job outside SageMaker's limits",
    message="must be from {low} to {high}",
    source="botocore sagemaker ProcessingMaxRuntimeInSeconds, ProcessingInstanceCount, "
    "ProcessingVolumeSizeInGB",
)
PRC4 = rule(
    "PRC4",
    refuses="environment variables of a processing job beyond SageMaker's limits",
    message="must be at most 100 variables, whose names are letters, digits and _ and have, as their "
    "values, at most 256 characters",
    source="botocore sagemaker ProcessingEnvironmentMap, ProcessingEnvironmentKey, "
    "ProcessingEnvironmentValue",
)
PRC5 = rule(
    "PRC5",
    refuses="a folder of a processing job outside of /opt/ml/processing",
    message="must be a folder below /opt/ml/processing of at most 256 characters, such as "
    "/opt/ml/processing/input/data",
    source="botocore sagemaker ProcessingLocalPath; SageMaker developer guide, processing containers",
)
TUN1 = rule(
    "TUN1",
    refuses="an objective of a tuning job that its training job does not measure",
    message="is not among job.metrics{hint}; add it there",
    source="SageMaker API reference, HyperParameterTuningJobObjective MetricName",
)
TUN2 = rule(
    "TUN2",
    refuses="more than 30 ranges of a kind or categories, or a minimum that is not below the maximum",
    message="{wrong}",
    source="botocore sagemaker IntegerParameterRanges, ContinuousParameterRanges, "
    "CategoricalParameterRanges, ParameterValues",
)
TUN3 = rule(
    "TUN3",
    refuses="a grid with ranges of numbers, or with a number of jobs",
    message="{wrong}",
    source="SageMaker developer guide, grid search; SageMaker API reference, ResourceLimits",
)
TUN4 = rule(
    "TUN4",
    refuses="early stopping beside Hyperband, which stops jobs itself",
    message="must be False with Hyperband, which stops jobs itself",
    source="SageMaker API reference, HyperParameterTuningJobConfig TrainingJobEarlyStoppingType",
)
TUN5 = rule(
    "TUN5",
    refuses="more training jobs at once than a tuning job has",
    message="is above max_jobs ({jobs})",
    source="SageMaker API reference, ResourceLimits",
)
TUN6 = rule(
    "TUN6",
    refuses="a hyperparameter that is both fixed and tuned",
    message="is in job.hyperparameters too; write it in one of them",
    source="SageMaker API reference, StaticHyperParameters",
)
TUN7 = rule(
    "TUN7",
    refuses="a scale that the range does not allow",
    message="{wrong}",
    source="SageMaker developer guide, define hyperparameter ranges (scaling)",
)
TUN8 = rule(
    "TUN8",
    refuses="what the training jobs of a tuning job cannot have: a command, a warm pool, or more than "
    "48 variables",
    message="{wrong}",
    source="botocore sagemaker HyperParameterAlgorithmSpecification, "
    "HyperParameterTrainingJobDefinition, HyperParameterTrainingJobEnvironmentMap",
)
TUN9 = rule(
    "TUN9",
    refuses="a number outside of the limits of a tuning job",
    message="must be from {low} to {high}",
    source="botocore sagemaker HyperParameterTuningMaxRuntimeInSeconds, RandomSeed; SageMaker service "
    "quotas (training jobs of a tuning job)",
)

BOTH: frozenset[str] = frozenset({"scikit-learn", "xgboost"})
"""AWS's frameworks whose one image trains and serves."""

LAST_DAY = 28 * 24 * 3600


@cache
def _table(kind: str) -> dict[str, int | None]:
    text = (resources.files(_ROOT) / "data" / f"{kind}_instance_types.json").read_text("utf-8")
    table: dict[str, int | None] = json.loads(text)
    return table


@cache
def training_instance_types() -> frozenset[str]:
    """The instance types of training jobs."""
    return frozenset(_table("training"))


@cache
def processing_instance_types() -> frozenset[str]:
    """The instance types of processing jobs."""
    return frozenset(_table("processing"))


def local_storage(instance_type: str) -> int:
    """The local storage of an instance type of jobs in GB, for which AWS refuses a key; 0 where it
    has none, or nothing is known of it."""
    return _table("training").get(instance_type) or _table("processing").get(instance_type) or 0


class Reference(Spec):
    """What only a run knows. What runs the job says of what kinds it takes."""


Value = Annotated[str | Reference, OneOf()]
"""A text, or what only a run knows."""


def _text(value: object, longest: int) -> bool:
    """Whether a value is a reference, or a text of one line that is not too long."""
    return not isinstance(value, str) or ("\n" not in value and len(value) <= longest)


Location = Annotated[
    str | Reference,
    OneOf(),
    Check(TRJ17, lambda value: not isinstance(value, str) or is_location(value)),
]
"""An S3 URI, a key or prefix in the environment's artifact bucket, or what a run knows."""

JobImage = Annotated[
    ContainerImage,
    Check(
        TRJ18,
        lambda image: not isinstance(image, FrameworkContainer) or image.framework in BOTH,
        lambda _: {"frameworks": " and ".join(sorted(BOTH))},
    ),
]
"""The image of a job: of the environment's registry, by URI, or one of AWS's that trains."""


class Job(Container):
    """What jobs of all kinds have."""

    @property
    def variables(self) -> dict[str, str]:
        """Its environment variables, but those that only a run knows."""
        raise NotImplementedError

    def references(self) -> Iterator[tuple[tuple[PathPart, ...], Reference]]:
        """What of it only a run knows, by its path in the Spec."""
        return ((path, each) for path, each in walk(self) if isinstance(each, Reference))


def _known(values: Mapping[str, str | Reference]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _secret_problems(field: str, values: Mapping[str, str]) -> Iterator[Problem]:
    """Values that look like secrets; they stay out of the messages."""
    for name, value in values.items():
        if name_says_secret(name, value):
            yield TRJ5.problem(field, name, part="name")
        elif value_is_secret(value):
            yield TRJ5.problem(field, name, part="value")


def _argument_problems(field: str, values: tuple[str | Reference, ...]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if isinstance(value, str) and value_is_secret(value):
            yield TRJ5.problem(field, index, part="value")


def _environment_problems(variables: Mapping[str, str], isolated: bool) -> Iterator[Problem]:
    yield from _secret_problems("environment", variables)
    for name, value in variables.items() if isolated else ():
        if secret_service(value):
            yield MDL26.problem("environment", name)
    for name in fetched(variables) if isolated else ():
        yield TRJ16.problem("environment", name, got=variables[name])


_METRICS = (
    "must be at most 40 metrics, whose names have at most 255 characters, each with a regular "
    "expression of at most 500 with a group, such as auc=([0-9.]+)"
)
_PARTS = "must be at most 100 parts of at most 256 characters each, without line breaks"
_ONE_LINE = "must have {} to 256 characters, without line breaks"

Command = Annotated[
    Many[
        Annotated[
            str,
            Matches(TRJ12, r".{0,256}", _PARTS),
            Aws(
                "sagemaker:AlgorithmSpecification.ContainerEntrypoint",
                "sagemaker:AppSpecification.ContainerEntrypoint",
            ),
        ]
    ],
    Check(TRJ12, lambda parts: len(parts) <= 100, lambda _: {"wrong": _PARTS}),
]


class Channel(Spec):
    """Data that a training job reads, at `/opt/ml/input/data/{its name}`."""

    uri: Annotated[Location, Aws("sagemaker:S3DataSource.S3Uri")]
    """Where it lies: an `s3://` URI, a key or prefix in the environment's artifact bucket, or a
    reference to what an earlier step wrote."""

    content_type: (
        Annotated[
            str,
            Matches(TRJ12, r".{0,256}", _ONE_LINE.format(0)),
            Aws("sagemaker:Channel.ContentType"),
        ]
        | None
    ) = None
    """The MIME type, where the algorithm needs it. Default: none."""

    input_mode: Annotated[
        Literal["File", "FastFile", "Pipe"], Aws("sagemaker:Channel.InputMode")
    ] = "File"
    """How it reaches the container: copied before, streamed as files, or through a pipe. Default: File."""

    data_type: Annotated[
        Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"],
        Aws("sagemaker:S3DataSource.S3DataType"),
    ] = "S3Prefix"
    """What `uri` names: the beginning of keys, or a manifest. Default: the beginning of keys."""

    distribution: Annotated[
        Literal["FullyReplicated", "ShardedByS3Key"],
        Aws("sagemaker:S3DataSource.S3DataDistributionType"),
    ] = "FullyReplicated"
    """Whether each instance has all of it or a share. Default: all."""

    gzip: bool = False
    """Whether objects are compressed, and unpacked on the way in. Default: False."""

    shuffle_seed: Annotated[int, Aws("sagemaker:ShuffleConfig.Seed")] | None = None
    """Shuffles the objects by this seed. Default: their order."""

    attributes: Annotated[
        Many[
            Annotated[
                str,
                Matches(TRJ12, r".{1,256}", _ONE_LINE.format(1)),
                Aws("sagemaker:S3DataSource.AttributeNames"),
            ]
        ],
        Check(TRJ13, lambda names: len(names) <= 16, lambda _: {"wrong": "must be at most 16"}),
    ] = ()
    """The attributes of an augmented manifest that are read, in order. Default: none."""

    def check(self) -> Iterator[Problem]:
        """An augmented manifest is read by Pipe, unpacked, and names what is read."""
        augmented = self.data_type == "AugmentedManifestFile"
        if augmented and self.input_mode != "Pipe":
            wrong = "must be Pipe, as an augmented manifest is read by a pipe alone"
            yield TRJ13.problem("input_mode", got=self.input_mode, wrong=wrong)
        if augmented and self.gzip:
            yield TRJ13.problem("gzip", wrong="must be False for an augmented manifest")
        if augmented != bool(self.attributes):
            wrong = (
                "must name what of an augmented manifest is read"
                if augmented
                else "are those of an augmented manifest alone; leave them out"
            )
            yield TRJ13.problem("attributes", wrong=wrong)


def _is_checkpoint_folder(path: str) -> bool:
    used = ("/opt/ml/model", "/opt/ml/input", "/opt/ml/output")
    return (
        bool(re.fullmatch(r"(/[\w.-]+)+", path, re.ASCII))
        and len(path) <= 4096
        and ".." not in path.split("/")
        and not any(path == each or path.startswith(f"{each}/") for each in used)
    )


class Checkpoints(Spec):
    """Where a training job keeps its checkpoints, which SageMaker copies to S3 and back."""

    uri: Annotated[Location, Aws("sagemaker:CheckpointConfig.S3Uri")] | None = None
    """Where they lie. Default: a prefix of each run: a run that is interrupted continues, and the next one
    starts from nothing. SageMaker copies everything below a prefix of your own into each run."""

    local_path: Annotated[
        str, Check(SPT5, _is_checkpoint_folder), Aws("sagemaker:CheckpointConfig.LocalPath")
    ] = "/opt/ml/checkpoints"
    """The folder in the container. Default: `/opt/ml/checkpoints`, AWS's default."""


class Spot(Spec):
    """Training on Spot instances, which AWS may take back."""

    max_wait_seconds: Annotated[
        int,
        Between(SPT2, 1, 30 * 24 * 3600),
        Aws("sagemaker:StoppingCondition.MaxWaitTimeInSeconds"),
    ]
    """Seconds that the wait for instances and the training may take together: at least
    `max_runtime_seconds`."""

    checkpoints: Checkpoints | None = Checkpoints()
    """Where an interrupted training continues from. Default: a prefix of each run; None starts from
    nothing."""


def _captures(text: str) -> bool:
    """Whether a text is a regular expression with a group, as SageMaker takes one."""
    if not re.fullmatch(r".{1,500}", text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(text).groups > 0
    except (re.error, OverflowError, RecursionError):
        return False


class TrainingJob(Job):
    """A training job of SageMaker: what each run is told."""

    image: Annotated[JobImage, Aws("sagemaker:AlgorithmSpecification.TrainingImage")]
    """The container: of the environment's registry, by URI, or AWS's XGBoost or scikit-learn."""

    instance_type: Annotated[
        str,
        Listed(TRJ1, "an instance type of training jobs", training_instance_types, TYPE_FORM),
        Aws("sagemaker:ResourceConfig.InstanceType"),
    ]
    """The instance type, such as `ml.m5.xlarge`."""

    channels: Annotated[
        dict[
            Annotated[
                str, Matches(TRJ2, r"[A-Za-z0-9._-]{1,64}"), Aws("sagemaker:Channel.ChannelName")
            ],
            Channel,
        ],
        Check(TRJ2, lambda channels: 1 <= len(channels) <= 20),
    ]
    """The data by the name of its folder: `{"train": Channel(uri="data/train/")}`."""

    instance_count: Annotated[
        int, Between(TRJ19, 1, 10_000), Aws("sagemaker:ResourceConfig.InstanceCount")
    ] = 1
    """How many instances train together. Default: 1."""

    command: Command = ()
    """What is run instead of the image's own entrypoint. Default: that."""

    hyperparameters: Annotated[
        dict[
            Annotated[str, Matches(TRJ3, r"(?!.*\.\$$).{1,256}")],
            Annotated[
                Value,
                Check(TRJ3, lambda value: _text(value, 2500)),
            ],
        ],
        Check(TRJ3, lambda given: len(given) <= 100),
        Aws("sagemaker:CreateTrainingJobRequest.HyperParameters"),
    ] = {}
    """Hyperparameters, as texts. Default: none."""

    environment: Annotated[
        dict[
            Annotated[
                str,
                Matches(TRJ4, r"[a-zA-Z_]\w{0,511}"),
            ],
            Annotated[
                Value,
                Check(TRJ4, lambda value: not isinstance(value, str) or len(value) <= 512),
            ],
        ],
        Check(TRJ4, lambda given: len(given) <= 100),
        Aws("sagemaker:CreateTrainingJobRequest.Environment"),
    ] = {}
    """Environment variables. Default: none."""

    metrics: Annotated[
        dict[
            Annotated[
                str, Matches(TRJ6, r".{1,255}", _METRICS), Aws("sagemaker:MetricDefinition.Name")
            ],
            Annotated[
                str,
                Check(TRJ6, _captures, lambda _: {"wrong": _METRICS}),
                Aws("sagemaker:MetricDefinition.Regex"),
            ],
        ],
        Check(TRJ6, lambda metrics: len(metrics) <= 40, lambda _: {"wrong": _METRICS}),
    ] = {}
    """Metrics by name, each with the regular expression that finds its value in the log:
    `{"auc": "auc=([0-9.]+)"}`. Default: those of AWS's containers."""

    volume_size_gb: (
        Annotated[int, Between(TRJ20, 1, 16384), Aws("sagemaker:ResourceConfig.VolumeSizeInGB")]
        | None
    ) = None
    """The volume of each instance in GB. Default: 30, or the instance type's local storage."""

    max_runtime_seconds: Annotated[
        int, Between(TRJ7, 1, LAST_DAY), Aws("sagemaker:StoppingCondition.MaxRuntimeInSeconds")
    ] = 86_400
    """Seconds after which the training is stopped. Default: a day, AWS's default."""

    spot: Spot | None = None
    """Trains on Spot instances. Default: on demand."""

    keep_alive_seconds: (
        Annotated[
            int, Between(TRJ9, 1, 3600), Aws("sagemaker:ResourceConfig.KeepAlivePeriodInSeconds")
        ]
        | None
    ) = None
    """Seconds that the instances are kept, and billed, for a next job that is alike: a warm pool, which
    has a quota of its own. Default: they are given back."""

    retries: (
        Annotated[int, Between(TRJ11, 1, 30), Aws("sagemaker:RetryStrategy.MaximumRetryAttempts")]
        | None
    ) = None
    """How often SageMaker starts the training again after an internal error of its own. Default: never."""

    network_isolation: bool = True
    """Whether the container has no network at all; SageMaker moves its data. Default: True."""

    vpc: bool = True
    """Whether its network interfaces are in the environment's private subnets. Default: True."""

    def check(self) -> Iterator[Problem]:
        """The rules between Spot, warm pools, storage and what the container is told."""
        yield from source_problems(self, self.instance_type)
        yield from _secret_problems("hyperparameters", _known(self.hyperparameters))
        yield from _argument_problems("command", tuple(self.command))
        yield from _environment_problems(self.variables, self.network_isolation)
        local = local_storage(self.instance_type)
        if local and self.volume_size_gb is not None:
            yield TRJ8.problem(
                "volume_size_gb",
                got=self.volume_size_gb,
                instance_type=self.instance_type,
                local=local,
            )
        if self.spot is not None:
            yield from self._spot_problems(self.spot)

    def _spot_problems(self, spot: Spot) -> Iterator[Problem]:
        wait, runtime = spot.max_wait_seconds, self.max_runtime_seconds
        if wait < runtime:
            yield SPT1.problem("spot", "max_wait_seconds", got=wait, runtime=runtime)
        if self.keep_alive_seconds is not None:
            yield TRJ10.problem("keep_alive_seconds", got=self.keep_alive_seconds)
        if spot.checkpoints is None:
            if isinstance(self.image, FrameworkContainer) and wait > 3600:
                yield SPT7.problem("spot", "max_wait_seconds", got=wait)
            elif runtime > 3600:
                yield SPT3.problem("max_runtime_seconds", got=runtime)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        yield from image_in_region(self.image, context)

    @property
    def variables(self) -> dict[str, str]:
        """`environment`, but what only a run knows."""
        return _known(self.environment)

    def serving_image(self) -> Image | str | None:
        """`image`, unless it is a container of AWS's."""
        return None if isinstance(self.image, FrameworkContainer) else self.image

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The image's URI."""
        return written(image=self.image)

    def image_uri(self, context: Context) -> str:
        """The image's URI."""
        return image_uri(self.image, context)


def _is_processing_folder(path: str) -> bool:
    return (
        bool(re.fullmatch(r"/opt/ml/processing(/[\w.-]+)+", path, re.ASCII))
        and ".." not in path.split("/")
        and len(path) <= 256
    )


LocalPath = Annotated[str, Check(PRC5, _is_processing_folder)]


class ProcessingInput(Spec):
    """Data that a processing job reads."""

    uri: Annotated[Location, Aws("sagemaker:ProcessingS3Input.S3Uri")]
    """Where it lies: an `s3://` URI, a key or prefix in the environment's artifact bucket, or a
    reference to what an earlier step wrote."""

    local_path: Annotated[LocalPath, Aws("sagemaker:ProcessingS3Input.LocalPath")] | None = None
    """The folder in the container. Default: `/opt/ml/processing/input/` and its name."""

    distribution: Annotated[
        Literal["FullyReplicated", "ShardedByS3Key"],
        Aws("sagemaker:ProcessingS3Input.S3DataDistributionType"),
    ] = "FullyReplicated"
    """Whether each instance has all of it or a share. Default: all."""


class ProcessingOutput(Spec):
    """What a processing job writes."""

    uri: Annotated[Location, Aws("sagemaker:ProcessingS3Output.S3Uri")] | None = None
    """Where it goes. Default: a prefix of each run in the environment's artifact bucket."""

    local_path: Annotated[LocalPath, Aws("sagemaker:ProcessingS3Output.LocalPath")] | None = None
    """The folder in the container. Default: `/opt/ml/processing/output/` and its name."""


DataName = Annotated[str, Matches(PRC2, r"[A-Za-z0-9_-]{1,64}")]
_ten = Check(PRC2, lambda named: len(named) <= 10)


class ProcessingJob(Job):
    """A processing job of SageMaker: what each run is told."""

    image: Annotated[JobImage, Aws("sagemaker:AppSpecification.ImageUri")]
    """The container: of the environment's registry, by URI, or AWS's XGBoost or scikit-learn."""

    instance_type: Annotated[
        str,
        Listed(PRC1, "an instance type of processing jobs", processing_instance_types, TYPE_FORM),
        Aws("sagemaker:ProcessingClusterConfig.InstanceType"),
    ]
    """The instance type, such as `ml.m5.xlarge`."""

    command: Command = ()
    """What is run instead of the image's own entrypoint. Default: that."""

    arguments: Annotated[
        Many[
            Annotated[
                Value,
                Check(TRJ12, lambda value: _text(value, 256), lambda _: {"wrong": _PARTS}),
                Aws("sagemaker:AppSpecification.ContainerArguments"),
            ]
        ],
        Check(TRJ12, lambda parts: len(parts) <= 100, lambda _: {"wrong": _PARTS}),
    ] = ()
    """What the command is given. Default: nothing."""

    inputs: Annotated[
        dict[Annotated[DataName, Aws("sagemaker:ProcessingInput.InputName")], ProcessingInput],
        _ten,
    ] = {}
    """Data by name: `{"data": ProcessingInput(uri="data/")}`. Default: none."""

    outputs: Annotated[
        dict[Annotated[DataName, Aws("sagemaker:ProcessingOutput.OutputName")], ProcessingOutput],
        _ten,
    ] = {}
    """What it writes, by name: `{"train": ProcessingOutput()}`. Default: nothing."""

    environment: Annotated[
        dict[
            Annotated[
                str,
                Matches(PRC4, r"[a-zA-Z_]\w{0,255}"),
            ],
            Annotated[
                Value,
                Check(PRC4, lambda value: not isinstance(value, str) or len(value) <= 256),
            ],
        ],
        Check(PRC4, lambda given: len(given) <= 100),
        Aws("sagemaker:CreateProcessingJobRequest.Environment"),
    ] = {}
    """Environment variables. Default: none."""

    instance_count: Annotated[
        int, Between(PRC3, 1, 100), Aws("sagemaker:ProcessingClusterConfig.InstanceCount")
    ] = 1
    """How many instances share the work. Default: 1."""

    volume_size_gb: Annotated[
        int, Between(PRC3, 1, 16384), Aws("sagemaker:ProcessingClusterConfig.VolumeSizeInGB")
    ] = 30
    """The volume of each instance in GB. Default: 30."""

    max_runtime_seconds: Annotated[
        int,
        Between(PRC3, 1, 777_600),
        Aws("sagemaker:ProcessingStoppingCondition.MaxRuntimeInSeconds"),
    ] = 3600
    """Seconds after which the job is stopped. Default: an hour."""

    network_isolation: bool = True
    """Whether the container has no network at all; SageMaker moves its data. Default: True."""

    vpc: bool = True
    """Whether its network interfaces are in the environment's private subnets. Default: True."""

    def check(self) -> Iterator[Problem]:
        """No secret is written down, the image is for the instance type, folders are its own."""
        yield from source_problems(self, self.instance_type)
        yield from _argument_problems("command", tuple(self.command))
        yield from _argument_problems("arguments", tuple(self.arguments))
        yield from _environment_problems(self.variables, self.network_isolation)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        yield from image_in_region(self.image, context)

    @property
    def variables(self) -> dict[str, str]:
        """`environment`, but what only a run knows."""
        return _known(self.environment)

    def serving_image(self) -> Image | str | None:
        """`image`, unless it is a container of AWS's."""
        return None if isinstance(self.image, FrameworkContainer) else self.image

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The image's URI."""
        return written(image=self.image)

    def image_uri(self, context: Context) -> str:
        """The image's URI."""
        return image_uri(self.image, context)


Scale = Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]


class Range(Spec):
    """The values of a hyperparameter that is tuned."""


class _NumberRange(Range):
    scale: Annotated[
        Scale,
        Aws(
            "sagemaker:IntegerParameterRange.ScalingType",
            "sagemaker:ContinuousParameterRange.ScalingType",
        ),
    ] = "Auto"
    """How the range is searched. Default: as SageMaker chooses."""

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        raise NotImplementedError

    def check(self) -> Iterator[Problem]:
        """The range is one, and its scale is defined on all of it."""
        low, high = self.ends
        if low >= high:
            yield TUN2.problem("minimum", got=low, wrong=f"is not below maximum ({high})")
        if self.scale == "Logarithmic" and low <= 0:
            wrong = "must be above 0 for a logarithmic scale"
            yield TUN7.problem("minimum", got=low, wrong=wrong)
        if self.scale == "ReverseLogarithmic" and not 0 <= low < high < 1:
            wrong = "must be a range of numbers within [0, 1) for ReverseLogarithmic"
            yield TUN7.problem("scale", got=self.scale, wrong=wrong)


class IntegerRange(_NumberRange):
    """Whole numbers of a hyperparameter that is tuned."""

    minimum: int
    """The smallest."""

    maximum: int
    """The largest."""

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self.minimum, self.maximum


class ContinuousRange(_NumberRange):
    """Numbers of a hyperparameter that is tuned."""

    minimum: float
    """The smallest."""

    maximum: float
    """The largest."""

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self.minimum, self.maximum


class CategoricalRange(Range):
    """Texts of a hyperparameter that is tuned."""

    values: Annotated[
        Many[
            Annotated[
                str,
                Matches(TRJ12, r".{1,256}", _ONE_LINE.format(1)),
                Aws("sagemaker:CategoricalParameterRange.Values"),
            ]
        ],
        Check(
            TUN2,
            lambda values: 1 <= len(values) <= 30 and len(set(values)) == len(values),
            lambda _: {"wrong": "must be 1 to 30 values, each once"},
        ),
    ]
    """The values."""


class Tuning(Spec):
    """A tuning job of SageMaker: training jobs that look for the best hyperparameters."""

    job: TrainingJob
    """What each training job is told, with the hyperparameters that stay as they are."""

    objective: Annotated[
        str,
        Matches(TRJ6, r".{1,255}", "must be a metric's name of 1 to 255 characters"),
        Aws("sagemaker:HyperParameterTuningJobObjective.MetricName"),
    ]
    """The metric that is made as large or small as possible."""

    ranges: dict[
        Annotated[
            str,
            Matches(TRJ3, r"(?!.*\.\$$).{1,256}"),
            Aws(
                "sagemaker:IntegerParameterRange.Name",
                "sagemaker:ContinuousParameterRange.Name",
                "sagemaker:CategoricalParameterRange.Name",
            ),
        ],
        Annotated[IntegerRange | ContinuousRange | CategoricalRange, OneOf()],
    ]
    """The hyperparameters that are tuned: `{"depth": IntegerRange(minimum=3, maximum=9)}`."""

    goal: Annotated[
        Literal["Maximize", "Minimize"], Aws("sagemaker:HyperParameterTuningJobObjective.Type")
    ] = "Maximize"
    """Whether more is better. Default: Maximize."""

    strategy: Annotated[
        Literal["Bayesian", "Random", "Hyperband", "Grid"],
        Aws("sagemaker:HyperParameterTuningJobConfig.Strategy"),
    ] = "Bayesian"
    """How the ranges are searched. Default: Bayesian."""

    max_jobs: (
        Annotated[
            int, Between(TUN9, 1, 5000), Aws("sagemaker:ResourceLimits.MaxNumberOfTrainingJobs")
        ]
        | None
    ) = None
    """How many training jobs there are. Default: 20; a grid has as many as it has places."""

    max_parallel_jobs: Annotated[
        int, Between(TUN9, 1, 100), Aws("sagemaker:ResourceLimits.MaxParallelTrainingJobs")
    ] = 2
    """How many of them at once. Default: 2."""

    early_stopping: bool = False
    """Whether SageMaker stops jobs that fall behind. Default: False."""

    max_runtime_seconds: (
        Annotated[
            int, Between(TUN9, 120, 15_768_000), Aws("sagemaker:ResourceLimits.MaxRuntimeInSeconds")
        ]
        | None
    ) = None
    """Seconds after which the whole tuning is stopped. Default: when all jobs have ended."""

    seed: (
        Annotated[
            int,
            Between(TUN9, 0, 2**31 - 1),
            Aws("sagemaker:HyperParameterTuningJobConfig.RandomSeed"),
        ]
        | None
    ) = None
    """Makes the search the same again. Default: another each time."""

    def check(self) -> Iterator[Problem]:
        """The rules between objective, ranges, strategy and the training job."""
        job = self.job
        if not isinstance(job.image, FrameworkContainer) and self.objective not in job.metrics:
            hint = did_you_mean(self.objective, job.metrics)
            yield TUN1.problem("objective", got=self.objective, hint=hint)
        yield from self._range_problems()
        if self.strategy == "Grid":
            numbers = [n for n, r in self.ranges.items() if not isinstance(r, CategoricalRange)]
            for name in numbers:
                wrong = "must be a CategoricalRange, as a grid has no numbers in between"
                yield TUN3.problem("ranges", name, wrong=wrong)
            if self.max_jobs is not None:
                wrong = "has no meaning for a grid, which tries each place; leave it out"
                yield TUN3.problem("max_jobs", got=self.max_jobs, wrong=wrong)
        elif self.max_parallel_jobs > self.jobs:
            yield TUN5.problem("max_parallel_jobs", got=self.max_parallel_jobs, jobs=self.jobs)
        if self.strategy == "Hyperband" and self.early_stopping:
            yield TUN4.problem("early_stopping", got=True)
        if job.command:
            wrong = "cannot be given to the jobs of a tuning; make it the entrypoint of the image"
            yield TUN8.problem("job", "command", wrong=wrong)
        if job.keep_alive_seconds is not None:
            wrong = "has no effect in a tuning; leave it out"
            yield TUN8.problem("job", "keep_alive_seconds", got=job.keep_alive_seconds, wrong=wrong)
        if len(job.environment) > 48:
            yield TUN8.problem(
                "job", "environment", wrong="must be at most 48 variables in a tuning"
            )

    def _range_problems(self) -> Iterator[Problem]:
        kinds: dict[type[Spec], int] = {}
        for name, each in self.ranges.items():
            kinds[type(each)] = kinds.get(type(each), 0) + 1
            if name in self.job.hyperparameters:
                yield TUN6.problem("ranges", name)
        if not self.ranges:
            yield TUN2.problem("ranges", wrong="must name what is tuned")
        for kind, count in kinds.items():
            if count > 30:
                wrong = f"has {count} of {kind.__name__}; AWS takes 30 of a kind"
                yield TUN2.problem("ranges", wrong=wrong)

    @property
    def jobs(self) -> int:
        """How many training jobs there are at most."""
        if self.strategy == "Grid":
            sizes = [len(r.values) for r in self.ranges.values() if isinstance(r, CategoricalRange)]
            return math.prod(sizes)
        return 20 if self.max_jobs is None else self.max_jobs


def part_of(step: str, job: Job, tuning: Tuning | None = None) -> RunPart:
    """What the job of a step asks for until it is stopped; of a tuning all that it starts."""
    assert isinstance(job, TrainingJob | ProcessingJob)
    return run_part(
        step,
        "training" if isinstance(job, TrainingJob) else "processing",
        job.instance_type,
        count=job.instance_count,
        jobs=tuning.jobs if tuning else 1,
        at_once=min(tuning.max_parallel_jobs, tuning.jobs) if tuning else 1,
        seconds=job.max_runtime_seconds,
        spot=isinstance(job, TrainingJob) and job.spot is not None,
    )
