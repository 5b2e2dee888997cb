-- What is derived from the journal. All of it but `outputs`, `signatures` and `marks` follows from the events alone.

CREATE TABLE position (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    chain    TEXT    NOT NULL
) STRICT;
INSERT INTO position VALUES (1, 0, '');

-- Open drifts only.
CREATE TABLE drifts (
    drift_id     TEXT    PRIMARY KEY,
    episode      INTEGER NOT NULL,
    baseline     TEXT    NOT NULL,
    item         TEXT    NOT NULL,
    opened_at    TEXT    NOT NULL,
    updated_at   TEXT    NOT NULL,
    severity     TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    fingerprint  TEXT    NOT NULL,
    change_count INTEGER NOT NULL,
    changes      TEXT    NOT NULL -- JSON, in the form of events
) STRICT;
CREATE INDEX drifts_by_item ON drifts (item);

-- What is not covered now; '' where no baseline is concerned.
CREATE TABLE gaps (
    item     TEXT NOT NULL,
    baseline TEXT NOT NULL,
    reason   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    since    TEXT NOT NULL,
    PRIMARY KEY (item, baseline)
) STRICT, WITHOUT ROWID;

CREATE TABLE baselines (
    name         TEXT PRIMARY KEY,
    revision     INTEGER,        -- the approved one; NULL before the first approval
    sha256       TEXT,
    announced    TEXT NOT NULL,  -- event.action of the last event about it
    announced_at TEXT NOT NULL
) STRICT;

-- The last completed audit of each depth.
CREATE TABLE audits (
    depth        TEXT PRIMARY KEY,
    sequence     INTEGER NOT NULL,
    completed_at TEXT    NOT NULL
) STRICT;

-- Up to which event each output has delivered.
CREATE TABLE outputs (
    name      TEXT PRIMARY KEY,
    delivered INTEGER NOT NULL
) STRICT;

-- The stat signature under which each item was last read, so that a quick audit reads only what was touched since.
-- 64 bits, as a signed number; 0: read it again (the file changed within the clock's granularity of the reading).
CREATE TABLE signatures (
    item      TEXT    PRIMARY KEY,
    signature INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Single values that the engine remembers, such as the settings for which the signatures hold.
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
