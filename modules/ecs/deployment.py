"""Who moves a service's traffic, and what is asked before it continues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import Context
from ..existing import RoleArn, role_problems
from ..rules import Problem, rule
from ..spec import Aws, Many, Spec, arn_of

ECS75 = rule(
    "ECS75",
    refuses="hooks or test traffic of a rollout that replaces tasks in place",
    message="needs new tasks beside the old ones, which Rolling has not; use AllAtOnce, Canary or "
    "Linear",
    source="Amazon ECS developer guide, lifecycle hooks for blue/green deployments; AWS CodeDeploy "
    "user guide, AppSpec hooks for an Amazon ECS deployment",
)
ECS76 = rule(
    "ECS76",
    refuses="a lifecycle hook that who moves the traffic does not run",
    message="{wrong}",
    source="botocore ecs DeploymentLifecycleHookStage; AWS CodeDeploy user guide, AppSpec hooks for an "
    "Amazon ECS deployment (five events, one function each, invoked by CodeDeploy's role)",
)
ECS77 = rule(
    "ECS77",
    refuses="a lifecycle hook whose function is in another Region",
    message="must be a function in {region}, such as {example}",
    source="AWS Lambda developer guide (functions are invoked in their Region)",
)

EVENTS = (
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
"""The events of CodeDeploy's AppSpec that run a hook, in their order."""

FunctionArn = Annotated[
    str,
    arn_of(
        "lambda",
        "arn:aws:lambda:us-east-1:111122223333:function:check-fraud:live",
        r"function:[\w-]{1,64}(:(\$LATEST|[\w-]{1,128}))?",
    ),
]
"""The ARN of a Lambda function, or of one of its versions or aliases."""


class LifecycleHook(Spec):
    """A Lambda function that is asked before a rollout continues, and can stop it."""

    function: Annotated[FunctionArn, Aws("ecs:DeploymentLifecycleHook.hookTargetArn")]
    """Its ARN, in the environment's Region, with a version or alias if need be."""

    stages: Many[
        Literal[
            "AfterAllowTestTraffic",
            "AfterAllowTraffic",
            "AfterInstall",
            "BeforeAllowTraffic",
            "BeforeInstall",
            "POST_PRODUCTION_TRAFFIC_SHIFT",
            "POST_SCALE_UP",
            "POST_TEST_TRAFFIC_SHIFT",
            "PRE_PRODUCTION_TRAFFIC_SHIFT",
            "PRE_SCALE_UP",
            "PRODUCTION_TRAFFIC_SHIFT",
            "RECONCILE_SERVICE",
            "TEST_TRAFFIC_SHIFT",
        ]
    ]
    """When it is asked: events of CodeDeploy's AppSpec, such as `AfterAllowTestTraffic`, or stages of
    ECS's own deployments, such as `POST_TEST_TRAFFIC_SHIFT`."""

    role: Annotated[RoleArn, Aws("ecs:DeploymentLifecycleHook.roleArn")] | None = None
    """A role that exists, by which ECS invokes the function. Default: one is made, which may invoke
    the functions of the service's hooks. CodeDeploy invokes them by its own role."""

    def check(self) -> Iterator[Problem]:
        """At least one stage, each once."""
        if not self.stages:
            yield ECS76.problem("stages", wrong="must name a stage or more")
        for stage, times in Counter(self.stages).items():
            if times > 1:
                yield ECS76.problem("stages", got=stage, wrong="has a stage twice; keep one")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The function is in the Region, the role in the account."""
        if self.function.split(":")[3] != context.region:
            example = context.arn("lambda", "function:check-fraud")
            yield ECS77.problem(
                "function", got=self.function, region=context.region, example=example
            )
        if self.role is not None:
            yield from role_problems(context, "role", self.role)


class EcsDeployment(Spec):
    """Who moves the traffic of an AllAtOnce, Canary or Linear rollout, and what is asked first."""

    controller: (
        Annotated[Literal["CODE_DEPLOY", "ECS"], Aws("ecs:DeploymentController.type")] | None
    ) = None
    """CodeDeploy, started by `inferform rollout`; or ECS itself on each apply, which needs
    hashicorp/aws 6.4 or newer, so not on the emulator. A service cannot change from one to the
    other. Default: CODE_DEPLOY; a Rolling rollout is ECS's own."""

    hooks: Many[LifecycleHook] = ()
    """Lambda functions that are asked at stages of a rollout. Default: none."""

    test_traffic: bool = False
    """Whether requests to the load balancer's test listener, with the hosts and paths of the route,
    reach the new tasks before others do. Needs `LoadBalancer.test_listener`. Default: False."""

    def problems(self, *, in_place: bool, by_code_deploy: bool) -> Iterator[Problem]:
        """What a rollout does not do: one in place, or one by CodeDeploy or ECS."""
        if in_place:
            if self.hooks:
                yield ECS75.problem("hooks")
            if self.test_traffic:
                yield ECS75.problem("test_traffic", got=True)
            return
        for index, hook in enumerate(self.hooks):
            for stage in hook.stages:
                if wrong := self._wrong(stage, by_code_deploy):
                    yield ECS76.problem("hooks", index, "stages", got=stage, wrong=wrong)
            if by_code_deploy and hook.role is not None:
                wrong = "must be left out: CodeDeploy invokes functions by its own role"
                yield ECS76.problem("hooks", index, "role", got=hook.role, wrong=wrong)

    def _wrong(self, stage: str, by_code_deploy: bool) -> str | None:
        if (stage in EVENTS) != by_code_deploy:
            who = "CodeDeploy" if by_code_deploy else "ECS"
            return f"is not a stage of {who}; use {_EXPECTED[by_code_deploy]}"
        if by_code_deploy and sum(stage in hook.stages for hook in self.hooks) > 1:
            return "has two functions, and CodeDeploy takes one for each event; keep one"
        if stage == "AfterAllowTestTraffic" and not self.test_traffic:
            return "needs test traffic; set deployment.test_traffic=True"
        return None

    @property
    def events(self) -> dict[str, str]:
        """The function of each of CodeDeploy's events that has one, in their order."""
        asked = {stage: hook.function for hook in self.hooks for stage in hook.stages}
        return {event: asked[event] for event in EVENTS if event in asked}


_EXPECTED = {
    True: ", ".join(EVENTS),
    False: "RECONCILE_SERVICE, PRE_SCALE_UP, POST_SCALE_UP, TEST_TRAFFIC_SHIFT, "
    "POST_TEST_TRAFFIC_SHIFT, PRE_PRODUCTION_TRAFFIC_SHIFT, PRODUCTION_TRAFFIC_SHIFT or "
    "POST_PRODUCTION_TRAFFIC_SHIFT",
}
