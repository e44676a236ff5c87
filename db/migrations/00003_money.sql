-- +goose Up

-- The balances of a client's accounts: `balance` (what can be spent) and `held` (paid orders not yet active).
-- Revenue, cash and tax are summed from postings, so that no row is hot.
CREATE TABLE account (
    client_id uuid NOT NULL,
    kind      text NOT NULL CONSTRAINT account_kind_ck CHECK (kind IN ('balance', 'held')),
    currency  text NOT NULL,
    amount    numeric NOT NULL DEFAULT 0,
    CONSTRAINT account_pk PRIMARY KEY (client_id, kind)
) WITH (fillfactor = 70); -- room on the page, so that a new amount needs no new index entry

-- A posting moves a positive amount from one account to another: an imbalance cannot be written. A cause posts once per
-- revision and leg. Append-only.
CREATE TABLE posting (
    client_id    uuid NOT NULL,
    id           uuid NOT NULL,
    at           timestamptz NOT NULL,
    kind         text NOT NULL,
    from_account text NOT NULL CONSTRAINT posting_from_ck CHECK (from_account IN ('cash', 'balance', 'held', 'revenue', 'tax')),
    to_account   text NOT NULL CONSTRAINT posting_to_ck CHECK (to_account IN ('cash', 'balance', 'held', 'revenue', 'tax')),
    amount       numeric NOT NULL CONSTRAINT posting_amount_ck CHECK (amount > 0),
    currency     text NOT NULL,
    cause_kind   text NOT NULL,
    cause_id     uuid NOT NULL,
    revision     integer NOT NULL DEFAULT 0,
    reverses     uuid,
    balance_after numeric,
    refs         jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT posting_pk PRIMARY KEY (client_id, id),
    CONSTRAINT posting_sides_ck CHECK (from_account <> to_account),
    CONSTRAINT posting_cause_uq UNIQUE (client_id, cause_kind, cause_id, revision, from_account, to_account)
);
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- An expense line: what the client paid for. Append-only; a correction is a further line that names what it reverses.
CREATE TABLE expense (
    client_id    uuid NOT NULL,
    id           uuid NOT NULL,
    service_id   uuid NOT NULL,
    kind         text NOT NULL CONSTRAINT expense_kind_ck CHECK (kind IN ('period', 'setup', 'add_on', 'overage', 'refund', 'correction')),
    date         date NOT NULL,
    period_start timestamptz,
    period_end   timestamptz,
    amount       numeric NOT NULL,
    tax          numeric NOT NULL DEFAULT 0,
    currency     text NOT NULL,
    quantity     numeric,
    unit         text,
    unit_price   numeric,
    add_on       text,
    for_day      date,
    reverses     uuid,
    charge_id    uuid NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT expense_pk PRIMARY KEY (client_id, id),
    CONSTRAINT expense_overage_ck CHECK (kind <> 'overage' OR (for_day IS NOT NULL AND add_on IS NOT NULL))
);
CREATE UNIQUE INDEX expense_corrected_once_uq ON expense (client_id, reverses) WHERE kind = 'correction';
CREATE INDEX expense_service_ix ON expense (client_id, service_id, id);
CREATE INDEX expense_overage_ix ON expense (client_id, service_id, add_on, for_day) WHERE for_day IS NOT NULL;
CREATE INDEX expense_list_ix ON expense (id);
CREATE INDEX expense_charge_ix ON expense (client_id, charge_id);
CREATE TRIGGER expense_append_only BEFORE UPDATE OR DELETE ON expense FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What was told about the use of a statistics add-on, once per period (D16): the month, or the day where it is billed by day.
CREATE TABLE overage_notice (
    client_id  uuid NOT NULL,
    service_id uuid NOT NULL,
    add_on     text NOT NULL,
    period     date NOT NULL,          -- its first day
    notice     text NOT NULL CONSTRAINT overage_notice_ck CHECK (notice IN ('threshold_80', 'threshold_100', 'started')),
    told_at    timestamptz NOT NULL,
    CONSTRAINT overage_notice_pk PRIMARY KEY (client_id, service_id, add_on, period, notice)
);

-- Like the other tables of money without foreign keys: clients are never removed, and the check of each payment would lock
-- its provider's one row.
CREATE TABLE payment (
    id          uuid PRIMARY KEY,
    client_id   uuid NOT NULL,
    provider_id uuid NOT NULL,
    amount      numeric NOT NULL CONSTRAINT payment_amount_ck CHECK (amount > 0),
    refunded    numeric NOT NULL DEFAULT 0,
    currency    text NOT NULL,
    method      text NOT NULL,
    external_id text,
    order_id    uuid,
    status      text NOT NULL CONSTRAINT payment_status_ck CHECK (status IN ('new', 'paid', 'refunded', 'failed', 'fraud')),
    paid_at     timestamptz,
    created_at  timestamptz NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT payment_refund_ck CHECK (refunded >= 0 AND refunded <= amount)
);
CREATE UNIQUE INDEX payment_external_id_uq ON payment (provider_id, method, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX payment_client_ix ON payment (client_id, id);
CREATE INDEX payment_provider_ix ON payment (provider_id, id);
