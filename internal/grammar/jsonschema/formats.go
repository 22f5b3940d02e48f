package jsonschema

// Parts of formats.
const (
	date = `(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))` +
		`|(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)`
	offset = `(?:[zZ]|[+-](?:[01]\d|2[0-3]):[0-5]\d)`
	clock  = `(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?` + offset + `|23:59:60(?:\.\d{1,9})?(?:[zZ]|[+-]00:00))`
	label  = `[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
	atext  = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"
	octet  = `(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`
	ipv4   = octet + `(?:\.` + octet + `){3}`
	hex4   = `[0-9a-fA-F]{1,4}`
	tail32 = `(?:` + hex4 + `:` + hex4 + `|` + ipv4 + `)`
	ipv6   = `(?:(?:` + hex4 + `:){6}` + tail32 + `|::(?:` + hex4 + `:){5}` + tail32 + `|(?:` + hex4 + `)?::(?:` + hex4 + `:){4}` + tail32 +
		`|(?:(?:` + hex4 + `:){0,1}` + hex4 + `)?::(?:` + hex4 + `:){3}` + tail32 + `|(?:(?:` + hex4 + `:){0,2}` + hex4 + `)?::(?:` + hex4 + `:){2}` + tail32 +
		`|(?:(?:` + hex4 + `:){0,3}` + hex4 + `)?::` + hex4 + `:` + tail32 + `|(?:(?:` + hex4 + `:){0,4}` + hex4 + `)?::` + tail32 +
		`|(?:(?:` + hex4 + `:){0,5}` + hex4 + `)?::` + hex4 + `|(?:(?:` + hex4 + `:){0,6}` + hex4 + `)?::)`
	pchar = `(?:[a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})`
)

// formats are the patterns of the formats that are enforced: RFC 3339 (date, time, date-time,
// duration), RFC 5321 (email addresses without quotes), RFC 1123 (host names), RFC 2673 and RFC
// 4291 (IP addresses), RFC 4122 (UUIDs), RFC 3986 (URIs).
var formats = map[string]string{
	"date":      `^` + date + `$`,
	"time":      `^` + clock + `$`,
	"date-time": `^` + date + `[tT]` + clock + `$`,
	"duration": `^P(?:\d+W|(?:\d+D|\d+M(?:\d+D)?|\d+Y(?:\d+M(?:\d+D)?)?)(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?` +
		`|T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))$`,
	"email":                 `^` + atext + `(?:\.` + atext + `)*@` + label + `(?:\.` + label + `)*$`,
	"hostname":              `^` + label + `(?:\.` + label + `)*$`,
	"ipv4":                  `^` + ipv4 + `$`,
	"ipv6":                  `^` + ipv6 + `$`,
	"json-pointer":          `^(?:/(?:[^~/]|~[01])*)*$`,
	"relative-json-pointer": `^(?:0|[1-9]\d*)(?:#|(?:/(?:[^~/]|~[01])*)*)$`,
	"uuid":                  `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`,
	"uri": `^[a-zA-Z][a-zA-Z0-9+.-]*:(?://(?:(?:[a-zA-Z0-9._~!$&'()*+,;=:-]|%[0-9a-fA-F]{2})*@)?(?:\[[0-9a-fA-F:.]+\]|(?:[a-zA-Z0-9._~!$&'()*+,;=-]|%[0-9a-fA-F]{2})*)` +
		`(?::\d*)?(?:/` + pchar + `*)*|/(?:` + pchar + `+(?:/` + pchar + `*)*)?|` + pchar + `+(?:/` + pchar + `*)*|)(?:\?(?:` + pchar + `|[/?])*)?(?:#(?:` + pchar + `|[/?])*)?$`,
}

// notFormats are the standard's formats that are not enforced. Formats outside the standard are
// annotations.
var notFormats = map[string]bool{
	"regex": true, "iri": true, "iri-reference": true, "uri-reference": true, "uri-template": true, "idn-email": true, "idn-hostname": true,
}

// EnforcesFormat reports whether the format of that name is enforced.
func EnforcesFormat(name string) bool { return formats[name] != "" }
