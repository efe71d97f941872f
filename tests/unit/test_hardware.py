# SPDX-License-Identifier: EUPL-1.2
"""The pages of hardware/ agree with the firmware and with each other."""

import ast
import csv
import math
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from simulators.virtual_node import pulse_input

ROOT = Path(__file__).parents[2]
HARDWARE = ROOT / "hardware"
BOARD = ROOT / "firmware" / "board.py"
PIN_NAME = re.compile(r"(UART|RS485|I2C\d|LED|BUTTON)(_[A-Z]+)?")


@pytest.fixture(scope="module")
def pinout():
    return tomllib.loads((HARDWARE / "pinout.toml").read_text())


def gpios_of(pinout):
    return {name: pin["gpio"] for name, pin in pinout["pins"].items()}


def firmware_pins():
    """Return board.py's pin constants; it can't be imported here, it needs the chip's drivers."""
    constants = {}
    for statement in ast.parse(BOARD.read_text()).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if PIN_NAME.fullmatch(name):
                constants[name] = ast.literal_eval(statement.value)
    return constants


def test_the_firmware_drives_the_pins_of_the_pinout_and_no_others(pinout):
    assert firmware_pins() == gpios_of(pinout)


def test_no_pin_is_used_twice(pinout):
    gpios = list(gpios_of(pinout).values())
    assert sorted(set(gpios)) == sorted(gpios)


def test_no_pin_is_one_that_the_chip_needs_itself(pinout):
    forbidden = set(chain.from_iterable(pinout["forbidden"].values()))
    assert {0, 3, 45, 46, 19, 20} <= forbidden
    assert not forbidden & set(gpios_of(pinout).values())


def test_every_pin_exists_and_says_why(pinout):
    for pin in pinout["pins"].values():
        assert 0 <= pin["gpio"] <= 48
        assert pin["reason"]
        assert pin["to"]


def bill_of_materials():
    with (HARDWARE / "bill_of_materials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def designators(text):
    return set(re.findall(r"\b(?:R|C|D|U|J|SW|BT|F|L|Q)\d+\b", text))


def test_every_part_of_the_schematic_is_on_the_bill_and_the_other_way_round():
    billed = set(chain.from_iterable(designators(row["reference"]) for row in bill_of_materials()))
    drawn = designators((HARDWARE / "schematic.md").read_text())
    assert billed == drawn


def test_the_bill_counts_what_it_lists():
    for row in bill_of_materials():
        assert int(row["quantity"]) == (len(designators(row["reference"])) or 1), row["reference"]


def test_every_part_that_the_pinout_names_is_on_the_bill(pinout):
    billed = set(chain.from_iterable(designators(row["reference"]) for row in bill_of_materials()))
    named = set(
        chain.from_iterable(
            designators(pin["to"] + pin["reason"]) for pin in pinout["pins"].values()
        )
    )
    assert named
    assert named <= billed


# The pulse filter, at the ends of its parts' tolerances. Thresholds as shares of the supply:
# Nexperia 74LVC family, transfer characteristics at 3 V, -40 to 85 °C.
UPWARDS = (1.30 / 3.0, 2.20 / 3.0)
DOWNWARDS = (0.60 / 3.0, 1.50 / 3.0)
BOUNCE_MS = 5
S0_MS = 30  # EN 62053-31: the shortest closure, and the shortest pause
TOLERANCE = 0.01 + 0.05  # resistor and capacitor


def part(reference):
    scale = {"kΩ": 1e3, "nF": 1e-9}
    for row in bill_of_materials():
        if reference in designators(row["reference"]):
            number, unit = row["value"].split()
            return float(number) * scale[unit]
    raise LookupError(reference)


@pytest.fixture(scope="module", params=[("R1", "R3", "C1"), ("R2", "R4", "C2")])
def time_constants_ms(request):
    """Return how fast the filter follows a closing and an opening contact."""
    pull_up, series, capacitor = (part(reference) for reference in request.param)
    return series * capacitor * 1e3, (pull_up + series) * capacitor * 1e3


def levels_at_full_rate(discharge_ms, charge_ms):
    """Return the highest and lowest level, as shares of the supply, with S0 pulses at full rate."""
    high, low = 1.0, 0.0
    for _ in range(50):
        low = high * math.exp(-S0_MS / discharge_ms)
        high = 1 - (1 - low) * math.exp(-S0_MS / charge_ms)
    return high, low


def test_the_filter_can_not_switch_before_the_bouncing_is_over(time_constants_ms):
    discharge_ms, charge_ms = (constant * (1 - TOLERANCE) for constant in time_constants_ms)
    high, low = levels_at_full_rate(*(constant * (1 + TOLERANCE) for constant in time_constants_ms))
    assert discharge_ms * math.log(high / max(DOWNWARDS)) > BOUNCE_MS
    assert charge_ms * math.log((1 - low) / (1 - min(UPWARDS))) > BOUNCE_MS


def test_the_filter_follows_the_shortest_pulse_and_the_shortest_pause(time_constants_ms):
    discharge_ms, charge_ms = (constant * (1 + TOLERANCE) for constant in time_constants_ms)
    assert discharge_ms * math.log(1 / min(DOWNWARDS)) < S0_MS
    assert charge_ms * math.log(1 / (1 - max(UPWARDS))) < S0_MS


def test_a_glitch_stays_far_inside_the_hysteresis(time_constants_ms):
    moved = 0.013 / min(time_constants_ms)
    assert moved < 0.4 / 3.0 / 10


def test_the_simulated_input_is_one_that_these_parts_can_make(time_constants_ms):
    """The model's level is 1 where the contact is closed, the circuit's is 0 there."""
    time_constant_ms = pulse_input.TIME_CONSTANT_US / 1000
    assert time_constant_ms > (1 - TOLERANCE) * min(time_constants_ms)
    assert time_constant_ms < (1 + TOLERANCE) * max(time_constants_ms)
    assert 1 - max(DOWNWARDS) <= pulse_input.UPPER_THRESHOLD <= 1 - min(DOWNWARDS)
    assert 1 - max(UPWARDS) <= pulse_input.LOWER_THRESHOLD <= 1 - min(UPWARDS)
