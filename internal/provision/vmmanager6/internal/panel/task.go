package panel

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// Progress is how far work has come.
type Progress int

// The states of work. What nobody has named is taken for work in progress.
const (
	Working Progress = iota
	Complete
	Failed
)

func (p *Panel) progress(word string) Progress {
	switch word {
	case p.dialect.names["task_complete"]:
		return Complete
	case p.dialect.names["task_failed"], "failed", "fail", "error", "cancelled", "canceled", "aborted":
		return Failed
	}
	return Working
}

// Task looks a task up by the number that its call answered, which is the queue's (consul_id) and not the row's. One that is
// not listed yet, or not any more, is not known.
func (p *Panel) Task(ctx context.Context, number string) (at Progress, words string, known bool, err error) {
	type row struct {
		Consul ID     `json:"consul_id"`
		Name   string `json:"name"`
		Status string `json:"status"`
		Output any    `json:"output"`
	}
	where := isp6.Eq("consul_id", number)
	if n, bad := strconv.Atoi(number); bad == nil {
		where = isp6.Eq("consul_id", n)
	}
	rows, err := list[row](ctx, p, Tasks, nil, where)
	if err != nil {
		return Working, "", false, err
	}
	for _, r := range rows {
		if string(r.Consul) != number {
			continue
		}
		words = r.Name
		if text, ok := r.Output.(string); ok && text != "" {
			words += ": " + text
		}
		return p.progress(r.Status), words, true, nil
	}
	return Working, "", false, nil
}

// Event is an entry of a machine's history.
type Event struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Date  string `json:"date_create"`
	State string `json:"state"`
}

// History is what happened to a machine.
type History struct {
	panel  *Panel
	events []Event // oldest first
}

// History reads a machine's own log. With it an attempt whose answer was lost is found again.
func (p *Panel) History(ctx context.Context, id int) (History, error) {
	events, err := list[Event](ctx, p, HostHistory, of(id), "")
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Date, b.Date))
	})
	return History{p, events}, err
}

// The sorts of work that are looked for in a history, by their names in the table of words.
const (
	Created     = "created"
	Restarted   = "restarted"
	Reinstalled = "reinstalled"
)

// Times counts how often a sort of work was begun.
func (h History) Times(sort string) (n int) {
	for _, e := range h.events {
		if e.Name == h.panel.dialect.names[sort] {
			n++
		}
	}
	return n
}

// Last is how far the latest work of a sort has come.
func (h History) Last(sort string) (at Progress, known bool) {
	for _, e := range slices.Backward(h.events) {
		if e.Name == h.panel.dialect.names[sort] {
			return h.panel.progress(e.State), true
		}
	}
	return Working, false
}

// unfinished are the states of work that the vendor names.
var unfinished = []string{"created", "running"}

// Busy tells whether anything is being done to the machine. A state that nobody has named is work as long as nothing came after it:
// else one such entry would keep a machine busy for ever.
func (h History) Busy() bool {
	for i, e := range h.events {
		if h.panel.progress(e.State) == Working && (slices.Contains(unfinished, e.State) || i == len(h.events)-1) {
			return true
		}
	}
	return false
}
