# Shared by the setup scripts: where things live, how to speak, what is pinned. Sourced, never run.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Downloads and built tools outlive a clone: a second clone on the same machine fetches nothing.
CACHE=${PORTCULLIS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/portcullis}
TOOLS=$ROOT/.tools

say() { printf 'setup: %s\n' "$*" >&2; }

# What is missing, and what a person can do about it; then stop.
give_up() {
  printf 'setup: %s\n' "$1" >&2
  shift
  printf '       %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

digest() { sha256sum | cut -c1-16; }

# Installs Debian packages that are missing; quiet when there are none. Fails, with the command to type, when it may not.
apt_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  have apt-get || { say "no apt-get here; needed: ${missing[*]}"; return 1; }
  local as=()
  if [ "$(id -u)" -ne 0 ]; then
    if have sudo && sudo -n true 2>/dev/null; then
      as=(sudo -n)
    else
      say "needs root: apt-get install --no-install-recommends ${missing[*]}"
      return 1
    fi
  fi
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
      </dev/null >"$log" 2>&1; then
    # The package lists may be absent or old: refresh them once.
    "${as[@]}" apt-get update -q </dev/null >>"$log" 2>&1 || true
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
      </dev/null >>"$log" 2>&1 || { tail -5 "$log" >&2; rm -f "$log"; return 1; }
  fi
  rm -f "$log"
}

# One setup at a time for one cache.
lock() {
  mkdir -p "$CACHE" "$TOOLS"
  have flock || return 0
  exec 9>"$CACHE/lock"
  flock 9
}
