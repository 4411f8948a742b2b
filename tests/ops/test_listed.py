"""What runs, as far as the files alone tell it: list, show, diff and the places to look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from inferform import (
    Environment,
    Inference,
    Network,
    Pipeline,
    PipelineFile,
    Registry,
    Training,
    load,
)
from inferform.own import OwnService
from inferform.service import Place
from inferform.usage import Usage
from ops.checks import CONFIGURATION, HEALTH
from ops.errors import BadInputError
from ops.kinds import kinds
from ops.kinds.record import Finding, Not, Now, Request, Verifier
from ops.links import links
from ops.listed import Seen, difference, rows
from ops.releases import version_of
from tests.conftest import ROOT
from tests.forked import inferform
from tests.specs import kinds as examples

DIGEST = f"sha256:{'ab' * 32}"
NOBODY = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def environments() -> dict[str, Environment]:
    return {name: examples.environment(tree) for name, tree in examples.valid_trees().items()}


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ({"model.image.tag": "1.4.2", "model.artifact": "fraud/1.4.2/model.tar.gz"}, "1.4.2"),
        ({"model.image.tag": "1.4.2", "model.artifact": "fraud/7/model.tar.gz"}, "1.4.2, 7"),
        ({"model.image.tag": "1.4.2", "model.image.digest": None}, "1.4.2"),
        ({"model.image.digest": DIGEST}, "sha256:abababababab"),
        ({"model.uri": f"1.dkr.ecr.us-east-1.amazonaws.com/a/b@{DIGEST}"}, "sha256:abababababab"),
        ({"model.uri": "1.dkr.ecr.us-east-1.amazonaws.com/a/b:2.0"}, "2.0"),
        ({"model.artifact": "s3://bucket/many/"}, "bucket/many"),
        (
            {"model.arn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/3"},
            "fraud/3",
        ),
        ({"model.arn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/bought"}, "bought"),
        (
            {
                "model.arn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/3",
                "model.artifact": "s3://acme-shared-use1-artifacts/training/fraud/",
                "model.image.tag": "1.4.2",
                "shadow.image.tag": "1.5.0",
            },
            "fraud/3, 1.5.0",
        ),
        ({"a.tag": "1", "b.tag": "2", "c.tag": "1"}, "1, 2"),
        ({}, ""),
    ],
)
def test_a_release_is_told_in_as_few_words_as_tell_it(
    release: Mapping[str, str | None], said: str
) -> None:
    assert version_of((tuple(path.split(".")), value) for path, value in release.items()) == said


def test_every_service_has_a_row_without_aws() -> None:
    for environment in environments().values():
        listed = rows(environment)
        assert [row.service.full_name for row in listed] == [
            each.full_name for each in environment.deployed
        ]
        for row in listed:
            known = row.as_dict()
            assert known["status"] is known["deployed"] is known["by"] is None
            assert known["why_not_known"] == "AWS was not asked"
            assert row.status == row.changed == row.by == "not known"
            assert row.owner
            assert row.money
            json.dumps(known)


class Queue(OwnService):
    """A kind that says nothing of its cost."""


class Free(Queue):
    """One that says that it costs nothing."""

    def uses(self, place: Place) -> Iterator[Usage]:
        yield from ()


FAIL = {"Name": "Stop", "Type": "Fail", "Arguments": {}}


def processing(instance_type: Any) -> dict[str, Any]:
    """A step of a definition that somebody else wrote."""
    config = {"InstanceType": instance_type, "InstanceCount": 1}
    return {
        "Name": "Prepare",
        "Type": "Processing",
        "Arguments": {"ProcessingResources": {"ClusterConfig": config}},
    }


@pytest.mark.parametrize(
    ("inference", "steps", "money"),
    [
        (Inference(own={"jobs": Queue()}), [], "not known"),
        (Inference(own={"jobs": Free()}), [], "nothing of its own"),
        (None, [processing("ml.m5.large")], "by use"),
        (None, [processing({"Get": "Parameters.Type"})], "not known"),
        (None, [{"Name": "Ask", "Type": "Lambda", "Arguments": {}}], "not known"),
        (None, [FAIL], "nothing of its own"),
    ],
)
def test_a_cost_that_nobody_told_is_not_known(
    inference: Inference | None, steps: list[dict[str, Any]], money: str
) -> None:
    content = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Type", "Type": "String"}],
        "Steps": steps or [FAIL],
    }
    pipelines: dict[str, Pipeline | PipelineFile] = {
        "jobs": PipelineFile(definition=json.dumps(content))
    }
    (row,) = rows(
        Environment(
            context=environments()["sagemaker"].context,
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(),
            inference=inference,
            training=None if inference else Training(pipelines=pipelines),
        )
    )
    assert row.money == money
    assert (row.as_dict()["not_in_the_sum"] is None) == (money == "nothing of its own")


def test_traffic_is_shared_by_weights() -> None:
    several = next(row for row in rows(environments()["sagemaker"]) if row.service.spec.shares())
    assert sum(several.service.spec.shares().values()) == pytest.approx(1)
    assert "%" in several.traffic
    assert several.owner == "ml"


def test_what_is_deployed_stands_beside_what_the_file_says() -> None:
    row = rows(environments()["functions"])[0]
    seen = Seen(is_deployed=True, version="0.9", now=Now("Active", 3), by="ci@runner")
    known = type(row)(row.service, row.version, row.owner, row.cost, seen)
    assert known.running == f"0.9 (file: {row.version})"
    assert (known.status, known.by) == ("Active", "ci@runner")
    gone = type(row)(row.service, row.version, row.owner, row.cost, Seen(is_deployed=False))
    assert (gone.status, gone.running) == ("not deployed", row.version)


def test_a_difference_is_a_version_or_a_service_that_only_one_has() -> None:
    environment = environments()["functions"]
    listed = rows(environment)
    assert difference(listed, listed) == []
    first, *others = listed
    newer = type(first)(first.service, "9.9", first.owner, first.cost)
    [one] = difference(listed, [newer, *others])
    assert (one.one, one.other) == (first.version, "9.9")
    [missing] = difference(listed, others)
    assert (missing.service, missing.other) == (first.service.full_name, None)


class Checked(Verifier):
    """A verifier that finds what it is told."""

    found: tuple[Finding, ...] = ()

    def findings(self) -> Iterator[Finding]:
        yield from self.found

    def served(self) -> Iterator[str]:
        yield from ()


def test_what_nothing_tells_of_a_kind_is_what_its_checks_find() -> None:
    nothing: Any = None
    made = Checked(nothing, {"name": "a"})
    assert made.now() == Now()
    good = made.finding(HEALTH, "passed", "is Scheduled")
    bad = made.finding(CONFIGURATION, "failed", "does not exist")
    made.found = (good, made.finding(HEALTH, "skipped", "was not tried"))
    assert made.now() == Now("is Scheduled")
    made.found = (bad, good)
    assert made.now() == Now("does not exist")
    with pytest.raises(BadInputError, match="a takes no requests from here"):
        made.ask(Request(b"", "text/csv"))


def test_every_service_has_a_page_in_the_console_or_a_reason() -> None:
    pages: dict[str, str] = {}
    for environment in environments().values():
        for each in environment.deployed:
            if each.resource is None:
                continue
            page = kinds()[each.resource[0]].page
            found = {place.title: place.url for place in links(each)}
            assert ("console" in found) is not isinstance(page, Not)
            pages.setdefault(each.spec.sort, found.get("console", ""))
    assert all(pages[sort] for sort in ("endpoint", "ecs", "lambda", "batch", "retraining", "eks"))
    assert "/clusters/acme-dev-use1-ecs/services/acme-dev-use1-" in pages["ecs"]


def test_places_are_in_the_console_of_their_partition() -> None:
    environment = load(ROOT / "environments").environments["dev-use1"]
    china = environment.replace(context=environment.context.replace(region="cn-north-1"))
    [each] = china.deployed
    found = links(each)
    assert [place.title for place in found] == ["console", "logs", "image", "artifact"]
    for place in found:
        assert place.url.startswith("https://console.amazonaws.cn/")
        assert "region=cn-north-1" in place.url or place.title == "artifact"


def test_list_stands_whole_in_80_columns() -> None:
    done = inferform("list", "--no-aws", COLUMNS="80")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "endpoint/ranking  2.0.0" in done.stdout
    assert "not known: status, last deploy (UTC), by" in done.stdout


def test_list_goes_on_where_an_account_is_out_of_reach() -> None:
    done = inferform("list", "dev", "--format", "json", commands=None, **NOBODY)
    assert done.returncode == 0
    [row] = json.loads(done.stdout)
    assert (row["version"], row["status"]) == ("1.4.2", None)
    assert "no credentials for account 111122223333" in done.stderr


def test_show_says_what_is_not_known_and_where_to_look() -> None:
    shown = inferform("show", "prod", "fraud", "--no-aws")
    assert shown.returncode == 0
    for text in (
        "canary 10 %",
        "2-12",
        "status       not known",
        "/endpoints/acme-prod-euw1-fraud",
    ):
        assert text in shown.stdout
    told = json.loads(inferform("show", "prod", "fraud", "--no-aws", "--json").stdout)
    assert told["rollout"] == "canary 10 %"
    assert told["links"]["logs"].endswith("acme-prod-euw1-fraud")


def test_the_folder_of_environments_may_be_named() -> None:
    done = inferform(
        "list", "--no-aws", "--format", "json", INFERFORM_ENVIRONMENTS="examples/environments"
    )
    assert {each["owner"] for each in json.loads(done.stdout)} == {"ml"}
    assert "function/rerank" in done.stdout
    missing = inferform("list", "--no-aws", INFERFORM_ENVIRONMENTS="nowhere")
    assert missing.returncode == 2
    assert "is not a folder" in missing.stderr


def test_diff_shows_the_versions_that_differ() -> None:
    done = inferform("diff", "staging", "prod")
    assert [line.split() for line in done.stdout.splitlines() if "endpoint/" in line] == [
        ["endpoint/fraud", "1.4.2", "1.4.1"],
        ["endpoint/ranking", "2.0.1", "2.0.0"],
    ]
    assert "have the same services" in inferform("diff", "prod", "prod").stdout
    [one] = json.loads(inferform("diff", "dev", "prod", "--json").stdout)[1:]
    assert one == {"service": "endpoint/ranking", "one": None, "other": "2.0.0"}


def test_open_prints_the_places_and_says_which_there_are() -> None:
    done = inferform("open", "dev", "fraud", "--where", "logs")
    assert "logsV2:log-groups" in done.stdout
    assert "console" not in done.stdout.partition("https")[0]
    wrong = inferform("open", "dev", "fraud", "--where", "dashboard")
    assert wrong.returncode == 2
    assert "its places are console, logs, image, artifact" in wrong.stderr


def test_a_time_without_a_version_is_not_known() -> None:
    row = rows(environments()["functions"])[0]
    when = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
    seen = Seen(is_deployed=True, changed=when)
    known = type(row)(row.service, row.version, row.owner, row.cost, seen)
    assert known.changed == "2026-09-01 12:30"
    assert known.by == known.status == "not known"
