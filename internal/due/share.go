package due

import "sync"

// shares counts the runs of each group in one process. It bounds nothing where most is 0.
type shares struct {
	most int
	mu   sync.Mutex
	runs map[string]int
}

// full are the groups that have all the runs they may have.
func (s *shares) full() []string {
	if s.most == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var full []string
	for group, n := range s.runs {
		if n >= s.most {
			full = append(full, group)
		}
	}
	return full
}

func (s *shares) enter(group string) {
	if s.most == 0 || group == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs = map[string]int{}
	}
	s.runs[group]++
}

// leave tells whether the group was full.
func (s *shares) leave(group string) bool {
	if s.most == 0 || group == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.runs[group]
	if s.runs[group]--; s.runs[group] == 0 {
		delete(s.runs, group)
	}
	return was >= s.most
}
