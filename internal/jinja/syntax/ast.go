package syntax

// Node is a statement.
type Node interface{ Pos() Pos }

// At is the position where a node begins.
type At Pos

// Pos returns the position.
func (a At) Pos() Pos { return Pos(a) }

// Expr is an expression.
type Expr interface{ Pos() Pos }

// Statements.
type (
	// Output prints expressions. Literal text is a *TemplateData.
	Output struct {
		At
		Exprs []Expr
	}
	// For is a loop. TestTarget is a copy of Target for Test, which has a scope of its own.
	For struct {
		At
		Target, Iter     Expr
		Test, TestTarget Expr // nil: none
		Body, Else       []Node
		Recursive        bool
		HasElse          bool
	}
	// If is an if statement. Its elifs are further tests.
	If struct {
		At
		Tests  []Expr
		Bodies [][]Node
		Else   []Node
	}
	// Macro is a macro, or the body of a call block, which macros call by the name "caller".
	Macro struct {
		At
		Name     *Name // nil in a call block
		Args     []*Name
		Defaults []Expr // defaults of the last len(Defaults) Args
		Body     []Node
	}
	// CallBlock calls a macro, which can call the body.
	CallBlock struct {
		At
		Call *Call
		Body *Macro
	}
	// FilterBlock filters what its body prints.
	FilterBlock struct {
		At
		Filter *Filter // a chain of filters, whose innermost has no Value
		Body   []Node
	}
	// With sets names for its body.
	With struct {
		At
		Targets, Values []Expr
		Body            []Node
	}
	// Set assigns.
	Set struct {
		At
		Target, Value Expr
	}
	// SetBlock assigns what its body prints.
	SetBlock struct {
		At
		Target Expr
		Filter *Filter // a chain of filters, whose innermost has no Value; nil: none
		Body   []Node
	}
	// Block is a named part, which is printed at its position.
	Block struct {
		At
		Name             string
		Scoped, Required bool
		Body             []Node
	}
	// Autoescape says whether the output of its body is escaped.
	Autoescape struct {
		At
		Value Expr
		Body  []Node
	}
	// Generation marks text that the model has written. It prints its body.
	Generation struct {
		At
		Body *Macro
	}
	// Load is a statement that needs other templates: extends, include, import.
	Load struct {
		At
		What     string
		Template Expr
		Targets  []*Name
	}
	// Break leaves a loop.
	Break struct{ At }
	// Continue continues with the next iteration of a loop.
	Continue struct{ At }
)

// Ctx says how a name is used.
type Ctx uint8

// Uses of a name.
const (
	LoadName Ctx = iota
	StoreName
	ParamName
)

// Expressions.
type (
	// TemplateData is literal text.
	TemplateData struct {
		At
		Data string
	}
	// Name is a variable.
	Name struct {
		At
		Name string
		Ctx  Ctx
	}
	// NSRef is an attribute of a namespace, as the target of an assignment.
	NSRef struct {
		At
		Name *Name
		Attr string
	}
	// Const is a literal: nil, a bool, a string, an int64, a *big.Int or a float64.
	Const struct {
		At
		Value any
	}
	// Tuple is (a, b).
	Tuple struct {
		At
		Items []Expr
	}
	// List is [a, b].
	List struct {
		At
		Items []Expr
	}
	// Dict is {k: v}.
	Dict struct {
		At
		Keys, Values []Expr
	}
	// Unary is "not", "-" or "+".
	Unary struct {
		At
		Op string
		X  Expr
	}
	// Binary is an arithmetic operator, "and" or "or".
	Binary struct {
		At
		Op   string
		X, Y Expr
	}
	// Concat is a ~ b.
	Concat struct {
		At
		Items []Expr
	}
	// Compare is a chain of comparisons, including "in" and "not in": a < b <= c.
	Compare struct {
		At
		X   Expr
		Ops []string
		Ys  []Expr
	}
	// Cond is a if b else c.
	Cond struct {
		At
		Test, Then, Else Expr // Else nil: none
	}
	// Getattr is x.name.
	Getattr struct {
		At
		X    Expr
		Attr string
	}
	// Getitem is x[i].
	Getitem struct {
		At
		X, Index Expr
	}
	// Slice is the index a:b:c.
	Slice struct {
		At
		Start, Stop, Step Expr // nil: none
	}
	// Args are the arguments of a call, a filter or a test.
	Args struct {
		List         []Expr
		Names        []string
		Named        []Expr
		Star, Double Expr // *a, **b
	}
	// Call is f(…).
	Call struct {
		At
		Fn Expr
		Args
	}
	// Filter is x|name(…).
	Filter struct {
		At
		Value Expr // nil: the output of the block
		Name  string
		Args
	}
	// Test is "x is name(…)".
	Test struct {
		At
		Value Expr
		Name  string
		Args
	}
)
