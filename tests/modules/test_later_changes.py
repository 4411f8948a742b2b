"""What a team changes later reaches no argument that replaces a resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inferform import Environment
from tests.modules.test_layers import Synthesize
from tests.specs import kinds

pytestmark = pytest.mark.long

# What AWS changes in place: by the provider's documentation and, of a cluster, by a plan on the
# emulator (tests/e2e/test_eks.py). Another argument that follows from the Context is added here
# only once it is known to replace nothing.
IN_PLACE = {
    "aws_autoscaling_group.force_delete",
    "aws_ecr_repository.force_delete",
    "aws_iam_role.permissions_boundary",
    "aws_launch_template.tag_specifications",
    "aws_lb.enable_deletion_protection",
    "aws_s3_bucket.force_destroy",
    "aws_sagemaker_pipeline.pipeline_definition",
    "aws_sfn_state_machine.definition",
    # Karpenter tags the nodes that it makes from then on.
    "kubernetes_manifest.manifest.spec.tags.owner",
    "kubernetes_manifest.manifest.spec.tags.team",
}
NEW = {"aws_eks_access_entry", "aws_eks_access_policy_association"}


def _differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(key), after.get(key), (*path, key))
    elif before != after:
        yield path


def _ignored(resource: dict[str, Any]) -> set[str]:
    return {
        argument.replace("[0]", "")
        for argument in resource.get("lifecycle", {}).get("ignore_changes") or ()
    }


@pytest.mark.parametrize("name", sorted(kinds.valid_trees()))
def test_what_changes_of_a_context_later_reaches_only_what_aws_changes_in_place(
    name: str, synthesize: Synthesize
) -> None:
    environment: Environment = kinds.environment(kinds.valid_trees()[name]).replace(identity=None)
    first = environment.context.replace(
        deploy_role=None, plan_role=None, permissions_boundary=None, tags={}, protected=False
    )
    later = first.replace(
        owner="platform",
        deploy_role="deploy",
        plan_role="plan",
        permissions_boundary="boundary",
        tags={"team": "ml"},
        protected=True,
    )
    before = synthesize(environment.replace(context=first))
    after = synthesize(environment.replace(context=later))

    assert before.keys() == after.keys()
    found: set[str] = set()
    for stack in before:
        held, wanted = before[stack]["resource"], after[stack]["resource"]
        assert wanted.keys() - held.keys() <= NEW
        for kind, resources in held.items():
            assert resources.keys() <= wanted[kind].keys()
            assert resources.keys() == wanted[kind].keys() or kind in NEW
            for key, resource in resources.items():
                ignored = _ignored(wanted[kind][key])
                found |= {
                    f"{kind}.{'.'.join(path)}"
                    for path in _differences(resource, wanted[kind][key])
                    if path[0] not in ("//", "lifecycle") and ".".join(path) not in ignored
                }
    assert found <= IN_PLACE
    assert found
