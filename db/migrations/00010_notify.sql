-- +goose Up

-- Workers listen for new due work, so that it starts at once; they look every second as well, because a notice can be lost.
-- The argument of each trigger is the kind of work. Several notices of one transaction are sent as one.
-- +goose StatementBegin
CREATE FUNCTION notify_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tariffd_due', TG_ARGV[0]);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER operation_notify AFTER INSERT OR UPDATE OF next_attempt_at ON operation
    FOR EACH STATEMENT EXECUTE FUNCTION notify_due('operation');
CREATE TRIGGER overage_due_notify AFTER INSERT OR UPDATE OF due_at ON overage_due
    FOR EACH STATEMENT EXECUTE FUNCTION notify_due('overage');
CREATE TRIGGER collection_notify AFTER INSERT OR UPDATE OF due_at ON collection
    FOR EACH STATEMENT EXECUTE FUNCTION notify_due('collection');
CREATE TRIGGER recomputation_notify AFTER INSERT OR UPDATE OF due_at ON recomputation
    FOR EACH STATEMENT EXECUTE FUNCTION notify_due('recomputation');
