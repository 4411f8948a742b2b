"""What is asked of inference services on AWS Lambda."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ..alarms.published import Feature
from ..alarms.watched import Watched
from ..context import Context
from ..ecr.spec import Image
from ..image_uri import parse_image
from ..model import hub
from ..model.image import FrameworkContainer, built_for, is_of_aws
from ..model.spec import Model
from ..names import Name, role
from ..rollouts.spec import AllAtOnce, Canary, Linear
from ..rules import Problem, rule
from ..scaling.kinds import LAMBDA as LAMBDA_KIND
from ..scaling.kinds import Kind
from ..scaling.spec import Scaling
from ..service import (
    Deployed,
    Needs,
    Place,
    Platform,
    Scalable,
    Service,
    Teller,
    secret_endpoints,
)
from ..spec import Aws, Between, OneOf
from ..usage import Usage, alarm_usage, bounds, by_use
from ..vpc.flow_logs import RetentionDays
from . import names as named
from .guardrails import LAMBDA, MOST_MINUTES
from .parts import Asynchronous, FunctionAlarms, FunctionContainer, FunctionUrl, FunctionVpc

LMB1 = rule(
    "LMB1",
    refuses="a memory size outside 128 to 10,240 MiB",
    message="must be from {low} to {high} MiB",
    source="AWS Lambda developer guide, quotas (function memory); more is for Lambda Managed Instances",
)
LMB2 = rule(
    "LMB2",
    refuses="a timeout outside 1 to 900 seconds",
    message="must be from {low} to {high} seconds; predictions that take longer are for an "
    "AsyncEndpoint",
    source="AWS Lambda developer guide, quotas (function timeout)",
)
LMB3 = rule(
    "LMB3",
    refuses="an ephemeral storage outside 512 to 10,240 MiB",
    message="must be from {low} to {high} MiB",
    source="AWS Lambda developer guide, quotas (/tmp)",
)
LMB4 = rule(
    "LMB4",
    refuses="environment variables of more than 4,096 bytes with those of the adapter",
    message="are {size} bytes with those of the Lambda Web Adapter, and Lambda takes {most}; read long "
    "ones from SSM Parameter Store or from a file in the image",
    source="AWS Lambda developer guide, quotas (function environment variables)",
)
LMB5 = rule(
    "LMB5",
    refuses="a variable that Lambda reserves, or that Inferform sets for the adapter",
    message="is {owner}; leave it out, or name it otherwise",
    source="AWS Lambda developer guide, reserved environment variables; github.com/aws/"
    "aws-lambda-web-adapter, README",
)
LMB6 = rule(
    "LMB6",
    refuses="a model artifact beside the image",
    message="is unpacked by nothing on Lambda; copy the model into the image, of up to 10 GB, or let the "
    "container fetch it to /tmp",
    source="AWS Lambda developer guide, container images; Inferform: nothing fills /opt/ml/model",
)
LMB8 = rule(
    "LMB8",
    refuses="SnapStart beside what it excludes",
    message="cannot be used with {other}; leave one of them out",
    source="AWS Lambda developer guide, Lambda SnapStart, supported features and limitations",
)
LMB9 = rule(
    "LMB9",
    refuses="more provisioned than reserved concurrency",
    message="is above reserved_concurrency ({reserved}); lower it, or reserve more",
    source="AWS Lambda developer guide, configuring provisioned concurrency",
)
LMB10 = rule(
    "LMB10",
    refuses="a reserved concurrency that leaves others less than 100 of an account's 1,000",
    message="leaves less than 100 of the 1,000 that an account has without a raised quota; Lambda then "
    "refuses it",
    source="AWS Lambda developer guide, configuring reserved concurrency; quota L-B99A9384",
    severity="warning",
)
LMB11 = rule(
    "LMB11",
    refuses="a provisioned concurrency that is not where scaling starts",
    message="is not where scaling starts, {minimum}, to which it is moved at once; leave it out",
    source="Inferform: one owner for each value",
    severity="warning",
)
LMB12 = rule(
    "LMB12",
    refuses="a container for GPUs, or one of AWS's own, which has no Lambda Web Adapter",
    message="{wrong}",
    source="AWS Lambda developer guide, quotas (no accelerators); github.com/aws/aws-lambda-web-adapter, "
    "README",
)
LMB16 = rule(
    "LMB16",
    refuses="a PyTorch container on Arm",
    message="is a PyTorch image on Arm, whose cpuinfo may crash without /sys/devices/system/cpu, as on "
    "Lambda; try it there first, or use X86_64",
    source="github.com/pytorch/cpuinfo #143; github.com/pytorch/pytorch #74876",
    severity="warning",
)
LMB17 = rule(
    "LMB17",
    refuses="less memory than gives one whole vCPU",
    message="gives less than one vCPU, which Lambda has from 1,769 MiB on; a model may load and answer "
    "slowly",
    source="AWS Lambda developer guide, configure Lambda function memory",
    severity="warning",
)
LMB18 = rule(
    "LMB18",
    refuses="an alarm on short durations in a protected environment without provisioned concurrency",
    message="is below a second, and a first request after a pause waits for a new environment; set "
    "provisioned_concurrency, or raise it",
    source="AWS Lambda developer guide, understanding the Lambda execution environment lifecycle",
    severity="warning",
)
LMB19 = rule(
    "LMB19",
    refuses="an image of a repository that this environment does not make",
    message="is in a repository that this environment does not make; its policy must let "
    'lambda.amazonaws.com pull (where Inferform makes it: pull_services=["lambda"])',
    source="AWS Lambda developer guide, Amazon ECR permissions; github.com/terraform-aws-modules/"
    "terraform-aws-ecr #34 (the policy that Lambda writes itself is removed by the next apply)",
    severity="warning",
)
LMB21 = rule(
    "LMB21",
    refuses="a function in subnets with no NAT and not every endpoint that it needs",
    message="cannot reach what it calls: the network has no NAT and lacks the endpoints {missing}; add "
    "them, set network.auto_endpoints=True, or leave out vpc",
    source="AWS Lambda developer guide, giving Lambda functions access to resources in an Amazon VPC",
)
LMB23 = rule(
    "LMB23",
    refuses="a field of Model that only SageMaker knows",
    message="is for SageMaker alone; Lambda serves image and environment",
    source="Inferform: nothing that is asked for is left out silently",
)
LMB24 = rule(
    "LMB24",
    refuses="a shift of traffic over more than 2,880 minutes",
    message="takes {minutes:,} minutes in all, and CodeDeploy takes 2,880 for a function; raise "
    "step_percent, or lower wait_seconds",
    source="AWS CodeDeploy user guide, limits (minutes between the first and last traffic shift of an "
    "AWS Lambda deployment)",
)
LMB25 = rule(
    "LMB25",
    refuses="a shift of traffic that no alarm watches",
    message="is watched by no alarm, so that nothing rolls it back; give the function alarms, or "
    "alarm_names",
    source="AWS CodeDeploy API reference, AlarmConfiguration",
    severity="warning",
)
LMB26 = rule(
    "LMB26",
    refuses="more than 10 alarms of one rollout",
    message="make {count} alarms with those of the function, and CodeDeploy takes 10",
    source="AWS CodeDeploy API reference, AlarmConfiguration (at most 10 alarms)",
)
LMB27 = rule(
    "LMB27",
    refuses="alarms that roll back where nothing is shifted",
    message="rolls nothing back, as an apply moves all traffic at once; use Canary or Linear",
    source="Inferform: AllAtOnce moves the alias within the apply",
)
LMB28 = rule(
    "LMB28",
    refuses="SnapStart of an image, which has to be made for it",
    message='needs the label com.amazonaws.lambda.feature.snapstart="Allow" in an image that is not '
    "made from AWS's base images, or publishing the version fails",
    source="github.com/serverless/serverless #13834; github.com/aws/aws-cdk #38265",
    severity="warning",
)
LMB31 = rule(
    "LMB31",
    refuses="a concurrency that is none",
    message="must be from {low} to {high}",
    source="botocore lambda PositiveInteger, ReservedConcurrentExecutions; Service Quotas, L-B99A9384 "
    "(raised quotas have tens of thousands)",
)
LMB32 = rule(
    "LMB32",
    refuses="a function that may not run",
    message="is 0, which stops the function: every request is throttled",
    source="AWS Lambda developer guide, configuring reserved concurrency",
    severity="warning",
)
LMB34 = rule(
    "LMB34",
    refuses="subnets or security groups of a function outside the VPC",
    message="is for a function in the VPC; set vpc=FunctionVpc(), or leave it out",
    source="AWS Lambda API reference, VpcConfig",
)
LMB36 = rule(
    "LMB36",
    refuses="provisioned concurrency beside a shift of traffic",
    message="is shifted while concurrency is provisioned: Lambda refuses to change the count while the "
    "alias has two versions, so change only one of image and count in an apply",
    source="github.com/hashicorp/terraform #24957; github.com/hashicorp/terraform-provider-aws #12923, "
    "#48116",
    severity="warning",
)
LMB37 = rule(
    "LMB37",
    refuses="waiting for a slow start where Lambda waits anyway",
    message="has no effect with {other}, which wait for the model; leave it out",
    source="github.com/aws/aws-lambda-web-adapter, README (AWS_LWA_ASYNC_INIT)",
    severity="warning",
)
LMB38 = rule(
    "LMB38",
    refuses="an environment variable whose name Lambda does not take",
    message="must begin with a letter and have two letters, digits or _ or more on Lambda",
    source="botocore lambda EnvironmentVariableName",
)
LMB41 = rule(
    "LMB41",
    refuses="an alarm on a duration that no invocation has",
    message="is not below timeout_seconds ({timeout}), at which an invocation ends, so that the alarm "
    "never fires; lower it",
    source="AWS Lambda developer guide, function metrics (Duration)",
)
LMB43 = rule(
    "LMB43",
    refuses="a shorter timeout than an environment may need to start",
    message="is short for slow_start, which waits for the model in the first request; allow 30 seconds "
    "or more",
    source="github.com/aws/aws-lambda-web-adapter, README (AWS_LWA_ASYNC_INIT)",
    severity="warning",
)

LMB51 = rule(
    "LMB51",
    refuses="a model that takes larger bodies than Lambda passes on",
    message="lets the container take {size} MiB, but Lambda passes on {most} MB at most, of bytes in base64 "
    "three quarters of that; leave it out, or serve larger bodies by an endpoint or an EcsService",
    source="AWS Lambda developer guide, quotas (invocation payload, synchronous: 6 MB)",
    severity="warning",
)
LMB52 = rule(
    "LMB52",
    refuses="reserved concurrencies that together leave others less than 100 of an account's 1,000",
    message="makes {sum:,} with those of {others}, which leaves less than 100 of the 1,000 that an account has "
    "without a raised quota; Lambda then refuses it",
    source="AWS Lambda developer guide, configuring reserved concurrency; quota L-B99A9384",
    severity="warning",
)

_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
"""The names that Lambda keeps. Source: AWS Lambda developer guide, reserved environment variables."""

SECONDS_PER_MONTH = 730 * 3600
"""For what is billed by the second around the clock."""

_MOST_BYTES = 4096
_LARGEST_BODY_MB = 6
_FIRST_VCPU_MIB = 1769
_ACCOUNT = 1000
_UNRESERVED = 100
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+", re.ASCII)

Concurrency = Annotated[int, Between(LMB31, 1, 100_000)]


class LambdaFunction(Service):
    """An inference service on AWS Lambda: the container that SageMaker would serve, with the Lambda Web
    Adapter in its image.

    Its `model` is a SageMaker `Model`, so moving from one to the other changes the type and the
    target alone. Callers use the alias `live`, which points to one published version or, in a rollout,
    to two.
    """

    scales: ClassVar[Kind] = LAMBDA_KIND

    model: Model
    """What is served: image and environment. The image holds the model."""

    memory_mib: Annotated[
        int, Between(LMB1, 128, 10_240), Aws("lambda:CreateFunctionRequest.MemorySize")
    ] = 2048
    """The container's memory; its share of CPUs follows it. Default: 2048 MiB."""

    timeout_seconds: Annotated[
        int, Between(LMB2, 1, 900), Aws("lambda:CreateFunctionRequest.Timeout")
    ] = 60
    """How long one request may take, in seconds. Default: 60, as on SageMaker."""

    ephemeral_storage_mib: Annotated[
        int, Between(LMB3, 512, 10_240), Aws("lambda:EphemeralStorage.Size")
    ] = 512
    """The size of `/tmp`, the only place that can be written. Default: 512 MiB, which cost nothing
    extra."""

    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    """What the image is built for. Default: X86_64."""

    reserved_concurrency: (
        Annotated[
            int,
            Between(LMB31, 0, 100_000),
            Aws("lambda:PutFunctionConcurrencyRequest.ReservedConcurrentExecutions"),
        ]
        | None
    ) = None
    """How many requests it may serve at once, which no other function can take. Default: None, what
    the account has left."""

    provisioned_concurrency: (
        Annotated[
            Concurrency,
            Aws("lambda:PutProvisionedConcurrencyConfigRequest.ProvisionedConcurrentExecutions"),
        ]
        | None
    ) = None
    """How many environments are kept warm. Default: the minimum of `scaling`, or none, and a cold
    start after a pause."""

    scaling: Scaling | None = None
    """How the provisioned concurrency follows the load. Default: None, it stays as it is."""

    rollout: Annotated[AllAtOnce | Canary | Linear, OneOf()] = AllAtOnce()
    """How callers get to a new version: at once with the apply, or by CodeDeploy in shares, which
    `inferform rollout` starts. Default: at once."""

    alarms: FunctionAlarms | None = FunctionAlarms()
    """The alarms on the alias, which roll a Canary or Linear rollout back. Default: on more than 1 %
    failed invocations; None for none."""

    url: FunctionUrl | None = None
    """An HTTPS address of its own, for callers whom IAM knows. Default: None, it is invoked through
    the API of Lambda, or by an API in front."""

    asynchronous: Asynchronous | None = None
    """What becomes of events that callers do not wait for. Default: AWS's: two retries within six
    hours, and failed ones are lost."""

    vpc: FunctionVpc | None = None
    """Whether it runs in the environment's VPC. Default: None, in a network of AWS's with access to the
    internet."""

    container: FunctionContainer = FunctionContainer()
    """Command, folder and start of the container. Default: those of the container contract."""

    log_retention_days: RetentionDays = 30
    """Days that the function's log group keeps events. Default: 30."""

    def check(self) -> Iterator[Problem]:
        """The rules between model, concurrency, rollout and the rest."""
        yield from self._check_model()
        yield from self._check_concurrency()
        yield from self._check_start()
        yield from self._check_rollout()
        if self.memory_mib < _FIRST_VCPU_MIB:
            yield LMB17.problem("memory_mib", got=self.memory_mib)
        limit = self.alarms.duration_ms if self.alarms else None
        if limit is not None and limit >= self.timeout_seconds * 1000:
            timeout = self.timeout_seconds
            yield LMB41.problem("alarms", "duration_ms", got=limit, timeout=timeout)
        if self.vpc is None:
            for field in ("subnets", "security_groups"):
                if getattr(self.existing, field):
                    yield LMB34.problem("existing", field)

    def _check_model(self) -> Iterator[Problem]:
        model = self.model
        if model.artifact is not None:
            yield LMB6.problem("model", "artifact", got=model.artifact)
        for field in sorted(model.model_fields_set - {"image", "artifact", "environment"}):
            yield LMB23.problem("model", field)
        for name in model.environment:
            if name in _RESERVED:
                yield LMB5.problem("model", "environment", name, owner="reserved by Lambda")
            elif name in self.adapter or name.startswith("AWS_LWA_") or name == "PORT":
                owner = "set for the Lambda Web Adapter"
                yield LMB5.problem("model", "environment", name, owner=owner)
            elif not _NAME.fullmatch(name):
                yield LMB38.problem("model", "environment", name)
        size = sum(len(f"{name}{value}".encode()) for name, value in self.variables.items())
        if size > _MOST_BYTES:
            most = f"{_MOST_BYTES:,}"
            yield LMB4.problem("model", "environment", size=f"{size:,}", most=most)
        said = str(model.environment.get("MAX_BODY_MIB", ""))
        if said.isdecimal() and int(said) > _LARGEST_BODY_MB:
            where = ("model", "environment", "MAX_BODY_MIB")
            yield LMB51.problem(*where, got=said, size=said, most=_LARGEST_BODY_MB)
        yield from self._check_image()

    def _check_image(self) -> Iterator[Problem]:
        image = self.model.image
        built = built_for(image, "cpu")
        if built not in (None, "cpu"):
            wrong = (
                f"is built for {built}, and Lambda has CPUs alone; use an endpoint or an EcsService"
            )
            yield LMB12.problem("model", "image", wrong=wrong)
        elif is_of_aws(image):
            wrong = (
                "is one of AWS's own, without the Lambda Web Adapter; build an image from it that copies "
                "the adapter to /opt/extensions"
            )
            yield LMB12.problem("model", "image", wrong=wrong)
        elif self.architecture == "ARM64" and "pytorch" in _repository(image):
            yield LMB16.problem("model", "image")

    def _check_concurrency(self) -> Iterator[Problem]:
        reserved, provisioned = self.reserved_concurrency, self.provisioned_concurrency
        if reserved == 0:
            yield LMB32.problem("reserved_concurrency", got=0)
        if reserved is not None and reserved > _ACCOUNT - _UNRESERVED:
            yield LMB10.problem("reserved_concurrency", got=reserved)
        if reserved is not None and provisioned is not None and provisioned > reserved:
            yield LMB9.problem("provisioned_concurrency", got=provisioned, reserved=reserved)
        if self.scaling is None:
            return
        minimum = self.scaling.min_capacity
        if provisioned is not None and provisioned != minimum:
            yield LMB11.problem("provisioned_concurrency", got=provisioned, minimum=minimum)
        limit = None if reserved is None else (reserved, "reserved_concurrency")
        for problem in self.scaling.problems_for(self.scales, limit=limit):
            yield problem.under("scaling")

    def _check_start(self) -> Iterator[Problem]:
        start = self.container
        waits = "provisioned_concurrency" if self.keeps_warm else ""
        if start.snap_start:
            waits = "container.snap_start"
            if self.keeps_warm:
                field = "scaling" if self.scaling is not None else "provisioned_concurrency"
                yield LMB8.problem("container", "snap_start", got=True, other=field)
            if self.ephemeral_storage_mib > 512:
                other = "ephemeral_storage_mib above 512"
                yield LMB8.problem("container", "snap_start", got=True, other=other)
            yield LMB28.problem("container", "snap_start", got=True)
        if start.slow_start and waits:
            yield LMB37.problem("container", "slow_start", got=True, other=waits)
        elif start.slow_start and self.timeout_seconds < 30:
            yield LMB43.problem("timeout_seconds", got=self.timeout_seconds)

    def _check_rollout(self) -> Iterator[Problem]:
        rollout = self.rollout
        refused = list(LAMBDA.problems(rollout))
        yield from (problem.under("rollout") for problem in refused)
        if isinstance(rollout, AllAtOnce):
            if rollout.alarm_names:
                yield LMB27.problem("rollout", "alarm_names")
            return
        if not refused and isinstance(rollout, Linear):
            minutes = self.shift_minutes
            if minutes > MOST_MINUTES:
                yield LMB24.problem("rollout", minutes=minutes)
        count = len(rollout.alarm_names) + len(self.alarms.kinds if self.alarms else ())
        if not count:
            yield LMB25.problem("rollout")
        elif count > 10:
            yield LMB26.problem("rollout", "alarm_names", count=count)
        if self.keeps_warm:
            yield LMB36.problem("rollout")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """What Lambda pulls and how it starts in the environment."""
        image = self.model.image
        if not isinstance(image, Image) and not is_of_aws(image):
            yield LMB19.problem("model", "image")
        limit = self.alarms.duration_ms if self.alarms else None
        if context.protected and not self.keeps_warm and limit is not None and limit < 1000:
            yield LMB18.problem("alarms", "duration_ms", got=limit)

    @property
    def keeps_warm(self) -> bool:
        """Whether environments are kept warm."""
        return self.provisioned_concurrency is not None or self.scaling is not None

    @property
    def initial_concurrency(self) -> int:
        """How many environments are kept warm at first."""
        if self.scaling is not None:
            return self.scaling.min_capacity
        return self.provisioned_concurrency or 0

    @property
    def shifts(self) -> bool:
        """Whether CodeDeploy owns the version that the alias points to."""
        return isinstance(self.rollout, Canary | Linear)

    @property
    def shift_minutes(self) -> int:
        """Minutes from the first to the last shift of a rollout."""
        rollout = self.rollout
        if isinstance(rollout, AllAtOnce):
            return 0
        minutes = LAMBDA.number(rollout, "wait_seconds") // 60
        if isinstance(rollout, Canary):
            return minutes
        return minutes * (-(-100 // LAMBDA.number(rollout, "step_percent")) - 1)

    @property
    def adapter(self) -> dict[str, str]:
        """The variables of the Lambda Web Adapter: where the container listens, when it is ready, and
        that its 5xx are failed invocations."""
        made = {
            "AWS_LWA_ERROR_STATUS_CODES": "500-599",
            "AWS_LWA_INVOKE_MODE": "response_stream"
            if self.url and self.url.stream
            else "buffered",
            "AWS_LWA_PASS_THROUGH_PATH": "/invocations",
            "AWS_LWA_PORT": "8080",
            "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS": "200-299",
            "AWS_LWA_READINESS_CHECK_PATH": "/ping",
        }
        start = self.container
        if start.base_path is not None:
            made["AWS_LWA_REMOVE_BASE_PATH"] = start.base_path
        return made | ({"AWS_LWA_ASYNC_INIT": "true"} if start.slow_start else {})

    @property
    def variables(self) -> dict[str, str]:
        """Every variable of the container. An environment has one request at a time, so that one worker
        is enough."""
        own = {"MAX_BODY_MIB": "6", "SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
        return {**own, **self.model.environment, **self.adapter}

    @property
    def moves_later(self) -> bool:
        """With a Canary or Linear rollout, which CodeDeploy brings in a deployment of its own."""
        return self.shifts

    sort = "lambda"
    words = "Lambda function"
    unreached = LMB21
    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "write execution_role, which Lambda and the container share",
    }
    pulled_by = "lambda"

    def resource(self, place: Place) -> tuple[str, str]:
        """The function itself."""
        return "aws_lambda_function", named.function_name(place.environment.context, place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its role, log, security group, alarms and rollout."""
        context, short = place.environment.context, place.name
        own = named.function_name(context, short)
        yield Name("aws_lambda_function", own)
        yield Name("aws_lambda_alias", named.ALIAS, within=own)
        if self.existing.execution_role is None:
            yield Name("aws_iam_role", role(context, named.function_role(short)))
        if self.existing.log_group is None:
            yield Name("aws_cloudwatch_log_group", named.function_log_group(context, short))
        if self.vpc is not None and not self.existing.security_groups:
            yield Name("aws_security_group", named.function_group(context, short))
        for alarm in self.alarms.names_of(context, short) if self.alarms else ():
            yield Name("aws_cloudwatch_metric_alarm", alarm)
        if isinstance(self.rollout, Canary | Linear):
            name = named.shift_name(context, short)
            yield Name("aws_iam_role", role(context, named.shift_role(short)))
            yield Name("aws_codedeploy_app", name)
            yield Name("aws_codedeploy_deployment_group", name, within=name)
            overrides = self.overridden(named.SHIFT)
            name = named.shift_configuration(context, short, self.rollout, overrides)
            yield Name("aws_codedeploy_deployment_config", name)
        if self.scaling is not None:
            yield from self.scaling.names(own)

    def alarms_used(self, place: Place) -> Iterator[Usage]:
        """Those that guard its rollouts too."""
        yield from super().alarms_used(place)
        if self.alarms:
            yield alarm_usage(self.alarms.metrics)

    def images(self) -> Iterator[Image | str]:
        """The model's image."""
        image = self.model.serving_image()
        if image is not None:
            yield image

    def loads(self) -> Iterator[str]:
        """Nothing: the image holds the model."""
        yield from ()

    def needs(self, place: Place) -> Needs:
        """What the container itself calls. Lambda pulls the image, writes logs and sends traces by
        itself, also for a function in the VPC."""
        if self.vpc is None:
            return Needs()
        return Needs(secret_endpoints(self.model.secrets()))

    def is_led_out(self, place: Place) -> bool:
        """Outside the VPC it always is; in it `egress_cidrs` says so, or the default."""
        if self.vpc is None:
            return True
        cidrs = self.vpc.egress_cidrs
        return not place.environment.private if cidrs is None else hub.is_led_out(cidrs)

    def hub_problems(self, place: Place) -> Iterator[Problem]:
        """What a function in the VPC is told to fetch from a hub, and nothing leads to."""
        if self.vpc is None:
            return
        for problem in hub.unreached_problems(
            self.model.variables,
            place.environment,
            is_open=self.is_led_out(place),
            remedy='write vpc=FunctionVpc(egress_cidrs=["0.0.0.0/0"])',
        ):
            yield problem.under("model")

    def uses(self, place: Place) -> Iterator[Usage]:
        """The provisioned concurrency, by its memory, and requests and their duration, whose number is
        not known."""
        kind = "arm64" if self.architecture == "ARM64" else "x86_64"
        if self.keeps_warm:
            warm = bounds(self.scaling, self.initial_concurrency)
            size = self.memory_mib / 1024 * SECONDS_PER_MONTH
            yield Usage(place.name, f"lambda/{kind}/provisioned-gb-second", warm * size)
            yield by_use(place.name, f"lambda/{kind}/provisioned-duration-gb-second")
        yield by_use(place.name, f"lambda/{kind}/gb-second")
        yield by_use(place.name, "lambda/request")

    def platform(self, place: Place) -> Platform:
        """What `architecture` says."""
        return "linux/arm64" if self.architecture == "ARM64" else "linux/amd64"

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its alias, through which everything calls it."""
        name = named.function_name(place.environment.context, place.name)
        provisioned: frozenset[Feature] = frozenset({"provisioned"})
        yield Watched(
            kind=self.scales.name,
            publishes=self.scales.publishes,
            dimensions={"FunctionName": name, "Resource": f"{name}:{named.ALIAS}"},
            features=provisioned if self.keeps_warm else frozenset(),
            scaling=self.scaling,
            scales=self.scales,
        )

    @property
    def in_vpc(self) -> bool:
        """Whether it is attached to the VPC."""
        return self.vpc is not None

    @property
    def rolled_out(self) -> str:
        """Its rollout."""
        return self.rollout.words

    @property
    def told_by(self) -> frozenset[Teller]:
        """CodeDeploy, where it moves the alias."""
        return frozenset({"codedeploy"}) if self.shifts else frozenset()

    def log_groups(self, place: Place) -> Iterator[str]:
        """Its own, or the one that it is given."""
        given = self.existing.log_group
        yield given or named.function_log_group(place.environment.context, place.name)

    def scalings(self) -> Iterator[Scalable]:
        """Its provisioned concurrency."""
        if self.scaling is not None:
            yield Scalable(self.scaling, self.initial_concurrency)


def check_reserved(functions: Iterable[Deployed]) -> Iterator[Problem]:
    """The functions of an environment leave enough of what the account has."""
    held = {
        each.full_name: (each, each.spec.reserved_concurrency)
        for each in functions
        if isinstance(each.spec, LambdaFunction) and each.spec.reserved_concurrency
    }
    total = sum(count for _, count in held.values())
    # One alone has a rule of its own.
    if total <= _ACCOUNT - _UNRESERVED or any(
        count > _ACCOUNT - _UNRESERVED for _, count in held.values()
    ):
        return
    *others, last = sorted(held)
    each, count = held[last]
    yield LMB52.problem(
        *each.place.path, "reserved_concurrency", got=count, sum=total, others=", ".join(others)
    )


def _repository(image: Image | FrameworkContainer | str) -> str:
    if isinstance(image, FrameworkContainer):
        return image.framework
    if isinstance(image, Image):
        return image.repository
    match = parse_image(image)
    return match["repository"] if match else ""
