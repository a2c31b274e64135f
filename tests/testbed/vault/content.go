package main

// What every test may count on: an audit log, a KV v2 and a KV v1 engine. Set up through
// the HTTP interface, as an administrator would.

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
)

func fill(client *api.Client, auditLog string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readiness)
	defer cancel()
	// First of all, so that the log is complete.
	device := &api.EnableAuditOptions{Type: "file", Options: map[string]string{"file_path": auditLog, "mode": "0600"}}
	if err := client.Sys().EnableAuditWithOptionsWithContext(ctx, "file", device); err != nil {
		return fmt.Errorf("cannot enable the audit log %s: %w", auditLog, err)
	}
	for path, version := range map[string]string{"secret": "2", "kv1": "1"} {
		engine := &api.MountInput{Type: "kv", Options: map[string]string{"version": version}}
		if err := client.Sys().MountWithContext(ctx, path, engine); err != nil {
			return fmt.Errorf("cannot mount KV version %s at %s/: %w", version, path, err)
		}
	}
	return awaitEngine(ctx, client)
}

// awaitEngine waits until the KV v2 engine takes writes. It refuses them for a moment
// after it was mounted, while it converts a storage that is empty.
func awaitEngine(ctx context.Context, client *api.Client) error {
	for {
		_, err := client.Logical().ReadWithContext(ctx, "secret/config")
		if err == nil || !strings.Contains(err.Error(), "Upgrading") {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for secret/ to be usable: %w", readiness, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
