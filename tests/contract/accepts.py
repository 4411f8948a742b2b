"""Asking Terraform, with the real provider, whether it takes synthesized stacks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops.terraform import Stack, stacks, terraform_environment


def validate(outdir: Path) -> dict[str, str]:
    """What `terraform validate` says of each stack but those of Kubernetes, whose provider has
    a test of its own."""
    environment = terraform_environment()

    def answer(stack: Stack) -> str:
        ready = stack.init(environment, backend=False)
        assert ready.status == 0, ready.output
        return stack.run("validate", "-no-color", environment=environment).output

    every = [stack for stack in stacks(outdir) if not stack.name.endswith("kubernetes")]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip((stack.name for stack in every), pool.map(answer, every), strict=True))


def refused(answers: dict[str, str]) -> dict[str, str]:
    """The answers of the stacks that Terraform does not take."""
    return {name: text for name, text in answers.items() if "Success!" not in text}
