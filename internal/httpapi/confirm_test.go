package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requested are the codes that storefronts were asked to send, oldest first.
func requested(c caller) []obj {
	out := []obj{}
	for _, e := range c.get("/v1/events?limit=200").is(200).data() {
		if e["type"] == "verification.requested" {
			out = append(out, e["data"].(obj))
		}
	}
	return out
}

// other is a code that was not sent.
func other(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

func (s *trade) confirmed(t *testing.T) (id, buyer string, client, shop caller) {
	t.Helper()
	s.admin.patch("/v1/product-types/dedicated", obj{"client_deletion": "verified_phone"}).is(200)
	buyer = s.buyer("100.00", obj{"phone": "+49 69 1234567", "phone_verified": true})
	return s.service(buyer, "P1M", s.tariff("E3", nil)), buyer, s.clientKey(buyer), s.storefront(s.provider)
}

func TestDeletionIsConfirmedByTelephone(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	id, _, client, shop := s.confirmed(t)
	path := "/v1/services/" + id
	asked := client.delete(path).fails(409, "confirmation_required").json["challenge_id"].(string)
	require.Equal(t, asked, client.delete(path).fails(409, "confirmation_required").json["challenge_id"], "nobody is flooded")
	require.Empty(t, requested(client), "the code goes another way")
	for _, who := range []caller{shop, s.admin} {
		told := requested(who)
		require.Len(t, told, 1)
		require.Equal(t, []any{asked, "+49 69 1234567", id, "2026-03-01T00:10:00Z"}, []any{
			told[0]["challenge_id"], told[0]["phone"], told[0]["service_id"], told[0]["expires_at"],
		})
	}
	code := requested(shop)[0]["code"].(string)
	require.Regexp(t, `^[0-9]{6}$`, code)
	require.Zero(t, s.count(`SELECT count(*) FROM deletion_challenge WHERE encode(hash, 'escape') LIKE '%' || $1 || '%'`, code))
	for _, row := range client.get(path + "/history").is(200).data() {
		require.NotContains(t, row, code)
	}

	client.delete(path+"?challenge="+asked).fails(422, "required")
	client.delete(path+"?challenge="+asked+"&code="+other(code)).fails(422, "wrong_code")
	require.Equal(t, "active", client.get(path).is(200).json["status"])
	client.delete(path+"?challenge="+strings.Replace(asked, "0", "1", 1)+"&code="+code).fails(409, "challenge_over")
	require.Equal(t, "deleted", client.delete(path + "?challenge=" + asked + "&code=" + code).is(200).json["status"])
	client.delete(path+"?challenge="+asked+"&code="+code).fails(409, "invalid_service_state")
}

func TestACodeLastsTenMinutesAndFiveGuesses(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	id, buyer, client, shop := s.confirmed(t)
	path := "/v1/services/" + id
	ask := func() (with, code string) {
		client.delete(path).fails(409, "confirmation_required")
		told := requested(shop)
		code = told[len(told)-1]["code"].(string)
		return path + "?challenge=" + told[len(told)-1]["challenge_id"].(string) + "&code=", code
	}
	with, code := ask()
	for range 5 {
		client.delete(with+other(code)).fails(422, "wrong_code")
	}
	client.delete(with+code).fails(409, "challenge_over")
	s.business.Advance(9 * time.Minute)
	client.delete(path).fails(409, "challenge_over")
	require.Len(t, requested(shop), 1, "who guessed too often waits for another one")
	s.business.Advance(time.Minute)

	with, code = ask()
	s.business.Advance(10 * time.Minute)
	client.delete(with+code).fails(409, "challenge_over")
	older, old := ask()
	s.business.Advance(2 * time.Minute)
	with, code = ask()
	client.delete(older+old).fails(409, "challenge_over")
	require.Equal(t, 1, s.count(`SELECT count(*) FROM deletion_challenge WHERE ended_at IS NULL`), "one is live")

	s.admin.patch("/v1/clients/"+buyer, obj{"phone_verified": false}).is(200)
	client.delete(path).fails(409, "phone_not_verified")
	client.delete(with+code).fails(409, "phone_not_verified")
	s.admin.delete(path).is(200)
}

func TestClientsDeleteByTheirProductType(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	tariff := s.tariff("E3", nil)
	buyer := s.buyer("100.00", nil)
	client := s.clientKey(buyer)
	rule := func(deletion, when string) string {
		s.admin.patch("/v1/product-types/dedicated", obj{"client_deletion": deletion, "client_deletion_time": when}).is(200)
		return "/v1/services/" + s.service(buyer, "P1M", tariff)
	}
	path := rule("forbidden", "immediately")
	client.delete(path).fails(403, "deletion_forbidden")
	s.storefront(s.provider).delete(path).is(200)
	path = rule("allowed", "end_of_period")
	require.Equal(t, "2026-04-01T00:00:00Z", client.delete(path + "?when=now").is(200).json["delete_at"])
	path = rule("allowed", "immediately")
	require.Equal(t, "deleted", client.delete(path).is(200).json["status"])
}
