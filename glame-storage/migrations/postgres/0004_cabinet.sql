-- What the cabinet and the administrators' pages need: lists and search, edits, looks, consents and
-- erasure.

-- kept_fields are the fields that `put_users` leaves as they are, as a sum: 1 full_name, 2 email,
-- 4 gender, 8 birth_date, 16 city, 32 phone, 64 card numbers. The first five are edited here; all of
-- them are kept, and empty, when the person was erased.
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN kept_fields SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX users_with_kept_fields ON users (user_id) WHERE kept_fields <> 0;
CREATE INDEX users_by_age ON users (created_at, user_id);

-- What was edited here, as JSON, with what the shop's base says underneath; and the tombstone.
CREATE TABLE customer_profiles (
    user_id   UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    edits     TEXT NOT NULL,
    erased_at TIMESTAMPTZ,
    PRIMARY KEY (user_id)
);

-- By what customers, and none but them, are found. The texts are folded by the core; search_text is
-- person_text and card_text together. The position numbers the rows, as SQLite's index of words needs.
CREATE TABLE customer_search (
    user_id     UUID   NOT NULL REFERENCES users ON DELETE CASCADE,
    position    BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    name_key    TEXT   COLLATE "C",
    city_key    TEXT   COLLATE "C",
    person_text TEXT   NOT NULL COLLATE "C",
    card_text   TEXT   NOT NULL COLLATE "C",
    search_text TEXT   NOT NULL COLLATE "C",
    PRIMARY KEY (user_id)
);
CREATE INDEX customer_search_by_name ON customer_search (name_key, user_id)
    WHERE name_key IS NOT NULL;
CREATE INDEX customer_search_without_name ON customer_search (user_id) WHERE name_key IS NULL;
CREATE INDEX customer_search_by_city ON customer_search (city_key) WHERE city_key IS NOT NULL;

-- Every three neighbouring characters of a text. Unlike those of pg_trgm they do not depend on the
-- locale of the database, which may take no Cyrillic letter for one. It is dear to call, so that
-- whatever else is asked of a row is asked first.
CREATE FUNCTION search_trigrams(search_text TEXT) RETURNS TEXT[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT ARRAY(
        SELECT DISTINCT substr(search_text, start, 3) COLLATE "C"
        FROM generate_series(1, char_length(search_text) - 2) AS start
    )
$$;
CREATE INDEX customer_search_by_trigram ON customer_search
    USING gin (search_trigrams(search_text));

CREATE TABLE product_search (
    product     UUID   NOT NULL REFERENCES products ON DELETE CASCADE,
    position    BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    name_key    TEXT   NOT NULL COLLATE "C",
    search_text TEXT   NOT NULL COLLATE "C",
    PRIMARY KEY (product)
);
CREATE INDEX product_search_by_name ON product_search (name_key, product);
CREATE INDEX product_search_by_trigram ON product_search
    USING gin (search_trigrams(search_text));

-- One index for each order of the list; a status is most often asked for by what was spent.
CREATE INDEX customer_metrics_by_spent ON customer_metrics (total_spent, user_id);
CREATE INDEX customer_metrics_by_purchases ON customer_metrics (total_purchases, user_id);
CREATE INDEX customer_metrics_by_last_purchase ON customer_metrics (last_purchase_at, user_id);
CREATE INDEX customer_metrics_by_status ON customer_metrics (status, total_spent, user_id);

CREATE TABLE consents (
    user_id      UUID        NOT NULL REFERENCES users,
    sequence     BIGINT      NOT NULL CHECK (sequence > 0),
    topic        TEXT        NOT NULL,
    decision     TEXT        NOT NULL,
    text_version TEXT        NOT NULL,
    source       TEXT        NOT NULL,
    actor        TEXT        NOT NULL,
    decided_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, sequence)
);
CREATE FUNCTION refuse_to_change_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'consents are only ever added to: write another decision instead'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER consents_unchanged
    BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_consents();

CREATE TABLE looks (
    look        UUID        NOT NULL,
    title       TEXT        NOT NULL,
    description TEXT,
    products    TEXT        NOT NULL,
    tags        TEXT        NOT NULL,
    image_url   TEXT,
    origin      TEXT        NOT NULL,
    status      TEXT        NOT NULL,
    version     BIGINT      NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    changed_by  TEXT        NOT NULL,
    PRIMARY KEY (look)
);
CREATE INDEX looks_by_age ON looks (created_at, look);

CREATE TABLE saved_looks (
    user_id      UUID        NOT NULL REFERENCES users ON DELETE CASCADE,
    saved_look   UUID        NOT NULL,
    look         UUID        NOT NULL REFERENCES looks,
    save_type    TEXT        NOT NULL,
    notes        TEXT,
    purchased_at TIMESTAMPTZ,
    saved_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, saved_look),
    UNIQUE (user_id, look)
);
CREATE INDEX saved_looks_by_age ON saved_looks (user_id, saved_at, saved_look);
