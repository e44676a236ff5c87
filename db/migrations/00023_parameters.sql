-- +goose Up

-- A list of values that elements of product types choose from; the items stand in the order in which they are shown.
CREATE TABLE enumeration (
    code       text PRIMARY KEY CONSTRAINT enumeration_code_ck CHECK (code ~ '^[A-Za-z_][A-Za-z0-9_]*$'),
    name       text NOT NULL,
    items      jsonb NOT NULL DEFAULT '[]' CONSTRAINT enumeration_items_ck CHECK (jsonb_typeof(items) = 'array'),
    created_at timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);

ALTER TABLE product_type_add_on ADD CONSTRAINT product_type_add_on_enumeration_fk FOREIGN KEY (enumeration_code) REFERENCES enumeration;

-- What is asked of those who order: the values that a module needs to run the service. The values of a list are one document,
-- because they are read and replaced whole.
CREATE TABLE product_type_parameter (
    product_type text NOT NULL CONSTRAINT product_type_parameter_type_fk REFERENCES product_type ON DELETE CASCADE,
    code         text NOT NULL CONSTRAINT product_type_parameter_code_ck CHECK (code ~ '^[A-Za-z_][A-Za-z0-9_]*$'),
    name         text NOT NULL,
    input        text NOT NULL CONSTRAINT product_type_parameter_input_ck CHECK (input IN ('text', 'list', 'multi_list')),
    items        jsonb NOT NULL DEFAULT '[]' CONSTRAINT product_type_parameter_items_ck CHECK (jsonb_typeof(items) = 'array'),
    filled       boolean NOT NULL DEFAULT false,  -- the list had a value at some time
    required     boolean NOT NULL DEFAULT false,
    ask          text NOT NULL DEFAULT 'order' CONSTRAINT product_type_parameter_ask_ck CHECK (ask IN ('order', 'processing')),
    edit         text NOT NULL DEFAULT 'everyone' CONSTRAINT product_type_parameter_edit_ck CHECK (edit IN ('provider', 'everyone', 'until_processed')),
    all_tariffs  boolean NOT NULL DEFAULT true,
    validator    jsonb NOT NULL DEFAULT '{"kind": "none"}',
    builtin      boolean NOT NULL DEFAULT false,
    sort_order   integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    CONSTRAINT product_type_parameter_pk PRIMARY KEY (product_type, code)
);

INSERT INTO product_type_parameter (product_type, code, name, input, validator, builtin, sort_order, created_at)
SELECT t.code, p.code, p.name, p.input, p.validator::jsonb, true, p.n, now()
FROM (VALUES ('vds'), ('dedicated')) AS t (code),
     (VALUES ('os', 'Operating system', 'list', '{"kind": "none"}', 1),
             ('recipe', 'Script', 'list', '{"kind": "none"}', 2),
             ('domain', 'Domain', 'text', '{"kind": "domain"}', 3),
             ('hostname', 'Host name', 'text', '{"kind": "regexp", "pattern": "[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"}', 4)) AS p (code, name, input, validator, n);

-- Modules whose panels tell what they offer are asked again and again.
ALTER TABLE processing_module
    ADD COLUMN sync_at     timestamptz DEFAULT now(),  -- null: the panel has no catalogue
    ADD COLUMN synced_at   timestamptz,                -- the last success; null: whatever a list holds may be ordered of it
    ADD COLUMN claim_no    bigint NOT NULL DEFAULT 0,
    ADD COLUMN lease_until timestamptz;
ALTER TABLE processing_module ALTER COLUMN sync_at DROP DEFAULT;
CREATE INDEX processing_module_sync_ix ON processing_module (sync_at) WHERE sync_at IS NOT NULL AND enabled;
