-- +goose Up
-- A task whose operation was sent to the panel again, or is wanted no more, was not refused by anybody: each ends in its own way.
ALTER TABLE task DROP CONSTRAINT task_result_ck;
UPDATE task SET result = 'retried' WHERE result = 'refused' AND note = 'The operation was sent to the module again.';
UPDATE task SET result = 'cancelled'
WHERE result = 'refused' AND note IN ('The order was cancelled.', 'The service was suspended before.', 'The service was deleted.');
ALTER TABLE task ADD CONSTRAINT task_result_ck CHECK (result IN ('done', 'refused', 'retried', 'cancelled'));
