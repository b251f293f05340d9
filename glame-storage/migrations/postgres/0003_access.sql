-- Sign-in and access. Nothing here lets anybody in who has stolen it: tokens are kept as SHA-256 of
-- 256 random bits, passwords as argon2id, codes and whom they are for as HMAC under a secret that is
-- not in the database.

-- One row for each member of staff; role, name and age of the member are in users. The table is
-- small and known to everybody, so that an address is unique over all of it. No foreign key: both
-- rows are written in one work, and a member is never deleted.
CREATE TABLE staff_members (
    member               UUID        NOT NULL,
    email                TEXT        NOT NULL,
    password_hash        TEXT        NOT NULL,
    password_changed_at  TIMESTAMPTZ NOT NULL,
    must_change_password BOOLEAN     NOT NULL,
    disabled             BOOLEAN     NOT NULL,
    version              BIGINT      NOT NULL,
    PRIMARY KEY (member),
    UNIQUE (email)
);

-- Found by the user, who is named in the token, and then by the hash: a user has few sessions.
CREATE TABLE sessions (
    user_id      UUID        NOT NULL REFERENCES users ON DELETE CASCADE,
    session      UUID        NOT NULL,
    token_hash   BYTEA       NOT NULL,
    kind         TEXT        NOT NULL,
    role         TEXT        NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL,
    revoked_at   TIMESTAMPTZ,
    user_agent   TEXT,
    PRIMARY KEY (user_id, session)
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- The last code of each card or phone that one was asked for, whether anybody is known by it or not.
CREATE TABLE one_time_codes (
    subject    BYTEA       NOT NULL,
    code_hash  BYTEA       NOT NULL,
    issued_at  TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    tries      BIGINT      NOT NULL,
    used_at    TIMESTAMPTZ,
    PRIMARY KEY (subject)
);
CREATE INDEX one_time_codes_by_end ON one_time_codes (expires_at);

-- How often something was tried: one window for each bucket.
CREATE TABLE attempt_windows (
    bucket   BYTEA       NOT NULL,
    attempts BIGINT      NOT NULL,
    ends_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (bucket)
) WITH (fillfactor = 80);
CREATE INDEX attempt_windows_by_end ON attempt_windows (ends_at);

-- Who did what to whom. An entry speaks of two users, of one or of none, and is read by time: it is
-- the one large table that is not found by user first.
CREATE TABLE audit_log (
    entry      UUID        NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    actor      UUID,
    actor_role TEXT        NOT NULL,
    action     TEXT        NOT NULL,
    subject    UUID,
    details    TEXT        NOT NULL,
    request_id TEXT,
    address    BYTEA,
    PRIMARY KEY (entry)
);
CREATE INDEX audit_log_by_time ON audit_log (at, entry);
CREATE INDEX audit_log_by_actor ON audit_log (actor, at, entry) WHERE actor IS NOT NULL;
CREATE INDEX audit_log_by_subject ON audit_log (subject, at, entry) WHERE subject IS NOT NULL;
CREATE INDEX audit_log_by_action ON audit_log (action, at, entry);

CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_log_stays
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();
