INSERT INTO scorings (scoring, as_of, policy, cuts, computed_at, customers, scored)
VALUES (1, $1, $2, $3, $4, $5, $6)
ON CONFLICT (scoring) DO UPDATE SET
    as_of = EXCLUDED.as_of,
    policy = EXCLUDED.policy,
    cuts = EXCLUDED.cuts,
    computed_at = EXCLUDED.computed_at,
    customers = EXCLUDED.customers,
    scored = EXCLUDED.scored
