# SPDX-License-Identifier: EUPL-1.2
"""The flash of a virtual node that is not running, as its firmware would see it."""

import os
from pathlib import Path
from typing import IO, Any


class FolderFlash:
    """A folder with the members of the board's flash."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, name: str, mode: str) -> IO[Any]:
        return (self._root / name).open(mode)

    def sync(self, file: IO[Any]) -> None:
        file.flush()

    def rename(self, old: str, new: str) -> None:
        os.replace(self._root / old, self._root / new)

    def remove(self, name: str) -> None:
        (self._root / name).unlink()

    def list(self, folder: str) -> list[str]:
        return os.listdir(self._root / folder)

    def size(self, name: str) -> int:
        return (self._root / name).stat().st_size

    def make_folder(self, name: str) -> None:
        (self._root / name).mkdir(exist_ok=True)
