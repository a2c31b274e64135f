package main

// One server from its first listening socket to its end.

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/vault/api"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/version"
)

// readyTimeout is the maximum time of the set-up. Half a second is usual; the limit turns a broken server into an error.
const readyTimeout = time.Minute

// stopTimeout is the maximum time for open requests after a stop was requested.
const stopTimeout = 2 * time.Second

// settings has the command line arguments.
type settings struct {
	dir     string
	address string
	tls     bool
}

// announcement is the line on stdout after the server is ready.
type announcement struct {
	Address   string  `json:"address"`
	TokenFile string  `json:"token_file"`
	UnsealKey string  `json:"unseal_key_file"`
	Audit     string  `json:"audit"`
	Authority string  `json:"ca,omitempty"`
	Version   string  `json:"version"`
	Pid       int     `json:"pid"`
	Seconds   float64 `json:"seconds"`
}

// serveIn runs a server in the folder until a stop is requested.
func serveIn(wanted settings, stop <-chan struct{}) error {
	begun := time.Now()
	if wanted.dir == "" {
		made, err := os.MkdirTemp("", "eod-vault-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(made)
		wanted.dir = made
	}
	dir, err := filepath.Abs(wanted.dir)
	if err != nil {
		return err
	}
	wanted.dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	endpoint, err := listen(wanted)
	if err != nil {
		return err
	}
	core, err := newCore(endpoint.url)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(endpoint.socket) }()
	defer end(server, core)
	said, err := prepare(core, endpoint, dir)
	if err != nil {
		return err
	}
	said.Seconds = float64(time.Since(begun).Milliseconds()) / 1000
	line, err := json.Marshal(said)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	select {
	case <-stop:
		return nil
	case err := <-ended:
		return fmt.Errorf("the listener ended: %w", err)
	}
}

// prepare initialises the core, writes the secrets' files and mounts the engines.
func prepare(core *vault.Core, endpoint *listener, dir string) (announcement, error) {
	made, err := initialise(core)
	if err != nil {
		return announcement{}, err
	}
	said := announcement{
		Address:   endpoint.url,
		TokenFile: filepath.Join(dir, "token"),
		UnsealKey: filepath.Join(dir, "unseal-key"),
		Audit:     filepath.Join(dir, "audit.log"),
		Authority: endpoint.authority,
		Version:   version.GetVersion().VersionNumber(),
		Pid:       os.Getpid(),
	}
	if err := os.WriteFile(said.TokenFile, []byte(made.root), 0o600); err != nil {
		return announcement{}, err
	}
	if err := os.WriteFile(said.UnsealKey, []byte(base64.StdEncoding.EncodeToString(made.unseal)), 0o600); err != nil {
		return announcement{}, err
	}
	client, err := administrator(endpoint, made.root)
	if err != nil {
		return announcement{}, err
	}
	return said, fill(client, said.Audit)
}

// administrator is a client without values from the environment, where VAULT_ADDR or a namespace may belong to another
// server.
func administrator(endpoint *listener, token string) (*api.Client, error) {
	// The client adds the authority only to an existing TLS configuration.
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	config := &api.Config{Address: endpoint.url, HttpClient: &http.Client{Transport: transport}, Timeout: readyTimeout}
	if endpoint.authority != "" {
		if err := config.ConfigureTLS(&api.TLSConfig{CACert: endpoint.authority}); err != nil {
			return nil, err
		}
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, err
	}
	client.ClearNamespace()
	client.SetToken(token)
	return client, nil
}

// end waits for open requests, then seals the server.
func end(server *http.Server, core *vault.Core) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		server.Close()
	}
	if err := core.Shutdown(); err != nil && !errors.Is(err, consts.ErrSealed) {
		fmt.Fprintf(os.Stderr, "eod-vault: cannot seal at the end: %v\n", err)
	}
}

// stopRequests returns a channel that is closed at the first request to stop.
func stopRequests(untilStdin bool) <-chan struct{} {
	stop := make(chan struct{})
	reasons := make(chan struct{}, 2)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		<-signals
		reasons <- struct{}{}
	}()
	if untilStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			reasons <- struct{}{}
		}()
	}
	go func() {
		<-reasons
		close(stop)
	}()
	return stop
}
