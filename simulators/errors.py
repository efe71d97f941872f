# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong around a simulated city; each message says what to do."""

from collections.abc import Iterable
from pathlib import Path

_QUOTED_LINES = 12


class SimulatorError(Exception):
    """Base of all errors of this tier."""


class ProgramFailedError(SimulatorError):
    """A program of the chain ended by itself and would not stay up."""

    def __init__(self, name: str, status: int, log_file: Path | None, text: str = "") -> None:
        if log_file is not None and log_file.exists():
            text = log_file.read_text(errors="replace")
        tail = "\n    ".join(text.strip().splitlines()[-_QUOTED_LINES:])
        where = f"; its whole log is {log_file}" if log_file else ""
        super().__init__(f"{name} ended with status {status}{where}. Its last words:\n    {tail}")


class CloudAnswerError(SimulatorError):
    """The cloud did not do what the simulator needs of it."""

    def __init__(self, asked: str, answer: str) -> None:
        super().__init__(f"{asked} answered {answer}. The cloud's log is cloud.log.")


class NodeDiedError(SimulatorError):
    """The firmware of a node ended by itself, and not by a reset."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"Node {directory.name} has died; its log is {directory / 'world' / 'log'}."
        )


class PortInUseError(SimulatorError):
    """Another program listens where the app should."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} is in use by another program. Stop that one, or choose another port: "
            f"`make demo PORT={port + 1}`, or `--port {port + 1}`."
        )


class DiskFullError(SimulatorError):
    """There is too little room for the demonstration's data."""

    def __init__(self, directory: Path, free_mb: int, needed_mb: int) -> None:
        super().__init__(
            f"{directory} has {free_mb} MB free and the demonstration needs {needed_mb} MB. "
            "Free some room, or name another place with --data-dir."
        )


class ToolMissingError(SimulatorError):
    """A program that the chain needs is not on this machine."""

    def __init__(self, tool: str, remedy: str) -> None:
        super().__init__(f"{tool} is missing. {remedy}")


class NotReadyError(SimulatorError):
    """A part of the chain did not come up in time."""

    def __init__(self, what: str, waited_s: float, remedy: str) -> None:
        super().__init__(f"{what} was not ready after {waited_s:.0f} s. {remedy}")


class UnknownSystemError(SimulatorError):
    """The scorecard was asked for a system that it does not know."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no system {name!r}; there are {', '.join(known)}.")
