//go:build !race

package provisiontest

// stride is how many calls of an operation the matrix goes on by: each is struck in each way.
const stride = 1
