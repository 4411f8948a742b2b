"""No secret gets into any format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform.secret import names_secret
from ops.masking import Masked, mask, mask_text
from ops.plan import read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS

from .plans import PLANS, changed, plan_of

SECRETS = {
    "marked": "marked-as-sensitive",
    "named": "hunter2-hunter2",
    "token": "hf_abcdefghijklmnopqrstuvwxyz",
    "key": "AKIAIOSFODNN7EXAMPLE",
    "url": "s3cr3t-in-a-url",
    "random": "Zk3vP9sQx81LmN0aBcDe7yTu2Rw4",
    "script": "script-swordfish",
    "definition": "definition-swordfish",
    "pem": "MIIEpAIBAAKCAQEA",
    "helm": "chart-swordfish",
}


def _plan() -> str:
    container = [
        {
            "name": "api",
            "image": "api:2",
            "environment": [{"name": "DB_PASSWORD", "value": SECRETS["definition"]}],
            "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:us-east-1:1:parameter/t"}],
        }
    ]
    model = {
        "name": "m",
        "primary_container": [
            {
                "image": "m:1",
                "environment": {
                    "API_PASSWORD": SECRETS["named"],
                    "HUB": SECRETS["token"],
                    "CALLBACK": f"https://user:{SECRETS['url']}@example.com/x",
                    "SEED": SECRETS["random"],
                    "MAX_TOTAL_TOKENS": "4096",
                    "LOG_LEVEL": "info",
                },
            }
        ],
    }
    return plan_of(
        changed("aws_sagemaker_model.m", ["create"], None, model),
        changed(
            "aws_ecs_task_definition.t",
            ["create"],
            None,
            {"family": "t", "container_definitions": json.dumps(container)},
        ),
        changed(
            "aws_db_instance.d",
            ["update"],
            {"identifier": "d", "odd": "old"},
            {"identifier": "d", "odd": SECRETS["marked"]},
            sensitive={"odd": True},
        ),
        changed(
            "aws_instance.i",
            ["create"],
            None,
            {"user_data": f"#!/bin/sh\nexport X={SECRETS['script']}\n", "note": SECRETS["key"]},
        ),
        changed(
            "tls_private_key.k",
            ["create"],
            None,
            {"content": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRETS['pem']}\n"},
        ),
        changed(
            "helm_release.h",
            ["create"],
            None,
            {
                "values": [f"auth:\n  password: {SECRETS['helm']}\n  port: 80\n"],
                "set": [{"name": "db.password", "value": SECRETS["helm"]}],
            },
        ),
        output_changes={
            "password": {"actions": ["create"], "before": None, "after": SECRETS["marked"]}
        },
    )


@pytest.mark.parametrize("name", FORMATS)
def test_secrets_in_ten_places_are_in_no_format(name: str) -> None:
    text = FORMATS[name](build([read_plan(_plan(), "p")]))
    leaked = [place for place, secret in SECRETS.items() if secret in text]
    assert not leaked


def test_what_is_no_secret_stays_readable() -> None:
    text = FORMATS["json"](build([read_plan(_plan(), "p")]))
    for shown in ("4096", "info", "parameter/t", "MAX_TOTAL_TOKENS", "port: 80"):
        assert shown in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_password_in_the_real_plans_is_in_no_format(name: str) -> None:
    plans = [read_plan(file) for file in sorted(PLANS.glob("*.json"))]
    assert "correct horse" in (PLANS / "first-creation.json").read_text("utf-8")
    assert "correct horse" not in FORMATS[name](build(plans))


@pytest.mark.parametrize(
    "name",
    ["password", "DB_PASSWD", "HF_TOKEN", "apiKey", "aws_secret_access_key", "SLACK_WEBHOOK"],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["LOG_LEVEL", "TOKENIZER_PATH", "bypass", "key_name", "compass"])
def test_other_names_are_left_alone(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"MODEL_SHA": "a" * 64}, {"MODEL_SHA": "a" * 64}),
        ({"secret_arn": "arn:aws:secretsmanager:x"}, {"secret_arn": "arn:aws:secretsmanager:x"}),
        ({"rotate_secret": True}, {"rotate_secret": True}),
        ({"password": None}, {"password": None}),
    ],
)
def test_references_flags_and_hashes_are_shown(value: Any, shown: Any) -> None:
    assert mask({"environment": value}) == {"environment": shown}


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_the_data_of_a_kubernetes_secret_is_hidden(field: str) -> None:
    manifest = {"kind": "Secret", "metadata": {"name": "s"}, field: {"colour": "blue"}}
    masked = mask({"manifest": manifest})["manifest"]
    assert masked["metadata"] == {"name": "s"}
    assert str(masked[field]) == "(masked)"
    shown = {"manifest": {**manifest, "kind": "ConfigMap"}}
    assert mask(shown) == shown


def test_the_argument_after_an_option_that_names_a_secret_is_hidden() -> None:
    command = ["serve", "--api-key", "swordfish", "--max-model-len", "4096", "-v", "--quiet"]
    assert mask({"command": command})["command"] == [
        *("serve", "--api-key", Masked("swordfish"), "--max-model-len", "4096", "-v", "--quiet")
    ]
    script = "vllm serve --api-key swordfish --port 8080 --hf-token 'sword fish' --quiet"
    assert mask({"script": script})["script"] == (
        "vllm serve --api-key (masked) --port 8080 --hf-token (masked) --quiet"
    )


@pytest.mark.parametrize(
    "value",
    [
        '{"password": "swordfish"}',
        ' {"password": "swordfish"}',
        "Bearer swordfish-1",
        "Token swordfish1",
    ],
)
def test_a_secret_in_json_or_a_header_is_hidden(value: str) -> None:
    assert "swordfish" not in str(mask({"input": value}))
    assert "swordfish" not in str(mask({"input": json.dumps({"Authorization": value})}))


def test_the_whole_of_a_private_key_is_cut_from_a_text() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
    assert mask_text(f"before\n{key}\nafter") == "before\n(masked)\nafter"
    assert mask_text(f"before\n{key[:40]}") == "before\n(masked)"


def test_a_changed_secret_is_seen_to_change_without_being_seen() -> None:
    entry = changed(
        "aws_x.y", ["update"], {"password": "one", "same": 1}, {"password": "two", "same": 1}
    )
    (change,) = read_plan(plan_of(entry)).changes
    (difference,) = change.differences
    assert (difference.path, str(difference.before)) == ("password", "(masked)")
    assert Masked("a") == Masked("a")
    assert Masked("a") != Masked("b")


def test_free_text_loses_what_it_assigns_to_a_secrets_name() -> None:
    text = mask_text("token=abc123 level=info Authorization: Bearer abcdefghijkl")
    assert text == "token=(masked) level=info Authorization: Bearer (masked)"


def test_a_plan_is_read_in_clear_only_where_that_is_asked_for() -> None:
    entry = changed("aws_x.y", ["create"], None, {"password": "swordfish"})
    masked, clear = (
        read_plan(plan_of(entry), in_clear=asked).changes[0] for asked in (False, True)
    )
    assert str(masked.after["password"]) == "(masked)"
    assert clear.after == {"password": "swordfish"}


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_empty_is_no_secret(empty: Any) -> None:
    value = {"note": empty, "password": empty}
    assert mask(value, {"note": True, "password": True}) == value


def test_of_a_pair_only_the_value_is_hidden_by_the_name() -> None:
    pair = {"name": "DB_PASSWORD", "value": "swordfish", "note": "of the store"}
    assert mask(pair) == {**pair, "value": Masked("swordfish")}
    alone = {"value": "swordfish", "port": 80}
    assert mask(alone) == alone


@pytest.mark.parametrize("text", ["password=", "password: ", 'password=""', "password=''"])
def test_a_name_without_a_value_stays(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize("source", ["Ec2InstanceMetadata", "EcsContainer"])
def test_the_source_of_the_credentials_of_a_profile_is_shown(source: str) -> None:
    assert mask_text(f"'credential_source = {source}' 'x'") == f"'credential_source = {source}' 'x'"
    assert "swordfish" not in mask_text("credential_source = swordfish")


def test_what_stands_after_an_option_that_reads_a_password_is_none() -> None:
    command = (
        "docker login --username AWS --password-stdin 111122223333.dkr.ecr.us-east-1.amazonaws.com"
    )
    assert mask_text(command) == command
    assert mask({"command": command.split()}) == {"command": command.split()}
    assert "swordfish" not in mask_text("docker login --password swordfish")
    assert "swordfish" not in mask_text("PASSWORD_STDIN=swordfish --password-stdin=swordfish")


@pytest.mark.parametrize("option", ["-u", "--user", "--proxy-user"])
def test_the_password_beside_a_user_is_hidden(option: str) -> None:
    assert mask({"command": ["curl", option, "ann:swordfish"]})["command"] == [
        *("curl", option, Masked("ann:swordfish"))
    ]
    assert "swordfish" not in mask_text(f"curl {option} ann:swordfish https://x.example")


def test_a_secret_that_comes_or_goes_is_a_change() -> None:
    for before, after in (({}, {"password": "x"}), ({"password": "x"}, {"password": ""})):
        entry = changed("aws_x.y", ["update"], {"a": 1, **before}, {"a": 1, **after})
        (change,) = read_plan(plan_of(entry)).changes
        assert [each.path for each in change.differences] == ["password"]
