package badinput

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/stretchr/testify/require"
)

// leftBox is a virtual machine that somebody else made, as an item that takes it over.
func (w *world) leftBox() obj {
	w.t.Helper()
	if w.thing["boxes"] == "" {
		place := w.create("/v1/data-centers", obj{"name": "Basement"})
		w.thing["boxes"] = w.create("/v1/processing-modules", obj{
			"driver": "vmmanager6", "product_type": "vds", "name": "Boxes", "data_center_id": place,
			"connection": obj{"url": w.panels + "/vmmanager6", "username": "admin@example.com", "password": "secret"},
		})
		w.thing["vps"] = w.tariff("vds", "boxes", obj{"data_center_ids": list{place}})
	}
	name := w.word("box")
	made, err := json.Marshal(obj{"name": name, "owner_email": w.admin.get("/v1/clients/" + w.thing["client"]).text("email")})
	require.NoError(w.t, err)
	answer, err := http.Post(w.panels+"/control/vmmanager6/servers", "application/json", bytes.NewReader(made))
	require.NoError(w.t, err)
	require.NoError(w.t, answer.Body.Close())
	require.Less(w.t, answer.StatusCode, 300)
	var seen struct {
		Machines []struct {
			Ref  string `json:"external_id"`
			Name string
		}
	}
	preview := w.admin.post("/v1/processing-modules/"+w.thing["boxes"]+"/import?preview=true", nil).is(http.StatusOK)
	require.NoError(w.t, json.Unmarshal(preview.raw, &seen))
	ref := ""
	for _, m := range seen.Machines {
		if m.Name == name {
			ref = m.Ref
		}
	}
	return obj{
		"external_id": ref, "client_id": w.thing["client"], "tariff_id": w.thing["vps"], "period": "P1M", "paid_until": "2026-04-15T00:00:00Z",
		"auto_renew": true, "add_ons": obj{},
	}
}
