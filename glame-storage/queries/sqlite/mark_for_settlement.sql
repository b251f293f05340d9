INSERT INTO loyalty_settlements (user_id, raised, settled)
SELECT DISTINCT unhex(value), 1, 0
FROM json_each(?1)
WHERE TRUE
ON CONFLICT (user_id) DO UPDATE SET raised = raised + 1
