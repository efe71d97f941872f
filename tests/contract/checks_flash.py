# SPDX-License-Identifier: EUPL-1.2
"""Checks of the journal on a flash that fails, rots or was written to by others."""

from firmware import boots, durable
from firmware import journal as journals
from firmware.clock import Clock
from firmware.journal import Journal
from firmware.scribe import Scribe
from tests.contract.checks_journal import entries_of, fill, keys_of
from tests.fakes.device import MemoryFlash
from wire import event

FIRST = "journal/00000001-00000001.seg"


def check_an_acknowledgement_of_what_is_not_written_yet_forgets_nothing_later():
    journal = Journal(MemoryFlash(), 1)
    fill(journal, 3)
    journal.forget(1, 999)
    fill(journal, 3)
    journal.forget(1, 3)
    assert journal.held == (1, 4)
    assert keys_of(journal) == [(1, 4), (1, 5), (1, 6)]


def check_a_rotten_length_is_not_asked_of_the_heap():
    flash = MemoryFlash({FIRST: b"\xff\xff" + b"\x00" * 40})
    asked = []
    open_file = flash.open

    def watch(name, mode):
        file = open_file(name, mode)
        read = file.read

        def counted(limit=None):
            asked.append(limit or 0)
            return read(limit)

        file.read = counted
        return file

    flash.open = watch
    assert keys_of(Journal(flash, 2)) == []
    assert max(asked) <= 2048


def check_foreign_files_in_the_journal_are_let_be():
    flash = MemoryFlash({"journal/lost+found.seg": b"?", "journal/00000001.seg": b"?"})
    assert boots.next_boot(flash, 1) == 1
    fill(Journal(flash, 1), 2)
    assert keys_of(Journal(flash, 2)) == [(1, 1), (1, 2)]
    assert len(flash.list("journal")) == 3


def check_a_boot_is_never_had_twice_when_its_counter_is_lost_and_all_is_acknowledged():
    flash = MemoryFlash()
    journal = Journal(flash, boots.next_boot(flash, 7))
    fill(journal, 40)
    journal.forget(7, 40)
    Journal(flash, boots.next_boot(flash, 1))  # the power fails before its first message
    del flash.files["boot"]
    assert boots.next_boot(flash, 1) == 9


def check_an_append_that_failed_but_arrived_is_not_read_under_the_next_ones_key():
    flash = MemoryFlash()
    journal = Journal(flash, 1)
    fill(journal, 2)
    sync = flash.sync

    def fail(_file):
        raise OSError(5)

    flash.sync = fail
    try:
        journal.append(journals.TELEGRAM, b"arrived")
        raise AssertionError("a failed append was taken")
    except OSError:
        flash.sync = sync
    journal.append(journals.TELEGRAM, b"promised")
    for found in (journal, Journal(flash, 2)):
        assert [entry.payload for entry in entries_of(found)[0]][2:] == [b"promised"]


def check_a_segment_that_can_not_be_read_is_a_hole_and_the_rest_goes_on():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 11)
    open_file = flash.open

    def fail(name, mode):
        if name == FIRST and mode == "rb":
            raise OSError(5)
        return open_file(name, mode)

    flash.open = fail
    found, reader = entries_of(journal)
    assert found[0].sequence > 1
    assert reader.holes == [(1, 1, found[0].sequence - 1)]
    assert Journal(flash, 2).held == (1, 1)  # nor does it keep the node from starting


def check_what_waits_behind_a_hole_is_held_no_longer_than_the_hole():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 11)
    flash.files[FIRST] = flash.files[FIRST][:80] + b"\x00" + flash.files[FIRST][81:]
    _, reader = entries_of(journal)
    assert reader.holes == [(1, 2, 4)]
    journal.pass_over(reader.holes[0])
    assert journal.held == (1, 1)  # the first is not acknowledged yet
    journal.forget(1, 1)
    assert journal.held == (1, 5)


def check_an_old_boots_last_message_that_rots_while_we_run_holds_nothing_up():
    flash = MemoryFlash()
    fill(Journal(flash, 1), 3)
    journal = Journal(flash, 2)
    fill(journal, 2)
    journal.forget(1, 2)  # has found out that 3 is the last
    flash.files[FIRST] = flash.files[FIRST][:-1] + b"?"
    found, reader = entries_of(journal)
    assert [entry.boot for entry in found] == [2, 2]
    assert reader.holes == [(1, 3, 3)]
    journal.pass_over(reader.holes[0])
    assert journal.held == (2, 1)


def check_a_reader_that_lags_behind_what_is_acknowledged_ends():
    flash = MemoryFlash()
    journal = Journal(flash, 1)
    reader = journal.reader()
    fill(journal, 3)
    journal.end_segment()
    journal.forget(1, 3)
    assert journal.segments == []
    assert reader.take(5) == []


def check_only_a_full_flash_makes_the_node_give_anything_up():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    scribe = Scribe("n-1", Clock(lambda: 5000), journal)
    fill(journal, 11)
    segments = list(journal.segments)

    def fail(_file):
        raise OSError(5)

    flash.sync = fail
    try:
        scribe.telegram({"8-0:1.0.0": 1})
        raise AssertionError("a failed write was taken")
    except OSError:
        assert journal.segments[: len(segments)] == segments


def check_what_a_full_flash_gave_up_is_declared_after_a_power_cut():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 11)
    lost = journal.overflowing(is_full=True)
    journal.give_up(lost, is_declared=False)
    again = Journal(flash, 2)
    assert again.undeclared() == lost
    scribe = Scribe("n-1", Clock(lambda: 5000), again)
    scribe.declare_lost(*lost)
    assert again.undeclared() is None
    assert event.decode(again.newest.payload).detail == {"boot": 1, "first": 1, "last": lost[2]}
    assert durable.load(flash, "journal/cursor")["lost"] == list(lost)
