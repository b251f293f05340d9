SELECT page.user_id, page.sequence, page.balance, page.debt, page.spendable,
       page.spendable_since, page.spendable_until, page.spendable_sequence,
       page.recorded_at, page.hash, page.birthdays,
       stored.lot AS "lot?", stored.original AS "original?", stored.remaining AS "remaining?",
       stored.expired AS "expired?", stored.available_from AS "available_from?",
       stored.expires_at AS "expires_at?", stored.reinstated AS "reinstated?",
       FALSE AS "recalls!"
FROM (
    SELECT * FROM loyalty_accounts
    WHERE user_id >= $1 AND sequence > 0
    ORDER BY user_id
    LIMIT $2
) AS page
LEFT JOIN loyalty_lots AS stored ON stored.user_id = page.user_id
ORDER BY page.user_id, stored.lot
