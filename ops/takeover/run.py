"""Taking an endpoint over from its beginning to its end, with what has to be agreed to on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from inferform import Environment
from inferform.loading import Loaded
from inferform.rollouts.spec import Rollout
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.spec import is_short_name

from ..aws import Aws
from ..checks import SAME_NAME, SHARED_ROLE
from ..errors import BadInputError
from ..program import Program
from ..promote import Promotion
from ..state import States
from .converted import rollout_of
from .files import Wanted
from .hosting import Hosting, Taken, taken
from .live import hosting_of
from .members import Left
from .steps import ENDPOINT, Adoption, Planned, layer_of, planned_edit


@dataclass(frozen=True, slots=True)
class Asked:
    """Which endpoint becomes which service of which environment."""

    name: str
    short: str
    key: str
    group: str = ""
    rollout: Rollout | None = None


@dataclass(slots=True)
class Found:
    """What is known before anything is done."""

    hosting: Hosting
    taken: Taken
    edit: Promotion | None
    """The edit of the environment's file; None where it has the service already."""

    notes: list[str] = field(default_factory=list)


def look(asked: Asked, loaded: Loaded, aws: Aws, program: Program) -> Found:
    """Read the endpoint and plan the edit; nothing is changed.

    Raises BadInputError where it cannot be taken over, with every reason.
    """
    environment = loaded.environments[asked.key]
    if not is_short_name(asked.short):
        raise BadInputError(
            f"{asked.short} is no short name", "write lower-case letters, digits and hyphens"
        )
    layer_of(environment, asked.group)
    hosting = hosting_of(aws, asked.name)
    said = list[Left]()
    rollout = asked.rollout or rollout_of(hosting.deployment, "DeploymentConfig", said)
    made = taken(hosting, environment.context, rollout=rollout)
    made = replace(made, left=(*said, *made.left))
    if (stands := _standing(environment, asked)) is not None:
        return Found(hosting, made, _imports_alone(asked, stands, loaded, aws, program))
    if made.spec is None:
        raise BadInputError(
            "\n  ".join([f"{asked.name} cannot be taken over", *made.refused]),
            "nothing was done; write its Spec by hand where that is not what runs",
        )
    if hosting.status != "InService":
        # What is being deployed to it is not what its configuration says yet.
        raise BadInputError(
            f"{asked.name} cannot be taken over while it is {hosting.status}",
            "nothing was done; run this again once it is InService",
        )
    wanted = Wanted(asked.short, asked.name, made.spec, group=asked.group)
    edit = planned_edit(loaded, asked.key, wanted, aws, program)
    return Found(hosting, made, edit, list(_notes(hosting, made)))


def _standing(environment: Environment, asked: Asked) -> Endpoint | None:
    """The Spec of the service, where the file has it. Raises BadInputError where it has another one so
    called."""
    inference = environment.groups.get(asked.group)
    if inference is None or asked.short not in inference.endpoints:
        return None
    if environment.context.endpoint(asked.short) != asked.name:
        raise BadInputError(
            f"{environment.key} has another endpoint {asked.short}, "
            f"{environment.context.endpoint(asked.short)} ({SAME_NAME.id})",
            "choose another short name",
        )
    return inference.endpoints[asked.short]


def _imports_alone(
    asked: Asked, spec: Endpoint, loaded: Loaded, aws: Aws, program: Program
) -> Promotion | None:
    """The edit that imports what a service of the file takes over; None where nothing is to be imported."""
    environment = loaded.environments[asked.key]
    layer = layer_of(environment, asked.group)
    if asked.name in environment.imported.get(layer, {}).values():
        return None
    state = None
    if environment.context.other_backend is None:
        state = States(aws).read(layer)
    if state and any(each.get("name") == asked.name for each in state.of_type(ENDPOINT)):
        return None
    wanted = Wanted(asked.short, asked.name, spec, stands=True, group=asked.group)
    return planned_edit(loaded, asked.key, wanted, aws, program)


def _notes(hosting: Hosting, made: Taken) -> Iterator[str]:
    spec = made.spec
    if spec is None:
        return
    if spec.existing.execution_role is not None:
        yield (
            f"it continues with the role {spec.existing.execution_role} ({SHARED_ROLE.id}): preflight compares it with "
            "what the service needs; leave existing.execution_role out later, for a role of its own"
        )
    if spec.existing.kms_key is None:
        yield "its volumes, log and captures are under the environment's key from now on"
    if stack := hosting.tags.get("aws:cloudformation:stack-name"):
        yield (
            f"the CloudFormation stack {stack} has it too: give it DeletionPolicy: Retain there and take it "
            "out of the template, or an update of the stack changes it back"
        )


def prepared(asked: Asked, program: Program, aws: Aws) -> Adoption:
    """The adoption of what the environment's file has by now, with its stack opened."""
    synthesis = program.synthesize()
    made = Adoption.of(synthesis, asked.key, asked.short, asked.group, aws)
    made.open()
    return made


def finish(
    made: Adoption, hosting: Hosting, agree: Callable[[str, Planned | None], None]
) -> Iterator[str]:
    """Do what is left to do, telling each step once it is done.

    `agree` is called with a question, and the plan that it is about, before anything is changed; it
    raises where nobody agrees.
    """
    if made.is_over():
        yield f"{made.name} is in the state of {made.stack.name}"
    else:
        planned = made.plan_beside()
        if planned.changes:
            agree(f"make what {made.name} is to run, in {made.stack.name}?", planned)
            made.apply(planned)
            yield f"what {made.name} is to run is made"
        else:
            made.drop(planned)
        if made.deployment() and not made.is_updated():
            agree(
                f"update {made.name} to {made.configuration()}, under its deployment guardrails?",
                None,
            )
            made.update()
            yield f"{made.name} serves {made.configuration()}"
    planned = made.plan_whole()
    if planned.changes:
        agree(f"apply this plan of {made.stack.name}?", planned)
        made.apply(planned)
        yield f"{made.stack.name} has {made.name}"
    else:
        made.drop(planned)
    if foreign := made.foreign_policies(hosting):
        names = ", ".join(name for _, name in foreign)
        agree(f"delete what scales {made.name} beside its Spec: {names}?", None)
        made.delete_policies(hosting)
        yield f"deleted {names}"


def left_over(hosting: Hosting, made: Adoption) -> Iterator[str]:
    """What served before and stays in AWS, as commands that delete it."""
    if hosting.configuration["EndpointConfigName"] == made.configuration():
        return
    yield f"aws sagemaker delete-endpoint-config --endpoint-config-name {hosting.configuration['EndpointConfigName']}"
    yield from (f"aws sagemaker delete-model --model-name {model}" for model in hosting.models)
