INSERT INTO users (
    user_id, role, customer_id_1c, full_name, phone, email, gender, birth_date, city,
    discount_card_number, removed, created_at, updated_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (user_id) DO NOTHING
