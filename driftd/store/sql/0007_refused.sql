-- Events that a receiver refused for good: all of them, and those of them that an event names.
ALTER TABLE outputs ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outputs ADD COLUMN refused_told INTEGER NOT NULL DEFAULT 0;
