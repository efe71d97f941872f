# SPDX-License-Identifier: EUPL-1.2
"""The installation's own certificate authority: who is a node, a gateway, the cloud.

EC P-256 throughout: an ESP32 can verify it. A request's public key is taken, nothing else: the name
is what the registry says. Certificates are valid from 1970 on: a node that lost power checks the
gateway's before it knows the time, with a clock that stands at 1970 or 2000.
"""

import fcntl
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud.kit.errors import CloudError

Usage = Literal["client", "server"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
AUTHORITY_LIFE = timedelta(days=25 * 365)
CERTIFICATE_LIFE = timedelta(days=15 * 365)  # a sealed basement device outlives shorter ones
PURPOSE = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}


class SigningRequestError(CloudError):
    """A certificate signing request can't be signed."""

    status = 422
    code = "signing-request"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate that we have signed, just now or before."""

    serial: str
    pem: str
    not_after: datetime


class Authority:
    """Signs certificates with a key that never leaves ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key_file = directory / "ca.key"
        self._certificate_file = directory / "ca.crt"

    def ensure(self) -> None:
        """Make the authority if there is none yet; killed half-way, it is made anew."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another command may be starting just now
            if not self._certificate_file.exists():
                self._make()

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Iskar installation authority")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGINNING)
            .not_valid_after(datetime.now(UTC) + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        _write(self._key_file, _key_pem(key), 0o600)
        _write(self._certificate_file, _pem(certificate), 0o644)

    @property
    def pem(self) -> str:
        """The authority's own certificate."""
        return self._certificate_file.read_text()

    @property
    def certificate_file(self) -> Path:
        """Where the authority's own certificate lies."""
        return self._certificate_file

    def sign(
        self,
        csr_pem: str,
        name: str,
        usage: Usage,
        hosts: Sequence[str] = (),
        issued_before: Sequence[str] = (),
    ) -> Issued:
        """Return a certificate for the public key of ``csr_pem`` under ``name``.

        If one of those issued before is for this very key, it is returned again: whoever lost our
        answer and asks once more leaves no second certificate behind.
        """
        public_key = _public_key(csr_pem)
        for pem in issued_before:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            if certificate.public_key() == public_key and self._has_issued(certificate):
                return _issued(certificate)
        return self._issue(public_key, name, usage, hosts)

    def own_server(self, directory: Path, name: str, hosts: Sequence[str]) -> tuple[Path, Path]:
        """Return certificate and key files of a server of ours, made on first use."""
        key_file, certificate_file = directory / f"{name}.key", directory / f"{name}.crt"
        if not certificate_file.exists():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = ec.generate_private_key(ec.SECP256R1())
            issued = self._issue(key.public_key(), name, "server", hosts)
            _write(key_file, _key_pem(key), 0o600)
            _write(certificate_file, issued.pem.encode(), 0o644)
        return certificate_file, key_file

    def _has_issued(self, certificate: x509.Certificate) -> bool:
        authority = x509.load_pem_x509_certificate(self._certificate_file.read_bytes())
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, InvalidSignature):
            return False  # by an authority that is no more
        return True

    def _issue(
        self, public_key: ec.EllipticCurvePublicKey, name: str, usage: Usage, hosts: Sequence[str]
    ) -> Issued:
        authority_key = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
        authority = x509.load_pem_x509_certificate(self._certificate_file.read_bytes())
        not_after = datetime.now(UTC).replace(microsecond=0) + CERTIFICATE_LIFE
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(authority.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGINNING)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([PURPOSE[usage]]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
        )
        if hosts:
            names = [_general_name(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return _issued(builder.sign(authority_key, hashes.SHA256()))


def _issued(certificate: x509.Certificate) -> Issued:
    return Issued(
        serial=f"{certificate.serial_number:x}",
        pem=_pem(certificate).decode(),
        not_after=certificate.not_valid_after_utc,
    )


def _public_key(csr_pem: str) -> ec.EllipticCurvePublicKey:
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        public_key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature) as error:
        raise SigningRequestError("This is not a certificate signing request in PEM.") from error
    if not signed:
        raise SigningRequestError("The signing request is not signed by the key that it carries.")
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(
        public_key.curve, ec.SECP256R1
    ):
        raise SigningRequestError("The signing request's key is not on the curve P-256.")
    return public_key


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, never readable by others for a moment."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    beside.rename(path)
