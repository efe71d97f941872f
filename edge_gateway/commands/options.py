# SPDX-License-Identifier: EUPL-1.2
"""What commands are told, and how it is read."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_gateway.errors import SettingsError
from edge_gateway.settings import BrokerSettings

EnvFile = Annotated[
    Path | None, typer.Option("--env-file", help="File of GATEWAY_* settings, one a line.")
]
DataDir = Annotated[Path, typer.Option(help="Where the gateway keeps its store.")]
SettingsT = TypeVar("SettingsT", bound=BrokerSettings)


def load(kind: type[SettingsT], env_file: Path | None) -> SettingsT:
    """Return the settings, or raise SettingsError naming each variable at fault."""
    if env_file is not None and not env_file.is_file():
        raise SettingsError(f"{env_file} does not exist; enrolling the gateway writes it.")
    try:
        return kind(_env_file=env_file)  # type: ignore[call-arg]  # of pydantic-settings
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file} can't be read: {error}.") from error
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(fault) for fault in error.errors())) from None


def _sentence(fault: ErrorDetails) -> str:
    if not fault["loc"]:
        return f"{fault['msg'].removeprefix('Value error, ')}."
    variable = "GATEWAY_" + str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return f"{variable} is missing: set it in the environment or in the file of --env-file."
    return f"{variable} is wrong: {fault['msg']}. Correct it where it is set."
