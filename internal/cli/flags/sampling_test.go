package flags

import (
	"reflect"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

// TestEveryParameter checks that each parameter of the sampler has a flag that sets only this
// parameter.
func TestEveryParameter(t *testing.T) {
	set := map[string]string{}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Sampling).AddFlags(all)
	all.VisitAll(func(f *pflag.Flag) {
		for _, value := range []string{"0.5", "1", "true", "top_k", "k", "1+1", "x"} {
			var o Sampling
			fs := pflag.NewFlagSet("", pflag.ContinueOnError)
			o.AddFlags(fs)
			if fs.Set(f.Name, value) != nil {
				continue
			}
			before, after := reflect.ValueOf(sampler.DefaultParams()), reflect.ValueOf(o.Params)
			var changed []string
			for i := range before.NumField() {
				if !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
					changed = append(changed, before.Type().Field(i).Name)
				}
			}
			if len(changed) > 0 {
				require.Len(t, changed, 1, "--%s", f.Name)
				set[changed[0]] = f.Name
			}
		}
	})
	kind := reflect.TypeFor[sampler.Params]()
	for i := range kind.NumField() {
		if name := kind.Field(i).Name; name != "Ctx" { // the engine sets Ctx
			require.NotEmpty(t, set[name], "no flag sets %s: AddFlags in internal/cli/flags/sampling.go needs one", name)
		}
	}
}
