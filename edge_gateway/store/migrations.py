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
    """
    -- One boot of a node. Up to contiguous, everything of it is stored or will never come; up to
    -- pruned, what was stored may have been deleted since. Both as they were when last settled.
    CREATE TABLE boot (
        boot_id INTEGER PRIMARY KEY,
        node_id TEXT NOT NULL,
        boot INTEGER NOT NULL,
        contiguous INTEGER NOT NULL DEFAULT 0,
        pruned INTEGER NOT NULL DEFAULT 0,
        UNIQUE (node_id, boot)
    ) STRICT;

    -- The registers that a telegram brings: its OBIS codes, sorted, a space between them.
    CREATE TABLE shape (shape_id INTEGER PRIMARY KEY, codes TEXT NOT NULL UNIQUE) STRICT;

    -- Everything that travels to the cloud, in the order of its numbers; rows are only appended,
    -- and deleted when old. kind: see entries.py. Of a telegram, body is its registers in the order
    -- of its shape, time_s null if the same as read_at_s; of all else, body is JSON.
    CREATE TABLE entry (
        number INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        received_at_ms INTEGER NOT NULL,
        read_at_s INTEGER NOT NULL,
        quality INTEGER NOT NULL,
        boot_id INTEGER,
        sequence INTEGER,
        shape_id INTEGER,
        time_s INTEGER,
        time_quality INTEGER,
        body TEXT NOT NULL
    ) STRICT;

    -- What somebody is to be told of, findings and notices, found among a week of telegrams.
    CREATE INDEX entry_urgent ON entry (number) WHERE kind >= 2;

    -- Where the message of a key is, written when settled: up to the fact settled_up_to.
    CREATE TABLE place (
        boot_id INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (boot_id, sequence)
    ) STRICT, WITHOUT ROWID;

    -- Messages whose time is not known yet; they get a number with it, and move to entry.
    CREATE TABLE waiting (
        boot_id INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        received_at_ms INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (boot_id, sequence)
    ) STRICT, WITHOUT ROWID;

    -- Ranges of numbers above the fact forgotten_up_to that the cloud has acknowledged.
    CREATE TABLE delivered (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;

    INSERT INTO boot (node_id, boot, contiguous, pruned)
        SELECT node_id, boot, contiguous, pruned FROM watermark;
    INSERT OR IGNORE INTO boot (node_id, boot) SELECT DISTINCT node_id, boot FROM message;

    CREATE TEMP TABLE registers AS
        SELECT number,
            (SELECT group_concat(key, ' ') FROM json_each(body, '$.reg')) AS codes,
            (SELECT group_concat(value, ' ') FROM json_each(body, '$.reg')) AS registers
        FROM message WHERE kind = 'telegram' AND number IS NOT NULL
            AND json_type(body, '$.reg') = 'object';
    INSERT INTO shape (codes) SELECT DISTINCT codes FROM registers WHERE codes IS NOT NULL;
    INSERT INTO entry
        SELECT number, kind <> 'telegram', received_at_ms, read_at_s, quality, boot_id, sequence,
            shape_id, nullif(json_extract(body, '$.t'), read_at_s), json_extract(body, '$.tq'),
            CASE WHEN shape_id IS NULL THEN body ELSE registers END
        FROM message JOIN boot USING (node_id, boot)
            LEFT JOIN registers USING (number) LEFT JOIN shape USING (codes)
        WHERE number IS NOT NULL;
    INSERT INTO entry (number, kind, received_at_ms, read_at_s, quality, body)
        SELECT number, 2, received_at_ms, read_at_s, 0, body FROM finding_change;
    INSERT INTO place SELECT boot_id, sequence, number FROM entry WHERE boot_id IS NOT NULL;
    INSERT INTO waiting
        SELECT boot_id, sequence, kind <> 'telegram', received_at_ms, body
        FROM message JOIN boot USING (node_id, boot) WHERE number IS NULL;
    INSERT INTO fact (name, content) SELECT 'settled_up_to', coalesce(max(number), 0) FROM entry;

    DROP TABLE registers;
    DROP TABLE message;
    DROP TABLE finding_change;
    DROP TABLE watermark;
    """,
    """
    -- Settings ordered of nodes, in their order; open until answered, expired or taken back. A row
    -- stays until the cloud no longer tells of the order.
    CREATE TABLE command (
        command_id TEXT PRIMARY KEY,
        place INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        settings TEXT NOT NULL,
        expires_s INTEGER NOT NULL,
        is_open INTEGER NOT NULL DEFAULT true
    ) STRICT, WITHOUT ROWID;

    -- Packages ordered for nodes, as JSON, and how far each node is; times in ms, null: not yet.
    CREATE TABLE rollout (
        rollout_id TEXT PRIMARY KEY,
        ordered TEXT NOT NULL,
        is_open INTEGER NOT NULL DEFAULT true
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rollout_node (
        rollout_id TEXT NOT NULL,
        node_id TEXT NOT NULL,
        wave INTEGER NOT NULL,
        told_at_ms INTEGER,
        reported_at_ms INTEGER,
        has_settled INTEGER NOT NULL DEFAULT false,
        failure TEXT,
        PRIMARY KEY (rollout_id, node_id)
    ) STRICT, WITHOUT ROWID;

    -- What each node said at its latest boot that it runs.
    CREATE TABLE node_firmware (
        node_id TEXT PRIMARY KEY,
        boot INTEGER NOT NULL,
        firmware TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO node_firmware
        SELECT node_id, max(boot), json_extract(body, '$.detail.firmware')
        FROM (SELECT boot_id, kind, body FROM entry
            UNION ALL SELECT boot_id, kind, body FROM waiting)
        JOIN boot USING (boot_id)
        WHERE CASE WHEN kind = 1 THEN json_extract(body, '$.event') = 'boot'
            AND json_type(body, '$.detail.firmware') = 'text' END
        GROUP BY node_id;
    """,
    """
    -- A run of the machine in which something was recorded before the time was known. guess_ms:
    -- when it began by what the machine's clock said; began_at_ms: when it did, once that is known.
    CREATE TABLE machine_run (
        run INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        guess_ms INTEGER NOT NULL,
        last_up_ms INTEGER NOT NULL,
        began_at_ms INTEGER
    ) STRICT;

    -- When a boot began by the counter of a run of which it is not known when it began.
    CREATE TABLE sighting (
        run INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        boot INTEGER NOT NULL,
        boot_at_up_ms INTEGER NOT NULL,
        PRIMARY KEY (run, node_id, boot)
    ) STRICT, WITHOUT ROWID;

    -- Where run is set, received_at_ms is by its counter.
    ALTER TABLE waiting ADD COLUMN run INTEGER;
    """,
    """
    -- The leak rules of before remembered other things: they look anew.
    DROP TABLE watched_meter;
    CREATE TABLE watched_meter (meter TEXT PRIMARY KEY, memory BLOB NOT NULL) STRICT, WITHOUT ROWID;
    """,
)
