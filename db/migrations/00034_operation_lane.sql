-- +goose Up
-- The next operation that waits for a free lane of a module.
CREATE INDEX operation_module_queued_ix ON operation (module_id, id) WHERE status = 'queued';
