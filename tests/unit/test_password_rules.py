# SPDX-License-Identifier: EUPL-1.2
"""Which passwords are refused, and that ordinary long ones are not."""

import pytest

from cloud.accounts.password_rules import normalised, refuse_weak
from cloud.accounts.passwords import password_hash
from cloud.kit.errors import InvalidRequestError


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "fourteen chars",
        "passwordpassword",
        "Password12345678",
        "iva@example.bg123",
        "123456789012345678",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "Iskar Sofia 2026!!",
        "x" * 201,
    ],
)
def test_a_password_that_is_tried_first_is_refused(weak: str):
    with pytest.raises(InvalidRequestError):
        refuse_weak(weak, "iva@example.bg", "Ива Петрова")


@pytest.mark.parametrize(
    "good",
    [
        "зелен трамвай към Витоша",
        "correct horse battery",
        "f3ab-22cd-9e01-77aa-4b6c",
        "😀🚋🌳🍎🐟🎈🎲🧊🛶🪁🧵🪵🥁🧭🦉",
    ],
)
def test_a_long_one_of_ones_own_is_taken(good: str):
    refuse_weak(good, "iva@example.bg", "Ива Петрова")


def test_the_same_letters_composed_differently_are_the_same_password():
    assert normalised("cafe\u0301") == normalised("caf\u00e9")


def test_a_guess_costs_64_mib_and_three_passes() -> None:
    """Source: RFC 9106, 4, the second recommended option."""
    assert password_hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
