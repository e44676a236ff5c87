-- +goose Up

-- Which bandwidth service carries which server's traffic, and when: half-open ranges. Only to_at may be set, once; a range
-- that was recorded wrongly is superseded by a corrected row and counts as nothing from then on.
CREATE TABLE traffic_link (
    client_id            uuid NOT NULL,
    id                   uuid NOT NULL,
    bandwidth_service_id uuid NOT NULL,
    server_service_id    uuid NOT NULL,
    from_at              timestamptz NOT NULL,
    to_at                timestamptz,
    made_by              text NOT NULL,
    ended_by             text,
    superseded_at        timestamptz,
    CONSTRAINT traffic_link_pk PRIMARY KEY (client_id, id),
    CONSTRAINT traffic_link_range_ck CHECK (to_at IS NULL OR to_at >= from_at)
);
CREATE UNIQUE INDEX traffic_link_server_uq ON traffic_link (client_id, server_service_id) WHERE to_at IS NULL AND superseded_at IS NULL;
CREATE INDEX traffic_link_bandwidth_ix ON traffic_link (client_id, bandwidth_service_id);
CREATE INDEX traffic_link_history_ix ON traffic_link (client_id, server_service_id, from_at);

-- The 24-hour block: everything one server used on one billing day. The owner is a cache of the ownership rule and is
-- written by the reassignment alone. Partitioned by month of the day; partitions are made ahead.
CREATE TABLE traffic_block (
    client_id            uuid NOT NULL,
    server_service_id    uuid NOT NULL,
    day                  date NOT NULL,
    owner_service_id     uuid NOT NULL,
    in_value             numeric,
    in_unit              text,
    out_value            numeric,
    out_unit             text,
    bandwidth_value      numeric,
    bandwidth_unit       text,
    burst_in_day_value   numeric,
    burst_in_day_unit    text,
    burst_out_day_value  numeric,
    burst_out_day_unit   text,
    power_value          numeric,
    power_unit           text,
    revision             integer NOT NULL DEFAULT 1,
    source               text NOT NULL CONSTRAINT traffic_block_source_ck CHECK (source IN ('collector', 'push', 'staff')),
    collected_at         timestamptz NOT NULL,
    CONSTRAINT traffic_block_pk PRIMARY KEY (client_id, server_service_id, day)
) PARTITION BY RANGE (day);
CREATE INDEX traffic_block_owner_ix ON traffic_block (client_id, owner_service_id, day);

-- Values that a later revision replaced. Append-only.
CREATE TABLE block_revision (
    client_id            uuid NOT NULL,
    server_service_id    uuid NOT NULL,
    day                  date NOT NULL,
    revision             integer NOT NULL,
    in_value             numeric,
    in_unit              text,
    out_value            numeric,
    out_unit             text,
    bandwidth_value      numeric,
    bandwidth_unit       text,
    burst_in_day_value   numeric,
    burst_in_day_unit    text,
    burst_out_day_value  numeric,
    burst_out_day_unit   text,
    power_value          numeric,
    power_unit           text,
    source               text NOT NULL,
    collected_at         timestamptz NOT NULL,
    replaced_at          timestamptz NOT NULL,
    CONSTRAINT block_revision_pk PRIMARY KEY (client_id, server_service_id, day, revision)
);
CREATE TRIGGER block_revision_append_only BEFORE UPDATE OR DELETE ON block_revision FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Every owner that is not the server at first storing, and every later change: one row per server and run of days
-- [first_day, last_day], both included. Append-only.
CREATE TABLE traffic_reassignment (
    client_id         uuid NOT NULL,
    id                uuid NOT NULL,
    server_service_id uuid NOT NULL,
    first_day         date NOT NULL,
    last_day          date NOT NULL,
    from_service_id   uuid NOT NULL,
    to_service_id     uuid NOT NULL,
    cause             text NOT NULL CONSTRAINT traffic_reassignment_cause_ck CHECK (cause IN ('opened', 'resumed', 'suspended', 'closed', 'linked', 'unlinked', 'late_block', 'server_closed', 'recomputed')),
    decided_at        timestamptz NOT NULL,
    actor             jsonb NOT NULL,  -- package traffic, type Decider
    CONSTRAINT traffic_reassignment_pk PRIMARY KEY (client_id, id),
    CONSTRAINT traffic_reassignment_days_ck CHECK (last_day >= first_day)
);
CREATE INDEX traffic_reassignment_server_ix ON traffic_reassignment (client_id, server_service_id, first_day);
CREATE INDEX traffic_reassignment_from_ix ON traffic_reassignment (client_id, from_service_id, first_day);
CREATE INDEX traffic_reassignment_to_ix ON traffic_reassignment (client_id, to_service_id, first_day);
CREATE TRIGGER traffic_reassignment_append_only BEFORE UPDATE OR DELETE ON traffic_reassignment FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A month whose overage must be recomputed, because usage, owners or prices changed. Several changes before the work is
-- done are one row: marks counts them, so that the worker sees a change that came while it was busy.
CREATE TABLE overage_due (
    id          uuid PRIMARY KEY,
    client_id   uuid NOT NULL,
    service_id  uuid NOT NULL,
    month       date NOT NULL,
    due_at      timestamptz NOT NULL,
    marks       bigint NOT NULL DEFAULT 1,
    claim_no    bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    CONSTRAINT overage_due_uq UNIQUE (service_id, month)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0); -- rows come and go by the thousand
CREATE INDEX overage_due_ix ON overage_due (due_at, client_id, id);

-- The months that closed: usage kept after the blocks are gone.
CREATE TABLE usage_month (
    client_id  uuid NOT NULL,
    service_id uuid NOT NULL,
    month      date NOT NULL,
    usage      jsonb NOT NULL,
    closed_at  timestamptz NOT NULL,
    CONSTRAINT usage_month_pk PRIMARY KEY (client_id, service_id, month)
);

-- The collecting of one module's statistics for one day.
CREATE TABLE collection (
    id          uuid PRIMARY KEY,
    module_id   uuid NOT NULL CONSTRAINT collection_module_fk REFERENCES processing_module ON DELETE CASCADE,
    day         date NOT NULL,
    status      text NOT NULL CONSTRAINT collection_status_ck CHECK (status IN ('due', 'done')),
    overwrite   boolean NOT NULL DEFAULT false,
    due_at      timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    expected    integer NOT NULL DEFAULT 0,
    got         integer NOT NULL DEFAULT 0,
    missing     integer NOT NULL DEFAULT 0,
    failed      integer NOT NULL DEFAULT 0,
    failures    jsonb NOT NULL DEFAULT '[]',  -- package traffic, type Failure
    claim_no    bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    created_at  timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT collection_uq UNIQUE (module_id, day)
);
CREATE INDEX collection_due_ix ON collection (due_at) WHERE status = 'due';

-- What POST /v1/statistics/collect started: the collections it covers.
CREATE TABLE collection_request (
    id         uuid PRIMARY KEY,
    day        date NOT NULL,
    module_id  uuid,                   -- null: every module that knows statistics
    module_ids uuid[] NOT NULL,
    overwrite  boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

-- When the daily statistics work plans the next collections: one row, written at the first start.
CREATE TABLE statistics_day (
    id             uuid PRIMARY KEY,
    only_row       boolean NOT NULL DEFAULT true CONSTRAINT statistics_day_one_uq UNIQUE CONSTRAINT statistics_day_one_ck CHECK (only_row),
    planned_through date NOT NULL,
    next_run_at    timestamptz NOT NULL,
    claim_no       bigint NOT NULL DEFAULT 0,
    lease_until    timestamptz
);

-- A recomputation of owners over stored days, done in lots of servers and resumable.
CREATE TABLE recomputation (
    id           uuid PRIMARY KEY,
    first_day    date NOT NULL,
    last_day     date NOT NULL,
    server_ids   uuid[],               -- null: all
    preview      boolean NOT NULL DEFAULT false,
    status       text NOT NULL CONSTRAINT recomputation_status_ck CHECK (status IN ('running', 'done')),
    after_client uuid,                 -- resume point
    after_server uuid,
    blocks       bigint NOT NULL DEFAULT 0,
    changed      bigint NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    actor        jsonb NOT NULL,
    claim_no     bigint NOT NULL DEFAULT 0,
    lease_until  timestamptz,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz
);
CREATE INDEX recomputation_due_ix ON recomputation (due_at) WHERE status = 'running';

-- A UUIDv7 for the rows that set-based statements make by themselves; its random part keeps rows of one instant apart.
-- +goose StatementBegin
CREATE FUNCTION new_row_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
            || '7' || substr(r, 14, 3) || '8' || substr(r, 18, 15))::uuid
    FROM (SELECT replace(gen_random_uuid()::text, '-', '') AS r) AS random
$$;
-- +goose StatementEnd
