package load

import "alpaca/internal/cli/ui"

// Check returns an error if flags of the sampler or of drafts are wrong, and tells the user which
// flags are ignored. Start also does this, so callers of Start need not call Check.
func (o *Generation) Check(u *ui.UI) error {
	if err := o.Sampling.Check(); err != nil {
		return err
	}
	if err := o.Drafts.check(); err != nil {
		return err
	}
	o.compat.Report(u)
	return nil
}
