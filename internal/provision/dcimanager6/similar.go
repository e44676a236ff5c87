package dcimanager6

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// What a likeness is made of, in points of a hundred: half for the processor, the rest for memory and disks.
const (
	familyPoints = 25 // the processor's first word: E3, i9
	modelPoints  = 25 // its further words
	memoryPoints = 30
	diskPoints   = 15 // their size together
	bayPoints    = 5  // their sort
)

// build is what the name of a configuration tells of a server, such as "i9-9900K-64GB-2x1024NVMe". The panel keeps no other
// text about it, and operators write the names.
type build struct {
	processor []string
	memory    int // GB; 0: not told
	disk      int // GB, all together; 0: not told
	sort      string
}

var (
	splitter = regexp.MustCompile(`[^a-z0-9.]+`)
	sized    = regexp.MustCompile(`^(?:(\d{1,3})x)?(\d{1,6})(gib|gb|g|tib|tb|t)?(nvme|ssd|hdd|sas|sata)?$`)
	bays     = regexp.MustCompile(`^(?:nvme|ssd|hdd|sas|sata)$`)
)

// buildOf reads a configuration's name: the first size with a unit and no sort of disk is the memory, every other one a disk's,
// and what is neither belongs to the processor.
func buildOf(configuration string) build {
	var b build
	words := splitter.Split(strings.ToLower(configuration), -1)
	for i, word := range words {
		size := sized.FindStringSubmatch(word)
		following := ""
		if i+1 < len(words) && bays.MatchString(words[i+1]) {
			following = words[i+1]
		}
		switch {
		case word == "":
		case bays.MatchString(word):
			b.sort = word
		case size == nil || size[3] == "" && size[4] == "" && following == "":
			b.processor = append(b.processor, word)
		case size[4] == "" && following == "" && b.memory == 0:
			b.memory = gigabytes(size)
		default:
			b.disk += gigabytes(size)
			if size[4] != "" {
				b.sort = size[4]
			}
		}
	}
	return b
}

func gigabytes(size []string) int {
	count := 1
	if size[1] != "" {
		count, _ = strconv.Atoi(size[1]) // digits, by the pattern
	}
	each, _ := strconv.Atoi(size[2])
	if strings.HasPrefix(size[3], "t") {
		each *= 1024
	}
	return count * each
}

// likeness tells how like the configuration of a server is to the wanted one.
type likeness struct {
	points  int // of a hundred
	enough  bool
	letters int
	why     []string
}

// likenessOf compares two configurations by their names. Points come first; among equals one that has no less than was
// ordered, then the one whose name is written most alike. The same names always give the same answer.
func likenessOf(wanted, has string) likeness {
	w, h := buildOf(wanted), buildOf(has)
	l := likeness{enough: h.memory >= w.memory && h.disk >= w.disk, letters: similarity(wanted, has)}
	l.processor(w.processor, h.processor)
	l.amount("memory", memoryPoints, w.memory, h.memory)
	l.amount("disks", diskPoints, w.disk, h.disk)
	if w.sort == h.sort {
		l.points += bayPoints
	}
	return l
}

func (l *likeness) processor(wanted, has []string) {
	switch {
	case strings.Join(wanted, " ") == strings.Join(has, " "):
		l.points += familyPoints + modelPoints
		l.why = append(l.why, "the same processor")
		return
	case len(wanted) == 0 || len(has) == 0 || wanted[0] != has[0]:
		l.why = append(l.why, "another processor")
		return
	}
	common := 0
	for _, word := range wanted[1:] {
		for _, other := range has[1:] {
			if word == other {
				common++
				break
			}
		}
	}
	l.points += familyPoints + modelPoints*common/max(len(wanted)-1, len(has)-1)
	l.why = append(l.why, "a processor of the same family")
}

// amount gives points by how near one size is to the other.
func (l *likeness) amount(what string, points, wanted, has int) {
	switch {
	case wanted == has:
		l.points += points
		if wanted != 0 {
			l.why = append(l.why, "the same "+what)
		}
		return
	case wanted != 0 && has != 0:
		l.points += points * min(wanted, has) / max(wanted, has)
	}
	l.why = append(l.why, fmt.Sprintf("%s %s instead of %s", what, size(has), size(wanted)))
}

func size(gb int) string {
	if gb == 0 {
		return "unknown"
	}
	return strconv.Itoa(gb) + " GB"
}

// above tells whether the one is to be named before the other.
func (l likeness) above(other likeness) bool {
	switch {
	case l.points != other.points:
		return l.points > other.points
	case l.enough != other.enough:
		return l.enough
	}
	return l.letters > other.letters
}

func (l likeness) String() string {
	return fmt.Sprintf("%d of 100 points: %s", l.points, strings.Join(l.why, ", "))
}

// similarity is the share of common pairs of letters, in thousandths: 1000 for equal texts.
func similarity(a, b string) int {
	pairs := func(s string) map[string]int {
		out, r := map[string]int{}, []rune(strings.ToLower(s))
		for i := 0; i+1 < len(r); i++ {
			out[string(r[i:i+2])]++
		}
		return out
	}
	common, total := 0, 0
	of, other := pairs(a), pairs(b)
	for p, n := range of {
		common += min(n, other[p])
		total += n
	}
	for _, n := range other {
		total += n
	}
	if total == 0 {
		return 0
	}
	return 2000 * common / total
}
