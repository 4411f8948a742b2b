"""`inferform api-keys create|list|delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..output import Approve, Json, confirm, print_json, print_table, stdout
from . import AFTER, Command

if TYPE_CHECKING:
    from ..api_keys import ApiKeys

family = typer.Typer(
    help="Keys of REST APIs, which Terraform does not make, so that none is in a state.",
    no_args_is_help=True,
)

Api = Annotated[str, typer.Argument(metavar="API", help="A REST API of the environment.")]
Plan = Annotated[str, typer.Argument(metavar="PLAN", help="A usage plan of the API.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who has the key, such as partner.")]


@family.command()
def create(
    env: EnvironmentKey,
    api: Api,
    plan: Plan,
    name: Name,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Make a key of a usage plan, and print its value: this once and never again.

    Example: inferform api-keys create prod-euw1 models gold partner
    """
    key, value = _keys(env, api, emulator).create(plan, name)
    if json:
        print_json({"id": key.id, "name": key.name, "plan": key.plan, "value": value})
        return
    stdout.print(value, markup=False, highlight=False, soft_wrap=True)
    stdout.print(
        f"{name} sends it as x-api-key; hand it over by a way that keeps secrets, as nothing shows "
        "it again",
        markup=False,
    )


@family.command("list")
def list_(env: EnvironmentKey, api: Api, emulator: Emulated = False, json: Json = False) -> None:
    """List the keys of an API's usage plans, without their values.

    Example: inferform api-keys list prod-euw1 models
    """
    found = list(_keys(env, api, emulator).list())
    if json:
        print_json(
            [
                {
                    "id": key.id,
                    "name": key.name,
                    "plan": key.plan,
                    "enabled": key.enabled,
                    "created": key.created,
                }
                for key in found
            ]
        )
        return
    rows = [(k.name, k.plan, "yes" if k.enabled else "no", k.created, k.id) for k in found]
    print_table(("name", "plan", "enabled", "created", "id"), rows)


@family.command()
def delete(
    env: EnvironmentKey,
    api: Api,
    plan: Plan,
    name: Name,
    auto_approve: Approve = False,
    emulator: Emulated = False,
) -> None:
    """Delete a key: requests with it get 403.

    Example: inferform api-keys delete prod-euw1 models gold partner
    """
    keys = _keys(env, api, emulator)
    confirm(f"delete the key {name} of the plan {plan}?", auto_approve)
    key = keys.delete(plan, name)
    stdout.print(f"the key {key.name} of the plan {key.plan} is deleted", markup=False)


def _keys(env: str, api: str, emulator: bool) -> ApiKeys:
    from ..api_keys import ApiKeys
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    return ApiKeys(found, api, Aws(found.context, emulator=emulator_in_use() if emulator else None))


COMMANDS = (Command("api-keys", family, AFTER, order=60),)
