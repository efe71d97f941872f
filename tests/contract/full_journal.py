# SPDX-License-Identifier: EUPL-1.2
"""Fills a journal beyond its end in a small heap, on files; prints what it holds then.

``full_journal.py FOLDER``, for MicroPython.
"""

import gc
import os
import sys

from firmware.app import COLLECT_EVERY_BYTES
from firmware.clock import Clock
from firmware.journal import Journal
from firmware.scribe import Scribe


class FileFlash:
    """Files in a folder, without waiting for the disk."""

    def __init__(self, root):
        self._root = root + "/"

    def open(self, name, mode):
        return open(self._root + name, mode)

    def sync(self, _file):
        pass

    def remove(self, name):
        os.remove(self._root + name)

    def rename(self, old, new):
        os.rename(self._root + old, self._root + new)

    def list(self, folder):
        return os.listdir(self._root + folder)

    def size(self, name):
        return os.stat(self._root + name)[6]

    def make_folder(self, name):
        if name not in os.listdir(self._root):
            os.mkdir(self._root + name)


def main(folder):
    """Write more than a journal full behind one message that nobody acknowledges."""
    gc.threshold(COLLECT_EVERY_BYTES)
    flash = FileFlash(folder)
    Scribe("n-1", Clock(lambda: 5000), Journal(flash, 1)).telegram({"8-0:1.0.0": 0})
    journal = Journal(flash, 2)
    scribe = Scribe("n-1", Clock(lambda: 5000), journal)
    reader = journal.reader()
    while journal.held[0] == 1:
        scribe.telegram({"8-0:1.0.0": journal.sequence})
        reader.take(8)
        journal.forget(2, journal.sequence)
    print(journal.sequence > 30000, journal.held == (2, journal.sequence + 1))


if __name__ == "__main__":
    main(sys.argv[1])
