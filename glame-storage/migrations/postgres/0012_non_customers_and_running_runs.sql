-- Analyses leave staff and removed customers out; there are few of them, and they are read together.
CREATE INDEX users_non_customers ON users (user_id) WHERE role <> 'customer' OR removed;

-- A process that has ended leaves its runs behind; they are found however old they are.
CREATE INDEX sync_runs_running ON sync_runs (queued_at, run) WHERE status = 'running';
