INSERT INTO looks (
    look, title, description, products, tags, image_url, origin, status, version, created_at,
    updated_at, changed_by
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (look) DO UPDATE SET
    title = EXCLUDED.title,
    description = EXCLUDED.description,
    products = EXCLUDED.products,
    tags = EXCLUDED.tags,
    image_url = EXCLUDED.image_url,
    origin = EXCLUDED.origin,
    status = EXCLUDED.status,
    version = EXCLUDED.version,
    updated_at = EXCLUDED.updated_at,
    changed_by = EXCLUDED.changed_by
WHERE looks.version = EXCLUDED.version - 1
