-- What can be spent stands beside the account, with the instants between which it holds: a list of
-- customers adds up no lots. It speaks of the transaction whose number it tells; a server that knows
-- nothing of these columns leaves them behind, and what they say is not taken any more.
ALTER TABLE loyalty_accounts
    ADD COLUMN spendable          BIGINT CHECK (spendable >= 0),
    ADD COLUMN spendable_since    TIMESTAMPTZ,
    ADD COLUMN spendable_until    TIMESTAMPTZ,
    ADD COLUMN spendable_sequence BIGINT;
