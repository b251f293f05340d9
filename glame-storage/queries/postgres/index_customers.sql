INSERT INTO customer_search (user_id, name_key, city_key, person_text, card_text, search_text)
SELECT given.user_id, given.name_key, given.city_key, given.person_text, '', given.person_text
FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[])
     AS given (user_id, name_key, city_key, person_text)
ON CONFLICT (user_id) DO UPDATE SET
    name_key = EXCLUDED.name_key,
    city_key = EXCLUDED.city_key,
    person_text = EXCLUDED.person_text,
    search_text = EXCLUDED.person_text || customer_search.card_text
WHERE (customer_search.name_key, customer_search.city_key, customer_search.person_text)
      IS DISTINCT FROM (EXCLUDED.name_key, EXCLUDED.city_key, EXCLUDED.person_text)
