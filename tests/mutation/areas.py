"""What is mutated, and which tests should notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """Some files that do one thing, and the tests of its behaviour: no golden file."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    synthesized: tuple[str, ...] = ()
    """Those of the files that import CDKTF, whose Node process cannot be forked: each of their
    mutants has its own."""

    built: tuple[str, ...] = ()
    """Tests that synthesize. They are run where no other test notices."""


_REVIEW = tuple(
    f"tests/review/test_{name}.py"
    for name in (
        "masking",
        "policies",
        "risks",
        "stories",
        "kinds",
        "ground",
        "references",
        "reader",
        "whole_plan",
        "broken_plans",
        "checkov",
    )
)

AREAS = {
    "iam": Area(
        ("ops/iam.py",),
        ("tests/ops/test_iam.py", "tests/review/test_policies.py", "tests/review/test_risks.py"),
    ),
    "identity": Area(
        (
            "modules/identity/access.py",
            "modules/identity/construct.py",
            "modules/identity/policies.py",
            "modules/identity/spec.py",
        ),
        (
            "tests/specs/test_identity.py",
            "tests/security/test_identity_rights.py",
        ),
        synthesized=("modules/identity/construct.py",),
        built=(
            "tests/specs/test_naming.py",
            "tests/modules/test_identity_layer.py",
            "tests/security/test_trust.py",
        ),
    ),
    "review": Area(
        (
            "ops/kinds/policies.py",
            "ops/kinds/risks.py",
            "ops/kinds/stories.py",
            "ops/masking.py",
            "ops/plan.py",
            "ops/review/report.py",
            "ops/review/reviewing.py",
            "ops/review/risks.py",
            "ops/review/stories.py",
            "ops/review/values.py",
        ),
        (
            *_REVIEW,
            "tests/security/test_secret_cases.py",
            "tests/security/test_one_detector.py",
        ),
    ),
    "drift": Area(
        ("ops/drift.py",),
        ("tests/ops/test_drift_plans.py", "tests/ops/test_detect.py"),
    ),
    "recovery": Area(
        ("ops/adopt.py", "ops/own.py", "ops/review/bound.py", "ops/state.py"),
        (
            "tests/ops/test_adopt.py",
            "tests/ops/test_bound_plans.py",
            "tests/ops/test_state_content.py",
            "tests/ops/test_state.py",
            "tests/ops/test_kinds_network.py",
            "tests/review/test_planning.py",
        ),
    ),
}
