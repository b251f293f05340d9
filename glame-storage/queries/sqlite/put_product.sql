INSERT INTO products (product, name, article, category, brand, kind, removed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (product) DO UPDATE SET
    name = EXCLUDED.name,
    article = EXCLUDED.article,
    category = EXCLUDED.category,
    brand = EXCLUDED.brand,
    kind = EXCLUDED.kind,
    removed = EXCLUDED.removed
