# SPDX-License-Identifier: EUPL-1.2
"""Epochs: which register of which meter hung at a service point, from when to when.

Pure. ``epochs`` are the installations at one service point in order of time, none undone; no two
share an instant. Each function returns how they are once something is known that wasn't: it doesn't
matter whether that was recorded before the next thing happened or years after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from cloud.kit.errors import CloudError
from cloud.meters.models import Installation

Epochs = Sequence[Installation]
Stale = tuple[str, str, datetime, datetime]  # node_id, obis, since, until, both included

NOT_YET = 0  # the installation_id of an epoch that has no row yet


class InstallationOrderError(CloudError):
    """A meter would hang at a service point before the first, or from the same instant."""

    status = 409
    code = "installation-order"

    def __init__(self, service_point_id: str, known: Installation) -> None:
        super().__init__(
            f"At service point {service_point_id} meter {known.meter_id} hangs since"
            f" {known.valid_from:%Y-%m-%d %H:%M:%S} UTC; another can only follow it. If that is"
            " wrong, undo the event that says so first."
        )


class AlreadyInstalledError(CloudError):
    """Registers are told for the beginning of an epoch that began at another time."""

    status = 409
    code = "already-installed"

    def __init__(self, known: Installation, at: datetime) -> None:
        super().__init__(
            f"Meter {known.meter_id} hangs at service point {known.service_point_id} since"
            f" {known.valid_from:%Y-%m-%d %H:%M:%S} UTC, so it can't be put up with these registers"
            f" at {at:%Y-%m-%d %H:%M:%S} UTC. To move its beginning to a later time, undo the"
            " event that says so and record it anew."
        )


class NothingInstalledError(CloudError):
    """Something would have happened to a meter where none hung."""

    status = 409
    code = "nothing-installed"

    def __init__(self, service_point_id: str, at: datetime) -> None:
        super().__init__(
            f"At service point {service_point_id} no meter hung at {at:%Y-%m-%d %H:%M:%S} UTC;"
            " record its installation first, or tell the right time."
        )


def holding(epochs: Epochs, at: datetime) -> Installation | None:
    """Return the epoch that holds at an instant; it begins with its first instant."""
    for one in epochs:
        if one.valid_from <= at and (one.valid_to is None or at < one.valid_to):
            return one
    return None


def ending(epochs: Epochs, at: datetime) -> Installation | None:
    """Return the epoch that ends at an instant."""
    return next((one for one in epochs if one.valid_to == at), None)


def following(epochs: Epochs, at: datetime) -> Installation | None:
    """Return the first epoch that begins after an instant."""
    return next((one for one in epochs if one.valid_from > at), None)


def put_up(epochs: Epochs, new: Installation, final_register: int | None) -> list[Installation]:
    """Return the epochs once ``new`` is known to hang from ``new.valid_from`` on.

    What hung there ends with ``final_register``, and whatever followed it follows ``new``. If the
    same register is known to hang from then on, its ends are told better, None leaving them as they
    are; if from a later time on, that is corrected; if from an earlier one, it was told twice.
    """
    at = new.valid_from
    here, later = holding(epochs, at), following(epochs, at)
    if here is not None and here.what == new.what:
        return _told_again(epochs, here, new, final_register)
    if here is not None and here.valid_from == at:
        raise InstallationOrderError(new.service_point_id, here)
    if later is not None and later.what == new.what and _adjoin(here, later):
        begun = _with_start(replace(later, valid_from=at), new.start_register)
        others = _without(epochs, here, later)
        return _in_order(others, begun, _ended(here, at, final_register, new))
    if here is None and later is not None and later is epochs[0]:
        raise InstallationOrderError(new.service_point_id, later)
    if here is not None:
        begun = replace(new, valid_to=here.valid_to, final_register=here.final_register)
    else:
        begun = replace(new, valid_to=later.valid_from if later else None)
    others = _without(epochs, here)
    return _in_order(others, begun, _ended(here, at, final_register, new))


def _told_again(
    epochs: Epochs, known: Installation, new: Installation, final_register: int | None
) -> list[Installation]:
    if new.valid_from > known.valid_from:
        if new.start_register is None and final_register is None:
            return list(epochs)
        raise AlreadyInstalledError(known, new.valid_from)
    ended = before = ending(epochs, known.valid_from)
    if final_register is not None:
        if before is None:
            raise NothingInstalledError(known.service_point_id, known.valid_from)
        ended = replace(before, final_register=final_register)
    others = _without(epochs, known, before)
    return _in_order(others, _with_start(known, new.start_register), ended)


def _ended(
    here: Installation | None, at: datetime, final_register: int | None, new: Installation
) -> Installation | None:
    """Return ``here`` once it ends at ``at``."""
    if here is not None:
        return replace(here, valid_to=at, final_register=final_register)
    if final_register is not None:
        raise NothingInstalledError(new.service_point_id, at)
    return None


def _adjoin(here: Installation | None, later: Installation) -> bool:
    return here is None or here.valid_to == later.valid_from


def _with_start(one: Installation, start_register: int | None) -> Installation:
    return one if start_register is None else replace(one, start_register=start_register)


def _without(epochs: Epochs, *left_out: Installation | None) -> list[Installation]:
    return [one for one in epochs if all(one is not other for other in left_out)]


def _in_order(others: Sequence[Installation], *more: Installation | None) -> list[Installation]:
    return sorted(
        [*others, *(one for one in more if one is not None)], key=lambda one: one.valid_from
    )


def taken_down(
    epochs: Epochs, here: Installation, at: datetime, final_register: int | None
) -> list[Installation]:
    """Return the epochs once the meter that hung until ``at`` is known to be gone from then on."""
    ended = replace(here, valid_to=at, final_register=final_register)
    return [ended if one is here else one for one in epochs]


def never_put_up(epochs: Epochs, at: datetime, *, removed: bool) -> list[Installation]:
    """Return the epochs once what began at ``at`` is known not to have begun.

    What hung there before goes on instead, unless it was ``removed`` at that very instant. The
    epoch that never was stays as one that ends where it begins.
    """
    begun = next((one for one in epochs if one.valid_from == at), None)
    if begun is None:
        return list(epochs)
    undone = replace(begun, valid_to=at, start_register=None, final_register=None)
    before = None if removed else ending(epochs, at)
    goes_on = before and replace(
        before, valid_to=begun.valid_to, final_register=begun.final_register
    )
    return _in_order(_without(epochs, begun, before), undone, goes_on)


def never_taken_down(epochs: Epochs, at: datetime) -> list[Installation]:
    """Return the epochs once the meter that was gone from ``at`` on is known to have stayed."""
    before = ending(epochs, at)
    if before is None:
        return list(epochs)
    later = following(epochs, before.valid_from)
    until = later.valid_from if later else None
    stays = replace(before, valid_to=until, final_register=None)
    return [stays if one is before else one for one in epochs]


def handed_over(one: Installation, epochs: Epochs) -> list[Installation]:
    """Return the epochs just before and after ``one`` of the same meter: only its node changed."""
    ends = {one.valid_from, one.valid_to}
    return [
        other
        for other in epochs
        if other is not one
        and other.meter_id == one.meter_id
        and not (one.is_undone or other.is_undone)
        and not ends.isdisjoint({other.valid_from, other.valid_to} - {None})
    ]


def stale(before: Epochs, after: Epochs, latest: datetime) -> Iterator[Stale]:
    """Yield the spans of registers whose readings now mean something else.

    ``latest`` is the latest instant of which there can be a reading.
    """
    known = {one.installation_id: one for one in before}
    for one in after:
        old = known.get(one.installation_id)
        if old is None or one.installation_id == NOT_YET:
            yield (one.node_id, one.obis, one.valid_from, _end(one, latest))
            continue
        ends = [(old.valid_from, one.valid_from), (_end(old, latest), _end(one, latest))]
        told = [old.start_register != one.start_register, old.final_register != one.final_register]
        for (was, now), is_told in zip(ends, told, strict=True):
            if was != now or is_told:
                yield (one.node_id, one.obis, min(was, now), max(was, now))
            for other in handed_over(one, after) if is_told else ():
                yield (other.node_id, other.obis, now, now)


def _end(one: Installation, latest: datetime) -> datetime:
    return one.valid_to or max(latest, one.valid_from)
