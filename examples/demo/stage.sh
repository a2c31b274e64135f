# shellcheck shell=bash
# Common parts of the demos: a folder of their own, output, checks, and a cluster. The script that reads this
# file sets $repository before, and ends the processes that it has started.

folder=$(mktemp -d "${TMPDIR:-/tmp}/eod-demo-XXXXXX")
log=$folder/log
said=$folder/said

# --- Output ------------------------------------------------------------------

bold='' dim='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
fi

# Tenths of seconds; bash before version 5 knows whole seconds only.
now() {
  local time=${EPOCHREALTIME:-$(date +%s).000000}
  echo $((${time%.*} * 10 + 10#${time#*.} / 100000))
}
begun=$(now)

step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# Prints an event with the seconds since the start.
line() {
  local passed=$(($(now) - begun))
  printf '%s%5d.%d s%s  %s\n' "$dim" $((passed / 10)) $((passed % 10)) "$plain" "$*"
}

# Prints details of the last event: the lines of the arguments or of stdin.
detail() {
  if [ $# -gt 0 ]; then echo "$*"; else cat; fi | sed 's/^/             /'
}

# --- Checks ------------------------------------------------------------------

fail() {
  {
    printf '\n%sThe demo failed: %s%s\n' "$red" "$*" "$plain"
    if [ -s "$said" ]; then
      echo "Output of the last command:"
      printf "%s\n" "$(tail -n 40 "$said")"
    fi
    echo "The log of all commands is $log"
  } >&2
  # A file and not a variable: this may be a subshell.
  : >"$folder/failed"
  exit 1
}

# Runs a command. Its output goes to the log and to the file $said.
attempt() {
  local code=0
  printf '\n$ %s\n' "$*" >>"$log"
  "$@" >"$said" 2>&1 </dev/null 8>&- || code=$?
  cat "$said" >>"$log"
  return $code
}

must() { attempt "$@" || fail "\`$*\` ended with code $?"; }

# Checks that the server refuses a command with this text, and prints the text.
must_refuse() {
  local words=$1
  shift
  if attempt "$@"; then fail "the server accepted a command that it must refuse: $*"; fi
  grep -q "$words" "$said" || fail "expected a refusal that says '$words'"
  grep '^Error' "$said" | sed 's/^Error from server (Forbidden): error when creating "[^"]*": //' | fold -s -w 90 | sed 's/ *$//' | detail
}

must_be() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# Value of a field of an object in the cluster: jsonpath, then the arguments of `kubectl get`.
field() {
  local path=$1
  shift
  must kubectl get "$@" -o "jsonpath=$path"
  cat "$said"
}

# Repeats a command until it succeeds, for at most half a minute. The first argument is the state to wait for.
eventually() {
  local what=$1 tries=150
  shift
  until attempt "$@"; do
    tries=$((tries - 1))
    if [ $tries = 0 ]; then fail "timed out after 30 s, waiting until $what"; fi
    sleep 0.2
  done
}

grep_field() {
  local wanted=$1 path=$2
  shift 2
  kubectl get "$@" -o "jsonpath=$path" | grep -qx "$wanted"
}

# --- The cluster -------------------------------------------------------------

start_cluster() {
  local testbed
  testbed=$("$repository/tests/testbed/build.sh" | tail -n 1)
  mkdir "$folder/bin"
  ln -s "$testbed" "$folder/bin/kubectl"
  export PATH=$folder/bin:$PATH
  # A process group of its own: Ctrl-C is for this run, which then ends the cluster.
  set -m
  if [ -n "${KEEP:-}" ]; then
    "$testbed" up --dir "$folder/cluster" </dev/null >"$folder/up" 2>>"$log" &
  else
    # The cluster ends when no process has descriptor 8 open, so it stops with this run
    # even if the run is killed.
    mkfifo "$folder/alive"
    "$testbed" up --dir "$folder/cluster" --until-stdin-closes <"$folder/alive" >"$folder/up" 2>>"$log" &
    exec 8>"$folder/alive"
  fi
  cluster=$!
  set +m
  until [ -s "$folder/up" ]; do
    kill -0 "$cluster" 2>/dev/null || fail "the cluster did not start"
    sleep 0.1
  done
  export KUBECONFIG=$folder/cluster/kubeconfig KUBE_CONFIG_PATH=$folder/cluster/kubeconfig
}
