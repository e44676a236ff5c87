-- +goose Up

-- What this installation is: one row, written at the first start.
CREATE TABLE installation (
    only_row       boolean PRIMARY KEY DEFAULT true CONSTRAINT installation_one_ck CHECK (only_row),
    billing_zone   text NOT NULL,
    created_at     timestamptz NOT NULL
);

-- The sandbox's movable clock, the clock of all processes. now_at is where it was moved to; a running clock goes on from
-- there with the real time that has passed since moved_at.
CREATE TABLE sandbox_clock (
    only_row  boolean PRIMARY KEY DEFAULT true CONSTRAINT sandbox_clock_one_ck CHECK (only_row),
    mode      text NOT NULL CONSTRAINT sandbox_clock_mode_ck CHECK (mode IN ('running', 'frozen')),
    now_at    timestamptz NOT NULL,
    moved_at  timestamptz NOT NULL
);

CREATE TABLE provider (
    id                 uuid PRIMARY KEY,
    name               text NOT NULL CONSTRAINT provider_name_uq UNIQUE,
    currency           text NOT NULL,
    site               text NOT NULL DEFAULT '',
    billing_url        text NOT NULL DEFAULT '',
    prices_include_tax boolean NOT NULL DEFAULT true,
    created_at         timestamptz NOT NULL,
    version            bigint NOT NULL DEFAULT 1
);

CREATE TABLE department (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    email      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);

CREATE TABLE data_center (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    external_id  text NOT NULL DEFAULT '',
    sort_order   integer NOT NULL DEFAULT 1 CONSTRAINT data_center_sort_order_ck CHECK (sort_order >= 1),
    icon_kind    text NOT NULL DEFAULT 'none' CONSTRAINT data_center_icon_kind_ck CHECK (icon_kind IN ('none', 'flag', 'image')),
    icon_country text,
    created_at   timestamptz NOT NULL,
    version      bigint NOT NULL DEFAULT 1
);

-- A client: whole on the coordinator, claimed by the daily run through next_run_at, which is the instant at which the day
-- after billed_through becomes billable.
CREATE TABLE client (
    id                  uuid PRIMARY KEY,
    provider_id         uuid NOT NULL CONSTRAINT client_provider_fk REFERENCES provider,
    email               text NOT NULL,
    name                text NOT NULL DEFAULT '',
    country             text,
    region              text,
    username            text NOT NULL DEFAULT '',
    phone               text NOT NULL DEFAULT '',
    phone_verified      boolean NOT NULL DEFAULT false,
    time_zone           text,
    status              text NOT NULL DEFAULT 'active' CONSTRAINT client_status_ck CHECK (status IN ('active', 'blocked')),
    settlement_mode     text NOT NULL DEFAULT 'prepaid' CONSTRAINT client_settlement_ck CHECK (settlement_mode IN ('prepaid', 'credit_limit', 'postpaid')),
    settlement_limit    numeric NOT NULL DEFAULT 0 CONSTRAINT client_limit_ck CHECK (settlement_limit >= 0),
    billed_through      date NOT NULL,
    next_run_at         timestamptz NOT NULL,
    parked_reason       text,
    claim_no            bigint NOT NULL DEFAULT 0,
    lease_until         timestamptz,
    created_at          timestamptz NOT NULL,
    version             bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX client_email_uq ON client (provider_id, lower(email));
CREATE INDEX client_due_ix ON client (next_run_at);
CREATE INDEX client_list_ix ON client (provider_id, id);

CREATE TABLE api_key (
    id              uuid PRIMARY KEY,
    name            text NOT NULL DEFAULT '',
    hash            bytea NOT NULL CONSTRAINT api_key_hash_uq UNIQUE,
    prefix          text NOT NULL,
    role            text NOT NULL CONSTRAINT api_key_role_ck CHECK (role IN ('admin', 'storefront', 'client')),
    provider_id     uuid CONSTRAINT api_key_provider_fk REFERENCES provider,
    client_id       uuid CONSTRAINT api_key_client_fk REFERENCES client,
    scopes          text[] NOT NULL DEFAULT '{}',
    allowed_ips     text[] NOT NULL DEFAULT '{}',
    rate_limit      integer CONSTRAINT api_key_rate_limit_ck CHECK (rate_limit > 0),
    expires_at      timestamptz,
    last_used_at    timestamptz,
    revoked_at      timestamptz,
    created_at      timestamptz NOT NULL,
    version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT api_key_scope_ck CHECK ((role = 'admin') = (provider_id IS NULL) AND (role = 'client') = (client_id IS NOT NULL))
);
CREATE INDEX api_key_provider_ix ON api_key (provider_id, id);

-- The stored answers of requests that carried an Idempotency-Key; created_at is real time, kept 48 hours.
CREATE TABLE idempotency_key (
    principal   text NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer NOT NULL,
    header      jsonb NOT NULL,
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_key_pk PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_key_age_ix ON idempotency_key (created_at);

-- The feed. seq is given after commit by one leader at a time, so that a reader by cursor never misses a late commit.
-- client_id is the nil UUID for what concerns staff only.
CREATE TABLE event (
    client_id   uuid NOT NULL,
    id          uuid NOT NULL,
    seq         bigint,
    provider_id uuid,
    audience    text NOT NULL CONSTRAINT event_audience_ck CHECK (audience IN ('client', 'provider', 'staff')),
    type        text NOT NULL,
    at          timestamptz NOT NULL,
    data        jsonb NOT NULL,
    refs        jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT event_pk PRIMARY KEY (client_id, id)
);
CREATE INDEX event_unnumbered_ix ON event (id) WHERE seq IS NULL;
CREATE INDEX event_seq_ix ON event (seq) WHERE seq IS NOT NULL;
CREATE INDEX event_client_ix ON event (client_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX event_provider_ix ON event (provider_id, seq) WHERE seq IS NOT NULL;

-- Who did what to which object, from where. Append-only.
CREATE TABLE audit (
    client_id  uuid NOT NULL,
    id         uuid NOT NULL,
    at         timestamptz NOT NULL,
    action     text NOT NULL,
    subject    text NOT NULL,
    subject_id text NOT NULL,
    actor_role text NOT NULL,
    actor_key  uuid,
    actor_client uuid,
    cause      text NOT NULL DEFAULT '',
    address    text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    detail     jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_pk PRIMARY KEY (client_id, id)
);
CREATE INDEX audit_subject_ix ON audit (client_id, subject, subject_id, id);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
