package lifecycle_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// setUpByPeople is a bought service whose set-up is people's.
func (r *rig) setUpByPeople() service.ID {
	r.Helper()
	id := r.Buy(r.Client("60"), 1).Items[0].ServiceID
	r.Work()
	return id
}

func (r *rig) closed(id service.ID, ref provision.Ref) error {
	_, err := r.Lifecycle.CloseTask(context.Background(), admin, r.Task(id).ID, lifecycle.CloseTaskInput{Result: "done", ExternalID: ref})
	return err
}

func TestWhatPeopleSetUpMustBeInThePanelD24(t *testing.T) {
	r := newRig(t)
	r.panel.modes[provision.Open] = provision.ModeManual
	id := r.setUpByPeople()
	for _, found := range []provision.Found{{}, {Exists: true, Ref: "8"}} {
		r.panel.found = found
		err := r.closed(id, "7")
		r.Refuses("machine_not_found", err)
		require.Equal(r, fault.Invalid, fault.Of(err).Kind)
		require.Equal(r, "/external_id", fault.Of(err).Fields[0].Pointer)
		require.Equal(r, service.Processing, r.service(id).Status)
	}
	r.panel.found = provision.Found{Exists: true, Ref: "7"}
	require.NoError(r, r.closed(id, "7"))
	require.Equal(r, service.Active, r.service(id).Status)

	silent := r.setUpByPeople()
	r.panel.found, r.panel.deaf = provision.Found{}, provision.NewUnavailable(nil, "No answer.")
	require.NoError(r, r.closed(silent, "9"), "a panel that is away keeps nobody from their work")
	require.Equal(r, service.Active, r.service(silent).Status)
}

func TestOneObjectOfAPanelIsSoldOnceByWhicheverModule(t *testing.T) {
	r := newRig(t)
	r.panel.does(func(string, provision.Op) (provision.Outcome, error) {
		return provision.Outcome{State: provision.Manual, Text: "By hand."}, nil
	})
	url := json.RawMessage(`{"url": "http://panel"}`)
	r.EditModule(module.Change{Connection: url})
	first := r.setUpByPeople()
	require.NoError(r, r.closed(first, "7"))
	two := r.NewModule("two", module.Change{Connection: url})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{two}})
	second := r.setUpByPeople()
	err := r.closed(second, "7")
	r.Refuses("already_exists", err)
	require.Equal(r, "/external_id", fault.Of(err).Fields[0].Pointer)
	require.NoError(r, r.closed(second, "8"))
}
