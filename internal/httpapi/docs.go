package httpapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The page needs nothing from elsewhere: it reads /openapi.json and draws it.
//
//go:embed docs.html
var docsPage string

// document is the contract as it is served.
type document struct {
	json   []byte
	page   []byte
	policy string
}

func newDocument(doc *openapi3.T) (*document, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the contract: %w", err)
	}
	// Script and style stand in the page and are allowed by their hashes: nothing else can run in it.
	policy := fmt.Sprintf("default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "+
		"frame-ancestors 'none'; script-src '%s'; style-src '%s'", hashOf(between(docsPage, "<script>", "</script>")),
		hashOf(between(docsPage, "<style>", "</style>")))
	return &document{json: raw, page: []byte(docsPage), policy: policy}, nil
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
