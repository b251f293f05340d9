-- Another process goes on with a job whose own has ended: the lease names the job and says what it
-- is to do. A job without a task is one that a person waits for, and nobody goes on with it.
-- Whoever holds the lease while this is done loses it, and stops at its next page.
DROP TABLE sync_lease;

-- One row while somebody holds the lease, or has left a job behind; none otherwise.
CREATE TABLE sync_lease (
    lease         INTEGER NOT NULL CHECK (lease = 1),
    token         BLOB    NOT NULL,
    job           BLOB    NOT NULL,
    task          TEXT,
    owner         TEXT    NOT NULL,
    expires_at    INTEGER NOT NULL,
    cancel_wanted INTEGER NOT NULL CHECK (cancel_wanted IN (0, 1)),
    PRIMARY KEY (lease)
) STRICT;
