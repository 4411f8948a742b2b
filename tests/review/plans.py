"""Plans for tests: real ones by name, and small ones written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PLANS = Path(__file__).resolve().parent / "plans"
GOLDEN = Path(__file__).resolve().parent / "golden"
CHECKOV = Path(__file__).resolve().parent / "checkov.json"


def changed(
    address: str,
    actions: list[str],
    before: Any,
    after: Any,
    *,
    mode: str = "managed",
    replace_paths: list[list[Any]] | None = None,
    sensitive: Any = False,
    unknown: Any = None,
) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    kind, _, name = address.removeprefix("data.").rpartition(".")
    return {
        "address": address,
        "mode": mode,
        "type": kind.rpartition(".")[2],
        "name": name,
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": sensitive,
            "after_sensitive": sensitive,
            "replace_paths": replace_paths or [],
        },
    }


def plan_of(*entries: dict[str, Any], **more: Any) -> str:
    """What `terraform show -json` would print for some changes."""
    content = {"format_version": "1.2", "terraform_version": "1.11.4", **more}
    return json.dumps({**content, "resource_changes": list(entries)})


def hostile_plan(size: int = 5_000_000) -> tuple[str, list[str]]:
    """A plan of at least `size` bytes that attacks its reader, and the 500 secrets in it.

    It has texts of Markdown, HTML and a terminal in every resource, and values of 400 KB that cost
    a careless reader hours.
    """
    attack = "\n# x @octo www.e.example https://e.example <b> ```\n</details><!-- \x1b[2J\u202e|"
    slow = ("a.a-", "eyJ", "[", "A", "=\n", "token=", "://a:", " -", "sk-")
    entries = [
        changed(
            f"aws_x.slow{number}",
            ["update"],
            {"note": "x", "tags": {}},
            {"note": f"={text * (400_000 // len(text))}", "tags": {text * 1000: "x"}},
        )
        for number, text in enumerate(slow)
    ]
    secrets = [f"swordfish-{number:03}-7Qz" for number in range(500)]
    for number, secret in enumerate(secrets):
        url = f"postgres://admin:{secret}@db"
        held: dict[str, Any] = (
            {"environment": {"DB_PASSWORD": secret}},
            {"command": ["serve", "--api-key", secret]},
            {"note": f" {json.dumps({'a': json.dumps({'token': secret})})}"},
            {"tags": {url: "x"}},
            {"buildspec": f"- docker login -u bob -p {secret}"},
        )[number % 5]
        entry = changed(f"aws_x.s{number}", ["update"], {"a": attack}, {"a": f"{attack}2", **held})
        entry["address"] += f'["{url if number % 2 else attack}"]'
        entries.append(entry)
    length = len(plan_of(*entries))
    while length < size:
        number = len(entries)
        before = {"name": f"n{number}{attack}", "policy": json.dumps({"Statement": [attack]})}
        after = {key: f"{value} " for key, value in before.items()}
        entries.append(changed(f"aws_iam_policy.p{number}{attack}", ["update"], before, after))
        length += len(json.dumps(entries[-1])) + 2
    return plan_of(*entries), secrets


def big_plan(size: int) -> str:
    """A plan of at least `size` bytes: mostly creations, some of everything else."""
    entries: list[dict[str, Any]] = []
    length = 0
    while length < size:
        number = len(entries)
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": [f"s3:Get{number}", f"s3:Put{n}"],
                        "Resource": f"arn:aws:s3:::bucket-{number}-{n}/*",
                    }
                    for n in range(12)
                ],
            }
        )
        after = {"name": f"policy-{number}", "policy": policy, "tags": {"n": str(number)}}
        if number % 50 == 0:
            before = {**after, "policy": policy.replace("s3:Get", "s3:List")}
            entry = changed(f"aws_iam_policy.p{number}", ["update"], before, after)
        elif number % 50 == 1:
            entry = changed(f"aws_s3_bucket.b{number}", ["delete"], {"bucket": "b"}, None)
        else:
            entry = changed(f"aws_iam_policy.p{number}", ["create"], None, after)
        entries.append(entry)
        length += len(json.dumps(entry))
    return plan_of(*entries)
