#!/usr/bin/env bash
# The control planes that the manifests are tried with, at .tools/control-planes, built from the Go module proxy at
# pinned versions and kept in the cache: Envoy Gateway, Istio's discovery server, kustomize, crane (a registry and its
# client), and the CRDs of both. Once: five to ten minutes on two cores.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ENVOY_GATEWAY=v1.9.0
KUSTOMIZE=v5.8.1
CRANE=v0.22.1
ISTIO=$ROOT/tests/integration/control_planes

# The tests' own networks.
{ have ip && have unshare; } || apt_install iproute2 util-linux \
  || give_up "no ip and unshare here" "on Debian: apt-get install iproute2 util-linux"

go=$TOOLS/go/bin/go
export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-trimpath

key=$({ cat "${BASH_SOURCE[0]}" "$ISTIO"/*.go "$ISTIO/go.mod"; uname -m; } | digest)
KEPT=$CACHE/control-planes-$key
if [ ! -d "$KEPT" ]; then
  work=$CACHE/control-planes.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/crds"
  export GOBIN=$work
  build() { # WHAT COMMAND...
    say "building $1"
    shift
    "$@" </dev/null >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; give_up "Go could not build it" \
      "is the Go module proxy (GOPROXY) within reach? then run this again"; }
  }
  build "Envoy Gateway $ENVOY_GATEWAY" \
    "$go" install -ldflags "-s -w" "github.com/envoyproxy/gateway/cmd/envoy-gateway@$ENVOY_GATEWAY"
  build "Istio's discovery server" "$go" build -C "$ISTIO" -ldflags "-s -w" -o "$work/istio-discovery" .
  build "kustomize $KUSTOMIZE" "$go" install "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE"
  build "crane $CRANE" "$go" install "github.com/google/go-containerregistry/cmd/crane@$CRANE"

  modules=$("$go" env GOMODCACHE)
  charts=$modules/github.com/envoyproxy/gateway@$ENVOY_GATEWAY/charts/gateway-helm/charts/crds/crds
  cp "$charts/gatewayapi-crds.yaml" "$charts"/generated/*.yaml "$work/crds/"
  cp "$("$go" list -C "$ISTIO" -m -f '{{.Dir}}' istio.io/istio)/manifests/charts/base/files/crd-all.gen.yaml" \
    "$work/crds/istio.yaml"
  chmod -R u+w "$work/crds"
  rm "$work/log"
  mv "$work" "$KEPT"
fi
[ "$(readlink "$TOOLS/control-planes")" = "$KEPT" ] || ln -sfn "$KEPT" "$TOOLS/control-planes"
