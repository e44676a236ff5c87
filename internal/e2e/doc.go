// Package e2e tests the built program from outside: child processes over TCP, with a PostgreSQL of their own, as a user would
// run them.
//
// It owns the long stories: a service's life to the cent, the same life through crashes, the commands of the shell, and what
// every operation of the contract does with requests that it should refuse. It owns no rule: whatever can be proved inside
// one package is proved there.
//
// Invariants: nothing of internal/ is imported, so that a test knows only what a user knows; every answer that a test gets is
// held to openapi.yaml, whether the test looks at it or not; every process that a test starts is gone when it ends, and what
// it wrote is shown when it failed.
//
// E2E_BINARY names a program to test instead of one built from this tree.
package e2e
