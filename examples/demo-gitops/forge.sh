# shellcheck shell=bash
# The forge of the demo. `run` reads this file and defines the functions that are missing here.
#
# The forge is the fake GitHub of the tests: it has pull requests and labels, and calls Argo CD's webhook after a change.
# Argo CD lists the pull requests, and the reaper reads one and changes its labels.

find_forge() {
  fake=$(dirname "$plugin")/examples/forge
  [ -x "$fake" ] || fail "there is no $fake; \`make demo-gitops\` builds it"
}

start_forge() {
  # A server on the internet answers a write after about this time. The kill of the reaper needs it.
  started forge "$fake" acme shop "$(said_by_argocd webhook)" 400
  eventually "the forge listens" grep -q '^http' "$folder/forge.out"
  forge_api=$(head -n 1 "$folder/forge.out")
  forge_url=${forge_api%api/v3}
}

# A call as the user: method, path below the repository, body.
forge() {
  must curl --silent --show-error --fail --max-time 10 -X "$1" ${3:+--data "$3"} "$forge_api/repos/acme/shop/$2"
}

label_on() { forge POST issues/101/labels "{\"labels\":[\"$1\"]}"; }

label_off() { forge DELETE "issues/101/labels/$1"; }

has_label() {
  curl --silent --show-error --fail "$forge_api/repos/acme/shop/pulls/101" | grep -q "\"labels\":\[[^]]*\"name\":\"$1\""
}

has_no_label() { ! has_label "$1"; }

# --- The repository ----------------------------------------------------------

make_repository() {
  command -v git >/dev/null || fail "git is required and is not on PATH"
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=alice GIT_AUTHOR_EMAIL=alice@acme.example
  export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
  cp -R "$here/shop" "$folder/shop"
  must git -C "$folder/shop" init --quiet
  must git -C "$folder/shop" checkout --quiet -b checkout
}

# Commits everything; `head` is the commit.
commit() {
  must git -C "$folder/shop" add --all
  must git -C "$folder/shop" commit --quiet --message "$1"
  must git -C "$folder/shop" rev-parse HEAD
  head=$(cat "$said")
}

# Commits everything and pushes it to the pull request.
push() {
  commit "$1"
  forge PATCH git/refs/heads/checkout "{\"sha\":\"$head\"}"
}
