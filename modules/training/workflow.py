"""What is asked of a retraining: its steps, what starts it, and who is notified."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ..alarms.published import STATE_MACHINE
from ..alarms.watched import Watched
from ..context import Context
from ..ecr.spec import Image
from ..existing import outside_problems
from ..instances import TYPE_FORM, instance_type_names
from ..model.artifact import located
from ..model.hub import is_led_out, unreached_problems
from ..model.image import FrameworkContainer
from ..names import Name, role
from ..rules import PathPart, Problem, did_you_mean, rule
from ..sagemaker import batch
from ..sagemaker.registry import REG1
from ..sagemaker.sources import architecture_of
from ..sagemaker.triggers import (
    Delivery,
    OnAlarm,
    OnApproval,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
    TopicArn,
    keyed,
    notify_problems,
    started,
)
from ..service import Lead, Needs, Place, Platform, Service, secret_endpoints
from ..spec import Aws, Between, Check, Listed, Many, Matches, OneOf, Spec
from ..usage import RunPart, Start, Usage, by_use
from ..vpc.flow_logs import RetentionDays
from . import names
from .begun import REG10, WFL2, registered_problems, start_problems
from .jobs import (
    TRJ15,
    Job,
    JobImage,
    ProcessingJob,
    Reference,
    TrainingJob,
    Tuning,
    Value,
    part_of,
)

WFL1 = rule(
    "WFL1",
    refuses="an evaluation whose job does not write what is read, or a path into it that is none",
    message="{wrong}",
    source="Inferform: the state machine reads it and compares a number; Amazon States Language, paths",
)
WFL4 = rule(
    "WFL4",
    refuses="more parameters of a retraining than an execution can be told, or a name of one or of an "
    "output that is none",
    message="{wrong}",
    source="AWS Step Functions quotas (input of 256 KiB); Amazon States Language, reference paths",
)
WFL5 = rule(
    "WFL5",
    refuses="versions that are approved by nobody, in a protected environment",
    message="approves each version without anybody looking at it; leave it to PendingManualApproval",
    source="Inferform: who approves decides what serves",
    severity="warning",
)
WFL8 = rule(
    "WFL8",
    refuses="two triggers of a retraining that are alike",
    message="is the same as triggers.{other}, and would start each run twice",
    source="Inferform: two rules of one pattern",
)
WFL9 = rule(
    "WFL9",
    refuses="minutes of waiting for capacity outside of a day",
    message="must be from {low} to {high}",
    source="Inferform: an execution that waits longer meets the next one",
)
REG11 = rule(
    "REG11",
    refuses="metadata of a version beyond SageMaker's limits",
    message="must be at most 48 entries, whose keys have at most 128 letters, digits and _.:/=+-@, and "
    "whose values at most 256",
    source="botocore sagemaker CustomerMetadataMap (50 entries, two of which are Inferform's), "
    "CustomerMetadataKey, CustomerMetadataValue",
)
REG12 = rule(
    "REG12",
    refuses="what cannot be the instance type that a version is registered for",
    message="is not an instance type that SageMaker has for it{hint}",
    source="botocore sagemaker ProductionVariantInstanceType, TransformInstanceType",
)
REG13 = rule(
    "REG13",
    refuses="what is no media type of a version",
    message="must be a media type of at most 256 characters, such as text/csv",
    source="botocore sagemaker ContentType, ResponseMIMEType",
)
SPT4 = rule(
    "SPT4",
    refuses="checkpoints at a place that every run shares, or where data lies",
    message="{wrong}",
    source="SageMaker developer guide, checkpoints (everything below the prefix is copied into each "
    "training)",
)
EVT8 = rule(
    "EVT8",
    refuses="a schedule that starts again before a job may have ended",
    message="starts every {every:,} seconds, but {step} may take {longest:,}: runs would overlap; lower "
    "its max_runtime_seconds, or start less often",
    source="Inferform: arithmetic",
    severity="warning",
)
SPT6 = rule(
    "SPT6",
    refuses="training on Spot instances that may wait longer than the time to the next run",
    message="may take {wait:,} seconds, but the retraining starts every {every:,}: runs would overlap",
    source="Inferform: arithmetic",
    severity="warning",
)

Step = Literal["prepare", "train", "evaluate"]
STEPS: tuple[Step, ...] = ("prepare", "train", "evaluate")
MODEL = "model"
"""What training leaves behind, in references to it."""


_NOTED = re.compile(r"[\w .:/=+\-@]{1,256}", re.ASCII)
"""What SageMaker takes as a value of a version's metadata."""


def _is_noted(value: object) -> bool:
    return not isinstance(value, str) or bool(_NOTED.fullmatch(value))


_OUTPUT = "must be the name of an output: 1 to 64 letters, digits, _ and -"
_PARAMETER = "must be the name of a parameter: 1 to 64 letters, digits and _, the first a letter"
_PARAMETERS = "must be at most 50 parameters, whose values have at most 1,024 characters"


class FromStep(Reference):
    """What an earlier step of the same retraining wrote."""

    step: Literal["prepare", "train"]
    """The step."""

    output: Annotated[str, Matches(WFL4, r"[A-Za-z0-9_-]{1,64}", _OUTPUT)] = MODEL
    """The name of the output of `prepare`; `model` of `train`. Default: `model`."""


ParameterName = Annotated[str, Matches(WFL4, r"[A-Za-z][A-Za-z0-9_]{0,63}", _PARAMETER)]


class FromInput(Reference):
    """A parameter of the retraining, which the input of an execution may give."""

    name: ParameterName
    """Its name in `parameters`."""


def _is_path(path: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", path, re.ASCII)) and len(path) <= 256


Comparison = Literal[
    "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo", "EqualTo"
]


class Evaluation(Spec):
    """Whether a model that was trained is good enough to be registered.

    The job writes a report, of which one number is compared.
    """

    job: ProcessingJob
    """What writes the report. Its inputs may be `FromStep(step="train")` and what `prepare` wrote."""

    path: Annotated[
        str,
        Check(WFL1, _is_path, lambda _: {"wrong": "must be a path such as metrics.auc.value"}),
    ]
    """Where in the report the number stands: `metrics.auc.value`."""

    threshold: float
    """What it is compared with."""

    comparison: Comparison = "GreaterThanOrEqualTo"
    """How. Default: GreaterThanOrEqualTo."""

    output: Annotated[str, Matches(WFL4, r"[A-Za-z0-9_-]{1,64}", _OUTPUT)] = "evaluation"
    """The output of the job that holds the report. Default: `evaluation`."""

    file: Annotated[
        str,
        Check(
            WFL1,
            lambda name: bool(re.fullmatch(r"[\w.-]+\.json", name, re.ASCII)) and len(name) <= 256,
            lambda _: {"wrong": "must be the name of a JSON file, such as evaluation.json"},
        ),
    ] = "evaluation.json"
    """The report's file in it: JSON of at most 200 KB. Default: `evaluation.json`."""

    def check(self) -> Iterator[Problem]:
        """The job writes the report."""
        made = self.job.outputs.get(self.output)
        if made is None:
            hint = did_you_mean(self.output, self.job.outputs)
            wrong = f"is not among job.outputs{hint}; add it there"
            yield WFL1.problem("output", got=self.output, wrong=wrong)
        elif made.uri is not None:
            wrong = (
                "must be left out for the report, which each run writes into a prefix of its own"
            )
            yield WFL1.problem("job", "outputs", self.output, "uri", wrong=wrong)


_GROUP_ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/fraud"
_GROUP = r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package-group/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
MediaType = Annotated[str, Matches(REG13, r"(?=.{3,256}$)[-\w]+/.+")]


def _is_description(text: str) -> bool:
    return len(text) <= 1024 and all(unicodedata.category(char)[0] != "C" for char in text)


class Register(Spec):
    """A new version in the Model Registry for each model that is good enough."""

    group: Annotated[
        str,
        Check(
            REG10,
            lambda name: bool(re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*|{_GROUP}", name, re.ASCII)),
            lambda _: {
                "wrong": f"must be a group's short name, or its ARN such as {_GROUP_ARN}",
                "hint": "",
            },
        ),
    ]
    """The model package group: its short name in the registry, or the ARN of one of another account."""

    approval: Annotated[
        Literal["PendingManualApproval", "Approved"],
        Aws("sagemaker:CreateModelPackageInput.ModelApprovalStatus"),
    ] = "PendingManualApproval"
    """Whether somebody has to approve it. Default: yes."""

    image: Annotated[JobImage, Aws("sagemaker:ModelPackageContainerDefinition.Image")] | None = None
    """The container that serves it. Default: the one that trained it."""

    content_types: Many[
        Annotated[MediaType, Aws("sagemaker:InferenceSpecification.SupportedContentTypes")]
    ] = ("text/csv",)
    """What requests may be. Default: CSV."""

    response_types: Many[
        Annotated[MediaType, Aws("sagemaker:InferenceSpecification.SupportedResponseMIMETypes")]
    ] = ("text/csv",)
    """What answers may be. Default: CSV."""

    realtime_instance_types: Many[
        Annotated[
            str,
            Listed(REG12, "a hosting instance type", instance_type_names, TYPE_FORM),
            Aws("sagemaker:InferenceSpecification.SupportedRealtimeInferenceInstanceTypes"),
        ]
    ] = ()
    """The instance types of endpoints that it fits. Default: not said."""

    transform_instance_types: Many[
        Annotated[
            str,
            Listed(
                REG12,
                "an instance type of batch transform",
                batch.transform_instance_types,
                TYPE_FORM,
            ),
            Aws("sagemaker:InferenceSpecification.SupportedTransformInstanceTypes"),
        ]
    ] = ()
    """Those of batch transforms. Default: not said."""

    metadata: Annotated[
        dict[
            Annotated[
                str,
                Matches(REG11, r"[\w .:/=+\-@]{1,128}"),
            ],
            Annotated[Value, Check(REG11, _is_noted)],
        ],
        Check(REG11, lambda given: len(given) <= 48),
    ] = {}
    """What is noted of each version, such as the commit. What only a run is told is a reference:
    `FromInput(name="commit")`, in a pipeline `Param(name="Commit")`. The execution and the training job
    are noted anyway. Default: nothing."""

    description: Annotated[
        str,
        Check(REG1, _is_description),
        Aws("sagemaker:CreateModelPackageInput.ModelPackageDescription"),
    ] = ""
    """What it is. Default: nothing is said."""


class Retraining(Service):
    """A model that is trained again and again: a state machine of Step Functions without a function.

    Each execution prepares data, trains, evaluates and registers a version; what it writes lies in a
    prefix of its own, `training/{name}/{execution}/` in the artifact bucket.
    """

    train: Annotated[TrainingJob | Tuning, OneOf()]
    """The training, or a tuning whose best model is taken."""

    prepare: ProcessingJob | None = None
    """What is run before. Default: nothing."""

    evaluate: Evaluation | None = None
    """What decides whether the model is registered. Default: every one is."""

    registers: Register | None = None
    """Where the model is registered. Default: nowhere."""

    triggers: Many[
        Annotated[
            OnSchedule | OnUpload | OnAlarm | OnDrift | OnApproval | OnEvent,
            OneOf(),
        ]
    ] = ()
    """What starts it. Default: you do, by `inferform train`."""

    delivery: Delivery = Delivery()
    """What happens where a trigger cannot start it. Default: it is tried for an hour, and then kept in
    a queue."""

    parameters: Annotated[
        dict[
            ParameterName,
            Annotated[
                str, Check(WFL4, lambda value: len(value) <= 1024, lambda _: {"wrong": _PARAMETERS})
            ],
        ],
        Check(WFL4, lambda given: len(given) <= 50, lambda _: {"wrong": _PARAMETERS}),
    ] = {}
    """What the input of an execution may give, with its default: `FromInput(name="rows")` stands for
    one. Default: none."""

    notify: TopicArn | None = None
    """The topic notified of every failure, and of models that are not good enough. Default:
    nobody."""

    alarm_on_failure: bool = True
    """Whether there is an alarm on executions that fail, are stopped or take too long. Default:
    True."""

    retry_capacity_minutes: Annotated[int, Between(WFL9, 0, 1440)] = 60
    """Minutes in which a job that finds no capacity or quota is started again, every five minutes.
    Default: 60."""

    log_retention_days: RetentionDays = 90
    """Days that the log of executions is kept. Default: 90."""

    sort = "retraining"
    words = "retraining"
    not_simulated = "a retraining does not scale: each run starts the instances that are written"
    loads_in_region = True
    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "each of its jobs has a role of its own",
        "execution_role": "each of its jobs has a role of its own",
        "log_group": "its jobs have SageMaker's log groups",
    }

    # Its parts

    @property
    def job(self) -> TrainingJob:
        """The training job, of a tuning the one that is varied."""
        return self.train.job if isinstance(self.train, Tuning) else self.train

    @property
    def jobs(self) -> dict[Step, Job]:
        """Its jobs by step, in order."""
        made: dict[Step, Job | None] = {
            "prepare": self.prepare,
            "train": self.job,
            "evaluate": self.evaluate.job if self.evaluate else None,
        }
        return {step: job for step, job in made.items() if job is not None}

    @property
    def seconds(self) -> dict[Step, int]:
        """Seconds that each step takes at most, those in which it waits for capacity left out."""
        found = {
            step: int(getattr(job, "max_runtime_seconds", 0)) for step, job in self.jobs.items()
        }
        if isinstance(self.train, Tuning):
            rounds = -(-self.train.jobs // self.train.max_parallel_jobs)
            whole = rounds * found["train"]
            limit = self.train.max_runtime_seconds
            found["train"] = whole if limit is None else min(whole, limit)
        return found

    def path_of(self, step: Step) -> tuple[PathPart, ...]:
        """Where the job of a step stands."""
        nested = step == "evaluate" or (step == "train" and isinstance(self.train, Tuning))
        return (step, "job") if nested else (step,)

    # Rules

    def check(self) -> Iterator[Problem]:
        """References lead to what is made before, checkpoints are their own, triggers differ."""
        for step, job in self.jobs.items():
            for path, reference in job.references():
                for problem in self._reference_problems(step, path, reference):
                    yield problem.under(*self.path_of(step), *path)
        for name, value in self.registers.metadata.items() if self.registers else ():
            if not isinstance(value, str):
                for problem in self._noted_problems(value):
                    yield problem.under("registers", "metadata", name)
        yield from self._checkpoint_problems()
        seen: dict[str, int] = {}
        for index, trigger in enumerate(self.triggers):
            same = seen.setdefault(repr(trigger), index)
            if same != index:
                yield WFL8.problem("triggers", index, other=same)
            if isinstance(trigger, OnSchedule):
                yield from self._overlap_problems(index, trigger)

    def _reference_problems(
        self, step: Step, path: tuple[PathPart, ...], reference: Reference
    ) -> Iterator[Problem]:
        if isinstance(reference, FromInput):
            if reference.name not in self.parameters:
                hint = did_you_mean(reference.name, self.parameters) or "; add it there"
                wrong = f"is {reference.name}, which is not in parameters"
                yield WFL2.problem("name", wrong=wrong, hint=hint)
            return
        if not isinstance(reference, FromStep):
            kind = type(reference).__name__
            wrong = f"is a {kind}, which no retraining knows; write FromStep or FromInput"
            yield WFL2.problem(wrong=wrong, hint="")
            return
        if reference.step not in self.jobs:
            wrong = f"is of {reference.step}, which this retraining does not have"
            yield WFL2.problem("step", wrong=wrong, hint="")
        elif STEPS.index(reference.step) >= STEPS.index(step):
            wrong = f"is of {reference.step}, which does not run before {step}"
            yield WFL2.problem("step", wrong=wrong, hint="")
        else:
            outputs = (
                self.prepare.outputs if reference.step == "prepare" and self.prepare else {MODEL}
            )
            if reference.output not in outputs:
                hint = did_you_mean(reference.output, outputs)
                wrong = f"is {reference.output}, which {reference.step} does not write"
                yield WFL2.problem("output", wrong=wrong, hint=hint)

    def _noted_problems(self, value: Reference) -> Iterator[Problem]:
        """A value of a version's metadata: an input of the execution, which has to be one of SageMaker's."""
        if not isinstance(value, FromInput):
            wrong = (
                f"is a {type(value).__name__}; what is noted of a version is a text or FromInput"
            )
            yield WFL2.problem(wrong=wrong, hint="")
            return
        yield from self._reference_problems("evaluate", (), value)
        default = self.parameters.get(value.name)
        if default is not None and not _is_noted(default):
            yield REG11.problem(got=default)

    def _checkpoint_problems(self) -> Iterator[Problem]:
        spot = self.job.spot
        uri = spot.checkpoints.uri if spot and spot.checkpoints else None
        if uri is None:
            return
        path = (*self.path_of("train"), "spot", "checkpoints", "uri")
        if not isinstance(uri, str):
            yield SPT4.problem(*path, wrong="must be a place of its own, or be left out")
            return
        data = [each.uri for each in self.job.channels.values() if isinstance(each.uri, str)]
        if any(uri.startswith(each) or each.startswith(uri) for each in data):
            wrong = "is where a channel lies, whose objects each would copy into the other"
            yield SPT4.problem(*path, got=uri, wrong=wrong)
            return
        wrong = (
            "is shared by every run: the next training would continue from the last checkpoint of the one "
            "before; leave it out, so that each run has a prefix of its own"
        )
        yield SPT4.problem(*path, got=uri, wrong=wrong)

    def _overlap_problems(self, index: int, trigger: OnSchedule) -> Iterator[Problem]:
        spot, every = self.job.spot, trigger.every_seconds
        if every is None:
            return
        if spot is not None and every < spot.max_wait_seconds:
            yield SPT6.problem(
                "triggers", index, got=trigger.schedule, wait=spot.max_wait_seconds, every=every
            )
            return
        step, longest = max(self.seconds.items(), key=lambda each: each[1])
        if every < longest:
            yield EVT8.problem(
                "triggers", index, got=trigger.schedule, every=every, step=step, longest=longest
            )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is in the Region; nobody's approval is somebody's."""
        yield from super().check_in(context)
        yield from notify_problems(context, self.notify)
        if context.protected and self.registers and self.registers.approval == "Approved":
            yield WFL5.problem("registers", "approval", got="Approved")

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """Nothing of a network where no job is in one."""
        yield from super().existing_problems(place)
        if not self.in_vpc:
            yield from outside_problems(self.existing, words=self.words, what="its containers are")
        if self.existing.security_groups and self.job.instance_count > 1 and self.job.vpc:
            yield TRJ15.problem("existing", "security_groups")

    def trigger_problems(self, place: Place) -> Iterator[Problem]:
        """What triggers refer to in the environment."""
        environment = place.environment
        bucket = environment.artifact_bucket
        written: dict[str, tuple[PathPart, ...]] = {f"s3://{bucket}/{names.folder(place.name)}": ()}
        for step, job in self.jobs.items():
            for name, output in job.outputs.items() if isinstance(job, ProcessingJob) else ():
                if isinstance(output.uri, str):
                    written[located(output.uri, bucket)] = (
                        *self.path_of(step),
                        *("outputs", name, "uri"),
                    )
        own = names.failed_alarm(environment.context, place.name)
        yield from start_problems(
            place,
            self.triggers,
            ("triggers",),
            failed=own if self.alarm_on_failure else None,
            written=written,
        )
        if self.registers is not None:
            artifact = located(names.folder(place.name), bucket)
            yield from registered_problems(
                place, self.registers.group, ("registers", "group"), artifact
            )

    # What it is, for the rest

    def resource(self, place: Place) -> tuple[str, str]:
        """The state machine."""
        return "aws_sfn_state_machine", names.machine_name(place.environment.context, place.name)

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its executions."""
        context = place.environment.context
        arn = context.arn("states", f"stateMachine:{names.machine_name(context, place.name)}")
        yield Watched(
            kind="a state machine", publishes=STATE_MACHINE, dimensions={"StateMachineArn": arn}
        )

    def names(self, place: Place) -> Iterator[Name]:
        """Of its state machine, roles, log, alarm, triggers and queues."""
        context, short = place.environment.context, place.name
        own = names.machine_name(context, short)
        yield Name("aws_sfn_state_machine", own)
        yield Name("aws_cloudwatch_log_group", names.log_group(own))
        for step in self.jobs:
            yield Name("aws_iam_role", role(context, names.step_role(short, step)))
        yield Name("aws_iam_role", role(context, names.machine_role(short, "steps")))
        if self.alarm_on_failure:
            yield Name("aws_cloudwatch_metric_alarm", names.failed_alarm(context, short))
        for does in self.starts:
            yield Name("aws_iam_role", role(context, names.machine_role(short, does)))
        for key, trigger in keyed(self.triggers).items():
            kind = (
                "aws_scheduler_schedule"
                if isinstance(trigger, OnSchedule)
                else "aws_cloudwatch_event_rule"
            )
            yield Name(kind, names.trigger_name(context, short, key))
            if self.delivery.dead_letter:
                yield Name("aws_sqs_queue", names.undelivered(context, short, key))

    @property
    def starts(self) -> tuple[str, ...]:
        """The roles that start it: of EventBridge's rules, of its Scheduler."""
        scheduled = [isinstance(each, OnSchedule) for each in self.triggers]
        return (*(("schedule",) if any(scheduled) else ()), *(() if all(scheduled) else ("start",)))

    def images(self) -> Iterator[Image | str]:
        """The images of its jobs, and of what serves the model."""
        for job in self.jobs.values():
            image = job.serving_image()
            if image is not None:
                yield image
        served = self.registers.image if self.registers else None
        if served is not None and not isinstance(served, FrameworkContainer):
            yield served

    def loads(self) -> Iterator[str]:
        """No artifact: it makes them."""
        yield from ()

    def leads(self, place: Place) -> Iterator[Lead]:
        """From the monitors and the groups that start it, and to the group that it registers in."""
        yield from started(place, self.triggers)
        if self.registers is not None:
            yield Lead(place.path, ("registry", "models", self.registers.group), "registers")

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
        for step, job in self.jobs.items():
            if getattr(job, "network_isolation", True) or not getattr(job, "vpc", True):
                continue
            remedy = f'write {where}=["0.0.0.0/0"]'
            for problem in unreached_problems(
                job.variables, place.environment, is_open=opened, remedy=remedy
            ):
                yield problem.under(*self.path_of(step))

    def platform(self, place: Place) -> Platform | None:
        """What its instances run."""
        return architecture_of([getattr(job, "instance_type", "") for job in self.jobs.values()])

    def uses(self, place: Place) -> Iterator[Usage]:
        """Instances while its jobs run: how long a run takes, nobody knows beforehand."""
        for job in self.jobs.values():
            kind = "training" if isinstance(job, TrainingJob) else "processing"
            yield by_use(place.name, f"sagemaker/{kind}/{getattr(job, 'instance_type', '')}")

    def run_parts(self) -> Iterator[RunPart]:
        """Each of its jobs, until it is stopped; of a tuning all that it starts."""
        for step, job in self.jobs.items():
            tuning = self.train if step == "train" and isinstance(self.train, Tuning) else None
            yield part_of(step, job, tuning)

    def starts_at(self, place: Place) -> Iterator[Start]:
        """Its schedules, at the minutes of its name."""
        for key, trigger in keyed(self.triggers).items():
            if isinstance(trigger, OnSchedule):
                name = names.trigger_name(place.environment.context, place.name, key)
                yield Start(trigger.spread(name), trigger.timezone)
