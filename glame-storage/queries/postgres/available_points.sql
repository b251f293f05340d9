-- What an account tells holds from its last transaction on, until a lot comes or goes; otherwise its
-- lots are added up.
SELECT COALESCE(
           CASE
               WHEN account.spendable_sequence = account.sequence
                   AND (account.spendable_since IS NULL OR account.spendable_since <= $2)
                   AND (account.spendable_until IS NULL OR account.spendable_until > $2)
               THEN account.spendable
               ELSE (
                   SELECT SUM(remaining)::bigint
                   FROM loyalty_lots
                   WHERE user_id = asked.user_id AND open
                     AND available_from <= $2 AND (expires_at IS NULL OR expires_at > $2)
               )
           END, 0) AS "available!"
FROM UNNEST($1::uuid[]) WITH ORDINALITY AS asked (user_id, place)
LEFT JOIN loyalty_accounts AS account ON account.user_id = asked.user_id
ORDER BY place
