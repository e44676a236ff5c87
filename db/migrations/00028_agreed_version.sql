-- +goose Up

-- The version that a service was sold by stays: an edit that rewrites one which nobody has agreed to (its number changes) and an
-- order or a renewal by it at the same moment meet here, and whoever comes second begins anew.
ALTER TABLE service ADD CONSTRAINT service_tariff_version_fk FOREIGN KEY (tariff_id, tariff_version) REFERENCES tariff_version;
CREATE INDEX service_tariff_version_ix ON service (tariff_id, tariff_version);
DROP INDEX service_tariff_ix;
