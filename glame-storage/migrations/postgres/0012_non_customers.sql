-- Analyses leave staff and removed customers out; there are few of them, and they are read together.
CREATE INDEX users_non_customers ON users (user_id) WHERE role <> 'customer' OR removed;
