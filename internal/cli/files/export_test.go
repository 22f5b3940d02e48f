package files

// For the tests that run whole command lines.
type (
	ConvertReport = convertReport
	TokenRecord   = tokenRecord
)
