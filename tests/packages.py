# SPDX-License-Identifier: EUPL-1.2
"""Packages of firmware for tests, signed by a release key made for them."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire import package

RELEASE_KEY = Ed25519PrivateKey.generate()


def a_package(
    *,
    firmware: str = "0.2.0",
    board: str = "esp32",
    files: bytes = b"print('hello')\n" * 200,
    key: Ed25519PrivateKey = RELEASE_KEY,
) -> bytes:
    """Return a package of one file; its id is its SHA-256."""
    sha256 = hashlib.sha256(files).hexdigest()
    manifest = package.encode_manifest(board, firmware, sha256, [("app.py", len(files))])
    return package.join(manifest, key.sign(manifest), files)


def id_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
