//! The one integration-test binary. One sentence per module on what belongs there.

/// The Argo CD plugin: under the real repo-server and controllers, and beside the real tools.
mod cmp;
/// The registry's pages are what the schema says.
mod docs;
/// Stories of the `eod_` resources on the real terraform and a real API server.
mod provider;
/// Names of everything the provider offers.
mod registry;
/// Tests of the kit itself: its servers and its proxies do what the other tests rely on.
mod selftest;
/// Stories of the protocol crate alone, told by a provider that misbehaves.
mod tfplugin;
