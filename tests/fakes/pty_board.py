# SPDX-License-Identifier: EUPL-1.2
"""A board on a cable: real MicroPython, its REPL on a pseudo-terminal, its flash a folder.

``machine.reset`` ends the interpreter and a shell starts it again, as a board would: a fork of the
tests' own process would, for a moment, hold the port that the technician is closing.
"""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import tty
from pathlib import Path
from typing import Self

MICROPYTHON = Path(sys.executable).parent / "micropython"
_POWERED = 'while :; do "$0" -i -c pass; echo >"/dev/fd/$1"; done'
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
        self._restarts, self._ended = os.pipe()
        self._process = self._start()
        self._cable = threading.Thread(target=self._carry)
        self._cable.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._cable.join()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        ends = (self._inside, self._repl, self._outside, self._plug, self._restarts, self._ended)
        for end in ends:
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
            ["sh", "-c", _POWERED, MICROPYTHON, str(self._ended)],
            pass_fds=[self._ended],
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
            for end in select.select([*other, self._restarts], [], [], 0.02)[0]:
                told = os.read(end, 4096)
                if end == self._restarts:
                    self._restarted.set()
                else:
                    os.write(other[end], told)
