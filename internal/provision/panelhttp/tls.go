package panelhttp

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"

	"github.com/tariffd/tariffd/internal/fault"
)

// TLSCarrier is a transport, other than a plain *http.Transport, that can be had with other TLS settings.
type TLSCarrier interface {
	WithTLS(settings *tls.Config) http.RoundTripper
}

// variants keeps one connection pool for each base transport and TLS setting: modules are made anew for every operation,
// and each of them with a pool of its own would leave idle connections behind.
var variants sync.Map // variant → http.RoundTripper

type variant struct {
	base     *http.Transport
	ca       string
	insecure bool
}

// withTLS returns base with the module's TLS settings: certificates are verified unless insecure says otherwise, against
// the system's roots or, where ca is given, against these alone.
func withTLS(base http.RoundTripper, ca string, insecure bool) (http.RoundTripper, error) {
	if ca == "" && !insecure {
		return base, nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} //nolint:gosec // asked for explicitly; fresh panels sign their own certificate
	if ca != "" {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, fault.New(fault.Invalid, "invalid_value", "No certificate in PEM form is found here.").At("/connection/ca")
		}
	}
	switch t := base.(type) {
	case *http.Transport:
		key := variant{t, ca, insecure}
		if known, ok := variants.Load(key); ok {
			return known.(http.RoundTripper), nil
		}
		clone := t.Clone()
		clone.TLSClientConfig = settings
		kept, _ := variants.LoadOrStore(key, clone)
		return kept.(http.RoundTripper), nil
	case TLSCarrier:
		return t.WithTLS(settings), nil
	}
	return nil, fault.New(fault.Internal, "internal", "The transport cannot be given TLS settings.")
}
