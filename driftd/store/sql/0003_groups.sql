-- Drifts that were told together, by one summary.

ALTER TABLE drifts ADD COLUMN told_with TEXT NOT NULL DEFAULT ''; -- id of the group; '' where it was told by itself
CREATE INDEX drifts_by_group ON drifts (told_with) WHERE told_with <> '';

-- The worst first: ORDER BY rank, item, drift_id.
CREATE INDEX drifts_by_rank ON drifts (
    CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END,
    item, drift_id
);
CREATE VIEW ranked_drifts AS SELECT
    CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END AS rank,
    *
FROM drifts;

CREATE TABLE groups (
    id    TEXT    PRIMARY KEY,
    first INTEGER NOT NULL, -- sequences of its events
    last  INTEGER NOT NULL,
    told  INTEGER NOT NULL  -- up to which of them the last summary goes
) STRICT;
