-- Every large table has user_id first in its primary key, so that the schema can be distributed by
-- user_id without a change; what everybody needs (products, stores, runs) has none and is small.
-- Money is kopecks, a quantity is thousandths, an instant is exact to the microsecond.

CREATE TABLE users (
    user_id              UUID        NOT NULL,
    role                 TEXT        NOT NULL,
    customer_id_1c       UUID,
    full_name            TEXT,
    phone                BIGINT,
    email                TEXT,
    gender               TEXT,
    birth_date           DATE,
    city                 TEXT,
    discount_card_number TEXT,
    removed              BOOLEAN     NOT NULL,
    created_at           TIMESTAMPTZ NOT NULL,
    updated_at           TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id)
);
CREATE INDEX users_by_phone ON users (phone);
CREATE INDEX users_by_customer_id_1c ON users (customer_id_1c);

CREATE TABLE discount_cards (
    user_id UUID    NOT NULL REFERENCES users ON DELETE CASCADE,
    card    UUID    NOT NULL,
    number  TEXT,
    removed BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, card)
);
CREATE INDEX discount_cards_by_card ON discount_cards (card);
CREATE INDEX discount_cards_by_number ON discount_cards (number);

CREATE TABLE receipts (
    user_id          UUID        NOT NULL REFERENCES users ON DELETE CASCADE,
    purchased_at     TIMESTAMPTZ NOT NULL,
    document_kind    SMALLINT    NOT NULL,
    document         UUID        NOT NULL,
    store            UUID,
    returns_document UUID,
    line_count       BIGINT      NOT NULL,
    amount           BIGINT      NOT NULL,
    digest           BYTEA       NOT NULL,
    PRIMARY KEY (user_id, purchased_at, document_kind, document)
);
CREATE INDEX receipts_by_time ON receipts (purchased_at);
CREATE INDEX receipts_by_document ON receipts (document, document_kind);

-- No foreign key: lines come and go only together with their receipt, which has one, and a check
-- of each line costs more than the line.
CREATE TABLE purchase_history (
    user_id       UUID        NOT NULL,
    purchased_at  TIMESTAMPTZ NOT NULL,
    document_kind SMALLINT    NOT NULL,
    document      UUID        NOT NULL,
    line_number   BIGINT      NOT NULL,
    product       UUID,
    variant       UUID,
    quantity      BIGINT      NOT NULL,
    amount        BIGINT      NOT NULL,
    PRIMARY KEY (user_id, purchased_at, document_kind, document, line_number)
);
CREATE FUNCTION remove_purchase_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM purchase_history WHERE user_id = OLD.user_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_take_their_lines_along
    AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION remove_purchase_history();

CREATE TABLE products (
    product  UUID    NOT NULL,
    name     TEXT    NOT NULL,
    article  TEXT,
    category TEXT,
    brand    TEXT,
    kind     TEXT    NOT NULL,
    removed  BOOLEAN NOT NULL,
    PRIMARY KEY (product)
);

CREATE TABLE stores (
    store   UUID    NOT NULL,
    name    TEXT    NOT NULL,
    removed BOOLEAN NOT NULL,
    PRIMARY KEY (store)
);

CREATE TABLE customer_metrics (
    user_id           UUID     NOT NULL REFERENCES users ON DELETE CASCADE,
    total_purchases   BIGINT   NOT NULL,
    total_spent       BIGINT   NOT NULL,
    average_receipt   BIGINT,
    receipts          BIGINT   NOT NULL,
    returns           BIGINT   NOT NULL,
    lines             BIGINT   NOT NULL,
    occasions         BIGINT   NOT NULL,
    first_purchase_at TIMESTAMPTZ,
    last_purchase_at  TIMESTAMPTZ,
    future_lines      BIGINT   NOT NULL,
    preferences       TEXT     NOT NULL,
    recency_score     SMALLINT,
    frequency_score   SMALLINT,
    monetary_score    SMALLINT,
    status            TEXT     NOT NULL,
    PRIMARY KEY (user_id)
);

-- One row: how the figures in customer_metrics were made.
CREATE TABLE scorings (
    scoring     SMALLINT    NOT NULL CHECK (scoring = 1),
    as_of       TEXT        NOT NULL,
    policy      TEXT        NOT NULL,
    cuts        TEXT        NOT NULL,
    computed_at TIMESTAMPTZ NOT NULL,
    customers   BIGINT      NOT NULL,
    scored      BIGINT      NOT NULL,
    PRIMARY KEY (scoring)
);

CREATE TABLE sync_runs (
    run          UUID        NOT NULL,
    kind         TEXT        NOT NULL,
    since        TIMESTAMPTZ,
    status       TEXT        NOT NULL,
    triggered_by TEXT        NOT NULL,
    counts       TEXT        NOT NULL,
    cursor       TEXT,
    error        TEXT,
    queued_at    TIMESTAMPTZ NOT NULL,
    started_at   TIMESTAMPTZ,
    finished_at  TIMESTAMPTZ,
    PRIMARY KEY (run)
);
CREATE INDEX sync_runs_by_time ON sync_runs (queued_at);

-- The reject is a name made of the other three, so that long reasons need not be in an index.
CREATE TABLE sync_rejects (
    run        UUID   NOT NULL REFERENCES sync_runs ON DELETE CASCADE,
    reject     UUID   NOT NULL,
    position   BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    source_set TEXT   NOT NULL,
    reference  TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    PRIMARY KEY (run, reject)
);
CREATE INDEX sync_rejects_in_order ON sync_rejects (run, position);

-- One row while somebody holds the lease, none otherwise.
CREATE TABLE sync_lease (
    lease      SMALLINT    NOT NULL CHECK (lease = 1),
    token      UUID        NOT NULL,
    owner      TEXT        NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (lease)
);
