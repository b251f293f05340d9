INSERT INTO products (product, name, article, category, brand, kind, removed)
SELECT *
FROM UNNEST(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[]
)
ON CONFLICT (product) DO UPDATE SET
    name = EXCLUDED.name,
    article = EXCLUDED.article,
    category = EXCLUDED.category,
    brand = EXCLUDED.brand,
    kind = EXCLUDED.kind,
    removed = EXCLUDED.removed
