# SPDX-License-Identifier: EUPL-1.2
"""The systemd units, by systemd's own judgement."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import ROOT, program

UNITS = sorted((ROOT / "edge_gateway" / "systemd").glob("*.service"))
MOST_EXPOSED = 25  # of 100: systemd calls up to 50 "medium" and a unit without hardening 96


def _named(paths):
    return [pytest.param(path, id=path.name) for path in paths]


@pytest.mark.parametrize("unit", _named(UNITS))
def test_systemd_finds_no_fault_with_a_unit(unit, tmp_path):
    here = unit.read_text().replace("/opt/iskar/.venv/bin/iskar-gateway", sys.executable)
    (tmp_path / unit.name).write_text(here)
    found = ask("verify", "--man=no", tmp_path / unit.name)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.parametrize("unit", _named(UNITS))
def test_a_unit_is_hardened(unit):
    found = ask("security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("unit", _named(UNITS))
def test_a_unit_starts_again_for_ever_and_is_bounded(unit):
    said = configparser.ConfigParser(strict=False, interpolation=None)
    said.optionxform = str
    said.read(unit)
    assert said["Unit"]["StartLimitIntervalSec"] == "0"
    assert said["Service"]["Restart"] == "always"
    assert {"MemoryMax", "TasksMax", "LogRateLimitBurst"} <= set(said["Service"])


def ask(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [program("systemd-analyze"), *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"SYSTEMD_COLORS": "0"},
    )
