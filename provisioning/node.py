# SPDX-License-Identifier: EUPL-1.2
"""A node as a place for files: over its serial cable, or as a folder on this computer."""

import errno
import hashlib
import io
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

import serial
import structlog
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from provisioning.dossier import write_durably
from provisioning.errors import NodeNotAnsweringError, NodeStorageError, PortError

log = structlog.get_logger()

_UNPLUGGED = (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF)
_ANSWER_S = 5  # the REPL answers within milliseconds; writing 256 bytes to flash takes 0.1 s

# The firmware's watchdog would end a slow session; two minutes are enough for any.
_HOLD_WATCHDOG = """
import machine
if hasattr(machine, "WDT"):
    machine.WDT(timeout=120_000)
"""


class NodeFiles(Protocol):
    """Where a node's files are read and written."""

    def read(self, path: str) -> bytes | None:
        """Return the file, or None if there is none."""

    def sha256(self, path: str) -> bytes | None:
        """Return the hash of the file as the node sees it, or None if there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Replace the file; an interruption leaves the old one or the new one."""


class DirectoryNode:
    """A virtual node, or a node prepared on a desk: a folder that becomes its flash."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, path: str) -> bytes | None:
        """Return the file, or None if there is none."""
        try:
            return (self._directory / path).read_bytes()
        except FileNotFoundError:
            return None

    def sha256(self, path: str) -> bytes | None:
        """Return the hash of the file, or None if there is none."""
        content = self.read(path)
        return None if content is None else hashlib.sha256(content).digest()

    def write(self, path: str, content: bytes) -> None:
        """Replace the file."""
        try:
            write_durably(self._directory / path, content)
        except OSError as error:
            raise NodeStorageError(path, error.strerror or str(error)) from error


class SerialNode:
    """A board on a cable, through mpremote's raw REPL, without a soft reset (its ``resume``)."""

    def __init__(self, port: str, transport: SerialTransport) -> None:
        self._port = port
        self._transport = transport

    def read(self, path: str) -> bytes | None:
        """Return the file, or None if there is none."""
        with _answering(self._port, path, may_be_missing=True):
            return bytes(self._transport.fs_readfile(path))
        return None

    def sha256(self, path: str) -> bytes | None:
        """Return the hash that the board itself computes, or None if there is no file."""
        with _answering(self._port, path, may_be_missing=True):
            return bytes(self._transport.fs_hashfile(path, "sha256"))
        return None

    def write(self, path: str, content: bytes) -> None:
        """Write beside the file, then rename: LittleFS does that in one step."""
        folder = str(PurePosixPath(path).parent)
        fresh = path + ".new"
        with _answering(self._port, path):
            if folder != "." and not self._transport.fs_exists(folder):
                self._transport.fs_mkdir(folder)
            self._transport.fs_writefile(fresh, content)
            self._transport.exec(f"import os\nos.rename({fresh!r}, {path!r})")


@contextmanager
def serial_node(port: str) -> Iterator[SerialNode]:
    """Stop what runs on the node, reset it in the end; raise PortError, NodeNotAnsweringError.

    The reset comes after a fault too: a node that was in service goes on counting.
    """
    transport = _open(port)
    try:
        with _answering(port, port), redirect_stdout(io.StringIO()):  # mpremote prints what it got
            transport.enter_raw_repl(soft_reset=False, timeout_overall=_ANSWER_S)
            transport.exec(_HOLD_WATCHDOG)
        with ExitStack() as in_the_end:
            in_the_end.callback(_reset, port, transport)
            try:
                yield SerialNode(port, transport)
            except NodeNotAnsweringError:
                in_the_end.pop_all()  # nobody there to reset
                raise
    finally:
        with suppress(OSError):  # an unplugged port can't be closed either
            transport.close()


def _reset(port: str, transport: SerialTransport) -> None:
    try:
        transport.exec_raw_no_follow("import machine\nmachine.reset()")
    except (TransportError, struct.error, OSError) as error:
        log.warning("node_not_restarted", port=port, reason=_last_line(error))


@contextmanager
def _answering(port: str, path: str, *, may_be_missing: bool = False) -> Iterator[None]:
    """Say in our words what fails inside; a file that may be missing just ends the block."""
    try:
        yield
    except TransportExecError as error:
        raise NodeStorageError(path, _last_line(error)) from error
    except (TransportError, struct.error, serial.SerialException) as error:
        raise NodeNotAnsweringError(port, _last_line(error)) from error
    except OSError as error:
        if error.errno == errno.ENOENT and may_be_missing:
            return
        if error.errno in _UNPLUGGED:
            raise NodeNotAnsweringError(port, "it was unplugged") from error
        raise NodeStorageError(path, errno.errorcode.get(error.errno or 0, "?")) from error


def _open(port: str) -> SerialTransport:
    try:
        transport = SerialTransport(port, timeout=_ANSWER_S)
    except (TransportError, OSError) as error:
        raise PortError(_port_fault(port)) from error
    transport.serial.write_timeout = _ANSWER_S
    return transport


def _port_fault(port: str) -> str:
    if Path(port).exists():
        return (
            f"Port {port} can't be opened. Close other programs on it, and see that you may use "
            f"it (on Linux: group dialout)."
        )
    there = ", ".join(found.device for found in list_ports.comports()) or "none"
    return f"There is no port {port}. Plug the node in; ports that are there: {there}."


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
