"""The definition of a pipeline, version 2020-12-01: what each step is told.

Pure: what Terraform knows only later is text with a reference in it. Arguments are the requests of
AWS's API without the names of jobs, which SageMaker makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..model.artifact import located
from ..model.image import image_uri
from .jobs import Job, ProcessingJob, Reference, TrainingJob
from .machine import Around, Steps
from .pipeline import VERSION, Pipeline, pipeline_folder
from .steps import (
    Cache,
    ConditionStep,
    Execution,
    FailStep,
    ModelOf,
    ModelStep,
    PipelineStep,
    PipelineValue,
    ProcessingStep,
    RegisterStep,
    Retry,
    TrainingStep,
    TransformStep,
    TuningStep,
)

Arguments = dict[str, Any]


class Requests(Steps):
    """The requests of the jobs of a pipeline: references of pipelines instead of those of a state
    machine."""

    def __init__(self, around: Around, name: str, pipeline: Pipeline) -> None:
        super().__init__(around, name, pipeline.jobs, pipeline_folder(name))
        self._pipeline = pipeline
        self._steps = {name: step for _, name, step, _ in pipeline.every()}

    def at(self, step: str) -> Requests:
        """The requests of one step, whose containers have its role."""
        role = self._around.roles[step]
        around = replace(self._around, roles={**self._around.roles, "train": role, step: role})
        return Requests(around, self._name, self._pipeline)

    def within(self, *parts: str) -> Any:
        """Where a run writes."""
        values = [self.root.rstrip("/"), Execution().written(), *parts]
        return {"Std:Join": {"On": "/", "Values": values}}

    def resolve(self, reference: Reference) -> Any:
        """A reference as a definition says it."""
        if isinstance(reference, ModelOf) and isinstance(
            self._steps.get(reference.step), TuningStep
        ):
            # A tuning tells the name of its best training job, which wrote below its own name.
            best = {"Get": f"Steps.{reference.step}.BestTrainingJob.TrainingJobName"}
            folder = self.within("model")["Std:Join"]["Values"]
            parts = [*folder[:-1], reference.step, "model", best, "output/model.tar.gz"]
            return {"Std:Join": {"On": "/", "Values": parts}}
        assert isinstance(reference, PipelineValue)
        return reference.written()

    def job_name(self, member: str, step: str, longest: int = 63) -> dict[str, str]:
        """Nothing: SageMaker names the jobs of pipelines."""
        return {}

    def _arguments(self, arguments: Iterable[str | Reference]) -> dict[str, Any]:
        given = [*arguments]
        if not given:
            return {}
        return {"ContainerArguments": [e if isinstance(e, str) else self.resolve(e) for e in given]}

    def value(self, value: str | Reference) -> Any:
        """A text, or a reference as a definition says it."""
        return value if isinstance(value, str) else self.resolve(value)

    def place(self, uri: str | Reference) -> Any:
        """Where data lies."""
        if isinstance(uri, str):
            return located(uri, self._around.bucket)
        return self.resolve(uri)

    # Steps

    def arguments(self, name: str, step: PipelineStep) -> Arguments:
        """What a step is told."""
        found: Arguments
        match step:
            case ProcessingStep(processing=processing):
                found = self._of_run(name, self.at(name).processing(processing, name))
            case TrainingStep(training=training):
                found = self._of_run(name, self.at(name).training(training))
            case TuningStep(tuning=tuning):
                found = self._of_run(name, self.at(name).tuning(tuning))
            case TransformStep():
                found = self._transform(name, step)
            case ModelStep():
                found = self._model(name, step)
            case RegisterStep():
                found = self._register(step)
            case ConditionStep():
                found = {
                    "Conditions": [each.written() for each in step.conditions],
                    "IfSteps": self.all(step.then),
                    "ElseSteps": self.all(step.otherwise),
                }
            case FailStep(message=message):
                found = {"ErrorMessage": self.value(message)}
            case _:
                raise AssertionError(step)
        return found

    def _of_run(self, name: str, request: Arguments) -> Arguments:
        """A request whose outputs lie in a folder of the step's own."""
        found: Arguments = _plain(request)
        for holder in (found, found.get("TrainingJobDefinition", {})):
            output = holder.get("OutputDataConfig")
            if output:
                output["S3OutputPath"] = self.within(name, "model")
            checkpoints = holder.get("CheckpointConfig", {}).get("S3Uri")
            if isinstance(checkpoints, dict) and checkpoints == self.within("checkpoints"):
                holder["CheckpointConfig"]["S3Uri"] = self.within(name, "checkpoints")
        return found

    def _transform(self, name: str, step: TransformStep) -> Arguments:
        output = (
            self.within(name, "predictions") if step.output is None else self.place(step.output)
        )
        return {
            "ModelName": self.value(step.model),
            "TransformInput": {
                "ContentType": step.content_type,
                "SplitType": step.split_type,
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.place(step.input)}
                },
            },
            "TransformOutput": {
                "S3OutputPath": output,
                "Accept": step.content_type,
                "KmsKeyId": self._around.kms_key_arn,
                **({"AssembleWith": "Line"} if step.split_type == "Line" else {}),
            },
            "TransformResources": {
                "InstanceType": step.instance_type,
                "InstanceCount": step.instance_count,
            },
            "Tags": self.tags,
        }

    def _model(self, name: str, step: ModelStep) -> Arguments:
        container: Arguments = {
            "Image": image_uri(step.image, self._around.context),
            "ModelDataUrl": self.place(step.artifact),
        }
        if step.environment:
            container["Environment"] = {k: self.value(v) for k, v in step.environment.items()}
        return {
            "ExecutionRoleArn": self._around.roles[name],
            "PrimaryContainer": container,
            "EnableNetworkIsolation": step.network_isolation,
            "Tags": self.tags,
        }

    def _register(self, step: RegisterStep) -> Arguments:
        spec, context = step.register_as, self._around.context
        image = step.image or spec.image or self._image_of(step)
        container: Arguments = {"ModelDataUrl": self.place(step.artifact)}
        if image is not None:
            container["Image"] = image if isinstance(image, str) else image_uri(image, context)
        types = {
            "SupportedRealtimeInferenceInstanceTypes": [*spec.realtime_instance_types],
            "SupportedTransformInstanceTypes": [*spec.transform_instance_types],
        }
        found: Arguments = {
            "ModelPackageGroupName": spec.group if ":" in spec.group else context.name(spec.group),
            "ModelApprovalStatus": spec.approval,
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": [*spec.content_types],
                "SupportedResponseMIMETypes": [*spec.response_types],
                **{name: value for name, value in types.items() if value},
            },
            "CustomerMetadataProperties": {
                **{name: self.value(each) for name, each in spec.metadata.items()},
                "pipeline_execution": Execution(property="PipelineExecutionArn").written(),
            },
        }
        if step.metrics is not None:
            found["ModelMetrics"] = {
                "ModelQuality": {
                    "Statistics": {
                        "ContentType": "application/json",
                        "S3Uri": self.place(step.metrics),
                    }
                }
            }
        if spec.description:
            found["ModelPackageDescription"] = spec.description
        return found

    def _image_of(self, step: RegisterStep) -> str | None:
        """The image that trained the artifact."""
        made = self._steps.get(getattr(step.artifact, "step", ""))
        job: Job | None = made.job if made is not None else None
        if isinstance(job, TrainingJob | ProcessingJob):
            return job.image_uri(self._around.context)
        return None

    def all(self, steps: Mapping[str, PipelineStep]) -> list[dict[str, Any]]:
        """Steps as the definition says them."""
        return [self._step(name, step) for name, step in steps.items()]

    def _step(self, name: str, step: PipelineStep) -> dict[str, Any]:
        found: dict[str, Any] = {
            "Name": name,
            "Type": step.type,
            "Arguments": self.arguments(name, step),
        }
        if step.depends_on:
            found["DependsOn"] = [*step.depends_on]
        if step.display_name:
            found["DisplayName"] = step.display_name
        if step.description:
            found["Description"] = step.description
        cache: Cache | None = getattr(step, "cache", None)
        if cache is not None:
            found["CacheConfig"] = {"Enabled": True, "ExpireAfter": cache.expire_after}
        retry: Iterable[Retry] = getattr(step, "retry", ())
        if retry:
            found["RetryPolicies"] = [_retry(each) for each in retry]
        if isinstance(step, ProcessingStep) and step.property_files:
            found["PropertyFiles"] = [
                {"PropertyFileName": file, "OutputName": each.output, "FilePath": each.path}
                for file, each in step.property_files.items()
            ]
        return found


def _retry(policy: Retry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ExceptionType": [*policy.on],
        "IntervalSeconds": policy.interval_seconds,
        "BackoffRate": policy.backoff_rate,
    }
    if policy.max_attempts is not None:
        found["MaxAttempts"] = policy.max_attempts
    if policy.expire_after_minutes is not None:
        found["ExpireAfterMin"] = policy.expire_after_minutes
    return found


def _plain(value: Any) -> Any:
    """A request without the endings `.$` of a state machine's names."""
    if isinstance(value, dict):
        return {
            key.removesuffix(".$") if isinstance(inner, dict) else key: _plain(inner)
            for key, inner in value.items()
        }
    return [_plain(each) for each in value] if isinstance(value, list) else value


def definition(pipeline: Pipeline, name: str, around: Around) -> dict[str, Any]:
    """The definition of a pipeline.

    Experiments are left out: a run fails in Regions without them (aws/sagemaker-python-sdk #5570).
    """
    parameters = []
    for key, each in pipeline.parameters.items():
        declared: dict[str, Any] = {"Name": key, "Type": each.type}
        if each.default is not None:
            declared["DefaultValue"] = each.default
        if each.choices:
            declared["EnumValues"] = [*each.choices]
        parameters.append(declared)
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": parameters,
        "Steps": Requests(around, name, pipeline).all(pipeline.steps),
    }
