package event

import "time"

// Filter limits a reading of the feed.
type Filter struct {
	Type   string // exactly this type
	Family string // types that begin with this, such as "service."
	From   *time.Time
	To     *time.Time // exclusive
}

// Numbered is an event with its place in the feed.
type Numbered struct {
	Seq int64
	Event
}
