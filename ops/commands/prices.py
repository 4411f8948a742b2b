"""`inferform prices show|update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Json, print_json, print_table, stderr, stdout
from . import LOOK_UP, Command

if TYPE_CHECKING:
    from ..cost.model import Price

family = typer.Typer(help="The price table behind cost estimates.", no_args_is_help=True)


@family.command()
def show(
    key: Annotated[
        str | None,
        typer.Argument(
            help="A type, such as ml.m5.large or g5.xlarge, or the beginning of a key, such as "
            "lambda/. Default: all."
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Argument(metavar="REGION", help="One Region. Default: all.")
    ] = None,
    json: Json = False,
    only: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="The same as an option.")
    ] = None,
) -> None:
    """List prices with their dates and sources; an estimate has its bounds.

    Example: inferform prices show ml.g5.xlarge eu-west-1
    """
    from ..cost.prices import price_table
    from ..cost.update import unlisted
    from ..errors import BadInputError

    if region and only and region != only:
        raise BadInputError(f"{region} and {only} are two Regions", "give one, or none for all")
    region = region or only
    table = price_table()
    chosen = {
        name: {
            each: price
            for each, price in table.region(name).items()
            if key is None or each.startswith(key) or each.rpartition("/")[2] == key
        }
        for name in ([region] if region else table.regions())
    }
    if not any(chosen.values()):
        why = unlisted(key) if key else None
        raise BadInputError(
            f"no price for {key or 'anything'} in {region or 'any Region'} is known"
            + (f": {why}" if why else ""),
            "inferform prices show lists what is known, inferform prices update fetches prices",
        )
    if json:
        print_json(
            {
                name: {
                    each: {
                        "usd": p.usd,
                        "unit": p.unit,
                        "estimated_between": p.bounds,
                        "date": p.date,
                        "source": p.source,
                    }
                    for each, p in prices.items()
                }
                for name, prices in chosen.items()
            }
        )
        return
    rows = [
        (name, each, _usd(price), price.date, price.source)
        for name, prices in chosen.items()
        for each, price in prices.items()
    ]
    print_table(("region", "key", "USD", "date", "source"), rows)


def _usd(price: Price) -> str:
    said = f"{price.usd:g}/{price.unit}"
    if price.bounds is None:
        return said
    low, high = price.bounds
    return f"{said}, estimated ({low:g} to {high:g})"


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
