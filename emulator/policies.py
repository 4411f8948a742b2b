"""What IAM's policies allow: statements, principals and conditions (IAM user guide, "Policy
evaluation logic").

moto has an engine of its own, `moto.iam.access_control`. It knows actions, NotAction and resources;
a condition that does not hold makes it deny instead of passing over the statement, and it knows
neither NotResource, NotPrincipal, accounts and services as principals, nor most operators.

Not known here: session policies, service control policies, and the operators for dates, numbers of
bytes and IP addresses, with which a statement never holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import eq
from typing import Any, Literal

Statement = Mapping[str, Any]
Context = Mapping[str, str]

Effect = Literal["Allow", "Deny", ""]
"""Empty where no statement concerns the request."""


def statements(document: str | bytes | Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The statements of a policy; none where there is no policy."""
    if not document:
        return []
    content: Any = json.loads(document) if isinstance(document, (str, bytes)) else document
    return [dict(each) for each in listed(content.get("Statement", []))]


def effect(
    found: Iterable[Statement],
    action: str,
    resource: str,
    context: Context,
    *,
    by: Callable[[Statement], bool] = lambda statement: True,
) -> Effect:
    """What statements say of a request; `by` is whether a statement concerns the caller.

    Keys of the context are in lower case. Without a Resource, as in trust policies and policies of
    repositories, a statement is about what it is attached to.
    """
    effects = {
        each["Effect"]
        for each in found
        if _names(each, "Action", action, ignore_case=True)
        and (not {"Resource", "NotResource"} & each.keys() or _names(each, "Resource", resource))
        and by(each)
        and holds(each.get("Condition", {}), context)
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else ""


def _names(statement: Statement, element: str, value: str, *, ignore_case: bool = False) -> bool:
    wanted = listed(statement.get(f"Not{element}", statement.get(element, [])))
    found = any(like(value, each, ignore_case=ignore_case) for each in wanted)
    return found is not (f"Not{element}" in statement)


def is_role(statement: Statement, arn: str) -> bool:
    """Whether a statement's principal is a role: by name, by its account, or everybody."""
    return _is_principal(statement, lambda principal: _is_of(principal, arn))


def is_role_itself(statement: Statement, arn: str) -> bool:
    """Whether a statement names the role or everybody, and not the role's account, which only leaves
    it to the account's own policies."""
    account = arn.split(":")[4]

    def named(principal: Any) -> bool:
        if not isinstance(principal, Mapping):
            return bool(principal == "*")
        given = [str(each) for each in listed(principal.get("AWS", []))]
        return any(
            each != account and not each.endswith(":root") and _is_of({"AWS": each}, arn)
            for each in given
        )

    return _is_principal(statement, named)


def is_service(statement: Statement, name: str) -> bool:
    """Whether a statement's principal is an AWS service such as ``sagemaker.amazonaws.com``."""

    def named(principal: Any) -> bool:
        if not isinstance(principal, Mapping):
            return bool(principal == "*")
        return "*" in listed(principal.get("AWS", [])) or name in listed(
            principal.get("Service", [])
        )

    return _is_principal(statement, named)


def _is_principal(statement: Statement, is_it: Callable[[Any], bool]) -> bool:
    if "NotPrincipal" in statement:
        return not is_it(statement["NotPrincipal"])
    return is_it(statement.get("Principal"))


def _is_of(principal: Any, arn: str) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    _, partition, _, _, account, name = arn.split(":", 5)
    sessions = f"arn:{partition}:sts::{account}:assumed-{re.sub('/.*/', '/', name)}/"
    return any(
        each in ("*", account, arn, f"arn:{partition}:iam::{account}:root")
        or each.startswith(sessions)
        for each in map(str, listed(principal.get("AWS", [])))
    )


def holds(conditions: Mapping[str, Any], context: Context) -> bool:
    """Whether all conditions of a statement hold."""
    return all(
        _compare(
            operator, key.lower(), [_filled_in(str(w), context) for w in listed(wanted)], context
        )
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _filled_in(value: str, context: Context) -> str:
    """A value with its policy variables replaced; those that the request lacks match nothing."""
    return re.sub(r"\$\{([^}]+)\}", lambda match: context.get(match[1].lower(), match[0]), value)


def _any(compare: Callable[[str, str], bool]) -> Callable[[str, list[str]], bool]:
    return lambda actual, wanted: any(compare(actual, each) for each in wanted)


def _none(compare: Callable[[str, str], bool]) -> Callable[[str, list[str]], bool]:
    return lambda actual, wanted: not any(compare(actual, each) for each in wanted)


def _same_letters(actual: str, wanted: str) -> bool:
    return actual.lower() == wanted.lower()


def like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether a value matches a pattern of IAM, in which only `*` and `?` are special."""
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


# The policy operators; one that is not here never holds.
_OPERATORS: dict[str, Callable[[str, list[str]], bool]] = {
    "Bool": _any(_same_letters),
    "StringEquals": _any(eq),
    "StringNotEquals": _none(eq),
    "StringEqualsIgnoreCase": _any(_same_letters),
    "StringNotEqualsIgnoreCase": _none(_same_letters),
    "StringLike": _any(like),
    "StringNotLike": _none(like),
    "ArnEquals": _any(like),
    "ArnNotEquals": _none(like),
    "ArnLike": _any(like),
    "ArnNotLike": _none(like),
    "NumericLessThan": _any(lambda actual, wanted: float(actual) < float(wanted)),
    "NumericLessThanEquals": _any(lambda actual, wanted: float(actual) <= float(wanted)),
    "NumericGreaterThan": _any(lambda actual, wanted: float(actual) > float(wanted)),
    "NumericGreaterThanEquals": _any(lambda actual, wanted: float(actual) >= float(wanted)),
}


def _compare(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    actual = context.get(key)
    # A key that is in a request has one value here, so that for any and for all are the same.
    many, _, plain = operator.rpartition(":")
    name = plain.removesuffix("IfExists")
    if name == "Null":
        return str(actual is None).lower() in [each.lower() for each in wanted]
    if actual is None:
        # A negated operator holds for a key that the request does not have, and so does ForAllValues.
        absent = plain.endswith("IfExists") or many == "ForAllValues"
        return absent or ("Not" in name and many != "ForAnyValue")
    return name in _OPERATORS and _OPERATORS[name](actual, wanted)


def listed(value: Any) -> list[Any]:
    """A value that may be one or several."""
    return list(value) if isinstance(value, list) else [value]
