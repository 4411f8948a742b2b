"""Telling a secret that was written down from a setting."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

_WORDS = frozenset(
    {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN", "CREDENTIAL", "CREDENTIALS"}
    | {"APIKEY", "PAT"}
)
_PAIRS = frozenset(
    (before, "KEY") for before in ("API", "ACCESS", "PRIVATE", "AUTH", "ENCRYPTION", "SIGNING")
)
# Tokens of a tokenizer, which are no secrets.
_VOCABULARY = frozenset({"PAD", "EOS", "BOS", "UNK", "SEP", "CLS", "MASK", "STOP", "SPECIAL"})
_SETTINGS = frozenset({"", "0", "1", "true", "false", "yes", "no", "none"})

_VALUES = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS access keys
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
    r"|hf_[A-Za-z0-9]{20,}"
    r"|sk-[A-Za-z0-9_-]{20,}"
    r"|xox[abpr]-[A-Za-z0-9-]{10,}"
    r"|AIza[A-Za-z0-9_-]{30,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."  # JSON web tokens
    r"|[a-z][a-z0-9+.-]{0,30}://[^/\s:@]+:[^/\s:@]+@"  # user and password in a URL
)

SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+"
    r"|ssm:[a-z0-9-]+:\d{12}:parameter/[\w/.-]+)"
)
"""An ARN by which a container fetches a secret itself."""

_SECRET = re.compile(
    r"arn:aws[a-z-]*:(?:(secretsmanager):[a-z0-9-]*:\d{12}:secret:.+"
    r"|ssm:[a-z0-9-]*:\d{12}:parameter/.+)",
    re.ASCII,
)


def secret_service(value: str) -> Literal["secretsmanager", "ssm"] | None:
    """The service that hands out what an ARN names; None for any other text.

    The one place that tells a secret's ARN from a parameter's. A secret's may end in a JSON key
    and a version, as ECS takes it.
    """
    match = _SECRET.fullmatch(value)
    if match is None:
        return None
    return "secretsmanager" if match[1] == "secretsmanager" else "ssm"


def name_says_secret(name: str, value: str) -> bool:
    """Whether a variable's name says that its value, which is no reference, is a secret."""
    if SECRET_ARN.fullmatch(value) or value.lower() in _SETTINGS:
        return False
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper().split("_")
    # NAME_ARN, NAME_FILE and the like point at a secret.
    if words[-1] in ("ARN", "FILE", "PATH", "NAME", "ID") and words[-2:-1] != ["KEY"]:
        return False
    pairs = set(pairwise(words))
    if pairs & _PAIRS:
        return True
    found = [index for index, word in enumerate(words) if word in _WORDS]
    return any(index == 0 or words[index - 1] not in _VOCABULARY for index in found)


def value_is_secret(value: str) -> bool:
    """Whether a value has the form of a well-known kind of secret."""
    return bool(_VALUES.search(value))
