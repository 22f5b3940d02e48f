// Package jinja renders chat templates: Jinja 2 as the Python library transformers
// configures it. This includes transformers' own tojson, raise_exception and strftime_now,
// loop controls, and the tag generation. A template is parsed (package syntax) and compiled
// to functions. Package text records for each byte of a string whether it comes from the
// template or the data, so that data never becomes a control token. A rendering has limits,
// can be stopped, and has access only to its variables (packages value and builtin).
package jinja

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"alpaca/internal/jinja/builtin"
	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// MaxSource is the size limit of a template in bytes. The longest published template has 60
// kilobytes.
const MaxSource = 1 << 20

// Template is a compiled template. It is immutable, so several goroutines may use it at once.
type Template struct {
	src    string
	root   *block
	blocks map[string]*block
}

// Error says why a template cannot be compiled or rendered, with the position.
type Error struct {
	Line, Column int    // from 1
	Kind         string // Python's class of the error
	Msg          string
	err          error
}

// Error returns one line of limited length, because a template can put any text into the
// message.
func (e *Error) Error() string {
	msg := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, e.Msg)
	if r := []rune(msg); len(r) > 300 {
		msg = string(r[:300]) + "…"
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, msg)
}

// Unwrap returns the cause: a *value.LimitError, the error of the context, or nil.
func (e *Error) Unwrap() error { return e.err }

// Compile compiles a template.
func Compile(source string) (t *Template, err error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("jinja: a template of %d bytes, must be at most %d", len(source), MaxSource)
	}
	t = &Template{src: syntax.Normalize(source), blocks: map[string]*block{}}
	nodes, err := syntax.Parse(t.src)
	if err != nil {
		return nil, syntaxError(err)
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*syntax.Error)
			if !ok {
				panic(r)
			}
			t, err = nil, syntaxError(e)
		}
	}()
	c := &compiler{src: t.src, blocks: t.blocks}
	t.root = c.template(nodes)
	return t, nil
}

func syntaxError(err error) error {
	var e *syntax.Error
	if errors.As(err, &e) {
		return &Error{Line: e.Line, Column: e.Column, Kind: "TemplateSyntaxError", Msg: e.Msg}
	}
	return err
}

// DefaultLimits are the limits if Options has none. They are far beyond what a published
// template needs for a conversation of a million characters.
var DefaultLimits = value.Limits{Steps: 5e6, Bytes: 1 << 30, Output: 64 << 20, Depth: 200}

// Options are the options of a rendering.
type Options struct {
	Now    func() time.Time // for strftime_now; nil: time.Now
	Limits value.Limits     // zero: DefaultLimits
}

// Render renders the template with the variables vars.
func (t *Template) Render(ctx context.Context, vars *value.Dict, opt Options) (out text.Text, err error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Limits == (value.Limits{}) {
		opt.Limits = DefaultLimits
	}
	r := &value.Run{Ctx: ctx, Now: opt.Now, Left: opt.Limits}
	r.ReadNumbers(vars)
	defer r.Recover(func(f *value.Failure) {
		line, column := syntax.Place(t.src, r.Pos)
		out, err = text.Text{}, &Error{line, column, f.Kind, f.Msg, f.Err}
	})
	result := output{root: true}
	t.root.run(r, &scopeContext{t: t, r: r, data: vars, vars: map[string]value.Value{}}, &result)
	return result.Text(), nil
}

// JSON returns the result of the filter tojson for a value.
func JSON(v value.Value) (out text.Text, err error) {
	r := &value.Run{Ctx: context.Background(), Left: DefaultLimits}
	r.ReadNumbers(v)
	defer r.Recover(func(f *value.Failure) { out, err = text.Text{}, f })
	return builtin.Filters["tojson"](r, v, &value.Args{}).(text.Text), nil
}

// scopeContext resolves names that no statement of a block sets. It looks among the variables
// that the template sets at top level, then in the data, then among the globals of all templates.
type scopeContext struct {
	t      *Template
	r      *value.Run
	vars   map[string]value.Value
	data   *value.Dict
	locals map[string]value.Value // variables of the scope around a scoped block
}

func (c *scopeContext) resolve(name string) value.Value {
	if v, ok := c.locals[name]; ok {
		return v
	}
	if v, ok := c.vars[name]; ok {
		return v
	}
	if v, ok := c.data.Lookup(name); ok {
		return v
	}
	if v, ok := builtin.Globals[name]; ok {
		return v
	}
	return value.Missing
}

// derived returns the context of a scoped block in the scope s.
func (c *scopeContext) derived(f *frame, s *scope) *scopeContext {
	d := *c
	d.locals = map[string]value.Value{}
	for name, v := range c.locals {
		d.locals[name] = v
	}
	fn := s.fn
	seen := map[string]bool{}
	for ; s != nil; s = s.up {
		for name := range s.stores {
			at, ok := s.find(name)
			if seen[name] || !ok {
				continue
			}
			seen[name] = true
			if v := f.at(fn.depth - at.fn.depth).vars[at.slot]; v != value.Missing {
				d.locals[name] = v
			}
		}
	}
	return &d
}

// selfRef is the variable "self". Its attributes are the blocks.
type selfRef struct{ ctx *scopeContext }

// Attr returns a function that renders a block.
func (s *selfRef) Attr(_ *value.Run, name string) (value.Value, bool) {
	b, ok := s.ctx.t.blocks[name]
	if !ok {
		return nil, false
	}
	return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value {
		a.Plain(name, 0, 0)
		var out output
		b.run(r, s.ctx, &out)
		return out.Text().AsSafe(r.Escape)
	}}, true
}

// Repr returns "self" as it is printed.
func (s *selfRef) Repr() string { return "<TemplateReference None>" }
