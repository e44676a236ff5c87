-- +goose Up

-- Groups sort tariffs and clients.
CREATE TABLE tariff_group (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    sort_order integer NOT NULL DEFAULT 1 CONSTRAINT tariff_group_sort_order_ck CHECK (sort_order >= 1),
    created_at timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);
ALTER TABLE tariff ADD COLUMN group_id uuid CONSTRAINT tariff_group_fk REFERENCES tariff_group;
CREATE INDEX tariff_group_ix ON tariff (group_id) WHERE group_id IS NOT NULL;

CREATE TABLE client_group (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    sort_order integer NOT NULL DEFAULT 1 CONSTRAINT client_group_sort_order_ck CHECK (sort_order >= 1),
    created_at timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);
ALTER TABLE client ADD COLUMN group_id uuid CONSTRAINT client_group_fk REFERENCES client_group;
CREATE INDEX client_group_ix ON client (group_id) WHERE group_id IS NOT NULL;

-- Where a provider is: a quote for nobody shows that country's tax (D25).
ALTER TABLE provider ADD COLUMN country text;

-- What part of a price is tax (D25). A rule without a region is the country's; both rates add up. The instant of a charge
-- finds the rule; what is booked keeps its tax.
CREATE TABLE tax_rule (
    id           uuid PRIMARY KEY,
    provider_id  uuid NOT NULL CONSTRAINT tax_rule_provider_fk REFERENCES provider,
    country      text,
    region       text,
    product_type text CONSTRAINT tax_rule_product_type_fk REFERENCES product_type,
    rate         numeric NOT NULL CONSTRAINT tax_rule_rate_ck CHECK (rate >= 0 AND rate <= 1),
    valid_from   date,
    valid_until  date,
    created_at   timestamptz NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    CONSTRAINT tax_rule_region_ck CHECK (region IS NULL OR country IS NOT NULL),
    CONSTRAINT tax_rule_days_ck CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until)
);
CREATE INDEX tax_rule_provider_ix ON tax_rule (provider_id, id);

-- Which tariff's trial a service was ordered as; it stays when the service renews or changes (D13).
ALTER TABLE service ADD COLUMN trial_tariff_id uuid CONSTRAINT service_trial_tariff_fk REFERENCES tariff;
UPDATE service SET trial_tariff_id = tariff_id WHERE period = 'trial';
CREATE INDEX service_trial_ix ON service (client_id) WHERE trial_tariff_id IS NOT NULL;

-- The picture of a data center, a PNG of at most 64 KiB.
CREATE TABLE data_center_image (
    data_center_id uuid PRIMARY KEY CONSTRAINT data_center_image_fk REFERENCES data_center ON DELETE CASCADE,
    png            bytea NOT NULL,
    hash           bytea NOT NULL
);

-- A client's wish to delete a service, to be confirmed with a code that went to its telephone. One is live for a service.
-- Of the code only a hash is kept.
CREATE TABLE deletion_challenge (
    id         uuid PRIMARY KEY,
    service_id uuid NOT NULL CONSTRAINT deletion_challenge_service_fk REFERENCES service,
    hash       bytea NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX deletion_challenge_live_uq ON deletion_challenge (service_id) WHERE ended_at IS NULL;
