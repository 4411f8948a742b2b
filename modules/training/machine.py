"""The state machine of a retraining, in Amazon States Language: what each step is told, and what follows.

Pure: what Terraform knows only later is text with a reference in it. JSONPath, no JSONata, and no
function of Lambda.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..context import Context
from ..model.artifact import located
from ..model.image import image_uri
from ..s3_uri import bucket_and_key
from ..sagemaker import telling
from . import names
from .drift import MEASURE, NAMESPACE, REPORT, DriftMonitor
from .jobs import (
    CategoricalRange,
    ContinuousRange,
    IntegerRange,
    Job,
    ProcessingJob,
    Reference,
    TrainingJob,
    Tuning,
    local_storage,
)
from .workflow import Evaluation, FromInput, FromStep, Register, Retraining

State = dict[str, Any]

UNIQUE = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 4)"
_RUN = "$$.Execution.Name"
_WAIT_SECONDS = 300

NOT_GOOD_ENOUGH = "Not good enough"
NO_VERDICT = "No verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What jobs refer to beside their Specs."""

    context: Context
    bucket: str
    """The artifact bucket."""

    kms_key_arn: str
    """The key of volumes and what is written."""

    subnet_ids: list[str]
    security_group_ids: list[str]
    roles: Mapping[str, str]
    """The ARN of the role of each step's containers."""

    tags: Mapping[str, str]
    """The tags of jobs."""


def quoted(text: str) -> str:
    """A text as an argument of an intrinsic function."""
    for character in ("\\", "'", "{", "}"):
        text = text.replace(character, f"\\{character}")
    return f"'{text}'"


def told(value: str | Reference, resolve: Any) -> tuple[str, str]:
    """A value with the ending of its name: `.$` where only a run knows it."""
    return ("", value) if isinstance(value, str) else (".$", resolve(value))


class Steps:
    """The requests of the jobs of one retraining or monitor, whose runs write below `folder`."""

    def __init__(self, around: Around, name: str, jobs: Mapping[str, Job], folder: str) -> None:
        self._around, self._name, self._jobs, self._folder = around, name, jobs, folder
        self.root = f"s3://{around.bucket}/{folder}"

    def within(self, *parts: str) -> str:
        """Where a run writes, as an expression."""
        rest = "/".join(parts)
        return f"States.Format('{self.root}{{}}/{rest}', {_RUN})"

    def key_within(self, *parts: str) -> str:
        """The key of what a run writes, as an expression."""
        return f"States.Format('{self._folder}{{}}/{'/'.join(parts)}', {_RUN})"

    def resolve(self, reference: Reference) -> str:
        """What a reference is, as an expression."""
        if isinstance(reference, FromInput):
            return f"$.given.{reference.name}"
        assert isinstance(reference, FromStep)
        if reference.step == "train":
            return "$.train.model"
        job = self._jobs["prepare"]
        assert isinstance(job, ProcessingJob)
        uri = job.outputs[reference.output].uri
        if isinstance(uri, str):
            # Not quoted: no location has a character that would need it, and the bucket may be a
            # reference of Terraform's, whose braces are its own.
            return f"States.Format('{located(uri, self._around.bucket)}')"
        if uri is not None:
            return self.resolve(uri)
        return self.within("prepare", reference.output)

    def location(self, member: str, uri: str | Reference) -> dict[str, str]:
        """A member that says where data lies."""
        ending, value = told(uri, self.resolve)
        return {f"{member}{ending}": value if ending else located(value, self._around.bucket)}

    def texts(self, values: Mapping[str, str | Reference]) -> dict[str, str]:
        """A map of texts."""
        pairs = ((name, told(value, self.resolve)) for name, value in values.items())
        return {f"{name}{ending}": value for name, (ending, value) in pairs}

    def job_name(self, member: str, step: str, longest: int = 63) -> dict[str, str]:
        """The member that names a job."""
        base = names.job_name(self._around.context, self._name, step, longest)
        return {f"{member}.$": f"States.Format('{base}-{{}}', {UNIQUE})"}

    def network(self, *, vpc: bool) -> dict[str, Any]:
        """The member `VpcConfig`."""
        if not vpc:
            return {}
        around = self._around
        return {
            "VpcConfig": {
                "Subnets": [*around.subnet_ids],
                "SecurityGroupIds": [*around.security_group_ids],
            }
        }

    @property
    def tags(self) -> list[dict[str, str]]:
        """The member `Tags`."""
        return [{"Key": name, "Value": value} for name, value in self._around.tags.items()]

    # Training

    def _algorithm(self, job: TrainingJob) -> dict[str, Any]:
        metrics = [{"Name": name, "Regex": regex} for name, regex in job.metrics.items()]
        return {
            "TrainingImage": job.image_uri(self._around.context),
            "TrainingInputMode": "File",
            **({"ContainerEntrypoint": [*job.command]} if job.command else {}),
            **({"MetricDefinitions": metrics} if metrics else {}),
        }

    def _channels(self, job: TrainingJob) -> list[dict[str, Any]]:
        return [
            {
                "ChannelName": name,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": channel.data_type,
                        **self.location("S3Uri", channel.uri),
                        "S3DataDistributionType": channel.distribution,
                        **({"AttributeNames": [*channel.attributes]} if channel.attributes else {}),
                    }
                },
                "InputMode": channel.input_mode,
                **({"ContentType": channel.content_type} if channel.content_type else {}),
                **({"CompressionType": "Gzip"} if channel.gzip else {}),
                **(
                    {"RecordWrapperType": "RecordIO"}
                    if channel.data_type == "AugmentedManifestFile"
                    else {}
                ),
                **(
                    {"ShuffleConfig": {"Seed": channel.shuffle_seed}}
                    if channel.shuffle_seed is not None
                    else {}
                ),
            }
            for name, channel in job.channels.items()
        ]

    def _common(self, job: TrainingJob) -> dict[str, Any]:
        """What a training job and the definition of a tuning have in common."""
        around, spot = self._around, job.spot
        resources: dict[str, Any] = {
            "InstanceType": job.instance_type,
            "InstanceCount": job.instance_count,
        }
        if not local_storage(job.instance_type):
            resources["VolumeSizeInGB"] = job.volume_size_gb or 30
            resources["VolumeKmsKeyId"] = around.kms_key_arn
        if job.keep_alive_seconds is not None:
            resources["KeepAlivePeriodInSeconds"] = job.keep_alive_seconds
        stopping = {"MaxRuntimeInSeconds": job.max_runtime_seconds}
        found: dict[str, Any] = {
            "RoleArn": around.roles["train"],
            "InputDataConfig": self._channels(job),
            "OutputDataConfig": {
                "S3OutputPath.$": self.within("model"),
                "KmsKeyId": around.kms_key_arn,
            },
            "ResourceConfig": resources,
            "StoppingCondition": stopping,
            "EnableNetworkIsolation": job.network_isolation,
            "EnableInterContainerTrafficEncryption": job.instance_count > 1,
            "EnableManagedSpotTraining": spot is not None,
            **self.network(vpc=job.vpc),
        }
        if spot is not None:
            stopping["MaxWaitTimeInSeconds"] = spot.max_wait_seconds
        if spot is not None and spot.checkpoints is not None:
            kept = spot.checkpoints
            place = (
                {"S3Uri.$": self.within("checkpoints")}
                if kept.uri is None
                else self.location("S3Uri", kept.uri)
            )
            found["CheckpointConfig"] = {**place, "LocalPath": kept.local_path}
        if job.retries is not None:
            found["RetryStrategy"] = {"MaximumRetryAttempts": job.retries}
        if job.environment:
            found["Environment"] = self.texts(job.environment)
        return found

    def training(self, job: TrainingJob) -> dict[str, Any]:
        """What CreateTrainingJob is told."""
        return {
            **self.job_name("TrainingJobName", "train"),
            "AlgorithmSpecification": self._algorithm(job),
            **({"HyperParameters": self.texts(job.hyperparameters)} if job.hyperparameters else {}),
            **self._common(job),
            # On by default, and billed for storage.
            "ProfilerConfig": {"DisableProfiler": True},
            "Tags": self.tags,
        }

    def tuning(self, spec: Tuning) -> dict[str, Any]:
        """What CreateHyperParameterTuningJob is told."""
        objective = {"Type": spec.goal, "MetricName": spec.objective}
        limits: dict[str, Any] = {"MaxParallelTrainingJobs": spec.max_parallel_jobs}
        if spec.strategy != "Grid":
            limits["MaxNumberOfTrainingJobs"] = spec.jobs
        if spec.max_runtime_seconds is not None:
            limits["MaxRuntimeInSeconds"] = spec.max_runtime_seconds
        fixed = self.texts(spec.job.hyperparameters)
        return {
            **self.job_name("HyperParameterTuningJobName", "tune", 32),
            "HyperParameterTuningJobConfig": {
                "Strategy": spec.strategy,
                "HyperParameterTuningJobObjective": objective,
                "ResourceLimits": limits,
                "ParameterRanges": _ranges(spec),
                "TrainingJobEarlyStoppingType": "Auto" if spec.early_stopping else "Off",
                **({"RandomSeed": spec.seed} if spec.seed is not None else {}),
            },
            "TrainingJobDefinition": {
                "AlgorithmSpecification": self._algorithm(spec.job),
                **({"StaticHyperParameters": fixed} if fixed else {}),
                **self._common(spec.job),
            },
            "Tags": self.tags,
        }

    # Processing

    def processing(self, job: ProcessingJob, step: str) -> dict[str, Any]:
        """What CreateProcessingJob is told."""
        around = self._around
        cluster: dict[str, Any] = {
            "InstanceType": job.instance_type,
            "InstanceCount": job.instance_count,
            "VolumeSizeInGB": job.volume_size_gb,
        }
        if not local_storage(job.instance_type):
            cluster["VolumeKmsKeyId"] = around.kms_key_arn
        application: dict[str, Any] = {"ImageUri": job.image_uri(around.context)}
        if job.command:
            application["ContainerEntrypoint"] = [*job.command]
        application |= self._arguments(job.arguments)
        request: dict[str, Any] = {
            **self.job_name("ProcessingJobName", step),
            "RoleArn": around.roles[step],
            "AppSpecification": application,
            "ProcessingResources": {"ClusterConfig": cluster},
            "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_seconds},
            "NetworkConfig": {
                "EnableNetworkIsolation": job.network_isolation,
                "EnableInterContainerTrafficEncryption": job.instance_count > 1,
                **self.network(vpc=job.vpc),
            },
        }
        if job.inputs:
            request["ProcessingInputs"] = [
                {
                    "InputName": name,
                    "S3Input": {
                        **self.location("S3Uri", each.uri),
                        "LocalPath": each.local_path or f"/opt/ml/processing/input/{name}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                        "S3DataDistributionType": each.distribution,
                    },
                }
                for name, each in job.inputs.items()
            ]
        if job.outputs:
            request["ProcessingOutputConfig"] = {
                "Outputs": [
                    {
                        "OutputName": name,
                        "S3Output": {
                            **(
                                {"S3Uri.$": self.within(step, name)}
                                if each.uri is None
                                else self.location("S3Uri", each.uri)
                            ),
                            "LocalPath": each.local_path or f"/opt/ml/processing/output/{name}",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                    for name, each in job.outputs.items()
                ],
                "KmsKeyId": around.kms_key_arn,
            }
        if job.environment:
            request["Environment"] = self.texts(job.environment)
        return {**request, "Tags": self.tags}

    def _arguments(self, arguments: Iterable[str | Reference]) -> dict[str, Any]:
        given = [*arguments]
        if not given:
            return {}
        if all(isinstance(each, str) for each in given):
            return {"ContainerArguments": given}
        parts = (quoted(e) if isinstance(e, str) else self.resolve(e) for e in given)
        return {"ContainerArguments.$": f"States.Array({', '.join(parts)})"}


def _ranges(spec: Tuning) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, each in spec.ranges.items():
        if isinstance(each, CategoricalRange):
            ranges = found.setdefault("CategoricalParameterRanges", [])
            ranges.append({"Name": name, "Values": [*each.values]})
            continue
        assert isinstance(each, IntegerRange | ContinuousRange)
        kind = "Integer" if isinstance(each, IntegerRange) else "Continuous"
        found.setdefault(f"{kind}ParameterRanges", []).append(
            {
                "Name": name,
                "MinValue": str(each.minimum),
                "MaxValue": str(each.maximum),
                "ScalingType": each.scale,
            }
        )
    return found


def retries(capacity_minutes: int) -> list[dict[str, Any]]:
    """When a task is tried again: while there is no capacity, and when AWS asks to slow down.

    CreateProcessingJob takes one request a second, which cannot be raised (AWS General Reference,
    SageMaker quotas).
    """
    slower = {
        "ErrorEquals": ["ThrottlingException", "SageMaker.ThrottlingException"],
        "IntervalSeconds": 5,
        "MaxAttempts": 6,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }
    attempts = capacity_minutes * 60 // _WAIT_SECONDS
    if not attempts:
        return [slower]
    capacity = {
        "ErrorEquals": [
            "SageMaker.ResourceLimitExceededException",
            "SageMaker.ResourceLimitExceeded",
        ],
        "IntervalSeconds": _WAIT_SECONDS,
        "MaxAttempts": attempts,
        "BackoffRate": 1,
    }
    return [slower, capacity]


class Chain:
    """States one after the other, each of which tells of its failure where somebody is to be notified."""

    def __init__(self, partition: str, notify: str | None, retry: list[dict[str, Any]]) -> None:
        self._partition, self.notify, self._retry = partition, notify, retry
        self.states: dict[str, State] = {}
        self.first = ""
        self._open: State | None = None

    def add(self, name: str, state: State) -> None:
        """The next state."""
        if self._open is not None:
            self._open["Next"] = name
        self.first = self.first or name
        self.states[name] = self._open = state

    def task(self, name: str, resource: str, parameters: dict[str, Any], **fields: Any) -> None:
        """The next task."""
        state: State = {
            "Type": "Task",
            "Resource": f"arn:{self._partition}:states:::{resource}",
            "Parameters": parameters,
            "Retry": self._retry,
            **fields,
        }
        if self.notify:
            state["Catch"] = telling.CAUGHT
        self.add(name, state)

    def publish(self, subject: str, message: dict[str, Any], **fields: Any) -> State:
        """A task that tells the topic."""
        return telling.publish(self._partition, self.notify, subject, message, **fields)

    def choose(self, name: str, choices: list[dict[str, Any]], default: str) -> None:
        """A choice, which leads to states beside the chain or to the next one by its name."""
        self.add(name, {"Type": "Choice", "Choices": choices, "Default": default})
        self._open = None

    def beside(self, name: str, state: State) -> None:
        """A state beside the chain."""
        self.states[name] = state

    def fail(self, name: str, error: str, cause: str) -> None:
        """A state beside the chain that fails, and tells of it."""
        state: State = {"Type": "Fail", "Error": error, "Cause": cause}
        if self.notify:
            result = {"Error": error, "Cause": cause}
            state = {"Type": "Pass", "Result": result, "ResultPath": "$.error", "Next": "Tell"}
        self.beside(name, state)

    def definition(self, comment: str, subject: str) -> dict[str, Any]:
        """The whole, with what tells of failures."""
        if self._open is not None and self._open["Type"] not in ("Succeed", "Fail"):
            self._open["End"] = True
        if self.notify:
            self.states |= telling.states(self._partition, self.notify, subject)
        return {"Comment": comment, "StartAt": self.first, "States": self.states}


_NUMBERS = {
    "GreaterThan": "NumericGreaterThan",
    "GreaterThanOrEqualTo": "NumericGreaterThanEquals",
    "LessThan": "NumericLessThan",
    "LessThanOrEqualTo": "NumericLessThanEquals",
    "EqualTo": "NumericEquals",
}


def number_at(variable: str) -> list[dict[str, Any]]:
    """That a number is there."""
    return [{"Variable": variable, "IsPresent": True}, {"Variable": variable, "IsNumeric": True}]


def _judge(
    chain: Chain, spec: Evaluation, steps: Steps, name: str, bucket: str, last: bool
) -> None:
    chain.task(
        "Evaluate",
        "sagemaker:createProcessingJob.sync",
        steps.processing(spec.job, "evaluate"),
        ResultPath=None,
    )
    chain.task(
        "Read",
        "aws-sdk:s3:getObject",
        {"Bucket": bucket, "Key.$": steps.key_within("evaluate", spec.output, spec.file)},
        ResultSelector={"report.$": "States.StringToJson($.Body)"},
        ResultPath="$.evaluation",
    )
    variable = f"$.evaluation.report.{spec.path}"
    good = {"Variable": variable, _NUMBERS[spec.comparison]: spec.threshold}
    chain.choose(
        "Judge",
        [
            {"And": [*number_at(variable), good], "Next": "Good enough"},
            {"And": number_at(variable), "Next": NOT_GOOD_ENOUGH},
        ],
        NO_VERDICT,
    )
    below: State = {"Type": "Succeed"}
    if chain.notify:
        message = {
            "execution.$": "$$.Execution.Id",
            "wanted": f"{spec.path} {spec.comparison} {spec.threshold:g}",
            "report.$": "$.evaluation.report",
        }
        below = chain.publish(f"{name}: the model is not good enough", message, End=True)
    chain.beside(NOT_GOOD_ENOUGH, below)
    chain.fail(NO_VERDICT, "NoVerdict", f"the report has no number at {spec.path}")
    chain.add("Good enough", {"Type": "Succeed" if last else "Pass"})


def _register(
    chain: Chain, spec: Retraining, register: Register, steps: Steps, name: str, context: Context
) -> None:
    image = register.image or spec.job.image
    specification: dict[str, Any] = {
        "Containers": [{"Image": image_uri(image, context), "ModelDataUrl.$": "$.train.model"}],
        "SupportedContentTypes": [*register.content_types],
        "SupportedResponseMIMETypes": [*register.response_types],
    }
    if register.realtime_instance_types:
        specification["SupportedRealtimeInferenceInstanceTypes"] = [
            *register.realtime_instance_types
        ]
    if register.transform_instance_types:
        specification["SupportedTransformInstanceTypes"] = [*register.transform_instance_types]
    request: dict[str, Any] = {
        "ModelPackageGroupName": group_name(context, register),
        "ModelApprovalStatus": register.approval,
        "InferenceSpecification": specification,
        "CustomerMetadataProperties": {
            **steps.texts(register.metadata),
            "execution.$": _RUN,
            "training_job.$": "$.train.job",
        },
        # A task that is tried again registers no second version.
        "ClientToken.$": "States.Hash($$.Execution.Id, 'MD5')",
    }
    if register.description:
        request["ModelPackageDescription"] = register.description
    if spec.evaluate is not None:
        report = steps.within("evaluate", spec.evaluate.output, spec.evaluate.file)
        statistics = {"ContentType": "application/json", "S3Uri.$": report}
        request["ModelMetrics"] = {"ModelQuality": {"Statistics": statistics}}
    chain.task(
        "Register",
        "aws-sdk:sagemaker:createModelPackage",
        request,
        ResultSelector={"version.$": "$.ModelPackageArn"},
        ResultPath="$.registered",
    )


def group_name(context: Context, register: Register) -> str:
    """The group's name in AWS, or its ARN where another account has it."""
    return register.group if register.group.startswith("arn:") else context.name(register.group)


def definition(spec: Retraining, name: str, around: Around) -> dict[str, Any]:
    """The state machine of a retraining."""
    context = around.context
    jobs: dict[str, Job] = dict(spec.jobs.items())
    steps = Steps(around, name, jobs, names.folder(name))
    chain = Chain(context.partition, spec.notify, retries(spec.retry_capacity_minutes))
    if spec.parameters:
        chain.add(
            "Defaults",
            {"Type": "Pass", "Parameters": {"defaults": {**spec.parameters}, "input.$": "$"}},
        )
        merged = "States.JsonMerge($.defaults, $.input, false)"
        chain.add("Input", {"Type": "Pass", "Parameters": {"given.$": merged}})
    if spec.prepare is not None:
        request = steps.processing(spec.prepare, "prepare")
        chain.task("Prepare", "sagemaker:createProcessingJob.sync", request, ResultPath=None)
    if isinstance(spec.train, Tuning):
        best = "$.BestTrainingJob.TrainingJobName"
        model = f"States.Format('{steps.root}{{}}/model/{{}}/output/model.tar.gz', {_RUN}, {best})"
        chain.task(
            "Tune",
            "sagemaker:createHyperParameterTuningJob.sync",
            steps.tuning(spec.train),
            ResultSelector={"job.$": best, "model.$": model},
            ResultPath="$.train",
        )
    else:
        chain.task(
            "Train",
            "sagemaker:createTrainingJob.sync",
            steps.training(spec.train),
            ResultSelector={
                "job.$": "$.TrainingJobName",
                "model.$": "$.ModelArtifacts.S3ModelArtifacts",
            },
            ResultPath="$.train",
        )
    if spec.evaluate is not None:
        _judge(chain, spec.evaluate, steps, name, around.bucket, last=spec.registers is None)
    if spec.registers is not None:
        _register(chain, spec, spec.registers, steps, name, context)
    return chain.definition(f"Retraining {name}", f"{name}: retraining failed")


def monitor_definition(
    spec: DriftMonitor, name: str, around: Around, *, captured: str, endpoint: str
) -> dict[str, Any]:
    """The state machine of a drift monitor; `captured` is where the captures of the endpoint lie, whose
    name in AWS `endpoint` is."""
    context = around.context
    job = spec.job_on(captured)
    steps = Steps(around, name, {MEASURE: job}, names.monitor_folder(name))
    chain = Chain(context.partition, spec.notify, retries(60))
    request = steps.processing(job, MEASURE)
    request["Environment"] = {**request["Environment"], "NOW.$": "$$.Execution.StartTime"}
    bucket, prefix = bucket_and_key(captured)
    # SageMaker refuses a job of whose input there is no object.
    chain.task(
        "Look",
        "aws-sdk:s3:listObjectsV2",
        {"Bucket": bucket, "Prefix": prefix, "MaxKeys": 1},
        ResultSelector={"objects.$": "$.KeyCount"},
        ResultPath="$.captured",
    )
    chain.choose(
        "Has captures",
        [{"Variable": "$.captured.objects", "NumericGreaterThan": 0, "Next": "Measure"}],
        "No data",
    )
    chain.task("Measure", "sagemaker:createProcessingJob.sync", request, ResultPath=None)
    chain.task(
        "Read",
        "aws-sdk:s3:getObject",
        {"Bucket": around.bucket, "Key.$": steps.key_within(MEASURE, REPORT, "report.json")},
        ResultSelector={"report.$": "States.StringToJson($.Body)"},
        ResultPath="$.measured",
    )
    report = "$.measured.report"
    verdict = f"{report}.verdict"
    there = {"Variable": verdict, "IsPresent": True}
    chain.choose(
        "Has data",
        [
            {"And": [there, {"Variable": verdict, "BooleanEquals": True}], "Next": "Publish"},
            {"And": [there, {"Variable": verdict, "BooleanEquals": False}], "Next": "No data"},
        ],
        NO_VERDICT,
    )
    chain.beside("No data", {"Type": "Succeed"})
    chain.fail(NO_VERDICT, "NoVerdict", "the report does not say whether there was data: verdict")
    dimensions = [{"Name": "Endpoint", "Value": endpoint}, {"Name": "Monitor", "Value": name}]
    chain.task(
        "Publish",
        "aws-sdk:cloudwatch:putMetricData",
        {
            "Namespace": NAMESPACE,
            "MetricData": [
                {"MetricName": metric, "Value.$": f"{report}.{path}", "Dimensions": dimensions}
                for metric, path in spec.metrics.items()
            ],
        },
        ResultPath=None,
    )
    if spec.then is not None and spec.thresholds:
        above = [
            {"Variable": f"{report}.{spec.metrics[metric]}", "NumericGreaterThan": limit}
            for metric, limit in spec.thresholds.items()
        ]
        drifted = {"Or": above} if len(above) > 1 else above[0]
        chain.choose("Judge", [{**drifted, "Next": "Retrain"}], "Calm")
        chain.beside("Calm", {"Type": "Succeed"})
        chain.task(
            "Retrain",
            "states:startExecution",
            {
                "StateMachineArn": names.machine_arn(context, spec.then),
                # A task that is tried again starts no second one.
                "Name.$": _RUN,
                "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"},
            },
            ResultSelector={"execution.$": "$.ExecutionArn"},
            ResultPath="$.started",
        )
    return chain.definition(f"Drift of {endpoint}", f"{name}: drift monitor failed")
