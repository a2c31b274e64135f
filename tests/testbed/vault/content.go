package main

// The audit log, the KV v2 and the KV v1 engine of every server, created through the HTTP interface.

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
)

func fill(client *api.Client, auditLog string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	// First, so that the log is complete.
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

// awaitEngine waits until the KV v2 engine accepts writes. It rejects them for a moment after it was mounted.
func awaitEngine(ctx context.Context, client *api.Client) error {
	for {
		_, err := client.Logical().ReadWithContext(ctx, "secret/config")
		if err == nil || !strings.Contains(err.Error(), "Upgrading") {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for secret/ to be usable: %w", readyTimeout, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
