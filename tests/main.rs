//! All integration tests, in one binary.

/// Argo CD plugin, with the real repo-server, controllers and tools.
mod cmp;
/// Registry pages and guides, which are generated from the code.
mod docs;
/// Stories of operations, with a real API server.
mod ops;
/// Stories of the `eod_` resources, with real Terraform and a real API server.
mod provider;
/// Names of everything the provider offers.
mod registry;
/// Tests of the test kit: its servers and its fault proxy.
mod selftest;
/// Stories of the protocol crate, with a provider that misbehaves on request.
mod tfplugin;
