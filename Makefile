# tariffd: `make run` to try it, `make test` to check it, `make help` for the rest.
# Needed: Go, make and a C compiler. `make check` also needs node, npm and a Chromium.

GO    ?= go
BIN   := bin/tariffd
TOOLS := .tools

LINTER_VERSION  := v2.15.0
GOFUMPT_VERSION := v0.12.0
LINTER          := $(TOOLS)/golangci-lint-$(LINTER_VERSION)
GOFUMPT         := $(TOOLS)/gofumpt-$(GOFUMPT_VERSION)

# Generated files are left to their generators.
SOURCES = $(shell find . -name '*.go' -not -path './$(TOOLS)/*' -not -name '*.gen.go')

.PHONY: run build test check soak bench gen gen-check fmt fmt-check vet lint check-ui help
.DEFAULT_GOAL := help

run: build ## build and start everything in the sandbox: PostgreSQL, simulated panels, API; Ctrl-C stops it
	@TARIFFD_BIN=$(BIN) exec .ci/start

build: ## build bin/tariffd
	@$(GO) build -o $(BIN) ./cmd/tariffd

test: ## run all tests with a real PostgreSQL that they start themselves
	$(GO) test -vet=off ./... # vet is a check of its own

check: gen-check fmt-check vet lint check-ui ## everything a change must pass: generated files, format, lint, page, tests with -race
	$(GO) test -race -timeout 30m ./...

soak: ## the tests with full counts; takes an hour
	RAPID_CHECKS=20000 SOAK=1 $(GO) test -count=1 -timeout 3h ./...

bench: ## measure calls of the API against raw SQL on the same tables
	$(GO) test -count=1 -timeout 1h -run '^$$' -bench . ./internal/bench/...

gen: ## write generated files anew
	$(GO) generate ./...

# Compares with what was there before the run, so that it works with uncommitted changes as well.
gen-check: ## fail when generated files are not what their sources say
	@rm -rf $(TOOLS)/before && mkdir -p $(TOOLS)/before
	@tar -cf - $$(find api internal db -name '*.gen.go' -o -name 'schema.sql') | tar -xf - -C $(TOOLS)/before
	@$(MAKE) --no-print-directory gen
	@cd $(TOOLS)/before && find . -type f | while read -r f; do cmp -s "$$f" "../../$$f" || { echo "$$f is stale: make gen"; exit 1; }; done

fmt: $(GOFUMPT) ## format the sources
	@$(GOFUMPT) -w $(SOURCES)

fmt-check: $(GOFUMPT)
	@stale=$$($(GOFUMPT) -l $(SOURCES)); test -z "$$stale" || { echo "not formatted (make fmt): $$stale"; exit 1; }

vet: ## go vet
	$(GO) vet ./...

lint: $(LINTER) ## golangci-lint with the settings of .golangci.yml
	$(LINTER) run ./...

check-ui: build ## a browser loads /docs, and TypeScript compiles a client made from the contract
	@TARIFFD_BIN=$(BIN) exec .ci/check-ui

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Tools are built once, pinned, beside the project and not into it.
$(LINTER):
	@GOBIN=$(CURDIR)/$(TOOLS) GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION)
	@mv $(TOOLS)/golangci-lint $@

$(GOFUMPT):
	@GOBIN=$(CURDIR)/$(TOOLS) GOFLAGS= $(GO) install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
	@mv $(TOOLS)/gofumpt $@
