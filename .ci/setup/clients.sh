#!/usr/bin/env bash
# The official clients of the vendors at .tools/clients, a folder for PYTHONPATH: from PyPI, pinned by version and hash,
# or the folder that PORTCULLIS_CLIENTS names. No virtual environment: Debian has venv in a package of its own.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -n "${PORTCULLIS_CLIENTS:-}" ] && exit 0

PINNED=$ROOT/tests/integration/clients/requirements.txt

remedy() {
  give_up "$1" \
    "where PyPI is within reach: python3 -m pip install --no-deps --target FOLDER -r tests/integration/clients/requirements.txt;" \
    "then set PORTCULLIS_CLIENTS to that folder and run this again"
}

have python3 || apt_install python3 || remedy "python3 is needed to run the clients"
# Some are compiled for one version of Python.
KEPT=$CACHE/clients-$(digest <"$PINNED")-$(python3 -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
if [ ! -d "$KEPT" ]; then
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || remedy "pip is needed to fetch the clients"
  say "fetching the official clients from PyPI (41 MB; 141 MB on disk)"
  work=$CACHE/clients.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  python3 -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --no-compile --no-cache-dir --target "$work/clients" -r "$PINNED" </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; remedy "pip could not fetch the clients"; }
  mv "$work/clients" "$KEPT"
fi
[ "$(readlink "$TOOLS/clients")" = "$KEPT" ] || ln -sfn "$KEPT" "$TOOLS/clients"
