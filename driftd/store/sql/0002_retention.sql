-- What pruning the journal leaves to know.

ALTER TABLE position ADD COLUMN started INTEGER NOT NULL DEFAULT 0; -- sequence of the last daemon-started
ALTER TABLE position ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;  -- the journal up to here is gone, and that was recorded
ALTER TABLE outputs ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;     -- events that were pruned before it had delivered them

-- The integrity check at opening looks at these conditions, too: what a failing disk made of a value is noticed.
CREATE TABLE checked_drifts (
    drift_id     TEXT    PRIMARY KEY,
    episode      INTEGER NOT NULL,
    baseline     TEXT    NOT NULL,
    item         TEXT    NOT NULL,
    opened_at    TEXT    NOT NULL,
    updated_at   TEXT    NOT NULL,
    severity     TEXT    NOT NULL CHECK (severity IN ('info', 'low', 'medium', 'high', 'critical')),
    status       TEXT    NOT NULL,
    fingerprint  TEXT    NOT NULL,
    change_count INTEGER NOT NULL CHECK (change_count >= 0),
    changes      TEXT    NOT NULL CHECK (json_valid(changes)) -- JSON, in the form of events
) STRICT;
INSERT INTO checked_drifts SELECT * FROM drifts;
DROP TABLE drifts;
ALTER TABLE checked_drifts RENAME TO drifts;
CREATE INDEX drifts_by_item ON drifts (item);
