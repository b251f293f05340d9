-- The ledger of points. Every table has user_id first in its key, as the tables of 0001 have, and
-- nothing here goes with a user who is deleted: a ledger is never deleted.
-- What is JSON is kept as text, exactly as it was written: the hash of a transaction speaks of it.

-- The row that is locked while points of its user are decided. Room is left in its pages, so that a
-- change finds place beside the row and touches no index.
CREATE TABLE loyalty_accounts (
    user_id     UUID   NOT NULL REFERENCES users,
    sequence    BIGINT NOT NULL CHECK (sequence >= 0),
    balance     BIGINT NOT NULL,
    debt        BIGINT NOT NULL CHECK (debt >= 0),
    recorded_at TIMESTAMPTZ,
    hash        BYTEA  NOT NULL,
    birthdays   TEXT   NOT NULL,
    PRIMARY KEY (user_id)
) WITH (fillfactor = 80);

-- No foreign key here and below: rows are written only under the lock of their account, which has
-- one, and a check of each row costs more than the row.
CREATE TABLE loyalty_lots (
    user_id        UUID        NOT NULL,
    lot            BIGINT      NOT NULL,
    original       BIGINT      NOT NULL,
    remaining      BIGINT      NOT NULL,
    expired        BIGINT      NOT NULL,
    available_from TIMESTAMPTZ NOT NULL,
    expires_at     TIMESTAMPTZ,
    reinstated     BOOLEAN     NOT NULL,
    open           BOOLEAN     NOT NULL,
    PRIMARY KEY (user_id, lot),
    CHECK (remaining >= 0 AND expired >= 0 AND remaining + expired <= original),
    CHECK (open = (remaining > 0))
) WITH (fillfactor = 80);
-- Most lots are closed for good; what is open is found without them. The indexes know `open` and not
-- `remaining`, so that they are left alone as long as something of a lot remains.
CREATE INDEX loyalty_lots_open ON loyalty_lots (user_id, lot) WHERE open;
CREATE INDEX loyalty_lots_open_by_expiry ON loyalty_lots (expires_at, user_id)
    WHERE open AND expires_at IS NOT NULL;

CREATE TABLE loyalty_transactions (
    user_id            UUID        NOT NULL,
    sequence           BIGINT      NOT NULL CHECK (sequence > 0),
    transaction_id     UUID        NOT NULL,
    kind               TEXT        NOT NULL,
    points             BIGINT      NOT NULL,
    balance_after      BIGINT      NOT NULL,
    lot_points         BIGINT,
    lot_available_from TIMESTAMPTZ,
    lot_expires_at     TIMESTAMPTZ,
    lot_reinstated     BOOLEAN,
    debt_change        BIGINT      NOT NULL,
    reason             TEXT        NOT NULL,
    source             TEXT        NOT NULL,
    actor              TEXT,
    receipt            UUID,
    reverses           BIGINT,
    effective_at       TIMESTAMPTZ NOT NULL,
    recorded_at        TIMESTAMPTZ NOT NULL,
    rule               TEXT        NOT NULL,
    rule_version       BIGINT      NOT NULL,
    idempotency_key    TEXT,
    natural_key        TEXT        NOT NULL,
    explain            TEXT        NOT NULL,
    previous_hash      BYTEA       NOT NULL,
    hash               BYTEA       NOT NULL,
    PRIMARY KEY (user_id, sequence),
    UNIQUE (user_id, natural_key)
);
-- Not by transaction_id: the few transactions of its user are read to find one.
CREATE INDEX loyalty_transactions_by_receipt ON loyalty_transactions (user_id, receipt)
    WHERE receipt IS NOT NULL;
CREATE INDEX loyalty_transactions_by_idempotency_key
    ON loyalty_transactions (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX loyalty_transactions_by_reversed ON loyalty_transactions (user_id, reverses)
    WHERE reverses IS NOT NULL;

-- What a transaction takes from lots and puts back into them, in this order.
CREATE TABLE loyalty_draws (
    user_id  UUID   NOT NULL,
    sequence BIGINT NOT NULL,
    position BIGINT NOT NULL,
    lot      BIGINT NOT NULL,
    points   BIGINT NOT NULL,
    PRIMARY KEY (user_id, sequence, position)
);

CREATE TABLE loyalty_requests (
    user_id         UUID        NOT NULL,
    idempotency_key TEXT        NOT NULL,
    request         TEXT        NOT NULL,
    outcome         TEXT        NOT NULL,
    decided_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);

-- Whose purchases have changed how often, and up to where their points are settled. A row stays,
-- so that no number of it ever comes back.
CREATE TABLE loyalty_settlements (
    user_id UUID   NOT NULL REFERENCES users ON DELETE CASCADE,
    raised  BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);
CREATE INDEX loyalty_settlements_due ON loyalty_settlements (user_id) WHERE raised > settled;

CREATE FUNCTION refuse_to_change_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger of points is only ever added to: write a reversal instead'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER loyalty_transactions_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON loyalty_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_ledger();
CREATE TRIGGER loyalty_draws_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON loyalty_draws
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_ledger();
CREATE TRIGGER loyalty_requests_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON loyalty_requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_ledger();
-- An account changes with every transaction, but it never goes.
CREATE TRIGGER loyalty_accounts_stay
    BEFORE DELETE OR TRUNCATE ON loyalty_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_ledger();
