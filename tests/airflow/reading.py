"""Run by the Python of .venv-airflow: what Airflow reads in a folder of DAGs, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.models.dagbag import DagBag


def main(folder: str) -> None:
    """Print the import errors, and what is known of each DAG."""
    found: Any = DagBag(folder, include_examples=False)
    dags = {
        dag.dag_id: {
            "schedule": dag.timetable.summary,
            "timezone": str(dag.timezone),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "tags": sorted(dag.tags),
            "tasks": {
                task.task_id: {
                    "class": type(task).__name__,
                    "after": sorted(task.upstream_task_ids),
                    "retries": task.retries,
                }
                for task in dag.tasks
            },
        }
        for dag in found.dags.values()
    }
    errors = {path.rpartition("/")[2]: str(error) for path, error in found.import_errors.items()}
    print(json.dumps({"errors": errors, "dags": dags}))


if __name__ == "__main__":
    main(*sys.argv[1:])
