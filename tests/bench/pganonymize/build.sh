#!/usr/bin/env bash
# Called by ../../testbed/build.sh: prints the path of pganonymize as the last line of stdout. It is installed with pip into a
# virtual environment in the cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cached=${1:-no}

fail() {
  echo "build.sh: $1" >&2
  exit 1
}

key=$({ if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; } <requirements.txt | cut -c 1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/eod-testbed/pganonymize-$key
if [ -x "$folder/done/bin/pganonymize" ]; then
  echo "$folder/done/bin/pganonymize"
  exit 0
fi
[ "$cached" = no ] || fail "pganonymize has not been installed yet; 'tests/testbed/build.sh pganonymize' installs it"
command -v python3 >/dev/null || fail "python3 is needed to install pganonymize and is not on PATH; install Python 3.10 or newer"

mkdir -p "$folder"
log=$folder/pip.log
echo "testbed: installing pganonymize once into $folder" >&2
rm -rf "$folder/done"
# The scripts of a virtual environment contain its path, so it is made at its final place; `bin/pganonymize` is its last file.
{ python3 -m venv "$folder/done" && "$folder/done/bin/python" -m pip install --no-input --disable-pip-version-check -r requirements.txt; } >"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  fail "pip could not install pganonymize; the end of its output is above"
}
echo "$folder/done/bin/pganonymize"
