package httpapi

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/postgres"
)

// What a transaction records is there for its own next statement, and after its end whatever came last.
func TestARecordIsWrittenWhateverFollows(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMoney)
	ctx := context.Background()
	about := event.About{Subject: "thing", SubjectID: actor.NewID()}
	record := func(tx *postgres.Tx, action string) {
		require.NoError(t, event.Record(ctx, tx, actor.Program("test"), about, action, action, obj{}))
	}
	err := r.db.InTx(ctx, func(tx *postgres.Tx) error {
		record(tx, "thing.first")
		record(tx, "thing.second")
		_, err := tx.UnitsAll(ctx)
		require.NoError(t, err)
		record(tx, "thing.last")
		return nil
	})
	require.NoError(t, err)
	for _, table := range []string{"audit WHERE action", "event WHERE type"} {
		require.Equal(t, 3, r.count(`SELECT count(*) FROM `+table+` LIKE 'thing.%'`))
	}
	require.Error(t, r.db.InTx(ctx, func(tx *postgres.Tx) error {
		record(tx, "thing.undone")
		return context.Canceled
	}))
	require.Zero(t, r.count(`SELECT count(*) FROM event WHERE type = 'thing.undone'`))
}
