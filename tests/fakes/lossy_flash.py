# SPDX-License-Identifier: EUPL-1.2
"""A flash that keeps its documented promises and nothing beyond them.

Synced bytes stay and a rename is whole. Of what was written and not synced, a power cut leaves any
first part; a file that was only opened may be there or not. Writes may find no room and syncs may
fail although every byte has arrived.
"""

import random

from tests.fakes.device import PowerCutError

NO_SPACE = 28
INPUT_OUTPUT = 5


class LossyFlash:
    """Files by name: what is on the chip, and what the running node sees."""

    def __init__(self, chance: random.Random) -> None:
        self.chip: dict[str, bytes] = {}
        self.seen: dict[str, bytes] = {}
        self.cut_after: int | None = None  # so many operations from now
        self.failing = 0.0  # share of the writes that fail
        self._chance = chance

    def lose_power(self) -> None:
        """Leave on the chip what a power cut would, and start from that."""
        for name in set(self.chip) | set(self.seen):
            before, after = self.chip.get(name), self.seen.get(name)
            if before == after or after is None:
                continue
            if before is None and self._chance.random() < 0.3:
                continue
            begun = before if before is not None and after.startswith(before) else b""
            kept = self._chance.randint(len(begun), len(after))
            if begun == before or self._chance.random() < 0.5:
                self.chip[name] = after[:kept]
        self.seen = dict(self.chip)
        self.cut_after = None

    def open(self, name: str, mode: str) -> "LossyFile":
        if "r" in mode and name not in self.seen:
            raise OSError(2)
        if "w" in mode:
            self.step()
            self.seen[name] = b""
        return LossyFile(self, name)

    def sync(self, file: "LossyFile") -> None:
        self.step()
        self.chip[file.name] = self.seen[file.name]
        if file.name.endswith(".seg") and self._chance.random() < self.failing / 3:
            raise OSError(INPUT_OUTPUT)

    def remove(self, name: str) -> None:
        self.step()
        del self.seen[name]
        self.chip.pop(name, None)

    def rename(self, old: str, new: str) -> None:
        self.step()
        self.seen[new] = self.chip[new] = self.seen.pop(old)
        self.chip.pop(old, None)

    def list(self, folder: str) -> list[str]:
        return [name[len(folder) + 1 :] for name in self.seen if name.startswith(folder + "/")]

    def size(self, name: str) -> int:
        return len(self.seen[name])

    def make_folder(self, name: str) -> None:
        pass

    def step(self) -> None:
        """Count one operation; the power fails before the one that is one too many."""
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCutError

    def write(self, name: str, content: bytes) -> None:
        if self.cut_after is not None and self.cut_after <= 0:
            self.seen[name] += content[: self._chance.randint(0, len(content))]
        self.step()
        if name.endswith(".seg") and self._chance.random() < self.failing:
            self.seen[name] += content[: self._chance.randint(0, len(content) - 1)]
            raise OSError(NO_SPACE)
        self.seen[name] += content


class LossyFile:
    def __init__(self, flash: LossyFlash, name: str) -> None:
        self.name = name
        self._flash = flash
        self._at = 0

    def read(self, limit: int | None = None) -> bytes:
        content = self._flash.seen[self.name]
        end = len(content) if limit is None else self._at + limit
        piece = content[self._at : end]
        self._at += len(piece)
        return piece

    def write(self, content: bytes) -> None:
        self._flash.write(self.name, bytes(content))

    def seek(self, at: int) -> None:
        self._at = at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        pass

    def __enter__(self) -> "LossyFile":
        return self

    def __exit__(self, *_: object) -> None:
        pass
