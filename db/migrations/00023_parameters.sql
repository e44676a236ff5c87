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
