package run

// For the tests that run whole command lines.
type (
	TokenLine = tokenLine
	DoneLine  = doneLine
	ChatLine  = chatLine
)

var ReadHistory = readHistory
