//go:build race

package provisiontest

// stride is how many calls of an operation the matrix goes on by: the detector makes each cell several times dearer, and what it
// looks for is in every cell. Ways to fail begin at different calls, so that each is struck by some of them.
const stride = 4
