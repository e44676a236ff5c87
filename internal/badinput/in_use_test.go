package badinput

import (
	"net/http"
	"testing"
)

// TestWhatIsNotInUseGoes is for the one thing that every town uses.
func TestWhatIsNotInUseGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin.post("/v1/integration-modules/dedicated_bandwidth/install", nil).is(http.StatusOK)
	w.admin.must("DELETE", "/v1/integration-modules/dedicated_bandwidth/install", nil).is(http.StatusOK, http.StatusNoContent)
}
