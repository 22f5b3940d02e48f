package files_test

import (
	"testing"

	"alpaca/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }
