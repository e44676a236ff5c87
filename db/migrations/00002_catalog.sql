-- +goose Up

CREATE TABLE unit (
    code         text PRIMARY KEY,
    name         text NOT NULL,
    smaller_unit text CONSTRAINT unit_smaller_fk REFERENCES unit,
    ratio        numeric CONSTRAINT unit_ratio_ck CHECK (ratio > 0),
    builtin      boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    CONSTRAINT unit_chain_ck CHECK ((smaller_unit IS NULL) = (ratio IS NULL))
);

CREATE TABLE product_type (
    code                   text PRIMARY KEY CONSTRAINT product_type_code_ck CHECK (code ~ '^[A-Za-z_][A-Za-z0-9_]*$'),
    name                   text NOT NULL,
    builtin                boolean NOT NULL DEFAULT false,
    sort_order             integer NOT NULL DEFAULT 1,
    trial_policy           text NOT NULL DEFAULT 'one_per_product_type' CONSTRAINT product_type_trial_ck CHECK (trial_policy IN ('one_per_product_type', 'one_per_tariff_group', 'one_per_tariff', 'every_service')),
    expense_split          text NOT NULL DEFAULT 'none' CONSTRAINT product_type_split_ck CHECK (expense_split IN ('none', 'from_first_of_month', 'from_start_day')),
    no_weekend_suspension  boolean NOT NULL DEFAULT false,
    auto_delete_after_days integer CONSTRAINT product_type_auto_delete_ck CHECK (auto_delete_after_days >= 0),
    client_deletion        text NOT NULL DEFAULT 'allowed' CONSTRAINT product_type_deletion_ck CHECK (client_deletion IN ('allowed', 'forbidden', 'verified_phone')),
    client_deletion_time   text NOT NULL DEFAULT 'immediately' CONSTRAINT product_type_deletion_time_ck CHECK (client_deletion_time IN ('immediately', 'end_of_period')),
    periods                text[] NOT NULL,
    order_page             jsonb NOT NULL DEFAULT '{}',
    created_at             timestamptz NOT NULL,
    version                bigint NOT NULL DEFAULT 1
);

-- The content of a product type: what its tariffs may include, sell or measure.
CREATE TABLE product_type_add_on (
    product_type      text NOT NULL CONSTRAINT product_type_add_on_type_fk REFERENCES product_type ON DELETE CASCADE,
    code              text NOT NULL CONSTRAINT product_type_add_on_code_ck CHECK (code ~ '^[A-Za-z_][A-Za-z0-9_]*$'),
    name              text NOT NULL,
    value_type        text NOT NULL CONSTRAINT product_type_add_on_value_ck CHECK (value_type IN ('integer', 'boolean', 'enumeration')),
    unit              text CONSTRAINT product_type_add_on_unit_fk REFERENCES unit,
    enumeration_code  text,
    statistics_params text[] NOT NULL DEFAULT '{}',
    builtin           boolean NOT NULL DEFAULT false,
    sort_order        integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    version           bigint NOT NULL DEFAULT 1,
    CONSTRAINT product_type_add_on_pk PRIMARY KEY (product_type, code)
);

CREATE TABLE integration_module (
    name         text PRIMARY KEY,
    installed_at timestamptz NOT NULL
);

CREATE TABLE processing_module (
    id                uuid PRIMARY KEY,
    driver            text NOT NULL,
    product_type      text NOT NULL CONSTRAINT processing_module_type_fk REFERENCES product_type,
    name              text NOT NULL,
    data_center_id    uuid CONSTRAINT processing_module_data_center_fk REFERENCES data_center,
    department_id     uuid CONSTRAINT processing_module_department_fk REFERENCES department,
    sort_order        integer NOT NULL DEFAULT 1,
    enabled           boolean NOT NULL DEFAULT true,
    connection        jsonb NOT NULL DEFAULT '{}',   -- what may be read back
    secrets           bytea,                         -- the writeOnly members of the connection, sealed
    secret_names      text[] NOT NULL DEFAULT '{}',  -- which members those are
    parameters        jsonb NOT NULL DEFAULT '{}',
    queue_enabled     boolean NOT NULL DEFAULT false,
    queue_key         text NOT NULL DEFAULT '',
    queue_workers     integer NOT NULL DEFAULT 1 CONSTRAINT processing_module_workers_ck CHECK (queue_workers >= 1),
    max_running_opens integer NOT NULL DEFAULT 2 CONSTRAINT processing_module_opens_ck CHECK (max_running_opens >= 0),
    health_status     text NOT NULL DEFAULT 'unknown' CONSTRAINT processing_module_health_ck CHECK (health_status IN ('unknown', 'ok', 'failing')),
    health_checked_at timestamptz,
    health_error      text,
    created_at        timestamptz NOT NULL,
    version           bigint NOT NULL DEFAULT 1
);
CREATE INDEX processing_module_data_center_ix ON processing_module (data_center_id);

-- A problem of a module: ends with the next success, a good check, or after one hour.
CREATE TABLE module_problem (
    id        uuid PRIMARY KEY,
    module_id uuid NOT NULL CONSTRAINT module_problem_module_fk REFERENCES processing_module ON DELETE CASCADE,
    kind      text NOT NULL,
    text      text NOT NULL,
    at        timestamptz NOT NULL,
    ended_at  timestamptz
);
CREATE INDEX module_problem_open_ix ON module_problem (module_id) WHERE ended_at IS NULL;

-- A tariff's identity. What it sells stands in its immutable versions.
CREATE TABLE tariff (
    id              uuid PRIMARY KEY,
    provider_id     uuid NOT NULL CONSTRAINT tariff_provider_fk REFERENCES provider,
    product_type    text NOT NULL CONSTRAINT tariff_type_fk REFERENCES product_type,
    code            text NOT NULL,
    name            text NOT NULL,
    status          text NOT NULL CONSTRAINT tariff_status_ck CHECK (status IN ('draft', 'active', 'archived')),
    data_center_ids uuid[] NOT NULL DEFAULT '{}',
    module_ids      uuid[] NOT NULL DEFAULT '{}',
    current_version integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT tariff_code_uq UNIQUE (provider_id, code)
);
CREATE INDEX tariff_data_centers_ix ON tariff USING gin (data_center_ids);
CREATE INDEX tariff_modules_ix ON tariff USING gin (module_ids);
CREATE INDEX tariff_list_ix ON tariff (provider_id, id);

-- One immutable version of a tariff: the whole offer as one document (package catalog, type Offer).
CREATE TABLE tariff_version (
    tariff_id  uuid NOT NULL CONSTRAINT tariff_version_tariff_fk REFERENCES tariff ON DELETE CASCADE,
    number     integer NOT NULL,
    offer      jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT tariff_version_pk PRIMARY KEY (tariff_id, number)
);
