"""Taking over an endpoint that runs, step by step; each step can be repeated, and begins where the
last run ended.

1. The environment's file gets the Spec, the endpoint's name, and what is imported.
2. What the endpoint is to run is made beside it: model, configuration, alarms. Its log group is
   imported. Nothing that serves is touched.
3. SageMaker updates the endpoint to that configuration, with the deployment configuration of the
   Spec. Terraform cannot do this: it would replace an endpoint that had no alarms before.
4. The endpoint is imported, and the plan of that changes nothing but tags.
5. Scaling policies that somebody made by hand beside the ones of the Spec are deleted.

A plan that destroys or replaces anything is never applied.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inferform import Environment
from inferform.loading import Loaded
from inferform.sagemaker.endpoints.base import Endpoint, endpoint_log_group
from inferform.service import Deployed

from ..advice import about_stack, errors_of, explained, is_saved, lacking
from ..aws import Aws
from ..checks import NOTHING_LOST
from ..errors import BadInputError, OperatorError
from ..own import existing
from ..plan import Action, Change, read_plan
from ..program import Program, Stacks
from ..promote import Promotion
from ..state import State, pulled_content
from ..terraform import Content, Stack
from .files import Wanted, edit, folder_with
from .hosting import Hosting
from .live import described, scaling_of

ENDPOINT = "aws_sagemaker_endpoint"
CONFIGURATION = "aws_sagemaker_endpoint_configuration"
TARGET = "aws_appautoscaling_target"
LOGS = "aws_cloudwatch_log_group"

_REFERENCE = re.compile(r"\b(aws_[a-z0-9_]+\.[A-Za-z0-9_-]+|terraform_data\.[A-Za-z0-9_-]+)")


# The file


def layer_of(environment: Environment, group: str) -> str:
    """The name of the inference layer that a service comes into. Raises BadInputError for a group
    that is missing, or where there are several."""
    groups = environment.groups
    if group and group not in groups:
        known = ", ".join(filter(None, groups)) or "none"
        raise BadInputError(f"{environment.key} has no group {group}", f"its groups are {known}")
    if not group and groups and "" not in groups:
        raise BadInputError(
            f"{environment.key} has several inference layers", f"--group {next(iter(groups))}"
        )
    return f"inference-{group}" if group else "inference"


def planned_edit(loaded: Loaded, key: str, wanted: Wanted, aws: Aws, program: Program) -> Promotion:
    """The edit that writes the Spec with its imports, whose addresses a synthesis tells.

    The logs are imported where they are there; the endpoint's scalable targets likewise.
    """
    layer = layer_of(loaded.environments[key], wanted.group)
    first = loaded.files[key].read_text("utf-8")
    if not wanted.stands:
        first = edit(loaded, key, wanted, {}).after
    with folder_with(loaded, key, first) as copy:
        made = replace(program, environments=copy).to_plan("adopt").synthesize()
        stack = made.require_layer(key, layer)
        environment = made.environments[key]
        imports = {layer: imports_of(stack.content, environment, wanted, aws)}
    return edit(loaded, key, wanted, imports)


def imports_of(
    content: Content, environment: Environment, wanted: Wanted, aws: Aws
) -> dict[str, str]:
    """What of an endpoint exists, by the address that it gets."""
    found = {_address(content, ENDPOINT, name=wanted.name): wanted.name}
    group = endpoint_log_group(environment.context, wanted.short)
    if _has_log_group(aws, group) and wanted.spec.existing.log_group is None:
        found[_address(content, LOGS, name=group)] = group
    scaled = scaling_of(aws, wanted.name)
    for variant in wanted.spec.hosted():
        if variant.scaling is not None and variant.name in scaled:
            resource = f"endpoint/{wanted.name}/variant/{variant.name}"
            dimension = variant.scales.dimension
            endpoint = _address(content, ENDPOINT, name=wanted.name)
            address = next(
                f"{TARGET}.{logical}"
                for logical, values in content["resource"][TARGET].items()
                if values["resource_id"].replace(f"${{{endpoint}.name}}", wanted.name) == resource
            )
            found[address] = f"sagemaker/{resource}/{dimension}"
    return found


def _address(content: Content, kind: str, **arguments: str) -> str:
    for logical, values in content.get("resource", {}).get(kind, {}).items():
        if all(values.get(name) == value for name, value in arguments.items()):
            return f"{kind}.{logical}"
    raise OperatorError(f"the stack makes no {kind} with {arguments}")


def _has_log_group(aws: Aws, name: str) -> bool:
    with explained(aws.context):
        answer = aws.client("logs").describe_log_groups(logGroupNamePrefix=name)
    return any(group["logGroupName"] == name for group in answer["logGroups"])


# Plans


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that destroys nothing; it is applied as it is."""

    file: Path
    changes: tuple[Change, ...]

    @property
    def lines(self) -> list[str]:
        """What it does, a line each."""
        words = {Action.CREATE: "creates", Action.UPDATE: "changes", Action.NONE: "only imports"}
        return [
            f"{words[each.action]} {each.address}"
            + (f", imported by {each.import_id}" if each.import_id else "")
            for each in self.changes
        ]


@dataclass
class Adoption:
    """One endpoint on its way into a stack."""

    synthesis: Stacks
    stack: Stack
    environment: Environment
    short: str
    aws: Aws
    tell: Callable[[str], None] = lambda _: None
    poll_seconds: float = 15

    @classmethod
    def of(
        cls, synthesis: Stacks, key: str, short: str, group: str, aws: Aws, **more: Any
    ) -> Adoption:
        """The adoption of an endpoint that stands in the environment's file."""
        environment = synthesis.environments[key]
        stack = synthesis.require_layer(key, layer_of(environment, group))
        made = cls(synthesis, stack, environment, short, aws, **more)
        if aws.emulator is not None:
            made.poll_seconds = 0.2
        return made

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which Terraform runs."""
        return self.synthesis.program.terraform_environment()

    @property
    def _deployed(self) -> Deployed:
        return next(
            each
            for each in self.environment.deployed
            if each.resource == (ENDPOINT, self.name) and each.place.layer == self.stack.layer
        )

    @property
    def spec(self) -> Endpoint:
        """The Spec of the endpoint."""
        found = self._deployed.spec
        assert isinstance(found, Endpoint)
        return found

    @property
    def name(self) -> str:
        """The name of the endpoint in AWS."""
        return self.environment.context.endpoint(self.short)

    @property
    def address(self) -> str:
        """The address of the endpoint."""
        return _address(self.stack.content, ENDPOINT, name=self.name)

    def open(self) -> None:
        """Initialise the stack. Raises OperatorError where it cannot be."""
        done = self.stack.init(self.variables)
        if done.status:
            lines = [f"{self.stack.name} cannot be opened", *errors_of(done.output)]
            raise OperatorError("\n  ".join(lines), f"inferform bootstrap {self.environment.key}")

    def state(self) -> State | None:
        """What the stack's state holds."""
        content = pulled_content(self.stack, self.variables)
        return None if content is None else State(content, "", None)

    def is_over(self) -> bool:
        """Whether the state has the endpoint."""
        state = self.state()
        return state is not None and self.address in state.resources

    # What it is to run

    def plan_beside(self) -> Planned:
        """The plan of what the endpoint is to run, without the endpoint."""
        needed = sorted(_named_in(self._written()))
        planned = self._plan([f"-target={address}" for address in needed])
        self._refuse_losses(planned)
        if self.address in {each.address for each in planned.changes}:
            self.drop(planned)
            raise OperatorError(f"the plan of what {self.name} is to run has the endpoint as well")
        return planned

    def _written(self) -> Mapping[str, Any]:
        kind, _, logical = self.address.partition(".")
        written: Mapping[str, Any] = self.stack.content["resource"][kind][logical]
        return written

    def plan_whole(self) -> Planned:
        """The plan of the whole stack, with the endpoint imported; of the endpoint and what belongs to it
        alone, while others of the stack are there and still to be taken over.

        Raises OperatorError where it would make the endpoint, which AWS has already.
        """
        planned = self._plan([])
        if any(map(self._is_waiting, planned.changes)):
            self.drop(planned)
            planned = self._plan([f"-target={address}" for address in sorted(self._own())])
        self._refuse_losses(planned)
        made = next((each for each in planned.changes if each.address == self.address), None)
        if made is not None and made.action is Action.CREATE:
            self.drop(planned)
            raise OperatorError(
                f"{self.address} is not imported, so that {self.name} would be made a second time",
                f'write it into Environment(imported={{"{self.stack.layer}": '
                f'{{"{self.address}": "{self.name}"}}}})',
            )
        return planned

    def _is_waiting(self, change: Change) -> bool:
        """Whether a change is of another endpoint that is there, and still to be taken over."""
        if change.type != ENDPOINT or change.address == self.address:
            return False
        if change.action is not Action.CREATE:
            return bool(change.import_id)
        written = self.stack.content["resource"][ENDPOINT][change.address.partition(".")[2]]
        return bool(existing(ENDPOINT, written, self.aws))

    def _own(self) -> set[str]:
        """The addresses of the endpoint and of what refers to it, by way of others too."""
        found = {self.address}
        named = {
            f"{kind}.{logical}": _named_in(written)
            for kind, resources in self.stack.content["resource"].items()
            for logical, written in resources.items()
        }
        while more := {each for each, names in named.items() if names & found} - found:
            found |= more
        return found

    def _plan(self, options: Iterable[str]) -> Planned:
        file = "takeover.tfplan"
        done = self.stack.run(
            "plan",
            f"-out={file}",
            "-no-color",
            "-input=false",
            *options,
            environment=self.variables,
        )
        if done.status and not is_saved(done.output):
            missing = lacking(done.output)
            lines = [f"{self.stack.name} cannot be planned", *self._said(done.output)]
            below = f"deploy what it depends on first: inferform deploy '{self.environment.key}-*'"
            raise OperatorError("\n  ".join(lines), below if missing else "")
        shown = self.stack.answer("show", "-json", file, environment=self.variables)
        plan = read_plan(shown, self.stack.name)
        return Planned(self.stack.folder / file, plan.shown)

    def _refuse_losses(self, planned: Planned) -> None:
        try:
            refuse_losses(planned.changes, self.stack.name)
        except OperatorError:
            self.drop(planned)
            raise

    def apply(self, planned: Planned) -> None:
        """Apply a plan as it was shown."""
        done = self.stack.run(
            "apply", "-no-color", "-input=false", planned.file.name, environment=self.variables
        )
        self.drop(planned)
        if done.status:
            lines = [f"{self.stack.name} could not be applied", *self._said(done.output)]
            hint = f"inferform recover {self.stack.name}, then run this again"
            raise OperatorError("\n  ".join(lines), hint)

    def _said(self, output: str) -> list[str]:
        """What Terraform said, and what to do about it where that is known."""
        advice = about_stack(output, self.stack, self.environment)
        return [*errors_of(output), *([f"what to do: {advice}"] if advice else [])]

    def drop(self, planned: Planned) -> None:
        """Remove a plan, which holds every value in the clear."""
        planned.file.unlink(missing_ok=True)

    # The one update

    def configuration(self) -> str:
        """The name of the configuration that the endpoint is to run, from the state. Raises OperatorError
        where it was not made."""
        state = self.state()
        for address in _named_in(self._written()):
            if state and address.startswith(f"{CONFIGURATION}.") and address in state.resources:
                return str(state.resources[address]["name"])
        raise OperatorError(
            f"what {self.name} is to run is not made yet", "run this again from its beginning"
        )

    def is_updated(self) -> bool:
        """Whether the endpoint serves its configuration, under what rolls its updates back."""
        found = self._settled()
        if found["EndpointConfigName"] != self.configuration():
            return False
        now = found.get("LastDeploymentConfig") or {}
        return _rolled_back_by(now) == _rolled_back_by(self.deployment())

    def deployment(self) -> dict[str, Any]:
        """The deployment configuration of the Spec, in the members of SageMaker's API; empty where
        updates have none."""
        block = self._written().get("deployment_config")
        return _in_api(block) if block else {}

    def update(self) -> None:
        """Let SageMaker bring the configuration into service, and wait.

        Instance counts and weights stay as they are now. Raises OperatorError where SageMaker has rolled
        the update back: what served before serves again, and a run after the fix continues here.
        """
        self._settled()
        wanted, sagemaker = self.configuration(), self.aws.client("sagemaker")
        request: dict[str, Any] = {
            "EndpointName": self.name,
            "EndpointConfigName": wanted,
            "RetainAllVariantProperties": True,
        }
        if deployment := self.deployment():
            request["DeploymentConfig"] = deployment
        with explained(self.environment.context):
            sagemaker.update_endpoint(**request)
        found = self._settled()
        if found["EndpointConfigName"] != wanted or found["EndpointStatus"] != "InService":
            raise OperatorError(
                f"SageMaker rolled the update of {self.name} back: {found.get('FailureReason')}",
                "it serves what it served before; fix the cause and run this again, which continues here",
            )

    def _settled(self) -> Mapping[str, Any]:
        """The endpoint once nothing changes it any more. Raises OperatorError for one that failed."""
        while True:
            found = described(self.aws, self.name)
            status = str(found["EndpointStatus"])
            if not status.endswith("ing"):
                break
            self.tell(status)
            time.sleep(self.poll_seconds)
        if status != "InService":
            raise OperatorError(
                f"{self.name} is {status}: {found.get('FailureReason', 'without a reason')}",
                "only what serves can be taken over",
            )
        return found

    # Scaling by hand

    def foreign_policies(self, hosting: Hosting) -> list[tuple[str, str]]:
        """The scaling policies and scheduled actions that the Spec does not have: resource and name."""
        found = self._deployed
        own = {
            name.value
            for name in found.spec.names(found.place)
            if name.kind in ("aws_appautoscaling_policy", "aws_appautoscaling_scheduled_action")
        }
        scaled = {each.name for each in self.spec.hosted() if each.scaling is not None}
        return [
            (f"endpoint/{self.name}/variant/{variant}", str(each[key]))
            for variant, held in hosting.scaling.items()
            if variant in scaled
            for key, listed in (
                ("PolicyName", held.policies),
                ("ScheduledActionName", held.schedules),
            )
            for each in listed
            if each[key] not in own
        ]

    def delete_policies(self, hosting: Hosting) -> list[str]:
        """Delete the scaling policies and scheduled actions that the Spec does not have; their names."""
        client, deleted = self.aws.client("application-autoscaling"), list[str]()
        wanted = set(self.foreign_policies(hosting))
        with explained(self.environment.context):
            for found in hosting.scaling.values():
                for each in (*found.policies, *found.schedules):
                    key = "PolicyName" if "PolicyName" in each else "ScheduledActionName"
                    if (str(each["ResourceId"]), str(each[key])) not in wanted:
                        continue
                    asked: Any = {
                        "ServiceNamespace": "sagemaker",
                        "ResourceId": each["ResourceId"],
                        "ScalableDimension": each["ScalableDimension"],
                        key: each[key],
                    }
                    if key == "PolicyName":
                        client.delete_scaling_policy(**asked)
                    else:
                        client.delete_scheduled_action(**asked)
                    deleted.append(str(each[key]))
        return deleted


def refuse_losses(changes: Iterable[Change], stack: str) -> None:
    """Raise OperatorError for a plan that destroys, replaces or forgets anything."""
    lost = [
        f"{each.address}: {each.action}"
        + (f", forced by {', '.join(_forcing(each))}" if each.replace_paths else "")
        for each in changes
        if each.action in (Action.DELETE, Action.REPLACE, Action.FORGET) or each.deposed
    ]
    if lost:
        raise OperatorError(
            "\n  ".join(
                [f"taking over would destroy something in {stack} ({NOTHING_LOST.id})", *lost]
            ),
            "nothing was done: a takeover destroys nothing; deploy what is waiting first, or change "
            "the Spec so that it says what runs",
        )


def _forcing(change: Change) -> list[str]:
    return [".".join(map(str, path)) for path in change.replace_paths]


def _named_in(value: Any) -> set[str]:
    """The addresses of resources that something written refers to."""
    if isinstance(value, Mapping):
        return set().union(*map(_named_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(_named_in, value))
    return set(_REFERENCE.findall(value)) if isinstance(value, str) else set()


def _in_api(block: Any) -> Any:
    """A block of the provider in the members of AWS's API."""
    if isinstance(block, Mapping):
        return {
            "".join(word.capitalize() for word in name.split("_")): _in_api(value)
            for name, value in block.items()
            if value is not None
        }
    return [_in_api(each) for each in block] if isinstance(block, list) else block


def _rolled_back_by(deployment: Mapping[str, Any]) -> set[str]:
    alarms = (deployment.get("AutoRollbackConfiguration") or {}).get("Alarms") or ()
    return {str(each["AlarmName"]) for each in alarms}
