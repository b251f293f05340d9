(
    SELECT users.user_id AS "user_id!", users.phone, card.number AS card_number,
           TRUE AS "by_card!", users.created_at AS "created_at!: Instant"
    FROM discount_cards AS card
    JOIN users ON users.user_id = card.user_id
    WHERE card.number = ANY($1) AND NOT card.removed
      AND users.role = 'customer' AND NOT users.removed
    ORDER BY users.created_at, users.user_id
    LIMIT $3
)
UNION ALL
(
    SELECT user_id, phone, discount_card_number, FALSE, created_at
    FROM users
    WHERE phone = $2 AND role = 'customer' AND NOT removed
    ORDER BY created_at, user_id
    LIMIT $3
)
