# shellcheck shell=bash
# The part of the demo about the reaper. `run` reads this file and defines the functions that are missing here.

find_eod() {
  eod=$(dirname "$plugin")/eod
  [ -x "$eod" ] || fail "there is no $eod; \`make demo-gitops\` builds it"
}

# Configuration file of `eod`: installation and domain are those of the policy, the labels those of the ApplicationSet.
configure_eod() {
  cat >"$folder/eod.yaml" <<CONFIG
version: 1
installation: acme
domain: preview.acme.internal
argocd: { namespaces: [argocd] }
forges:
  - host: github.com
    kind: github
    api: $forge_api
    auth: { token_env: FORGE_TOKEN }
    trigger_label: preview
    sleep_label: asleep
CONFIG
  export FORGE_TOKEN=demo
}

# Runs `eod` with the configuration of the installation.
eod() { "$eod" --config "$folder/eod.yaml" "$@"; }

# One run of the reaper, which must do this to the preview.
reaps() {
  attempt eod reap || return 1
  grep -q "^$name *$1 " "$said"
}

# Prints the last output, without the log lines.
show_said() { sed '/^ *INFO /d' "$said" | detail; }

must_pass_second() {
  until [[ "$(date -u +%Y-%m-%dT%H:%M:%SZ)" > "$1" ]]; do sleep 0.1; done
}

# Waits for the warning and for the time that it gives.
warned() {
  local end
  eventually "the warning is written" reaps mark
  show_said
  end=$(field '{.metadata.annotations.environment\.on-demand/reap-after}' namespace "$name")
  must_pass_second "$end"
}

removed() {
  eventually "the Application is gone" is_gone -n argocd application "$name"
  line "Argo CD has deleted the Application"
  eventually "the namespace is gone" is_gone namespace "$name"
  line "the namespace is gone with everything in it"
}

# Head of the preview's ledger.
ledger() {
  kubectl -n eod-system get configmap "acme.$name" -o 'jsonpath={.metadata.annotations.environment\.on-demand/head}'
}

has_phase() { ledger | grep -q "\"phase\":\"$1\""; }

expired() {
  step "5  The preview is not used any more: it is past its TTL of $ttl"
  line "eod reap, which a CronJob runs every few minutes, gives the warning:"
  warned
  line "the time has passed. The next run removes the label preview; Argo CD deletes the rest:"
  eventually "the end has begun" reaps end
  show_said
  must has_no_label preview
  removed
  eventually "the end is recorded" ends
  line "the next run records the end"
}

revived() {
  step "6  alice pushes: the preview returns"
  echo "# once more" >>"$folder/shop/deploy/preview/web.yaml"
  push "Once more"
  eventually "the label is set again" reaps revive
  show_said
  must has_label preview
  eventually "the Application is synced" runs "$head"
  line "the reaper has set the label again, and Argo CD has created the preview at ${head:0:7}"
}

interrupted() {
  local code=0 reaper found
  step "7  The second end: the reaper is killed in the middle"
  line "the warning:"
  warned
  # The ledger gets the phase `ending` before anything else changes.
  mkfifo "$folder/heads"
  kubectl -n eod-system get configmap "acme.$name" --watch \
    -o 'jsonpath={.metadata.annotations.environment\.on-demand/head}{"\n"}' >"$folder/heads" 2>>"$log" 8>&- &
  servers="$! $servers"
  exec 9<"$folder/heads"
  "$eod" --config "$folder/eod.yaml" reap >"$said" 2>&1 </dev/null 8>&- 9<&- &
  reaper=$!
  while read -r -t 60 -u 9 found; do
    case "$found" in *'"phase":"ending"'*) break ;; esac
  done
  kill -KILL "$reaper" 2>/dev/null || fail "the reaper was faster than the kill"
  # The shell would report the kill.
  { wait "$reaper"; } 2>/dev/null || code=$?
  must_be "the exit code of the killed reaper" 137 $code
  exec 9<&-
  must has_phase ending
  if has_label preview; then
    line "kill -9; the ledger of the preview says ending, and the label is still on"
  else
    line "kill -9; the ledger of the preview says ending, and the label is off"
  fi
  must_be "the namespace" "namespace/$name" "$(kubectl get namespace "$name" -o name)"
  silent
  line "a run that has not written for 15 minutes is continued by the next one; the demo sets the time back"
  eventually "the end has begun" reaps resume
  show_said
  removed
  eventually "the end is recorded" ends
  line "the end is complete"
}

# The last write of the killed run was long ago.
silent() {
  local old
  old=$(ledger | sed 's/"beat":"[^"]*"/"beat":"2026-01-01T00:00:00Z"/')
  must kubectl -n eod-system annotate configmap "acme.$name" "environment.on-demand/head=$old" --overwrite
  must kubectl -n eod-system delete lease eod-reaper-acme
}

# A run of the reaper after which the preview is on record as ended.
ends() {
  attempt eod reap || return 1
  has_phase ended
}

recorded() {
  must_be "the environments in the cluster" "" "$(kubectl get namespaces -l app.kubernetes.io/managed-by=eod -o name)"
  must eod list --all
  line "eod list --all:"
  show_said
  must eod audit "$name"
  line "eod audit $name, the history of both lives:"
  show_said
  grep -q "The chain is valid" "$said" || fail "expected a valid chain of events"
}
