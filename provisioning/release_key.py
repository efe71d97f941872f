# SPDX-License-Identifier: EUPL-1.2
"""The public half of the key that firmware packages are signed with.

A gateway lets in no package that the other half has not signed; so it is given this one by hand,
not by the cloud that orders the packages.
"""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from provisioning.errors import FieldError


def read(path: Path) -> bytes:
    """Return the key in ``path`` as it stands, or raise FieldError if it is none, or the secret."""
    try:
        pem = path.read_bytes()
        key = load_pem_public_key(pem)
    except OSError as error:
        raise FieldError(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise FieldError(
            f"{path} is no Ed25519 public key in PEM; write it from the secret one with:"
            " openssl pkey -in release.key -pubout"
        )
    return pem
