-- +goose Up

-- The sandbox's clock for one transaction: locked, then read, in one round trip. As a volatile function of several statements
-- it reads with a snapshot that is younger than the lock, which a single statement would not.
-- +goose StatementBegin
CREATE FUNCTION sandbox_now() RETURNS TABLE (mode text, now_at timestamptz, moved_at timestamptz) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1413829446, 1);
    RETURN QUERY SELECT c.mode, c.now_at, c.moved_at FROM sandbox_clock c;
END $$;
-- +goose StatementEnd
