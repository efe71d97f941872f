# SPDX-License-Identifier: EUPL-1.2
"""Runs one script on either interpreter."""

import os
import subprocess
import sys
from pathlib import Path

from tests.needs import ROOT

MICROPYTHON = Path(sys.executable).parent / "micropython"


def run_on_cpython(script: Path, *arguments: str | Path) -> list[str]:
    """Return the lines that ``script`` prints."""
    return _run([sys.executable, script, *arguments], PYTHONPATH=str(ROOT))


def run_on_micropython(script: Path, *arguments: str | Path, heap: str = "4M") -> list[str]:
    """Return the lines that ``script`` prints."""
    command = [MICROPYTHON, "-X", f"heapsize={heap}", script, *arguments]
    return _run(command, MICROPYPATH=f"{ROOT}:.frozen")


def _run(command: list[str | Path], **environment: str) -> list[str]:
    run = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines()
