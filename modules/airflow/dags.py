"""The text of a DAG that starts what the training layer makes.

It uses what Airflow and its Amazon provider have in each version that MWAA offers: operators that start,
and sensors that wait without a worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..context import Context
from ..training.names import machine_arn
from ..training.pipeline import pipeline_name
from .starts import PipelineRun, RetrainingRun, TrainingDag

_IMPORTS: Mapping[type[PipelineRun | RetrainingRun], tuple[str, str]] = {
    PipelineRun: (
        "from airflow.providers.amazon.aws.operators.sagemaker import SageMakerStartPipelineOperator",
        "from airflow.providers.amazon.aws.sensors.sagemaker import SageMakerPipelineSensor",
    ),
    RetrainingRun: (
        "from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator",
        "from airflow.providers.amazon.aws.sensors.step_function import StepFunctionExecutionSensor",
    ),
}


def file_name(name: str) -> str:
    """The file of a DAG among those of the environment."""
    return f"inferform_{name.replace('-', '_')}.py"


def dag_text(context: Context, name: str, spec: TrainingDag) -> str:
    """The file of a DAG, `dag_id` being its short name."""
    return "\n".join([*_lines(context, name, spec), ""])


def _lines(context: Context, name: str, spec: TrainingDag) -> Iterator[str]:
    used = {type(run) for run in spec.runs.values()}
    yield f'"""Starts, in this order: {", ".join(spec.runs)}. Written by Inferform; changes here are lost."""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    yield "from datetime import timedelta"
    yield ""
    yield "import pendulum"
    yield "from airflow import DAG"
    yield from sorted(line for kind in used for line in _IMPORTS[kind])
    yield ""
    yield "with DAG("
    yield f"    dag_id={name!r},"
    yield f"    schedule={spec.schedule!r},"
    yield f"    start_date=pendulum.datetime(2026, 1, 1, tz={spec.timezone!r}),"
    yield "    catchup=False,"
    yield "    max_active_runs=1,"
    yield "    default_args={'owner': 'inferform', 'retries': 0},"
    yield f"    tags=['inferform', {context.key!r}],"
    yield "):"
    ends: str | None = None
    for index, (task, run) in enumerate(spec.runs.items()):
        starts, waits = f"start_{index}", f"wait_{index}"
        yield from _start(context, task, run, starts)
        yield from _wait(task, run, starts, waits, spec.max_wait_minutes)
        yield f"    {starts} >> {waits}"
        if ends is not None:
            yield f"    {ends} >> {starts}"
        ends = waits


def _start(context: Context, task: str, run: PipelineRun | RetrainingRun, to: str) -> Iterator[str]:
    if isinstance(run, PipelineRun):
        yield f"    {to} = SageMakerStartPipelineOperator("
        yield f"        task_id={task!r},"
        yield f"        pipeline_name={pipeline_name(context, run.pipeline)!r},"
        yield f"        pipeline_params={_written(run.parameters)},"
    else:
        yield f"    {to} = StepFunctionStartExecutionOperator("
        yield f"        task_id={task!r},"
        yield f"        state_machine_arn={machine_arn(context, run.retraining)!r},"
        yield f"        state_machine_input={_written(run.parameters)},"
    yield "    )"


def _wait(
    task: str, run: PipelineRun | RetrainingRun, of: str, to: str, minutes: int
) -> Iterator[str]:
    if isinstance(run, PipelineRun):
        yield f"    {to} = SageMakerPipelineSensor("
        yield f"        pipeline_exec_arn={of}.output,"
        # The steps are in SageMaker; naming them takes a right more.
        yield "        verbose=False,"
    else:
        yield f"    {to} = StepFunctionExecutionSensor("
        yield f"        execution_arn={of}.output,"
    yield f"        task_id={f'{task}_ends'!r},"
    yield "        mode='reschedule',"
    yield "        poke_interval=60,"
    yield f"        timeout={minutes * 60},"
    # Only asking is tried again: what failed has failed.
    yield "        retries=2,"
    yield "        retry_delay=timedelta(minutes=1),"
    yield "    )"


def _written(parameters: Mapping[str, str]) -> str:
    return repr(dict(sorted(parameters.items())))
