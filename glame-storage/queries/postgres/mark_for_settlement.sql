INSERT INTO loyalty_settlements AS stored (user_id, raised, settled)
SELECT DISTINCT given, 1, 0
FROM UNNEST($1::uuid[]) AS given
ORDER BY given
ON CONFLICT (user_id) DO UPDATE SET raised = stored.raised + 1
