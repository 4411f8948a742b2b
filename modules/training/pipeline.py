"""A pipeline of SageMaker: its steps and parameters, or the definition that somebody else wrote."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from ..alarms.published import PIPELINE
from ..alarms.watched import Watched
from ..context import Context
from ..ecr.spec import Image
from ..model.artifact import located
from ..model.hub import is_led_out, unreached_problems
from ..model.image import FrameworkContainer, image_in_region
from ..names import Name, alarm, role
from ..rules import PathPart, Problem, did_you_mean, rule
from ..sagemaker.sources import architecture_of
from ..sagemaker.triggers import Automation, OnSchedule, keyed, notify_problems
from ..service import Needs, Place, Platform, Service, secret_endpoints
from ..spec import Aws, Check, read_json
from ..usage import RunPart, Start, Usage, by_use, run_part
from . import graph
from .asked import part_of_step, steps_of
from .begun import registered_problems, start_problems
from .jobs import Job, Reference, TrainingJob, part_of
from .steps import (
    SMP4,
    SMP9,
    SMP13,
    SMP14,
    AnyStep,
    ConditionStep,
    JsonGet,
    ModelOf,
    ModelStep,
    Of,
    OutputOf,
    Param,
    Parameter,
    ParameterName,
    PipelineStep,
    PipelineValue,
    ProcessingStep,
    RegisterStep,
    Scalar,
    StepName,
    TransformStep,
)

SMP10 = rule(
    "SMP10",
    refuses="a step of Model Monitor or Clarify, which new customers of AWS cannot run",
    message="is closed to new customers since July 2026; compare in a processing step, as DriftMonitor does",
    source="Amazon SageMaker AI developer guide, Model Monitor availability change, Clarify availability change",
    severity="warning",
)
SMP11 = rule(
    "SMP11",
    refuses="a definition that is no JSON of version 2020-12-01, is over 1 MiB, or names what is in another "
    "account or Region",
    message="{wrong}",
    source="botocore sagemaker PipelineDefinition; Amazon SageMaker AI developer guide, pipeline structure; "
    "Inferform: what a role of this account cannot use is a slip",
)

SMP16 = rule(
    "SMP16",
    refuses="a step of a type that AWS's models do not name",
    message="is no type of a step that is known here{hint}; SageMaker may refuse it",
    source="botocore sagemaker PipelineExecutionStepMetadata; sagemaker Python SDK, StepTypeEnum",
    severity="warning",
)
SMP15 = rule(
    "SMP15",
    refuses="a pipeline that is started by itself without a value that it needs",
    message="start the pipeline without {names}, which no default has; write it in start_with",
    source="SageMaker API reference, StartPipelineExecution PipelineParameters",
)
STEP_TYPES = frozenset(
    {
        *("Athena", "AutoML", "BedrockCustomModel", "BedrockCustomModelDeployment"),
        *("BedrockModelImport", "BedrockProvisionedModelThroughput", "Callback", "ClarifyCheck"),
        *("Cleanup", "Condition", "EMR", "EMRServerless", "Endpoint", "EndpointConfig", "Fail"),
        *("ForEach", "HubContent", "InferenceComponent", "Job", "Lambda", "Lineage", "Model"),
        *("Processing", "QualityCheck", "RegisterModel", "Training", "Transform", "Tuning"),
    }
)
"""The types of steps: those of jobs without the word, as definitions have them."""

LARGEST = 1_048_576
VERSION = "2020-12-01"

CACHED = frozenset(
    {
        *("Training", "Processing", "Tuning", "Transform", "AutoML"),
        *("ClarifyCheck", "QualityCheck", "EMR"),
    }
)
"""The types of steps that AWS caches: developer guide, caching pipeline steps."""

UNBILLED = frozenset({"Callback", "Condition", "Fail", "Model", "RegisterModel"})
"""The types of steps that start nothing which is billed."""


def pipeline_name(context: Context, name: str) -> str:
    """The name of a pipeline."""
    return context.name(name, limit=256)


def pipeline_role(name: str) -> str:
    """The short name of the role of a pipeline, which runs its steps."""
    return f"{name}-pipeline"


def step_role(name: str, step: str) -> str:
    """The short name of the role of the containers of a step."""
    return f"{name}-pipeline-{step.lower().replace('_', '-')}"


def start_role(name: str, does: str) -> str:
    """The short name of a role that starts a pipeline: of schedules, or of rules."""
    return f"{name}-pipeline-by-{does}"


def trigger_name(context: Context, name: str, key: str) -> str:
    """The rule or schedule of a trigger of a pipeline."""
    return context.name(name, "pipeline", key, limit=64)


def undelivered(context: Context, name: str, key: str) -> str:
    """The queue of what could not start a pipeline."""
    return context.name(name, "pipeline", key, "undelivered", limit=80)


def failed_rule(context: Context, name: str) -> str:
    """The rule that tells of runs of a pipeline that fail."""
    return context.name(name, "pipeline", "failed", limit=64)


def failed_alarm(context: Context, name: str) -> str:
    """The alarm on runs of a pipeline that fail or are stopped."""
    return alarm(context, name, "pipeline", "failed")


def pipeline_folder(name: str) -> str:
    """Where runs of a pipeline keep what they write, in the artifact bucket."""
    return f"pipelines/{name}/"


class AnyPipeline(Service):
    """A pipeline of SageMaker, whoever wrote its definition."""

    display_name: (
        Annotated[
            str,
            Check(
                SMP14,
                lambda text: bool(re.fullmatch(r"(?=.{1,256}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*", text)),
                lambda _: {"expected": "letters and digits with hyphens between them, at most 256"},
            ),
            Aws("sagemaker:CreatePipelineRequest.PipelineDisplayName"),
        ]
        | None
    ) = None
    """What people see in Studio. Default: its name."""

    description: Annotated[
        str,
        Check(
            SMP14,
            lambda text: len(text) <= 3072 and text.isprintable(),
            lambda _: {"expected": "at most 3,072 characters, without line breaks"},
        ),
        Aws("sagemaker:CreatePipelineRequest.PipelineDescription"),
    ] = ""
    """What it is for. Default: nothing is said."""

    max_parallel_steps: (
        Annotated[
            int,
            Check(SMP14, lambda steps: steps >= 1, lambda _: {"expected": "1 or more"}),
            Aws("sagemaker:ParallelismConfiguration.MaxParallelExecutionSteps"),
        ]
        | None
    ) = None
    """How many steps of a run work at once. Default: as many as can."""

    automation: Automation = Automation()
    """What starts it by itself, with the values of `start_with`, what becomes of what cannot, and who is
    notified of failures. Default: nothing, and nobody: you start it, by `inferform pipelines start`."""

    sort = "pipeline"
    words = "SageMaker pipeline"
    not_simulated = "a pipeline does not scale: each run starts the instances that are written"
    loads_in_region = True

    def resource(self, place: Place) -> tuple[str, str]:
        """The pipeline."""
        return "aws_sagemaker_pipeline", pipeline_name(place.environment.context, place.name)

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its executions."""
        name = pipeline_name(place.environment.context, place.name)
        yield Watched(
            kind="a SageMaker pipeline", publishes=PIPELINE, dimensions={"PipelineName": name}
        )

    def loads(self) -> Iterator[str]:
        """No artifact: it makes them."""
        yield from ()

    @abstractmethod
    def starts_with(self) -> dict[str, str]:
        """What a start without more gives."""

    @abstractmethod
    def missing(self, given: Mapping[str, str]) -> list[str]:
        """The parameters for which a start has no value."""

    @abstractmethod
    def writes(self, place: Place) -> dict[str, tuple[PathPart, ...]]:
        """Where in S3 it writes, with the path of the field that says so; an empty one where none does."""

    def unstartable(self) -> Iterator[Problem]:
        """Triggers that start it without a value that it needs."""
        missing = self.missing(self.starts_with())
        if missing and self.automation.triggers:
            yield SMP15.problem("automation", "triggers", names=", ".join(missing))

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is in the Region."""
        yield from super().check_in(context)
        for problem in notify_problems(context, self.automation.notify):
            yield problem.under("automation")

    def trigger_problems(self, place: Place) -> Iterator[Problem]:
        """What triggers refer to in the environment."""
        own = failed_alarm(place.environment.context, place.name)
        yield from start_problems(
            place,
            self.automation.triggers,
            ("automation", "triggers"),
            failed=own if self.automation.alarm_on_failure else None,
            written=self.writes(place),
        )

    def start_names(self, place: Place) -> Iterator[Name]:
        """Of what starts it, with its roles and queues, and of what tells of failures."""
        context, short, automation = place.environment.context, place.name, self.automation
        for does in self.starts:
            yield Name("aws_iam_role", role(context, start_role(short, does)))
        delivery = automation.delivery
        for key, trigger in keyed(automation.triggers).items():
            scheduled = isinstance(trigger, OnSchedule)
            kind = "aws_scheduler_schedule" if scheduled else "aws_cloudwatch_event_rule"
            yield Name(kind, trigger_name(context, short, key))
            if delivery is not None and delivery.dead_letter:
                yield Name("aws_sqs_queue", undelivered(context, short, key))
        if automation.notify is not None:
            yield Name("aws_cloudwatch_event_rule", failed_rule(context, short))
        if automation.alarm_on_failure:
            yield Name("aws_cloudwatch_metric_alarm", failed_alarm(context, short))

    @property
    def starts(self) -> tuple[str, ...]:
        """The roles that start it: of EventBridge's Scheduler, and of its rules."""
        scheduled = [isinstance(each, OnSchedule) for each in self.automation.triggers]
        return (*(("schedule",) if any(scheduled) else ()), *(() if all(scheduled) else ("event",)))

    def starts_at(self, place: Place) -> Iterator[Start]:
        """Its schedules, at the minutes of its name."""
        for key, trigger in keyed(self.automation.triggers).items():
            if isinstance(trigger, OnSchedule):
                name = trigger_name(place.environment.context, place.name, key)
                yield Start(trigger.spread(name), trigger.timezone)


class Pipeline(AnyPipeline):
    """A pipeline of SageMaker, of typed steps.

    What a run writes lies below `pipelines/{name}/{execution}/` in the artifact bucket, unless a step
    says where.
    """

    steps: dict[StepName, AnyStep]
    """The steps by name: `{"Train": TrainingStep(training=TrainingJob(...))}`. Each runs once what it
    refers to has ended."""

    parameters: dict[ParameterName, Parameter] = {}
    """What a run may be given, by name. Default: nothing."""

    start_with: dict[ParameterName, Scalar] = {}
    """Values that `inferform pipelines start` gives, beside the defaults of parameters. Default: none."""

    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "each of its steps has a role of its own",
        "execution_role": "each of its steps has a role of its own",
        "log_group": "its jobs have SageMaker's log groups",
    }

    def every(
        self,
    ) -> Iterator[tuple[tuple[PathPart, ...], str, PipelineStep, tuple[tuple[str, str], ...]]]:
        """Each step, those of branches too: its path, name, and the branches that it is in."""

        def within(
            steps: Mapping[str, PipelineStep],
            at: tuple[PathPart, ...],
            branches: tuple[tuple[str, str], ...],
        ) -> Iterator[Any]:
            for name, step in steps.items():
                yield (*at, name), name, step, branches
                if isinstance(step, ConditionStep):
                    for branch in ("then", "otherwise"):
                        inner = getattr(step, branch)
                        yield from within(inner, (*at, name, branch), (*branches, (name, branch)))

        yield from within(self.steps, ("steps",), ())

    def nodes(self) -> Iterator[graph.Node]:
        """The graph of its steps."""
        for path, name, step, branches in self.every():
            found = [(at, each) for at, each in step.values()]
            wants = [
                *(_wanted((*path, *at), each) for at, each in found),
                *(
                    graph.Wanted((*path, "depends_on", index), other)
                    for index, other in enumerate(step.depends_on)
                ),
            ]
            processing = step if isinstance(step, ProcessingStep) else None
            yield graph.Node(
                where=path,
                name=name,
                type=step.type,
                branches=branches,
                wants=tuple(each for each in wants if each is not None),
                outputs=frozenset(processing.processing.outputs) if processing else None,
                files=frozenset(processing.property_files) if processing else None,
                parameters=tuple(
                    ((*path, *at), each.name) for at, each in found if isinstance(each, Param)
                ),
            )

    def check(self) -> Iterator[Problem]:
        """The graph, the parameters, and what a start gives."""
        if len(self.parameters) > 200:
            wrong = f"has {len(self.parameters)} parameters; AWS takes 200"
            yield SMP4.problem("parameters", wrong=wrong)
        yield from graph.problems(self.nodes(), self.parameters)
        for name, value in self.start_with.items():
            declared = self.parameters.get(name)
            if declared is None:
                hint = did_you_mean(name, self.parameters)
                wrong = f"is no parameter of the pipeline{hint}"
                yield SMP9.problem("start_with", name, wrong=wrong)
            else:
                tried = Parameter.model_construct(type=declared.type, default=value)
                object.__setattr__(tried, "choices", declared.choices)
                for problem in Parameter.check(tried):
                    yield SMP9.problem("start_with", name, got=value, wrong=problem.text)
        yield from self.unstartable()
        for path, _, step, _ in self.every():
            yield from _cache_problems(path, step)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Images are in the environment's Region."""
        yield from super().check_in(context)
        for path, _, step, _ in self.every():
            image = getattr(step, "image", None)
            if image is not None:
                for problem in image_in_region(image, context):
                    yield problem.under(*path)

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs of its steps, by the step's name."""
        return {name: step.job for _, name, step, _ in self.every() if step.job is not None}

    def starts_with(self) -> dict[str, str]:
        """What a start without more gives."""
        return {name: _text(value) for name, value in self.start_with.items()}

    def missing(self, given: Mapping[str, str]) -> list[str]:
        """The parameters for which a start has no value."""
        return [
            name
            for name, each in self.parameters.items()
            if each.default is None and name not in given
        ]

    def trigger_problems(self, place: Place) -> Iterator[Problem]:
        """What triggers refer to in the environment, and the groups of versions."""
        yield from super().trigger_problems(place)
        for path, _, step, _ in self.every():
            if isinstance(step, RegisterStep):
                at = (*path, "register_as", "group")
                artifact = self._lies(place, step.artifact)
                yield from registered_problems(place, step.register_as.group, at, artifact)

    def _lies(self, place: Place, artifact: str | Reference) -> str | None:
        """Where an artifact lies, as an S3 URI; None where only a run knows."""
        bucket = place.environment.artifact_bucket
        written: str | Reference | None = artifact
        steps = {name: step for _, name, step, _ in self.every()}
        match artifact:
            case ModelOf():
                written = None
            case OutputOf(step=step, output=output):
                maker = steps.get(step)
                if not isinstance(maker, ProcessingStep) or output not in maker.processing.outputs:
                    return None
                written = maker.processing.outputs[output].uri
        if written is None:
            return located(pipeline_folder(place.name), bucket)
        return located(written, bucket) if isinstance(written, str) else None

    def writes(self, place: Place) -> dict[str, tuple[PathPart, ...]]:
        """Its folder, and where its jobs say."""
        bucket = place.environment.artifact_bucket
        found: dict[str, tuple[PathPart, ...]] = {
            f"s3://{bucket}/{pipeline_folder(place.name)}": ()
        }
        for path, _, step, _ in self.every():
            if isinstance(step, ProcessingStep):
                for name, output in step.processing.outputs.items():
                    if isinstance(output.uri, str):
                        uri = located(output.uri, bucket)
                        found[uri] = (*path, "processing", "outputs", name, "uri")
        return found

    # What it is, for the rest

    def names(self, place: Place) -> Iterator[Name]:
        """Of the pipeline and its roles."""
        context, short = place.environment.context, place.name
        yield Name("aws_sagemaker_pipeline", pipeline_name(context, short))
        yield Name("aws_iam_role", role(context, pipeline_role(short)))
        for name in self.roles:
            yield Name("aws_iam_role", role(context, step_role(short, name)))
        yield from self.start_names(place)

    @property
    def roles(self) -> tuple[str, ...]:
        """The steps whose containers have a role of their own."""
        return tuple(
            name
            for _, name, step, _ in self.every()
            if step.job is not None or isinstance(step, ModelStep)
        )

    def images(self) -> Iterator[Image | str]:
        """The images of its jobs, and of what serves the models."""
        for job in self.jobs.values():
            image = job.serving_image()
            if image is not None:
                yield image
        for _, _, step, _ in self.every():
            given = [getattr(step, "image", None)]
            if isinstance(step, RegisterStep):
                given.append(step.register_as.image)
            for each in given:
                if each is not None and not isinstance(each, FrameworkContainer):
                    yield each

    @property
    def in_vpc(self) -> bool:
        """Whether any of its jobs is in the environment's VPC."""
        return any(getattr(job, "vpc", False) for job in self.jobs.values())

    def needs(self, place: Place) -> Needs:
        """S3, by which SageMaker moves data through the VPC, and what containers fetch themselves."""
        if not self.in_vpc:
            return Needs()
        group = place.environment.trainings.get(place.group)
        led_out = bool(group and group.egress_cidrs)
        named = [each for job in self.jobs.values() for each in job.secrets()]
        return Needs(secret_endpoints(named), s3=True, through_nat=led_out)

    def hub_problems(self, place: Place) -> Iterator[Problem]:
        """What containers in the VPC are told to fetch from a hub, and cannot."""
        group = place.environment.trainings.get(place.group)
        opened = is_led_out(group.egress_cidrs if group else ())
        where = ".".join(filter(None, ["training", place.group, "egress_cidrs"]))
        for path, _, step, _ in self.every():
            job = step.job
            if (
                job is None
                or getattr(job, "network_isolation", True)
                or not getattr(job, "vpc", True)
            ):
                continue
            remedy = f'write {where}=["0.0.0.0/0"]'
            for problem in unreached_problems(
                job.variables, place.environment, is_open=opened, remedy=remedy
            ):
                yield problem.under(*path)

    def platform(self, place: Place) -> Platform | None:
        """What its instances run."""
        return architecture_of([getattr(job, "instance_type", "") for job in self.jobs.values()])

    def uses(self, place: Place) -> Iterator[Usage]:
        """Instances while its jobs run: how long a run takes, nobody knows beforehand."""
        for job in self.jobs.values():
            kind = "training" if isinstance(job, TrainingJob) else "processing"
            yield by_use(place.name, f"sagemaker/{kind}/{getattr(job, 'instance_type', '')}")
        for _, _, step, _ in self.every():
            if isinstance(step, TransformStep):
                yield by_use(place.name, f"sagemaker/transform/{step.instance_type}")

    def run_parts(self) -> Iterator[RunPart]:
        """Each of its jobs, until it is stopped: a run that takes one branch asks for less."""
        for _, name, step, _ in self.every():
            if step.job is not None:
                yield part_of(name, step.job, getattr(step, "tuning", None))
            elif isinstance(step, TransformStep):
                count = step.instance_count
                yield run_part(name, "transform", step.instance_type, count=count, seconds=None)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wanted(where: tuple[PathPart, ...], value: PipelineValue) -> graph.Wanted | None:
    match value:
        case Of(step=step):
            return graph.Wanted(where, step)
        case ModelOf(step=step):
            return graph.Wanted(where, step, of=("Training", "Tuning"))
        case OutputOf(step=step, output=output):
            return graph.Wanted(where, step, output=output, of=("Processing",))
        case JsonGet(step=step, file=file):
            return graph.Wanted(where, step, file=file, of=("Processing",))
    return None


def _cache_problems(path: tuple[PathPart, ...], step: PipelineStep) -> Iterator[Problem]:
    """Inputs of a cached step that are the same text in each run."""
    if getattr(step, "cache", None) is None or step.job is None:
        return
    held = {"ProcessingStep": "processing", "TrainingStep": "training"}.get(type(step).__name__)
    inputs = getattr(step.job, "inputs", None) or getattr(step.job, "channels", {})
    for name, each in inputs.items():
        if isinstance(each.uri, str) and each.uri.endswith("/") and held:
            kind = "inputs" if held == "processing" else "channels"
            yield SMP13.problem(*path, held, kind, name, "uri", got=each.uri)


# A definition that somebody else wrote

_GET = re.compile(r"Steps\.([A-Za-z0-9_-]{1,64})\.(.+)", re.DOTALL)
_OUTPUT = re.compile(r"ProcessingOutputConfig\.Outputs\[['\"]([^'\"]+)['\"]\]")
_FILE = re.compile(r"PropertyFiles\.([A-Za-z0-9_-]+)")
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}):(.+)")


class PipelineFile(AnyPipeline):
    """A pipeline whose definition somebody else wrote, such as SageMaker's Python SDK.

    It is taken as it is, and checked: every reference, the graph, and AWS's limits. The SDK is no part
    of a synthesis; a job of yours writes the file with it.
    """

    definition: str
    """The text of the definition:
    `(Path(__file__).parent / "abalone.json").read_text()`."""

    start_with: dict[ParameterName, Scalar] = {}
    """Values that `inferform pipelines start` gives, beside the defaults in the definition. Default:
    none."""

    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "the definition names the roles of its steps",
        "log_group": "its jobs have SageMaker's log groups",
    }

    @property
    def content(self) -> dict[str, Any]:
        """The definition as data; empty where it is none."""
        try:
            found = read_json(self.definition)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def check(self) -> Iterator[Problem]:
        """The definition is one, and its steps fit together."""
        if len(self.definition) > LARGEST:
            wrong = f"has {len(self.definition):,} characters; AWS takes {LARGEST:,}"
            yield SMP11.problem("definition", wrong=wrong)
            return
        content = self.content
        if content.get("Version") != VERSION or not isinstance(content.get("Steps"), list):
            wrong = f"must be the JSON of a definition of version {VERSION}, with Version and Steps"
            yield SMP11.problem("definition", wrong=wrong)
            return
        declared = self.declared
        for problem in graph.problems(self.nodes(), declared):
            yield problem.under("definition")
        if len(declared) > 200:
            wrong = f"has {len(declared)} parameters; AWS takes 200"
            yield SMP4.problem("definition", wrong=wrong)
        for name in self.start_with:
            if name not in declared:
                wrong = f"is no parameter of the definition{did_you_mean(name, declared)}"
                yield SMP9.problem("start_with", name, wrong=wrong)
        yield from self.unstartable()
        for node in self.nodes():
            if node.type in ("QualityCheck", "ClarifyCheck"):
                yield SMP10.problem("definition", *node.where, got=node.type)
            elif node.type not in STEP_TYPES:
                hint = did_you_mean(node.type, STEP_TYPES)
                yield SMP16.problem("definition", *node.where, got=node.type, hint=hint)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """What it names is in the environment's account and Region."""
        yield from super().check_in(context)
        for path, arn in self.named_arns():
            service, region, account, _ = _ARN.fullmatch(arn).groups()  # type: ignore[union-attr]
            if path[-1] == "RoleArn" and account != context.account:
                wrong = f"is a role of account {account}; a pipeline uses roles of its own account"
                yield SMP11.problem("definition", *path, got=arn, wrong=wrong)
            elif service == "sagemaker" and region not in ("", context.region):
                wrong = f"is in {region}, but the environment is in {context.region}"
                yield SMP11.problem("definition", *path, got=arn, wrong=wrong)

    @property
    def declared(self) -> dict[str, Any]:
        """The parameters with their defaults; None where there is none."""
        return {
            str(each.get("Name")): each.get("DefaultValue")
            for each in self.content.get("Parameters", [])
            if isinstance(each, dict)
        }

    def named_arns(self) -> Iterator[tuple[tuple[PathPart, ...], str]]:
        """Every ARN in the definition, with its path."""
        for path, value in _leaves(self.content):
            if isinstance(value, str) and _ARN.fullmatch(value):
                yield path, value

    def nodes(self) -> Iterator[graph.Node]:
        """The graph of its steps."""
        yield from _nodes(self.content.get("Steps", []), ("Steps",), ())

    @property
    def types(self) -> frozenset[str]:
        """The types of its steps."""
        return frozenset(node.type for node in self.nodes())

    def groups(self, context: Context) -> list[str]:
        """The ARNs of the model package groups that it names, by defaults of parameters too."""
        found: dict[str, None] = {}
        for path, value in _leaves(self.content):
            named: Any = None
            if path[-1] == "ModelPackageGroupName":
                named = value
            elif path[-2:] == ("ModelPackageGroupName", "Get"):
                named = self.declared.get(str(value).partition(".")[2])
            if isinstance(named, str):
                own = context.arn("sagemaker", f"model-package-group/{named}")
                found[named if named.startswith("arn:") else own] = None
        return list(found)

    def starts_with(self) -> dict[str, str]:
        """What a start without more gives."""
        return {name: _text(value) for name, value in self.start_with.items()}

    def missing(self, given: Mapping[str, str]) -> list[str]:
        """The parameters for which a start has no value."""
        return [n for n, value in self.declared.items() if value is None and n not in given]

    def writes(self, place: Place) -> dict[str, tuple[PathPart, ...]]:
        """Where its definition says, by texts that no parameter makes."""
        return {
            value: ("definition", *path)
            for path, value in _leaves(self.content)
            if path[-1] in ("S3Uri", "S3OutputPath")
            and {*path} & {"ProcessingOutputConfig", "OutputDataConfig", "TransformOutput"}
            and isinstance(value, str)
            and value.startswith("s3://")
        }

    def names(self, place: Place) -> Iterator[Name]:
        """Of the pipeline and its role."""
        context, short = place.environment.context, place.name
        yield Name("aws_sagemaker_pipeline", pipeline_name(context, short))
        if self.existing.execution_role is None:
            yield Name("aws_iam_role", role(context, pipeline_role(short)))
        yield from self.start_names(place)

    def images(self) -> Iterator[Image | str]:
        """The images that it names by a URI."""
        for path, value in _leaves(self.content):
            named = path[-1] in ("TrainingImage", "ImageUri", "Image")
            if named and isinstance(value, str) and ".dkr.ecr." in value:
                yield value

    def needs(self, place: Place) -> Needs:
        """What only the definition knows."""
        return Needs()

    def platform(self, place: Place) -> Platform | None:
        """What only the definition knows."""
        return None

    def uses(self, place: Place) -> Iterator[Usage]:
        """Instances while its jobs run: how long a run takes, nobody knows beforehand."""
        for step in steps_of(self.content):
            kind = str(step.get("Type"))
            if kind in UNBILLED:
                continue
            if part := part_of_step(step):
                kind = part.key.split("/")[1]
            types = [
                value
                for path, value in _leaves(step)
                if path[-1] == "InstanceType" and isinstance(value, str)
            ]
            # Which type a parameter gives, and what other steps cost, nobody knows.
            for instance_type in types or [""]:
                yield by_use(place.name, f"sagemaker/{kind.lower()}/{instance_type}")

    def run_parts(self) -> Iterator[RunPart]:
        """Each of its jobs, until it is stopped: a run that takes one branch asks for less."""
        for step in steps_of(self.content):
            part = part_of_step(step)
            if part is not None:
                yield part


def _leaves(
    value: Any, at: tuple[PathPart, ...] = ()
) -> Iterator[tuple[tuple[PathPart, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*at, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*at, index))
    else:
        yield at, value


def _nodes(
    steps: Any, at: tuple[PathPart, ...], branches: tuple[tuple[str, str], ...]
) -> Iterator[graph.Node]:
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        name, where = str(step.get("Name")), (*at, index)
        arguments = step.get("Arguments") or {}
        inner = {
            branch: arguments.get(f"{branch}Steps", [])
            for branch in ("If", "Else")
            if isinstance(arguments, dict) and step.get("Type") == "Condition"
        }
        own = {
            **step,
            "Arguments": {
                k: v
                for k, v in (arguments.items() if isinstance(arguments, dict) else ())
                if not (inner and k in ("IfSteps", "ElseSteps"))
            },
        }
        yield _node(own, where, name, branches)
        for branch, held in inner.items():
            place = (*where, "Arguments", f"{branch}Steps")
            yield from _nodes(held, place, (*branches, (name, branch)))


def _node(
    step: dict[str, Any],
    where: tuple[PathPart, ...],
    name: str,
    branches: tuple[tuple[str, str], ...],
) -> graph.Node:
    wants, parameters = [], []
    for path, value in _leaves(step):
        if path[-1] != "Get" or not isinstance(value, str):
            continue
        at = (*where, *path[:-1])
        if value.startswith("Parameters."):
            parameters.append((at, value.partition(".")[2]))
        elif match := _GET.fullmatch(value):
            output, file = _OUTPUT.match(match[2]), _FILE.match(match[2])
            wants.append(
                graph.Wanted(
                    at,
                    match[1],
                    output=output[1] if output else "",
                    file=file[1] if file else "",
                )
            )
    for index, other in enumerate(step.get("DependsOn") or ()):
        wants.append(graph.Wanted((*where, "DependsOn", index), str(other)))
    arguments = step["Arguments"]
    outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs")
    return graph.Node(
        where=where,
        name=name,
        type=str(step.get("Type")),
        branches=branches,
        wants=tuple(wants),
        outputs=frozenset(str(each.get("OutputName")) for each in outputs) if outputs else None,
        files=frozenset(
            str(each.get("PropertyFileName")) for each in step.get("PropertyFiles") or ()
        ),
        parameters=tuple(parameters),
    )
