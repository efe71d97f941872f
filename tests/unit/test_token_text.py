# SPDX-License-Identifier: EUPL-1.2
"""What a token looks like."""

import re

from cloud.accounts.token_text import hint, is_whole, new_token_text


def test_a_token_is_known_by_its_look() -> None:
    assert re.fullmatch(r"isk_[0-9A-Za-z]{49}", new_token_text())


def test_a_token_is_whole() -> None:
    assert is_whole(new_token_text())


def test_a_token_with_one_character_changed_or_lost_is_not_whole() -> None:
    token = new_token_text()
    for place in range(4, len(token)):
        changed = "A" if token[place] != "A" else "B"
        assert not is_whole(token[:place] + changed + token[place + 1 :])
        assert not is_whole(token[:place] + token[place + 1 :])


def test_a_token_of_an_earlier_release_is_not_refused_by_its_look() -> None:
    assert is_whole("u7Yk0c9V6S8m3w")


def test_no_two_tokens_are_alike() -> None:
    assert len({new_token_text() for _ in range(1000)}) == 1000


def test_the_hint_gives_four_characters_away() -> None:
    token = new_token_text()
    assert hint(token) == token[:8]
