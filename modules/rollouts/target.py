"""What a target takes of the rollouts, and what it takes where nothing is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..rules import Problem, Rule, one_of, rule
from .spec import Rollout

ROL2 = rule(
    "ROL2",
    refuses="a rollout that the target does not have",
    message="is not a rollout of {target}; use {shapes}",
    source="SageMaker developer guide, deployment guardrails; AWS CodeDeploy user guide, deployment "
    "configurations on Amazon ECS; Amazon ECS developer guide, deployment strategies",
)
ROL3 = rule(
    "ROL3",
    refuses="a field of a rollout that the target does not have",
    message="is not for {target}; {instead}",
    source="SageMaker API reference, DeploymentConfig; AWS CodeDeploy API reference, "
    "CreateDeploymentConfig; Amazon ECS API reference, DeploymentConfiguration",
)
ROL4 = rule(
    "ROL4",
    refuses="a wait that is not in whole minutes where AWS counts minutes",
    message="must be in whole minutes, as {target} counts minutes; write {lower} or {upper}",
    source="AWS CodeDeploy API reference, TimeBasedCanary, TimeBasedLinear and "
    "BlueInstanceTerminationOption; Amazon ECS API reference, DeploymentConfiguration",
)


@dataclass(frozen=True, slots=True)
class Takes:
    """A number that a target takes."""

    default: int | None
    """What it is where the rollout does not say it; None where AWS is then told nothing."""

    low: int
    high: int
    rule: Rule
    """Broken by a number outside `low` to `high`."""

    aws: tuple[str, ...]
    """The members that it becomes, such as `sagemaker:TrafficRoutingConfig.CanarySize`."""

    unit: int = 1
    """What AWS counts in: 60 where the rollout has seconds and AWS minutes."""


@dataclass(frozen=True, slots=True)
class Target:
    """What rolls an update out, and which rollouts it takes."""

    name: str
    """How messages call it."""

    numbers: Mapping[type[Rollout], Mapping[str, Takes]]
    """The numbers of each shape that it takes."""

    others: frozenset[str] = frozenset({"alarm_names", "alarm_topics", "ok_topics"})
    """The further fields that it takes, of every shape."""

    instead: Mapping[str, str] = field(default_factory=dict)
    """What to write instead of a field that it does not take."""

    def number(self, rollout: Rollout, name: str) -> int:
        """A number of the rollout, or the target's default."""
        value = self.given(rollout, name)
        assert value is not None, name
        return value

    def given(self, rollout: Rollout, name: str) -> int | None:
        """The same, where the target has no default either."""
        takes = self._takes(rollout)
        value: int | None = dict(rollout)[name]
        return takes[name].default if takes and value is None else value

    def _takes(self, rollout: Rollout) -> Mapping[str, Takes] | None:
        return next((v for shape, v in self.numbers.items() if isinstance(rollout, shape)), None)

    def problems(self, rollout: Rollout) -> Iterator[Problem]:
        """What the target does not take of the rollout."""
        takes = self._takes(rollout)
        if takes is None:
            shapes = one_of(shape.__name__ for shape in self.numbers)
            yield ROL2.problem(got=type(rollout).__name__, target=self.name, shapes=shapes)
            return
        for name in sorted(rollout.model_fields_set):
            value = dict(rollout)[name]
            if name in self.others:
                continue
            if name not in takes:
                instead = self.instead.get(name, "leave it out")
                yield ROL3.problem(name, target=self.name, instead=instead)
            elif value is not None:
                yield from self._number_problems(name, value, takes[name])

    def _number_problems(self, name: str, value: int, takes: Takes) -> Iterator[Problem]:
        if not takes.low <= value <= takes.high:
            low, high = f"{takes.low:,}", f"{takes.high:,}"
            yield takes.rule.problem(name, got=value, low=low, high=high)
        elif value % takes.unit:
            lower = value - value % takes.unit
            yield ROL4.problem(
                name,
                got=value,
                target=self.name,
                lower=max(lower, takes.low),
                upper=lower + takes.unit,
            )
