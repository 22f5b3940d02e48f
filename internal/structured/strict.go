package structured

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// CheckStrict returns an error if a schema breaks the main rule of OpenAI's
// strict mode: an object that lists properties must allow no others.
func CheckStrict(schema []byte) error {
	return strictAt("#", schema)
}

// Keywords whose value is a schema, a list of schemas, or an object with schemas.
var (
	oneSchema    = []string{"items", "additionalItems", "contains", "not", "if", "then", "else", "propertyNames", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"}
	listSchemas  = []string{"anyOf", "oneOf", "allOf", "prefixItems", "items"}
	namedSchemas = []string{"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
)

func strictAt(pointer string, schema []byte) error {
	var o map[string]json.RawMessage
	if json.Unmarshal(schema, &o) != nil {
		return nil // the schema is true or false, or it is invalid, which the compiler reports
	}
	if _, ok := o["properties"]; ok && string(bytes.TrimSpace(o["additionalProperties"])) != "false" {
		return fmt.Errorf("%s: strict schemas need \"additionalProperties\": false beside \"properties\" (without \"strict\" other properties are allowed)", pointer)
	}
	for _, name := range oneSchema {
		if err := strictAt(pointer+"/"+name, o[name]); err != nil {
			return err
		}
	}
	for _, name := range listSchemas {
		var list []json.RawMessage
		if json.Unmarshal(o[name], &list) != nil {
			continue
		}
		for i, item := range list {
			if err := strictAt(fmt.Sprintf("%s/%s/%d", pointer, name, i), item); err != nil {
				return err
			}
		}
	}
	for _, name := range namedSchemas {
		var named map[string]json.RawMessage
		if json.Unmarshal(o[name], &named) != nil {
			continue
		}
		keys := make([]string, 0, len(named))
		for key := range named {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		escape := strings.NewReplacer("~", "~0", "/", "~1")
		for _, key := range keys {
			if err := strictAt(pointer+"/"+name+"/"+escape.Replace(key), named[key]); err != nil {
				return err
			}
		}
	}
	return nil
}
