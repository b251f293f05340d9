INSERT INTO loyalty_transactions (
    user_id, sequence, natural_key, transaction_id, kind, points, balance_after, lot_points,
    lot_available_from, lot_expires_at, lot_reinstated, debt_change, reason, source, actor,
    receipt, reverses, effective_at, recorded_at, rule, rule_version, idempotency_key, explain,
    previous_hash, hash
)
SELECT unhex(value ->> '$[0][0]'), value ->> '$[0][1]', value ->> '$[0][2]',
       unhex(value ->> '$[1][0]'), value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]',
       value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]',
       value ->> '$[3][0]', value ->> '$[3][1]', value ->> '$[3][2]', value ->> '$[3][3]',
       unhex(value ->> '$[4][0]'), value ->> '$[4][1]', value ->> '$[4][2]', value ->> '$[4][3]',
       value ->> '$[5][0]', value ->> '$[5][1]', value ->> '$[5][2]', value ->> '$[5][3]',
       unhex(value ->> '$[6][0]'), unhex(value ->> '$[6][1]')
FROM json_each(?1)
