"""No secret of 170 kinds gets into any format, and nothing harmless is masked."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Iterator
from typing import Any

import pytest

from ops.masking import mask
from ops.plan import read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS
from tests.conftest import ROOT
from tests.review.plans import PLANS, changed, plan_of

# Made here, so that no scanner takes this file for one that holds secrets.
PW = "".join(("hunter", "2", "swordfish"))
WORD = string.ascii_lowercase + string.digits
RANDOM = "Zk3vP9sQx81LmN0aBcDe7yTu2Rw4Fg6HjKl5Mn8p"
HEX = "0123456789abcdef" * 2


def env(name: str, value: str) -> dict[str, Any]:
    return {"primary_container": [{"image": "m:1", "environment": {name: value}}]}


def args(*command: str) -> dict[str, Any]:
    return {"container_definitions": json.dumps([{"name": "c", "command": command}])}


def spec(line: str) -> dict[str, Any]:
    return {"source": [{"buildspec": f"version: 0.2\nphases:\n  build:\n    commands: [{line}]\n"}]}


def attr(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def names(*each: str) -> list[tuple[str, dict[str, Any], str]]:
    return [(name, env(name, PW), PW) for name in each]


def values(*each: str) -> list[tuple[str, dict[str, Any], str]]:
    """Values that are secrets by their form, whatever their name: in an environment or not."""
    return [(value[:12], attr("note", value), value[-12:]) for value in each]


# What the security review tried.
TRIED = [
    *names("HUGGING_FACE_HUB_TOKEN", "OPENAI_API_KEY", "MYSQL_ROOT_PW", "PGPASS", "JWT_KEY"),
    *names("SESSION_KEY", "DJANGO_KEY", "SALT", "PASSCODE", "DB_PASSWORD", "SECRET_KEY"),
    ("sk-ant", env("X", f"sk-ant-{WORD}"), WORD),
    ("DATABASE_URL", env("DATABASE_URL", f"postgres://app:{PW}@db/x"), PW),
    ("pw with @", env("X", f"postgres://app:p@{PW}@db/x"), PW),
    ("pw with /", env("X", f"postgres://app:p/{PW}@db/x"), PW),
    ("jdbc", env("X", f"jdbc:mysql://db/x?user=app&password={PW}"), PW),
    ("redis", env("X", f"redis://:{PW}@cache:6379/0"), PW),
    ("json password", attr("config", json.dumps({"password": PW})), PW),
    ("json dbPwd", attr("config", json.dumps({"dbPwd": PW})), PW),
    ("json with a space", attr("config", " " + json.dumps({"dbPwd": PW})), PW),
    ("json in json", attr("config", json.dumps({"a": json.dumps({"password": PW})})), PW),
    ("yaml", env("X", f"db:\n  password: {PW}\n"), PW),
    ("base64 user:pw", env("X", b64(f"User1:{RANDOM}")), b64(f"User1:{RANDOM}")),
    ("base64 json", env("X", b64(f'{{"Pw1":"{RANDOM}"}}')), b64(f'{{"Pw1":"{RANDOM}"}}')),
    ("aws key", env("FOO", RANDOM), RANDOM),
    ("version unlock", env("VERSION_UNLOCK", RANDOM), RANDOM),
    ("shared x", env("SHARED_X", RANDOM), RANDOM),
    ("hashicorp x", env("HASHICORP_X", RANDOM), RANDOM),
    ("api token of digits", env("API_TOKEN", "12345678"), "12345678"),
    ("access token of digits", env("ACCESS_TOKEN", "918273645510"), "918273645510"),
    ("half an arn", env("DB_PASSWORD", f"arn:{PW}"), PW),
    ("open reference", env("DB_PASSWORD", "${" + PW), PW),
    ("header bearer", attr("config", json.dumps({"Authorization": f"Bearer {PW}9"})), PW),
    ("header token", attr("config", json.dumps({"Authorization": f"Token {PW}9"})), PW),
    ("x-api-key", attr("headers", {"x-api-key": PW}), PW),
    ("X-Origin-Verify", attr("custom_header", [{"name": "X-Origin-Verify", "value": PW}]), PW),
    ("SAS", attr("note", f"https://x.blob.core.example/y?sv=1&sig={PW}&se=2"), PW),
    ("X-Amz-Signature", attr("note", f"https://s3.example/x?X-Amz-Signature={HEX}"), HEX),
    ("ExternalId", attr("condition", {"sts:ExternalId": PW}), PW),
    ("--api-key S", args("serve", "--api-key", PW), PW),
    ("--api-key=S", args("serve", f"--api-key={PW}"), PW),
    ("vllm", spec(f"vllm serve --api-key {PW}"), PW),
    ("--hf-token", args("serve", "--hf-token", PW), PW),
    ("docker login", spec(f"docker login -u bob -p {PW}"), PW),
    ("curl -u", spec(f"curl -u bob:{PW} https://x.example"), PW),
    ("ghs", spec(f"git clone https://x-access-token:ghs_{WORD}@github.com/a/b"), WORD),
    ("user_data", attr("user_data", f"#!/bin/sh\necho {PW}"), PW),
    ("custom_data", attr("custom_data", b64(f"echo {PW}")), b64(f"echo {PW}")),
    ("lambda PW", attr("environment", [{"variables": {"PW": RANDOM}}]), RANDOM),
    ("rds", attr("password", PW), PW),
    ("secret_string", attr("secret_string", PW), PW),
    ("properties", attr("data", {"app.properties": f"a=1\ndb.password={PW}\n"}), PW),
    ("pair", attr("env", [{"name": "DB_PASSWORD", "value": PW}]), PW),
    ("helm set", attr("set", [{"name": "auth.password", "value": PW}]), PW),
    ("helm values", attr("values", [f"auth:\n  password: {PW}\n"]), PW),
    ("event input", attr("input", json.dumps({"token": PW})), PW),
    *values(f"npm_{WORD}", f"AIza{WORD}", f"SG.{WORD}.{WORD}", f"dop_v1_{WORD}", f"pypi-{WORD}"),
    *values(f"nvapi-{WORD}", f"sk_test_{WORD}", f"glsa_{WORD}", f"xapp-{WORD}", f"hvs.{WORD}"),
    *values(f"https://hooks.slack.com/services/T0/B0/{WORD}", f"ghp_{WORD}", f"hf_{WORD}"),
    ("pagerduty", attr("e", f"https://events.pagerduty.com/integration/{HEX}/enqueue"), HEX),
    ("openssh", attr("n", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{RANDOM}\n"), RANDOM),
    ("pgp", attr("n", f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{RANDOM}\n"), RANDOM),
    ("pem", attr("n", f"-----BEGIN RSA PRIVATE KEY-----\n{RANDOM}\n"), RANDOM),
    ("key of a map", attr("tags", {f"postgres://a:{PW}@db": "x"}), PW),
    ("key with =", attr("tags", {f"password={PW}": "x"}), PW),
    ("command string", attr("command", f"serve --password {PW}"), PW),
    ("pgconn", env("PGCONN", f"host=db user=svc password={PW} dbname=x"), PW),
    ("auth basic", env("AUTH", f"Basic {b64(PW)}"), b64(PW).rstrip("=")),
    ("label", attr("labels", {"com.example.key": f"glpat-{WORD}"}), WORD),
    ("export", args("sh", "-c", f"export PASSWORD={PW}; exec serve"), PW),
    (
        "on_start",
        attr("on_start", b64(f"export HF_TOKEN=hf_{WORD}")),
        b64(f"TOKEN=hf_{WORD}")[-12:],
    ),
    ("on_start 2", attr("on_start", b64(f"export PW={PW}")), b64(f"export PW={PW}").rstrip("=")),
    (
        "event connection",
        attr("auth_parameters", [{"api_key": [{"key": "x-api", "value": PW}]}]),
        PW,
    ),
    ("ini", attr("data", {"app.ini": f"[db]\npassword = {PW}\n"}), PW),
    ("client_secret", attr("data", {"c.json": json.dumps({"client_secret": PW})}), PW),
]
# More of the same kinds.
MORE = [
    *names("REDIS_PASS", "SMTP_PASSWD", "KEYSTORE_PASSPHRASE", "AUTH_TOKEN", "githubToken"),
    *names("clientSecret", "AWS_SECRET_ACCESS_KEY", "STRIPE_WEBHOOK", "CONNECTION_STRING"),
    *names("AZURE_STORAGE_CONNSTR", "HMAC_KEY", "SIGNING_KEY", "ENCRYPTION_KEY", "PRIVATE_KEY"),
    *names("APIKEY", "X_API_KEY", "WANDB_API_KEY", "COHERE_API_KEY", "LANGSMITH_API_KEY"),
    *names("DB_CREDENTIALS", "SERVICE_CREDS", "SENTRY_DSN", "MONGO_URI", "ROOT_PWD", "USER_PAT"),
    *names("REFRESH_TOKEN", "BOT_TOKEN", "SECRETS", "oauth.client-secret", "ACCOUNT_KEY"),
    *values(f"gho_{WORD}", f"ghu_{WORD}", f"ghr_{WORD}", f"github_pat_{WORD}", f"glrt-{WORD}"),
    *values(f"xoxb-{WORD}", f"xoxp-{WORD}", f"rk_live_{WORD}", f"whsec_{WORD}", f"gsk_{WORD}"),
    *values(f"hvb.{WORD}", f"sk-proj-{WORD}", f"AKIA{WORD[:16].upper()}"),
    *values(f"ASIA{WORD[:16].upper()}", f"https://discord.com/api/webhooks/1/{WORD}"),
    *values(f"eyJ{WORD}.{WORD}.{WORD}", f"https://events.eu.pagerduty.com/integration/{HEX}"),
    *values(f"amqps://mq:{RANDOM}@mq.example:5671", f"mongodb+srv://u:{RANDOM}@c.example/x"),
    *values(f"ftp://u:{RANDOM}@x", f"https://{WORD[:8]}:{RANDOM}@git.example/x.git"),
    ("--password", args("mysqld", "--password", PW), PW),
    ("--auth-token", args("x", "--auth-token", PW), PW),
    ("--secret-key=", args("x", f"--secret-key={PW}"), PW),
    ("--client-secret", args("x", "--client-secret", PW), PW),
    ("-token", args("vault", "-token", PW), PW),
    ("entry point", attr("entry_point", ["x", "--db-password", PW]), PW),
    ("args of a pod", attr("args", ["--api-key", PW, "--port", "80"]), PW),
    ("header -H", spec(f"curl -H 'Authorization: Bearer {PW}9' https://x.example"), PW),
    ("header X-Api-Key", spec(f"curl -H 'X-Api-Key: {PW}' https://x.example"), PW),
    ("sshpass", spec(f"sshpass -p {PW} ssh x"), PW),
    ("mysql -p", spec(f"mysql --password={PW} -e x"), PW),
    ("PGPASSWORD", spec(f"PGPASSWORD={PW} psql -h db"), PW),
    ("npm config", spec(f"npm config set //r.example/:_authToken={PW}"), PW),
    ("pip index", spec(f"pip install -i https://u:{PW}@pypi.example/simple x"), PW),
    ("helm --set", spec(f"helm upgrade x --set auth.password={PW}"), PW),
    ("wget", spec(f"wget --password {PW} https://x.example"), PW),
    ("query token", attr("url", f"https://x.example/y?access_token={PW}&z=1"), PW),
    ("query api_key", attr("url", f"https://x.example/y?z=1&api_key={PW}"), PW),
    ("query secret", attr("url", f"https://x.example/y?client_secret={PW}"), PW),
    ("odbc", attr("c", f"Driver=x;Server=db;Uid=app;Pwd={PW};"), PW),
    ("libpq", attr("c", f"host=db password='{PW} x' dbname=x"), PW),
    ("toml", attr("c", f'[db]\npassword = "{PW}"\n'), PW),
    ("yaml quoted", attr("c", f'db:\n  "api_key": "{PW}"\n'), PW),
    ("broken json", attr("c", f'{{"password": "{PW}", '), PW),
    ("json with a key twice", attr("c", f'{{"password": "{PW}", "password": "x"}}'), PW),
    ("deep json", attr("c", "[" * 80 + f'{{"password": "{PW}"}}' + "]" * 80), PW),
    ("json in json with a space", attr("c", json.dumps([" " + json.dumps({"apiKey": PW})])), PW),
    ("json in json in json", attr("c", json.dumps([json.dumps([json.dumps({"pwd": PW})])])), PW),
    ("number", attr("pin_password", 918273645510), "918273645510"),
    ("list", attr("passwords_secret", [PW]), PW),
    ("map", attr("secret", {"a": {"b": PW}}), PW),
    ("capital Name", attr("env", [{"Name": "API_KEY", "Value": PW}]), PW),
    ("key of a map, token", attr("labels", {f"ghp_{WORD}": "x"}), WORD),
    ("nested key", attr("a", [{"b": {f"https://u:{PW}@x": 1}}]), PW),
    ("key in a document", attr("c", json.dumps({f"postgres://u:{PW}@db": 1})), PW),
    ("secret manifest", attr("manifest", {"kind": "Secret", "data": {"a": PW}}), PW),
    ("user_data_base64", attr("user_data_base64", b64(PW)), b64(PW)),
    ("gcp", attr("c", json.dumps({"private_key": PW, "type": "service_account"})), PW),
    ("docker config", attr("c", json.dumps({"auths": {"r": {"password": PW}}})), PW),
    ("set_sensitive", attr("set_list", [{"name": "x.apiKey", "value": [PW]}]), PW),
]


def everywhere(values: dict[str, Any]) -> str:
    """A plan that creates a resource with some values, and one that gets them and loses them."""
    return plan_of(
        changed("aws_x.c", ["create"], None, values),
        changed("aws_x.u", ["update"], dict.fromkeys(values), values),
        changed("aws_x.v", ["update"], values, dict.fromkeys(values, "x")),
    )


def shown(plan: str) -> str:
    report = build([read_plan(plan, "p")])
    return "\n".join(html.unescape(render(report)) for render in FORMATS.values())


def test_there_are_as_many_as_are_promised() -> None:
    assert len(TRIED) + len(PLACES) >= 85
    assert len(MORE) >= 85


@pytest.mark.parametrize(
    ("case", "values", "secret"), [*TRIED, *MORE], ids=[case for case, *_ in (*TRIED, *MORE)]
)
def test_a_secret_is_in_no_format(case: str, values: dict[str, Any], secret: str) -> None:
    text = shown(everywhere(values))
    assert "(masked)" in text
    assert secret not in text


# Secrets that stand in an address, an import id, an output, a check, drift or a condition.
LABELS = {
    "url": f"postgres://admin:{PW}@db",
    "token": f"ghp_{PW}{WORD}",
    "assigned": f"password={PW}",
}
PLACES = [
    (place, label)
    for place in ("address", "moved", "import", "identity", "replaced")
    for label in LABELS
]


@pytest.mark.parametrize(
    ("place", "label"), [*PLACES, ("output", "url"), ("check", "assigned"), ("drift", "token")]
)
def test_a_secret_in_a_label_is_in_no_format(place: str, label: str) -> None:
    text = LABELS[label]
    entry = changed("aws_x.y", ["update"], {"a": "1"}, {"a": "2"})
    more: dict[str, Any] = {}
    if place == "address":
        entry["address"] = f'aws_x.y["{text}"]'
    elif place == "moved":
        entry["previous_address"] = f'aws_x.y["{text}"]'
    elif place == "import":
        entry["change"]["importing"] = {"id": text}
    elif place == "identity":
        entry["change"]["importing"] = {"identity": {"name": text, text: "x"}}
    elif place == "replaced":
        entry["change"] |= {"actions": ["delete", "create"], "replace_paths": [["tags", text]]}
        entry["change"] |= {"after": {"tags": {text: "2"}}, "after_unknown": {"t": {text: True}}}
    elif place == "output":
        more["output_changes"] = {text: {"actions": ["create"], "before": None, "after": text}}
    elif place == "check":
        problem = {"address": {"to_display": f"check.{text}"}, "status": "fail"}
        more["checks"] = [problem | {"problems": [{"message": f"{text} is wrong"}]}]
    else:
        drifted = changed("aws_x.z", ["update"], {"a": text}, {"a": f"{text}x"})
        more["resource_drift"] = [drifted | {"address": f'aws_x.z["{text}"]'}]
    said = shown(plan_of(entry, **more))
    assert PW not in said
    assert "(masked)" in said


def masked(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths of what is masked."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            yield from masked(before[key], after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        for one, other in zip(before, after, strict=True):
            yield from masked(one, other, path)
    elif (isinstance(before, str) and "(masked)" in str(after) and "(masked)" not in before) or (
        before != after and "(masked)" in str(after)
    ):
        yield path


def test_nothing_harmless_is_masked_in_the_real_plans_and_the_golden_stacks() -> None:
    found: dict[str, set[str]] = {}
    for file in sorted(PLANS.glob("*.json")):
        for entry in json.loads(file.read_text("utf-8")).get("resource_changes") or ():
            for side in ("before", "after"):
                value = entry["change"].get(side)
                for path in masked(value, mask(value)):
                    found.setdefault(f"{entry['type']}{path}", set()).add(file.name)
            assert "(masked)" not in read_plan(plan_of(entry), "p").changes[0].address
    for file in sorted((ROOT / "tests" / "golden").glob("*.json")):
        content = json.loads(file.read_text("utf-8"))
        for kind, resources in (content.get("resource") or {}).items():
            for path in masked(resources, mask(resources)):
                found.setdefault(f"{kind}{path}", set()).add(file.name)
    # A password that a test environment holds in the clear, to be masked.
    known = {"aws_sagemaker_model.primary_container.environment.FEATURE_STORE_PASSWORD"}
    assert {key: sorted(value) for key, value in found.items() if key not in known} == {}


@pytest.mark.parametrize(
    "text",
    [
        "image: registry.example/token-service:1.2",
        "image: secret-service:1.2",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf",
        "docker run -u 1000:1000 -p 8080:80 x",
        "mkdir -p /opt/model && ls -l",
        "serve --max-tokens 512 --tokenizer x --port 8080",
        "echo done; password=$(PASSWORD)",
    ],
)
def test_an_honest_text_is_shown(text: str) -> None:
    for value in (text, [text], {"environment": {"X": text}}):
        assert mask({"note": value}) == {"note": value}


def test_a_script_in_base64_without_a_secret_is_shown() -> None:
    value = {"on_start": b64("#!/bin/sh\necho ready\nsleep 10  ")}
    assert mask(value) == value


def test_honest_arguments_are_shown() -> None:
    value = [
        "serve",
        "-p",
        "8080",
        "-u",
        "1000:1000",
        "-p",
        "/opt/x1234567",
        "--name",
        "a1b2c3d4e5",
    ]
    assert mask({"command": value}) == {"command": value}
    for option, argument in (("-p", f"{PW}"), ("-u", f"bob:{PW}"), ("--user", f"bob:{PW}")):
        assert PW not in str(mask({"command": ["x", option, argument]}))
