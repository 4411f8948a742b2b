"""Pictures of environments and the catalogue: what is in them, and that nothing gets out of its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.catalogue import write
from inferform import Environment, load
from inferform.observability.dashboard import dashboards
from ops.catalog import Source, page
from ops.cost.prices import price_table
from ops.diagram import mermaid, svg
from ops.errors import BadInputError
from ops.kinds.record import Now
from ops.listed import Seen, rows
from ops.picture import picture
from tests.conftest import ROOT
from tests.forked import inferform
from tests.review.browser import Browser, browser, chromium
from tests.specs import kinds as examples
from tests.work import calls

HOSTILE = "</title><script>alert(1)</script>\"'`#\u202e"


def example(name: str) -> Environment:
    return examples.environment(examples.valid_trees()[name])


def ways(name: str) -> set[tuple[str, str, str]]:
    made = picture(example(name))
    return {
        (".".join(map(str, lead.source)), lead.says, ".".join(map(str, lead.target)))
        for lead in made.leads
    }


def test_a_picture_has_who_calls_whom() -> None:
    assert ways("api") >= {
        ("apis.http.front", "/score", "inference.services.score"),
        ("apis.rest.models", "/fraud", "inference.endpoints.fraud"),
        ("ecs.load_balancers.front", "score.acme.test", "inference.services.score"),
        ("ecs.load_balancers.ports", "port 9443", "inference.services.tcp"),
    }
    assert ways("training") >= {
        ("training.monitors.fraud", "watches", "inference.endpoints.fraud"),
        ("training.monitors.fraud", "starts", "training.retrainings.fraud"),
        ("training.retrainings.fraud", "registers", "registry.models.fraud"),
        ("registry.models.fraud", "approval", "training.retrainings.fraud"),
    }
    assert {says for _, says, _ in ways("model_monitor")} == {"watches"}


def test_a_picture_has_every_service_with_its_place() -> None:
    for name in examples.valid_trees():
        environment = example(name)
        made = picture(environment)
        drawn = {node.full_name for node in made.nodes.values() if node.full_name}
        assert drawn == {each.full_name for each in environment.deployed}
        inside = {node.full_name for node in made.nodes.values() if node.in_vpc and node.full_name}
        assert inside == {e.full_name for e in environment.deployed if e.spec.in_vpc}
    fronts = {node.name: where for where, node in picture(example("api")).entrances}
    assert fronts == {"front": "internet", "ports": "VPC", "models": "internet", "inside": "VPC"}


@pytest.mark.parametrize("name", ["api", "training", "ecs", "sagemaker", "foreign", "bedrock"])
def test_a_picture_is_the_same_each_time_and_is_xml(name: str) -> None:
    text = svg(picture(example(name)))
    assert text == svg(picture(example(name)))
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    # Nothing is loaded, and nothing runs.
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-api", "")
    assert "<script" not in text


def test_no_card_is_outside_of_the_picture_or_on_another() -> None:
    for name in examples.valid_trees():
        root = ElementTree.fromstring(svg(picture(example(name))))
        width, height = (float(root.attrib[each]) for each in ("width", "height"))
        cards = [
            tuple(float(rect.attrib[each]) for each in ("x", "y", "width", "height"))
            for rect in root.iter("{http://www.w3.org/2000/svg}rect")
            if rect.attrib["class"] == "card"
        ]
        for index, (x, y, wide, high) in enumerate(cards):
            assert 0 <= x <= width - wide
            assert 0 <= y <= height - high
            for other, (left, top, across, down) in enumerate(cards):
                apart = x + wide <= left or left + across <= x or y + high <= top or top + down <= y
                assert apart or index == other


def test_a_mermaid_diagram_has_the_same_things() -> None:
    made = picture(example("api"))
    lines = mermaid(made).splitlines()
    assert lines[0] == "flowchart TB"
    arrows = [line for line in lines if "-->" in line]
    assert len(arrows) == len(made.leads) + len(made.entrances)
    assert sum(line.strip().startswith("n") and "[" in line for line in lines) == len(made.nodes)
    assert sum("subgraph" in line for line in lines) == sum(line.strip() == "end" for line in lines)
    assert any('subgraph vpc["VPC 10.20.0.0/16' in line for line in lines)


def test_texts_of_others_are_text_in_every_form() -> None:
    environment = example("functions")
    seen = Seen(is_deployed=True, version=HOSTILE, now=Now(HOSTILE), by=HOSTILE, why=HOSTILE)
    listed = [replace(row, seen=seen, version=HOSTILE, owner=HOSTILE) for row in rows(environment)]
    made = picture(environment, listed)
    text = svg(made)
    ElementTree.fromstring(text)
    whole = page(
        [environment],
        {environment.key: listed},
        Source({}),
        price_table(),
        asked=datetime(2026, 9, 1, tzinfo=UTC),
        notes=[HOSTILE],
    )
    for written in (text, whole):
        assert "<script" not in written
        assert "\u202e" not in written
    assert "&lt;script&gt;" in whole
    flow = mermaid(made)
    assert "<script" not in flow
    assert "#quot;" in flow
    with pytest.raises(BadInputError, match="no https URL"):
        Source({}, "javascript:alert(1)")


def test_a_page_says_what_is_not_known_and_leads_to_lines(tmp_path: Path) -> None:
    loaded = load(ROOT / "environments")
    each = loaded.environments["prod-euw1"]
    url = "https://github.com/acme/inference/blob/main"
    text = page([each], {each.key: rows(each)}, Source(loaded.files, url), price_table())
    assert "what is deployed of them is not known here" in text
    file = ROOT / "environments" / "prod.py"
    line = next(n for n, t in enumerate(file.read_text().splitlines(), 1) if '"ranking": R' in t)
    assert f'href="{url}/environments/prod.py#L{line}"' in text
    assert "canary 10 %" in text
    assert 'id="prod-euw1.endpoint/ranking"' in text
    assert 'href="#prod-euw1.endpoint/ranking"' in text


def test_the_commands_write_files(tmp_path: Path) -> None:
    html, drawn = tmp_path / "catalog.html", tmp_path / "prod.svg"
    done = inferform("catalog", "--no-aws", "--output", str(html))
    assert "5 services of 3 environments" in done.stdout
    assert html.read_text("utf-8").startswith("<!doctype html>")
    done = inferform("diagram", "prod", "--output", str(drawn))
    assert (done.returncode, "2 services and entrances, 0 ways" in done.stdout) == (0, True)
    ElementTree.parse(drawn)
    assert inferform("diagram", "prod").stdout.startswith("flowchart TB")
    assert inferform("diagram", "prod", "--format", "svg").stdout == drawn.read_text("utf-8")
    beside = tmp_path / "new" / "prod.mmd"
    inferform("diagram", "prod", "--output", str(beside))
    assert beside.read_text("utf-8").startswith("flowchart TB")
    done = inferform("diagram", "prod", "--output", str(tmp_path / "prod.png"))
    assert (done.returncode, "nothing says how" in done.stderr) == (2, True)
    assert not (tmp_path / "prod.png").exists()


def test_the_work_of_a_page_grows_with_the_services_alone(tmp_path: Path) -> None:
    def work(count: int) -> int:
        environments = [*load(write(tmp_path / str(count), count)).environments.values()]
        table = price_table()

        def made() -> object:
            listed = {each.key: rows(each, table) for each in environments}
            return page(environments, listed, Source({}), table)

        return calls(made)

    few, many = work(50), work(200)
    assert many < 4.6 * few


# In a browser


@pytest.fixture(scope="module")
def open_page() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every kind of service, long names and a person who writes markup."""
    environments = [
        example("api"),
        example("training").replace(context=example("training").context.replace(stage="staging")),
        example("foreign"),
    ]
    listed = {each.key: rows(each) for each in environments}
    now = Now("InService", 2, {"blue": 0.9, "green": 0.1})
    listed["staging-use1"] = [
        replace(row, seen=Seen(is_deployed=True, version="1.0", now=now, by=HOSTILE))
        for row in listed["staging-use1"]
    ]
    made = tmp_path_factory.mktemp("catalog") / "catalog.html"
    text = page(environments, listed, Source({}), price_table(), notes=[HOSTILE, "x" * 300])
    made.write_text(text, encoding="utf-8")
    return made


needs_browser = pytest.mark.skipif(
    chromium() is None, reason="Chromium is not installed: tests/review/install-chromium.sh"
)


@needs_browser
@pytest.mark.parametrize("width", [375, 1280])
def test_a_page_loads_alone_and_is_as_wide_as_its_window(
    width: int, open_page: Browser, file: Path
) -> None:
    open_page.errors.clear()
    open_page.requests.clear()
    open_page.open(file, width)
    assert open_page.errors == []
    assert [url for url in open_page.requests if url != "data:,"] == [file.as_uri()]
    assert open_page.evaluate("document.documentElement.scrollWidth") <= width
    outside = open_page.evaluate(
        "[...document.querySelectorAll('body *')]"
        ".filter(e => !e.closest('.scroll') && e.getClientRects().length)"
        f".filter(e => e.getBoundingClientRect().right > {width} + 0.5)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert outside == []
    sizes = open_page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, p, td, th, code, span, summary, svg text')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12


@needs_browser
def test_the_texts_of_a_picture_are_inside_of_their_cards(open_page: Browser, file: Path) -> None:
    open_page.open(file, 1280)
    over = open_page.evaluate(
        "[...document.querySelectorAll('svg g')].flatMap(g => {"
        " const card = g.querySelector('rect').getBoundingClientRect();"
        " return [...g.querySelectorAll('text')]"
        "  .filter(t => t.getBoundingClientRect().right > card.right + 1"
        "    || t.getBoundingClientRect().bottom > card.bottom + 1)"
        "  .map(t => t.textContent) })"
    )
    assert over == []
    # Every way that a card leads to is on the page.
    lost = open_page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert lost == []


def clicked(page: Browser, selector: str) -> None:
    """Click the middle of an element, as a mouse does."""
    x, y = page.evaluate(
        f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
        " e.scrollIntoView({block: 'center', inline: 'center'});"
        " const r = (e.querySelector('rect') || e).getClientRects()[0];"
        " return [r.left + r.width / 2, r.top + r.height / 2] })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
        )


@needs_browser
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(
    "place", [".bar", "table", "svg"], ids=["environment", "version", "picture"]
)
def test_each_way_into_the_page_leads_to_what_it_names(
    place: str, width: int, open_page: Browser, file: Path
) -> None:
    open_page.open(file, width)
    ways = open_page.evaluate(
        f"[...new Set([...document.querySelectorAll('{place} a[href^=\"#\"]')]"
        ".map(a => a.getAttribute('href')))]"
    )
    assert ways
    for way in ways:
        open_page.open(file, width)
        clicked(open_page, f'{place} a[href="{way}"]')
        shown = open_page.evaluate(
            "(() => { const e = document.querySelector(':target');"
            " const r = e && e.getBoundingClientRect();"
            " return e && [e.id, r.bottom > 0 && r.top < innerHeight] })()"
        )
        assert shown == [way[1:], True]


@needs_browser
def test_each_way_out_of_the_page_leads_to_aws_or_the_projects_files(
    open_page: Browser, tmp_path: Path
) -> None:
    url = "https://github.com/acme/inference/blob/main"
    loaded = load(ROOT / "environments")
    environments = [*loaded.environments.values()]
    file = tmp_path / "catalog.html"
    listed = {each.key: rows(each) for each in environments}
    file.write_text(page(environments, listed, Source(loaded.files, url), price_table()), "utf-8")
    open_page.open(file, 1280)
    found = open_page.evaluate(
        "[...document.querySelectorAll('tr[id]')].map(tr => [tr.id,"
        " Object.fromEntries([...tr.querySelectorAll('.places a')].map(a => [a.textContent, a.href]))])"
    )
    assert [row for row, _ in found] == [
        f"{key}.{each.service.full_name}" for key, own in listed.items() for each in own
    ]
    for row, places in found:
        key = row.partition(".")[0]
        context = loaded.environments[key].context
        code = next(name for name in places if name.startswith("environments/"))
        number = int(code.rpartition(":")[2])
        assert places.pop(code) == f"{url}/environments/{loaded.files[key].name}#L{number}"
        written = loaded.files[key].read_text("utf-8").splitlines()[number - 1]
        assert row.rpartition("/")[2] in written
        assert {*places} == {"console", "logs", "image", "artifact"}
        for name, href in places.items():
            assert href.startswith("https://console.aws.amazon.com/")
            assert context.region in href or name == "artifact"


@needs_browser
def test_an_environment_that_is_observed_leads_to_its_dashboards(
    open_page: Browser, tmp_path: Path
) -> None:
    environment, file = example("observability"), tmp_path / "catalog.html"
    text = page([environment], {environment.key: rows(environment)}, Source({}), price_table())
    file.write_text(text, "utf-8")
    open_page.open(file, 375)
    found = open_page.evaluate(
        "[...document.querySelectorAll('section > p > a')].map(a => [a.textContent, a.href, a.rel])"
    )
    region = environment.context.region
    start = f"https://console.aws.amazon.com/cloudwatch/home?region={region}#dashboards:name="
    assert found == [
        ["dashboard", f"{start}{each.name}", "noreferrer"] for each in dashboards(environment)
    ]
    assert found


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_colours_have_contrast(scheme: str, open_page: Browser, file: Path) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    open_page.call("Emulation.setEmulatedMedia", features=features)
    open_page.open(file, 1280)
    ratios = open_page.evaluate(
        """(() => {
          const parse = text => text.match(/[\\d.]+/g).map(Number)
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
          const back = e => {
            for (; e; e = e.parentElement) {
              const c = parse(getComputedStyle(e).backgroundColor)
              if (c.length < 4 || c[3] > 0) return c
            }
          }
          const ratio = (one, other) => {
            const [a, b] = [light(one), light(other)]
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
          }
          const band = parse(getComputedStyle(document.querySelector('svg .band')).fill)
          return [
            ...[...document.querySelectorAll('h1, h2, p, td, th, td span, td a, summary')]
              .filter(e => e.textContent.trim())
              .map(e => ratio(parse(getComputedStyle(e).color), back(e))),
            ...[...document.querySelectorAll('svg text')]
              .map(e => ratio(parse(getComputedStyle(e).fill), band)),
          ]
        })()"""
    )
    open_page.call("Emulation.setEmulatedMedia", features=[])
    assert min(ratios) >= 4.5
