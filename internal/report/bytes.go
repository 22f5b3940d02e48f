package report

import (
	"fmt"
	"math"
)

// Bytes formats a size of n bytes in binary units, such as "3.95 GiB", with the given
// number of decimals.
func Bytes(n int64, digits int) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	x, unit := float64(n)/1024, 0
	for ; x >= 1024-0.5*math.Pow10(-digits); unit++ { // 1024 after rounding
		x /= 1024
	}
	return fmt.Sprintf("%.*f %ciB", digits, x, units[unit])
}
