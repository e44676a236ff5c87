-- +goose Up

-- What has a code instead of an id is listed in order of creation, too, and instants do not tell it: what migrations made has the
-- real time, while a sandbox's clock stands in another year, or still. What came with the program goes first.
ALTER TABLE unit ADD COLUMN made_no bigint;
UPDATE unit AS t SET made_no = n.no
FROM (SELECT code, row_number() OVER (ORDER BY builtin DESC, created_at, code) AS no FROM unit) AS n WHERE t.code = n.code;
ALTER TABLE unit ALTER COLUMN made_no SET NOT NULL, ALTER COLUMN made_no ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('unit', 'made_no'), (SELECT coalesce(max(made_no), 0) + 1 FROM unit), false);
CREATE UNIQUE INDEX unit_made_uq ON unit (made_no);

ALTER TABLE product_type ADD COLUMN made_no bigint;
UPDATE product_type AS t SET made_no = n.no
FROM (SELECT code, row_number() OVER (ORDER BY (builtin AND code <> 'dedicated_bandwidth') DESC, created_at, code) AS no FROM product_type) AS n WHERE t.code = n.code;
ALTER TABLE product_type ALTER COLUMN made_no SET NOT NULL, ALTER COLUMN made_no ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('product_type', 'made_no'), (SELECT coalesce(max(made_no), 0) + 1 FROM product_type), false);
CREATE UNIQUE INDEX product_type_made_uq ON product_type (made_no);

ALTER TABLE product_type_add_on ADD COLUMN made_no bigint;
UPDATE product_type_add_on AS t SET made_no = n.no
FROM (SELECT product_type, code, row_number() OVER (ORDER BY builtin DESC, created_at, product_type, code) AS no FROM product_type_add_on) AS n WHERE t.product_type = n.product_type AND t.code = n.code;
ALTER TABLE product_type_add_on ALTER COLUMN made_no SET NOT NULL, ALTER COLUMN made_no ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('product_type_add_on', 'made_no'), (SELECT coalesce(max(made_no), 0) + 1 FROM product_type_add_on), false);
CREATE UNIQUE INDEX product_type_add_on_made_uq ON product_type_add_on (product_type, made_no);

ALTER TABLE product_type_parameter ADD COLUMN made_no bigint;
UPDATE product_type_parameter AS t SET made_no = n.no
FROM (SELECT product_type, code, row_number() OVER (ORDER BY builtin DESC, created_at, product_type, code) AS no FROM product_type_parameter) AS n WHERE t.product_type = n.product_type AND t.code = n.code;
ALTER TABLE product_type_parameter ALTER COLUMN made_no SET NOT NULL, ALTER COLUMN made_no ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('product_type_parameter', 'made_no'), (SELECT coalesce(max(made_no), 0) + 1 FROM product_type_parameter), false);
CREATE UNIQUE INDEX product_type_parameter_made_uq ON product_type_parameter (product_type, made_no);

ALTER TABLE enumeration ADD COLUMN made_no bigint;
UPDATE enumeration AS t SET made_no = n.no
FROM (SELECT code, row_number() OVER (ORDER BY created_at, code) AS no FROM enumeration) AS n WHERE t.code = n.code;
ALTER TABLE enumeration ALTER COLUMN made_no SET NOT NULL, ALTER COLUMN made_no ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('enumeration', 'made_no'), (SELECT coalesce(max(made_no), 0) + 1 FROM enumeration), false);
CREATE UNIQUE INDEX enumeration_made_uq ON enumeration (made_no);

-- Lists and look-ups that came without an index of their own; each has its line in the test of plans.
CREATE INDEX service_address_ix ON service USING gin (addresses jsonb_path_ops) WHERE status <> 'deleted';
CREATE INDEX service_parameters_ix ON service USING gin (parameters jsonb_path_ops) WHERE status <> 'deleted';
CREATE INDEX service_data_center_ix ON service (data_center_id);
CREATE INDEX service_domain_ix ON service (domain, id) WHERE domain <> '';
CREATE INDEX service_object_ix ON service (external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX service_rare_status_ix ON service (status, id) WHERE status <> 'active' AND status <> 'deleted';
CREATE INDEX service_term_version_ix ON service_term (tariff_version, client_id, service_id) WHERE item = '' AND source = 'tariff';
CREATE INDEX operation_module_ix ON operation (module_id, id);
CREATE INDEX operation_failed_ix ON operation (status, id) WHERE status = 'failed' OR status = 'cancelled';
CREATE INDEX task_service_ix ON task (service_id, id);
CREATE INDEX task_module_ix ON task (module_id, id);
CREATE INDEX task_department_operation_ix ON task (department_id, operation_id) WHERE operation_id IS NOT NULL;
