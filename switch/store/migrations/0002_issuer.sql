ALTER TABLE cards ADD COLUMN pvki TEXT NOT NULL DEFAULT '1';
ALTER TABLE cards ADD COLUMN service_code TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN savings_id TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN current_id TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN credit_id TEXT NOT NULL DEFAULT '';
CREATE TABLE authorisations (
    id TEXT NOT NULL,
    card_id TEXT NOT NULL,
    original_id TEXT NOT NULL,
    business_date TEXT NOT NULL,
    amount BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX authorisations_card_id ON authorisations (card_id, business_date);
CREATE INDEX authorisations_original_id ON authorisations (original_id);
CREATE TABLE sale_names (
    id TEXT NOT NULL,
    authorisation_id TEXT NOT NULL,
    PRIMARY KEY (id)
);
