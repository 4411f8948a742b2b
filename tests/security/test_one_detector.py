"""What a Spec refuses as a secret, a review masks, and the other way round."""

from __future__ import annotations

import string

import pytest

from inferform.secret import (
    is_harmless,
    looks_random,
    name_says_secret,
    names_fingerprint,
    names_secret,
    value_is_secret,
)
from ops.masking import mask, mask_text

# Made here, so that no scanner takes this file for one that holds secrets.
WORD = string.ascii_lowercase + string.digits
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter/fraud/key"

SECRETS = [
    # by the form of the value
    ("X", f"glpat-{WORD}"),
    ("X", f"sk_live_{WORD}"),
    ("X", f"sk_test_{WORD}"),
    ("X", f"sk-{WORD}"),
    ("X", f"hf_{WORD}"),
    ("X", f"npm_{WORD}"),
    ("X", f"nvapi-{WORD}"),
    ("X", f"pypi-{WORD}"),
    ("X", f"glsa_{WORD}"),
    ("X", f"dop_v1_{WORD}"),
    ("X", f"hvs.{WORD}"),
    ("X", f"xapp-{WORD}"),
    ("X", f"SG.{WORD}.{WORD}"),
    ("X", f"AIza{WORD}"),
    ("X", f"AKIA{WORD[:16].upper()}"),
    ("X", f"https://hooks.slack.com/services/T0/B0/{WORD}"),
    ("X", f"https://events.pagerduty.com/integration/{WORD}/enqueue"),
    ("X", "postgres://app:hunter2@db/fraud"),
    ("X", "postgres://app:pa/ssW0rd@db/fraud"),
    ("X", "redis://:hunter2@cache:6379/0"),
    ("X", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    # by the name
    ("DB_PWD", "hunter2"),
    ("MYSQL_ROOT_PW", "hunter2"),
    ("PGPASS", "hunter2"),
    ("PASSCODE", "hunter2"),
    ("dbpassword", "hunter2"),
    ("authToken", "hunter2"),
    ("SESSION_PAT", "hunter2"),
    ("MONGO_URI", "mongodb://cluster.example.net/?authMechanism=X&key=hunter2"),
    ("DATABASE_URL", "Server=db;User=app;Pass=hunter2"),
    ("SENTRY_DSN", "https://hunter2@o0.ingest.example.com/1"),
    ("DSN", "hunter2"),
    ("WEBHOOK_URL", "https://chat.example.com/hooks/hunter2"),
    ("JWT_KEY", "hunter2"),
    ("SESSION_KEY", "hunter2"),
    ("DJANGO_KEY", "hunter2"),
    ("SALT", "hunter2"),
    ("X-Origin-Verify", "hunter2"),
    ("API_TOKEN", "12345678"),
    ("ACCESS_TOKEN", "918273645510"),
    ("VERSION_TOKEN", "12345678"),
    ("DB_PASSWORD", "arn:hunter"),
    ("DB_PASSWORD", "${hunter"),
    ("DB_SECRET_ID", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
    ("AWS_ACCESS_KEY_ID", "hunter2"),
]

SETTINGS = [
    ("MAX_TOKENS", "512"),
    ("MAX_TOTAL_TOKENS", "4096"),
    ("MAX_TOKENS", "auto"),
    ("PAD_TOKEN", "<pad>"),
    ("STOP_TOKEN_IDS", "[1, 2]"),
    ("TOKENIZERS_PARALLELISM", "false"),
    ("USE_AUTH_TOKEN", "true"),
    ("TOKEN_TTL", "3600"),
    ("PASSWORD_LENGTH", "12"),
    ("TOKEN_URL", "https://login.example.com/oauth2/token"),
    ("DB_PASSWORD_ARN", SECRET),
    ("DB_PASSWORD", SECRET),
    ("API_KEY", PARAMETER),
    ("API_KEY_FILE", "/run/secrets/key"),
    ("DB_PASSWORD", "$(PASSWORD_OF_THE_DATABASE)"),
    ("SECRET_NAME", "fraud"),
    ("DB_SECRET_ID", "fraud/db"),
    ("PRIMARY_KEY", "id"),
    ("MODEL_URL", "https://models.internal/a"),
    ("REDIS_URL", "redis://cache.internal:6379/0"),
    ("BASE", "https://registry.internal:5000/models@sha256:1"),
    ("DATABASE", "postgres://app:$(DB_PASSWORD)@db/fraud"),
    ("TASK", "risk-scoring-of-card-payments-in-europe"),
    ("COMPASS", "north"),
    ("http_tokens", "required"),
    ("customer_master_key_spec", "SYMMETRIC_DEFAULT"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_is_refused_in_a_spec_and_masked_in_a_review(name: str, value: str) -> None:
    assert name_says_secret(name, value) or value_is_secret(value)
    for key in ("environment", "tags"):
        assert value not in str(mask({key: {name: value}}))
        assert value not in str(mask({key: [{"name": name, "value": value}]}))


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_a_setting_is_taken_in_a_spec_and_shown_in_a_review(name: str, value: str) -> None:
    assert not name_says_secret(name, value)
    assert not value_is_secret(value)
    assert mask({"environment": {name: value}}) == {"environment": {name: value}}


@pytest.mark.parametrize("name", ["VERSION_UNLOCK", "SHARED_X", "HASHICORP_X"])
def test_a_random_value_is_a_fingerprint_by_the_end_of_its_name_only(name: str) -> None:
    value = "Zk3vP9sQx81LmN0aBcDe7yTu2Rw4"
    assert value not in str(mask({"environment": {name: value}}))
    shown = {"environment": {"GIT_COMMIT": value, "MODEL_SHA256": value}}
    assert mask(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("=" + "a.a-" * 31_250, "=\n" + "a" * 125_000, "eyJ" * 37_500, "A" * 125_000),
        *("sk-" * 37_500, "hf_" * 37_500, "://a:" * 25_000, "://" * 37_500, "$(" * 62_500),
        *('a="' * 37_500, "bearer " * 18_750, "bearer" + " " * 125_000, "--a " * 31_250),
        *(
            "-----BEGIN " * 11_250,
            "-----BEGIN PRIVATE KEY" * 6_250,
            "a " * 62_500,
            "SG." * 37_500,
        ),
        *("secret_file=" * 10_000, "token=" * 20_000, "login -p " * 14_000, "-u a:" * 25_000),
        *("login " * 21_000, "docker login -p" * 8_000, "password: " * 12_500, "a=${" * 31_250),
        *("QUJD" * 31_250, "-u " * 40_000, "sshpass -p " * 11_000, "a: " * 41_500),
        *("arn:aws:" * 15_000, "x://a/" + "/" * 125_000, "=" * 125_000),
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.timeout(120)  # where the time is quadratic, it is a quarter of an hour
def test_a_long_text_is_read_in_time(text: str) -> None:
    mask({"environment": {"X": text, text: "x", "DB_URL": text}, "command": [text, text]})
    mask_text(text)
    assert names_secret(text) in (True, False)
    for judge in (value_is_secret, looks_random, names_fingerprint):
        assert judge(text) in (True, False)
    assert is_harmless("DB_URL", text) in (True, False)
