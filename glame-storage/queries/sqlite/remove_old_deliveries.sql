DELETE FROM webhook_deliveries
WHERE (endpoint, event) IN (
    SELECT old.endpoint, old.event
    FROM (
        SELECT endpoint, event
        FROM webhook_deliveries
        WHERE state = 'delivered' AND last_attempt_at < ?1
        UNION ALL
        SELECT endpoint, event
        FROM webhook_deliveries
        WHERE state = 'dead' AND last_attempt_at < ?2
    ) AS old
    LIMIT ?3
) AND state <> 'pending'
