"""Delivery: pipelines of CodePipeline that review pull requests and deploy environments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ..alarms.spec import StandardTopic, topic_problems
from ..context import Context
from ..names import Name, bare, role
from ..overrides import Overridable
from ..rules import Problem, one_of, rule
from ..service import Billed, Named, Place
from ..spec import Aws, Between, Check, Many, OneOf, ShortName, Spec
from ..usage import Usage, exactly
from ..vpc.flow_logs import RetentionDays
from .names import (
    DELIVERY,
    bucket_id,
    build_log_group,
    build_role,
    build_role_arn,
    connection_name,
    failed_rule,
    pipeline_name,
    pipeline_role,
    project_name,
)
from .parts import (
    CBD9,
    CPL10,
    BuildCompute,
    Command,
    Commands,
    GitSource,
    ImageBuild,
    MoreCommands,
    Promotion,
    TargetEnvironment,
    command_problems,
)
from .rights import LARGEST_POLICY, of_pipeline, policy_size, use_connection
from .triggers import OnPullRequest, OnPush, OnTag

CPL2 = rule(
    "CPL2",
    refuses="two pipelines that deploy one environment, or one that deploys it twice",
    message="is deployed by {other} too, so that two executions could change one state; {remedy}",
    source="Inferform: one queue for the states of an environment",
)
CPL3 = rule(
    "CPL3",
    refuses="a pipeline of more than 50 stages",
    message="make {count} stages; a pipeline has at most 50: lower rounds, or make pipelines of them",
    source="AWS CodePipeline user guide, quotas (2 to 50 stages)",
)
CPL13 = rule(
    "CPL13",
    refuses="plans that are gone before they are applied",
    message="may wait {minutes:,} minutes for {what}, but artifacts are kept {days} days; {remedy}",
    source="Amazon S3 user guide, expiring objects; Inferform: what was approved is applied",
)
CPL22 = rule(
    "CPL22",
    refuses="no pipeline, promotion or environment where one is needed, or something twice",
    message="must name {what}, each once",
    source="Inferform: a pipeline without a target does nothing",
)
CPL23 = rule(
    "CPL23",
    refuses="more images or environments to review than a stage has actions for",
    message="must be at most 50 {what}",
    source="AWS CodePipeline user guide, quotas (50 actions in a stage)",
)
CPL24 = rule(
    "CPL24",
    refuses="artifacts that are kept for less than a day or more than 90 days",
    message="must be from {low} to {high} days",
    source="Inferform: a plan holds every value in the clear",
)

CPL29 = rule(
    "CPL29",
    refuses="a pipeline of more builds than the policy of its role has room for",
    message="makes {jobs} builds, and a policy of {size:,} characters that lets the pipeline start them; IAM takes "
    "{limit:,}: make two pipelines of it, or shorten its name",
    source="AWS IAM user guide, IAM and AWS STS quotas (10,240 characters of inline policies of a role)",
)

CPL30 = rule(
    "CPL30",
    refuses="waits that together take longer than the artifact of a commit is kept",
    message="may wait {minutes:,} minutes in all for approvals and windows, but the commit of an execution is kept {days} "
    "days, after which its next build fails; {remedy}",
    source="Amazon S3 user guide, expiring objects; AWS CodePipeline user guide, input and output artifacts",
    severity="warning",
)

MOST_STAGES = 50
MOST_ACTIONS = 50
"""The most actions of a stage. Source: AWS CodePipeline user guide, quotas."""

MOST_DAYS = 90


def _few(what: str) -> Check:
    return Check(CPL23, lambda given: len(given) <= MOST_ACTIONS, lambda _: {"what": what})


def deploy_jobs(environment: TargetEnvironment) -> list[str]:
    """The projects that deploy an environment, by their names in a pipeline."""
    return [f"{job}-{environment.key}" for job in ("plan", "apply", "verify")]


def review_job(environment: TargetEnvironment) -> str:
    """The project that reviews what pull requests change in an environment."""
    return f"review-{environment.key}"


def _waits(promotion: Promotion) -> dict[str, int]:
    """How long is waited before an apply, in minutes, by what for."""
    return {
        "an approval": promotion.approval.timeout_minutes if promotion.approval else 0,
        "its window": promotion.window.longest_wait_minutes if promotion.window else 0,
    }


def _kept_for(minutes: int) -> Iterator[str]:
    """How to keep artifacts for as long as something may wait; nothing beyond the most that they may be."""
    if (needed := -(-minutes // 1440)) <= MOST_DAYS:
        yield f"raise artifact_retention_days to {needed}"


class DeployPipeline(Spec):
    """A pipeline that checks a commit, builds its images, and deploys environments one after the other.

    For each round of an environment: a plan, an approval that shows what it does, and the apply of that very
    plan; at last `inferform verify`. An execution plans an environment once the one before it has left it, so that
    what was approved is what runs.
    """

    trigger: Annotated[OnPush | OnTag, OneOf()]
    """What starts it: pushes to branches, or tags."""

    promotions: Annotated[
        Many[Promotion], Check(CPL22, bool, lambda _: {"what": "one promotion at least"})
    ]
    """The environments in the order in which they are deployed."""

    setup: Commands = ("make setup",)
    """What makes Inferform and its tools in a fresh clone. Default: make setup."""

    checks: MoreCommands = ("make test",)
    """What has to succeed before anything is planned, without any right in AWS. Default: make test."""

    images: Annotated[Many[ImageBuild], _few("images")] = ()
    """Images that are built after the checks, side by side. Default: none."""

    command: Command = ".venv/bin/inferform"
    """How the clone calls Inferform once it is set up. Default: .venv/bin/inferform."""

    compute: BuildCompute = BuildCompute()
    """The machines of its builds but those of images. Default: CodeBuild's Amazon Linux of size MEDIUM."""

    artifact_retention_days: Annotated[
        int, Between(CPL24, 1, MOST_DAYS), Aws("s3:LifecycleExpiration.Days")
    ] = 14
    """How long its artifacts are kept, in days, with the plans among them. An execution that takes longer in
    all fails at its next build, as its commit's artifact is gone; start it again. Default: 14."""

    def check(self) -> Iterator[Problem]:
        """Its stages are few enough, its plans there when they are applied, and nothing comes twice."""
        yield from command_problems(setup=self.setup, checks=self.checks, command=self.command)
        seen: dict[str, int] = {}
        for index, promotion in enumerate(self.promotions):
            key = promotion.environment.key
            if seen.setdefault(key, index) != index:
                other, remedy = f"promotions.{seen[key]}", "leave one of them out"
                yield CPL2.problem("promotions", index, got=key, other=other, remedy=remedy)
            yield from self._check_waits(index, promotion)
        yield from self._check_all_waits()
        if self.stages > MOST_STAGES:
            yield CPL3.problem("promotions", count=self.stages)
        built: set[str] = set()
        for index, image in enumerate(self.images):
            if image.repository in built:
                what = "each repository"
                yield CPL22.problem("images", index, got=image.repository, what=what)
            built.add(image.repository)

    def _check_all_waits(self) -> Iterator[Problem]:
        """Whether the commit is there until the last build, where each environment waits once."""
        waits = [sum(_waits(each).values()) for each in self.promotions]
        minutes, kept = sum(waits), self.artifact_retention_days * 1440
        if minutes <= kept or max(waits) > kept:
            return
        remedies = [*_kept_for(minutes), "lower timeout_minutes of the approvals"]
        yield CPL30.problem(
            "promotions",
            minutes=minutes,
            days=self.artifact_retention_days,
            remedy=", or ".join(remedies),
        )

    def _check_waits(self, index: int, promotion: Promotion) -> Iterator[Problem]:
        """Whether a plan is there as long as what is asked before its apply may take."""
        asked = _waits(promotion)
        minutes, days = sum(asked.values()), self.artifact_retention_days
        if minutes <= days * 1440:
            return
        lower = [*_kept_for(minutes)]
        if promotion.approval:
            lower.append("lower timeout_minutes")
        if promotion.window:
            lower.append("open its window more often")
        what = " and ".join(name for name, each in asked.items() if each)
        yield CPL13.problem(
            "promotions", index, minutes=minutes, what=what, days=days, remedy=one_of(lower)
        )

    @property
    def targets(self) -> list[TargetEnvironment]:
        """The environments that it deploys, in order."""
        return [each.environment for each in self.promotions]

    @property
    def topics(self) -> list[str]:
        """The topics that its approvals ask."""
        approvals = (promotion.approval for promotion in self.promotions)
        return [approval.topic for approval in approvals if approval and approval.topic]

    @property
    def has_alarms(self) -> bool:
        """Whether it looks at alarms."""
        return any(promotion.entry_alarms for promotion in self.promotions)

    @property
    def stages(self) -> int:
        """How many stages it has."""
        steps = (2 + bool(each.approval) for each in self.promotions)
        rounds = [each.rounds for each in self.promotions]
        promoted = sum(step * count + 1 for step, count in zip(steps, rounds, strict=True))
        return 1 + bool(self.checks) + bool(self.images) + promoted

    def jobs(self) -> Iterator[str]:
        """Its projects, by their names in it."""
        if self.checks:
            yield "checks"
        yield from (image.job for image in self.images)
        for promotion in self.promotions:
            yield from deploy_jobs(promotion.environment)


class ReviewPipeline(Spec):
    """A pipeline that checks pull requests and reviews what they would change, with the plan roles alone.

    It has no role that could apply anything, and its builds keep no plan.
    """

    trigger: OnPullRequest
    """Which pull requests start it."""

    environments: Annotated[
        Many[TargetEnvironment],
        Check(CPL22, bool, lambda _: {"what": "one environment at least"}),
        _few("environments"),
    ]
    """The environments that are planned, side by side."""

    setup: Commands = ("make setup",)
    """What makes Inferform and its tools in a fresh clone. Default: make setup."""

    checks: MoreCommands = ("make test",)
    """What has to succeed, without any right in AWS. Default: make test."""

    command: Command = ".venv/bin/inferform"
    """How the clone calls Inferform once it is set up. Default: .venv/bin/inferform."""

    compute: BuildCompute = BuildCompute()
    """The machines of its builds; none of their variables may be a secret. Default: CodeBuild's Amazon Linux
    of size MEDIUM."""

    artifact_retention_days: Annotated[
        int, Between(CPL24, 1, MOST_DAYS), Aws("s3:LifecycleExpiration.Days")
    ] = 14
    """How long its reviews are kept, in days; secrets are masked in them. Default: 14."""

    def check(self) -> Iterator[Problem]:
        """Each environment once, and no secret."""
        yield from command_problems(setup=self.setup, checks=self.checks, command=self.command)
        seen: set[str] = set()
        for index, environment in enumerate(self.environments):
            if environment.key in seen:
                yield CPL22.problem(
                    "environments", index, got=environment.key, what="each environment"
                )
            seen.add(environment.key)
        for name in self.compute.secrets:
            yield CBD9.problem("compute", "variables", name)

    @property
    def targets(self) -> list[TargetEnvironment]:
        """The environments that it reviews, in order."""
        return list(self.environments)

    @property
    def topics(self) -> list[str]:
        """None: it asks nobody."""
        return []

    @property
    def has_alarms(self) -> bool:
        """It looks at none."""
        return False

    def jobs(self) -> Iterator[str]:
        """Its projects, by their names in it."""
        if self.checks:
            yield "checks"
        yield from map(review_job, self.environments)


class DeliveryPipelines(Overridable, Billed, Named):
    """The pipelines of an organization's repository, in a tools account that no environment is deployed to.

    The layer decides what deploys elsewhere. It is therefore applied as the identity layer is: by an
    administrator, with credentials of their own.
    """

    source: GitSource
    """The repository."""

    pipelines: Annotated[
        dict[ShortName, Annotated[DeployPipeline | ReviewPipeline, OneOf()]],
        Check(CPL22, bool, lambda _: {"what": "one pipeline at least"}),
    ]
    """The pipelines by short name."""

    notify: StandardTopic | None = None
    """The ARN of a standard SNS topic that hears of executions that failed, in the same Region, whose policy and key
    let `events.amazonaws.com` publish: that of an observability layer does. Default: None, nobody is notified."""

    log_retention_days: RetentionDays = 365
    """Days that the logs of builds are kept. Default: 365."""

    def check(self) -> Iterator[Problem]:
        """No environment has two queues, and no review works as a role that deploys."""
        yield from self._check_reviews()
        seen: dict[str, str] = {}
        for name, pipeline in self.deploys():
            for index, promotion in enumerate(pipeline.promotions):
                key = promotion.environment.key
                other = seen.setdefault(key, name)
                if other != name:
                    where = ("pipelines", name, "promotions", index)
                    remedy = "promote it in one of them alone"
                    yield CPL2.problem(*where, got=key, other=other, remedy=remedy)

    def _check_reviews(self) -> Iterator[Problem]:
        deploying = {
            (each.account, bare(each.deploy_role).casefold()): each.key
            for pipeline in self.pipelines.values()
            for each in pipeline.targets
        }
        for name, pipeline in self.pipelines.items():
            if not isinstance(pipeline, ReviewPipeline):
                continue
            for index, target in enumerate(pipeline.environments):
                key = deploying.get((target.account, bare(target.plan_role).casefold()))
                if key is not None:
                    wrong = f"is the deploy role of {key}, so that builds of pull requests could deploy it; write another"
                    where = ("pipelines", name, "environments", index, "plan_role")
                    yield CPL10.problem(*where, got=target.plan_role, wrong=wrong)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is of the same Region, and the role of each pipeline has room for its rights."""
        yield from super().check_in(context)
        for name in self.pipelines:
            size = self._policy_size(context, name)
            if size > LARGEST_POLICY:
                jobs = len(list(self.pipelines[name].jobs()))
                yield CPL29.problem("pipelines", name, jobs=jobs, size=size, limit=LARGEST_POLICY)
        yield from topic_problems(context, notify=[self.notify] if self.notify else [])

    def _policy_size(self, context: Context, name: str) -> int:
        """The size of the policy of a pipeline's role. AWS gives a connection and a key an id of 36 characters."""
        pipeline, own_id = self.pipelines[name], "0" * 36
        connection = self.source.connection or context.arn(
            "codeconnections", f"connection/{own_id}"
        )
        return policy_size(
            [
                use_connection(connection, self.source.repository),
                *of_pipeline(
                    context,
                    name,
                    jobs=pipeline.jobs(),
                    bucket_arn=context.arn("s3", context.bucket(bucket_id(name))),
                    key_arn=context.arn("kms", f"key/{own_id}"),
                    topics=pipeline.topics,
                    has_alarms=pipeline.has_alarms,
                ),
            ]
        )

    def deploys(self) -> Iterator[tuple[str, DeployPipeline]]:
        """The pipelines that deploy, by name."""
        for name, pipeline in self.pipelines.items():
            if isinstance(pipeline, DeployPipeline):
                yield name, pipeline

    def operators(self, context: Context, *environments: str) -> list[str]:
        """The ARNs of the roles of builds that deploy some environments, by their keys: what
        `Identity.operators` of their account names. `context` is that of the pipelines."""
        return [
            build_role_arn(context, name, job)
            for name, pipeline in self.deploys()
            for promotion in pipeline.promotions
            if promotion.environment.key in environments
            for job in deploy_jobs(promotion.environment)
        ]

    def planners(self, context: Context, *environments: str) -> list[str]:
        """The ARNs of the roles of builds that review pull requests to some environments: what
        `Identity.planners` of their account names. `context` is that of the pipelines."""
        return [
            build_role_arn(context, name, review_job(environment))
            for name, pipeline in self.pipelines.items()
            if isinstance(pipeline, ReviewPipeline)
            for environment in pipeline.environments
            if environment.key in environments
        ]

    @property
    def private(self) -> list[str]:
        """The pipelines whose builds run in the network."""
        return [name for name, pipeline in self.pipelines.items() if pipeline.compute.private]

    def names(self, place: Place) -> Iterator[Name]:
        """Of the key, the connection, and of each pipeline with its bucket, projects, roles and logs."""
        context = place.environment.context
        yield Name("aws_kms_alias", f"alias/{context.name(DELIVERY)}")
        if self.private:
            yield Name("aws_security_group", context.name(DELIVERY))
        if self.source.connection is None:
            yield Name("aws_codeconnections_connection", connection_name(context))
        for name, pipeline in self.pipelines.items():
            of = f"pipeline {name}"
            yield Name("aws_codepipeline", pipeline_name(context, name), of)
            yield Name("aws_iam_role", role(context, pipeline_role(name)), of)
            yield Name("aws_s3_bucket", context.bucket(bucket_id(name)), of)
            if self.notify:
                yield Name("aws_cloudwatch_event_rule", failed_rule(context, name), of)
            for job in pipeline.jobs():
                yield Name("aws_codebuild_project", project_name(context, name, job), of)
                yield Name("aws_iam_role", role(context, build_role(name, job)), of)
                yield Name("aws_cloudwatch_log_group", build_log_group(context, name, job), of)

    def uses(self, place: Place) -> Iterator[Usage]:
        """The key. Builds and actions of pipelines are billed by the minute."""
        yield Usage(DELIVERY, "kms/key", exactly(1))
