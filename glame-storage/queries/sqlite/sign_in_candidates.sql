SELECT user_id AS "user_id!: uuid::Uuid", phone, card_number, by_card AS "by_card!: bool",
       created_at AS "created_at!: Instant"
FROM (
    SELECT users.user_id, users.phone, card.number AS card_number, TRUE AS by_card,
           users.created_at
    FROM discount_cards AS card
    JOIN users ON users.user_id = card.user_id
    WHERE card.number IN (SELECT value FROM json_each(?1)) AND NOT card.removed
      AND users.role = 'customer' AND NOT users.removed
    ORDER BY users.created_at, users.user_id
    LIMIT ?3
)
UNION ALL
SELECT user_id, phone, card_number, by_card, created_at
FROM (
    SELECT user_id, phone, discount_card_number AS card_number, FALSE AS by_card, created_at
    FROM users
    WHERE phone = ?2 AND role = 'customer' AND NOT removed
    ORDER BY created_at, user_id
    LIMIT ?3
)
