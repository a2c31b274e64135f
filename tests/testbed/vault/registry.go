package main

// What the core asks when it wants to know whether a plugin is built in.

import (
	"sort"

	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

// registry names the engines and logins that are linked. Vault's own registry would link
// all of its plugins.
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

// Contains says whether a plugin is linked.
func (r registry) Contains(name string, kind consts.PluginType) bool {
	_, ok := r.of(kind)[name]
	return ok
}

// Get answers what makes a plugin.
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

// DeprecationStatus says that nothing we link is on its way out.
func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	if r.Contains(name, kind) {
		return consts.Supported, true
	}
	return consts.Unknown, false
}

// IsBuiltinEntPlugin says that nothing here is of the enterprise edition.
func (registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
