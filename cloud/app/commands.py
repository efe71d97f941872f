# SPDX-License-Identifier: EUPL-1.2
"""The commands of ``iskar-cloud``, gathered; those that give people and programs access."""

from typing import Annotated

import typer

from cloud.app.backup_commands import cli as backup_cli
from cloud.app.running import print_with_services
from cloud.app.server_commands import cli as server_cli
from cloud.app.services import Services
from cloud.app.state_commands import cli as state_cli
from cloud.kit.auth.rights import Role
from cloud.validation.commands import cli as validation_cli

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="The cloud of Iskar.")
user_cli = typer.Typer(no_args_is_help=True, help="People who may sign in.")
token_cli = typer.Typer(no_args_is_help=True, help="Tokens for programs.")
cli.add_typer(server_cli)
cli.add_typer(backup_cli)
cli.add_typer(state_cli)
cli.add_typer(user_cli, name="user")
cli.add_typer(token_cli, name="token")
cli.add_typer(validation_cli)


@user_cli.command("add")
def add_user(
    email: str,
    name: Annotated[str, typer.Option(help="How to call the person.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.OWNER,
    premises: Annotated[
        list[str] | None, typer.Option(help="A building the person may see; repeat for more.")
    ] = None,
) -> None:
    """Add a person, or give a known one a new password; print it as JSON."""

    async def work(services: Services) -> dict[str, object]:
        password = await services.access.put_user(email, name, role, premises or [])
        return {"email": email.lower(), "password": password, "role": role}

    print_with_services(work)


@token_cli.command("add")
def add_token(
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    label: Annotated[str, typer.Option(help="What the program is.")],
    premises: Annotated[
        list[str] | None, typer.Option(help="A building the program may see; repeat for more.")
    ] = None,
) -> None:
    """Make a token for a program; print it as JSON."""
    if role == Role.GATEWAY:
        raise typer.BadParameter("A gateway gets its token by POST /api/v1/gateways/{id}/token.")

    async def work(services: Services) -> dict[str, object]:
        return {"token": await services.tokens.add_token(label, role, premises or [])}

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
