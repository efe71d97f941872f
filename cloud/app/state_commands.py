# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud doctor`` and ``gateway``: how things stand, and who is out there."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud.app.running import any_database, loaded, print_with_services, run
from cloud.app.services import Services
from cloud.kit.errors import CloudError
from cloud.operation import doctor, state_repository
from cloud.operation.verdict import Verdict, fault

cli = typer.Typer()
gateway_cli = typer.Typer(no_args_is_help=True, help="Gateways in buildings.")
cli.add_typer(gateway_cli, name="gateway")


@cli.command("doctor")
def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look everything over and say what to mend; it may be running. Exit status 1: a fault."""
    settings = loaded()

    async def look() -> None:
        now = datetime.now(UTC)
        verdicts: list[Verdict]
        try:
            async with any_database(settings) as (dsn, _):
                verdicts = await doctor.examine(settings, dsn, now)
        except (CloudError, OSError) as error:
            verdicts = [fault("database", str(error))]
        for verdict in verdicts:
            typer.echo(json.dumps(verdict.fields()) if as_json else verdict.line())
        if any(verdict.level == "fault" for verdict in verdicts):
            raise typer.Exit(1)

    run(look(), settings)


@gateway_cli.command("add")
def add_gateway(
    gateway_id: str,
    site: Annotated[str, typer.Option(help="The town or campus; a part of its topics.")],
    name: Annotated[str, typer.Option(help="Where it hangs, for people.")],
) -> None:
    """Register a gateway and print its first token as JSON; a known one gets a new token."""

    async def work(services: Services) -> dict[str, object]:
        await services.meters.put_gateway(None, gateway_id, site, name)
        return {
            "gateway": gateway_id,
            "token": await services.meters.replace_token(None, gateway_id),
        }

    print_with_services(work)


@gateway_cli.command("token")
def give_token(gateway_id: str) -> None:
    """Print a gateway's new token as JSON; its earlier one ends at once."""

    async def work(services: Services) -> dict[str, object]:
        return {
            "gateway": gateway_id,
            "token": await services.meters.replace_token(None, gateway_id),
        }

    print_with_services(work)


@gateway_cli.command("list")
def list_gateways() -> None:
    """Print every gateway as JSON, with when it was last heard and its token was made."""

    async def work(services: Services) -> dict[str, object]:
        async with services.database.transaction(as_system=True) as connection:
            return {"gateways": await state_repository.gateways(connection)}

    print_with_services(work)
