-- One statement, because it is one round trip: all of it is written, or it fails at a unique index.
-- In the list of columns `unnest` gives row by row; in `FROM` each array would be kept as a table.
WITH headers AS (
    UPDATE loyalty_accounts AS account
    SET sequence = given.sequence, balance = given.balance, debt = given.debt,
        recorded_at = given.recorded_at, hash = given.hash, birthdays = given.birthdays
    FROM UNNEST(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bytea[],
        $7::text[]
    ) AS given (user_id, sequence, balance, debt, recorded_at, hash, birthdays)
    WHERE account.user_id = given.user_id
    RETURNING account.user_id
), lots AS (
    INSERT INTO loyalty_lots AS stored (
        user_id, lot, original, remaining, expired, available_from, expires_at, reinstated,
        open
    )
    SELECT unnest($8::uuid[]), unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[]),
           unnest($12::bigint[]), unnest($13::timestamptz[]), unnest($14::timestamptz[]),
           unnest($15::boolean[]), unnest($11::bigint[]) > 0
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
    SELECT unnest($16::uuid[]), unnest($17::bigint[]), unnest($18::uuid[]), unnest($19::text[]),
           unnest($20::bigint[]), unnest($21::bigint[]), unnest($22::bigint[]),
           unnest($23::timestamptz[]), unnest($24::timestamptz[]), unnest($25::boolean[]),
           unnest($26::bigint[]), unnest($27::text[]), unnest($28::text[]), unnest($29::text[]),
           unnest($30::uuid[]), unnest($31::bigint[]), unnest($32::timestamptz[]),
           unnest($33::timestamptz[]), unnest($34::text[]), unnest($35::bigint[]),
           unnest($36::text[]), unnest($37::text[]), unnest($38::text[]), unnest($39::bytea[]),
           unnest($40::bytea[])
), draws AS (
    INSERT INTO loyalty_draws (user_id, sequence, position, lot, points)
    SELECT unnest($41::uuid[]), unnest($42::bigint[]), unnest($43::bigint[]), unnest($44::bigint[]),
           unnest($45::bigint[])
), requests AS (
    INSERT INTO loyalty_requests (user_id, idempotency_key, request, outcome, decided_at)
    SELECT unnest($46::uuid[]), unnest($47::text[]), unnest($48::text[]), unnest($49::text[]),
           unnest($50::timestamptz[])
)
SELECT COUNT(user_id) AS "locked!" FROM headers
