package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

const (
	// maxLine is how long one line of a stream may be.
	maxLine = 64 << 10
	// maxDocument is how long the JSON document may be; lines have no limit together.
	maxDocument = 32 << 20
	// maxNamed is how many rejected rows are named.
	maxNamed = 1000
)

// PushBlocks stores blocks while they come: from one document, or from lines, a lot in each transaction.
func (s *Server) PushBlocks(ctx context.Context, r api.PushBlocksRequestObject) (api.PushBlocksResponseObject, error) {
	contentType, body := callOf(ctx).stream()
	p := &push{server: s, merge: r.Params.Merge != nil && *r.Params.Merge}
	media, _, _ := mime.ParseMediaType(contentType)
	var err error
	if media == "application/x-ndjson" {
		err = p.lines(ctx, body)
	} else {
		err = p.document(ctx, body)
	}
	if err == nil {
		err = p.flush(ctx)
	}
	if err != nil {
		return nil, err
	}
	return api.PushBlocks200JSONResponse(p.answer()), nil
}

// push is one request's rows on their way into lots.
type push struct {
	server *Server
	merge  bool
	rows   int
	lot    []traffic.Report
	out    traffic.Outcome
	count  int // of rejected rows; out.Rejected names some of them
}

// lines reads one row a line. A line that is too long is rejected like any bad row, and the stream goes on behind it.
func (p *push) lines(ctx context.Context, body io.Reader) error {
	in := bufio.NewReaderSize(body, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			p.reject(traffic.Reject{Row: p.next(), Code: "row_too_long", Detail: "A line has at most 64 KiB."})
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
		case len(bytes.TrimSpace(line)) > 0:
			if errRow := p.row(ctx, line); errRow != nil {
				return errRow
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Malformed, "bad_request", "The body ended too early.").Because(err)
		}
	}
}

// document reads {"blocks": […], "merge": …}.
func (p *push) document(ctx context.Context, body io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err != nil {
		return fault.New(fault.Malformed, "bad_request", "The body ended too early.").Because(err)
	}
	if len(raw) > maxDocument {
		return fault.New(fault.TooLarge, "payload_too_large", "A document has at most 32 MiB; lines have no limit.")
	}
	if _, err := decodeOne(raw); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return fault.New(fault.Invalid, "wrong_type", "An object is expected.").At("")
	}
	var blocks []json.RawMessage
	if err := p.members(members, &blocks); err != nil {
		return err
	}
	for _, b := range blocks {
		if err := p.row(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (p *push) members(members map[string]json.RawMessage, blocks *[]json.RawMessage) error {
	var fields fault.Fields
	for name, raw := range members {
		switch name {
		case "blocks":
			if json.Unmarshal(raw, blocks) != nil || *blocks == nil {
				fields.Add("/blocks", "wrong_type", "A list is expected.")
			}
		case "merge":
			var merge *bool
			if json.Unmarshal(raw, &merge) != nil || merge == nil {
				fields.Add("/merge", "wrong_type", "True or false is expected.")
			} else {
				p.merge = *merge
			}
		default:
			fields.Add("/"+escape(name), "unknown_field", "There is no such member.")
		}
	}
	if _, ok := members["blocks"]; !ok {
		fields.Add("/blocks", "required", "A list of blocks is needed.")
	}
	return fields.Err()
}

func (p *push) next() int {
	p.rows++
	return p.rows - 1
}

// row takes one row in, and stores the lot when it is full.
func (p *push) row(ctx context.Context, raw []byte) error {
	report, bad := fromAPIBlock(p.next(), raw)
	if bad != nil {
		p.reject(*bad)
		return nil
	}
	if p.lot = append(p.lot, report); len(p.lot) < traffic.LotSize {
		return nil
	}
	return p.flush(ctx)
}

func (p *push) flush(ctx context.Context) error {
	if len(p.lot) == 0 {
		return nil
	}
	out, err := p.server.Traffic.Store(ctx, actorOf(ctx), traffic.Lot{Reports: p.lot, Source: traffic.Push, Merge: p.merge})
	if err != nil {
		return err
	}
	p.lot = p.lot[:0]
	p.out.Accepted += out.Accepted
	p.out.Replaced += out.Replaced
	p.out.Unchanged += out.Unchanged
	for _, r := range out.Rejected {
		p.reject(r)
	}
	return nil
}

// reject counts a bad row. Those of one lot come in two turns, so a few more than are shown are kept and sorted at the end.
func (p *push) reject(r traffic.Reject) {
	p.count++
	if len(p.out.Rejected) < maxNamed+traffic.LotSize {
		p.out.Rejected = append(p.out.Rejected, r)
	}
}

func (p *push) answer() api.BlocksPushed {
	slices.SortStableFunc(p.out.Rejected, func(a, b traffic.Reject) int { return a.Row - b.Row })
	named := p.out.Rejected[:min(len(p.out.Rejected), maxNamed)]
	return api.BlocksPushed{
		Accepted: p.out.Accepted, Replaced: p.out.Replaced, Unchanged: p.out.Unchanged, Rejected: p.count,
		Rejections: each(named, func(r traffic.Reject) api.RejectedBlock {
			return api.RejectedBlock{Row: r.Row, ServiceID: orNull(r.Server), Day: orNull(r.Day), Reason: api.ProblemCode(r.Code), Detail: r.Detail}
		}),
	}
}

// pushedBlock is one row as it is sent.
type pushedBlock struct {
	ServiceID string `json:"service_id"`
	Day       string `json:"day"`
	Values    map[string]struct {
		Value *string `json:"value"`
		Unit  *string `json:"unit"`
	} `json:"values"`
}

// fromAPIBlock reads one row; what is wrong with it is told as its rejection.
func fromAPIBlock(row int, raw []byte) (traffic.Report, *traffic.Reject) {
	var b pushedBlock
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(&b)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	reject := func(code, detail string) (traffic.Report, *traffic.Reject) {
		return traffic.Report{}, &traffic.Reject{Row: row, Server: shorten(b.ServiceID), Day: shorten(b.Day), Code: code, Detail: detail}
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return reject("bad_value", "A block is an object with service_id, day and values; a value is a decimal number as text.")
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		return reject("unknown_field", "A block has service_id, day and values; a value has value and unit.")
	case err != nil:
		return reject("bad_json", "The row is not one JSON object.")
	}
	day, err := calendar.ParseDay(b.Day)
	if err != nil {
		return reject("bad_value", "A day such as 2026-03-05 is expected.")
	}
	report := traffic.Report{Row: row, Server: service.ID(strings.ToLower(b.ServiceID)), Day: day, Values: make(traffic.Values, len(b.Values))}
	for param, v := range b.Values {
		q := traffic.Quantity{Unit: traffic.Param(param).Unit()}
		if v.Unit != nil {
			q.Unit = *v.Unit
		}
		if v.Value == nil || !valueForm(*v.Value) {
			return reject("bad_value", "A value is a decimal number as text, not below zero, with at most 15 digits before the point and 8 behind it.")
		}
		q.Value = decimal.RequireFromString(*v.Value)
		report.Values[traffic.Param(param)] = q
	}
	return report, nil
}

// valueForm tells whether a text is a plain decimal number: up to 15 digits, and up to 8 behind a point.
func valueForm(text string) bool {
	whole, fraction, pointed := strings.Cut(text, ".")
	digits := func(s string, most int) bool {
		return len(s) >= 1 && len(s) <= most && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole, 15) && (!pointed || digits(fraction, 8))
}

// shorten keeps what was sent from filling the answer.
func shorten(text string) string {
	if len(text) > 100 {
		return strings.ToValidUTF8(text[:100], "")
	}
	return text
}
