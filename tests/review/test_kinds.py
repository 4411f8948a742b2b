"""What a review tells of load balancers, clusters, networks and registries."""

from __future__ import annotations

from typing import Any

import pytest

from ops.kinds import known
from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.review.stories import tell

from .plans import changed, plan_of

GONE = {
    "aws_ecs_cluster": ({"name": "main"}, "every service on it"),
    "aws_autoscaling_group": ({"name": "main"}, "tasks on its instances"),
    "aws_ecr_repository": ({"name": "main"}, "the start of whatever pulls an image from it"),
    "aws_eks_cluster": ({"name": "main"}, "everything that runs in the cluster"),
    "aws_eks_fargate_profile": (
        {"fargate_profile_name": "main"},
        "the pods that it runs: EKS deletes them with it",
    ),
    "aws_kms_key": ({"description": "main"}, "reading whatever it encrypts"),
    "aws_lb_listener": ({"port": 443}, "every request to this port"),
    "aws_nat_gateway": (
        {"tags": {"Name": "main"}},
        "connections from private subnets to the internet",
    ),
    "aws_s3_bucket": ({"bucket": "main"}, "reading and writing its objects"),
    "aws_sagemaker_model_package_group": (
        {"model_package_group_name": "main"},
        "deploying its versions; what runs continues",
    ),
    "aws_subnet": ({"tags": {"Name": "main"}}, "what runs in it"),
    "aws_vpc": ({"tags": {"Name": "main"}}, "everything that runs in it"),
    "aws_vpc_endpoint": (
        {"service_name": "main"},
        "requests from private subnets to that service",
    ),
    "kubernetes_deployment_v1": (
        {"metadata": [{"name": "main"}]},
        "every request that it answers",
    ),
    "kubernetes_ingress_v1": (
        {"metadata": [{"name": "main"}]},
        "requests through its load balancer",
    ),
    "kubernetes_namespace_v1": ({"metadata": [{"name": "main"}]}, "everything that runs in it"),
}


@pytest.mark.parametrize("kind", GONE)
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_what_others_need_is_told_when_it_goes(kind: str, actions: list[str]) -> None:
    values, interrupted = GONE[kind]
    after = values if "create" in actions else None
    plan = read_plan(plan_of(changed(f"{kind}.x", actions, values, after, replace_paths=[["arn"]])))
    (story,) = tell(plan)
    assert story.name in ("main", "443")
    assert story.interrupted == interrupted
    assert ("deleted" if actions == ["delete"] else "replaced") in story.headline


@pytest.mark.parametrize("kind", sorted({*GONE} - {"aws_eks_cluster", "kubernetes_deployment_v1"}))
def test_what_stays_or_is_new_is_not_told(kind: str) -> None:
    values, _ = GONE[kind]
    entries = (
        changed(f"{kind}.new", ["create"], None, values),
        changed(f"{kind}.old", ["no-op"], values, values),
    )
    assert tell(read_plan(plan_of(*entries))) == []


def test_a_load_balancer_is_told_with_what_its_replacement_interrupts() -> None:
    values = {"name": "internal"}
    plan = plan_of(
        changed("aws_lb.a", ["delete", "create"], values, values, replace_paths=[["internal"]]),
        changed("aws_lb.b", ["update"], {**values, "idle_timeout": 60}, values),
        changed("aws_lb.c", ["no-op"], values, values),
    )
    replaced, updated = tell(read_plan(plan))
    assert replaced.headline == "internal is replaced because of internal"
    assert replaced.interrupted == (
        "every request to the services behind it, until DNS names that point to it are changed"
    )
    assert (updated.headline, updated.interrupted) == ("internal is updated", "")


OUTAGES: list[tuple[str, dict[str, Any]]] = [
    ("aws_ecs_cluster", {"name": "main"}),
    ("aws_lb", {"name": "main"}),
    ("aws_lb_listener", {"port": 443}),
    ("kubernetes_deployment_v1", {"metadata": [{"name": "main"}]}),
]


@pytest.mark.parametrize(("kind", "values"), OUTAGES)
def test_the_end_of_what_answers_requests_is_an_outage(kind: str, values: dict[str, Any]) -> None:
    plan = read_plan(plan_of(changed(f"{kind}.x", ["delete"], values, None)))
    assert [risk.rule.id for risk in find_risks(plan)] == ["PLAN1"]


def test_whatever_is_an_outage_or_holds_data_has_a_story() -> None:
    """Other projects' types are told by a risk alone."""
    from ops.kinds import kinds
    from ops.kinds.record import Not

    untold = {
        kind
        for kind, record in kinds().items()
        if (record.outage or record.holds_data) and isinstance(record.story, Not)
    }
    assert untold == set()
    assert len(known()) > len(kinds())
