// Package mgrctl is the stand-in for the management command that processing modules call: the program itself, started under
// the name mgrctl by an operator's module.
//
// It owns how the command is called, what passes between it and the driver that started the module, and how answers are
// printed. It does not own what the functions mean (the driver).
//
// Invariants: it speaks to the socket that the environment names and to nothing else; it knows no setting of the program; an
// answer is an exit status of 0 or a refusal with 1.
package mgrctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// Name is what the command is called by.
const Name = "mgrctl"

// SocketVariable names the environment variable with the path of the driver's socket.
const SocketVariable = "MGRCTL_SOCKET"

// mostBytes is how long a question or an answer may be.
const mostBytes = 1 << 20

// Request is one call.
type Request struct {
	Function  string            `json:"function"`
	Arguments map[string]string `json:"arguments"`
}

// Answer is what comes back.
type Answer struct {
	// Refusal is why nothing was done; empty: it was.
	Refusal string `json:"refusal,omitempty"`
	// Object is the argument that was refused.
	Object string `json:"object,omitempty"`
	// Plain is printed as it is.
	Plain *string `json:"plain,omitempty"`
	// Row is one thing, Rows a list of them, each of names and values in their order.
	Row  Row   `json:"row,omitempty"`
	Rows []Row `json:"rows,omitempty"`
	List bool  `json:"list,omitempty"` // Rows is meant, also where it is empty
}

// Row is names with their values.
type Row []Field

// Field is a name with its value.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Refuse is the answer to what cannot be done.
func Refuse(object, format string, args ...any) Answer {
	return Answer{Object: object, Refusal: fmt.Sprintf(format, args...)}
}

// Receive reads one call of a connection; the answer goes back by Reply.
func Receive(c net.Conn) (r Request, err error) {
	return r, read(c, &r)
}

// Reply answers a call.
func Reply(c net.Conn, a Answer) error { return write(c, a) }

func ask(socket string, r Request) (a Answer, err error) {
	c, err := net.Dial("unix", socket) //nolint:noctx // a socket on this machine that answers or is not there
	if err != nil {
		return a, err
	}
	defer func() { _ = c.Close() }()
	if err = write(c, r); err != nil {
		return a, err
	}
	return a, read(c, &a)
}

func write(c io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(text) > mostBytes {
		return errors.New("the call is too long")
	}
	_, err = c.Write(append(text, '\n'))
	return err
}

func read(c io.Reader, v any) error { return json.NewDecoder(io.LimitReader(c, mostBytes+1)).Decode(v) }
