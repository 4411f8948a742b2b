"""What is refused of Airflow environments, and what is taken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AirflowCapacity,
    AirflowEnvironment,
    Environment,
    Existing,
    Naming,
    Network,
    NetworkOutputs,
    Orchestration,
    PipelineFile,
    PipelineRun,
    Registry,
    RetrainingRun,
    Training,
    TrainingDag,
)
from inferform.airflow.spec import ENDPOINTS, OWNED
from inferform.service import Place
from inferform.spec import collecting, problems_of
from inferform.usage import Amount
from tests.capabilities.airflow import airflow
from tests.capabilities.record import DEV

FOREIGN = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.0.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)


BACKEND = {
    "secrets.backend": "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",
    "secrets.backend_kwargs": '{"connections_prefix": "airflow/connections"}',
}
WORD = "n0tForEyes77xyzzy"
CONSTRAINTS = "https://raw.githubusercontent.com/apache/airflow/constraints-"
OF_3_12 = "MWA26" if sys.version_info < (3, 12) else "MWA15"


def one(**fields: Any) -> AirflowEnvironment:
    return AirflowEnvironment(**{"airflow_version": "2.11.0", **fields})


def capacity(**fields: Any) -> AirflowEnvironment:
    of = fields.pop("of", "mw1.small")
    return one(environment_class=of, capacity=AirflowCapacity(**fields))


def within(spec: AirflowEnvironment | None = None, **given: Any) -> Environment:
    context = {name: given.pop(name) for name in ("protected", "naming") if name in given}
    return Environment(
        **{
            "context": DEV.replace(**context),
            "network": Network(cidr="10.20.0.0/16"),
            "registry": Registry(),
            "orchestration": Orchestration(airflow={"main": spec or one()}),
            **given,
        }
    )


def starts(*runs: Any, **dag: Any) -> Environment:
    named = {f"run-{index}": run for index, run in enumerate(runs)}
    made = airflow()
    spec = one(training_dags={"weekly": TrainingDag(runs=named, **dag)})
    return made.replace(orchestration=Orchestration(airflow={"main": spec}))


def rules(make: Callable[[], Any]) -> list[str]:
    with collecting():
        return sorted(problem.rule for problem in problems_of(make()))


def closed(*endpoints: str, **fields: Any) -> Network:
    return Network(cidr="10.20.0.0/16", nat="none", interface_endpoints=[*endpoints], **fields)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (one, []),
        (lambda: one(airflow_version="3.0.6"), []),
        # A version that is not in the table may be there by now.
        (lambda: one(airflow_version="3.1.0"), ["TAB1"]),
        (lambda: one(airflow_version="2.11"), ["MWA2"]),
        (lambda: one(airflow_version="latest"), ["MWA2"]),
        (lambda: one(environment_class="mw1.tiny"), ["SPEC4"]),
        (lambda: capacity(min_workers=1, max_workers=25), []),
        (lambda: capacity(max_workers=26), ["MWA24"]),
        (lambda: capacity(max_workers=51), ["MWA4"]),
        (lambda: capacity(min_workers=0), ["MWA4"]),
        (lambda: capacity(min_workers=5, max_workers=5), []),
        (lambda: capacity(min_workers=6, max_workers=5), ["MWA25"]),
        (lambda: capacity(schedulers=2), []),
        (lambda: capacity(schedulers=5), []),
        (lambda: capacity(schedulers=6), ["MWA29"]),
        (lambda: capacity(schedulers=1), ["MWA5"]),
        (lambda: capacity(schedulers=1, of="mw1.micro"), []),
        (lambda: capacity(schedulers=2, of="mw1.micro"), ["MWA5"]),
        (lambda: capacity(min_webservers=3, max_webservers=2), ["MWA25"]),
        (lambda: capacity(max_webservers=6), ["MWA29"]),
        (lambda: capacity(max_webservers=1), ["MWA5"]),
        (lambda: one(maintenance_window="MON:23:30"), []),
        (lambda: one(maintenance_window="MON:23:15"), ["MWA8"]),
        (lambda: one(maintenance_window="MON:24:00"), ["MWA8"]),
        (lambda: one(maintenance_window="Monday"), ["MWA8"]),
        (lambda: one(dags={"a/b_c.py": "x = 1"}), []),
        (lambda: one(dags={".airflowignore": "tests/\n"}), []),
        (lambda: one(dags={"/a.py": ""}), ["MWA9"]),
        (lambda: one(dags={"s3://a.py": ""}), ["MWA9"]),
        (lambda: one(dags={"../a.py": ""}), ["MWA9"]),
        (lambda: one(plugins={"a b.py": ""}), ["MWA9"]),
        (lambda: one(configuration={"core.parallelism": "32"}), []),
        (lambda: one(configuration={"parallelism": "32"}), ["MWA23"]),
        (lambda: one(configuration={"core.executor": "LocalExecutor"}), ["MWA10"]),
        (lambda: one(configuration={"smtp.smtp_password": "hunter2hunter2"}), ["MWA17"]),
        (lambda: one(configuration={"a.b": "AKIAIOSFODNN7EXAMPLE"}), ["MWA17"]),
        # What the rule tells to set.
        (lambda: one(configuration=BACKEND), []),
        (lambda: one(configuration={"workers.secrets_backend": "a.b.C"}), []),
        (
            lambda: one(configuration={"secrets.backend_kwargs": '{"token": "n0tForEyes77"}'}),
            ["MWA17"],
        ),
        (lambda: one(configuration={f"core.{'a' * 59}": "1"}), []),
        (lambda: one(configuration={f"core.{'a' * 60}": "1"}), ["MWA23"]),
        (lambda: one(configuration={"9.a": "1"}), ["MWA23"]),
        (lambda: one(configuration={"core.a": "~" * 65_536}), []),
        (lambda: one(configuration={"core.a": "~" * 65_537}), ["MWA30"]),
        (lambda: one(configuration={"core.a": ""}), ["MWA30"]),
        (lambda: one(configuration={"core.a": "é"}), ["MWA30"]),
        (lambda: one(configuration={"core.a": "1\n"}), ["MWA30"]),
        (lambda: one(requirements=f"-c c.txt\n--index-url https://me:{WORD}@i.acme.test/\n"), ["MWA17"]),
        (lambda: one(requirements="-c c.txt\n--index-url https://me:${TOKEN}@i.acme.test/\n"), []),
        (lambda: one(startup_script=f"export INDEX_TOKEN={WORD}\n"), ["MWA17"]),
        (lambda: one(startup_script=f"INDEX_TOKEN='{WORD}' # why\n"), ["MWA17"]),
        (lambda: one(startup_script=f'A=1\nexport AIRFLOW__SMTP__SMTP_PASSWORD="{WORD}"\n'), ["MWA17"]),
        (lambda: one(startup_script="export AIRFLOW__SECRETS__BACKEND=a.b.C\n"), []),
        (lambda: one(startup_script='export INDEX_TOKEN="$(aws secretsmanager get-secret-value)"\n'), []),
        (lambda: one(startup_script="export INDEX_TOKEN=$OTHER\n"), []),
        (lambda: one(startup_script="curl https://hooks.slack.com/services/T0/B0/x1\n"), ["MWA17"]),
        (lambda: one(dags={"a.py": "KEY = 'AKIAIOSFODNN7EXAMPLE'\n"}), ["MWA17"]),
        (lambda: one(plugins={"a.py": "KEY = 'AKIAIOSFODNN7EXAMPLE'\n"}), ["MWA17"]),
        (lambda: PipelineRun(pipeline="p", parameters={"Token": WORD}), ["MWA17"]),
        (lambda: RetrainingRun(retraining="r", parameters={"token": WORD}), ["MWA17"]),
        (lambda: RetrainingRun(retraining="r", parameters={"max_tokens": "5"}), []),
        (lambda: one(startup_script="export A=1\n"), []),
        (lambda: one(startup_script="export A=1\r\n"), ["MWA16"]),
        (lambda: one(requirements="--constraint c.txt\npandas==2.2.3  # why\n"), []),
        (lambda: one(requirements="pandas==2.2.3\n"), ["MWA12"]),
        (lambda: one(requirements="-c c.txt\npandas>=2\n"), ["MWA12"]),
        (lambda: one(requirements="# nothing\n"), []),
        (lambda: one(dags={"a.py": "def\n"}, airflow_version="2.10.3"), ["MWA15"]),
        (lambda: one(plugins={"a.py": "def\n"}, airflow_version="2.10.3"), ["MWA15"]),
        # Python 3.12 may read what this one does not.
        (lambda: one(dags={"a.py": "def\n"}, airflow_version="2.11.0"), [OF_3_12]),
        (lambda: one(dags={"a.py": "def\n"}, airflow_version="3.0.6"), [OF_3_12]),
        # And has read what 3.11 does not.
        (lambda: one(dags={"a.py": "type X = int\n"}, airflow_version="2.10.3"), ["MWA15"]),
        (
            lambda: one(dags={"a.py": "type X = int\n"}, airflow_version="2.11.0"),
            [] if sys.version_info >= (3, 12) else ["MWA26"],
        ),
        (lambda: one(requirements=f"-c {CONSTRAINTS}2.11.0/constraints-3.12.txt\na==1\n"), []),
        (lambda: one(requirements=f"-c {CONSTRAINTS}2.9.2/constraints-3.12.txt\na==1\n"), ["MWA31"]),
        (lambda: one(requirements=f"-c {CONSTRAINTS}2.11.0/constraints-3.11.txt\na==1\n"), ["MWA31"]),
        (
            lambda: one(requirements=f"-c {CONSTRAINTS}2.11.0/constraints-no-providers-3.11.txt\n"),
            ["MWA31"],
        ),
        (
            lambda: one(
                requirements=f"-c {CONSTRAINTS}2.10.3/constraints-3.11.txt\na==1\n",
                airflow_version="2.10.3",
            ),
            [],
        ),
        (lambda: one(requirements="-c c.txt\napache-airflow[celery]==2.9.2\n"), ["MWA31"]),
        (lambda: one(requirements="-c c.txt\napache-airflow==2.11.0\n"), []),
        (lambda: one(requirements="-c c.txt\napache-airflow-providers-http==5.0.0\n"), []),
        (lambda: one(dags={"a.sql": "def\n"}), []),
        (
            lambda: one(existing=Existing(subnets=["subnet-0123456789", "subnet-0123456780"])),
            [],
        ),
        (
            lambda: one(
                existing=Existing(subnets=[f"subnet-012345678{n}" for n in range(3)])
            ),
            ["MWA28"],
        ),
        # The network, before hours are lost.
        (within, []),
        (lambda: within(network=Network(cidr="10.20.0.0/16", availability_zones=1)), ["MWA6"]),
        (lambda: within(network=FOREIGN), []),
        (lambda: within(network=NetworkOutputs(vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1"], public_subnet_ids=[], s3_prefix_list_id="pl-1")), ["MWA6"]),
        (lambda: within(network=closed(*ENDPOINTS)), []),
        (lambda: within(network=closed(*(ENDPOINTS - {"sqs"}))), ["MWA7"]),
        (lambda: within(network=closed(*ENDPOINTS, gateway_endpoints=[])), ["MWA7"]),
        (lambda: within(network=closed(auto_endpoints=True)), []),
        # A NAT gateway leads nobody out whom the security group keeps in.
        (lambda: within(one(egress_cidrs=[])), ["MWA7"]),
        (lambda: within(one(egress_cidrs=["0.0.0.0/0"])), []),
        (
            lambda: within(
                one(requirements="-c c.txt\na==1\n"), network=closed(*ENDPOINTS)
            ),
            ["MWA14"],
        ),
        (
            lambda: within(
                one(requirements="--no-index\n-c c.txt\na==1\n"), network=closed(*ENDPOINTS)
            ),
            [],
        ),
        (lambda: within(one(webserver_access="PUBLIC_ONLY")), []),
        (lambda: within(one(webserver_access="PUBLIC_ONLY"), protected=True), ["MWA11"]),
        (lambda: within(naming=Naming(template="7-{organization}-{name}")), ["MWA1"]),
        # DAGs start what is there.
        (airflow, []),
        (lambda: starts(PipelineRun(pipeline="fraud", parameters={"Day": "1"})), []),
        (lambda: starts(PipelineRun(pipeline="frod", parameters={"Day": "1"})), ["MWA18"]),
        (lambda: starts(PipelineRun(pipeline="fraud")), ["MWA19"]),
        (
            lambda: starts(PipelineRun(pipeline="fraud", parameters={"Day": "1", "Dai": "1"})),
            ["MWA19"],
        ),
        (lambda: starts(RetrainingRun(retraining="fraud")), []),
        (lambda: starts(RetrainingRun(retraining="shop")), ["MWA18"]),
        (lambda: starts(RetrainingRun(retraining="fraud", parameters={"r": "1"})), ["MWA19"]),
        (lambda: TrainingDag(runs={}), ["MWA21"]),
        (
            lambda: one(
                training_dags={"a-b": TrainingDag(runs={"x": PipelineRun(pipeline="p")})},
                dags={"inferform_a_b.py": "x = 1"},
            ),
            ["MWA27"],
        ),
    ],
)  # fmt: skip
def test_an_environment_takes_what_mwaa_takes(make: Callable[[], Any], found: list[str]) -> None:
    assert rules(make) == found


@pytest.mark.parametrize(
    ("schedule", "taken"),
    [
        *((each, True) for each in (
            "@daily", "0 3 * * 1", "*/5 * * * *", "0 0-6/2 1,15 JAN-MAR mon-fri", "59 23 31 12 7",
            "0 3 29 FEB *", "0 3 31 2,3 *", "0 3 31 2 MON", "0 3 1-31/30 */2 *",
        )),
        *((each, False) for each in (
            "", "daily", "@never", "0 3 * * ? *", "60 3 * * 1", "0 24 * * 1", "0 3 0 * 1", "0 3 * 13 1",
            "0 3 * * 8", "0 3 * *", "5-1 * * * *", "1/5 * * * *", "*/0 * * * *", "1-2-3 * * * *",
            "0  3 * * 1", "٣ 3 * * 1", "rate(1 day)",
            "0 3 31 2 *", "0 3 31 FEB,APR-APR *", "0 3 30,31 2 *",
        )),
    ],
)  # fmt: skip
def test_a_schedule_is_one_of_airflows(schedule: str, taken: bool) -> None:
    made = rules(lambda: TrainingDag(runs={"x": PipelineRun(pipeline="p")}, schedule=schedule))
    assert made == ([] if taken else ["MWA20"])


@pytest.mark.parametrize(
    ("minutes", "found"), [(0, ["MWA22"]), (1, []), (40_320, []), (40_321, ["MWA22"])]
)
def test_a_task_waits_for_a_minute_to_28_days(minutes: int, found: list[str]) -> None:
    assert (
        rules(lambda: TrainingDag(runs={"x": PipelineRun(pipeline="p")}, max_wait_minutes=minutes))
        == found
    )


def test_a_dag_of_a_definition_that_somebody_else_wrote_gives_what_that_needs() -> None:
    text = (
        '{"Version": "2020-12-01", "Parameters": [{"Name": "Day", "Type": "String"}], '
        '"Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]}'
    )
    made = airflow()
    assert isinstance(made.training, Training)
    training = made.training.replace(pipelines={"fraud": PipelineFile(definition=text)})

    def given(**parameters: str) -> list[str]:
        run = PipelineRun(pipeline="fraud", parameters=parameters)
        return rules(lambda: starts(run).replace(training=training))

    assert given() == ["MWA19"]
    assert given(Day="1") == []
    assert given(Day="1", Night="1") == ["MWA19"]


def test_every_option_that_mwaa_sets_is_refused() -> None:
    for name in OWNED:
        assert rules(lambda name=name: one(configuration={name: "x"})) == ["MWA10"]  # type: ignore[misc]


def test_a_secret_is_told_by_its_line_and_not_shown() -> None:
    with collecting():
        (found,) = problems_of(one(startup_script=f"A=1\nexport INDEX_TOKEN={WORD}\n"))
    assert "holds a secret in line 2" in found.text
    assert WORD not in f"{found.text}{found.got}"


def test_what_is_more_than_the_price_of_an_environment_includes_is_counted() -> None:
    spec = one(
        environment_class="mw1.medium",
        capacity=AirflowCapacity(
            min_workers=2, max_workers=10, schedulers=4, min_webservers=2, max_webservers=3
        ),
    )
    place = Place(("orchestration", "airflow", "main"), within(spec))
    used = {each.key: each.amount for each in spec.uses(place)}
    assert used == {
        "mwaa/environment/medium": Amount(1, 1, 1),
        "mwaa/worker/medium": Amount(1, 3, 9),
        "mwaa/scheduler/medium": Amount(2, 2, 2),
        "mwaa/webserver/medium": Amount(0, 0.25, 1),
        "mwaa/storage": None,
    }
    smallest = one(environment_class="mw1.micro", capacity=AirflowCapacity(max_workers=1))
    assert [each.key for each in smallest.uses(place)] == ["mwaa/environment/micro", "mwaa/storage"]


def test_one_zip_of_plugins_is_the_same_whatever_the_order_of_its_files() -> None:
    first = one(plugins={"a.py": "A = 1", "b.py": "B = 1"})
    second = one(plugins={"b.py": "B = 1", "a.py": "A = 1"})
    assert first.plugins_zip == second.plugins_zip
    assert first.plugins_zip != one(plugins={"a.py": "A = 2", "b.py": "B = 1"}).plugins_zip
