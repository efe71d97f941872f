# SPDX-License-Identifier: EUPL-1.2
"""A small storm: every event is delivered, whatever the receivers do and the sender suffers."""

from pathlib import Path

import pytest

from tests.webhook_storm import weather


@pytest.mark.timeout(300)
async def test_every_event_is_delivered_though_receivers_are_sick_and_the_sender_is_killed(
    tmp_path: Path,
) -> None:
    tally, spells = await weather(tmp_path, events=300, kills=2, per_s=60, within_s=150)
    assert len(tally.published_at_s) == 300
    assert tally.kills == 2
    assert tally.missing == set()
    assert (tally.two_bodies, tally.refused, tally.astray) == (0, 0, 0)
    assert tally.requests > 300
    assert tally.first_quantile_s(0.99, spells["alone"] + spells["among"]) < 5
