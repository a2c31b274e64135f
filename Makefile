# What people and CI type. `make demo`, `make demo-gitops` and `make test` do all the set-up they need.
.PHONY: demo demo-gitops test lint bench docs testbed install

# Shows the main job on real parts: a testbed cluster, a Vault, terraform, two pull requests. KEEP=1 leaves it up.
demo:
	tests/testbed/build.sh
	tests/testbed/build.sh vault
	cargo build --no-default-features --features provider --bin terraform-provider-eod
	examples/demo/run

# The same job with Argo CD: its real servers and the plugin, one pull request from its label to the end. KEEP=1 as above.
demo-gitops:
	tests/testbed/build.sh
	tests/testbed/build.sh argocd
	cargo build --no-default-features --features cmp --bin eod-cmp
	examples/demo-gitops/run

# Every test, on the real parts. The first run on a machine builds the testbed, half an hour of CPU time. Most tests
# wait for a server, so more of them run at once than there are cores.
test: testbed
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-8} cargo test --workspace --no-fail-fast

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Numbers against their peers, from the same run. Slow: it builds a release and the peers.
bench:
	tests/testbed/build.sh
	tests/bench/run

# Writes the registry pages from the schema.
docs:
	EOD_UPDATE_DOCS=1 cargo test --test all docs::

testbed:
	tests/testbed/build.sh
	for part in vault argocd helm kustomize; do tests/testbed/build.sh $$part || exit 1; done

# Puts the provider where `terraform init` finds it without a registry.
install:
	examples/install
