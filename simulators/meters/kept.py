# SPDX-License-Identifier: EUPL-1.2
"""Registers on disk, so that dials go on where they stood."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from simulators.errors import SimulatorError


class KeptDialsError(SimulatorError):
    """The file holds something else than the dials of this city; the message names it."""


class KeptDials:
    """One file with the register of every service point."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: Mapping[str, int] = {}

    def exist(self) -> bool:
        """Return whether there are dials to go on from."""
        return self._path.exists()

    def read(self, expected: Collection[str]) -> dict[str, int]:
        """Return the registers of exactly the ``expected`` service points."""
        try:
            registers = json.loads(self._path.read_text())
            if isinstance(registers, dict) and registers.keys() == set(expected):
                return {point_id: int(register) for point_id, register in registers.items()}
        except (ValueError, TypeError) as error:
            raise KeptDialsError(f"{self._path} can't be read: {error}; remove it.") from error
        raise KeptDialsError(f"{self._path} holds the dials of another city; remove it.")

    def write(self, registers: Mapping[str, int]) -> None:
        """Replace the file, whole or not at all.

        It is not synced: it must survive this process, not the machine it runs on.
        """
        if registers == self._written:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(registers))
        os.replace(beside, self._path)
        self._written = registers
