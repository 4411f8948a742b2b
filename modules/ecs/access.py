"""The AWS services behind ECS, its instances and rollouts."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "autoscaling": Access(("Describe",)),
    "codedeploy": Access(("BatchGet", "Get", "List")),
    "ecs": Access(("Describe", "List")),
}
