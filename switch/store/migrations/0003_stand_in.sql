-- What the switch has approved in the place of issuers.
CREATE TABLE standin_cards (
    id TEXT NOT NULL,
    used_date TEXT NOT NULL,
    amount_used BIGINT NOT NULL,
    count_used BIGINT NOT NULL,
    pins_wrong BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE standin_bins (
    id TEXT NOT NULL,
    exposed BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE standin_approvals (
    id TEXT NOT NULL,
    prefix TEXT NOT NULL,
    card TEXT NOT NULL,
    used_date TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reason TEXT NOT NULL,
    approval TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (id)
);
