-- What pruning the journal leaves to know.

ALTER TABLE position ADD COLUMN started INTEGER NOT NULL DEFAULT 0; -- sequence of the last daemon-started
ALTER TABLE position ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;  -- the journal up to here is gone, and that was recorded
ALTER TABLE outputs ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;     -- events that were pruned before it had delivered them
