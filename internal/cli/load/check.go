package load

import "alpaca/internal/cli/ui"

// Check returns an error if the flags of the sampler or of drafts do not go together, and tells which flags
// are ignored. Start does so itself.
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
