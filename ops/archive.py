"""What a container of AWS's looks for in an artifact, before it is uploaded.

Of an image of one's own nothing is known, and nothing is said.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from inferform import FrameworkContainer, Model

from .errors import BadInputError

_ROOT = "/opt/ml/model"
_GUIDE = "docs/guides/aws-containers.md says what each container looks for"

Names = frozenset[str]
Test = Callable[[Names], bool]


def names_in(file: Path) -> Names:
    """The files of a tar.gz. Raises BadInputError unless it can be read to its end and holds some."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            found = [each.name for each in archive if each.isfile()]
    except (OSError, tarfile.TarError, EOFError) as error:
        raise BadInputError(f"{file} is no tar.gz: {error}", "tar -czf model.tar.gz ...") from error
    if not found:
        raise BadInputError(f"{file} holds no file", "pack the model into it")
    return frozenset(str(PurePosixPath(name)) for name in found)


def check(file: Path, models: Iterable[Model]) -> None:
    """Raise BadInputError unless an artifact can be read and has what the containers of AWS's look for."""
    names = names_in(file)
    for model in models:
        for wanted, test in _wanted(model):
            if test(names):
                continue
            around = _folder_around(names)
            inside = frozenset(name.partition("/")[2] for name in names)
            if around and test(inside):
                raise BadInputError(
                    f"{file} has a folder around everything, {around}/, and the container looks for {wanted} "
                    "without it",
                    f"tar -czf {file.name} -C {around} .",
                )
            raise BadInputError(f"{file} has no {wanted}, which the container looks for", _GUIDE)


def _folder_around(names: Names) -> str:
    """The one folder that everything is in; empty where there is none."""
    tops = {name.partition("/")[0] for name in names}
    return tops.pop() if len(tops) == 1 and all("/" in name for name in names) else ""


def _wanted(model: Model) -> Iterable[tuple[str, Test]]:
    """What the container of a model looks for in its artifact, each with the test of it."""
    if not isinstance(model.image, FrameworkContainer):
        return
    variables = model.environment
    program = _program(
        variables.get("SAGEMAKER_PROGRAM"), variables.get("SAGEMAKER_SUBMIT_DIRECTORY")
    )
    framework = model.image.framework
    if program is None and framework in ("pytorch", "autogluon"):
        program = "code/inference.py"
    if program:
        yield program, lambda names: program in names
    elif framework == "tensorflow":
        wanted = re.compile(r"(?:[^/]+/)?\d+/saved_model\.pb")
        yield "1/saved_model.pb", lambda names: any(map(wanted.fullmatch, names))
    elif framework == "huggingface-pytorch":
        either = {"config.json", "code/inference.py"}
        yield "config.json or code/inference.py", lambda names: bool(names & either)
    elif framework == "xgboost":
        yield "model at its top", lambda names: any("/" not in name for name in names)
    name = variables.get("SAGEMAKER_TRITON_DEFAULT_MODEL_NAME")
    if framework == "triton" and name:
        yield f"{name}/", lambda names: any(each.startswith(f"{name}/") for each in names)


def _program(program: str | None, folder: str | None) -> str | None:
    """Where a program lies in the artifact; None where none is named, or its folder is elsewhere."""
    if not program or not (folder or "").startswith(_ROOT):
        return None
    below = (folder or "").removeprefix(_ROOT).strip("/")
    return f"{below}/{program}" if below else program
