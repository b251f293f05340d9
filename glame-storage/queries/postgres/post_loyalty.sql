-- One statement, because it is one round trip: all of it is written, or it fails at a unique index.
-- In the list of columns `unnest` gives row by row; in `FROM` each array would be kept as a table.
WITH headers AS (
    UPDATE loyalty_accounts AS account
    SET sequence = given.sequence, balance = given.balance, debt = given.debt,
        spendable = given.spendable, spendable_since = given.spendable_since,
        spendable_until = given.spendable_until, spendable_sequence = given.sequence,
        recorded_at = given.recorded_at, hash = given.hash, birthdays = given.birthdays
    FROM UNNEST(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
        $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::text[]
    ) AS given (
        user_id, sequence, balance, debt, spendable, spendable_since, spendable_until,
        recorded_at, hash, birthdays
    )
    WHERE account.user_id = given.user_id
    RETURNING account.user_id
), lots AS (
    INSERT INTO loyalty_lots AS stored (
        user_id, lot, original, remaining, expired, available_from, expires_at, reinstated,
        open
    )
    SELECT unnest($11::uuid[]), unnest($12::bigint[]), unnest($13::bigint[]), unnest($14::bigint[]),
           unnest($15::bigint[]), unnest($16::timestamptz[]), unnest($17::timestamptz[]),
           unnest($18::boolean[]), unnest($14::bigint[]) > 0
    ON CONFLICT (user_id, lot) DO UPDATE
    SET original = EXCLUDED.original, remaining = EXCLUDED.remaining, expired = EXCLUDED.expired,
        available_from = EXCLUDED.available_from, expires_at = EXCLUDED.expires_at,
        reinstated = EXCLUDED.reinstated, open = EXCLUDED.open
), transactions AS (
    INSERT INTO loyalty_transactions (
        user_id, sequence, transaction_id, kind, points, balance_after, lot_points,
        lot_available_from, lot_expires_at, lot_reinstated, debt_change, reason, source, actor,
        receipt, reverses, effective_at, recorded_at, rule, rule_version, idempotency_key,
        natural_key, explain, previous_hash, hash
    )
    SELECT unnest($19::uuid[]), unnest($20::bigint[]), unnest($21::uuid[]), unnest($22::text[]),
           unnest($23::bigint[]), unnest($24::bigint[]), unnest($25::bigint[]),
           unnest($26::timestamptz[]), unnest($27::timestamptz[]), unnest($28::boolean[]),
           unnest($29::bigint[]), unnest($30::text[]), unnest($31::text[]), unnest($32::text[]),
           unnest($33::uuid[]), unnest($34::bigint[]), unnest($35::timestamptz[]),
           unnest($36::timestamptz[]), unnest($37::text[]), unnest($38::bigint[]),
           unnest($39::text[]), unnest($40::text[]), unnest($41::text[]), unnest($42::bytea[]),
           unnest($43::bytea[])
), draws AS (
    INSERT INTO loyalty_draws (user_id, sequence, position, lot, points)
    SELECT unnest($44::uuid[]), unnest($45::bigint[]), unnest($46::bigint[]), unnest($47::bigint[]),
           unnest($48::bigint[])
), requests AS (
    INSERT INTO loyalty_requests (user_id, idempotency_key, request, outcome, decided_at)
    SELECT unnest($49::uuid[]), unnest($50::text[]), unnest($51::text[]), unnest($52::text[]),
           unnest($53::timestamptz[])
)
SELECT COUNT(user_id) AS "locked!" FROM headers
