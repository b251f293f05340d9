-- What can be spent stands beside the account, with the instants between which it holds: a list of
-- customers adds up no lots.
ALTER TABLE loyalty_accounts
    ADD COLUMN spendable       BIGINT NOT NULL DEFAULT 0 CHECK (spendable >= 0),
    ADD COLUMN spendable_since TIMESTAMPTZ,
    ADD COLUMN spendable_until TIMESTAMPTZ;

UPDATE loyalty_accounts AS account
SET spendable = COALESCE((
        SELECT SUM(remaining)
        FROM loyalty_lots AS lot
        WHERE lot.user_id = account.user_id AND open
          AND available_from <= recorded_at
          AND (expires_at IS NULL OR expires_at > recorded_at)
    ), 0),
    spendable_since = (
        SELECT MAX(changes.at)
        FROM (
            SELECT available_from AS at FROM loyalty_lots AS lot
            WHERE lot.user_id = account.user_id AND open
            UNION ALL
            SELECT expires_at FROM loyalty_lots AS lot
            WHERE lot.user_id = account.user_id AND open
        ) AS changes
        WHERE changes.at <= recorded_at
    ),
    spendable_until = (
        SELECT MIN(changes.at)
        FROM (
            SELECT available_from AS at FROM loyalty_lots AS lot
            WHERE lot.user_id = account.user_id AND open
            UNION ALL
            SELECT expires_at FROM loyalty_lots AS lot
            WHERE lot.user_id = account.user_id AND open
        ) AS changes
        WHERE changes.at > recorded_at
    );
