package main

// The core's registry of built-in plugins.

import (
	"sort"

	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

// registry has the linked engines and login methods. Vault's own registry would link all plugins.
type registry struct {
	engines map[string]logical.Factory
	logins  map[string]logical.Factory
}

func (r registry) of(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return r.engines
	case consts.PluginTypeCredential:
		return r.logins
	default:
		return nil
	}
}

// Contains is true if a plugin is linked.
func (r registry) Contains(name string, kind consts.PluginType) bool {
	_, ok := r.of(kind)[name]
	return ok
}

// Get returns the factory of a plugin.
func (r registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, ok := r.of(kind)[name]
	return func() (interface{}, error) { return factory, nil }, ok
}

// Keys lists the linked plugins of a kind.
func (r registry) Keys(kind consts.PluginType) []string {
	names := make([]string, 0, len(r.of(kind)))
	for name := range r.of(kind) {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// DeprecationStatus: no linked plugin is deprecated.
func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	if r.Contains(name, kind) {
		return consts.Supported, true
	}
	return consts.Unknown, false
}

// IsBuiltinEntPlugin: no plugin is of the enterprise edition.
func (registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
