"""What is asked of pipelines of SageMaker: steps, what they tell each other, and when which runs.

A definition is written by Inferform and checked when it is written: Terraform sees one text, and AWS tells
of a wrong reference when a run fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from ..instances import TYPE_FORM
from ..model.image import ContainerImage
from ..rules import PathPart, Problem, did_you_mean, rule
from ..sagemaker.batch import JOB5, JOB12, transform_instance_types
from ..spec import Between, Check, Listed, Many, OneOf, Spec, walk
from .jobs import Job, Location, ProcessingJob, Reference, TrainingJob, Tuning, Value
from .workflow import Register

SMP1 = rule(
    "SMP1",
    refuses="a pipeline without steps, or with more than 50, those of branches counted",
    message="has {count} steps, those of branches counted; a pipeline has 1 to 50",
    source="Amazon SageMaker AI endpoints and quotas, SageMaker Pipelines (steps of a pipeline)",
)
SMP2 = rule(
    "SMP2",
    refuses="a name of a step, parameter or property file that SageMaker does not take, or a step's name twice",
    message="{wrong}",
    source="botocore sagemaker StepName, PipelineParameterName; Amazon SageMaker AI developer guide, pipeline "
    "structure (a step's name is unique in the pipeline)",
)
SMP3 = rule(
    "SMP3",
    refuses="a reference to what the pipeline does not have or does not make before, and steps that wait for "
    "each other",
    message="{wrong}",
    source="Amazon SageMaker AI developer guide, pipelines: properties, data dependency, condition step",
)
SMP4 = rule(
    "SMP4",
    refuses="more than 200 parameters, a default of another type, or one that is too long or not among the "
    "choices",
    message="{wrong}",
    source="Amazon SageMaker AI endpoints and quotas, SageMaker Pipelines (parameters); botocore sagemaker "
    "Parameter Value (1,024 characters)",
)
SMP5 = rule(
    "SMP5",
    refuses="a condition step with more than 200 conditions, or more than 20 steps in a branch",
    message="{wrong}",
    source="Amazon SageMaker AI endpoints and quotas, SageMaker Pipelines (condition step)",
)
SMP6 = rule(
    "SMP6",
    refuses="more than 10 property files or 200 reads of them in a pipeline, or one that is no file of an "
    "output",
    message="{wrong}",
    source="Amazon SageMaker AI endpoints and quotas, SageMaker Pipelines (property files, JsonGet)",
)
SMP7 = rule(
    "SMP7",
    refuses="a cache that expires after what is no duration",
    message="must be a duration in ISO 8601 of at least a minute, such as PT12H or P30D",
    source="Amazon SageMaker AI developer guide, caching pipeline steps",
)
SMP8 = rule(
    "SMP8",
    refuses="a retry that ends neither after attempts nor after minutes, or after both, or outside the limits",
    message="{wrong}",
    source="Amazon SageMaker AI developer guide, retry policy for pipeline steps; SageMaker Python SDK, "
    "workflow.retry",
)
SMP9 = rule(
    "SMP9",
    refuses="values for a start that the pipeline has no parameter for, or a parameter without any value",
    message="{wrong}",
    source="SageMaker API reference, StartPipelineExecution PipelineParameters",
)
SMP13 = rule(
    "SMP13",
    refuses="a cached step that reads a prefix of its own: new data below it is not seen",
    message="is the same text in each run, so that a cached step does not see new data below it; give it by a "
    "parameter, or leave out cache",
    source="Amazon SageMaker AI developer guide, caching pipeline steps (the key is the arguments)",
    severity="warning",
)
SMP14 = rule(
    "SMP14",
    refuses="a display name or description that SageMaker does not take, or an outcome of no steps",
    message="must be {expected}",
    source="botocore sagemaker PipelineName, PipelineDescription, ParallelismConfiguration",
)

Scalar = str | int | float | bool

_STEP = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9_])*", re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9_])*", re.ASCII)
_OUTPUT = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?)?", re.ASCII)
_PATH = re.compile(
    r"[A-Za-z]\w*(\[('[^'\[\]]{1,256}'|\d{1,4})\])*(\.[A-Za-z]\w*(\[('[^'\[\]]{1,256}'|\d{1,4})\])*)*"
)
_JSON_PATH = re.compile(r"[A-Za-z_][\w-]*(\[\d+\])*(\.[A-Za-z_][\w-]*(\[\d+\])*)*", re.ASCII)


def _is_name(text: str) -> bool:
    return bool(_STEP.fullmatch(text)) and len(text) <= 64


def _named(what: str) -> Check:
    wrong = f"must be the name of a {what}: at most 64 letters, digits, - and _"
    return Check(SMP2, _is_name, lambda _: {"wrong": wrong})


StepName = Annotated[str, _named("step")]
"""The name of a step: `Train`."""

ParameterName = Annotated[str, _named("parameter")]
"""The name of a parameter: `InputData`."""

FileName = Annotated[str, _named("property file")]
"""The name of a property file: `Evaluation`."""


# References


class PipelineValue(Reference):
    """What only a run of a pipeline knows."""

    def written(self) -> dict[str, Any]:
        """As a definition says it."""
        raise NotImplementedError

    def inner(self) -> Iterator[PipelineValue]:
        """The references within it, itself among them."""
        yield self


class Param(PipelineValue):
    """A parameter of the pipeline."""

    name: ParameterName
    """Its name in `parameters`."""

    def written(self) -> dict[str, Any]:
        """`{"Get": "Parameters.InputData"}`."""
        return {"Get": f"Parameters.{self.name}"}


class Execution(PipelineValue):
    """What a run knows of itself."""

    property: Literal[
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "PipelineName",
        "PipelineArn",
        "StartDateTime",
        "CurrentDateTime",
    ] = "PipelineExecutionId"
    """What of it. Default: its id."""

    def written(self) -> dict[str, Any]:
        """`{"Get": "Execution.PipelineExecutionId"}`."""
        return {"Get": f"Execution.{self.property}"}


class Of(PipelineValue):
    """What AWS says of the job of a step, which thereby runs before."""

    step: StepName
    """The step."""

    path: Annotated[
        str,
        Check(
            SMP3,
            lambda path: bool(_PATH.fullmatch(path)) and len(path) <= 1024,
            lambda _: {"wrong": "must be a path such as ModelArtifacts.S3ModelArtifacts"},
        ),
    ]
    """The path in what the step's Describe operation answers: `ModelArtifacts.S3ModelArtifacts`."""

    def written(self) -> dict[str, Any]:
        """`{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}`."""
        return {"Get": f"Steps.{self.step}.{self.path}"}


class ModelOf(PipelineValue):
    """The artifact that a training step made, or the best one of a tuning step."""

    step: StepName
    """The step."""

    def written(self) -> dict[str, Any]:
        """The artifact of a training job."""
        return {"Get": f"Steps.{self.step}.ModelArtifacts.S3ModelArtifacts"}


class OutputOf(PipelineValue):
    """Where a processing step wrote an output."""

    step: StepName
    """The step."""

    output: Annotated[
        str,
        Check(
            SMP2,
            lambda text: bool(_OUTPUT.fullmatch(text)),
            lambda _: {"wrong": "must have 1 to 64 letters, digits, _ and -"},
        ),
    ]
    """The name of the output."""

    def written(self) -> dict[str, Any]:
        """The output's S3 URI."""
        path = f"ProcessingOutputConfig.Outputs['{self.output}'].S3Output.S3Uri"
        return {"Get": f"Steps.{self.step}.{path}"}


class JsonGet(PipelineValue):
    """A value in a property file of a processing step."""

    step: StepName
    """The step."""

    file: FileName
    """The name of the property file."""

    path: Annotated[
        str,
        Check(
            SMP6,
            lambda path: bool(_JSON_PATH.fullmatch(path)) and len(path) <= 256,
            lambda _: {"wrong": "must be a path such as metrics.auc.value"},
        ),
    ]
    """The path in the JSON: `metrics.auc.value`. A text: AWS takes no reference there."""

    def written(self) -> dict[str, Any]:
        """`{"Std:JsonGet": …}`."""
        file = {"Get": f"Steps.{self.step}.PropertyFiles.{self.file}"}
        return {"Std:JsonGet": {"PropertyFile": file, "Path": self.path}}


class Join(PipelineValue):
    """Texts and references, one behind the other."""

    values: Many[Value]
    """The parts."""

    on: str = ""
    """What stands between them. Default: nothing."""

    def written(self) -> dict[str, Any]:
        """`{"Std:Join": …}`."""
        return {"Std:Join": {"On": self.on, "Values": [as_written(each) for each in self.values]}}

    def inner(self) -> Iterator[PipelineValue]:
        """The references within it."""
        yield self
        for each in self.values:
            if isinstance(each, PipelineValue):
                yield from each.inner()


def as_written(value: Any) -> Any:
    """A value as a definition says it."""
    return value.written() if isinstance(value, PipelineValue) else value


# Parameters


class Parameter(Spec):
    """What a run may be given."""

    type: Literal["String", "Integer", "Float", "Boolean"] = "String"
    """Its type. Default: String."""

    default: Scalar | None = None
    """Its value where a run gives none. Default: None, each run has to give one."""

    choices: Many[str] = ()
    """The texts that it may be; at most 16. Default: any."""

    def check(self) -> Iterator[Problem]:
        """The default is one of its type, and of its choices."""
        types: dict[str, tuple[type, ...]] = {
            "String": (str,),
            "Integer": (int,),
            "Float": (int, float),
            "Boolean": (bool,),
        }
        given = self.default
        is_bool = isinstance(given, bool) and self.type != "Boolean"
        if given is not None and (not isinstance(given, types[self.type]) or is_bool):
            yield SMP4.problem("default", got=given, wrong=f"must be a value of type {self.type}")
        elif isinstance(given, str) and len(given) > 1024:
            yield SMP4.problem("default", wrong="must have at most 1,024 characters")
        elif self.choices and given is not None and given not in self.choices:
            yield SMP4.problem("default", got=given, wrong="must be one of choices")
        if self.choices and (
            self.type != "String" or len(self.choices) > 16 or max(map(len, self.choices)) > 1024
        ):
            wrong = "must be at most 16 texts of at most 1,024 characters, of a String"
            yield SMP4.problem("choices", wrong=wrong)


# What steps have


class Cache(Spec):
    """Takes the result of an earlier run of the same pipeline with the same arguments."""

    expire_after: Annotated[
        str,
        Check(
            SMP7,
            lambda text: bool(_DURATION.fullmatch(text)) and bool(re.search(r"[1-9]", text)),
        ),
    ] = "P30D"
    """How old it may be, a duration in ISO 8601. Default: P30D, 30 days."""


class Retry(Spec):
    """When a step is tried again."""

    on: Many[
        Literal[
            "Step.SERVICE_FAULT",
            "Step.THROTTLING",
            "SageMaker.JOB_INTERNAL_ERROR",
            "SageMaker.CAPACITY_ERROR",
            "SageMaker.RESOURCE_LIMIT",
        ]
    ]
    """What failed."""

    max_attempts: int | None = None
    """How often, 1 to 20. Default: None, until `expire_after_minutes`."""

    expire_after_minutes: int | None = None
    """For how long, 1 to 14,400 minutes. Default: None, for `max_attempts`."""

    interval_seconds: int = 1
    """Seconds before the first attempt. Default: 1."""

    backoff_rate: float = 2.0
    """How much longer each wait is than the one before. Default: 2."""

    def check(self) -> Iterator[Problem]:
        """It ends in one way."""
        if (self.max_attempts is None) is (self.expire_after_minutes is None):
            yield SMP8.problem(
                "max_attempts", wrong="needs either max_attempts or expire_after_minutes"
            )
        for name, value, low, high in (
            ("max_attempts", self.max_attempts, 1, 20),
            ("expire_after_minutes", self.expire_after_minutes, 1, 14_400),
            ("interval_seconds", self.interval_seconds, 1, 86_400),
            ("backoff_rate", self.backoff_rate, 0, 100),
        ):
            if value is not None and not low <= value <= high:
                yield SMP8.problem(name, got=value, wrong=f"must be from {low} to {high:,}")
        if not self.on or len(set(self.on)) < len(self.on):
            yield SMP8.problem("on", wrong="must name what failed, each once")


class PropertyFile(Spec):
    """A JSON file that a processing step writes, whose values conditions read."""

    output: str
    """The output in whose folder it lies."""

    path: Annotated[
        str,
        Check(
            SMP6,
            lambda path: (
                bool(re.fullmatch(r"[\w.-]+(/[\w.-]+)*", path, re.ASCII)) and len(path) <= 1024
            ),
            lambda _: {"wrong": "must be a path such as evaluation.json"},
        ),
    ] = "evaluation.json"
    """Its path in that folder. Default: evaluation.json."""


class PipelineStep(Spec):
    """A step of a pipeline."""

    type: ClassVar[str]
    """AWS's word for it."""

    depends_on: Many[StepName] = ()
    """Steps that run before, beside those that it refers to. Default: none."""

    display_name: Annotated[
        str,
        Check(
            SMP14, lambda text: len(text) <= 256, lambda _: {"expected": "at most 256 characters"}
        ),
    ] = ""
    """What people see in Studio. Default: its name."""

    description: Annotated[
        str,
        Check(
            SMP14,
            lambda text: len(text) <= 3072,
            lambda _: {"expected": "at most 3,072 characters"},
        ),
    ] = ""
    """What it is for. Default: nothing is said."""

    def values(self) -> Iterator[tuple[tuple[PathPart, ...], PipelineValue]]:
        """The references of the step itself, by their path in it, those of branches left out."""
        for path, each in walk(self):
            if isinstance(each, PipelineValue) and not isinstance(
                self.branch_at(path), PipelineStep
            ):
                yield path, each

    def branch_at(self, path: tuple[PathPart, ...]) -> PipelineStep | None:
        """The step of a branch that a path leads into; None for one of its own."""
        return None

    @property
    def job(self) -> Job | None:
        """The job that it runs, where it has a role and an image of its own."""
        return None


class _Retried(PipelineStep):
    retry: Many[Retry] = ()
    """When it is tried again, beside AWS's own retries of faults and throttling. Default: never."""


class _Cached(_Retried):
    cache: Cache | None = None
    """Takes the result of an earlier run with the same arguments. Default: it always runs."""


class ProcessingStep(_Cached):
    """Runs a processing job."""

    type = "Processing"

    processing: ProcessingJob
    """The job."""

    property_files: dict[FileName, PropertyFile] = {}
    """JSON files that it writes, whose values later steps read by `JsonGet`. Default: none."""

    def check(self) -> Iterator[Problem]:
        """A property file lies in an output of the job."""
        for name, file in self.property_files.items():
            if file.output not in self.processing.outputs:
                hint = did_you_mean(file.output, self.processing.outputs)
                wrong = f"is no output of the job{hint}"
                yield SMP6.problem("property_files", name, "output", got=file.output, wrong=wrong)

    @property
    def job(self) -> Job:
        """The job."""
        return self.processing


class TrainingStep(_Cached):
    """Runs a training job."""

    type = "Training"

    training: TrainingJob
    """The job."""

    @property
    def job(self) -> Job:
        """The job."""
        return self.training


class TuningStep(_Cached):
    """Runs a tuning job."""

    type = "Tuning"

    tuning: Tuning
    """The tuning."""

    @property
    def job(self) -> Job:
        """What each training job is told."""
        return self.tuning.job


class ModelStep(_Retried):
    """Makes a model of SageMaker, such as a transform step needs."""

    type = "Model"

    image: ContainerImage
    """The container that serves it."""

    artifact: Location
    """The artifact: `ModelOf(step="Train")`."""

    environment: dict[str, Value] = {}
    """Environment variables of the container. Default: none."""

    network_isolation: bool = True
    """Whether the container has no network at all. Default: True."""


class TransformStep(_Cached):
    """Runs a batch transform."""

    type = "Transform"

    model: Value
    """The name of the model: `Of(step="Model", path="ModelName")`."""

    input: Location
    """What is read."""

    instance_type: Annotated[
        str,
        Listed(JOB5, "an instance type of batch transform", transform_instance_types, TYPE_FORM),
    ]
    """The instance type, such as `ml.m5.xlarge`."""

    output: Location | None = None
    """Where predictions go. Default: a prefix of each run in the environment's artifact bucket."""

    instance_count: Annotated[int, Between(JOB12, 1, 100)] = 1
    """How many instances share the work. Default: 1."""

    content_type: str = "text/csv"
    """The MIME type of the input. Default: CSV."""

    split_type: Literal["None", "Line", "RecordIO", "TFRecord"] = "Line"
    """How objects are split into records. Default: by lines."""


class RegisterStep(_Retried):
    """Registers a version in the Model Registry."""

    type = "RegisterModel"

    register_as: Register
    """The group, and what is said of the version."""

    artifact: Location
    """The artifact: `ModelOf(step="Train")`."""

    metrics: Location | None = None
    """The JSON with the metrics of its quality. Default: none are noted."""

    image: ContainerImage | None = None
    """The container that serves it. Default: that of `register_as`, or of the step that made the
    artifact."""


Comparison = Literal[
    "Equals",
    "NotEquals",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "LessThan",
    "LessThanOrEqualTo",
]


class AnyCondition(Spec):
    """A condition of a condition step."""

    def written(self) -> dict[str, Any]:
        """As a definition says it."""
        raise NotImplementedError

    def count(self) -> int:
        """How many conditions it is."""
        return 1


class Condition(AnyCondition):
    """Compares two values."""

    left: Annotated[str | int | float | bool | PipelineValue, OneOf()]
    """What is compared: `JsonGet(...)`."""

    comparison: Comparison
    """How."""

    right: Annotated[str | int | float | bool | PipelineValue, OneOf()]
    """With what."""

    def written(self) -> dict[str, Any]:
        """`{"Type": "GreaterThan", "LeftValue": …, "RightValue": …}`."""
        return {
            "Type": self.comparison,
            "LeftValue": as_written(self.left),
            "RightValue": as_written(self.right),
        }


class OneOfValues(AnyCondition):
    """Whether a value is one of several."""

    value: Annotated[str | int | float | bool | PipelineValue, OneOf()]
    """The value."""

    among: Many[Annotated[str | int | float | bool | PipelineValue, OneOf()]]
    """Those that it may be."""

    def written(self) -> dict[str, Any]:
        """`{"Type": "In", …}`."""
        return {
            "Type": "In",
            "QueryValue": as_written(self.value),
            "Values": [as_written(each) for each in self.among],
        }


class Negation(AnyCondition):
    """Whether a condition does not hold."""

    condition: Annotated[Condition | OneOfValues, OneOf()]
    """The condition."""

    def written(self) -> dict[str, Any]:
        """`{"Type": "Not", …}`."""
        return {"Type": "Not", "Expression": self.condition.written()}


class AnyOf(AnyCondition):
    """Whether one of several conditions holds."""

    conditions: Many[Annotated[Condition | OneOfValues | Negation, OneOf()]]
    """The conditions."""

    def written(self) -> dict[str, Any]:
        """`{"Type": "Or", …}`."""
        return {"Type": "Or", "Conditions": [each.written() for each in self.conditions]}

    def count(self) -> int:
        """How many conditions it is."""
        return len(self.conditions)


class FailStep(PipelineStep):
    """Ends the run as failed."""

    type = "Fail"

    message: Annotated[
        Value,
        Check(
            SMP14,
            lambda v: not isinstance(v, str) or 1 <= len(v) <= 3072,
            lambda _: {"expected": "1 to 3,072 characters"},
        ),
    ]
    """Why."""


class ConditionStep(PipelineStep):
    """Runs some steps where all conditions hold, and others where one does not."""

    type = "Condition"

    conditions: Many[Annotated[Condition | OneOfValues | Negation | AnyOf, OneOf()]]
    """The conditions, all of which have to hold."""

    then: dict[StepName, AnyStep] = {}
    """What runs then, by name. Default: nothing."""

    otherwise: dict[StepName, AnyStep] = {}
    """What runs otherwise. Default: nothing."""

    def check(self) -> Iterator[Problem]:
        """AWS's limits."""
        count = sum(each.count() for each in self.conditions)
        if not 1 <= count <= 200:
            yield SMP5.problem("conditions", wrong=f"has {count} conditions; AWS takes 1 to 200")
        for branch in ("then", "otherwise"):
            steps = getattr(self, branch)
            if len(steps) > 20:
                yield SMP5.problem(branch, wrong=f"has {len(steps)} steps; AWS takes 20")
        if not self.then and not self.otherwise:
            yield SMP5.problem("then", wrong="needs a step in one branch at least")

    def branch_at(self, path: tuple[PathPart, ...]) -> PipelineStep | None:
        """The step of a branch that a path leads into."""
        if len(path) < 2 or path[0] not in ("then", "otherwise"):
            return None
        found: PipelineStep = getattr(self, str(path[0]))[path[1]]
        return found


AnyStep = Annotated[
    ProcessingStep
    | TrainingStep
    | TuningStep
    | TransformStep
    | ModelStep
    | RegisterStep
    | ConditionStep
    | FailStep,
    OneOf(),
]
"""A step of any type."""

ConditionStep.model_rebuild()
