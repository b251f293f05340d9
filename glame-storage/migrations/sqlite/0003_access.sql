-- The twin of the PostgreSQL schema: sign-in and access.
-- Nothing here lets anybody in who has stolen it: tokens are kept as SHA-256 of 256 random bits,
-- passwords as argon2id, codes and whom they are for as HMAC under a secret that is not in the
-- database.

-- One row for each member of staff; role, name and age of the member are in users. No foreign key:
-- both rows are written in one work, and a member is never deleted.
CREATE TABLE staff_members (
    member               BLOB    NOT NULL,
    email                TEXT    NOT NULL,
    password_hash        TEXT    NOT NULL,
    password_changed_at  INTEGER NOT NULL,
    must_change_password INTEGER NOT NULL,
    disabled             INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    PRIMARY KEY (member),
    UNIQUE (email)
) STRICT, WITHOUT ROWID;

-- Found by the user, who is named in the token, and then by the hash: a user has few sessions.
CREATE TABLE sessions (
    user_id      BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
    session      BLOB    NOT NULL,
    token_hash   BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    user_agent   TEXT,
    PRIMARY KEY (user_id, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- The last code of each card or phone that one was asked for, whether anybody is known by it or not.
CREATE TABLE one_time_codes (
    subject    BLOB    NOT NULL,
    code_hash  BLOB    NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_codes_by_end ON one_time_codes (expires_at);

-- How often something was tried: one window for each bucket.
CREATE TABLE attempt_windows (
    bucket   BLOB    NOT NULL,
    attempts INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL,
    PRIMARY KEY (bucket)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_windows_by_end ON attempt_windows (ends_at);

-- Who did what to whom. An entry speaks of two users, of one or of none, and is read by time: it is
-- the one large table that is not found by user first.
CREATE TABLE audit_log (
    entry      BLOB    NOT NULL,
    at         INTEGER NOT NULL,
    actor      BLOB,
    actor_role TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    subject    BLOB,
    details    TEXT    NOT NULL,
    request_id TEXT,
    address    BLOB,
    PRIMARY KEY (entry)
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at, entry);
CREATE INDEX audit_log_by_actor ON audit_log (actor, at, entry) WHERE actor IS NOT NULL;
CREATE INDEX audit_log_by_subject ON audit_log (subject, at, entry) WHERE subject IS NOT NULL;
CREATE INDEX audit_log_by_action ON audit_log (action, at, entry);

CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
CREATE TRIGGER audit_log_stays BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
-- `INSERT OR REPLACE` deletes without asking the triggers above.
CREATE TRIGGER audit_log_not_replaced BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE entry = NEW.entry)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
