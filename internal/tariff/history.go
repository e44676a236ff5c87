package tariff

import (
	"encoding/json"
	"fmt"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
)

// Revision is one line of a tariff's history.
type Revision struct {
	event.Entry
	Number  int    // the version that it made
	Verb    string // created, updated, deleted
	AddOn   string // empty: the tariff itself
	Changes []catalog.FieldChange
}

// RevisionOf reads a line of a tariff's history out of its audit row.
func RevisionOf(e event.Entry) (Revision, error) {
	var s snapshot
	if err := json.Unmarshal(e.Detail, &s); err != nil {
		return Revision{}, fmt.Errorf("read audit row %s: %w", e.ID, err)
	}
	return Revision{Entry: e, Number: s.Version, Verb: s.Action, AddOn: s.AddOn, Changes: s.Changes}, nil
}
