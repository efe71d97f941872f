# SPDX-License-Identifier: EUPL-1.2
"""Layouts of the store, each a script that makes it from the one before (PRAGMA user_version)."""

SCRIPTS = (
    """
    -- A telegram or event. number is null until the time it was read at is known.
    CREATE TABLE message (
        node_id TEXT NOT NULL,
        boot INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        kind TEXT NOT NULL,
        received_at_ms INTEGER NOT NULL,
        read_at_s INTEGER,
        quality INTEGER NOT NULL,
        body TEXT NOT NULL,
        number INTEGER,
        PRIMARY KEY (node_id, boot, sequence)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX message_by_number ON message (number) WHERE number IS NOT NULL;
    CREATE INDEX message_without_time ON message (node_id, boot) WHERE read_at_s IS NULL;

    -- Each change of a finding, numbered in line with the messages.
    CREATE TABLE finding_change (
        number INTEGER PRIMARY KEY,
        finding_id TEXT NOT NULL,
        received_at_ms INTEGER NOT NULL,
        read_at_s INTEGER NOT NULL,
        body TEXT NOT NULL
    );

    -- What the leak rules remember of one meter, as JSON.
    CREATE TABLE watched_meter (meter TEXT PRIMARY KEY, memory TEXT NOT NULL) WITHOUT ROWID;

    -- Up to contiguous, everything of the boot is stored or will never come; up to pruned, what
    -- was stored may have been deleted since.
    CREATE TABLE watermark (
        node_id TEXT NOT NULL,
        boot INTEGER NOT NULL,
        contiguous INTEGER NOT NULL,
        pruned INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (node_id, boot)
    ) WITHOUT ROWID;

    -- Sequences above contiguous that have no message and will have none.
    CREATE TABLE stepped_over (
        node_id TEXT NOT NULL,
        boot INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (node_id, boot, first, last)
    ) WITHOUT ROWID;

    -- When a boot began, in Unix time.
    CREATE TABLE anchor (
        node_id TEXT NOT NULL,
        boot INTEGER NOT NULL,
        boot_at_ms INTEGER NOT NULL,
        known_from TEXT NOT NULL,
        PRIMARY KEY (node_id, boot)
    ) WITHOUT ROWID;

    -- What could not be taken, once each, the oldest making room.
    CREATE TABLE quarantine (
        digest BLOB PRIMARY KEY,
        topic TEXT NOT NULL,
        reason TEXT NOT NULL,
        payload BLOB NOT NULL,
        first_seen_ms INTEGER NOT NULL,
        times_seen INTEGER NOT NULL
    );

    CREATE TABLE tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE fact (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
    """,
)
