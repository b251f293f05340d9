-- The twin of the PostgreSQL schema: segments of customers, their rules, their members, what was
-- decided by hand, and who entered and left when. A rule is JSON, kept as text exactly as it was
-- written; a list has none.

CREATE TABLE customer_segments (
    segment_id        BLOB    NOT NULL,
    name              TEXT    NOT NULL UNIQUE,
    description       TEXT,
    color             TEXT    NOT NULL,
    origin            TEXT    NOT NULL,
    state             TEXT    NOT NULL,
    rule              TEXT,
    version           INTEGER NOT NULL,
    customer_count    INTEGER NOT NULL,
    refreshed_at      INTEGER,
    refreshed_version INTEGER,
    figures_at        INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (segment_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_segments (
    user_id     BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    segment_id  BLOB    NOT NULL REFERENCES customer_segments,
    source      TEXT    NOT NULL,
    assigned_at INTEGER NOT NULL,
    confidence  INTEGER,
    PRIMARY KEY (user_id, segment_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_segments_by_segment ON user_segments (segment_id, user_id);

CREATE TABLE segment_overrides (
    user_id    BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    segment_id BLOB    NOT NULL REFERENCES customer_segments,
    decision   TEXT    NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, segment_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_overrides_by_segment ON segment_overrides (segment_id, user_id);

CREATE TABLE segment_transitions (
    user_id     BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    segment_id  BLOB    NOT NULL REFERENCES customer_segments,
    happened_at INTEGER NOT NULL,
    transition  TEXT    NOT NULL,
    PRIMARY KEY (user_id, segment_id, happened_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_transitions_by_segment
    ON segment_transitions (segment_id, happened_at, user_id);
