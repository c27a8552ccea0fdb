-- A cryptogram of a chip is good once.
ALTER TABLE cards ADD COLUMN chip_counter BIGINT NOT NULL DEFAULT 0;
