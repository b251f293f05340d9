UPDATE customer_segments
SET name = $2, description = $3, color = $4, origin = $5, state = $6, rule = $7,
    version = $8, updated_at = $9
WHERE segment_id = $1
  AND version = $10
  AND NOT EXISTS (
      SELECT * FROM customer_segments AS other
      WHERE other.name = $2 AND other.segment_id <> $1
  )
