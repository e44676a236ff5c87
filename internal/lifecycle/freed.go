package lifecycle

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
)

// ResumeFreed is what follows when money became free otherwise than by a payment, such as by a refund or a raised credit limit: what
// was suspended for money resumes, as far as it goes. It is run by the due loop with its claim.
func (e *Engine) ResumeFreed(ctx context.Context, id actor.ClientID, claimNo int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		if err := tx.HoldResumption(ctx, id, claimNo); err != nil {
			return err
		}
		c, err := tx.LockClient(ctx, id)
		if err != nil {
			return err
		}
		if err = e.MoneyArrived(ctx, tx, actor.Program("money_freed"), c, ""); err != nil {
			return err
		}
		return tx.EndResumption(ctx, id)
	})
}
