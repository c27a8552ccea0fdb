-- What a line of keys and a terminal's keys must know after a crash.
ALTER TABLE keys ADD COLUMN offered TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN base BIGINT NOT NULL DEFAULT 0;
CREATE TABLE key_lines (
    id TEXT NOT NULL,
    link TEXT NOT NULL,
    key_type TEXT NOT NULL,
    direction TEXT NOT NULL,
    made BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    past TEXT NOT NULL,
    took TEXT NOT NULL,
    spurned TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE terminal_keys (
    id TEXT NOT NULL,
    made BIGINT NOT NULL,
    day TEXT NOT NULL,
    version BIGINT NOT NULL,
    check_value TEXT NOT NULL,
    cryptogram TEXT NOT NULL,
    given_version BIGINT NOT NULL,
    given_check_value TEXT NOT NULL,
    given_cryptogram TEXT NOT NULL,
    given_sent TEXT NOT NULL,
    previous_version BIGINT NOT NULL,
    previous_check_value TEXT NOT NULL,
    previous_cryptogram TEXT NOT NULL,
    previous_until_us BIGINT NOT NULL,
    PRIMARY KEY (id)
);
