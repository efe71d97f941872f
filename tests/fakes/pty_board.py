# SPDX-License-Identifier: EUPL-1.2
"""A board on a cable: real MicroPython, its REPL on a pseudo-terminal, its flash a folder.

``machine.reset`` ends the interpreter and it is started again, as a board would.
"""

import os
import pty
import select
import subprocess
import sys
import threading
import tty
from pathlib import Path
from typing import Self

MICROPYTHON = Path(sys.executable).parent / "micropython"
_MACHINE = "import sys\ndef reset():\n    sys.exit()\n"


class PtyBoard:
    def __init__(self, folder: Path) -> None:
        self.flash = folder / "flash"
        self.flash.mkdir(parents=True)
        (folder / "shim").mkdir()
        (folder / "shim" / "machine.py").write_text(_MACHINE)
        self._shim = folder / "shim"
        self._restarted = threading.Event()

    def __enter__(self) -> Self:
        self._inside, self._repl = pty.openpty()
        self._outside, self._plug = pty.openpty()
        for end in (self._inside, self._repl, self._outside, self._plug):
            tty.setraw(end)  # otherwise the line discipline answers in the board's stead
        self.port = os.ttyname(self._plug)
        self._stop = threading.Event()
        self._process = self._start()
        self._cable = threading.Thread(target=self._carry)
        self._cable.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._cable.join()
        self._process.kill()
        self._process.wait()
        for end in (self._inside, self._repl, self._outside, self._plug):
            os.close(end)

    def hang(self) -> None:
        """Hang the board: the cable stays, nothing answers any more."""
        self._stop.set()
        self._cable.join()

    def restarted_within(self, limit_s: float) -> bool:
        """Wait until the board has been reset; return whether it was."""
        return self._restarted.wait(limit_s)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [MICROPYTHON, "-i", "-c", "pass"],
            stdin=self._repl,
            stdout=self._repl,
            stderr=self._repl,
            cwd=self.flash,
            env={**os.environ, "MICROPYPATH": f"{self._shim}:.frozen"},
            start_new_session=True,
        )

    def _carry(self) -> None:
        other = {self._inside: self._outside, self._outside: self._inside}
        while not self._stop.is_set():
            for end in select.select(list(other), [], [], 0.02)[0]:
                os.write(other[end], os.read(end, 4096))
            if self._process.poll() is not None:
                self._process = self._start()
                self._restarted.set()
