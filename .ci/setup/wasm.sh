#!/usr/bin/env bash
# A toolchain that builds the modules, described in .tools/wasm.env (read by .ci/wasm-cargo).
#
# The modules are built with unwinding, so that a panic costs one request and not the VM. The std that comes with
# wasm32-wasip1 only aborts, so std is built here once, from the compiler's own library source, into a sysroot in the
# cache. The compiler comes from one of two places:
#
#   rustup   the toolchain of rust-toolchain.toml, with its wasm32-wasip1 (for the wasi-libc in it) and rust-src
#   debian   Debian 12's rustc-web, rust-web-src, cargo-web and wasi-libc, for machines where rustup reaches no server
#
# rustup is tried first. PORTCULLIS_WASM_TOOLCHAIN=rustup|debian picks one.
#
# Linking: LLVM wants the exception tag `__cpp_exception` defined once in a module, and neither std nor wasi-libc does so
# for WASI. An object with just this tag lies in the sysroot and is named on the link line.
#
# Encoding: the legacy one of the two exception encodings (LLVM's default). Envoy 1.40 loads both; see CONTRIBUTING.md.
# shellcheck source=.ci/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

TARGET=wasm32-wasip1
FEATURES=+simd128,+exception-handling
CHANNEL=${RUSTUP_TOOLCHAIN:-$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")}

use_rustup() {
  have rustup || { say "no rustup here"; return 1; }
  if ! rustup run "$CHANNEL" rustc -V >/dev/null 2>&1; then
    say "fetching Rust $CHANNEL"
    timeout 600 rustup toolchain install "$CHANNEL" --profile minimal -c clippy -c rustfmt >/dev/null 2>&1 \
      || { say "rustup could not fetch Rust $CHANNEL"; return 1; }
  fi
  RUSTC=$(rustup which --toolchain "$CHANNEL" rustc)
  CARGO=$(rustup which --toolchain "$CHANNEL" cargo)
  local home
  home=$("$RUSTC" --print sysroot)
  LIBC=$home/lib/rustlib/$TARGET/lib/self-contained/libc.a
  SOURCE=$home/lib/rustlib/src/rust/library
  if [ ! -e "$LIBC" ]; then
    say "fetching the target $TARGET"
    timeout 300 rustup target add --toolchain "$CHANNEL" "$TARGET" >/dev/null 2>&1 \
      || { say "rustup could not fetch $TARGET"; return 1; }
  fi
  if [ ! -e "$SOURCE/Cargo.lock" ]; then
    say "fetching rust-src"
    timeout 300 rustup component add --toolchain "$CHANNEL" rust-src >/dev/null 2>&1 \
      || { say "rustup could not fetch rust-src"; return 1; }
  fi
  LINK_FLAGS=()
  OWN_LIBC=
}

use_debian() {
  apt_install rustc-web rust-web-src cargo-web wasi-libc || return 1
  RUSTC=/usr/bin/rustc
  CARGO=/usr/bin/cargo
  local home lld
  home=$("$RUSTC" --print sysroot)
  SOURCE=$home/lib/rustlib/src/rust/library
  LIBC=/usr/lib/wasm32-wasi/libc.a
  if [ ! -e "$SOURCE/Cargo.toml" ] || [ ! -e "$LIBC" ]; then
    say "Debian's packages lack the library source or wasi-libc"
    return 1
  fi
  lld=$(find_lld) || return 1
  LINK_FLAGS=(-C "linker=$lld" -C linker-flavor=wasm-ld -C link-self-contained=no)
  OWN_LIBC=1
}

# An lld as new as the compiler's LLVM: rustup's rust-lld when some toolchain has one, else Debian's.
find_lld() {
  local found
  found=$(compgen -G "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/*/lib/rustlib/*/bin/rust-lld" | head -1) || true
  if [ -z "$found" ]; then
    apt_install lld-22 >&2 || return 1
    found=/usr/lib/llvm-22/bin/lld
  fi
  [ -x "$found" ] || { say "no lld to be had"; return 1; }
  printf '%s\n' "$found"
}

case ${PORTCULLIS_WASM_TOOLCHAIN:-auto} in
  rustup) use_rustup && WAY=rustup ;;
  debian) use_debian && WAY=debian ;;
  auto)
    if use_rustup; then WAY=rustup
    else say "trying Debian's own toolchain"; use_debian && WAY=debian
    fi ;;
  *) give_up "PORTCULLIS_WASM_TOOLCHAIN is rustup or debian" ;;
esac || true
[ -n "${WAY:-}" ] || give_up "no toolchain for $TARGET" \
  "either let rustup fetch it: rustup target add --toolchain $CHANNEL $TARGET; rustup component add --toolchain $CHANNEL rust-src" \
  "or, on Debian 12, as root: apt-get install rustc-web rust-web-src cargo-web wasi-libc lld-22"

build_std() {
  local work=$CACHE/build-std.$$ out=$1
  rm -rf "$work"
  mkdir -p "$work/src"
  trap 'rm -rf "$work"' EXIT
  cat >"$work/Cargo.toml" <<TOML
[package]
name = "empty"
version = "0.0.0"
edition = "2024"
[workspace]
[profile.release]
debug = false
TOML
  echo '#![no_std]' >"$work/src/lib.rs"
  local log=$work/log flags=("${STD_FLAGS[@]}" "--remap-path-prefix=$SOURCE=/std")
  # No path of this machine gets into the modules. The folders to rename are there once the crates have been fetched.
  (cd "$work" && RUSTC_BOOTSTRAP=1 RUSTC=$RUSTC "$CARGO" fetch -Zbuild-std --target "$TARGET" </dev/null >"$log" 2>&1) || true
  for dir in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
    [ -d "$dir" ] && flags+=("--remap-path-prefix=${dir%/}=/deps")
  done
  # Cargo leaves bitcode out of what it believes is not for LTO; the modules are linked with LTO.
  if ! (cd "$work" && RUSTC_BOOTSTRAP=1 RUSTC=$RUSTC \
      CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}") CARGO_TARGET_DIR=$work/target \
      "$CARGO" build --release --target "$TARGET" -Zbuild-std=std,panic_unwind </dev/null >"$log" 2>&1); then
    tail -20 "$log" >&2
    give_up "building std for $TARGET failed" \
      "the library's own dependencies come from crates.io: is it within reach?"
  fi
  local lib=$work/sysroot/lib/rustlib/$TARGET/lib
  mkdir -p "$lib/self-contained"
  cp "$work/target/$TARGET"/release/deps/lib*.rlib "$lib/"
  rm -f "$lib"/libempty-*.rlib
  cp "$LIBC" "$lib/self-contained/libc.a"
  cat >"$work/tag.rs" <<'RUST'
#![no_std]
#![feature(asm_experimental_arch)]
core::arch::global_asm!(".globl __cpp_exception", ".tagtype __cpp_exception i32", "__cpp_exception:");
RUST
  RUSTC_BOOTSTRAP=1 "$RUSTC" --edition 2024 --crate-type lib --emit "obj=$lib/self-contained/exception_tag.o" \
    --sysroot "$work/sysroot" --target "$TARGET" -C "target-feature=$FEATURES" -C panic=unwind "$work/tag.rs" 2>>"$log"
  mkdir -p "$(dirname "$out")"
  rm -rf "$out"
  mv "$work/sysroot" "$out"
  rm -rf "$work"
  trap - EXIT
}

STD_FLAGS=(-C panic=unwind -C "target-feature=$FEATURES" -C embed-bitcode=yes)

KEY=$({ "$RUSTC" -vV; echo "$TARGET ${STD_FLAGS[*]}"; sha256sum <"$LIBC"; declare -f build_std; } | digest)
SYSROOT=$CACHE/sysroot-$KEY
if [ ! -d "$SYSROOT" ]; then
  say "building std for $TARGET with unwinding, once (about a minute)"
  build_std "$SYSROOT"
fi

SELF_CONTAINED=$SYSROOT/lib/rustlib/$TARGET/lib/self-contained
LINK_FLAGS+=(-C "link-arg=$SELF_CONTAINED/exception_tag.o")
# Debian's rustc looks for libc where Debian has it; one copy, in the sysroot, serves both.
[ -z "$OWN_LIBC" ] || LINK_FLAGS+=(-L "native=$SELF_CONTAINED")
{
  echo "# Written by make setup."
  printf 'WASM_WAY=%q\nWASM_RUSTC=%q\nWASM_CARGO=%q\nWASM_SYSROOT=%q\nWASM_TARGET=%q\n' \
    "$WAY" "$RUSTC" "$CARGO" "$SYSROOT" "$TARGET"
  printf 'WASM_FLAGS=('
  printf '%q ' --sysroot "$SYSROOT" -C panic=unwind "${LINK_FLAGS[@]}"
  printf ')\n'
} >"$TOOLS/wasm.env.new"
if cmp -s "$TOOLS/wasm.env.new" "$TOOLS/wasm.env"; then
  rm -f "$TOOLS/wasm.env.new"
else
  mv "$TOOLS/wasm.env.new" "$TOOLS/wasm.env"
fi
