# SPDX-License-Identifier: EUPL-1.2
"""A gateway's place on disk: its token, its two certificates and its settings.

The gateway's folder is its own memory: a second run keeps the keys, the certificates, and the token
as long as the cloud accepts it, so a running gateway is not locked out.
"""

from pathlib import Path
from typing import Literal, NamedTuple

import structlog
from dotenv import dotenv_values

from provisioning.cloud import Cloud
from provisioning.dossier import Dossier, write_durably
from provisioning.errors import FieldError

log = structlog.get_logger()

ENVIRONMENT = "gateway.env"
_USAGES: tuple[tuple[str, Literal["client", "server"]], ...] = (
    ("gateway", "client"),
    ("broker", "server"),
)


class Gateway(NamedTuple):
    """What a gateway is told when it is set up."""

    gateway_id: str
    site: str
    name: str
    broker_host: str
    broker_port: int
    cloud_url: str
    release_key: bytes | None = None  # in PEM; without it no firmware goes through this gateway


def enrol_gateway(gateway: Gateway, directory: Path, cloud: Cloud) -> None:
    """Make ``directory`` the data directory of ``gateway``; may be run again at any time."""
    directory = directory.resolve()
    kept = dotenv_values(directory / ENVIRONMENT)
    if kept.get("GATEWAY_ID") not in (None, gateway.gateway_id):
        raise FieldError(f"{directory} is of gateway {kept['GATEWAY_ID']}; name another directory.")
    cloud.register_gateway(gateway.gateway_id, gateway.site, gateway.name)
    log.info("gateway_registered", gateway_id=gateway.gateway_id)
    for name, usage in _USAGES:
        _certify(gateway, directory / "pki", name, usage, cloud)
    if gateway.release_key is not None:
        write_durably(directory / "pki" / "release.pub", gateway.release_key)
    token = kept.get("GATEWAY_CLOUD_TOKEN")
    if not token or not cloud.accepts_gateway_token(gateway.gateway_id, token):
        token = cloud.new_gateway_token(gateway.gateway_id)
        log.info("token_received", gateway_id=gateway.gateway_id)
    write_durably(directory / ENVIRONMENT, _environment(gateway, directory, token).encode())
    log.info("gateway_enrolled", gateway_id=gateway.gateway_id)


def _certify(
    gateway: Gateway, pki: Path, name: str, usage: Literal["client", "server"], cloud: Cloud
) -> None:
    dossier = Dossier(pki / "requests" / name, gateway.gateway_id)
    papers = dossier.papers()
    if papers is None:
        papers = cloud.certify_gateway(gateway.gateway_id, dossier.request_pem(), usage)
        dossier.keep_papers(papers)
    log.info("certificate_received", usage=usage, ends_at=f"{papers.not_after:%F}")
    write_durably(pki / f"{name}.key", dossier.key_pem())
    write_durably(pki / f"{name}.crt", papers.certificate_pem.encode())
    write_durably(pki / "ca.crt", papers.ca_pem.encode())


def _environment(gateway: Gateway, directory: Path, token: str) -> str:
    """Return gateway.env; the cloud's own CA also signs what the cloud shows over https."""
    lines = {
        "GATEWAY_ID": gateway.gateway_id,
        "GATEWAY_SITE": gateway.site,
        "GATEWAY_DATA_DIR": str(directory),
        "GATEWAY_BROKER_HOST": gateway.broker_host,
        "GATEWAY_BROKER_PORT": str(gateway.broker_port),
        "GATEWAY_BROKER_TLS": "true",
        "GATEWAY_CLOUD_URL": gateway.cloud_url,
        "GATEWAY_CLOUD_TOKEN": token,
    }
    if gateway.cloud_url.startswith("https"):
        lines["GATEWAY_CLOUD_CA_FILE"] = str(directory / "pki" / "ca.crt")
    return "".join(f"{name}='{content}'\n" for name, content in lines.items())
