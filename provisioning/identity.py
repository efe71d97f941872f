# SPDX-License-Identifier: EUPL-1.2
"""Identity: a key made here, and what the cloud's CA says of it.

The private key is written to the dossier and to the node, and to nothing else.
"""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from provisioning.errors import CloudAnswerError

_DER_PUBLIC = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def new_key_pem() -> bytes:
    """Return a new P-256 key: small on the wire and quick on the ESP32."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request_pem(key_pem: bytes, common_name: str) -> bytes:
    """Return a certificate signing request; the cloud takes its key, and checks the name itself."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    )
    return builder.sign(_key(key_pem), hashes.SHA256()).public_bytes(Encoding.PEM)


def key_der(key_pem: bytes) -> bytes:
    """Return the key as the node reads it; MicroPython takes DER only."""
    return _key(key_pem).private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )


def certificate_der(certificate_pem: bytes) -> bytes:
    """Return the certificate as the node reads it."""
    return x509.load_pem_x509_certificate(certificate_pem).public_bytes(Encoding.DER)


def check_certificate(
    certificate_pem: bytes, ca_pem: bytes, key_pem: bytes, common_name: str
) -> None:
    """Raise CloudAnswerError unless the CA certified this key under this name, until later."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        ca = x509.load_pem_x509_certificate(ca_pem)
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise CloudAnswerError(
            f"The certificate for {common_name} is not signed by the CA it came with."
        ) from error
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [name.value for name in names] != [common_name]:
        raise CloudAnswerError(f"The certificate is for {names}, not for {common_name}.")
    ours, theirs = _key(key_pem).public_key(), certificate.public_key()
    if ours.public_bytes(*_DER_PUBLIC) != theirs.public_bytes(*_DER_PUBLIC):
        raise CloudAnswerError(f"The certificate for {common_name} is for another key.")
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise CloudAnswerError(
            f"The certificate for {common_name} ended at {certificate.not_valid_after_utc:%F}; "
            f"is this computer's clock right?"
        )


def _key(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(key_pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("The dossier's key is not an elliptic curve key.")
    return key
