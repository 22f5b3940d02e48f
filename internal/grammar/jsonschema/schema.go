package jsonschema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Refused says that a grammar cannot enforce a keyword, or that a schema is invalid.
type Refused struct {
	Pointer string // JSON pointer of the keyword, as a fragment: "#/properties/a/not"
	Msg     string
}

func (e *Refused) Error() string { return e.Pointer + ": " + e.Msg }

// schema is a schema within the document, identified by id.
type schema struct {
	id    int32
	ptr   string // JSON pointer without #
	base  *url.URL
	value any             // bool or *object
	cells map[bool][]cell // cells of the schema (true) and of its negation (false)
	busy  bool            // the schema's cells are being computed
}

// where returns the pointer of one of the schema's keywords.
func (s *schema) where(key string) string {
	return "#" + s.ptr + "/" + escapePointer(key)
}

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}

// get returns a keyword's value, or nil.
func (s *schema) get(key string) any {
	if o, ok := s.value.(*object); ok {
		return o.vals[key]
	}
	return nil
}

func (s *schema) has(key string) bool {
	o, ok := s.value.(*object)
	if !ok {
		return false
	}
	_, ok = o.vals[key]
	return ok
}

func refuse(s *schema, key, format string, args ...any) error {
	return &Refused{s.where(key), fmt.Sprintf(format, args...)}
}

// document finds schemas by their pointers and names.
type document struct {
	root    any
	draft   int // 4, 6, 7, 2019 or 2020; 0: the schema does not say
	places  map[string]*schema
	byID    []*schema         // byID[id-1]
	names   map[string]string // pointers of resources by URI, and of anchors by URI#anchor
	bases   map[string]*url.URL
	dynamic map[string][]string // pointers of dynamic anchors by name, and of recursive anchors by ""
	visited int
}

// maxSchemas bounds the schemas of a document.
const maxSchemas = 200_000

func newDocument(root any) (*document, error) {
	d := &document{root: root, places: map[string]*schema{}, names: map[string]string{}, bases: map[string]*url.URL{},
		dynamic: map[string][]string{}}
	if o, ok := root.(*object); ok {
		if uri, ok := o.vals["$schema"].(string); ok {
			for _, known := range []struct {
				mark  string
				draft int
			}{{"draft-04", 4}, {"draft-03", 4}, {"draft-06", 6}, {"draft-07", 7}, {"2019-09", 2019}, {"2020-12", 2020}} {
				if strings.Contains(uri, known.mark) {
					d.draft = known.draft
				}
			}
		}
	}
	base := &url.URL{}
	d.names[""] = ""
	return d, d.collect("", root, base)
}

// notSchemas are the keywords whose values hold no schemas.
var notSchemas = map[string]bool{"enum": true, "const": true, "default": true, "examples": true, "example": true, "required": true}

// collect finds the names that schemas declare by $id and anchors.
func (d *document) collect(ptr string, v any, base *url.URL) error {
	if d.visited++; d.visited > maxSchemas {
		return fmt.Errorf("a schema of more than %d parts", maxSchemas)
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if err := d.collect(ptr+"/"+strconv.Itoa(i), x, base); err != nil {
				return err
			}
		}
	case *object:
		id, ok := v.vals["$id"].(string)
		if d.draft == 4 || d.draft == 0 && !ok {
			id, ok = v.vals["id"].(string)
		}
		_, isRef := v.vals["$ref"]
		inProperties := strings.HasSuffix(ptr, "/properties") && !strings.HasSuffix(ptr, "/properties/properties")
		if ok && !inProperties && !(isRef && d.draft != 0 && d.draft <= 7) {
			if u, err := base.Parse(id); err == nil {
				if strings.HasPrefix(id, "#") {
					d.names[u.String()] = ptr // draft-04's anchors
				} else {
					u.Fragment = ""
					base = u
					d.names[u.String()] = ptr
				}
			}
		}
		d.bases[ptr] = base
		for _, key := range []string{"$anchor", "$dynamicAnchor"} {
			if a, ok := v.vals[key].(string); ok {
				d.names[base.String()+"#"+a] = ptr
				if key == "$dynamicAnchor" {
					d.dynamic[a] = append(d.dynamic[a], ptr)
				}
			}
		}
		if v.vals["$recursiveAnchor"] == true {
			d.dynamic[""] = append(d.dynamic[""], ptr)
		}
		for _, k := range v.keys {
			if notSchemas[k] {
				continue
			}
			if err := d.collect(ptr+"/"+escapePointer(k), v.vals[k], base); err != nil {
				return err
			}
		}
	}
	return nil
}

// add returns the schema at a pointer, and adds it if it is new.
func (d *document) add(ptr string, v any, base *url.URL) (*schema, error) {
	if s, ok := d.places[ptr]; ok {
		return s, nil
	}
	switch v.(type) {
	case bool, *object:
	default:
		return nil, &Refused{"#" + ptr, "a schema must be an object, true or false"}
	}
	if b, ok := d.bases[ptr]; ok {
		base = b
	}
	s := &schema{id: int32(len(d.byID) + 1), ptr: ptr, base: base, value: v, cells: map[bool][]cell{}}
	d.byID = append(d.byID, s)
	d.places[ptr] = s
	return s, nil
}

// sub returns the schema with the value v, at path below s.
func (d *document) sub(s *schema, v any, path ...string) (*schema, error) {
	ptr := s.ptr
	for _, p := range path {
		ptr += "/" + escapePointer(p)
	}
	return d.add(ptr, v, s.base)
}

// resolve returns the schema that a reference of s refers to.
func (d *document) resolve(s *schema, key, ref string) (*schema, error) {
	u, err := s.base.Parse(ref)
	if err != nil {
		return nil, refuse(s, key, "%q is not a URI reference", ref)
	}
	fragment := u.Fragment
	whole := *u
	whole.Fragment, whole.RawFragment = "", ""
	start, ok := d.names[whole.String()]
	if !ok {
		return nil, refuse(s, key, "%q is not in this document; other documents are not fetched", ref)
	}
	switch {
	case fragment == "":
		return d.atPointer(s, key, ref, start, "")
	case strings.HasPrefix(fragment, "/"):
		return d.atPointer(s, key, ref, start, fragment)
	}
	ptr, ok := d.names[whole.String()+"#"+fragment]
	if !ok {
		return nil, refuse(s, key, "%q: the anchor %q does not exist", ref, fragment)
	}
	return d.atPointer(s, key, ref, ptr, "")
}

// atPointer returns the schema at pointer below start.
func (d *document) atPointer(s *schema, key, ref, start, pointer string) (*schema, error) {
	v, ptr := d.root, ""
	base := &url.URL{}
	for _, part := range strings.Split(start+pointer, "/")[1:] {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch at := v.(type) {
		case *object:
			next, ok := at.vals[name]
			if !ok {
				return nil, refuse(s, key, "%q points to nothing", ref)
			}
			v = next
			ptr += "/" + escapePointer(name)
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return nil, refuse(s, key, "%q points to nothing", ref)
			}
			v = at[i]
			ptr += "/" + name
		default:
			return nil, refuse(s, key, "%q points to nothing", ref)
		}
		if b, ok := d.bases[ptr]; ok {
			base = b
		}
	}
	return d.add(ptr, v, base)
}

// number returns the value of a keyword that is a number, or nil if it is absent.
func (s *schema) number(key string) (*big.Rat, error) {
	if !s.has(key) {
		return nil, nil
	}
	n, ok := s.get(key).(json.Number)
	if !ok {
		return nil, refuse(s, key, "must be a number")
	}
	v, err := decimal(n)
	if err != nil {
		return nil, refuse(s, key, "%v", err)
	}
	return v, nil
}

// maxCount bounds lengths and numbers of items. It can be large, because grammars count repetitions
// instead of copying what is repeated.
const maxCount = 1 << 30

// count returns the value of a keyword, which must be a non-negative integer. If the keyword is
// absent, count returns the value of missing.
func (s *schema) count(key string, missing int) (int, error) {
	v, err := s.number(key)
	if err != nil || v == nil {
		return missing, err
	}
	if !v.IsInt() || v.Sign() < 0 {
		return 0, refuse(s, key, "must be a non-negative integer")
	}
	if v.Cmp(big.NewRat(maxCount, 1)) > 0 {
		return 0, refuse(s, key, "at most %d can be counted", maxCount)
	}
	return int(v.Num().Int64()), nil
}

// strings returns the value of a keyword that is a list of strings.
func (s *schema) strings(key string) ([]string, error) {
	if !s.has(key) {
		return nil, nil
	}
	list, ok := s.get(key).([]any)
	if !ok {
		return nil, refuse(s, key, "must be a list of strings")
	}
	var out []string
	for _, v := range list {
		t, ok := v.(string)
		if !ok {
			return nil, refuse(s, key, "must be a list of strings")
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}
