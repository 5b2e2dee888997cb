-- For those who say again and again what stands: drifts that were told by themselves, and counts of the others.
CREATE INDEX drifts_alone ON drifts (drift_id) WHERE told_with = '';
CREATE INDEX drifts_together ON drifts (told_with, severity, status, baseline) WHERE told_with <> '';
DROP INDEX drifts_by_group;
