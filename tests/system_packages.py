# SPDX-License-Identifier: EUPL-1.2
"""System packages that tests need: installed where this is root on a Debian system, else named.

Run as ``python -m tests.system_packages``; ``make test`` does. With CI=true a missing one is an
error: the tests that need it would be skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = {  # program: Debian's package
    "mosquitto": "mosquitto",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
}
_SYSTEM_FOLDERS = "/usr/sbin:/usr/bin"


def missing() -> dict[str, str]:
    """Return the needed programs that are not here, with their Debian packages."""
    where = f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}"
    return {
        program: package
        for program, package in NEEDED.items()
        if shutil.which(program, path=where) is None
    }


def install(packages: list[str]) -> bool:
    """Install Debian packages; False where this is not root on Debian, or apt-get fails."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        ended = subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
        if ended.returncode:  # it has said why
            return False
    # Debian starts a broker of its own at installation; the tests bring theirs.
    if Path("/etc/init.d/mosquitto").exists():
        subprocess.run(["/etc/init.d/mosquitto", "stop"], check=False, capture_output=True)
    return True


def main() -> int:
    """Install or name what is missing; return the exit status."""
    lacking = missing()
    if lacking and install(sorted(lacking.values())):
        lacking = missing()
    if not lacking:
        return 0
    names = " ".join(sorted(lacking.values()))
    sys.stderr.write(
        f"Missing: {', '.join(sorted(lacking))}. The tests that need them will be skipped. "
        f"On Debian: apt-get install {names}\n"
    )
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
