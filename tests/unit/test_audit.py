# SPDX-License-Identifier: EUPL-1.2
from simulators.audit import Entry, Key, audit

WATER = "8-0:1.0.0"
DIALS = {("n-1", WATER): 6}


def a_telegram(sequence: int = 1, register: int = 5, node_id: str = "n-1") -> Entry:
    return Entry(key=Key(node_id, 1, sequence), registers={WATER: register})


def test_equal_ledgers_and_a_matching_dial_are_clean():
    ledger = [a_telegram(1, 5), a_telegram(2, 6)]
    verdict = audit(ledger, ledger, DIALS, DIALS, DIALS)
    assert verdict.is_clean
    assert (verdict.produced, verdict.stored) == (2, 2)


def test_a_telegram_that_did_not_arrive_is_lost():
    verdict = audit([a_telegram(1), a_telegram(2)], [a_telegram(2)], {}, {}, {})
    assert verdict.lost == [Key("n-1", 1, 1)]
    assert verdict.stored == 1


def test_a_telegram_that_is_stored_twice_is_duplicated():
    assert audit([a_telegram()], [a_telegram(), a_telegram()], {}, {}, {}).duplicated == [
        Key("n-1", 1, 1)
    ]


def test_a_telegram_that_nobody_sent_is_a_mismatch():
    verdict = audit([a_telegram(1)], [a_telegram(1), a_telegram(2)], {}, {}, {})
    assert verdict.phantoms == [Key("n-1", 1, 2)]
    assert verdict.mismatches == 1


def test_a_message_journaled_since_the_list_was_made_is_no_phantom():
    later = a_telegram(2)
    assert audit([a_telegram(1)], [a_telegram(1), later], {}, {}, {}, {later.key}).is_clean


def test_a_register_that_changed_on_the_way_is_a_mismatch():
    assert audit([a_telegram(1, 5)], [a_telegram(1, 6)], {}, {}, {}).altered == [Key("n-1", 1, 1)]


def test_a_dial_that_went_further_than_the_last_register_is_a_mismatch():
    verdict = audit([a_telegram(1, 5)], [a_telegram(1, 5)], DIALS, DIALS, DIALS)
    assert verdict.off_dial == {("n-1", WATER): (5, 6, 6)}


def test_an_app_that_shows_another_register_than_the_dial_is_a_mismatch():
    ledger = [a_telegram(1, 6)]
    assert audit(ledger, ledger, DIALS, {("n-1", WATER): 5}, DIALS).mismatches == 1
    assert audit(ledger, ledger, DIALS, {}, DIALS).mismatches == 1


def test_a_meter_that_never_reported_is_a_mismatch():
    assert audit([], [], DIALS, {}, {}).mismatches == 1


def test_an_event_is_in_the_ledger_but_is_no_telegram():
    event = Entry(key=Key("n-1", 1, 1), registers=None)
    verdict = audit([event], [event], {}, {}, {})
    assert verdict.is_clean
    assert (verdict.produced, verdict.events) == (0, 1)
    assert audit([event], [], {}, {}, {}).lost == [event.key]


def test_charts_that_add_up_to_more_or_less_than_the_dial_are_a_mismatch():
    ledger = [a_telegram(1, 6)]
    verdict = audit(ledger, ledger, DIALS, DIALS, {("n-1", WATER): 7})
    assert verdict.off_chart == {("n-1", WATER): (7, 6)}
    assert verdict.mismatches == 1
