-- What was posted under an idempotency key is told by its request, so that each posting is spared an
-- entry in this index.
DROP INDEX loyalty_transactions_by_idempotency_key;
