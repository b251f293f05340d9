SELECT account.user_id AS "user_id!", account.sequence AS "sequence!",
       account.balance AS "balance!", account.debt AS "debt!",
       account.spendable, account.spendable_since, account.spendable_until,
       account.spendable_sequence, account.recorded_at, account.hash AS "hash!", account.birthdays AS "birthdays!",
       stored.lot AS "lot?", stored.original AS "original?", stored.remaining AS "remaining?",
       stored.expired AS "expired?", stored.available_from AS "available_from?",
       stored.expires_at AS "expires_at?", stored.reinstated AS "reinstated?",
       FALSE AS "recalls!: bool"
FROM loyalty_accounts AS account
LEFT JOIN loyalty_lots AS stored
    ON stored.user_id = account.user_id AND stored.open
WHERE account.user_id IN (SELECT unhex(value) FROM json_each(?1))
ORDER BY account.user_id, stored.lot
