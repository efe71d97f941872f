# SPDX-License-Identifier: EUPL-1.2
"""Checks of the journal under power cuts, overflow and rot; run on both interpreters."""

import random

from firmware import boots, registers
from firmware import journal as journals
from firmware.clock import Clock
from firmware.journal import Journal
from firmware.pulse_counter import PulseCounter
from firmware.scribe import Scribe
from firmware.settings import PulseChannel
from tests.fakes.device import FakeCounter, MemoryFlash, PowerCutError
from wire import event, telegram


def entries_of(journal):
    reader = journal.reader()
    found = []
    while True:
        entries = reader.take(3)
        if not entries:
            return found, reader
        found.extend(entries)


def fill(journal, count, size=40):
    for number in range(count):
        journal.append(journals.TELEGRAM, b"%06d" % number + b"." * (size - 6))


def keys_of(journal):
    return [(entry.boot, entry.sequence) for entry in entries_of(journal)[0]]


def check_the_journal_gives_back_what_was_put_in_across_segments_and_boots():
    flash = MemoryFlash()
    fill(Journal(flash, 1, segment_bytes=200), 11)
    second = Journal(flash, 2, segment_bytes=200)
    fill(second, 5)
    assert keys_of(second) == [(1, n) for n in range(1, 12)] + [(2, n) for n in range(1, 6)]
    assert second.held == (1, 1)


def check_a_torn_tail_is_tolerated_at_every_byte():
    whole = MemoryFlash()
    fill(Journal(whole, 1), 3)
    name = "journal/00000001-00000001.seg"
    record = len(whole.files[name]) // 3
    for length in range(len(whole.files[name]) + 1):
        flash = MemoryFlash({name: whole.files[name][:length]})
        journal = Journal(flash, 2)
        fill(journal, 1)
        expected = [(1, n) for n in range(1, length // record + 1)] + [(2, 1)]
        assert keys_of(journal) == expected, length
        journal.forget(1, 3)
        assert journal.held == (2, 1)
        assert name not in flash.files


def check_only_what_is_acknowledged_in_its_boot_is_forgotten():
    flash = MemoryFlash()
    fill(Journal(flash, 1, segment_bytes=200), 11)
    journal = Journal(flash, 2, segment_bytes=200)
    fill(journal, 3)
    journal.forget(2, 2)  # overtakes: boot 1 is not acknowledged yet
    assert journal.held == (1, 1)
    journal.forget(1, 5)
    assert journal.held == (1, 6)
    assert keys_of(journal)[0] == (1, 6)
    journal.forget(1, 11)
    assert journal.held == (2, 3)
    journal.forget(2, 999)
    assert journal.held == (2, 4)  # the next to be written
    assert keys_of(journal) == []


def check_the_cursor_survives_a_reboot():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 20)
    journal.forget(1, 12)
    first = keys_of(Journal(flash, 2))[0]
    assert (1, 9) <= first <= (1, 13), first


def check_an_overflow_declares_what_it_deletes():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200, max_segments=3)
    scribe = Scribe("n-1", Clock(lambda: 5000), journal)
    for register in range(40):
        scribe.telegram({"8-0:1.0.0": register})
    assert len(journal.segments) <= 3
    found, _ = entries_of(journal)
    assert journal.held == (1, found[0].sequence)
    declared = [
        event.decode(entry.payload).detail for entry in found if entry.kind == journals.EVENT
    ]
    newest = declared[-1]
    assert newest == {"boot": 1, "first": 1, "last": found[0].sequence - 1}
    assert [entry.sequence for entry in found] == list(
        range(found[0].sequence, journal.sequence + 1)
    )


def check_a_full_flash_gives_up_the_oldest_and_goes_on():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    scribe = Scribe("n-1", Clock(lambda: 5000), journal)
    for register in range(10):
        scribe.telegram({"8-0:1.0.0": register})
    remove = flash.remove

    def remove_and_have_room(name):
        flash.is_full = False
        remove(name)

    flash.remove = remove_and_have_room
    flash.is_full = True
    scribe.telegram({"8-0:1.0.0": 99})
    found, _ = entries_of(journal)
    assert telegram.decode(found[-1].payload).registers == {"8-0:1.0.0": 99}
    assert [entry.kind for entry in found].count(journals.EVENT) == 1


def check_what_the_flash_no_longer_gives_back_is_named_as_a_hole():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 11)
    name = "journal/00000001-00000001.seg"
    content = flash.files[name]
    flash.files[name] = content[:80] + b"\x00" + content[81:]  # in the second record
    found, reader = entries_of(journal)
    assert [entry.sequence for entry in found] == [1, 5, 6, 7, 8, 9, 10, 11]
    assert reader.holes == [(1, 2, 4)]


def check_a_reader_follows_what_is_appended():
    journal = Journal(MemoryFlash(), 1, segment_bytes=200)
    reader = journal.reader()
    seen = []
    chance = random.Random(3) if hasattr(random, "Random") else random
    for _ in range(40):
        fill(journal, chance.randint(0, 3))
        seen.extend([entry.sequence for entry in reader.take(chance.randint(0, 5))])
        if chance.randint(0, 3) == 0 and seen:
            journal.forget(1, seen[-1])
    seen.extend([entry.sequence for entry in reader.take(999)])
    assert seen == list(range(1, journal.sequence + 1))


def check_nothing_goes_back_and_nothing_synced_is_lost_in_50_reboots_mid_write():
    files, counter = {}, FakeCounter()
    durable_keys, last_boot, last_register = [], 0, 0
    channel = PulseChannel("8-0:1.0.0", 0, (1000, 1), 5000)
    for reboot in range(50):
        flash = MemoryFlash(files)
        flash.bytes_left = 40 + reboot * 17
        try:
            boot = boots.next_boot(flash, 1)
            assert boot > last_boot
            last_boot = boot
            journal = Journal(flash, boot, segment_bytes=300)
            pulses = PulseCounter(counter, flash, 0)
            scribe = Scribe("n-1", Clock(lambda: 1000), journal)
            while True:
                counter.total += 3
                register = registers.of_pulses(channel, pulses.read()[0])
                assert register >= last_register
                scribe.telegram({channel.obis: register})
                last_register = register
                durable_keys.append((boot, journal.sequence))
        except PowerCutError:
            pass
    journal = Journal(MemoryFlash(files), last_boot + 1)
    assert set(durable_keys) <= set(keys_of(journal))
    assert len(durable_keys) > 50
    final = PulseCounter(counter, MemoryFlash(files), 0).read()
    assert final == (counter.total, False)
