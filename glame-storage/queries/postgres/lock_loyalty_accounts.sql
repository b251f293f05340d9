-- All are locked, or none: who lacks an account gets it before anybody is locked, so that two works
-- never hold what the other one waits for.
SELECT user_id
FROM loyalty_accounts
WHERE user_id = ANY($1)
  AND NOT EXISTS (
      SELECT 1
      FROM UNNEST($1) AS given
      WHERE NOT EXISTS (SELECT 1 FROM loyalty_accounts WHERE user_id = given)
  )
ORDER BY user_id
FOR UPDATE
