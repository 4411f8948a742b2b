"""`inferform prices show|update`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, print_json, print_table, stderr, stdout
from . import LOOK_UP, Command

family = typer.Typer(help="The price table behind cost estimates.", no_args_is_help=True)


@family.command()
def show(
    region: Annotated[str | None, typer.Option(help="One Region. Default: all.")] = None,
    json: Json = False,
) -> None:
    """List every price with its date and source.

    Example: inferform prices show --region us-east-1
    """
    from ..cost.prices import price_table

    table = price_table()
    chosen = {
        name: prices for name, prices in table.regions.items() if region is None or name == region
    }
    if json:
        print_json(
            {
                name: {
                    key: {"usd": p.usd, "unit": p.unit, "date": p.date, "source": p.source}
                    for key, p in prices.items()
                }
                for name, prices in chosen.items()
            }
        )
        return
    rows = [
        (name, key, f"{price.usd:g}/{price.unit}", price.date, price.source)
        for name, prices in chosen.items()
        for key, price in prices.items()
    ]
    print_table(("region", "key", "USD", "date", "source"), rows)


@family.command()
def update(
    regions: Annotated[
        list[str] | None,
        typer.Argument(metavar="REGION", help="Default: those of the environments."),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch current prices from the AWS Price List API into the table.

    Needs credentials with pricing:GetProducts, of any account.

    Example: inferform prices update eu-west-1
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from ..cost.prices import table_to_update
    from ..cost.update import HOME
    from ..cost.update import update as run
    from ..environments import environments
    from ..errors import OperatorError

    found = environments().environments.values()
    wanted = regions or sorted({environment.context.region for environment in found})
    try:
        client = boto3.client("pricing", region_name=HOME)
        with stderr.status("asking the Price List API") as status:
            done = run(
                client,
                wanted,
                table=table_to_update(),
                follow=lambda region, service: status.update(f"{service} in {region}"),
            )
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(
            f"the Price List API did not answer: {error}",
            "sign in to any account with pricing:GetProducts",
        ) from error
    if json:
        print_json({"regions": done.regions, "kept": done.kept, "ambiguous": done.ambiguous})
        return
    for region, count in done.regions.items():
        stdout.print(f"{region}: {count} prices")
    if done.kept:
        stdout.print(f"{done.kept} older prices are kept, with their dates")
    for key in done.ambiguous:
        stdout.print(f"{key} has several prices and is left as it was")


COMMANDS = (Command("prices", family, LOOK_UP, order=30),)
