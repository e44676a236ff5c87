package httpapi

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func picture(t *testing.T, side int, c color.Color) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, c})
	m.SetColorIndex(0, 0, 1)
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, m))
	return out.Bytes()
}

// upload puts bytes to an icon and answers the status and the problem's code.
func upload(t *testing.T, c caller, path, media string, body []byte, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, c.rig.http.URL+path, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", media)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	_, code, _ := bytes.Cut(raw, []byte(`"code":"`))
	code, _, _ = bytes.Cut(code, []byte(`"`))
	return res.StatusCode, string(code)
}

// show reads a picture without a key.
func show(t *testing.T, r *rig, path, known string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.http.URL+path, http.NoBody)
	require.NoError(t, err)
	if known != "" {
		req.Header.Set("If-None-Match", known)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, raw
}

func TestADataCenterShowsItsPicture(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	at := "/v1/data-centers/" + s.dataCenter("Frankfurt", "3")
	path := at + "/icon"
	res, _ := show(t, s.rig, path, "")
	require.Equal(t, 404, res.StatusCode, "none yet")

	red := picture(t, 32, color.RGBA{R: 255, A: 255})
	status, _ := upload(t, s.admin, path, "image/png", red)
	require.Equal(t, 200, status)
	shown := s.admin.get(at).is(200).json
	require.Equal(t, obj{"kind": "image", "country": nil, "image_url": path}, shown["icon"])
	res, raw := show(t, s.rig, path, "")
	require.Equal(t, red, raw)
	require.Equal(t, []string{"image/png", "public, max-age=300"}, []string{res.Header.Get("Content-Type"), res.Header.Get("Cache-Control")})
	first := res.Header.Get("ETag")
	res, _ = show(t, s.rig, path, first)
	require.Equal(t, 304, res.StatusCode)

	tag := s.admin.get(at).is(200).Header.Get("ETag")
	status, _ = upload(t, s.admin, path, "image/png", red, "If-Match", tag)
	require.Equal(t, 200, status)
	require.Equal(t, tag, s.admin.get(at).is(200).Header.Get("ETag"), "the same picture changes nothing")
	status, _ = upload(t, s.admin, path, "image/png", picture(t, 512, color.Black), "If-Match", tag)
	require.Equal(t, 200, status)
	res, _ = show(t, s.rig, path, first)
	require.Equal(t, 200, res.StatusCode, "another picture")
	status, code := upload(t, s.admin, path, "image/png", red, "If-Match", tag)
	require.Equal(t, []any{412, "precondition_failed"}, []any{status, code})

	s.admin.patch(at, obj{"icon": shown["icon"]}).is(200)
	for _, icon := range []obj{
		{"kind": "image", "image_url": "https://pictures.example/x.png"},
		{"kind": "flag", "country": "DE", "image_url": "https://pictures.example/x.png"},
		{"kind": "none", "image_url": path},
	} {
		s.admin.patch(at, obj{"icon": icon}).fails(422, "bad_value").at("/icon/image_url bad_value")
	}
	s.admin.patch(at, obj{"icon": obj{"kind": "image", "image_url": nil}}).is(200)
	s.admin.post("/v1/data-centers", obj{"name": "x", "icon": obj{"kind": "none", "image_url": path}}).fails(422, "bad_value").at("/icon/image_url bad_value")
	require.Equal(t, obj{"kind": "flag", "country": "DE", "image_url": nil}, s.admin.patch(at, obj{"icon": obj{"kind": "flag", "country": "DE"}}).is(200).json["icon"])
	res, _ = show(t, s.rig, path, "")
	require.Equal(t, 404, res.StatusCode, "the picture went")
	s.admin.patch(at, obj{"icon": shown["icon"]}).fails(422, "bad_value").at("/icon/kind bad_value")
	s.admin.post("/v1/data-centers", obj{"name": "x", "icon": shown["icon"]}).fails(422, "bad_value")
	require.Zero(t, s.count(`SELECT count(*) FROM data_center_image`))
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	path := "/v1/data-centers/" + s.dataCenter("Frankfurt", "3") + "/icon"
	good := picture(t, 16, color.Black)
	for _, c := range []struct {
		media string
		body  []byte
		want  []any
	}{
		{"image/png", append(append([]byte{}, good...), make([]byte, 64<<10)...), []any{413, "payload_too_large"}},
		{"image/jpeg", good, []any{415, "unsupported_media_type"}},
		{"image/png", []byte("\x89PNG\r\n\x1a\nand then nothing"), []any{422, "bad_image"}},
		{"image/png", []byte("<svg/>"), []any{422, "bad_image"}},
		{"image/png", nil, []any{422, "bad_image"}},
		{"image/png", picture(t, 513, color.Black), []any{422, "bad_image"}},
	} {
		status, code := upload(t, s.admin, path, c.media, c.body)
		require.Equal(t, c.want, []any{status, code})
	}
	status, code := upload(t, s.storefront(s.provider), path, "image/png", good)
	require.Equal(t, []any{403, "insufficient_scope"}, []any{status, code})
	status, _ = upload(t, s.admin, "/v1/data-centers/01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15/icon", "image/png", good)
	require.Equal(t, 404, status)
}
