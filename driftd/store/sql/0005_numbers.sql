-- The number, in the output's own count, of the last event that it delivered, skipped or lost.
ALTER TABLE outputs ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
