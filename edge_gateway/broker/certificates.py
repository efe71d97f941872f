# SPDX-License-Identifier: EUPL-1.2
"""Where the certificates lie, as enrolment leaves them."""

from pathlib import Path

from edge_gateway.errors import CertificateMissingError
from edge_gateway.settings import BrokerSettings


def paths(settings: BrokerSettings, name: str) -> tuple[Path, Path, Path]:
    """Return (authority, certificate, key) of ``name``: gateway or broker."""
    pki = settings.pki_dir.resolve()
    return pki / "ca.crt", pki / f"{name}.crt", pki / f"{name}.key"


def check(settings: BrokerSettings, name: str) -> None:
    """Raise CertificateMissingError, naming the file, unless all three are there."""
    for path in paths(settings, name):
        if not path.exists():
            raise CertificateMissingError(path)
