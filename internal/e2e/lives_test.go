package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLives sells by every driver and does to the service whatever can be done to it, from the order to the end; what the panel
// holds is looked at after each step.
func TestLives(t *testing.T) { //nolint:tparallel // they share one installation and its clock
	t.Parallel()
	l := newMarket(t)
	for _, tr := range trades() {
		t.Run(tr.name, func(t *testing.T) {
			s := &sale{life: l.in(t), trade: tr}
			s.begin()
			for _, step := range lifetime {
				s.take(step)
				if step.name == "open" {
					s.handedOver()
				}
			}
		})
	}
	l.ledgerAgrees()
	l.verified()
}

// newMarket is an installation with a client that has money, where nothing is sold yet.
func newMarket(t testing.TB, extra ...string) *life {
	t.Helper()
	l := &life{world: newWorld(t, extra...)}
	l.provider = l.admin.get("/v1/providers").is(http.StatusOK).text("data.0.id")
	l.welcome()
	l.fund("9000.00")
	l.admin.post("/v1/product-types/colocation/parameters", doc{"code": "rack_name", "name": "Name in the rack"}).is(http.StatusCreated)
	return l
}

// in is the life as a test below tells it.
func (l *life) in(t testing.TB) *life {
	world, panels, out := *l.world, *l.panels, *l
	panels.t = t
	world.t, world.panels = t, &panels
	out.world = &world
	for _, c := range []**caller{&out.admin, &out.shop, &out.buyer, &out.stranger} {
		moved := **c
		moved.t = t
		*c = &moved
	}
	return &out
}

// handedOver expects an opened service to have all that its client was promised.
func (s *sale) handedOver() {
	s.t.Helper()
	service := s.service()
	require.Equal(s.t, "completed", s.buyer.get("/v1/orders/"+s.order).is(http.StatusOK).text("status"))
	require.Equal(s.t, "0.00", s.buyer.get("/v1/clients/"+s.client).is(http.StatusOK).euro("held"))
	require.True(s.t, service.null("pending_operation"))
	if s.driver == "none" {
		return
	}
	require.NotEmpty(s.t, service.text("external_id"))
	if s.driver != "script" { // an account has none
		require.NotEmpty(s.t, service.list("addresses"))
	}
	if domain, ordered := s.filled["domain"]; ordered {
		require.Equal(s.t, domain, service.text("domain"))
	}
	secret := s.do(s.buyer, http.MethodPost, s.path("/credentials/reveal"), nil).is(http.StatusOK).text("password")
	require.NotEmpty(s.t, secret)
	require.NotContains(s.t, service.String(), secret)
	if s.password != nil {
		require.Equal(s.t, s.password(s), secret, "what is revealed is what opens it")
	}
}
