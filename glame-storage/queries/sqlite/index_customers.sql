INSERT INTO customer_search (user_id, name_key, city_key, person_text, card_text, search_text)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, '', value ->> 3
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id) DO UPDATE SET
    name_key = EXCLUDED.name_key,
    city_key = EXCLUDED.city_key,
    person_text = EXCLUDED.person_text,
    search_text = EXCLUDED.person_text || customer_search.card_text
WHERE customer_search.name_key IS NOT EXCLUDED.name_key
   OR customer_search.city_key IS NOT EXCLUDED.city_key
   OR customer_search.person_text <> EXCLUDED.person_text
