package query_test

import (
	"fmt"

	"alpaca/internal/data/query"
)

// Example finds the parameters of a statement. A statement that writes is an error.
func Example() {
	s, err := query.Parse("select * from rows where id = :id")
	fmt.Println(s.Params, err)
	_, err = query.Parse("delete from rows")
	fmt.Println(err)
	// Output:
	// [id] <nil>
	// a statement must begin with SELECT, WITH, VALUES or EXPLAIN, not with "delete": nothing can be changed here
}
