package main

// The server behind the HTTP interface: a core with storage in memory.

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/audit/file"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

var (
	engines = map[string]logical.Factory{"kv": kv.Factory}
	logins  = map[string]logical.Factory{
		"approle":    approle.Factory,
		"jwt":        jwt.Factory,
		"kubernetes": kubernetes.Factory,
	}
	auditDevices = map[string]audit.Factory{"file": file.Factory}
)

// keys has the unseal key and the root token, which the initialisation returns once.
type keys struct {
	root   string
	unseal []byte
}

// newCore creates a server with the linked engines, not initialised.
func newCore(address string) (*vault.Core, error) {
	logger := hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Warn})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "inmem",
		Logger:             logger,
		LogLevel:           "warn",
		RedirectAddr:       address,
		LogicalBackends:    engines,
		CredentialBackends: logins,
		AuditBackends:      auditDevices,
		BuiltinRegistry:    registry{engines: engines, logins: logins},
		// Locking memory needs a privilege that tests do not have.
		DisableMlock: true,
	})
}

// initialise creates the key share and the root token, both random, and unseals.
func initialise(core *vault.Core) (keys, error) {
	one := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	made, err := core.Initialize(context.Background(), &vault.InitParams{BarrierConfig: one})
	if err != nil {
		return keys{}, fmt.Errorf("cannot initialise: %w", err)
	}
	share := made.SecretShares[0]
	// The core overwrites its argument.
	unsealed, err := core.Unseal(append([]byte(nil), share...))
	if err != nil {
		return keys{}, fmt.Errorf("cannot unseal: %w", err)
	}
	if !unsealed {
		return keys{}, fmt.Errorf("still sealed after its only key share was given")
	}
	return keys{root: made.RootToken, unseal: share}, nil
}
