# shellcheck shell=bash
# The part of the demo about Vault. `run` reads this file and defines the functions that are missing here.

# Path of the stage configuration, and of the secret that must never be read.
source_secret=secret/stage/shop
sensitive_secret=secret/sensitive/shop

# A Vault in memory on 127.0.0.1, with an audit log, an engine at secret/ and the secrets of a team.
start_vault() {
  local server
  command -v curl >/dev/null || fail "curl is required and is not on PATH"
  server=$("$repository/tests/testbed/build.sh" vault | tail -n 1)
  set -m
  if [ -n "${KEEP:-}" ]; then
    "$server" --dir "$folder/vault" </dev/null >"$folder/vault-up" 2>>"$log" &
  else
    # Vault ends with the cluster, when no process has descriptor 8 open.
    "$server" --dir "$folder/vault" --until-stdin-closes <"$folder/alive" >"$folder/vault-up" 2>>"$log" 8>&- &
  fi
  vault=$!
  set +m
  until [ -s "$folder/vault-up" ]; do
    kill -0 "$vault" 2>/dev/null || fail "Vault did not start"
    sleep 0.1
  done
  VAULT_ADDR=$(said_by_vault address)
  export VAULT_ADDR
  # The administrator's token is stored in a file, so that no command line and no log contains it.
  (umask 077 && echo "X-Vault-Token: $(cat "$(said_by_vault token_file)")" >"$folder/administrator")

  eventually "the secrets engine is ready" request GET secret/config
  ask POST "$(data "$source_secret")" '{"data":{"URL":"https://stage.acme.example","MODE":"stage","API_KEY":"stage-key"}}'
  ask POST "$(data "$sensitive_secret")" '{"data":{"PAYMENT_KEY":"real"}}'
}

said_by_vault() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$folder/vault-up"; }

# The token of the provider. The provider itself prints the policy.
make_cloner() {
  local policy
  policy=$(echo 'base64encode(provider::eod::vault_cloner_policy("secret", ["stage"], null, null, null))' |
    "$terraform" console 2>>"$log" 8>&- | tr -d '"\n')
  [ -n "$policy" ] || fail "the provider printed no policy"
  ask PUT sys/policies/acl/eod-cloner "{\"policy\":\"$policy\"}"
  VAULT_TOKEN=$(curl -sS -X POST -H "@$folder/administrator" -d '{"policies":["eod-cloner"],"no_parent":true}' \
    "$VAULT_ADDR/v1/auth/token/create" | sed -n 's/.*"client_token":"\([^"]*\)".*/\1/p')
  export VAULT_TOKEN
  (umask 077 && echo "X-Vault-Token: $VAULT_TOKEN" >"$folder/cloner")
}

# Path of a call for the value of a secret.
data() { echo "${1%%/*}/data/${1#*/}"; }

# A call as administrator: method, path after /v1/, body.
request() { curl -sS --fail -X "$1" -H "@$folder/administrator" ${3:+-d "$3"} "$VAULT_ADDR/v1/$2"; }

ask() { must request "$@"; }

# One entry of the newest version of a secret. It is not logged.
entry() {
  request GET "$(data "$1")" 2>>"$log" | sed -n "s/.*\"data\":{\"data\":{[^}]*\"$2\":\"\([^\"]*\)\".*/\1/p"
}

version() { request GET "$(data "$1")" 2>>"$log" | sed -n 's/.*"version":\([0-9]*\).*/\1/p'; }

# The status of a call with the provider's own token.
with_cloner() {
  curl -sS -o /dev/null -w '%{http_code}' -X "$1" -H "@$folder/cloner" ${3:+-d "$3"} "$VAULT_ADDR/v1/$2" 2>>"$log"
}

# Number of calls for a path in the audit log, and number of all calls.
calls_for() { grep -c "\"path\":\"$(data "$1")" "$(said_by_vault audit)" || true; }
calls() { grep -c '"type":"response"' "$(said_by_vault audit)" || true; }

configured() {
  local number copy
  step "2  Each pull request has its own copy of the stage configuration in Vault"
  line "the copies, read from Vault:"
  for number in 101 102; do
    copy=secret/preview/shop-pr-$number/shop
    must_be "the version of $copy" 1 "$(version "$copy")"
    must_be "URL in $copy" https://stage.acme.example "$(entry "$copy" URL)"
    must_be "API_KEY in $copy" "" "$(entry "$copy" API_KEY)"
    detail "$copy   version 1, a copy of $source_secret without API_KEY"
  done
  line "requests with the provider's token:"
  refused_by_vault 403 "overwrite the copy of shop-pr-101" POST "$(data secret/preview/shop-pr-101/shop)" '{"data":{"URL":"x"}}'
  refused_by_vault 403 "write the stage configuration" POST "$(data "$source_secret")" '{"data":{"URL":"x"}}'
  refused_by_vault 403 "write outside of preview/" POST "$(data secret/other)" '{"data":{"URL":"x"}}'

  ask POST "$(data secret/preview/shop-pr-101/shop)" '{"data":{"URL":"https://alice.acme.example","MODE":"debug"}}'
  line "alice edits the copy of shop-pr-101 by hand: URL and MODE"
  expect_no_changes
}

refused_by_vault() {
  local status=$1 what=$2
  shift 2
  must_be "the status of: $what" "$status" "$(with_cloner "$@")"
  detail "$status  $what"
}

# Checks that the edit of alice still exists.
still_edited() {
  must_be "URL in the copy of shop-pr-101" https://alice.acme.example "$(entry secret/preview/shop-pr-101/shop URL)"
  must_be "its version" 2 "$(version secret/preview/shop-pr-101/shop)"
  detail "the copy of shop-pr-101 still has alice's edit, version 2"
}

removed() {
  must_be "the copy of shop-pr-$1" "" "$(version "secret/preview/shop-pr-$1/shop")"
  detail "all versions of secret/preview/shop-pr-$1/shop are gone"
}

none_left() {
  must_be "the status of a list of secret/preview" 404 \
    "$(curl -sS -o /dev/null -w '%{http_code}' -X LIST -H "@$folder/administrator" "$VAULT_ADDR/v1/secret/metadata/preview")"
  must_be "the version of $source_secret" 1 "$(version "$source_secret")"
  must_be "the audit entries for $sensitive_secret: request and response of its creation" 2 "$(calls_for "$sensitive_secret")"
  line "Vault: no copy is left, $source_secret is unchanged"
  detail "the audit log has $(calls) calls; the only one for $sensitive_secret created it"
}
