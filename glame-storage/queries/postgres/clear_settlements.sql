-- Locked in the order of users, as marks are raised.
WITH held AS (
    SELECT stored.user_id
    FROM loyalty_settlements AS stored
    JOIN UNNEST($1::uuid[], $2::bigint[]) AS given (user_id, raised)
        ON stored.user_id = given.user_id AND stored.raised = given.raised
    ORDER BY stored.user_id
    FOR UPDATE OF stored
)
UPDATE loyalty_settlements AS stored SET settled = stored.raised
FROM held
WHERE stored.user_id = held.user_id
