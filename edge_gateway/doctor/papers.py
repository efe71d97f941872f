# SPDX-License-Identifier: EUPL-1.2
"""Certificates and keys as enrolment left them: there, matching, in date, for no other eyes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_gateway.broker import certificates
from edge_gateway.doctor.verdict import Verdict, fault, good, warning
from edge_gateway.settings import Settings

SOON = timedelta(days=60)  # to ask for a new one while there is time
RENEW = "run iskar-field enrol-gateway again"


def look(settings: Settings, now: datetime) -> Iterator[Verdict]:
    """Yield what is to be said of the gateway's own papers and of its broker's."""
    if not settings.broker_tls:
        yield warning("certificates", "GATEWAY_BROKER_TLS is false: only this machine may speak.")
        return
    for name in ("gateway", "broker"):
        paths = certificates.paths(settings, name)
        try:
            yield _judge(name, *paths, now)
        except (OSError, ValueError, TypeError, InvalidSignature) as error:
            reason = str(error) or "the authority has not signed it"
            yield fault("certificates", f"{name}: {reason}; {RENEW}.")


def _judge(name: str, authority: Path, certificate: Path, key: Path, now: datetime) -> Verdict:
    shown = x509.load_pem_x509_certificate(certificate.read_bytes())
    shown.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    if load_pem_private_key(key.read_bytes(), None).public_key() != shown.public_key():
        return fault("certificates", f"{key} is not the key of {certificate}; {RENEW}.")
    if key.stat().st_mode & 0o077:
        return fault("certificates", f"{key} can be read by others: chmod 600 {key}")
    left = shown.not_valid_after_utc - now
    until = f"{name} is good until {shown.not_valid_after_utc:%Y-%m-%d}"
    if left < timedelta(0):
        return fault("certificates", f"{name} has run out; {RENEW}.")
    if left < SOON:
        return warning("certificates", f"{until}; {RENEW}.")
    return good("certificates", f"{until}.")
