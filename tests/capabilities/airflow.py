"""Environments of Airflow."""

from __future__ import annotations

from inferform import (
    AirflowCapacity,
    AirflowEnvironment,
    Channel,
    Environment,
    Network,
    Orchestration,
    Parameter,
    Pipeline,
    PipelineRun,
    Registry,
    Retraining,
    RetrainingRun,
    Training,
    TrainingDag,
    TrainingJob,
    TrainingStep,
)

from .record import CLOSED_SET, DEV, OTHER_UNIT, Capability

_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1"

_EXAMPLE = f"""
training=Training(
    pipelines={{
        "steps": Pipeline(
            parameters={{"Day": Parameter()}},
            steps={{
                "Train": TrainingStep(
                    training=TrainingJob(
                        image="{_IMAGE}", instance_type="ml.m5.xlarge", vpc=False,
                        channels={{"train": Channel(uri="data/fraud/")}},
                    )
                )
            }},
        )
    }},
    retrainings={{
        "fraud": Retraining(
            train=TrainingJob(
                image="{_IMAGE}", instance_type="ml.m5.xlarge", vpc=False,
                channels={{"train": Channel(uri="data/fraud/")}},
            ),
            parameters={{"rows": "1000"}},
        )
    }},
),
orchestration=Orchestration(
    airflow={{
        "main": AirflowEnvironment(
            airflow_version="2.11.0",
            environment_class="mw1.medium",
            capacity=AirflowCapacity(
                min_workers=2, max_workers=10, schedulers=3, min_webservers=2, max_webservers=3
            ),
            training_dags={{
                "weekly": TrainingDag(
                    runs={{
                        "pipeline": PipelineRun(pipeline="steps", parameters={{"Day": "{{{{ ds }}}}"}}),
                        "retraining": RetrainingRun(retraining="fraud", parameters={{"rows": "5"}}),
                    }},
                    schedule="0 3 * * MON",
                    timezone="Europe/Berlin",
                    max_wait_minutes=600,
                )
            }},
            dags={{"own/hello.py": "from airflow import DAG\\n"}},
            requirements="--constraint /usr/local/airflow/constraints.txt\\npandas==2.2.3\\n",
            plugins={{"tools/__init__.py": "LIMIT = 5\\n"}},
            startup_script="export STAGE=dev\\n",
            configuration={{"core.parallelism": "32"}},
            webserver_access="PUBLIC_ONLY",
            maintenance_window="TUE:22:00",
            log_level="DEBUG",
            log_retention_days=90,
            egress_cidrs=["8.8.8.0/24"],
        ),
    }},
),
"""


def airflow() -> Environment:
    """An environment that starts a pipeline and a retraining, and one as small as can be."""
    train = TrainingJob(
        image=_IMAGE,
        instance_type="ml.m5.xlarge",
        vpc=False,
        channels={"train": Channel(uri="data/fraud/")},
    )
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        training=Training(
            pipelines={
                "fraud": Pipeline(
                    parameters={"Day": Parameter()}, steps={"Train": TrainingStep(training=train)}
                )
            },
            retrainings={"fraud": Retraining(train=train, parameters={"rows": "1000"})},
        ),
        orchestration=Orchestration(
            airflow={
                "main": AirflowEnvironment(
                    airflow_version="2.11.0",
                    capacity=AirflowCapacity(max_workers=10, schedulers=3, max_webservers=3),
                    training_dags={
                        "weekly": TrainingDag(
                            runs={
                                "pipeline": PipelineRun(
                                    pipeline="fraud", parameters={"Day": "{{ ds }}"}
                                ),
                                "retraining": RetrainingRun(
                                    retraining="fraud", parameters={"rows": "5"}
                                ),
                            },
                            schedule="0 3 * * MON",
                            timezone="Europe/Berlin",
                        )
                    },
                    dags={"own/hello.py": "from airflow import DAG\n"},
                    requirements="--constraint /usr/local/airflow/constraints.txt\npandas==2.2.3\n",
                    plugins={"tools/__init__.py": "LIMIT = 5\n"},
                    startup_script="export STAGE=dev\n",
                    configuration={"core.parallelism": "32"},
                ),
                "small": AirflowEnvironment(
                    airflow_version="2.11.0", environment_class="mw1.micro"
                ),
            }
        ),
    )


CAPABILITY = Capability(
    examples={"airflow": _EXAMPLE},
    environments={"orchestrated": airflow},
    not_aws={
        "text of a file, which lies in the bucket": (
            "AirflowEnvironment.dags{}",
            "AirflowEnvironment.dags{key}",
            "AirflowEnvironment.plugins{}",
            "AirflowEnvironment.plugins{key}",
            "AirflowEnvironment.requirements",
            "AirflowEnvironment.startup_script",
            "TrainingDag.schedule",
            "TrainingDag.timezone",
            "PipelineRun.parameters{}",
            "PipelineRun.parameters{key}",
            "RetrainingRun.parameters{}",
            "RetrainingRun.parameters{key}",
        ),
        "an option of Airflow's: the models take any that begins with a letter, with or without its section": (
            "AirflowEnvironment.configuration{}",
            "AirflowEnvironment.configuration{key}",
        ),
        OTHER_UNIT: ("TrainingDag.max_wait_minutes",),
    },
    left_out={
        "AirflowEnvironment.webserver_access": {
            "PUBLIC_AND_PRIVATE": "the pinned provider of Terraform refuses it"
        },
    },
    stricter={
        CLOSED_SET: ("AirflowEnvironment.environment_class",),
        "a version has three numbers": ("AirflowEnvironment.airflow_version",),
    },
    shorter={
        CLOSED_SET: ("AirflowEnvironment.environment_class",),
        "a version has three numbers": ("AirflowEnvironment.airflow_version",),
    },
    unnamed={"aws_s3_object.bucket": "the bucket that it lies in"},
    own={"a text that is sent as bytes": ("aws_s3_object.content_base64",)},
    requests={"aws_mwaa_environment": "mwaa:CreateEnvironment"},
)
