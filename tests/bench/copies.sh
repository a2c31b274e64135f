# Peer of the provider: copies a folder of secrets with curl, one process per call.
# $1 is the engine, $2 the folder, $3 the target of the copies; VAULT_ADDR and VAULT_TOKEN select server and credentials.
set -eu

call() {
  curl -sS --fail -X "$1" -H "X-Vault-Token: $VAULT_TOKEN" ${3:+--data-binary "$3"} "$VAULT_ADDR/v1/$2"
}

call LIST "$1/metadata/$2" | sed 's/.*"keys":\[\([^]]*\)\].*/\1/' | tr ',' '\n' | tr -d '"' | while read -r name; do
  read=$(call GET "$1/data/$2/$name")
  data=$(printf '%s' "$read" | sed 's/.*"data":{"data":\({[^}]*}\).*/\1/')
  version=$(printf '%s' "$read" | sed 's/.*"version":\([0-9]*\).*/\1/')
  call POST "$1/data/$3/$name" "{\"data\":$data,\"options\":{\"cas\":0}}" >/dev/null
  call POST "$1/metadata/$3/$name" "{\"custom_metadata\":{\"source\":\"$1/$2/$name\",\"version\":\"$version\"}}" >/dev/null
done
