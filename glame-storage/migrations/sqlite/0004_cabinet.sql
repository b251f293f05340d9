-- The twin of the PostgreSQL migration: what the cabinet and the administrators' pages need.

-- kept_fields are the fields that `put_users` leaves as they are, as a sum: 1 full_name, 2 email,
-- 4 gender, 8 birth_date, 16 city, 32 phone, 64 card numbers. The first five are edited here; all of
-- them are kept, and empty, when the person was erased.
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN kept_fields INTEGER NOT NULL DEFAULT 0;
CREATE INDEX users_with_kept_fields ON users (user_id) WHERE kept_fields <> 0;
CREATE INDEX users_by_age ON users (created_at, user_id);

-- What was edited here, as JSON, with what the shop's base says underneath; and the tombstone.
CREATE TABLE customer_profiles (
    user_id   BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
    edits     TEXT NOT NULL,
    erased_at INTEGER,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;

-- By what customers, and none but them, are found. The texts are folded by the core; search_text is
-- person_text and card_text together. The position numbers the rows for the index of trigrams.
CREATE TABLE customer_search (
    user_id     BLOB    NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    position    INTEGER NOT NULL PRIMARY KEY,
    name_key    TEXT,
    city_key    TEXT,
    person_text TEXT    NOT NULL,
    card_text   TEXT    NOT NULL,
    search_text TEXT    NOT NULL
) STRICT;
CREATE INDEX customer_search_by_name ON customer_search (name_key, user_id)
    WHERE name_key IS NOT NULL;
CREATE INDEX customer_search_without_name ON customer_search (user_id) WHERE name_key IS NULL;
CREATE INDEX customer_search_by_city ON customer_search (city_key) WHERE city_key IS NOT NULL;

-- Which trigram stands in which row, and nothing else: the text itself is compared with what is found.
CREATE VIRTUAL TABLE customer_trigrams USING fts5 (
    search_text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER customer_search_added AFTER INSERT ON customer_search
BEGIN
    INSERT INTO customer_trigrams (rowid, search_text) VALUES (NEW.position, NEW.search_text);
END;
CREATE TRIGGER customer_search_removed AFTER DELETE ON customer_search
BEGIN
    INSERT INTO customer_trigrams (customer_trigrams, rowid, search_text)
    VALUES ('delete', OLD.position, OLD.search_text);
END;
CREATE TRIGGER customer_search_changed AFTER UPDATE ON customer_search
WHEN OLD.search_text <> NEW.search_text
BEGIN
    INSERT INTO customer_trigrams (customer_trigrams, rowid, search_text)
    VALUES ('delete', OLD.position, OLD.search_text);
    INSERT INTO customer_trigrams (rowid, search_text) VALUES (NEW.position, NEW.search_text);
END;

CREATE TABLE product_search (
    product     BLOB    NOT NULL UNIQUE REFERENCES products ON DELETE CASCADE,
    position    INTEGER NOT NULL PRIMARY KEY,
    name_key    TEXT    NOT NULL,
    search_text TEXT    NOT NULL
) STRICT;
CREATE INDEX product_search_by_name ON product_search (name_key, product);
CREATE VIRTUAL TABLE product_trigrams USING fts5 (
    search_text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER product_search_added AFTER INSERT ON product_search
BEGIN
    INSERT INTO product_trigrams (rowid, search_text) VALUES (NEW.position, NEW.search_text);
END;
CREATE TRIGGER product_search_removed AFTER DELETE ON product_search
BEGIN
    INSERT INTO product_trigrams (product_trigrams, rowid, search_text)
    VALUES ('delete', OLD.position, OLD.search_text);
END;
CREATE TRIGGER product_search_changed AFTER UPDATE ON product_search
WHEN OLD.search_text <> NEW.search_text
BEGIN
    INSERT INTO product_trigrams (product_trigrams, rowid, search_text)
    VALUES ('delete', OLD.position, OLD.search_text);
    INSERT INTO product_trigrams (rowid, search_text) VALUES (NEW.position, NEW.search_text);
END;

-- One index for each order of the list; a status is most often asked for by what was spent.
CREATE INDEX customer_metrics_by_spent ON customer_metrics (total_spent, user_id);
CREATE INDEX customer_metrics_by_purchases ON customer_metrics (total_purchases, user_id);
CREATE INDEX customer_metrics_by_last_purchase ON customer_metrics (last_purchase_at, user_id);
CREATE INDEX customer_metrics_by_status ON customer_metrics (status, total_spent, user_id);

CREATE TABLE consents (
    user_id      BLOB    NOT NULL REFERENCES users,
    sequence     INTEGER NOT NULL CHECK (sequence > 0),
    topic        TEXT    NOT NULL,
    decision     TEXT    NOT NULL,
    text_version TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    decided_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER consents_unchanged BEFORE UPDATE ON consents
BEGIN
    SELECT RAISE(ABORT, 'consents are only ever added to: write another decision instead');
END;
CREATE TRIGGER consents_stay BEFORE DELETE ON consents
BEGIN
    SELECT RAISE(ABORT, 'consents are only ever added to: write another decision instead');
END;
-- `INSERT OR REPLACE` deletes without asking the triggers above.
CREATE TRIGGER consents_not_replaced BEFORE INSERT ON consents
WHEN EXISTS (
    SELECT 1 FROM consents WHERE user_id = NEW.user_id AND sequence = NEW.sequence
)
BEGIN
    SELECT RAISE(ABORT, 'consents are only ever added to: write another decision instead');
END;

CREATE TABLE looks (
    look        BLOB    NOT NULL,
    title       TEXT    NOT NULL,
    description TEXT,
    products    TEXT    NOT NULL,
    tags        TEXT    NOT NULL,
    image_url   TEXT,
    origin      TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    changed_by  TEXT    NOT NULL,
    PRIMARY KEY (look)
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_by_age ON looks (created_at, look);

CREATE TABLE saved_looks (
    user_id      BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    saved_look   BLOB    NOT NULL,
    look         BLOB    NOT NULL REFERENCES looks,
    save_type    TEXT    NOT NULL,
    notes        TEXT,
    purchased_at INTEGER,
    saved_at     INTEGER NOT NULL,
    PRIMARY KEY (user_id, saved_look),
    UNIQUE (user_id, look)
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_looks_by_age ON saved_looks (user_id, saved_at, saved_look);
