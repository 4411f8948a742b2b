"""`inferform models`: versions of the Model Registry, from their registration to what runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment, environments, repeated
from ..output import Approve, Json, confirm, print_json, print_table, stderr, stdout
from . import RELEASES, Command, named_values

if TYPE_CHECKING:
    from inferform import Environment

    from ..aws import Aws
    from ..versions import Status

family = typer.Typer(help="What endpoints serve, and how it changes.", no_args_is_help=True)


@family.command()
def resolve(
    env: EnvironmentKey,
    group: Annotated[
        str, typer.Argument(metavar="GROUP", help="A model package group, by short or full name.")
    ],
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Pin the latest approved version of a model package group in an environment's file.

    Synthesis never asks AWS: what is deployed is the version that stands in the file. A file that has the
    latest one is left as it is, and so are the older ones of several versions that one service names.

    Example: inferform models resolve staging-euw1 fraud
    """
    from .. import models
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    loaded = environments()
    pins = models.pins_of(found, group)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"looking for approved versions of {group}"):
        latest = {pin.arn: models.latest_approved(pin, aws) for pin in pins.values()}
    if all(arn == new for arn, new in latest.items()):
        if json:
            print_json({"file": str(loaded.files[found.key]), "changes": {}})
        else:
            stdout.print(f"{found.key} has the latest approved version already")
        return
    edit = models.plan(loaded, found.key, pins, latest)
    if json:
        print_json({"file": str(edit.file), "changes": edit.changes})
    else:
        stdout.print(edit.diff, markup=False, end="")
    confirm(f"edit {edit.file.name}?", auto_approve)
    edit.make()
    if not json:
        stdout.print(f"{edit.file.name} is edited; review and deploy {found.key}")


@family.command()
def add(
    env: EnvironmentKey,
    version: Annotated[
        str,
        typer.Argument(
            metavar="GROUP",
            help="A model package group, for its latest approved version; or one version: fraud/3, or its ARN.",
        ),
    ],
    as_: Annotated[
        str,
        typer.Option(
            "--as", metavar="SHORT", help="The endpoint's short name. Default: the group's."
        ),
    ] = "",
    instance_type: Annotated[
        str, typer.Option(metavar="TYPE", help="Default: the first that the version names.")
    ] = "",
    group: Annotated[
        str, typer.Option(metavar="GROUP", help="The group of inference layers that it comes into.")
    ] = "",
    unapproved: Annotated[
        bool, typer.Option("--unapproved", help="Take a version that nobody has approved.")
    ] = False,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Write an endpoint for a registered version into an environment's file, as the first entry of a model.

    The edit is shown first. `inferform models resolve` moves it on to later versions.

    Example: inferform models add dev-use1 fraud --instance-type ml.m5.large
    """
    from .. import first_version

    found, loaded = environment(env), environments()
    asked = first_version.Asked(version, as_, instance_type, group, unapproved)
    with stderr.status(f"reading {version}"):
        added = first_version.plan(loaded, found.key, asked, _aws(found, emulator))
    if json:
        print_json(
            {
                "file": str(added.edit.file),
                "diff": added.edit.diff,
                "version": added.arn,
                "as": added.short,
                "notes": list(added.notes),
            }
        )
    else:
        stdout.print(added.edit.diff, markup=False, end="")
        for note in added.notes:
            stdout.print(f"note: {note}", markup=False)
    confirm(f"edit {added.edit.file.name}?", auto_approve)
    added.edit.make()
    if not json:
        stdout.print(f"{added.edit.file.name} is edited; review and deploy {found.key}")


@family.command()
def register(
    env: EnvironmentKey,
    group: Annotated[
        str, typer.Argument(metavar="GROUP", help="A model package group, by short or full name.")
    ],
    archive: Annotated[Path, typer.Argument(metavar="MODEL.TAR.GZ", help="The model.")],
    image: Annotated[
        str,
        typer.Option(
            metavar="IMAGE",
            help="What serves it: FRAMEWORK:VERSION of one of AWS's containers, NAME:TAG of a repository of the "
            "environment, or a URI.",
        ),
    ],
    variable: Annotated[
        list[str] | None,
        typer.Option("--variable", metavar="NAME=VALUE", help="A variable of the container."),
    ] = None,
    evaluation: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="What becomes the version's model quality."),
    ] = None,
    instance_type: Annotated[
        list[str] | None,
        typer.Option(
            "--instance-type", metavar="TYPE", help="Where it runs. Default: ml.m5.large."
        ),
    ] = None,
    content_type: Annotated[
        list[str] | None,
        typer.Option(
            "--content-type",
            metavar="TYPE",
            help="What it takes and answers. Default: CSV and JSON.",
        ),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(
            "--metadata", metavar="NAME=VALUE", help="What is noted, such as commit=1a2b3c."
        ),
    ] = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="What people read of it.")] = "",
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Upload a model and register it as a new version of a group, which waits for an approval.

    An archive for a container of AWS's has to hold what that looks for. It goes below models/ in the
    artifact bucket, where data scientists may write.

    Example: inferform models register dev-use1 fraud model.tar.gz --image xgboost:1.7-1
    """
    from .. import register as registering

    found = environment(env)
    asked = registering.Asked(
        group,
        archive,
        image,
        variables=named_values(variable or [], "variable", "HF_TASK=text-classification"),
        evaluation=evaluation,
        metadata=named_values(metadata or [], "metadata", "commit=1a2b3c"),
        description=description,
        **({"instance_types": tuple(instance_type)} if instance_type else {}),
        **({"content_types": tuple(content_type)} if content_type else {}),
    )
    planned = registering.plan(found, asked)
    if not json:
        stdout.print(f"image {planned.image}")
        for name, value in planned.variables.items():
            stdout.print(f"variable {name}={value}", markup=False)
        for uri, file in planned.uploads.items():
            stdout.print(f"{file} to {uri}", markup=False)
    confirm(f"register a version of {planned.group} in {found.key}?", auto_approve)
    with stderr.status("uploading and registering"):
        arn = registering.register(planned, _aws(found, emulator))
    if json:
        print_json({"version": arn, "image": planned.image, "uploads": list(planned.uploads)})
        return
    number = f"{planned.group}/{arn.rpartition('/')[2]}"
    stdout.print(f"{number} is registered, and waits: {arn}")
    stdout.print(f"inferform models approve {found.key} {number} --why ...{repeated(emulator)}")


Version = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="A version: GROUP/NUMBER, such as fraud/3, or its ARN."),
]
Why = Annotated[str, typer.Option("--why", help="The reason, which the registry keeps.")]


@family.command("list")
def list_(
    env: EnvironmentKey,
    group: Annotated[
        str,
        typer.Argument(
            metavar="GROUP", help="A model package group, by short or full name, or by its ARN."
        ),
    ],
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """List the versions of a model package group, and which services of the file name them.

    Example: inferform models list prod-euw1 fraud
    """
    from dataclasses import asdict

    from .. import versions

    found = environment(env)
    rows = list(versions.listed(found, versions.group_of(found, group), _aws(found, emulator)))
    if json:
        print_json([asdict(row) for row in rows])
        return
    columns = ("version", "status", "stage", "created", "named by", "description")
    print_table(
        columns,
        [
            (v.number, v.status, v.stage, v.created, ", ".join(v.pinned_by), v.described)
            for v in rows
        ],
    )


@family.command()
def approve(
    env: EnvironmentKey,
    version: Version,
    why: Why,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage", help="The stage to set as well: STAGE/STATUS, such as QA/Approved."
        ),
    ] = None,
    auto_approve: Approve = False,
    emulator: Emulated = False,
) -> None:
    """Approve a version, which starts what waits for it: see Registry.approvals.

    Example: inferform models approve dev-use1 fraud/3 --why "AUC 0.93"
    """
    _decide(env, version, "Approved", why, stage, auto_approve, emulator)


@family.command()
def reject(
    env: EnvironmentKey,
    version: Version,
    why: Why,
    auto_approve: Approve = False,
    emulator: Emulated = False,
) -> None:
    """Reject a version; what runs continues.

    Example: inferform models reject dev-use1 fraud/3 --why "slow on GPUs"
    """
    _decide(env, version, "Rejected", why, None, auto_approve, emulator)


@family.command()
def diff(
    env: EnvironmentKey,
    version: Version,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The version to compare it with.")],
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show what differs between two versions: image, artifact, metadata and metrics.

    Example: inferform models diff prod-euw1 fraud/2 fraud/3
    """
    from .. import versions

    found = environment(env)
    (_, one), (_, two) = (versions.version_of(found, each) for each in (version, other))
    rows = versions.difference(one, two, _aws(found, emulator))
    if json:
        print_json([{"of": path, version: before, other: after} for path, before, after in rows])
    elif rows:
        print_table(("of", version, other), rows)
    else:
        stdout.print(f"{version} and {other} differ in nothing that the registry tells")


@family.command()
def lineage(
    env: EnvironmentKey,
    endpoint: Annotated[
        str | None, typer.Argument(metavar="ENDPOINT", help="An endpoint. Default: every endpoint.")
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show where what runs comes from: version, artifact, training job, data and commit.

    Example: inferform models lineage prod-euw1 fraud
    """
    from dataclasses import asdict

    from .. import lineage

    found = environment(env)
    rows = list(lineage.origins(found, _aws(found, emulator), endpoint))
    if json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        print_table(
            ("of", "is"),
            [
                (name.replace("_", " "), "\n".join(value) if isinstance(value, tuple) else value)
                for name, value in asdict(row).items()
                if value
            ],
            title=row.endpoint,
        )


def _aws(found: Environment, emulator: bool) -> Aws:
    from ..aws import Aws, emulator_in_use

    return Aws(found.context, emulator=emulator_in_use() if emulator else None)


def _decide(
    env: str,
    version: str,
    status: Status,
    why: str,
    stage: str | None,
    auto_approve: bool,
    emulator: bool,
) -> None:
    from .. import versions

    found = environment(env)
    verb = "approve" if status == "Approved" else "reject"
    confirm(f"{verb} {version}?", auto_approve)
    aws = _aws(found, emulator)
    arn, before = versions.decide(found, version, status, aws, why=why, stage=stage)
    stdout.print(f"{arn} is {status} (was {before})", markup=False, soft_wrap=True)
    started = versions.started_by(found, version, status, stage)
    for each in started:
        stdout.print(each, markup=False, soft_wrap=True)


@family.command()
def rollouts(env: EnvironmentKey, json: Json = False) -> None:
    """Show how updates reach each endpoint, and how long one takes in the worst case.

    Example: inferform models rollouts prod-euw1
    """
    from .. import models

    rows = models.rollouts(environment(env))
    if json:
        print_json(rows)
        return
    columns = ("endpoint", "kind", "variants", "rollout", "waits", "worst case", "alarms")
    print_table(columns, [_shown(row) for row in rows])


def _shown(row: dict[str, object]) -> list[object]:
    return [
        f"{int(str(value)) / 60:.0f} min"
        if key.endswith("seconds") and value is not None
        else value
        for key, value in row.items()
    ]


COMMANDS = (Command("models", family, RELEASES, order=50),)
