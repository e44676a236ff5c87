// Package api is the contract in Go: the types of openapi.yaml, the routes, the strict server interface that package httpapi
// implements, and the document itself. What stands beside this file comes from openapi.yaml; nothing there is written by hand.
//
// It owns the shape of requests and answers. It does not own their meaning: the generated server checks little, so the edge
// validates every request against the embedded document before a handler sees it, and no package below the edge imports this
// one.
//
// Three things hold for the generated types. A required field that may be null is a pointer, and nil is written as null. An
// optional field of a PATCH that may be null is a nullable.Nullable, which tells "left out" from "null". Free values are
// json.RawMessage, so that no number passes through a float.
package api

//go:generate sh -c "cd .. && go tool -modfile=api/tools/go.mod oapi-codegen -config api/codegen.yaml openapi.yaml"
