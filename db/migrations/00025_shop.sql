-- +goose Up

-- One number tells whether anything of the catalogue has changed: whoever read a part of it after reading the number may
-- believe it as long as the number is the same. It is a row and no sequence, because a sequence is raised before what it
-- stands for can be seen. Writers of the catalogue follow each other on it, which they may: they are people.
CREATE TABLE catalog_version (
    single boolean PRIMARY KEY DEFAULT true CONSTRAINT catalog_version_one_ck CHECK (single),
    number bigint NOT NULL DEFAULT 1
);
INSERT INTO catalog_version DEFAULT VALUES;

-- +goose StatementBegin
CREATE FUNCTION raise_catalog_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_version SET number = number + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Everything that an order form or a price is made of.
-- +goose StatementBegin
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['provider', 'data_center', 'unit', 'product_type', 'product_type_add_on', 'product_type_parameter',
        'enumeration', 'enumeration_item', 'tariff', 'tariff_version', 'tariff_group', 'tax_rule', 'data_center_icon'] LOOP
        IF to_regclass('public.' || name) IS NOT NULL THEN
            EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version()',
                name || '_catalog_version', name);
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd

-- A module's health is noted all the time and is nothing that is sold.
CREATE TRIGGER processing_module_catalog_version
    AFTER INSERT OR DELETE OR UPDATE OF driver, product_type, name, data_center_id, sort_order, enabled, connection, secrets, parameters
    ON processing_module FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();

-- What an open takes from a panel's stock: the sort of object, from when it is sold; and the step at which the panel was known
-- to hold it, so that an answer about what is free which was asked for at a later step no longer counts it.
CREATE SEQUENCE stock_step;
ALTER TABLE operation ADD COLUMN stock_key text, ADD COLUMN taken_step bigint;
CREATE INDEX operation_stock_sold_ix ON operation (module_id) WHERE stock_key IS NOT NULL AND taken_step IS NULL
    AND status IN ('queued', 'running', 'waiting', 'manual');
CREATE INDEX operation_stock_taken_ix ON operation (module_id, taken_step) WHERE stock_key IS NOT NULL;
