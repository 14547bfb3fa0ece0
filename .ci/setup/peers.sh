#!/usr/bin/env bash
# The packages that `make bench` measures beside this project at .tools/peers: `python` from PyPI and `node` from npm,
# pinned by version and hash, or the folder that PORTCULLIS_PEERS names.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ -n "${PORTCULLIS_PEERS:-}" ]; then
  ln -sfn "$(cd "$PORTCULLIS_PEERS" && pwd)" "$TOOLS/peers"
  exit 0
fi

PINNED=$ROOT/tests/integration/peers

remedy() {
  give_up "$1" \
    "where PyPI and npm are within reach: pip install --no-deps --target FOLDER/python -r tests/integration/peers/requirements.txt," \
    "and npm ci in FOLDER/node beside tests/integration/peers/package*.json; then set PORTCULLIS_PEERS to FOLDER"
}

have python3 || apt_install python3 || remedy "python3 is needed to run a package"
have node || apt_install nodejs || remedy "node is needed to run a package"
KEPT=$CACHE/peers-$(cat "$PINNED"/requirements.txt "$PINNED"/package-lock.json | digest)
if [ ! -d "$KEPT" ]; then
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || remedy "pip is needed to fetch a package"
  have npm || apt_install npm || remedy "npm is needed to fetch a package"
  say "fetching the packages that the benchmark compares with, from PyPI and npm (6 MB)"
  work=$CACHE/peers.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/peers/node"
  python3 -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --no-compile --no-cache-dir --target "$work/peers/python" -r "$PINNED/requirements.txt" </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; remedy "pip could not fetch a package"; }
  cp "$PINNED/package.json" "$PINNED/package-lock.json" "$work/peers/node"
  (cd "$work/peers/node" && npm ci --silent --ignore-scripts --no-audit --no-fund) </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; remedy "npm could not fetch a package"; }
  mv "$work/peers" "$KEPT"
fi
[ "$(readlink "$TOOLS/peers")" = "$KEPT" ] || ln -sfn "$KEPT" "$TOOLS/peers"
