-- The twin of the PostgreSQL schema: the same tables and columns, in SQLite's types.
-- A UUID is a BLOB of 16 bytes, a boolean is 0 or 1, a date is a TEXT `2024-02-29`, and an instant is
-- an INTEGER of microseconds since 1970 in UTC: exact, in order for every year, and 8 bytes in an
-- index where RFC 3339 would be 32.

CREATE TABLE users (
    user_id              BLOB    NOT NULL,
    role                 TEXT    NOT NULL,
    customer_id_1c       BLOB,
    full_name            TEXT,
    phone                INTEGER,
    email                TEXT,
    gender               TEXT,
    birth_date           TEXT,
    city                 TEXT,
    discount_card_number TEXT,
    removed              INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_phone ON users (phone);
CREATE INDEX users_by_customer_id_1c ON users (customer_id_1c);

CREATE TABLE discount_cards (
    user_id BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    card    BLOB    NOT NULL,
    number  TEXT,
    removed INTEGER NOT NULL,
    PRIMARY KEY (user_id, card)
) STRICT, WITHOUT ROWID;
CREATE INDEX discount_cards_by_card ON discount_cards (card);
CREATE INDEX discount_cards_by_number ON discount_cards (number);

-- Found by time and by document more often than by its key, so that it has row ids: its three
-- indexes hold 8 bytes of them instead of the whole key, and a bulk load touches fewer pages.
CREATE TABLE receipts (
    user_id          BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    purchased_at     INTEGER NOT NULL,
    document_kind    INTEGER NOT NULL,
    document         BLOB    NOT NULL,
    store            BLOB,
    returns_document BLOB,
    line_count       INTEGER NOT NULL,
    amount           INTEGER NOT NULL,
    digest           BLOB    NOT NULL,
    PRIMARY KEY (user_id, purchased_at, document_kind, document)
) STRICT;
CREATE INDEX receipts_by_time ON receipts (purchased_at);
CREATE INDEX receipts_by_document ON receipts (document, document_kind);

-- No foreign key: lines come and go only together with their receipt, which has one, and a check
-- of each line costs more than the line.
CREATE TABLE purchase_history (
    user_id       BLOB    NOT NULL,
    purchased_at  INTEGER NOT NULL,
    document_kind INTEGER NOT NULL,
    document      BLOB    NOT NULL,
    line_number   INTEGER NOT NULL,
    product       BLOB,
    variant       BLOB,
    quantity      INTEGER NOT NULL,
    amount        INTEGER NOT NULL,
    PRIMARY KEY (user_id, purchased_at, document_kind, document, line_number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER users_take_their_lines_along AFTER DELETE ON users
BEGIN
    DELETE FROM purchase_history WHERE user_id = OLD.user_id;
END;

CREATE TABLE products (
    product  BLOB    NOT NULL,
    name     TEXT    NOT NULL,
    article  TEXT,
    category TEXT,
    brand    TEXT,
    kind     TEXT    NOT NULL,
    removed  INTEGER NOT NULL,
    PRIMARY KEY (product)
) STRICT, WITHOUT ROWID;

CREATE TABLE stores (
    store   BLOB    NOT NULL,
    name    TEXT    NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (store)
) STRICT, WITHOUT ROWID;

CREATE TABLE customer_metrics (
    user_id           BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    total_purchases   INTEGER NOT NULL,
    total_spent       INTEGER NOT NULL,
    average_receipt   INTEGER,
    receipts          INTEGER NOT NULL,
    returns           INTEGER NOT NULL,
    lines             INTEGER NOT NULL,
    occasions         INTEGER NOT NULL,
    first_purchase_at INTEGER,
    last_purchase_at  INTEGER,
    future_lines      INTEGER NOT NULL,
    preferences       TEXT    NOT NULL,
    recency_score     INTEGER,
    frequency_score   INTEGER,
    monetary_score    INTEGER,
    status            TEXT    NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;

-- One row: how the figures in customer_metrics were made.
CREATE TABLE scorings (
    scoring     INTEGER NOT NULL CHECK (scoring = 1),
    as_of       TEXT    NOT NULL,
    policy      TEXT    NOT NULL,
    cuts        TEXT    NOT NULL,
    computed_at INTEGER NOT NULL,
    customers   INTEGER NOT NULL,
    scored      INTEGER NOT NULL,
    PRIMARY KEY (scoring)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_runs (
    run          BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    since        INTEGER,
    status       TEXT    NOT NULL,
    triggered_by TEXT    NOT NULL,
    counts       TEXT    NOT NULL,
    cursor       TEXT,
    error        TEXT,
    queued_at    INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER,
    PRIMARY KEY (run)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_runs_by_time ON sync_runs (queued_at);

-- The reject is a name made of the other three, so that long reasons need not be in an index.
CREATE TABLE sync_rejects (
    run        BLOB    NOT NULL REFERENCES sync_runs ON DELETE CASCADE,
    reject     BLOB    NOT NULL,
    position   INTEGER NOT NULL PRIMARY KEY,
    source_set TEXT    NOT NULL,
    reference  TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    UNIQUE (run, reject)
) STRICT;
CREATE INDEX sync_rejects_in_order ON sync_rejects (run, position);

-- One row while somebody holds the lease, none otherwise.
CREATE TABLE sync_lease (
    lease      INTEGER NOT NULL CHECK (lease = 1),
    token      BLOB    NOT NULL,
    owner      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (lease)
) STRICT, WITHOUT ROWID;
