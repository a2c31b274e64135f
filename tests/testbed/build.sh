#!/usr/bin/env bash
# Builds one part of the testbed into a cache outside the checkout and prints the
# binary's path as the last line of stdout. Progress goes to stderr.
#
#   build.sh [kubernetes|vault|argocd|helm|stock-helm|kustomize|opentofu|registry|yaml|kubernetes-provider|greenmask|pganonymize|postgres] [--cached]
#
# `postgres` prints a folder, see postgres/build.sh; `pganonymize` is a Python program, see ../bench/pganonymize/build.sh.
#
# The binary is kept under a hash of everything it is made from, so a second run only
# prints the path. `--cached` builds nothing: it fails if the binary is not in the cache.
# Nothing is ever deleted from the cache; the folder may be removed at any time.
set -euo pipefail

part=kubernetes
cached=no
for argument in "$@"; do
  case "$argument" in
  kubernetes | vault | argocd | helm | stock-helm | kustomize | opentofu | registry | yaml | kubernetes-provider | greenmask | pganonymize | postgres) part=$argument ;;
  --cached) cached=yes ;;
  *)
    echo "build.sh: expected kubernetes, vault, argocd, helm, stock-helm, kustomize, opentofu, registry, yaml, kubernetes-provider, greenmask, pganonymize, postgres or --cached, got '$argument'" >&2
    exit 2
    ;;
  esac
done

# Not built from Go modules.
if [ "$part" = postgres ]; then
  exec "$(dirname "${BASH_SOURCE[0]}")/postgres/build.sh" "$cached"
fi
if [ "$part" = pganonymize ]; then
  exec "$(dirname "${BASH_SOURCE[0]}")/../bench/pganonymize/build.sh" "$cached"
fi

if ! command -v go >/dev/null; then
  echo "build.sh: the Go toolchain is needed to build $part and 'go' is not on PATH. Install Go 1.26.6 or newer (https://go.dev/dl/)." >&2
  exit 1
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# The version of a module that the part in $here requires.
required() {
  sed -n "s|^[[:space:]]*$1 \(v[^ ]*\).*|\1|p" "$here/go.mod" | grep -m 1 . || {
    echo "build.sh: $here/go.mod does not require $1" >&2
    return 1
  }
}

name=eod-testbed
package=.
flags="-s -w"
cost="about 12 CPU minutes and 100 MB of downloads"
case "$part" in
kubernetes)
  # Sets the version that the servers report, because clients compare versions.
  version=$(required k8s.io/kubernetes)
  minor=${version#v1.}
  into=k8s.io/component-base/version
  flags="$flags -X $into.gitVersion=$version -X $into.gitMajor=1 -X $into.gitMinor=${minor%%.*} -X $into.gitTreeState=clean"
  ;;
vault)
  here=$here/vault
  name=eod-vault
  cost="about 7 CPU minutes"
  ;;
argocd)
  here=$here/argocd
  name=eod-argocd
  into=github.com/argoproj/argo-cd/v3
  version=$(required $into)
  flags="$flags -X $into/common.version=${version#v}"
  cost="about 8 CPU minutes and 250 MB of downloads"
  ;;
helm | stock-helm)
  # `helm` is the program of the image, `stock-helm` is Helm's own, for Argo CD's plugins and for comparisons.
  here=$here/helm
  name=helm
  if [ "$part" = stock-helm ]; then package=helm.sh/helm/v3/cmd/helm; fi
  # Without these flags, helm reports v3.20 and renders for Kubernetes v1.20.
  into=helm.sh/helm/v3
  version=$(required $into)
  kubernetes=$(required k8s.io/client-go)
  flags="$flags -X $into/internal/version.version=$version"
  minor=${kubernetes#v0.}
  flags="$flags -X $into/pkg/chartutil.k8sVersionMajor=1 -X $into/pkg/chartutil.k8sVersionMinor=${minor%%.*}"
  cost="about 4 CPU minutes"
  ;;
kustomize)
  here=$here/kustomize
  name=kustomize
  package=sigs.k8s.io/kustomize/kustomize/v5
  cost="about 1 CPU minute"
  ;;
opentofu)
  here=$here/opentofu
  name=tofu
  package=github.com/opentofu/opentofu/cmd/tofu
  # Without this flag, tofu reports a development build.
  flags="$flags -X github.com/opentofu/opentofu/version.dev=no"
  cost="about 9 CPU minutes"
  ;;
registry)
  # An OCI registry, for dependencies of charts.
  here=$here/registry
  name=eod-registry
  cost="about 1 CPU minute"
  ;;
yaml)
  # The readers of YAML in Go, for the comparison with ours.
  here=$here/yaml
  name=eod-yaml
  cost="a few seconds"
  ;;
kubernetes-provider)
  # The peer of the benchmark; no test needs it.
  here=$here/../bench/kubernetes-provider
  name=terraform-provider-kubernetes
  package=github.com/hashicorp/terraform-provider-kubernetes
  cost="about 5 CPU minutes"
  ;;
greenmask)
  # A peer of the benchmark of the masking engine; no test needs it.
  here=$here/../bench/greenmask
  name=greenmask
  package=github.com/greenmaskio/greenmask/cmd/greenmask
  cost="about 2 CPU minutes"
  ;;
esac
cd "$here"

hash() {
  # macOS has no sha256sum, Debian has no shasum without Perl.
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-16
}

# The key covers everything that determines the binary: sources, pinned modules, compiler and flags.
sources=$(find . -maxdepth 1 \( -name '*.go' -o -name go.mod -o -name go.sum \) | LC_ALL=C sort)
key=$({
  go env GOVERSION GOOS GOARCH
  echo "$flags"
  # shellcheck disable=SC2086 # A list of plain file names, one per word.
  cat $sources
} | hash)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/eod-testbed/$part-$key
binary=$folder/$name

if [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi
if [ "$cached" = yes ]; then
  echo "build.sh: $part has not been built yet; 'make testbed' builds it" >&2
  exit 1
fi

mkdir -p "$folder"
# A second run waits for the first, because two builds share the same cores.
if command -v flock >/dev/null; then
  exec 9>"$folder/lock"
  if ! flock -n 9; then
    echo "testbed: another build of $part is running, waiting for it" >&2
    flock 9
  fi
  if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
  fi
fi

echo "testbed: building $part once into $folder; a first build takes $cost" >&2
temporary=$folder/$name.$$
log=$folder/build.log
begun=$SECONDS
# -v names every package when it is begun, which is the only progress Go can show.
# Descriptor 9 is closed in the child: an orphaned compiler must not hold the lock.
CGO_ENABLED=0 go build -v -trimpath -mod=readonly -buildvcs=false -ldflags "$flags" -o "$temporary" "$package" >"$log" 2>&1 9>&- &
build=$!
trap 'kill "$build" 2>/dev/null || true; rm -f "$temporary"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
seconds=0
while kill -0 "$build" 2>/dev/null; do
  sleep 1
  seconds=$((SECONDS - begun))
  if [ $((seconds % 15)) = 0 ]; then
    echo "testbed: $part: ${seconds} s, $(grep -vc '^go: ' "$log") packages, now $(tail -n 1 "$log")" >&2
  fi
done
if ! wait "$build"; then
  echo "testbed: the build of $part failed; the end of $log:" >&2
  tail -n 30 "$log" >&2
  exit 1
fi
if [ "$part" = argocd ]; then
  # The custom resource definitions of the same version. They are not Go code, so they are not linked.
  mkdir -p "$folder/crds"
  cp "$(go list -m -f '{{.Dir}}' $into)"/manifests/crds/*-crd.yaml "$folder/crds"
  chmod u+w "$folder"/crds/*
fi
# A rename is atomic, so the final name always refers to a complete binary.
mv "$temporary" "$binary"
trap - EXIT
echo "testbed: $part is built, $((SECONDS - begun)) s" >&2
echo "$binary"
