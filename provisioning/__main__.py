# SPDX-License-Identifier: EUPL-1.2
"""iskar-field: the technician's command line."""

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from provisioning import plan as plans
from provisioning import release_key as release_keys
from provisioning import settings
from provisioning.cloud import Cloud
from provisioning.dossier import Dossier
from provisioning.enrolment import Enrolled, Enrolment
from provisioning.errors import CloudUnreachableError, FieldError
from provisioning.gateway import Gateway, enrol_gateway
from provisioning.node import DirectoryNode, serial_node
from provisioning.wired import enrol_meters

log = structlog.get_logger()
app = typer.Typer(
    help="Install and replace nodes and gateways.", no_args_is_help=True, add_completion=False
)

MAPS = Path(__file__).parent.parent / "hardware" / "register_maps.toml"
_STATE = Path.home() / ".local" / "state" / "iskar-field"

PlanFile = Annotated[Path, typer.Option("--plan", help="The installation plan, JSON.")]
CloudUrl = Annotated[str, typer.Option("--cloud", help="Address of the cloud.")]
Token = Annotated[
    str,
    typer.Option(
        envvar="ISKAR_FIELD_TOKEN", help="A technician's token; better in $ISKAR_FIELD_TOKEN."
    ),
]
CloudCa = Annotated[Path | None, typer.Option(help="The CA of an https cloud, PEM.")]
State = Annotated[Path, typer.Option(help="Where keys and progress are kept.")]
Maps = Annotated[Path, typer.Option("--register-maps", help="The meters' register maps, TOML.")]


@app.command()
def enrol(
    plan: PlanFile,
    cloud: CloudUrl,
    token: Token,
    node: Annotated[str, typer.Option(help="Id of the node in the plan.")],
    port: Annotated[str | None, typer.Option(help="Serial port of the node.")] = None,
    directory: Annotated[Path | None, typer.Option(help="Folder instead of a port.")] = None,
    replace: Annotated[bool, typer.Option(help="Overwrite a node of another id.")] = False,
    cloud_ca: CloudCa = None,
    state: State = _STATE,
    register_maps: Maps = MAPS,
) -> None:
    """Enrol the node on a serial port, or in a directory. May be run again at any time."""
    if (port is None) == (directory is None):
        raise FieldError("Say either --port or --directory.")
    installation = plans.read_plan(plan)
    row = installation.node(node)
    with Cloud(cloud, token, cloud_ca) as registry:
        enrolment = Enrolment(installation, settings.read_register_maps(register_maps), registry)
        dossier = Dossier(state / node, node)
        if directory is not None:
            enrolled = enrolment.enrol(row, DirectoryNode(directory), dossier, replace=replace)
        else:
            with serial_node(str(port)) as files:
                enrolled = enrolment.enrol(row, files, dossier, replace=replace)
    _say(_row(enrolled))


@app.command()
def enrol_many(
    plan: PlanFile,
    cloud: CloudUrl,
    token: Token,
    directory: Annotated[Path, typer.Option(help="Gets <node_id>/flash/ for every node.")],
    cloud_ca: CloudCa = None,
    state: State = _STATE,
    register_maps: Maps = MAPS,
) -> None:
    """Enrol every node of the plan into directories; one that fails does not stop the others."""
    installation = plans.read_plan(plan)
    enrolled, failed = [], {}
    with Cloud(cloud, token, cloud_ca) as registry:
        enrolment = Enrolment(installation, settings.read_register_maps(register_maps), registry)
        for node in installation.nodes:
            files = DirectoryNode(directory / node.node_id / "flash")
            try:
                enrolled.append(
                    _row(enrolment.enrol(node, files, Dossier(state / node.node_id, node.node_id)))
                )
            except CloudUnreachableError:
                raise
            except FieldError as error:
                log.error("enrolment_failed", node_id=node.node_id, reason=str(error))
                failed[node.node_id] = str(error)
    _say({"enrolled": enrolled, "failed": failed})
    if failed:
        raise typer.Exit(1)


@app.command("enrol-gateway")
def enrol_gateway_command(
    gateway: Annotated[str, typer.Option(help="Id of the gateway.")],
    site: Annotated[str, typer.Option(help="Id of the site.")],
    directory: Annotated[Path, typer.Option(help="The gateway's data directory.")],
    cloud: CloudUrl,
    token: Token,
    name: Annotated[
        str | None, typer.Option(help="What people call it; the id if left out.")
    ] = None,
    broker_host: Annotated[str, typer.Option(help="Where its broker listens.")] = "127.0.0.1",
    broker_port: Annotated[int, typer.Option(help="And on which port.")] = 8883,
    release_key: Annotated[
        Path | None,
        typer.Option(help="Public key that firmware is signed with; none: no updates."),
    ] = None,
    cloud_ca: CloudCa = None,
) -> None:
    """Set up a gateway's data directory: token, certificates, settings. May be run again."""
    with Cloud(cloud, token, cloud_ca) as registry:
        enrol_gateway(
            Gateway(
                gateway_id=gateway,
                site=site,
                name=name or gateway,
                broker_host=broker_host,
                broker_port=broker_port,
                cloud_url=cloud,
                release_key=None if release_key is None else release_keys.read(release_key),
            ),
            directory,
            registry,
        )
    _say({"gateway_id": gateway, "directory": str(directory.resolve())})


@app.command("enrol-meters")
def enrol_meters_command(
    plan: PlanFile,
    gateway: Annotated[str, typer.Option(help="Id of the gateway they are wired to.")],
    directory: Annotated[Path, typer.Option(help="The gateway's data directory.")],
    cloud: CloudUrl,
    token: Token,
    cloud_ca: CloudCa = None,
    register_maps: Maps = MAPS,
) -> None:
    """Put the meters wired to a gateway on record, and write its meters.toml. May be run again."""
    maps = settings.read_register_maps(register_maps)
    with Cloud(cloud, token, cloud_ca) as registry:
        changed = enrol_meters(plans.read_plan(plan), gateway, directory, maps, registry)
    _say({"gateway_id": gateway, "file_written": changed})


@app.command("exchange")
def exchange_command(
    service_point: Annotated[str, typer.Option(help="Id of the service point.")],
    meter: Annotated[str, typer.Option(help="Id of the new meter, which is on record.")],
    start: Annotated[int, typer.Option(min=0, help="What its dial shows: ml, l of gas, Wh.")],
    cloud: CloudUrl,
    token: Token,
    final: Annotated[
        int | None, typer.Option(min=0, help="What the old meter's dial showed last.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="When; local time of this computer, now if left out.")
    ] = None,
    cloud_ca: CloudCa = None,
) -> None:
    """Record that a meter was exchanged, now or any time after. May be run again."""
    exchanged_at = (at or datetime.now(UTC)).astimezone(UTC)
    with Cloud(cloud, token, cloud_ca) as registry:
        _say(
            registry.record_exchange(
                service_point, meter, exchanged_at, start_register=start, final_register=final
            )
        )


def main() -> None:
    """Run the command line; a fault is a sentence and status 1, never a traceback."""
    os.umask(0o077)  # what is written here is for this user's eyes
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if sys.stderr.isatty()
            else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except FieldError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


def _row(enrolled: Enrolled) -> dict[str, Any]:
    return {**asdict(enrolled), "certificate_ends_at": enrolled.certificate_ends_at.isoformat()}


def _say(outcome: dict[str, Any]) -> None:
    typer.echo(json.dumps(outcome))


if __name__ == "__main__":
    main()
