package actor

// Page limits a list: at most Limit objects after the one with id After, in order of creation.
type Page struct {
	After string
	Limit int
	Desc  bool
}

// Rows is how many rows a reader fetches: one more than the limit tells whether there is a next page.
func (p Page) Rows() int { return p.Limit + 1 }
