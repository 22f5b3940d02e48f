package queue

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"alpaca/internal/queue"
)

// shipped starts a server with deploy/nats.conf. It returns a function that returns the address
// for a user.
func shipped(t *testing.T) (as func(user string) string) {
	t.Helper()
	for _, user := range []string{"ADMIN", "PRODUCER", "WORKER"} {
		t.Setenv("ALPACA_"+user+"_PASSWORD", "p"+strings.ToLower(user))
	}
	t.Setenv("ALPACA_QUEUE_STORE", t.TempDir())
	opt, err := server.ProcessConfigFile(filepath.Join("..", "..", "..", "deploy", "nats.conf"))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", opt.Host)
	require.True(t, opt.SyncAlways)
	opt.Port, opt.HTTPPort, opt.NoSigs, opt.NoLog = -1, 0, true, true
	url := start(t, opt)
	return func(user string) string {
		return strings.Replace(url, "://", "://"+user+":p"+user+"@", 1)
	}
}

// TestRights does everything that the three users must do, with the rights that deploy/nats.conf
// gives them.
func TestRights(t *testing.T) {
	as := shipped(t)
	c := initialize(t, as("admin"), queue.Limits{}, 0)
	w := work(t, as("worker"), &echo{}, queue.WorkerOptions{})
	list := requests(t, 50)
	producer := connect(t, as("producer"))
	m, err := producer.Find(t.Context(), "small")
	require.NoError(t, err)
	require.Equal(t, theModel.Key, m.Key)
	var out output
	require.NoError(t, run(t, as("producer"), batch(t, list, &out)))
	out.complete(t, list)
	require.NoError(t, w.stop())
	empty(t, c)
	n, err := c.Remove(t.Context(), queue.BatchID(t.Name()))
	require.NoError(t, err)
	require.Equal(t, queue.Removed{Results: 50}, n)
}

// TestNoRights tries what users must not do. The server does not answer, but the error says why.
func TestNoRights(t *testing.T) {
	as := shipped(t)
	initialize(t, as("admin"), queue.Limits{}, 0)
	within := func(f func(ctx context.Context) error) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return f(ctx)
	}
	worker := connect(t, as("worker"))
	err := within(func(ctx context.Context) error { return worker.Init(ctx, queue.Limits{}) })
	require.ErrorContains(t, err, "no right")
	require.NotContains(t, err.Error(), "pworker")
	worker = connect(t, as("worker"))
	var out output
	err = within(func(ctx context.Context) error { return batch(t, requests(t, 1), &out).Run(ctx, worker) })
	require.ErrorContains(t, err, "no right")
	producer := connect(t, as("producer"))
	err = within(func(ctx context.Context) error {
		_, err := queue.NewWorker(ctx, producer, theModel.Key, &echo{}, queue.WorkerOptions{Slots: 1})
		return err
	})
	require.ErrorContains(t, err, "no right")
	producer = connect(t, as("producer"))
	err = within(func(ctx context.Context) error { return producer.RemoveAll(ctx) })
	require.ErrorContains(t, err, "no right")

	// Even without the checks in the client, a worker cannot put jobs in, make consumers, or
	// receive answers to other users.
	for what, try := range map[string]func(nc *nats.Conn, js jetstream.JetStream) error{
		"jobs": func(nc *nats.Conn, _ jetstream.JetStream) error {
			return nc.Publish("alpaca.jobs."+theModel.Key+".0123456789abcdef.00112233445566778899aabbccddeeff", nil)
		},
		"consumers": func(nc *nats.Conn, _ jetstream.JetStream) error {
			return nc.Publish("$JS.API.CONSUMER.CREATE.ALPACA_JOBS.mine", nil)
		},
		"inboxes": func(nc *nats.Conn, _ jetstream.JetStream) error {
			_, err := nc.SubscribeSync("_INBOX_producer.>")
			return err
		},
		"all": func(nc *nats.Conn, _ jetstream.JetStream) error {
			_, err := nc.SubscribeSync(">")
			return err
		},
	} {
		said := make(chan error, 10)
		nc, js := raw(t, as("worker"), nats.CustomInboxPrefix("_INBOX_worker"), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { said <- err }))
		require.NoError(t, try(nc, js), what)
		require.NoError(t, nc.Flush())
		select {
		case err := <-said:
			require.ErrorIs(t, err, nats.ErrPermissionViolation, what)
		case <-time.After(aLong):
			t.Fatalf("%s: the server did not refuse", what)
		}
	}

	// A wrong password is an error at once, and so is a missing password.
	for _, url := range []string{strings.Replace(as("worker"), "pworker", "wrong", 1), strings.Replace(as("worker"), "worker:pworker@", "", 1)} {
		_, err := connectTo(t, queue.Address{URL: url})
		require.ErrorContains(t, err, "refuses the credentials")
		require.NotContains(t, err.Error(), "wrong@")
	}
}

// TestEncrypted connects over TLS with the seed of an nkey, to an address that is not a loopback
// address.
func TestEncrypted(t *testing.T) {
	dir := t.TempDir()
	ca, config := certificate(t, dir)
	user, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err := user.PublicKey()
	require.NoError(t, err)
	seed, err := user.Seed()
	require.NoError(t, err)
	creds := filepath.Join(dir, "user.nk")
	require.NoError(t, os.WriteFile(creds, seed, 0o600))

	tlsConf, err := server.GenTLSConfig(config)
	require.NoError(t, err)
	opt := options(filepath.Join(dir, "store"), -1)
	opt.TLSConfig, opt.TLS = tlsConf, true
	opt.Nkeys = []*server.NkeyUser{{Nkey: public, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"$JS.API.>", "alpaca.>", "$JS.ACK.>"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX_" + public + ".>"}},
	}}}
	port := portOf(t, start(t, opt))
	there := "tls://0.0.0.0:" + port // reaches this machine, but is not a loopback address for alpaca
	c, err := connectTo(t, queue.Address{URL: there, Creds: creds, CA: ca})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Init(t.Context(), queue.Limits{}))
	require.NoError(t, c.Add(t.Context(), theModel))
	_, err = c.Status(t.Context())
	require.NoError(t, err)

	// Without the authority's certificate, or with another user's seed, the connection fails.
	_, err = connectTo(t, queue.Address{URL: there, Creds: creds})
	require.ErrorContains(t, err, "certificate")
	another, err := nkeys.CreateUser()
	require.NoError(t, err)
	seed, err = another.Seed()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(creds, seed, 0o600))
	_, err = connectTo(t, queue.Address{URL: there, Creds: creds, CA: ca})
	require.ErrorContains(t, err, "refuses the credentials")

	// A server that lets anybody in must get no prompts, with or without credentials.
	open := options(filepath.Join(dir, "open"), -1)
	open.TLSConfig, open.TLS = tlsConf, true
	port = portOf(t, start(t, open))
	_, err = connectTo(t, queue.Address{URL: "tls://0.0.0.0:" + port, Creds: creds, CA: ca})
	require.ErrorContains(t, err, "does not use nkeys")
	_, err = connectTo(t, queue.Address{URL: "tls://user:word@0.0.0.0:" + port, CA: ca})
	require.ErrorContains(t, err, "tls://0.0.0.0:"+port+" lets anybody in")
	c, err = connectTo(t, queue.Address{URL: "tls://0.0.0.0:" + port, CA: ca, Insecure: true})
	require.NoError(t, err)
	c.Close()
}

func portOf(t *testing.T, url string) string {
	t.Helper()
	return url[strings.LastIndexByte(url, ':')+1:]
}

// certificate makes one certificate, for the authority and for the server. It returns the file of
// the certificate and the options of the server.
func certificate(t *testing.T, dir string) (ca string, opt *server.TLSConfigOpts) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4zero}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(name, kind string, data []byte) string {
		var b bytes.Buffer
		require.NoError(t, pem.Encode(&b, &pem.Block{Type: kind, Bytes: data}))
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
		return path
	}
	ca = write("ca.crt", "CERTIFICATE", cert)
	return ca, &server.TLSConfigOpts{CertFile: ca, KeyFile: write("tls.key", "PRIVATE KEY", der)}
}

// TestOld checks that a server that is too old is refused.
func TestOld(t *testing.T) {
	for version, want := range map[string]string{"2.9.10": "must be 2.12 or later", "2.11.9": "must be 2.12 or later", "3.0.0": ""} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		go pretend(l, version)
		c, err := connectTo(t, queue.Address{URL: "nats://" + l.Addr().String()})
		if want == "" {
			require.NoError(t, err)
			c.Kill()
			continue
		}
		require.ErrorContains(t, err, want, version)
		require.ErrorContains(t, err, version)
	}
}

// pretend is a server that speaks only the first messages of NATS's protocol.
func pretend(l net.Listener, version string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprintf(conn, "INFO {\"server_id\":\"X\",\"version\":%q,\"proto\":1,\"headers\":true,\"max_payload\":1048576,\"jetstream\":true}\r\n", version)
		go func() {
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "PING") {
					fmt.Fprint(conn, "PONG\r\n")
				}
			}
		}()
	}
}
