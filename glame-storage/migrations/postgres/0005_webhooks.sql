-- What integrators are told. These tables are a queue: rows come with a change of a customer, are
-- read by time across all customers under row locks, and leave again after some weeks. They are not
-- distributed by user, and hold no user_id.

CREATE TABLE webhook_endpoints (
    endpoint             UUID        NOT NULL,
    url                  TEXT        NOT NULL,
    description          TEXT,
    -- A JSON list of names; without it, all.
    event_types          TEXT,
    secret               TEXT        NOT NULL,
    previous_secret      TEXT,
    previous_valid_until TIMESTAMPTZ,
    state                TEXT        NOT NULL,
    failing_since        TIMESTAMPTZ,
    version              BIGINT      NOT NULL CHECK (version > 0),
    created_at           TIMESTAMPTZ NOT NULL,
    updated_at           TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (endpoint),
    CHECK ((previous_secret IS NULL) = (previous_valid_until IS NULL))
);

-- The outbox. The payload is text, byte by byte as it is sent: signatures speak of it.
CREATE TABLE webhook_events (
    event       UUID        NOT NULL,
    event_type  TEXT        NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    payload     TEXT        NOT NULL,
    distributed BOOLEAN     NOT NULL,
    PRIMARY KEY (event)
);
CREATE INDEX webhook_events_new ON webhook_events (occurred_at, event) WHERE NOT distributed;
CREATE INDEX webhook_events_by_age ON webhook_events (occurred_at, event) WHERE distributed;

CREATE TABLE webhook_deliveries (
    endpoint        UUID        NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    event           UUID        NOT NULL REFERENCES webhook_events,
    event_type      TEXT        NOT NULL,
    state           TEXT        NOT NULL,
    attempts        BIGINT      NOT NULL CHECK (attempts >= 0),
    next_attempt_at TIMESTAMPTZ,
    last_attempt_at TIMESTAMPTZ,
    last_result     TEXT,
    created_at      TIMESTAMPTZ NOT NULL,
    claim           UUID,
    PRIMARY KEY (endpoint, event),
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, next_attempt_at, event)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (endpoint, created_at, event);
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (last_attempt_at, endpoint, event)
    WHERE state = 'dead';
CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (last_attempt_at)
    WHERE state = 'delivered';
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event);
