"""Telling a secret from a setting: for Specs, which refuse one, and reviews, which mask it.

Every pattern takes time in proportion to the text, as texts of plans are as long as they like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

# Words of a name. Those of the second kind are also found at the end of a longer word, such as
# DBPASSWORD, and those of the third at its start, such as secretString.
_WORDS = frozenset(
    {"CREDENTIALS", "CREDS", "DSN", "PASS", "PASSCODE", "PAT", "PGPASS", "PW", "SALT", "SECRETS"}
    | {"SIG", "TOKENS"}
)
_ENDS = (
    *("PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "TOKEN", "CREDENTIAL", "WEBHOOK"),
    *("ACCESSKEY", "APIKEY", "PRIVATEKEY", "SECRETKEY", "CONNSTR"),
)
_STARTS = ("PASSWORD", "SECRETKEY", "SECRETSTRING")
_PAIRS = frozenset(
    (before, "KEY")
    for before in (
        *("ACCESS", "ACCOUNT", "API", "AUTH", "DJANGO", "ENCRYPTION", "HMAC", "JWT"),
        *("PRIVATE", "SESSION", "SHARED", "SIGNING"),
    )
) | {
    ("AMZ", "SIGNATURE"),
    ("GOOG", "SIGNATURE"),
    ("EXTERNAL", "ID"),
    ("CONN", "STR"),
    ("CONN", "STRING"),
    ("CONNECTION", "STRING"),
    ("ORIGIN", "VERIFY"),
}
# What is reached at an address that holds a password as a rule.
_SERVERS = ("AMQP", "BROKER", "DATABASE", "DB", "MONGO", "MYSQL", "POSTGRES", "RABBITMQ", "REDIS")
_ADDRESSES = frozenset({"DSN", "ENDPOINT", "URI", "URL"})
# NAME_ARN, NAME_FILE and the like point at a secret or describe it.
_POINTERS = frozenset({"ARN", "FILE", "ID", "NAME", "PATH", "PROVIDER", "TYPE"})
# Ids that are half of a secret, or are used as one.
_SECRET_IDS = (["ACCESS", "KEY", "ID"], ["EXTERNAL", "ID"])
_MEASURES = frozenset(
    {"COUNT", "DAYS", "EXPIRY", "HOURS", "LENGTH", "LIMIT", "MAX", "MIN", "MINUTES", "MS", "PORT"}
    | {"DURATION", "SECONDS", "SIZE", "TIMEOUT", "TTL"}
)
# Tokens of a tokenizer, and numbers of them.
_VOCABULARY = frozenset({"PAD", "EOS", "BOS", "UNK", "SEP", "CLS", "MASK", "STOP", "SPECIAL"})
_COUNTED = frozenset({"COUNT", "LIMIT", "MAX", "MIN", "NUM", "TOTAL"})
_FINGERPRINTS = frozenset(
    {"CHECKSUM", "COMMIT", "DIGEST", "ETAG", "HASH", "MD5", "REVISION", "SHA", "SHA1", "SHA256"}
    | {"SHA512", "VERSION"}
)
_SETTINGS = frozenset(
    {
        *("", "0", "1", "true", "false", "yes", "no", "none", "optional", "required"),
        *("read", "write"),  # what a workflow's token may do
        *("authorization", "x-api-key"),  # the header that holds a key
        *("ec2instancemetadata", "ecscontainer"),  # the source of a profile's credentials
        *("...", "…"),
    }
)
_LONGEST_NAME = 256

SECRET_VALUE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS access keys
    r"|(?:gh[pousr]|github_pat|hf|npm|glsa|dop_v1|gsk|[rs]k_(?:live|test)|whsec)_\w{16,255}"
    r"|(?:gl(?:pat|dt|rt|ptt)|sk|pypi|nvapi|xox[abeoprs]|xapp)-[\w-]{16,255}"
    r"|AIza[\w-]{30,255}"  # Google
    r"|SG\.[\w-]{16,64}\.[\w-]{16,64}"  # SendGrid
    r"|hv[bs]\.[\w-]{16,255}"  # Vault
    r"|hooks\.slack\.com/(?:services|workflows)/[\w/]{8,255}"
    r"|discord(?:app)?\.com/api/webhooks/[\w/-]{8,255}"
    r"|events\.(?:eu\.)?pagerduty\.com/integration/\w{8,64}"
    r")"
    r"|(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}"  # JSON web tokens
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY"
    # User and password in a URL; neither a port before a path, nor a variable.
    r"|://[^/\s:@]{0,128}:(?!\d{1,5}/)(?!\$[({][^\s@]{1,128}[)}]@)[^\s@]{1,256}@"
)
"""Well-known kinds of secrets, wherever they stand in a text."""

# A JSON key, a stage and the id of a version may follow a secret; a version or a label, a parameter.
_SECRET_ARN = re.compile(
    r"(?P<secretsmanager>arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+)"
    r"(?::[^:\s]*){0,3}"
    r"|(?P<ssm>arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[\w/.-]+)(?::[\w.-]+)?",
    re.ASCII,
)

_REFERENCE = re.compile(
    r"arn:aws[a-z-]*:[a-z0-9-]{1,64}:[a-z0-9-]{0,32}:\d{0,12}:\S{1,2048}"
    r"|\$\{[^{}]{1,2048}\}|\$\([\w.-]{1,256}\)"
    r"|States\.[A-Z]\w{1,32}\([^()]{0,2048}\)"  # of Step Functions
)
_PLAIN_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[\w.,:\[\]-]{1,512}(?P<path>(?:/[\w.-]{0,256}){0,32})"
)
_HOST = re.compile(
    r"^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}\.(?:cn|cloud|com|dev|io|net|org)(?![\w.-])"
)
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?")
_RANDOM = re.compile(r"[A-Za-z0-9+/_\-]{20,}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def secret_service(value: str) -> Literal["secretsmanager", "ssm"] | None:
    """The service that hands out what an ARN names; None for any other text.

    The one place that tells a secret's ARN from a parameter's. A secret's may end in a JSON key
    and a version, as ECS and CodeBuild take it.
    """
    match = _SECRET_ARN.fullmatch(value)
    if match is None:
        return None
    return "secretsmanager" if match["secretsmanager"] else "ssm"


def secret_arn(value: str) -> str | None:
    """The ARN of the secret or parameter that a value names, which rights are given for; None for any
    other text. What follows it, such as a JSON key or a version, is left out."""
    match = _SECRET_ARN.fullmatch(value)
    return match and (match["secretsmanager"] or match["ssm"])


@lru_cache(maxsize=10_000)
def names_secret(name: str) -> bool:
    """Whether something of this name is likely to be a secret, whatever its value."""
    # An issuer of tokens names none, such as token.actions.githubusercontent.com:aud.
    words = _words(_HOST.sub("", name))
    return any(map(_is_secret_word, words)) or _holds_pair(words) or _is_connection(words)


def name_says_secret(name: str, value: str) -> bool:
    """Whether a name says that its value is a secret, and the value is neither a reference to
    one nor a mere setting."""
    return names_secret(name) and not is_harmless(name, value)


def value_is_secret(value: str) -> bool:
    """Whether a value holds a well-known kind of secret."""
    return bool(SECRET_VALUE.search(value))


def texts_in(value: Any, *path: str) -> Iterator[tuple[str, str, str]]:
    """Every text in plain data: where it is, the name that it is given to, and itself."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(inner, *path, str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts_in(inner, *path, str(index))
    elif isinstance(value, str):
        named = [each for each in path if not each.isdigit()]
        yield ".".join(path), named[-1] if named else "", value


def is_harmless(name: str, value: str) -> bool:
    """Whether the value of something that has a secret's name is surely none.

    That are references, numbers of tokens and seconds, addresses without a password.
    """
    if value.lower() in _SETTINGS:
        return True
    if value_is_secret(value):
        return False
    words = _words(name)
    last = words[-1] if words else ""
    is_number = bool(_NUMBER.fullmatch(value))
    return (
        bool(_REFERENCE.fullmatch(value))
        or (is_number and (last in _MEASURES or "TOKENS" in words))
        or (last in _POINTERS and not _is_secret_id(words) and not looks_random(value))
        or _is_of_tokenizer(words, is_number)
        or (last in _ADDRESSES and "WEBHOOK" not in words and _is_plain_address(value))
    )


def looks_random(value: str) -> bool:
    """Whether a value is so irregular that it may be a key: 20 characters of three kinds, 32
    hexadecimal digits, or a UUID."""
    if _HEX.fullmatch(value):
        return True
    kinds = (str.isupper, str.islower, str.isdigit)
    return bool(_RANDOM.fullmatch(value)) and all(any(map(kind, value)) for kind in kinds)


def names_fingerprint(name: str) -> bool:
    """Whether a name is that of a hash or version, which look as random as a key."""
    words = _words(name)
    if words[-1:] == ["ID"]:
        words.pop()
    return bool(words) and words[-1] in _FINGERPRINTS


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name[-_LONGEST_NAME:])
    return [word for word in parted.upper().split("_") if word]


def _is_secret_word(word: str) -> bool:
    return word in _WORDS or word.endswith(_ENDS) or word.startswith(_STARTS)


def _holds_pair(words: list[str]) -> bool:
    return not _PAIRS.isdisjoint(pairwise(words))


def _is_secret_id(words: list[str]) -> bool:
    return any(words[-len(each) :] == each for each in _SECRET_IDS)


def _is_connection(words: list[str]) -> bool:
    return bool(words) and words[-1] in _ADDRESSES and any(w.startswith(_SERVERS) for w in words)


def _is_of_tokenizer(words: list[str], is_number: bool) -> bool:
    """Whether the secret that a name speaks of can only be a token of text, or a number of them."""
    if _holds_pair(words):
        return False
    found = [index for index, word in enumerate(words) if _is_secret_word(word)]
    if not found or any(words[index] not in ("TOKEN", "TOKENS") for index in found):
        return False
    counted = not _COUNTED.isdisjoint(words)
    return all(
        (index > 0 and words[index - 1] in _VOCABULARY)
        or (counted and (is_number or words[index] == "TOKENS"))
        for index in found
    )


def _is_plain_address(value: str) -> bool:
    match = _PLAIN_ADDRESS.fullmatch(value)
    return match is not None and not any(map(looks_random, match["path"].split("/")))
