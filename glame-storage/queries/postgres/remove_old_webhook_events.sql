DELETE FROM webhook_events
WHERE event IN (
    SELECT told.event
    FROM webhook_events AS told
    WHERE told.distributed AND told.occurred_at < $1 AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS delivery WHERE delivery.event = told.event
    )
    ORDER BY told.occurred_at, told.event
    LIMIT $2
)
