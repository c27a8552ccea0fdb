-- Times are microseconds since 1970 UTC; amounts are minor units; every id is made by the switch.
CREATE TABLE journal (
    id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    business_date TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    link TEXT NOT NULL,
    direction TEXT NOT NULL,
    mti TEXT NOT NULL,
    pan TEXT NOT NULL,
    response_code TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX journal_business_date ON journal (business_date, link);
CREATE INDEX journal_transaction_id ON journal (transaction_id);
CREATE TABLE transactions (
    id TEXT NOT NULL,
    position TEXT NOT NULL,
    stage TEXT NOT NULL,
    business_date TEXT NOT NULL,
    link TEXT NOT NULL,
    transmitted TEXT NOT NULL,
    stan TEXT NOT NULL,
    acquirer TEXT NOT NULL,
    reference TEXT NOT NULL,
    terminal TEXT NOT NULL,
    pan TEXT NOT NULL,
    service TEXT NOT NULL,
    amount BIGINT NOT NULL,
    amount_reversed BIGINT NOT NULL,
    currency TEXT NOT NULL,
    issuer_link TEXT NOT NULL,
    reversal BYTES NOT NULL,
    original_id TEXT NOT NULL,
    approval TEXT NOT NULL,
    response_code TEXT NOT NULL,
    answer BYTES NOT NULL,
    delivery TEXT NOT NULL,
    owner TEXT NOT NULL,
    arrived_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX transactions_link ON transactions (link, terminal, stan);
CREATE INDEX transactions_stage ON transactions (stage, position);
CREATE TABLE store_and_forward (
    id TEXT NOT NULL,
    position TEXT NOT NULL,
    link TEXT NOT NULL,
    original_id TEXT NOT NULL,
    mti TEXT NOT NULL,
    body BYTES NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    queued_us BIGINT NOT NULL,
    response_code TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX store_and_forward_link ON store_and_forward (link, state, position);
CREATE INDEX store_and_forward_original_id ON store_and_forward (original_id);
CREATE TABLE keys (
    id TEXT NOT NULL,
    link TEXT NOT NULL,
    key_type TEXT NOT NULL,
    direction TEXT NOT NULL,
    slot BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    cryptogram TEXT NOT NULL,
    check_value TEXT NOT NULL,
    uses BIGINT NOT NULL,
    since_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE accounts (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    limited BIGINT NOT NULL,
    credit_limit BIGINT NOT NULL,
    debits_pending BIGINT NOT NULL,
    debits_posted BIGINT NOT NULL,
    credits_pending BIGINT NOT NULL,
    credits_posted BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE postings (
    id TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    state TEXT NOT NULL,
    ended_by TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX postings_credit ON postings (credit);
CREATE INDEX postings_debit ON postings (debit);
CREATE INDEX postings_ended_by ON postings (ended_by);
CREATE TABLE cards (
    id TEXT NOT NULL,
    pan TEXT NOT NULL,
    account_id TEXT NOT NULL,
    status TEXT NOT NULL,
    expires TEXT NOT NULL,
    tries_left BIGINT NOT NULL,
    pin_check TEXT NOT NULL,
    amount_limit BIGINT NOT NULL,
    count_limit BIGINT NOT NULL,
    used_date TEXT NOT NULL,
    amount_used BIGINT NOT NULL,
    count_used BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE business_days (
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    opened_us BIGINT NOT NULL,
    closed_us BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE exceptions (
    id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    transaction_id TEXT NOT NULL,
    link TEXT NOT NULL,
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX exceptions_state ON exceptions (state, at_us);
CREATE TABLE leases (
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    term BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE eras (
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);
