-- +goose Up

CREATE TABLE client_order (
    id          uuid PRIMARY KEY,
    client_id   uuid NOT NULL CONSTRAINT client_order_client_fk REFERENCES client,
    provider_id uuid NOT NULL CONSTRAINT client_order_provider_fk REFERENCES provider,
    status      text NOT NULL CONSTRAINT client_order_status_ck CHECK (status IN ('awaiting_payment', 'paid', 'completed', 'partially_completed', 'failed', 'cancelled', 'expired')),
    pay         text NOT NULL CONSTRAINT client_order_pay_ck CHECK (pay IN ('balance', 'later')),
    total       numeric NOT NULL,
    tax         numeric NOT NULL DEFAULT 0,
    currency    text NOT NULL,
    expires_at  timestamptz,           -- while awaiting payment
    paid_at     timestamptz,
    claim_no    bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    created_at  timestamptz NOT NULL,
    version     bigint NOT NULL DEFAULT 1
);
CREATE INDEX client_order_client_ix ON client_order (client_id, id);
CREATE INDEX client_order_provider_ix ON client_order (provider_id, id);
CREATE INDEX client_order_due_ix ON client_order (expires_at) WHERE status = 'awaiting_payment';

-- The sold thing. Whole on the coordinator; never changes its client.
CREATE TABLE service (
    id              uuid PRIMARY KEY,
    client_id       uuid NOT NULL CONSTRAINT service_client_fk REFERENCES client,
    provider_id     uuid NOT NULL CONSTRAINT service_provider_fk REFERENCES provider,
    order_id        uuid NOT NULL CONSTRAINT service_order_fk REFERENCES client_order,
    position        integer NOT NULL,          -- which item of the order
    status          text NOT NULL CONSTRAINT service_status_ck CHECK (status IN ('ordered', 'processing', 'active', 'suspended', 'deleted')),
    suspend_reasons text[] NOT NULL DEFAULT '{}',
    name            text NOT NULL DEFAULT '',
    note            text NOT NULL DEFAULT '',
    product_type    text NOT NULL CONSTRAINT service_type_fk REFERENCES product_type,
    tariff_id       uuid NOT NULL CONSTRAINT service_tariff_fk REFERENCES tariff,
    tariff_version  integer NOT NULL,
    period          text NOT NULL,
    currency        text NOT NULL,
    data_center_id  uuid CONSTRAINT service_data_center_fk REFERENCES data_center,
    module_id       uuid CONSTRAINT service_module_fk REFERENCES processing_module,
    external_id     text,
    domain          text NOT NULL DEFAULT '',
    addresses       jsonb NOT NULL DEFAULT '[]',
    add_ons         jsonb NOT NULL DEFAULT '{}',   -- the client's selection: code → value
    parameters      jsonb NOT NULL DEFAULT '{}',
    quote           jsonb NOT NULL,                -- the lines that the order was sold by (package pricing)
    secrets         bytea,                         -- the machine's credentials, sealed
    started_at      timestamptz,
    anchor          jsonb,                         -- civil day and time that periods hang on (D2)
    period_start    timestamptz,
    paid_until      timestamptz,
    auto_renew      boolean NOT NULL DEFAULT true,
    delete_at       timestamptz,                   -- a scheduled deletion
    suspended_at    timestamptz,                   -- since when, while suspended
    unpaid_since    timestamptz,                   -- since when for money, while suspended for it (D12)
    claim_no        bigint NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    created_at      timestamptz NOT NULL,
    deleted_at      timestamptz,
    version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT service_suspended_ck CHECK ((status = 'suspended') <= (cardinality(suspend_reasons) > 0))
);
CREATE INDEX service_client_ix ON service (client_id, id);
CREATE INDEX service_provider_ix ON service (provider_id, id);
CREATE INDEX service_order_ix ON service (order_id);
CREATE INDEX service_tariff_ix ON service (tariff_id);
CREATE INDEX service_module_ix ON service (module_id, external_id);
CREATE UNIQUE INDEX service_external_id_uq ON service (module_id, external_id) WHERE external_id IS NOT NULL AND status <> 'deleted';
CREATE INDEX service_deletion_ix ON service (delete_at) WHERE delete_at IS NOT NULL AND status IN ('active', 'suspended');
CREATE INDEX service_renewal_ix ON service (client_id, paid_until) WHERE status IN ('active', 'suspended');

-- What was agreed when: one row per item (the tariff itself is item '') and source. Staff and bandwidth rows are special
-- prices and lie over the tariff's row while they last. Only to_at may ever be set, once.
CREATE TABLE service_term (
    client_id            uuid NOT NULL,
    id                   uuid NOT NULL,
    service_id           uuid NOT NULL,
    item                 text NOT NULL,
    source               text NOT NULL CONSTRAINT service_term_source_ck CHECK (source IN ('tariff', 'staff', 'bandwidth')),
    from_at              timestamptz NOT NULL,
    to_at                timestamptz,
    tariff_version       integer,
    term                 jsonb NOT NULL,           -- package service, type Term
    period               text NOT NULL DEFAULT '', -- special prices: '' is every period
    bandwidth_service_id uuid,
    CONSTRAINT service_term_pk PRIMARY KEY (client_id, id),
    CONSTRAINT service_term_range_ck CHECK (to_at IS NULL OR to_at >= from_at)
);
CREATE UNIQUE INDEX service_term_base_uq ON service_term (client_id, service_id, item) WHERE to_at IS NULL AND source = 'tariff';
CREATE UNIQUE INDEX service_term_special_uq ON service_term (client_id, service_id, item, period) WHERE to_at IS NULL AND source <> 'tariff';
CREATE INDEX service_term_service_ix ON service_term (client_id, service_id, from_at);

-- When a service was active: half-open ranges.
CREATE TABLE service_activity (
    client_id  uuid NOT NULL,
    service_id uuid NOT NULL,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz,
    cause      text NOT NULL,
    end_cause  text,
    CONSTRAINT service_activity_pk PRIMARY KEY (client_id, service_id, from_at),
    CONSTRAINT service_activity_range_ck CHECK (to_at IS NULL OR to_at >= from_at)
);
CREATE UNIQUE INDEX service_activity_open_uq ON service_activity (client_id, service_id) WHERE to_at IS NULL;

-- One thing being done to a service by its module. next_attempt_at is business time; lease_until is real time.
CREATE TABLE operation (
    id               uuid PRIMARY KEY,
    client_id        uuid NOT NULL CONSTRAINT operation_client_fk REFERENCES client,
    service_id       uuid NOT NULL CONSTRAINT operation_service_fk REFERENCES service,
    kind             text NOT NULL CONSTRAINT operation_kind_ck CHECK (kind IN ('open', 'suspend', 'resume', 'close', 'set_params', 'renew', 'reboot', 'reinstall')),
    status           text NOT NULL CONSTRAINT operation_status_ck CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'manual', 'cancelled')),
    payload          jsonb NOT NULL DEFAULT '{}',  -- what the kind needs: reasons, parameters (package operation, type Payload)
    memo             jsonb NOT NULL DEFAULT '{}',  -- what the module asked to remember
    begun            boolean NOT NULL DEFAULT false,
    attempts         integer NOT NULL DEFAULT 0,
    max_attempts     integer NOT NULL DEFAULT 10,
    next_attempt_at  timestamptz,
    pending_since    timestamptz,
    module_id        uuid CONSTRAINT operation_module_fk REFERENCES processing_module,
    tried_module_ids uuid[] NOT NULL DEFAULT '{}',
    error_code       text,
    error_text       text,
    log              jsonb NOT NULL DEFAULT '[]',
    task_id          uuid,
    actor            jsonb NOT NULL,               -- who asked for it
    claim_no         bigint NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    created_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    version          bigint NOT NULL DEFAULT 1,
    CONSTRAINT operation_finished_ck CHECK ((finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled')))
);
CREATE INDEX operation_due_ix ON operation (next_attempt_at) WHERE status IN ('queued', 'running', 'waiting');
CREATE UNIQUE INDEX operation_live_uq ON operation (service_id, kind) WHERE status IN ('queued', 'running', 'waiting', 'manual');
CREATE INDEX operation_service_ix ON operation (service_id, id);
CREATE INDEX operation_client_ix ON operation (client_id, id);
CREATE INDEX operation_module_live_ix ON operation (module_id) WHERE status IN ('running', 'waiting');

CREATE TABLE task (
    id            uuid PRIMARY KEY,
    client_id     uuid CONSTRAINT task_client_fk REFERENCES client,
    department_id uuid CONSTRAINT task_department_fk REFERENCES department,
    kind          text NOT NULL CONSTRAINT task_kind_ck CHECK (kind IN ('set_up', 'change_parameters', 'delete', 'enable', 'disable', 'other')),
    service_id    uuid CONSTRAINT task_service_fk REFERENCES service,
    operation_id  uuid CONSTRAINT task_operation_fk REFERENCES operation,
    module_id     uuid CONSTRAINT task_module_fk REFERENCES processing_module,
    status        text NOT NULL CONSTRAINT task_status_ck CHECK (status IN ('open', 'in_work', 'closed')),
    reason        text NOT NULL,
    error         text,
    taken_by      text,
    result        text CONSTRAINT task_result_ck CHECK (result IN ('done', 'refused')),
    note          text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    closed_at     timestamptz,
    version       bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX task_open_uq ON task (service_id, kind) WHERE status <> 'closed';
CREATE INDEX task_department_ix ON task (department_id, id);
