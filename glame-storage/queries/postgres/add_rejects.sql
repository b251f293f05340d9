INSERT INTO sync_rejects (run, reject, source_set, reference, reason)
SELECT $1, reject, source_set, reference, reason
FROM UNNEST($2::uuid[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
         AS given (reject, source_set, reference, reason, position)
ORDER BY position
ON CONFLICT (run, reject) DO NOTHING
