-- +goose Up

-- A UUIDv7 for the rows that migrations make themselves; n keeps several rows of one millisecond in order.
-- +goose StatementBegin
CREATE FUNCTION migration_id(n integer) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 3, '0') || '8'
            || substr(md5(random()::text), 1, 15))::uuid
$$;
-- +goose StatementEnd

INSERT INTO provider (id, name, currency, created_at) VALUES (migration_id(1), 'Default', 'EUR', now());
INSERT INTO department (id, name, created_at) VALUES (migration_id(1), 'Sales', now()), (migration_id(2), 'Technical support', now());

INSERT INTO unit (code, name, smaller_unit, ratio, builtin, created_at) VALUES
    ('B', 'Byte', NULL, NULL, true, now()),
    ('KiB', 'Kibibyte', 'B', 1024, true, now()),
    ('MiB', 'Mebibyte', 'KiB', 1024, true, now()),
    ('GiB', 'Gibibyte', 'MiB', 1024, true, now()),
    ('TiB', 'Tebibyte', 'GiB', 1024, true, now()),
    ('Mbit/s', 'Megabit per second', NULL, NULL, true, now()),
    ('W', 'Watt', NULL, NULL, true, now()),
    ('piece', 'Piece', NULL, NULL, true, now()),
    ('second', 'Second', NULL, NULL, true, now()),
    ('hour', 'Hour', 'second', 3600, true, now());

INSERT INTO product_type (code, name, builtin, sort_order, periods, created_at)
SELECT code, name, true, n, '{trial,one_time,P1D,P1M,P3M,P6M,P1Y,P2Y,P3Y}', now()
FROM (VALUES ('vds', 'VPS', 1), ('dedicated', 'Dedicated server', 2), ('colocation', 'Colocation', 3)) AS t (code, name, n);

-- The content of the built-in types; bandwidth's own type comes with its integration module.
INSERT INTO product_type_add_on (product_type, code, name, value_type, unit, statistics_params, builtin, sort_order, created_at)
SELECT t.code, a.code, a.name, a.value_type, a.unit, a.params::text[], true, a.n, now()
FROM (VALUES ('dedicated'), ('colocation')) AS t (code),
     (VALUES ('ram', 'RAM', 'integer', 'GiB', '{}', 1),
             ('os', 'Operating system', 'enumeration', NULL, '{}', 2),
             ('name_server', 'Name server', 'enumeration', NULL, '{}', 3),
             ('control_panel', 'Control panel', 'enumeration', NULL, '{}', 4),
             ('port_speed', 'Port speed', 'integer', 'Mbit/s', '{}', 5),
             ('traffic', 'Traffic', 'integer', 'GiB', '{in,out}', 6),
             ('in', 'Incoming bandwidth', 'integer', 'GiB', '{in}', 7),
             ('out', 'Outgoing bandwidth', 'integer', 'GiB', '{out}', 8),
             ('bandwidth', 'Total bandwidth', 'integer', 'GiB', '{in,out}', 9),
             ('burst_in_day', 'Burstable in', 'integer', 'Mbit/s', '{burst_in_day}', 10),
             ('burst_out_day', 'Burstable out', 'integer', 'Mbit/s', '{burst_out_day}', 11),
             ('power', 'Power', 'integer', 'W', '{power}', 12),
             ('ipv4_public', 'Public IPv4 addresses', 'integer', 'piece', '{}', 13),
             ('ipv4_private', 'Private IPv4 addresses', 'integer', 'piece', '{}', 14),
             ('ipv6', 'IPv6 addresses', 'integer', 'piece', '{}', 15)) AS a (code, name, value_type, unit, params, n);

INSERT INTO product_type_add_on (product_type, code, name, value_type, unit, statistics_params, builtin, sort_order, created_at)
SELECT 'vds', a.code, a.name, a.value_type, a.unit, a.params::text[], true, a.n, now()
FROM (VALUES ('cpu', 'CPU', 'integer', 'piece', '{}', 1),
             ('ram', 'RAM', 'integer', 'GiB', '{}', 2),
             ('disk', 'Disk', 'integer', 'GiB', '{}', 3),
             ('ipv4', 'IPv4 addresses', 'integer', 'piece', '{}', 4),
             ('ipv6', 'IPv6 addresses', 'integer', 'piece', '{}', 5),
             ('traffic', 'Traffic', 'integer', 'GiB', '{in,out}', 6),
             ('in', 'Incoming bandwidth', 'integer', 'GiB', '{in}', 7),
             ('out', 'Outgoing bandwidth', 'integer', 'GiB', '{out}', 8),
             ('port_speed', 'Port speed', 'integer', 'Mbit/s', '{}', 9),
             ('control_panel', 'Control panel', 'enumeration', NULL, '{}', 10)) AS a (code, name, value_type, unit, params, n);

-- One partition of the 24-hour blocks: the month of the given day. Made ahead of the first block of a month.
-- +goose StatementBegin
CREATE FUNCTION make_block_partition(of_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', of_day)::date;
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF traffic_block FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 80)',
                   'traffic_block_' || to_char(first, 'YYYYMM'), first, (first + interval '1 month')::date);
END $$;
-- +goose StatementEnd
