UPDATE customer_search AS found
SET card_text = held.numbers, search_text = found.person_text || held.numbers
FROM (
    SELECT given.user_id,
           COALESCE(string_agg('  ' || card.number, '' ORDER BY card.number), '') AS numbers
    FROM (SELECT DISTINCT user_id FROM UNNEST($1::uuid[]) AS touched (user_id)) AS given
    LEFT JOIN discount_cards AS card USING (user_id)
    GROUP BY given.user_id
) AS held
WHERE found.user_id = held.user_id AND found.card_text <> held.numbers
