-- Of a fee, what stands: a fee is given back once, with the last of what it was paid for.
ALTER TABLE authorisations ADD COLUMN fee BIGINT NOT NULL DEFAULT 0;
