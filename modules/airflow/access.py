"""The AWS services behind Airflow environments."""

from __future__ import annotations

from ..access import Access

# What roles do with queues, pipelines and executions is limited to some of them: see
# `_airflow` in modules/identity/policies.py.
ACCESS = {
    "airflow": Access(
        ("GetEnvironment", "ListEnvironments", "ListTagsForResource"),
        roles=("PublishMetrics",),
        passes_to=("airflow", "airflow-env"),
        named=("environment/",),
    ),
    "cloudwatch": Access((), roles=("PutMetricData",)),
    "logs": Access(
        (),
        roles=("GetLog*", "GetQueryResults"),
    ),
    "s3": Access((), roles=("GetAccountPublicAccessBlock", "GetBucket*", "GetObject*", "List*")),
    "states": Access((), roles=("StartExecution",)),
}
