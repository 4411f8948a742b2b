"""The JSON of Airflow environments, and the DAGs that Inferform writes."""

from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from inferform import (
    AirflowCapacity,
    AirflowEnvironment,
    Environment,
    Existing,
    Network,
    Orchestration,
    PipelineRun,
    Registry,
    RetrainingRun,
    TrainingDag,
)
from inferform.airflow.dags import dag_text
from tests.capabilities.airflow import airflow
from tests.capabilities.record import DEV
from tests.conftest import Synthesized
from tests.modules.test_eks_layer import NETWORK, REGISTRY

Synthesize = Callable[..., Synthesized]
STACK = "dev-use1-orchestration"
PLAIN = AirflowEnvironment(airflow_version="2.11.0")


def layer(synthesize: Synthesize, spec: AirflowEnvironment = PLAIN, **given: Any) -> dict[str, Any]:
    environment = Environment(
        **{
            "context": DEV,
            "network": Network(cidr="10.20.0.0/16"),
            "registry": Registry(),
            "orchestration": Orchestration(airflow={"main": spec}),
            **given,
        }
    )
    found: dict[str, Any] = synthesize(environment)[STACK]["resource"]
    return found


def only(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = resources[kind].values()
    assert isinstance(found, dict)
    return found


def statements(resources: dict[str, Any]) -> dict[str, Any]:
    policy = json.loads(only(resources, "aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def test_the_smallest_environment_has_its_files_logs_role_and_group(synthesize: Synthesize) -> None:
    made = layer(synthesize)
    environment = only(made, "aws_mwaa_environment")
    assert environment["name"] == "acme-dev-use1-main-airflow"
    assert environment["source_bucket_arn"].endswith(":acme-dev-use1-main-airflow-111122223333")
    assert environment["dag_s3_path"] == "airflow/dags"
    assert (environment["environment_class"], environment["schedulers"]) == ("mw1.small", 2)
    assert (environment["min_webservers"], environment["max_webservers"]) == (2, 2)
    assert (environment["min_workers"], environment["max_workers"]) == (1, 5)
    assert environment["webserver_access_mode"] == "PRIVATE_ONLY"
    assert {log["log_level"] for log in environment["logging_configuration"].values()} == {
        "INFO",
        "WARNING",
    }
    assert environment["logging_configuration"]["task_logs"]["log_level"] == "INFO"
    # MWAA would make them without an end and without a key.
    names = {each["name"] for each in made["aws_cloudwatch_log_group"].values()}
    assert names == {
        f"airflow-acme-dev-use1-main-airflow-{part}"
        for part in ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")
    }
    assert {each["retention_in_days"] for each in made["aws_cloudwatch_log_group"].values()} == {30}
    assert only(made, "aws_s3_bucket_versioning")["versioning_configuration"] == {
        "status": "Enabled"
    }
    assert "aws_s3_object" not in made
    assert not {"requirements_s3_path", "plugins_s3_path", "startup_script_s3_path"} & {
        *environment
    }


def test_an_environment_waits_for_all_that_its_workers_need(synthesize: Synthesize) -> None:
    made = layer(synthesize)
    waits = only(made, "aws_mwaa_environment")["depends_on"]
    kinds = [each.partition(".")[0] for each in waits]
    assert kinds.count("aws_cloudwatch_log_group") == 5
    assert {
        "aws_iam_role_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_versioning",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
    } <= {*kinds}


def test_the_security_group_lets_itself_in_and_https_out(synthesize: Synthesize) -> None:
    made = layer(synthesize)
    inward = only(made, "aws_vpc_security_group_ingress_rule")
    assert inward["ip_protocol"] == "-1"
    assert inward["referenced_security_group_id"] == inward["security_group_id"]
    outward = made["aws_vpc_security_group_egress_rule"].values()
    assert {each.get("cidr_ipv4") for each in outward} >= {"0.0.0.0/0"}
    closed = layer(
        synthesize,
        network=Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True),
    )
    outward = closed["aws_vpc_security_group_egress_rule"].values()
    assert "0.0.0.0/0" not in {each.get("cidr_ipv4") for each in outward}


def test_two_subnets_are_taken_however_many_there_are(synthesize: Synthesize) -> None:
    made = layer(synthesize, network=Network(cidr="10.20.0.0/16", availability_zones=3))
    network = only(made, "aws_mwaa_environment")["network_configuration"]
    assert network["subnet_ids"] == "${slice(local.private, 0, 2)}"


def test_what_exists_is_used_in_the_place_of_what_is_made(synthesize: Synthesize) -> None:
    given = Existing(
        execution_role="arn:aws:iam::111122223333:role/airflow",
        kms_key="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        subnets=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        security_groups=["sg-0123456789abcdef0"],
    )
    made = layer(synthesize, PLAIN.replace(existing=given), network=NETWORK, registry=REGISTRY)
    environment = only(made, "aws_mwaa_environment")
    assert environment["execution_role_arn"] == given.execution_role
    assert environment["kms_key"] == given.kms_key
    assert environment["network_configuration"] == {
        "security_group_ids": [*given.security_groups],
        "subnet_ids": [*given.subnets],
    }
    assert not {"aws_iam_role", "aws_security_group"} & {*made}


def test_files_that_are_taken_by_version_are_taken_by_that_of_their_object(
    synthesize: Synthesize,
) -> None:
    spec = PLAIN.replace(
        requirements="pandas==2.2.3\n",
        plugins={"b.py": "B = 1\n", "a/b.py": "A = 1\n"},
        startup_script="export A=1\n",
        dags={"a/b.py": "x = 1\n", "a-b.py": "x = 2\n"},
    )
    made = layer(synthesize, spec)
    objects = {each["key"]: (name, each) for name, each in made["aws_s3_object"].items()}
    assert {*objects} == {
        "airflow/dags/a-b.py",
        "airflow/dags/a/b.py",
        "airflow/plugins.zip",
        "airflow/requirements.txt",
        "airflow/startup.sh",
    }
    environment = only(made, "aws_mwaa_environment")
    for argument, key in (
        ("requirements", "airflow/requirements.txt"),
        ("plugins", "airflow/plugins.zip"),
        ("startup_script", "airflow/startup.sh"),
    ):
        name, _ = objects[key]
        assert environment[f"{argument}_s3_path"] == f"${{aws_s3_object.{name}.key}}"
        version = environment[f"{argument}_s3_object_version"]
        assert version == f"${{aws_s3_object.{name}.version_id}}"
    packed = base64.b64decode(objects["airflow/plugins.zip"][1]["content_base64"])
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["a/b.py", "b.py"]
        assert archive.read("a/b.py") == b"A = 1\n"
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_role_starts_what_its_dags_name_and_nothing_else(synthesize: Synthesize) -> None:
    made = synthesize(airflow())[STACK]["resource"]
    policies = [json.loads(each["policy"]) for each in made["aws_iam_role_policy"].values()]
    rights = [{each["Sid"]: each for each in policy["Statement"]} for policy in policies]
    (starting,) = [each for each in rights if "StartPipelines" in each]
    (small,) = [each for each in rights if "StartPipelines" not in each]
    place = "us-east-1:111122223333"
    pipeline = f"arn:aws:sagemaker:{place}:pipeline/acme-dev-use1-fraud"
    assert starting["StartPipelines"]["Resource"] == pipeline
    assert starting["WaitForPipelines"]["Resource"] == f"{pipeline}/execution/*"
    machine = "acme-dev-use1-fraud-retraining"
    assert (
        starting["StartRetrainings"]["Resource"] == f"arn:aws:states:{place}:stateMachine:{machine}"
    )
    assert (
        starting["WaitForRetrainings"]["Resource"]
        == f"arn:aws:states:{place}:execution:{machine}:*"
    )
    assert small.keys() == starting.keys() - {
        "StartPipelines",
        "StartRetrainings",
        "WaitForPipelines",
        "WaitForRetrainings",
    }


def test_both_principals_of_the_service_act_for_environments_of_the_account(
    synthesize: Synthesize,
) -> None:
    role = only(layer(synthesize), "aws_iam_role")
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"]["Service"] == [
        "airflow.amazonaws.com",
        "airflow-env.amazonaws.com",
    ]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"] == (
        "arn:aws:airflow:us-east-1:111122223333:environment/*"
    )


def test_the_key_is_used_through_s3_and_sqs_alone(synthesize: Synthesize) -> None:
    condition = statements(layer(synthesize))["UseKey"]["Condition"]
    through = condition["StringLike"]["kms:ViaService"]
    assert through == ["s3.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"]


def test_counts_follow_the_class(synthesize: Synthesize) -> None:
    micro = only(
        layer(synthesize, PLAIN.replace(environment_class="mw1.micro")), "aws_mwaa_environment"
    )
    assert [micro[each] for each in ("schedulers", "min_webservers", "max_webservers")] == [1, 1, 1]
    more = PLAIN.replace(capacity=AirflowCapacity(schedulers=4, min_webservers=3))
    large = only(layer(synthesize, more), "aws_mwaa_environment")
    assert [large[each] for each in ("schedulers", "min_webservers", "max_webservers")] == [4, 3, 3]


# DAGs

OPERATORS = {
    "airflow.providers.amazon.aws.operators.sagemaker.SageMakerStartPipelineOperator": {
        *("aws_conn_id", "check_interval", "deferrable", "display_name", "pipeline_name"),
        *("pipeline_params", "verbose", "wait_for_completion", "waiter_max_attempts"),
    },
    "airflow.providers.amazon.aws.operators.step_function.StepFunctionStartExecutionOperator": {
        *("aws_conn_id", "deferrable", "name", "region_name", "state_machine_arn"),
        *("state_machine_input", "waiter_delay", "waiter_max_attempts"),
    },
    "airflow.providers.amazon.aws.sensors.sagemaker.SageMakerPipelineSensor": {
        "pipeline_exec_arn",
        "verbose",
    },
    "airflow.providers.amazon.aws.sensors.step_function.StepFunctionExecutionSensor": {
        *("aws_conn_id", "execution_arn", "region_name"),
    },
}
"""The arguments of each, in versions 8.7.1 and 9.39.0 of apache-airflow-providers-amazon."""

EVERY_OPERATOR = {"task_id", "retries", "retry_delay"}
EVERY_SENSOR = {*EVERY_OPERATOR, "mode", "poke_interval", "timeout"}
DAG = {
    *("dag_id", "schedule", "start_date", "catchup", "max_active_runs", "default_args", "tags"),
}
"""Arguments of BaseOperator, BaseSensorOperator and DAG in Airflow 2.7.2, 2.11.0 and 3.0.6."""


class Reader:
    """Reads a file of DAGs as Airflow does, with operators that take what Airflow's take."""

    def __init__(self) -> None:
        self.dag: dict[str, Any] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.order: list[tuple[str, str]] = []

    def read(self, text: str) -> None:
        """Import the file. Raises what an operator or a missing module raises."""
        before = dict(sys.modules)
        try:
            sys.modules.update(self._modules())
            exec(compile(text, "dag.py", "exec"), {"__name__": "dag"})
        finally:
            sys.modules.clear()
            sys.modules.update(before)

    def _modules(self) -> dict[str, ModuleType]:
        reader = self

        class Dag:
            def __init__(self, **given: Any) -> None:
                assert given.keys() <= DAG, given.keys() - DAG
                reader.dag = given

            def __enter__(self) -> None:
                pass

            def __exit__(self, *_: object) -> None:
                pass

        class Task:
            takes: frozenset[str] = frozenset()

            def __init__(self, **given: Any) -> None:
                assert given.keys() <= self.takes, given.keys() - self.takes
                self.id = given.pop("task_id")
                self.output = f"what {self.id} returns"
                assert self.id not in reader.tasks
                reader.tasks[self.id] = {"class": type(self).__name__, **given}

            def __rshift__(self, other: Task) -> Task:
                reader.order.append((self.id, other.id))
                return other

        found: dict[str, ModuleType] = {}

        def module(name: str) -> ModuleType:
            return found.setdefault(name, ModuleType(name))

        module("airflow").DAG = Dag  # type: ignore[attr-defined]
        module("pendulum").datetime = lambda *day, tz: (day, tz)  # type: ignore[attr-defined]
        for path, own in OPERATORS.items():
            place, _, name = path.rpartition(".")
            parts = place.split(".")
            for end in range(1, len(parts)):
                module(".".join(parts[:end]))
            takes = own | (EVERY_SENSOR if ".sensors." in place else EVERY_OPERATOR)
            setattr(module(place), name, type(name, (Task,), {"takes": frozenset(takes)}))
        return found


@pytest.fixture
def reader() -> Reader:
    return Reader()


WEEKLY = TrainingDag(
    runs={
        "prepare": PipelineRun(pipeline="fraud", parameters={"Day": "{{ ds }}", "A": "'\"\\"}),
        "train": RetrainingRun(retraining="fraud", parameters={"rows": "5"}),
        "again": RetrainingRun(retraining="shop"),
    },
    schedule="0 3 * * MON",
    timezone="Europe/Berlin",
    max_wait_minutes=90,
)


def test_a_dag_starts_each_in_its_order_and_waits_for_it(reader: Reader) -> None:
    reader.read(dag_text(DEV, "weekly", WEEKLY))
    assert reader.dag["dag_id"] == "weekly"
    assert reader.dag["schedule"] == "0 3 * * MON"
    assert reader.dag["start_date"][1] == "Europe/Berlin"
    assert (reader.dag["catchup"], reader.dag["max_active_runs"]) == (False, 1)
    # A run costs, and is not started twice by itself.
    assert reader.dag["default_args"]["retries"] == 0
    tasks = ["prepare", "prepare_ends", "train", "train_ends", "again", "again_ends"]
    assert [*reader.tasks] == tasks
    assert sorted(reader.order) == sorted(pairwise(tasks))
    assert reader.tasks["prepare"] == {
        "class": "SageMakerStartPipelineOperator",
        "pipeline_name": "acme-dev-use1-fraud",
        "pipeline_params": {"A": "'\"\\", "Day": "{{ ds }}"},
    }
    assert reader.tasks["train"]["state_machine_arn"] == (
        "arn:aws:states:us-east-1:111122223333:stateMachine:acme-dev-use1-fraud-retraining"
    )
    assert reader.tasks["train"]["state_machine_input"] == {"rows": "5"}
    for name, argument in (("prepare", "pipeline_exec_arn"), ("train", "execution_arn")):
        waits = reader.tasks[f"{name}_ends"]
        assert waits[argument] == f"what {name} returns"
        assert (waits["mode"], waits["timeout"]) == ("reschedule", 5400)


def test_a_dag_imports_what_it_uses_alone(reader: Reader) -> None:
    text = dag_text(DEV, "one", TrainingDag(runs={"only": RetrainingRun(retraining="fraud")}))
    assert "sagemaker" not in text
    reader.read(text)
    assert reader.dag["schedule"] is None
    assert reader.order == [("only", "only_ends")]


def test_an_argument_that_an_operator_does_not_take_is_found(reader: Reader) -> None:
    text = dag_text(DEV, "weekly", WEEKLY).replace("execution_arn=", "execution=")
    with pytest.raises(AssertionError, match="execution"):
        reader.read(text)


def test_the_dag_of_an_environment_is_the_one_that_is_written(
    synthesize: Synthesize, reader: Reader
) -> None:
    made = synthesize(airflow())[STACK]["resource"]
    (text,) = [
        each["content"]
        for each in made["aws_s3_object"].values()
        if each["key"] == "airflow/dags/inferform_weekly.py"
    ]
    reader.read(text)
    assert reader.dag["dag_id"] == "weekly"
    # A template of Airflow's is none of Terraform's.
    assert reader.tasks["pipeline"]["pipeline_params"] == {"Day": "{{ ds }}"}
