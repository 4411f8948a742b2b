"""The rules between pipelines and the environments that they plan and deploy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from ..context import Context
from ..ecr.registry import Scanning
from ..ecr.spec import Image
from ..image_uri import parse_image
from ..outputs import RegistryOutputs
from ..rules import PathPart, Problem, did_you_mean, rule
from .names import build_role_arn
from .parts import CBD6, CBD15, CPL10, TargetEnvironment
from .spec import CPL2, DeployPipeline, deploy_jobs, review_job

if TYPE_CHECKING:
    from ..environment import Environment

CPL11 = rule(
    "CPL11",
    refuses="a protected environment that is deployed before others, or without an approval",
    message="{wrong}",
    source="Inferform: Context.protected says that an environment is production",
    severity="warning",
)
CPL17 = rule(
    "CPL17",
    refuses="an environment whose identity layer does not let the builds of its pipeline in",
    message="cannot be reached: its roles trust {roles} not; add {which} to identity.{field} of {owner}",
    source="AWS IAM user guide, cross-account access (the role's trust and the caller's policy both allow)",
)
CPL26 = rule(
    "CPL26",
    refuses="an environment that the program does not have",
    message="is no environment of the program{hint}; its account and roles are taken as they are written",
    source="Inferform: pipelines may be kept apart from the repository that they deploy",
    severity="warning",
)
CPL25 = rule(
    "CPL25",
    refuses="pipelines in an account that has a deploy role",
    message="is in account {account}, whose deploy role {role} of {other} could change what is applied in other "
    "accounts; keep delivery in an account without environments that a role deploys",
    source="Inferform: a deploy role works on every bucket and role of its organization in its account",
)

_Path = tuple[PathPart, ...]


def delivered(
    environments: Mapping[str, Environment], refused: Collection[str] = ()
) -> Iterator[tuple[str, Problem]]:
    """What is wrong between pipelines and environments, each with the key of the one to change.

    Nothing is said of those that are `refused`.
    """
    queues: dict[str, str] = {}
    for key, tools in sorted(environments.items()):
        if tools.delivery is None:
            continue
        for problem in (
            *_alone(tools, environments),
            *_built_otherwise(tools, environments),
            *_unscanned(tools, environments),
        ):
            yield key, problem
        for path, target, jobs, applies in _targets(tools):
            if applies and queues.setdefault(target.key, key) != key:
                other, remedy = queues[target.key], "promote it in one of them alone"
                found = CPL2.problem(got=target.key, other=other, remedy=remedy)
                yield key, found.under("delivery", *path)
            if target.key in refused:
                continue
            for problem in _of_target(tools, target, environments, jobs, applies):
                yield key, problem.under("delivery", *path)
        for name, pipeline in tools.delivery.deploys():
            for problem in _careless(pipeline, environments):
                yield key, problem.under("delivery", "pipelines", name, "promotions")


def _of_target(
    tools: Environment,
    target: TargetEnvironment,
    environments: Mapping[str, Environment],
    jobs: list[tuple[str, str]],
    applies: bool,
) -> Iterator[Problem]:
    """What is wrong with one environment of a pipeline, which `jobs` work in."""
    found = environments.get(target.key)
    if found is None:
        known = [each for each in environments if each != tools.key]
        yield CPL26.problem("key", got=target.key, hint=did_you_mean(target.key, known))
        return
    yield from _differs(target, found, applies)
    yield from _untrusted(tools, found, environments, jobs, applies)


def _targets(
    tools: Environment,
) -> Iterator[tuple[_Path, TargetEnvironment, list[tuple[str, str]], bool]]:
    """The environments of each pipeline: where they stand, the builds that work there, and whether those
    apply."""
    assert tools.delivery is not None
    for name, pipeline in tools.delivery.pipelines.items():
        if isinstance(pipeline, DeployPipeline):
            for index, promotion in enumerate(pipeline.promotions):
                target = promotion.environment
                jobs = [(name, job) for job in deploy_jobs(target)]
                yield ("pipelines", name, "promotions", index, "environment"), target, jobs, True
        else:
            for index, target in enumerate(pipeline.environments):
                jobs = [(name, review_job(target))]
                yield ("pipelines", name, "environments", index), target, jobs, False


def _alone(tools: Environment, environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """No role deploys in the account of the pipelines."""
    context = tools.context
    for other in environments.values():
        if other.context.account == context.account and (role := other.context.deploy_role):
            yield CPL25.problem("delivery", account=context.account, role=role, other=other.key)
            return


def _built_otherwise(
    tools: Environment, environments: Mapping[str, Environment]
) -> Iterator[Problem]:
    """Images that services could not start which run others of the same repository."""
    assert tools.delivery is not None
    built = {
        _own_repository(tools.context, image.repository): (
            ("delivery", "pipelines", name, "images", index, "architecture"),
            image,
        )
        for name, pipeline in tools.delivery.deploys()
        for index, image in enumerate(pipeline.images)
    }
    for environment in environments.values() if built else ():
        for each in environment.deployed:
            for repository in sorted(
                {_repository(environment.context, it) for it in each.spec.images()}
            ):
                path, image = built.get(repository, ((), None))
                if image is not None and each.platform not in (None, image.platform):
                    yield CBD6.problem(
                        *path,
                        built=image.platform,
                        service=each.full_name,
                        environment=environment.key,
                        runs=each.platform,
                    )


def _unscanned(tools: Environment, environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Images whose scan is waited for, and that nothing scans."""
    assert tools.delivery is not None
    if tools.registry is None or isinstance(tools.registry, RegistryOutputs):
        return
    scanning = _scanning(tools.context, environments)
    for name, pipeline in tools.delivery.deploys():
        for index, image in enumerate(pipeline.images):
            made = tools.registry.repositories.get(image.repository)
            if made is None or image.scan_severity is None:
                continue
            full = tools.context.own_repository(image.repository)
            remedy = f"write scan_on_push=True in registry.repositories.{image.repository}"
            if scanning is not None:
                remedy = f"name {full} in registry.settings.scanning"
            if not (made.scan_on_push if scanning is None else scanning.scans(full)):
                yield CBD15.problem(
                    *("delivery", "pipelines", name, "images", index, "scan_severity"),
                    got=image.scan_severity,
                    repository=full,
                    remedy=remedy,
                )


def _scanning(context: Context, environments: Mapping[str, Environment]) -> Scanning | None:
    """What the registry of an account and Region scans, which one of its environments says."""
    for each in environments.values():
        registry, place = each.registry, (each.context.account, each.context.region)
        if registry is None or isinstance(registry, RegistryOutputs) or registry.settings is None:
            continue
        if place == (context.account, context.region) and registry.settings.scanning is not None:
            return registry.settings.scanning
    return None


def _own_repository(context: Context, name: str) -> str:
    return f"{context.registry_of(name)}/{context.own_repository(name)}"


def _repository(context: Context, image: Image | str) -> str:
    """The repository of an image, with its host."""
    uri = image if isinstance(image, str) else image.uri(context)
    found = parse_image(uri)
    return uri if found is None else uri[: found.end("repository")]


def _differs(target: TargetEnvironment, found: Environment, applies: bool) -> Iterator[Problem]:
    """A target that is not the environment of its key."""
    context = found.context
    owned: dict[str, str | None] = {
        "account": context.account,
        "deploy_role": context.deploy_role,
        "plan_role": context.plan_role,
    }
    if applies and context.plan_role is None:
        # What applies assumes the deploy role alone.
        del owned["plan_role"]
    for name, own in owned.items():
        got = getattr(target, name)
        if own is None:
            wrong = f"is no role of {found.key}, whose Context names none; write {name} there"
            yield CPL10.problem(name, got=got, wrong=wrong)
        elif got != own:
            yield CPL10.problem(name, got=got, wrong=f"is {own} in {found.key}; write that")


def _untrusted(
    tools: Environment,
    found: Environment,
    environments: Mapping[str, Environment],
    jobs: list[tuple[str, str]],
    applies: bool,
) -> Iterator[Problem]:
    """Builds that the roles of an environment do not let in, where the program makes those roles."""
    context = found.context
    owner = next(
        (
            each
            for each in environments.values()
            if each.identity is not None
            and (each.context.account, each.context.deploy_role)
            == (context.account, context.deploy_role)
        ),
        None,
    )
    if owner is None or owner.identity is None:
        return
    identity = owner.identity
    let_in = {*identity.operators, *(() if applies else identity.planners)}
    arns = [build_role_arn(tools.context, name, job) for name, job in jobs]
    missing = [arn for arn in arns if arn not in let_in]
    if missing:
        which = ", ".join(missing)
        field = "operators" if applies else "planners"
        roles = "it" if len(missing) == 1 else "them"
        yield CPL17.problem(roles=roles, which=which, field=field, owner=owner.key)
    if not applies and (both := [arn for arn in arns if arn in identity.operators]):
        wrong = (
            f"lets a build of pull requests deploy: {both[0]} stands in identity.operators of {owner.key}; move "
            "it to planners"
        )
        yield CPL10.problem(wrong=wrong)


def _careless(
    pipeline: DeployPipeline, environments: Mapping[str, Environment]
) -> Iterator[Problem]:
    """Production that comes before others, or that nobody approves."""
    found = [environments.get(each.environment.key) for each in pipeline.promotions]
    for index, promotion in enumerate(pipeline.promotions):
        target = found[index]
        if target is None or not target.context.protected:
            continue
        if promotion.approval is None:
            wrong = (
                "is protected, and nobody approves what is applied; give approval=ManualApproval()"
            )
            yield CPL11.problem(index, "approval", wrong=wrong)
        if any(each is not None and not each.context.protected for each in found[index:]):
            wrong = (
                "is protected, and is deployed before environments that are not; promote it last"
            )
            yield CPL11.problem(index, wrong=wrong)
