"""What policies of identities let somebody do: denies, globs, NotAction and the conditions used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ops.iam import matches

Statement = Mapping[str, Any]


def allows(
    statements: Iterable[Statement],
    action: str,
    resource: str = "*",
    context: Mapping[str, str | list[str]] | None = None,
) -> bool:
    """Whether a request is allowed by these statements alone.

    A key that `context` does not have is missing in the request.
    """
    keys = {key.lower(): value for key, value in (context or {}).items()}
    effects = {
        each["Effect"] for each in statements if _holds(each, action, resource) and _is(each, keys)
    }
    return effects == {"Allow"}


def _holds(statement: Statement, action: str, resource: str) -> bool:
    return _listed_in(statement, "Action", action) and _listed_in(statement, "Resource", resource)


def _listed_in(statement: Statement, element: str, value: str) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(each, value) for each in _many(statement[f"Not{element}"]))
    return any(matches(each, value) for each in _many(statement[element]))


def _is(statement: Statement, keys: Mapping[str, str | list[str]]) -> bool:
    return all(
        _condition(operator, keys.get(key.lower()), _many(wanted))
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


def _condition(operator: str, value: str | list[str] | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return (value is None) is (wanted == ["true"])
    if operator.endswith("IfExists"):
        return value is None or _condition(operator.removesuffix("IfExists"), value, wanted)
    many, _, plain = operator.rpartition(":")
    negated = "Not" in plain
    like = plain.replace("Not", "") in ("StringLike", "ArnLike", "ArnEquals")
    if plain.replace("Not", "") not in ("StringEquals", "StringLike", "ArnLike", "ArnEquals"):
        raise NotImplementedError(f"the condition {operator}")
    if value is None:
        return negated or many == "ForAllValues"

    def one(each: str) -> bool:
        return any(matches(want, each) if like else each == want for want in wanted) is not negated

    values = _many(value)
    if many == "ForAllValues":
        return all(map(one, values))
    return any(map(one, values)) if many else len(values) == 1 and one(values[0])


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
