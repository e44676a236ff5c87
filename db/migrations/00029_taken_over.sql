-- +goose Up

-- A service that was taken over from its panel has no order.
ALTER TABLE service ALTER COLUMN order_id DROP NOT NULL;

-- A comparison with the panel is an operation too, over as soon as it is written.
ALTER TABLE operation DROP CONSTRAINT operation_kind_ck;
ALTER TABLE operation ADD CONSTRAINT operation_kind_ck
    CHECK (kind IN ('open', 'suspend', 'resume', 'close', 'set_params', 'renew', 'reboot', 'reinstall', 'sync'));
