-- +goose Up

-- Until which day a provider's prices were with tax, or without, before that changed: what a day cost goes by its own day (D25).
-- A day that has several changes has one row, of the first.
CREATE TABLE provider_tax_switch (
    provider_id        uuid    NOT NULL CONSTRAINT provider_tax_switch_provider_fk REFERENCES provider ON DELETE CASCADE,
    until_day          date    NOT NULL, -- the first day of the new way
    prices_include_tax boolean NOT NULL, -- as it was until then
    CONSTRAINT provider_tax_switch_pk PRIMARY KEY (provider_id, until_day)
);
