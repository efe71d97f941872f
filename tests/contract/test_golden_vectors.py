# SPDX-License-Identifier: EUPL-1.2
"""The golden vectors mean the same, to the byte, on CPython and on MicroPython."""

import json

import pytest

from tests.contract import golden_runner
from tests.contract.interpreters import run_on_cpython, run_on_micropython
from tests.needs import ROOT

GOLDEN = ROOT / "wire" / "golden"


@pytest.fixture(scope="module")
def verdicts() -> tuple[list[str], list[str]]:
    """The runner's lines on CPython and on MicroPython."""
    runner = ROOT / "tests" / "contract" / "golden_runner.py"
    return run_on_cpython(runner, GOLDEN), run_on_micropython(runner, GOLDEN)


def test_every_vector_passes_on_cpython(verdicts):
    assert [line for line in verdicts[0] if ": ok" not in line] == []


def test_every_vector_passes_on_micropython(verdicts):
    assert [line for line in verdicts[1] if ": ok" not in line] == []


def test_both_interpreters_encode_the_same_bytes(verdicts):
    assert verdicts[0] == verdicts[1]
    assert len(verdicts[0]) == sum(len(_vectors(name)) for name in golden_runner.FILES) >= 80


@pytest.mark.parametrize("name", golden_runner.FILES)
def test_every_vector_names_its_source_and_each_file_accepts_and_refuses(name):
    vectors = _vectors(name)
    assert all(vector["source"] for vector in vectors)
    assert len({vector["name"] for vector in vectors}) == len(vectors)
    assert {"refused" in vector for vector in vectors} == {True, False}


def test_every_golden_file_is_run():
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(golden_runner.FILES)


def _vectors(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())
