"""Asking Terraform, with the real provider, whether it takes synthesized stacks."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops.terraform import Stack, stacks, terraform_environment


def validate(outdir: Path) -> dict[str, str]:
    """What `terraform validate` says of each stack but those of Kubernetes and Helm, whose providers have
    a test of their own or are not at hand."""
    environment = terraform_environment()
    every = [stack for stack in stacks(outdir) if not stack.name.endswith(("kubernetes", "helm"))]
    # One init serves all that ask for the same, as it reads all of the provider.
    ready: dict[str, Path] = {}
    for stack in every:
        asked = json.dumps(stack.content["terraform"]["required_providers"], sort_keys=True)
        if asked in ready:
            for name in (".terraform", ".terraform.lock.hcl"):
                _copy(ready[asked] / name, stack.folder / name)
        else:
            done = stack.init(environment, backend=False)
            assert done.status == 0, done.output
            ready[asked] = stack.folder

    def answer(stack: Stack) -> str:
        return stack.run("validate", "-no-color", environment=environment).output

    with ThreadPoolExecutor(2) as pool:
        return dict(zip((stack.name for stack in every), pool.map(answer, every), strict=True))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)


def refused(answers: dict[str, str]) -> dict[str, str]:
    """The answers of the stacks that Terraform does not take."""
    return {name: text for name, text in answers.items() if "Success!" not in text}
