package load

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
	"alpaca/internal/queue"
)

// queueEnv is the environment variable for a queue's address, which may contain a password.
const queueEnv = "ALPACA_QUEUE"

// Queue holds the flags for a queue's address and credentials.
type Queue struct{ address queue.Address }

// AddFlags adds the flags. usage is the help text of --queue.
func (o *Queue) AddFlags(fs *pflag.FlagSet, usage string) {
	fs.StringVar(&o.address.URL, "queue", "", usage+"; $"+queueEnv+" may hold the address, with user and password")
	fs.StringVar(&o.address.Creds, "queue-creds", "", "`file` with credentials: the seed of an nkey, or a .creds file")
	fs.StringVar(&o.address.CA, "queue-ca", "", "`file` with the certificate of the authority (CA) that signed the queue's certificate")
	fs.BoolVar(&o.address.Insecure, "insecure-queue", false, "allow connections without encryption or credentials")
}

// Given reports whether --queue is given. The environment alone does not make a command use a
// queue.
func (o *Queue) Given() bool { return o.address.URL != "" }

// Check takes the address from the environment if --queue is not given or names the same servers.
// That address may have a user and a password. A password in --queue is a usage error.
func (o *Queue) Check() error {
	fromEnv := os.Getenv(queueEnv)
	switch {
	case queue.HasPassword(o.address.URL):
		return ui.WithHint(ui.Usagef("--queue has a password, which is visible in lists of processes"),
			"$"+queueEnv+" may hold the address with the password; --queue-creds names a file with credentials")
	case o.address.URL == "" && fromEnv == "":
		return ui.WithHint(ui.Usagef("--queue is missing: the address of a queue, such as nats://127.0.0.1:4222"), "$"+queueEnv+" can hold the address")
	case o.address.URL == "" || (queue.Address{URL: fromEnv}).Redacted() == o.address.Redacted():
		o.address.URL = fromEnv
	}
	return nil
}

// Connect connects to the queue. If no server answers, it waits up to patience, or for ever if
// patience is 0.
func (o *Queue) Connect(ctx context.Context, u *ui.UI, command string, patience time.Duration) (*queue.Conn, error) {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	c, err := queue.Connect(ctx, o.address, "alpaca "+command, u.Notef)
	return c, Hinted(err)
}

// Hinted adds the advice of a queue's error as a hint.
func Hinted(err error) error {
	var refused *queue.RefusedError
	if errors.As(err, &refused) && refused.Hint != "" {
		return ui.WithHint(err, refused.Hint)
	}
	return err
}
