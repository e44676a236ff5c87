-- +goose Up

-- What stands beside a panel: IP managers and license servers that processing modules of older generations name in their
-- parameters.
CREATE TABLE companion (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CONSTRAINT companion_kind_ck CHECK (kind IN ('ip_manager', 'license_server')),
    name       text NOT NULL,
    url        text NOT NULL,
    username   text NOT NULL,
    password   bytea NOT NULL, -- sealed
    created_at timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    CONSTRAINT companion_name_uq UNIQUE (kind, name)
);
