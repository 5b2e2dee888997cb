-- What the items of each directory were when they were last read, so that a quick audit reads only what was touched since,
-- and a deep one looks closer only at contents that are others. End to end in each column, in the order of the names:
-- names as \0a\0b\0, 44 bytes of stat fields (zeros: read it again), 16 bytes of a keyed digest of the content.
CREATE TABLE remembered (
    directory    BLOB PRIMARY KEY, -- ends in a slash
    names        BLOB NOT NULL,
    stamps       BLOB NOT NULL,
    fingerprints BLOB NOT NULL
) STRICT;

DROP TABLE signatures;
