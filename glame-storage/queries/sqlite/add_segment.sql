INSERT INTO customer_segments (
    segment_id, name, description, color, origin, state, rule, version, customer_count, created_at,
    updated_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)
ON CONFLICT DO NOTHING
