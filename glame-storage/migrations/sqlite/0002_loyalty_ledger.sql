-- The twin of the PostgreSQL schema: the ledger of points. Every table has user_id first in its
-- key, as the tables of 0001 have, and nothing here goes with a user who is deleted: a ledger is
-- never deleted. What is JSON is kept as text, exactly as it was written: the hash of a transaction
-- speaks of it.

CREATE TABLE loyalty_accounts (
    user_id     BLOB    NOT NULL REFERENCES users,
    sequence    INTEGER NOT NULL CHECK (sequence >= 0),
    balance     INTEGER NOT NULL,
    debt        INTEGER NOT NULL CHECK (debt >= 0),
    recorded_at INTEGER,
    hash        BLOB    NOT NULL,
    birthdays   TEXT    NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;

-- No foreign key here and below: rows are written only under the lock of their account, which has
-- one, and a check of each row costs more than the row.
CREATE TABLE loyalty_lots (
    user_id        BLOB    NOT NULL,
    lot            INTEGER NOT NULL,
    original       INTEGER NOT NULL,
    remaining      INTEGER NOT NULL,
    expired        INTEGER NOT NULL,
    available_from INTEGER NOT NULL,
    expires_at     INTEGER,
    reinstated     INTEGER NOT NULL,
    open           INTEGER NOT NULL,
    PRIMARY KEY (user_id, lot),
    CHECK (remaining >= 0 AND expired >= 0 AND remaining + expired <= original),
    CHECK (open = (remaining > 0))
) STRICT, WITHOUT ROWID;
-- Most lots are closed for good; what is open is found without them. The indexes know `open` and not
-- `remaining`, so that they are left alone as long as something of a lot remains.
CREATE INDEX loyalty_lots_open ON loyalty_lots (user_id, lot) WHERE open;
CREATE INDEX loyalty_lots_open_by_expiry ON loyalty_lots (expires_at, user_id)
    WHERE open AND expires_at IS NOT NULL;

-- Found by five keys, so that it has row ids, as the receipts have.
CREATE TABLE loyalty_transactions (
    user_id            BLOB    NOT NULL,
    sequence           INTEGER NOT NULL CHECK (sequence > 0),
    transaction_id     BLOB    NOT NULL,
    kind               TEXT    NOT NULL,
    points             INTEGER NOT NULL,
    balance_after      INTEGER NOT NULL,
    lot_points         INTEGER,
    lot_available_from INTEGER,
    lot_expires_at     INTEGER,
    lot_reinstated     INTEGER,
    debt_change        INTEGER NOT NULL,
    reason             TEXT    NOT NULL,
    source             TEXT    NOT NULL,
    actor              TEXT,
    receipt            BLOB,
    reverses           INTEGER,
    effective_at       INTEGER NOT NULL,
    recorded_at        INTEGER NOT NULL,
    rule               TEXT    NOT NULL,
    rule_version       INTEGER NOT NULL,
    idempotency_key    TEXT,
    natural_key        TEXT    NOT NULL,
    explain            TEXT    NOT NULL,
    previous_hash      BLOB    NOT NULL,
    hash               BLOB    NOT NULL,
    PRIMARY KEY (user_id, sequence),
    UNIQUE (user_id, natural_key)
) STRICT;
-- Not by transaction_id: the few transactions of its user are read to find one.
CREATE INDEX loyalty_transactions_by_receipt ON loyalty_transactions (user_id, receipt)
    WHERE receipt IS NOT NULL;
CREATE INDEX loyalty_transactions_by_idempotency_key
    ON loyalty_transactions (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX loyalty_transactions_by_reversed ON loyalty_transactions (user_id, reverses)
    WHERE reverses IS NOT NULL;

-- What a transaction takes from lots and puts back into them, in this order.
CREATE TABLE loyalty_draws (
    user_id  BLOB    NOT NULL,
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    lot      INTEGER NOT NULL,
    points   INTEGER NOT NULL,
    PRIMARY KEY (user_id, sequence, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE loyalty_requests (
    user_id         BLOB    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    request         TEXT    NOT NULL,
    outcome         TEXT    NOT NULL,
    decided_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
) STRICT, WITHOUT ROWID;

-- Whose purchases have changed how often, and up to where their points are settled. A row stays,
-- so that no number of it ever comes back.
CREATE TABLE loyalty_settlements (
    user_id BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    raised  INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX loyalty_settlements_due ON loyalty_settlements (user_id) WHERE raised > settled;

CREATE TRIGGER loyalty_transactions_unchanged BEFORE UPDATE ON loyalty_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_transactions_stay BEFORE DELETE ON loyalty_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_draws_unchanged BEFORE UPDATE ON loyalty_draws
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_draws_stay BEFORE DELETE ON loyalty_draws
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_requests_unchanged BEFORE UPDATE ON loyalty_requests
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_requests_stay BEFORE DELETE ON loyalty_requests
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
-- An account changes with every transaction, but it never goes.
CREATE TRIGGER loyalty_accounts_stay BEFORE DELETE ON loyalty_accounts
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
-- `INSERT OR REPLACE` deletes without asking the triggers above.
CREATE TRIGGER loyalty_transactions_not_replaced BEFORE INSERT ON loyalty_transactions
WHEN EXISTS (
    SELECT 1 FROM loyalty_transactions WHERE user_id = NEW.user_id AND sequence = NEW.sequence
) OR EXISTS (
    SELECT 1 FROM loyalty_transactions
    WHERE user_id = NEW.user_id AND natural_key = NEW.natural_key
)
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_draws_not_replaced BEFORE INSERT ON loyalty_draws
WHEN EXISTS (
    SELECT 1 FROM loyalty_draws
    WHERE user_id = NEW.user_id AND sequence = NEW.sequence AND position = NEW.position
)
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
CREATE TRIGGER loyalty_requests_not_replaced BEFORE INSERT ON loyalty_requests
WHEN EXISTS (
    SELECT 1 FROM loyalty_requests
    WHERE user_id = NEW.user_id AND idempotency_key = NEW.idempotency_key
)
BEGIN
    SELECT RAISE(ABORT, 'the ledger of points is only ever added to: write a reversal instead');
END;
