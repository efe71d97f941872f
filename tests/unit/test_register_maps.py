# SPDX-License-Identifier: EUPL-1.2
"""Register maps agree with their source, and a meter shows what its register can say."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.register_maps import Register, RegisterMap, read_register_maps
from tests.needs import shared_data
from wire import reading_types

MAPS = read_register_maps()
NAMES_IN_MBMD = {"1-0:1.8.0": "Import", "1-0:2.8.0": "Export", "1-0:1.7.0": "Power"}
FUNCTIONS = {3: "ReadHoldingReg", 4: "ReadInputReg"}
WORDS = {"i32": 2, "u32": 2, "f32": 2, "i64": 4, "u64": 4}
TRANSFORMS = {
    ("u64", "big"): "RTUUint64ToFloat64",
    ("i64", "big"): "RTUInt64ToFloat64",
    ("i32", "big"): "RTUInt32ToFloat64",
    ("i32", "little"): "RTUInt32ToFloat64Swapped",
    ("f32", "big"): "RTUIeee754ToFloat64",
}
WH_PER_KWH = 1000  # mbmd divides a count by its scale to get kWh or W


def mbmd(meter: RegisterMap) -> dict[str, Any]:
    maps = json.loads(shared_data("modbus_register_maps/mbmd_register_maps.json").read_text())
    entry: dict[str, Any] = maps[meter.mbmd]
    return entry


@pytest.mark.parametrize("name", MAPS)
def test_addresses_and_function_are_those_of_the_source(name: str):
    source = mbmd(MAPS[name])
    assert source["function_codes"] == [FUNCTIONS[MAPS[name].function]]
    assert {obis: r.address for obis, r in MAPS[name].registers.items()} == {
        obis: source["registers"][word]["address"] for obis, word in NAMES_IN_MBMD.items()
    }


@pytest.mark.parametrize("name", MAPS)
def test_types_and_scales_are_among_those_of_the_source(name: str):
    source = mbmd(MAPS[name])
    scales = {Fraction(scale) for scale in source["scales"]} | {Fraction(1)}
    for obis, register in MAPS[name].registers.items():
        assert TRANSFORMS[register.type, register.word_order] in source["transforms"]
        assert not source["read_len"] or WORDS[register.type] in source["read_len"]
        per_count = WH_PER_KWH if reading_types.parse(obis)[0].unit == "Wh" else 1
        assert per_count / register.scale in scales


def test_there_are_at_least_three_makes():
    assert len({meter.make for meter in MAPS.values()}) >= 3


def a_register(**changes: Any) -> Register:
    usual: dict[str, Any] = {"address": 0, "type": "u64", "word_order": "big", "scale": Fraction(1)}
    return Register(**usual | changes)


def test_a_register_of_ten_watt_hours_shows_whole_tens():
    assert a_register(scale=Fraction(10)).shown(129) == 120


def test_a_float_of_kilowatt_hours_shows_single_watt_hours_while_it_is_young():
    assert a_register(type="f32", scale=Fraction(1000)).shown(1_234_625) == 1_234_625


def test_a_float_of_kilowatt_hours_loses_watt_hours_when_it_is_old():
    assert a_register(type="f32", scale=Fraction(1000)).shown(318_744_001) == 318_744_000


def test_swapped_words_carry_the_low_word_first():
    assert a_register(type="i32", word_order="little").words(0x1_0002) == [2, 1]


def test_a_negative_power_survives_its_words():
    register = MAPS["abb_b23"].registers["1-0:1.7.0"]
    assert register.amount(register.words(-1500)) == -1500


@given(st.integers(0, 2**31 - 1), st.integers(0, 5000), st.sampled_from(sorted(MAPS)))
def test_what_is_shown_is_what_the_words_say_and_never_falls(wh: int, more_wh: int, name: str):
    register = MAPS[name].registers["1-0:1.8.0"]
    assert register.shown(wh) == register.amount(register.words(wh))
    assert register.shown(wh + more_wh) >= register.shown(wh)
