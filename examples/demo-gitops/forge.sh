# shellcheck shell=bash
# The forge of the demo. `run` reads this file and defines the functions that are missing here.
#
# Argo CD asks a forge for one thing only: the list of open pull requests. So the forge is a file, served by the one web
# server that is available anyway, `kubectl proxy`. It rejects every request for the cluster.

start_forge() {
  mkdir -p "$folder/forge/api/v3/repos/acme/shop"
  started forge kubectl proxy --port=0 --www="$folder/forge" --www-prefix=/ --api-prefix=/none/ --reject-paths='.*'
  eventually "that the forge listens" grep -q 'Starting to serve on' "$folder/forge.out"
  forge_url=http://$(sed -n 's/^Starting to serve on //p' "$folder/forge.out")/
}

# The one pull request as it is from now on, and the call with which a forge tells of the change: what has happened, the
# commit, the labels.
forge() {
  local action=$1 sha=$2 list='' label pull
  shift 2
  for label in "$@"; do list="$list${list:+,}{\"name\":\"$label\"}"; done
  pull='{"number":101,"state":"open","title":"Faster checkout","user":{"login":"alice"},"base":{"ref":"main"},'
  pull="$pull\"head\":{\"ref\":\"checkout\",\"sha\":\"$sha\"},\"labels\":[$list]}"
  # Whoever asks sees the list before the change or after it.
  echo "[$pull]" >"$folder/pulls"
  mv "$folder/pulls" "$folder/forge/api/v3/repos/acme/shop/pulls"
  must curl --silent --show-error --fail --max-time 10 -H 'Content-Type: application/json' -H 'X-GitHub-Event: pull_request' \
    --data "{\"action\":\"$action\",\"number\":101,\"pull_request\":$pull,\"repository\":{\"name\":\"shop\",\"full_name\":\"acme/shop\",\"owner\":{\"login\":\"acme\"},\"url\":\"${forge_url}api/v3/repos/acme/shop\"}}" \
    "$(said_by_argocd webhook)"
}

# --- The repository ----------------------------------------------------------

make_repository() {
  command -v git >/dev/null || fail "git is needed, and there is none on PATH"
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
