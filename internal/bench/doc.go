// Package bench measures what a user waits for: calls of the API and commands of the built program, beside what the same
// machine does at best with the same rows.
//
// It owns the figures with their targets, the comparators (a minimal handler, a pgbench script, one raw UPDATE) and the data
// that they are measured on. It owns no rule and proves no correctness, but it fails where an answer is not what was asked
// for, so that a fast refusal never passes for speed.
//
// Invariants: nothing of internal/ is imported, the program runs as built and as in production, durability included;
// comparators work in the same run, in the same database server, on copies of the same tables with the same indexes; what
// counts is the ratio, the numbers beside it tell of the machine.
//
// Each figure is a benchmark that runs once: go test -run '^$' -bench Payments ./internal/bench. BENCH_BINARY names a program
// to measure instead of one built from this tree.
package bench
