package run

// Names for the tests that run whole command lines.
type (
	TokenLine = tokenLine
	DoneLine  = doneLine
	ChatLine  = chatLine
)

var ReadHistory = readHistory
