"""Masking: no secret gets past the reader of a plan.

Three things are masked: what Terraform marks as sensitive, what has a name like a secret's, and
what looks like a secret itself. Container environments are held to the strictest measure.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

_SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase)|(?:^|[_.\-])pass(?:$|[_.\-])|pwd|secret|token(?!iz)|credential"
    r"|api[_\-]?key|access[_\-]?key|private[_\-]?key|signing[_\-]?key|encryption[_\-]?key"
    r"|auth[_\-]?key|account[_\-]?key|shared[_\-]?key|(?:^|[_.\-])dsn(?:$|[_.\-])"
    r"|conn(?:ection)?[_\-]?str|(?:database|db|redis|mongo\w*|broker)_ur[il]|webhook",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|sk_live_|rk_live_|xox[abposr]-)[\w-]{10,}"
    r"|://[^/\s:@]*:[^/\s@]+@"
)
_ASSIGNMENT = re.compile(
    r"(?P<name>[\w.\-]+)(?P<sign>[\"']?[ \t]*[:=][ \t]*)(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&]+)"
)
_BEARER = re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/\-]{8,}=*", re.IGNORECASE)
_RANDOM = re.compile(r"[A-Za-z0-9+/_\-]{20,}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_FINGERPRINT_NAME = re.compile(r"sha|hash|digest|commit|revision|version|checksum|etag", re.I)
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d+)?|true|false", re.IGNORECASE)
_ENVIRONMENTS = frozenset({"env", "environment", "environment_variables", "variables"})
_NAME_KEYS = ("name", "Name", "key", "Key")
_VALUE_KEYS = ("value", "Value")
# Names that hold the word but never the thing.
_PLAIN_NAMES = frozenset({"secrets", "type", "kind"})
_LONGEST_JSON = 2_000_000


class Masked(str):
    """What is shown in a secret's place. Two of them are equal when their secrets are."""

    __slots__ = ("_secret",)
    _secret: int

    def __new__(cls, secret: object) -> Masked:
        masked = super().__new__(cls, "(masked)")
        # Salted anew by every process, so that it tells nothing outside of it.
        masked._secret = hash(repr(secret))
        return masked

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Masked) and other._secret == self._secret

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self._secret


def is_secret_name(name: str) -> bool:
    """Whether something of this name is likely to hold a secret."""
    return name.lower() not in _PLAIN_NAMES and bool(_SECRET_NAME.search(name))


def mask(value: Any, sensitive: Any = False) -> Any:
    """`value` of a plan without its secrets; `sensitive` is Terraform's own mark of the same shape."""
    return _mask(value, sensitive, name="", secret=False, environment=False)


def mask_text(text: str) -> str:
    """Free text, such as a message or a script, without the secrets that it names."""
    if _SECRET_VALUE.search(text):
        text = _SECRET_VALUE.sub("(masked)", text)
    return _BEARER.sub(r"\1(masked)", _ASSIGNMENT.sub(_masked_assignment, text))


def _masked_assignment(match: re.Match[str]) -> str:
    value = match["value"].strip("\"'")
    if not is_secret_name(match["name"]) or _is_reference(value) or not value:
        return match[0]
    return f"{match['name']}{match['sign']}(masked)"


def _mask(value: Any, sensitive: Any, *, name: str, secret: bool, environment: bool) -> Any:
    if value is None or value == "":
        return value
    if sensitive is True:
        return Masked(value)
    if isinstance(value, dict):
        return _mask_dict(value, sensitive, secret=secret, environment=environment)
    if isinstance(value, list):
        marks = sensitive if isinstance(sensitive, list) else ()
        return [
            _mask(
                item,
                marks[index] if index < len(marks) else False,
                name=name,
                secret=secret,
                environment=environment,
            )
            for index, item in enumerate(value)
        ]
    if isinstance(value, str):
        return _mask_string(value, name, secret=secret, environment=environment)
    return Masked(value) if secret and not isinstance(value, bool) else value


def _mask_dict(
    value: dict[str, Any], sensitive: Any, *, secret: bool, environment: bool
) -> dict[str, Any]:
    marks = sensitive if isinstance(sensitive, dict) else {}
    if value.get("kind") == "Secret":
        # A Kubernetes object, in which Terraform marks nothing.
        marks = {**marks, "data": True, "stringData": True}
    # A pair such as {"name": "DB_PASSWORD", "value": "..."}: the one names the other.
    pair = next((str(value[key]) for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    masked = {}
    for key, item in value.items():
        is_value = key in _VALUE_KEYS and bool(pair)
        label = pair if is_value else key
        masked[key] = _mask(
            item,
            marks.get(key, False),
            name=label,
            secret=secret or (is_secret_name(label) and not _counts_tokens(label, item)),
            environment=environment or key in _ENVIRONMENTS,
        )
    return masked


def _counts_tokens(name: str, value: object) -> bool:
    """Whether it is a number of tokens, such as MAX_TOTAL_TOKENS, not a token."""
    lowered = name.lower()
    return "token" in lowered and bool(_NUMBER.fullmatch(str(value)))


def _is_reference(value: str) -> bool:
    """Whether it only says where a secret is kept."""
    return value.startswith(("arn:", "${", "$(")) and not _SECRET_VALUE.search(value)


def _mask_string(value: str, name: str, *, secret: bool, environment: bool) -> Any:
    hidden = name.startswith("user_data") or (secret and not _is_reference(value))
    if hidden or (environment and _looks_random(value, name)):
        return Masked(value)
    if value[0] in "{[" and len(value) < _LONGEST_JSON:
        with suppress(ValueError):
            inner = _mask(
                json.loads(value), False, name=name, secret=False, environment=environment
            )
            return json.dumps(inner)
    if _SECRET_VALUE.search(value):
        return Masked(value)
    return mask_text(value) if environment or "=" in value or "\n" in value else value


def _looks_random(value: str, name: str) -> bool:
    if _FINGERPRINT_NAME.search(name):
        return False
    if _HEX.fullmatch(value):
        return True
    kinds = (str.isupper, str.islower, str.isdigit)
    return bool(_RANDOM.fullmatch(value)) and all(any(map(kind, value)) for kind in kinds)
