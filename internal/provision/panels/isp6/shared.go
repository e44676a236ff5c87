package isp6

// What the rows and calls of both panels have alike.

// TaskOffset sets a task's number, which calls answer, apart from the number
// of its row, as in the vendor's queue.
const TaskOffset = 1000

// MaxAddresses bounds one call.
const MaxAddresses = 64

// Address states; only allocating is the vendor's own word.
const (
	AddressAllocating = "allocating"
	AddressActive     = "active"
	AddressDeleting   = "deleting"
	AddressFailed     = "failed"
)

// IDOrNull is an id, or null for 0.
func IDOrNull(id int) any {
	if id == 0 {
		return nil
	}
	return id
}
