# Commands for users, developers and CI. `make demo`, `make demo-gitops` and `make test` build all that they need.
.PHONY: demo demo-gitops unit test soak lint bench docs testbed install

# Demonstrates the provider and the reaper on real servers: a Kubernetes API server, a Vault, Terraform, four pull requests.
# KEEP=1 keeps the servers running.
demo:
	tests/testbed/build.sh
	tests/testbed/build.sh vault
	cargo build --no-default-features --features provider,ops --bin terraform-provider-eod --bin eod
	examples/demo/run

# Demonstrates the Argo CD plugin and the reaper with Argo CD's real servers: one pull request from its label to its end.
# KEEP=1 keeps the servers running.
demo-gitops:
	tests/testbed/build.sh
	tests/testbed/build.sh argocd
	cargo build -p eod -p eod-testkit --no-default-features --features eod/cmp,eod/ops --bin eod-cmp --bin eod --example forge
	examples/demo-gitops/run

# Unit tests of all crates and the rules for the sources. Builds no server and needs only Rust. For a short build nothing is
# optimized, so property tests and the simulation of the reaper play fewer cases. The long parts of the simulation and the
# client of AWS, a cargo feature, are left to `make test`. CONTRIBUTING.md has the commands for one crate and one test.
unit: export CARGO_INCREMENTAL ?= 0
unit: export EOD_SCHEDULES ?= 100
unit: export PROPTEST_CASES ?= 64
unit: export RUST_TEST_THREADS ?= 8
unit: unoptimized = $(foreach crate,domain masking reaper,--config profile.dev.package.eod-$(crate).opt-level=0)
unit: without = $(foreach package,eod eod-cmp-fuzz tfplugin-fuzz tfplugin-ui,--exclude $(package))
unit: long = ::on_vault:: ::on_postgres:: simulation::day:: simulation::mutants:: simulation::predictions:: ::no_ledger_of_ten_thousand_
unit:
	cargo test $(unoptimized) --workspace --no-default-features $(without) -- $(foreach name,$(long),--skip $(name))

# All tests, on real servers. The first run on a machine builds the testbed, 45 minutes of CPU time. Most tests wait for a
# server, so more of them run at once than there are cores. Stories run on Terraform; OpenTofu runs a part of them
# (tests/kit/terraform/selection.rs), all of them with OPENTOFU=all, none with OPENTOFU=none.
OPENTOFU ?= some
test: testbed
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-8} EOD_TEST_OPENTOFU=$(OPENTOFU) cargo test --workspace --no-fail-fast

# All tests, all stories on both Terraform and OpenTofu, kills at every statement of builds in all ways, and a million
# schedules of the reaper's simulation.
soak: export EOD_SCHEDULES ?= 1000000
soak: export EOD_KILLS ?= all
soak:
	$(MAKE) test OPENTOFU=all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Compares our performance with that of similar tools in one run. Slow: it builds a release and the other tools.
bench:
	tests/testbed/build.sh
	tests/bench/run

# Generates the registry pages from the schema.
docs:
	EOD_UPDATE_DOCS=1 cargo test --test all docs::

# Builds all servers and tools of the tests.
testbed:
	tests/testbed/build.sh
	for part in postgres vault argocd helm stock-helm kustomize registry yaml opentofu; do tests/testbed/build.sh $$part || exit 1; done

# Installs the provider into the folder where `terraform init` finds it without a registry.
install:
	examples/install
