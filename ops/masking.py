"""Masking: no secret gets past the reader of a plan.

Three things are masked: what Terraform marks as sensitive, what has a name like a secret's, and
what looks like a secret itself. Container environments are held to the strictest measure.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

from inferform.secret import (
    SECRET_VALUE,
    is_harmless,
    looks_random,
    names_fingerprint,
    names_secret,
    value_is_secret,
)

from .untrusted import document

# A sign alone, such as the bracket that opens a block, is no value.
_VALUE = r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|(?=[^\s,;&]*[^\W_])[^\s,;&]+)"
_VALUES = re.compile(_VALUE)
_ASSIGNED = re.compile(
    r"(?<![\w.\-])(?P<name>[\w.\-]{1,128})(?P<sign>[\"']?[ \t]{0,8}[:=][ \t]{0,8})"
)
# An option of a command line, before its argument.
_OPTION = re.compile(r"(?<!\S)(?P<name>--?[A-Za-z][\w.\-]{1,128})(?P<sign>[ \t]{1,8})(?!-)")
# Options of one letter that hold a password after these commands only, and a user with it.
_LOGIN = re.compile(r"(\blogin\b[^\n;|&]{0,256}?\s-p[ =]{0,4}|\bsshpass\s{1,8}-p\s{0,8})" + _VALUE)
_USER = re.compile(
    r"((?<!\S)(?:-u|--user|--proxy-user)[ =]{1,8}[\"']?[^\s:\"']{1,128}:)(?!\d+\b)" + _VALUE
)
_USER_OPTIONS = ("-u", "--user", "--proxy-user")
_USER_ARGUMENT = re.compile(r"[^\s:/]{1,128}:(?!\d+$)[^\s]+")
# A code of AWS's, such as ExpiredTokenException, before what it means.
_ERROR_CODE = re.compile(
    r"(?:Expired|Invalid|Malformed|Missing|NoSuch|Unrecognized)[A-Z][A-Za-z]{1,100}"
    r"|[A-Z][A-Za-z0-9.]{1,100}"
    r"(?:AlreadyExists|Error|Exception|Fault|InUse|InParentDSRecord|NotFound|Violation)"
)
_BEFORE_CODE = ("api error", "error code", "code", "exception")
_LETTERS_AND_DIGITS = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[^\s/:.=]{8,128}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4}){3,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BEARER = re.compile(r"(\b(?:bearer|basic)\s{1,8})[\w.~+/\-]{8,}=*", re.IGNORECASE)
_HEADER = re.compile(
    r"(?:bearer|basic|token)\s{1,8}(?=[\w.~+/=\-]*\d)[\w.~+/=\-]{8,}", re.IGNORECASE
)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z ]{0,40}KEY-----|\Z)", re.DOTALL
)
_ENVIRONMENTS = frozenset({"env", "environment", "environment_variables", "variables"})
_SCRIPTS = ("user_data", "custom_data")
_NAME_KEYS = ("name", "Name", "key", "Key")
_VALUE_KEYS = ("value", "Value")
# A block that names the secrets of a container, and holds none.
_PLAIN_NAMES = frozenset({"secrets"})


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


class Unmasked:
    """A value before it is masked, for rules that judge it and show nothing of it."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def get(self, name: str) -> Any:
        """One attribute of it; None where it has none."""
        return self._value.get(name) if isinstance(self._value, dict) else None

    def __repr__(self) -> str:
        return "(not shown)"


def mask(value: Any, sensitive: Any = False) -> Any:
    """`value` of a plan without its secrets; `sensitive` is Terraform's own mark of the same shape."""
    return _mask(value, sensitive, name="", secret=False, environment=False)


def mask_text(text: str) -> str:
    """Free text, such as a message or a script, without the secrets that it names."""
    shown = SECRET_VALUE.sub("(masked)", _KEY_BLOCK.sub("(masked)", text))
    for pattern in (_ASSIGNED, _OPTION):
        shown = "".join(_without_assigned(pattern, shown))
    for pattern in (_BEARER, _LOGIN, _USER):
        shown = pattern.sub(r"\1(masked)", shown)
    return shown


def _without_assigned(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The parts of a text without the values that have names of secrets.

    What stands after another name is looked through too, as the parts of an address are.
    """
    kept = passed = 0
    for match in pattern.finditer(text):
        if match.start() < passed or not names_secret(match["name"]):
            continue
        if not match["sign"].strip() and _is_read(match["name"]):
            continue
        before = text[max(0, match.start() - 9) : match.start()].rstrip(" \t\"'")
        if match["sign"] == ":" and before.endswith((":", "=", "/")):
            # A part of an ARN, or the tag of an image.
            continue
        if _is_error_code(
            match["name"], match["sign"], text[max(0, match.start() - 12) : match.start()]
        ):
            continue
        found = _VALUES.match(text, match.end())
        if found is None or found[0] in ('""', "''", "(masked)"):
            continue
        # What has such a name is looked at once, so that the time is in proportion to the text.
        passed = found.end()
        if not is_harmless(match["name"], _closed(found["value"].strip("\"'"))):
            yield text[kept : match.end()]
            yield "(masked)"
            kept = passed
    yield text[kept:]


def _is_read(option: str) -> bool:
    """Whether an option, such as `--password-stdin`, reads the secret and has none after it."""
    return option.endswith("-stdin")


def _closed(value: str) -> str:
    """A value without what closes a call around it: `True` of `f(credentials=True),`."""
    shown = value.rstrip(",;")
    while shown.endswith(")") and shown.count(")") > shown.count("("):
        shown = shown[:-1].rstrip(",;")
    return shown


def _is_error_code(name: str, sign: str, before: str) -> bool:
    """Whether a name is the code of an error, and what follows says what it means."""
    if sign.strip(" \t") != ":":
        return False
    said = before.rstrip(" \t:").lower()
    return bool(_ERROR_CODE.fullmatch(name)) or (name[:1].isupper() and said.endswith(_BEFORE_CODE))


def _mask(value: Any, sensitive: Any, *, name: str, secret: bool, environment: bool) -> Any:
    if value is None or value == "":
        return value
    if sensitive is True:
        return Masked(value)
    if isinstance(value, dict):
        return _mask_dict(value, sensitive, secret=secret, environment=environment)
    if isinstance(value, list):
        return _mask_list(value, sensitive, name=name, secret=secret, environment=environment)
    if isinstance(value, str):
        return _mask_string(value, name, secret=secret, environment=environment)
    return Masked(value) if secret and not is_harmless(name, str(value)) else value


def _mask_list(
    value: list[Any], sensitive: Any, *, name: str, secret: bool, environment: bool
) -> list[Any]:
    marks = sensitive if isinstance(sensitive, list) else ()
    masked = []
    for index, item in enumerate(value):
        # The argument after an option, such as `--api-key`, that stands by itself.
        before = value[index - 1] if index and isinstance(item, str) else None
        is_option = isinstance(before, str) and before.startswith("-") and not _is_read(before)
        option = str(before) if is_option else ""
        if option and _is_argument_secret(option, item):
            masked.append(Masked(item))
            continue
        masked.append(
            _mask(
                item,
                marks[index] if index < len(marks) else False,
                name=option or name,
                secret=secret or names_secret(option),
                environment=environment,
            )
        )
    return masked


def _is_argument_secret(option: str, value: str) -> bool:
    """Whether the argument after an option of one letter looks like a password."""
    if option in _USER_OPTIONS:
        return bool(_USER_ARGUMENT.fullmatch(value))
    return option == "-p" and bool(_LETTERS_AND_DIGITS.fullmatch(value))


def _label(key: str, taken: dict[str, Any]) -> str:
    """A key without the secret that it is."""
    if key.isidentifier():
        return key
    label = shown = mask_text(key)
    number = 1
    while label in taken:
        number += 1
        label = f"{shown} ({number})"
    return label


def _mask_dict(
    value: dict[str, Any], sensitive: Any, *, secret: bool, environment: bool
) -> dict[str, Any]:
    marks = sensitive if isinstance(sensitive, dict) else {}
    if value.get("kind") == "Secret":
        # A Kubernetes object, in which Terraform marks nothing.
        marks = {**marks, "data": True, "stringData": True}
    # A pair such as {"name": "DB_PASSWORD", "value": "..."}: the one names the other.
    pair = next((str(value[key]) for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    masked: dict[str, Any] = {}
    for key, item in value.items():
        is_value = key in _VALUE_KEYS and bool(pair)
        label = pair if is_value else key
        masked[_label(key, masked)] = _mask(
            item,
            marks.get(key, False),
            name=label,
            secret=secret or (label not in _PLAIN_NAMES and names_secret(label)),
            environment=environment or key in _ENVIRONMENTS,
        )
    return masked


def _mask_string(value: str, name: str, *, secret: bool, environment: bool) -> Any:
    hidden = name.startswith(_SCRIPTS) or (secret and not is_harmless(name, value))
    random = environment and looks_random(value) and not names_fingerprint(name)
    if hidden or random or _HEADER.fullmatch(value):
        return Masked(value)
    is_document = value.lstrip()[:1] in ("{", "[")
    if is_document:
        try:
            held = document(value)
        except ValueError:
            pass
        else:
            inner = _mask(held, False, name=name, secret=False, environment=environment)
            return json.dumps(inner)
    if value_is_secret(value) or _hides_secret(value):
        return Masked(value)
    is_script = environment or is_document or "=" in value or "\n" in value or " -" in value
    return mask_text(value) if is_script else value


def _hides_secret(value: str) -> bool:
    """Whether a text is in base64, such as a script, and holds a secret."""
    if len(value) % 4 or not _BASE64.fullmatch(value):
        return False
    try:
        text = base64.b64decode(value).decode()
    except (binascii.Error, ValueError):
        return False
    return mask_text(text) != text
