# SPDX-License-Identifier: EUPL-1.2
"""A trial of the leak benchmark: one meter, with and without a leak."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.benchmark.leaks import bank, cells, tables, trial
from tests.benchmark.leaks.cases import Case
from tests.benchmark.leaks.injection import Leak
from tests.benchmark.leaks.rivals import kamstrup
from tests.benchmark.leaks.scoring import DAY_S, Delays

HOUR_S = 3600
FROM_S = 1_704_067_200  # midnight
COUNTED_FROM_S = FROM_S + 3 * DAY_S
UNTIL_S = FROM_S + 14 * DAY_S
BATCH = replace(
    cells.HEADLINE_MINUTES, interval_s=300, starts=2, leaks=(("constant", 25),), extra=()
)


def a_home(*, standing_l_per_h: float = 0) -> Case:
    """Return two weeks of a home by the minute: 60 l drawn from seven to eight each day."""
    at_s = np.arange(FROM_S, UNTIL_S, 60)
    day, second = np.divmod(at_s - FROM_S, DAY_S)
    used_ml = 60_000 * (day + np.clip((second - 7 * HOUR_S) / HOUR_S, 0, 1))
    span = (COUNTED_FROM_S, UNTIL_S)
    return Case(
        name="home",
        at_s=at_s,
        true_ml=(used_ml + (at_s - FROM_S) * standing_l_per_h / 3.6).astype(np.int64),
        counted=(span,),
        clean=(span,),
        households=1,
    )


def test_a_leak_is_found_by_ours_and_an_ordinary_fortnight_is_not_called_one():
    (outcome,) = trial.ours(a_home(), BATCH)
    assert outcome["alarms"] == 0
    delays_s = outcome["delays_s"]["constant 25"]
    assert len(delays_s) == 2
    assert all(one is not None and one <= 25 * HOUR_S for one in delays_s)
    assert outcome["us_per_reading"] > 0
    assert outcome["state_bytes"] > 0


def test_one_that_leaked_all_along_is_an_alarm_and_its_second_leak_no_merit():
    (outcome,) = trial.ours(a_home(standing_l_per_h=10), BATCH)
    assert outcome["delays_s"]["constant 25"] == [None, None]


def test_going_on_from_a_memory_finds_what_the_whole_run_finds():
    case = a_home()
    leak = Leak(shape="constant", size_l_per_h=25, started_at_s=case.starts_s(1)[0])
    watched = bank.watch(case.readings(60, 1000), [leak.started_at_s])
    leaking = case.readings(60, 1000, leak)
    whole = case.readings(60, 1000).between(0, leak.started_at_s)
    whole = whole.then(leaking.between(leak.started_at_s, UNTIL_S))
    (later,) = bank.replay(watched.memories[leak.started_at_s], leaking)
    assert later.raised_at_s == bank.watch(whole, []).episodes[0].raised_at_s


def test_a_rival_is_shown_the_same_leak():
    outcome = trial._their(
        replace(kamstrup.RIVALS[0]),
        a_home(),
        replace(BATCH, has_rivals=True),
        a_home().readings(BATCH.interval_s, BATCH.pulse_ml),
        partial(a_home().readings, BATCH.interval_s, BATCH.pulse_ml),
    )
    delays_s = outcome["delays_s"]["constant 25"]
    assert all(one is not None and one <= 25 * HOUR_S for one in delays_s)


def test_leaks_begin_where_their_week_still_counts():
    starts_s = a_home().starts_s(50)
    assert min(starts_s) >= COUNTED_FROM_S
    assert max(starts_s) <= UNTIL_S - 8 * DAY_S
    assert starts_s[:10] == a_home().starts_s(50)[:10]


def test_leaks_begin_in_clean_weeks_where_there_are_some():
    clean = (COUNTED_FROM_S + DAY_S, COUNTED_FROM_S + 2 * DAY_S)
    starts_s = replace(a_home(), clean=(clean,)).starts_s(50)
    assert clean[0] <= min(starts_s) <= max(starts_s) < clean[1]


def test_an_alarm_of_a_home_that_leaked_all_along_is_confirmed_by_its_register():
    leaking = replace(a_home(standing_l_per_h=10), counted=((FROM_S, UNTIL_S),))
    (outcome,) = trial.ours(leaking, BATCH)
    assert outcome["alarms"] > outcome["unconfirmed"] == 0


def test_both_runs_show_the_same_register_until_the_leak():
    case = a_home()
    leak = Leak(shape="constant", size_l_per_h=5, started_at_s=case.starts_s(1)[0])
    with_leak, without = case.readings(60, 1000, leak), case.readings(60, 1000)
    at = np.searchsorted(without.read_at_s, with_leak.read_at_s)
    more_ml = with_leak.register_ml - without.register_ml[at]
    since_h = (with_leak.read_at_s - leak.started_at_s) / HOUR_S
    assert more_ml[0] == 0
    assert np.abs(more_ml - np.maximum(since_h, 0) * 5000).max() <= 1000


def test_the_grid_has_every_shape_size_pulse_interval_and_number_of_homes():
    seen = {
        (shape, size, one.pulse_ml, one.interval_s, one.households)
        for one in [cells.HEADLINE_MINUTES, *cells._simulated()]
        for shape, size in one.leaks
    }
    assert len(seen) == 4 * 8 * 3 * 3 * 4


def test_tables_go_between_the_markers_and_leave_the_rest(tmp_path: Path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    tables.put(page, "new")
    assert page.read_text() == f"before\n{tables.BEGIN}\nnew\n{tables.END}\nafter\n"


def test_a_page_without_a_place_for_figures_is_left_alone(tmp_path: Path):
    page = tmp_path / "README.md"
    page.write_text("before")
    with pytest.raises(ValueError, match="no place for figures"):
        tables.put(page, "new")
    assert page.read_text() == "before"


def test_a_share_that_was_missed_is_told_beside_the_delay():
    assert tables.told(Delays([HOUR_S * 2])) == "2.0 h"
    assert tables.told(Delays([120, 120, None])) == "2.0 min (67%)"
    assert tables.told(Delays([None])) == "–"
