# shellcheck shell=bash
# The part of the demo about an environment that ends by itself. `run` reads this file and defines the functions that are
# missing here.

# TTL of the environment of pull request 104. A real one is hours; the warning time is at most half of it.
short=14s

# Runs `eod` with the configuration of the installation.
eod() { "$eod" --config "$folder/eod.yaml" "$@"; }

# Configuration file of `eod`. Installation and domain are those of the provider block.
configure_eod() {
  printf 'version: 1\ninstallation: demo\ndomain: preview.acme.internal\n' >"$folder/eod.yaml"
}

annotation() { field "{.metadata.annotations.environment\\.on-demand/$2}" namespace "$1"; }

uid() { field '{.metadata.uid}' namespace "$1"; }

# One run of the reaper, which must do this to shop-pr-104.
reaps() {
  attempt eod reap || return 1
  grep -q "^shop-pr-104 *$1 " "$said"
}

# Prints the last output, without the log lines.
show_said() { sed '/^ *INFO /d' "$said" | detail; }

expired() {
  local before end
  configure_eod
  step "8  Pull request 104 gets an environment with a TTL of $short, and is not used"
  pull_requests 101=9c01d2e 103=77aa012 104=0f3b6c8
  apply "2 added, 0 changed, 0 destroyed"
  before=$(uid shop-pr-104)
  line "eod reap, which a CronJob runs every few minutes. A run near the end of the TTL gives the warning:"
  eventually "the warning of shop-pr-104 is written" reaps mark
  show_said
  [ "$(uid shop-pr-104)" = "$before" ] || fail "a warning must not change the namespace"
  end=$(annotation shop-pr-104 reap-after)
  detail "it ends after $end, unless there is activity: a commit, tests, or eod extend"
  must_pass_second "$end"
  line "the time has passed, and the next run ends it:"
  eventually "the end of shop-pr-104 has begun" reaps end
  show_said
  must_be "the environments in the cluster" "namespace/shop-pr-101 namespace/shop-pr-103" "$(environments | xargs)"
  must_be "the version of its copy in Vault" 1 "$(version secret/preview/shop-pr-104/shop)"
  detail "its copy in Vault stays until the pull request is closed: people may have edited it"

  expect_no_changes
  detail "a scheduled apply does not create it again. The plan warns:"
  sed -n '/Warning: Environment shop-pr-104 has ended/,$p' "$said" | sed -n '/^Environment/,/^$/p;/^Hint/,/^$/p' |
    sed '/^$/d' >"$folder/warning"
  [ -s "$folder/warning" ] || fail "expected a warning about the absent environment"
  detail <"$folder/warning"

  line "alice pushes a commit:"
  pull_requests 101=9c01d2e 103=77aa012 104=5d21e90
  apply "0 added, 1 changed, 0 destroyed"
  [ "$(uid shop-pr-104)" != "$before" ] || fail "shop-pr-104 has the uid of its first life"
  detail "shop-pr-104 is back in a new namespace, with its address and its copy in Vault"
  must_be "the commit on shop-pr-104" 5d21e90 "$(annotation shop-pr-104 head-sha)"
  must_be "the version of its copy in Vault" 1 "$(version secret/preview/shop-pr-104/shop)"
}

# The records of the installation, after everything is gone.
recorded() {
  line "the reaper records that nothing is left, then eod list --all:"
  must eod reap
  must eod list --all
  show_said
  must eod audit shop-pr-104
  line "eod audit shop-pr-104, the history of both lives:"
  show_said
  grep -q "The chain is valid" "$said" || fail "expected a valid chain of events"
}
