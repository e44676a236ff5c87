// Package panel speaks VMmanager 6: its calls, its rows, and the one table of what had to be inferred.
//
// It owns paths, member names and the reading of answers; it owns no decision about a service (the driver above it).
//
// Invariants: a call sends only members that the panel knows; what is inferred stands in the tables of dialect.go and
// nowhere else; rows are compared with what was asked for before they are believed, for filters are patterns at times.
package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Panel is one installation, spoken to as its administrator.
type Panel struct {
	client  *isp6.Client
	dialect Dialect
}

// New makes a panel; it connects to nothing.
func New(client *isp6.Client, dialect Dialect) *Panel { return &Panel{client, dialect} }

// Exclusive keeps this process's other calls away from the same thing of this panel.
func (p *Panel) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return p.client.Exclusive(ctx, name)
}

// Path is the panel's method and path of a call.
func (p *Panel) Path(call Call) string { return p.dialect.endpoints[call] }

type places = isp6.Places

func of(id int) places { return places{"id": strconv.Itoa(id)} }

func (p *Panel) request(call Call, fill places, body any) panelhttp.Request {
	return isp6.Request(p.dialect.endpoints[call], fill, body)
}

func (p *Panel) call(ctx context.Context, call Call, fill places, body, into any, secrets ...string) error {
	return p.client.Call(ctx, p.request(call, fill, body), into, secrets...)
}

func list[Row any](ctx context.Context, p *Panel, call Call, fill places, where isp6.Cond) ([]Row, error) {
	return isp6.List[Row](ctx, p.client, p.request(call, fill, nil).Path, where)
}

// Begun is what a call answers that starts work: the object and the numbers of the tasks to wait for.
type Begun struct {
	ID    int
	Tasks []string
}

// UnmarshalJSON reads every member in which builds put task numbers. They are numbers of the queue (consul_id), never of a row.
func (b *Begun) UnmarshalJSON(data []byte) error {
	var answer struct {
		ID          ID   `json:"id"`
		Task        ID   `json:"task"`
		StartTask   ID   `json:"start_task"`
		RecipeTask  ID   `json:"recipe_task"`
		RecipeTasks []ID `json:"recipe_task_list"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	*b = Begun{}
	b.ID, _ = strconv.Atoi(string(answer.ID))
	seen := map[ID]bool{"": true, "0": true}
	for _, id := range append([]ID{answer.Task, answer.StartTask, answer.RecipeTask}, answer.RecipeTasks...) {
		if !seen[id] {
			seen[id] = true
			b.Tasks = append(b.Tasks, string(id))
		}
	}
	return nil
}

// ID is a number that some builds write as text, or null.
type ID string

// UnmarshalJSON reads a number, a text or null.
func (i *ID) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if bytes.Equal(data, []byte("null")) {
		*i = ""
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		var text string
		err := json.Unmarshal(data, &text)
		*i = ID(text)
		return err
	}
	var number json.Number
	err := json.Unmarshal(data, &number)
	*i = ID(number)
	return err
}

// Count is a whole number that some builds write as text; null is 0.
type Count int

// UnmarshalJSON reads a number, a text or null.
func (c *Count) UnmarshalJSON(data []byte) error {
	var id ID
	if err := id.UnmarshalJSON(data); err != nil {
		return err
	}
	if id == "" {
		*c = 0
		return nil
	}
	n, err := strconv.Atoi(string(id))
	*c = Count(n)
	return err
}

// Named is a reference to another object: its number, or an object with number and name, or null.
type Named struct {
	ID   int
	Name string
}

// UnmarshalJSON reads any of the three forms.
func (n *Named) UnmarshalJSON(data []byte) error {
	*n = Named{}
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '{' {
		var object struct {
			ID   Count  `json:"id"`
			Name string `json:"name"`
		}
		err := json.Unmarshal(data, &object)
		*n = Named{int(object.ID), object.Name}
		return err
	}
	var id Count
	err := id.UnmarshalJSON(data)
	n.ID = int(id)
	return err
}
