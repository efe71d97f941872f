# SPDX-License-Identifier: EUPL-1.2
"""Package: new firmware for one kind of board, as one run of bytes that its own digest names.

It is a line with the manifest, a line with the signature, and the files one after another. The
manifest is JSON: the board it is for, the firmware it makes of a node, the files in order as
[path, size], and ``size`` and ``sha256`` of all their bytes. The signature is Ed25519 over the
manifest's bytes as they stand, in hexadecimal. A package's id is the SHA-256 of all of it.

Whoever installs checks three things: the signature, by the release key it was given beforehand,
the files' digest, and that the board is its own.
"""

from binascii import hexlify, unhexlify

from wire import VERSION, fields
from wire.errors import WireError

MAX_BYTES = 4194304  # 4 MiB: all the flash of the smallest board that is supported
MAX_MANIFEST_BYTES = 16384
MAX_FILES = 200
_SIGNATURE_DIGITS = 128  # RFC 8032, 5.1.6: an Ed25519 signature has 64 bytes
_MAX_PATH = 64
_FIELDS = ("ver", "board", "firmware", "size", "sha256", "files")
_PATH_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"


def encode_manifest(
    board: str, firmware: str, sha256: str, files: "list[tuple[str, int]]"
) -> bytes:
    """Return the manifest of ``files``, (path, size) each, whose bytes have this digest."""
    return fields.dump(
        [
            ("ver", VERSION),
            ("board", board),
            ("firmware", firmware),
            ("size", sum([size for _, size in files])),
            ("sha256", sha256),
            ("files", files),
        ]
    )


def decode_manifest(payload: bytes) -> "dict[str, object]":
    """Return the checked fields of a manifest, or raise WireError."""
    manifest = fields.parse(payload, MAX_MANIFEST_BYTES)
    fields.only(manifest, _FIELDS)
    fields.identifier(manifest["board"], "board")
    release(manifest["firmware"])
    fields.digest(manifest["sha256"], "sha256")
    total = _size_of(manifest["files"])
    size = fields.integer(manifest, "size", 1, MAX_BYTES)
    if size != total:
        raise WireError("The files have %d bytes, field size says %d." % (total, size))
    return manifest


def split(content: bytes) -> "tuple[bytes, bytes, bytes]":
    """Return (manifest, signature, files) of a whole package, unchecked, or raise WireError."""
    end = content.find(b"\n", 0, MAX_MANIFEST_BYTES + 1)
    files_at = end + 1 + _SIGNATURE_DIGITS + 1
    if end < 0 or content[files_at - 1 : files_at] != b"\n":
        raise WireError("The package does not begin with a manifest and a signature.")
    digits = content[end + 1 : files_at - 1]
    if digits.strip(b"0123456789abcdef"):
        raise WireError("The signature is not %d hexadecimal digits." % _SIGNATURE_DIGITS)
    return content[:end], unhexlify(digits), content[files_at:]


def join(manifest: bytes, signature: bytes, files: bytes) -> bytes:
    """Return a whole package."""
    return manifest + b"\n" + hexlify(signature) + b"\n" + files


def release(version: object) -> "tuple[int, int, int]":
    """Return the three numbers of a version, which compare as releases do, or raise WireError."""
    parts = version.split(".") if isinstance(version, str) else []
    for part in parts:
        if not part or len(part) > 6 or part.strip("0123456789") or part != str(int(part)):
            parts = []
            break
    if len(parts) != 3:
        raise WireError("Version %r is not three numbers with dots between." % (version,))
    return int(parts[0]), int(parts[1]), int(parts[2])


def _size_of(files: object) -> int:
    if not isinstance(files, list) or not 1 <= len(files) <= MAX_FILES:
        raise WireError("Field files is not a list of 1 to %d [path, size]." % MAX_FILES)
    seen = set()  # type: set[str]
    total = 0
    for one in files:
        if not isinstance(one, list) or len(one) != 2:
            raise WireError("Field files holds %r, not [path, size]." % (one,))
        path = _path(one[0])
        if path in seen:
            raise WireError("Path %r is there twice." % path)
        seen.add(path)
        name = "size of %r" % path
        total += fields.integer({name: one[1]}, name, 0, MAX_BYTES)
    return total


def _path(content: object) -> str:
    """Return ``content`` if it names a file below a folder, by plain characters."""
    if isinstance(content, str) and 1 <= len(content) <= _MAX_PATH:
        parts = content.split("/")
        if "" not in parts and "." not in parts and ".." not in parts:
            if not content.strip(_PATH_CHARACTERS):
                return content
    raise WireError("Path %r is not one of a file below the app's folder." % (content,))
