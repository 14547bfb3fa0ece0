#!/usr/bin/env bash
# The rate limit service that the tests ask, at .tools/ratelimit: envoyproxy/ratelimit, built from the Go module proxy at
# a pinned version and kept in the cache, and Debian's redis-server as its store.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The one that Envoy Gateway 1.9 runs.
RATELIMIT=v1.4.1-0.20260122083618-3fb702589d36

have redis-server || apt_install redis-server || give_up "no redis-server here" "on Debian: apt-get install redis-server"

KEPT=$CACHE/ratelimit-$RATELIMIT-$(uname -m)
if [ ! -x "$KEPT" ]; then
  work=$CACHE/ratelimit.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  say "building envoyproxy/ratelimit $RATELIMIT"
  GOBIN=$work GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-trimpath "$TOOLS/go/bin/go" install -ldflags "-s -w" \
    "github.com/envoyproxy/ratelimit/src/service_cmd@$RATELIMIT" </dev/null >"$work/log" 2>&1 \
    || { tail -5 "$work/log" >&2; give_up "Go could not build it" \
      "is the Go module proxy (GOPROXY) within reach? then run this again"; }
  mv "$work/service_cmd" "$KEPT"
fi
[ "$(readlink "$TOOLS/ratelimit")" = "$KEPT" ] || ln -sfn "$KEPT" "$TOOLS/ratelimit"
