# SPDX-License-Identifier: EUPL-1.2
"""The commands of ``iskar-cloud``, gathered; those that give people and programs access."""

from pathlib import Path
from typing import Annotated

import typer
from fastapi.encoders import jsonable_encoder

from cloud.accounts.tokens import DEFAULT_LIFE_DAYS, MAX_LIFE_DAYS
from cloud.app import demand_commands, privacy_commands, series_commands
from cloud.app.backup_commands import cli as backup_cli
from cloud.app.forecast_commands import cli as forecast_cli
from cloud.app.privacy_commands import audit_cli
from cloud.app.running import print_with_services
from cloud.app.server_commands import cli as server_cli
from cloud.app.services import Services
from cloud.app.state_commands import cli as state_cli
from cloud.app.weather_commands import cli as weather_cli
from cloud.demand.commands import cli as demand_cli
from cloud.kit.auth.rights import Right, Role
from cloud.tariffs.documents import read_file
from cloud.validation.commands import cli as validation_cli

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="The cloud of Iskar.")
user_cli = typer.Typer(no_args_is_help=True, help="People who may sign in.")
token_cli = typer.Typer(no_args_is_help=True, help="Tokens for programs.")
cli.add_typer(server_cli)
cli.add_typer(backup_cli)
cli.add_typer(state_cli)
cli.add_typer(user_cli, name="user")
cli.add_typer(token_cli, name="token")
tariff_cli = typer.Typer(no_args_is_help=True, help="What supply costs.")
cli.add_typer(tariff_cli, name="tariff")
cli.add_typer(validation_cli)
cli.add_typer(demand_cli, name="demand")
cli.add_typer(weather_cli, name="weather")
cli.add_typer(audit_cli, name="audit")
privacy_commands.register(user_cli)
demand_commands.register(demand_cli)
demand_cli.add_typer(forecast_cli)
series_commands.register(demand_cli)


@user_cli.command("add")
def add_user(
    email: str,
    name: Annotated[str, typer.Option(help="How to call the person.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.OWNER,
    premises: Annotated[
        list[str] | None, typer.Option(help="A building the person may see; repeat for more.")
    ] = None,
    supplier: Annotated[
        str | None, typer.Option(help="Of a utility's person: which supplier's, by its id.")
    ] = None,
) -> None:
    """Add a person, or give a known one a new password; print it as JSON."""

    async def work(services: Services) -> dict[str, object]:
        password = await services.access.put_user(email, name, role, premises or [], supplier)
        return {"email": email.lower(), "password": password, "role": role}

    print_with_services(work)


@user_cli.command("list")
def list_users() -> None:
    """Print everybody who may sign in as JSON: how they do, and which buildings they see."""

    async def work(services: Services) -> dict[str, object]:
        return {"users": [jsonable_encoder(one) for one in await services.people.all()]}

    print_with_services(work)


@user_cli.command("disable")
def disable_user(
    email: str,
    undo: Annotated[bool, typer.Option("--undo", help="Let the person in again.")] = False,
) -> None:
    """Let a person in no more; their sessions end at once."""

    async def work(services: Services) -> dict[str, object]:
        await services.people.set_disabled(email, is_disabled=not undo)
        return {"email": email.lower(), "is_disabled": not undo}

    print_with_services(work)


@user_cli.command("reset")
def reset_user(
    email: str,
    second_factors: Annotated[
        bool,
        typer.Option("--second-factors", help="Forget them too: make sure of who asks first."),
    ] = False,
) -> None:
    """Print a link, good once and for a week, by which a person sets a new password."""

    async def work(services: Services) -> dict[str, object]:
        link = await services.people.reset(email, forget_factors=second_factors)
        return {"email": email.lower(), "link": link}

    print_with_services(work)


@token_cli.command("add")
def add_token(
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    label: Annotated[str, typer.Option(help="What the program is.")],
    premises: Annotated[
        list[str] | None, typer.Option(help="A building the program may see; repeat for more.")
    ] = None,
    supplier: Annotated[
        str | None, typer.Option(help="The utility that the program works for.")
    ] = None,
    scope: Annotated[
        list[Right] | None,
        typer.Option(help="A right of the role; repeat for more. All, if none is named."),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=MAX_LIFE_DAYS, help="How long it is valid.")
    ] = DEFAULT_LIFE_DAYS,
) -> None:
    """Make a token for a program; print it as JSON."""
    if role == Role.GATEWAY:
        raise typer.BadParameter("A gateway gets its token by POST /api/v1/gateways/{id}/token.")

    async def work(services: Services) -> dict[str, object]:
        token = await services.tokens.add_token(
            label, role, premises or [], supplier_id=supplier, scopes=scope, life_days=days
        )
        return {"token": token}

    print_with_services(work)


@token_cli.command("list")
def list_tokens() -> None:
    """Print every token of programs and people as JSON: what it may do, its use, its end."""

    async def work(services: Services) -> dict[str, object]:
        return {"tokens": [jsonable_encoder(one) for one in await services.tokens.all()]}

    print_with_services(work)


@token_cli.command("revoke")
def revoke_token(token_id: int) -> None:
    """End a token of a program or a person at once."""

    async def work(services: Services) -> dict[str, object]:
        await services.tokens.revoke(token_id)
        return {"revoked": token_id}

    print_with_services(work)


@tariff_cli.command("import")
def import_tariffs(files: Annotated[list[Path], typer.Argument(help="Tariffs as TOML.")]) -> None:
    """Record tariffs from files, and new suppliers with them; print how many versions stand."""

    async def work(services: Services) -> dict[str, object]:
        read = [read_file(path) for path in files]  # all of them, before any is recorded
        recorded = [await services.tariffs.take_in(file) for file in read]
        return {one.tariff_id: len(one.standing) for one in recorded}

    print_with_services(work)


@tariff_cli.command("list")
def list_tariffs() -> None:
    """Print the tariffs that are recorded, or ship with the program, as JSON."""

    async def work(services: Services) -> dict[str, object]:
        return {one.tariff_id: one.model_dump(mode="json") for one in await services.tariffs.all()}

    print_with_services(work)


@cli.command("review")
def review_command(
    premises: Annotated[
        list[str] | None, typer.Option(help="A building; repeat for more. All, if none is named.")
    ] = None,
) -> None:
    """Look through the stored usage of buildings now, as is done every night; print JSON."""

    async def work(services: Services) -> dict[str, object]:
        review = services.history_review
        chosen = premises or await review.premises_ids()
        return {"findings": {one: await review.of_premises(one) for one in chosen}}

    print_with_services(work)
