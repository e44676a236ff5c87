package badinput

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
)

var _ = register(map[string]entry{
	"putDataCenterIcon": {valid: requests(func(w *world) request {
		return request{path: byID(w.thing["center"]), raw: picture(), header: map[string]string{"Content-Type": "image/png"}}
	})},
	"getDataCenterIcon": {valid: requests(func(w *world) request {
		id := w.create("/v1/data-centers", obj{"name": "There"})
		header := http.Header{"Content-Type": {"image/png"}}
		w.admin.send(message{method: http.MethodPut, path: "/v1/data-centers/" + id + "/icon", body: picture(), header: header}).is(http.StatusOK)
		return request{path: byID(id)}
	})},
})

// picture is a small one.
func picture() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return b.Bytes()
}
