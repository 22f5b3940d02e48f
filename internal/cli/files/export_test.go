package files

// Types for the tests that run whole command lines.
type (
	ConvertReport = convertReport
	TokenRecord   = tokenRecord
)
