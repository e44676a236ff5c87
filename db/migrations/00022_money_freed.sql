-- +goose Up

-- When what waits for a client's money is to be looked at again, because some became free otherwise than by a payment.
ALTER TABLE client ADD COLUMN resume_at timestamptz;
CREATE INDEX client_resume_ix ON client (resume_at) WHERE resume_at IS NOT NULL;
CREATE TRIGGER client_resume_notify AFTER UPDATE OF resume_at ON client
    FOR EACH STATEMENT EXECUTE FUNCTION notify_due('resumption');
