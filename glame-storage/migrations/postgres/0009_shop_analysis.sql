-- What the models and the calendar say of the whole shop: one document, the last one.
CREATE TABLE shop_analyses (
    shop_analysis SMALLINT    NOT NULL CHECK (shop_analysis = 1),
    computed_at   TIMESTAMPTZ NOT NULL,
    document      TEXT        NOT NULL,
    PRIMARY KEY (shop_analysis)
);
