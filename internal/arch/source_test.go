package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed is what the go command tells of a package.
type listed struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
	GoFiles, TestGoFiles, XTestGoFiles []string
}

var list = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

const root = "../.."

func packages(t *testing.T) []listed {
	t.Helper()
	all, err := list()
	require.NoError(t, err)
	return all
}

// source is one parsed file of the program, tests left out.
type source struct {
	pkg, name string
	set       *token.FileSet
	file      *ast.File
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s/%s:%d", s.pkg, s.name, s.set.Position(n.Pos()).Line)
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// program parses every file that was written by hand.
func program(t *testing.T) (out []source) {
	t.Helper()
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			if generated.Match(text) {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, text, parser.ParseComments)
			require.NoError(t, err)
			out = append(out, source{pkg: local(p.ImportPath), name: name, set: set, file: file})
		}
	}
	return out
}

// Where real time may be read beside package clock, and why.
var readsTime = map[string]string{
	"provision/panels": "the simulators import nothing of the program, its clock included",
}

func TestTimeIsReadInOnePlace(t *testing.T) {
	t.Parallel()
	for _, s := range program(t) {
		if s.pkg == "clock" || forTests[s.pkg] || readsTime[s.pkg] != "" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && (sel.Sel.Name == "Now" || sel.Sel.Name == "Since" || sel.Sel.Name == "Until") {
				t.Errorf("%s: time.%s: time.Now stands only in package clock.", s.at(n), sel.Sel.Name)
			}
			return true
		})
	}
}

// The packages that count money or quantities.
var exact = map[string]bool{"money": true, "ledger": true, "pricing": true, "charge": true, "measure": true, "product": true, "catalog": true, "tariff": true, "traffic": true, "billing": true}

func TestNoFloatNearMoney(t *testing.T) {
	t.Parallel()
	for _, s := range program(t) {
		if !exact[s.pkg] {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.Ident:
				if x.Name == "float64" || x.Name == "float32" {
					t.Errorf("%s: %s: no floats where money or quantities are counted.", s.at(n), x.Name)
				}
			case *ast.SelectorExpr:
				if strings.Contains(x.Sel.Name, "Float") {
					t.Errorf("%s: %s: no floats where money or quantities are counted.", s.at(n), x.Sel.Name)
				}
			case *ast.BasicLit:
				if x.Kind == token.FLOAT {
					t.Errorf("%s: %s: no floats where money or quantities are counted.", s.at(n), x.Value)
				}
			}
			return true
		})
	}
}

// maxLines is the most that a file may have; 200 is usual.
const maxLines = 500

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, name := range append(append(p.GoFiles, p.TestGoFiles...), p.XTestGoFiles...) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			if n := bytes.Count(text, []byte("\n")); n > maxLines && !generated.Match(text) {
				t.Errorf("%s/%s has %d lines: a file has at most %d.", local(p.ImportPath), name, n, maxLines)
			}
		}
	}
}

func TestPackagesSayWhatTheyOwn(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, s := range program(t) {
		documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil
	}
	for pkg, has := range documented {
		if !has {
			t.Errorf("%s has no package comment.", pkg)
		}
	}
}

// Codes that never leave the program.
var innerCodes = map[string]string{"claim_lost": "tells a worker that another one has taken over"}

func TestFaultCodesAreInTheContract(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile(filepath.Join(root, "openapi.yaml"))
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(contract), "\n    ProblemCode:\n")
	require.True(t, ok)
	inside, _, ok := strings.Cut(after[strings.Index(after, "[")+1:], "]")
	require.True(t, ok)
	listed := map[string]bool{}
	for _, code := range strings.FieldsFunc(inside, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		listed[code] = true
	}
	require.Greater(t, len(listed), 50)
	written := map[string]bool{}
	snake := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, s := range program(t) {
		played := s.pkg == "provision/panels" || strings.HasPrefix(s.pkg, "provision/panels/") || forTests[s.pkg]
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && !played {
				written[strings.Trim(lit.Value, "`\"")] = true
			}
			if code, ok := codeOf(n); ok {
				if !snake.MatchString(code) || !listed[code] && innerCodes[code] == "" {
					t.Errorf("%s: the code %q is not among those that openapi.yaml lists.", s.at(n), code)
				}
			}
			return true
		})
	}
	for code := range listed {
		if !written[code] {
			t.Errorf("openapi.yaml lists the code %q, which nothing answers.", code)
		}
	}
}

// codeOf returns the literal code of a call that makes a fault, a field of one, or a panel's refusal.
func codeOf(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	at := -1
	x, _ := sel.X.(*ast.Ident)
	switch {
	case x != nil && x.Name == "fault" && sel.Sel.Name == "New" && len(call.Args) > 2:
		at = 1
	case x != nil && x.Name == "provision" && sel.Sel.Name == "NewRejected":
		at = 0
	case sel.Sel.Name == "Add" && len(call.Args) > 2:
		at = 1
	}
	if at < 0 {
		return "", false
	}
	lit, ok := call.Args[at].(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	code, err := strconv.Unquote(lit.Value)
	return code, err == nil
}
