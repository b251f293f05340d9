UPDATE customer_search AS found
SET card_text = held.numbers, search_text = found.person_text || held.numbers
FROM (
    SELECT given.user_id,
           COALESCE(group_concat('  ' || card.number, '' ORDER BY card.number), '') AS numbers
    FROM (SELECT DISTINCT unhex(value) AS user_id FROM json_each(?1)) AS given
    LEFT JOIN discount_cards AS card ON card.user_id = given.user_id
    GROUP BY given.user_id
) AS held
WHERE found.user_id = held.user_id AND found.card_text <> held.numbers
