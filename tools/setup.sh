#!/usr/bin/env bash
# Brings the tools of this machine that cannot come from a lock: compilers, a browser, other proxies.
#
#   tools/setup.sh base|test|bench|harvest|fuzz    installs what that group misses, or says the exact command
#   tools/setup.sh --python                        prints the Python (3.11 or newer) that will be used
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

find_python() {
  local p
  for p in python3.14 python3.13 python3.12 python3.11 python3; do
    if has "$p" && "$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$p"
      return 0
    fi
  done
  return 1
}

has_venv() { local p; p="$(find_python)" && "$p" -c 'import venv, ensurepip' 2>/dev/null; }
has_chromium() { has chromium || has chromium-browser || has google-chrome; }
has_postgresql() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_cargo() {
  local wanted have
  wanted="$(sed -nE 's/^rust-version = "(.*)"/\1/p' "$(dirname "$0")/../Cargo.toml")"
  have="$(cargo --version 2>/dev/null | cut -d' ' -f2)" || return 1
  [ -n "$have" ] && [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n1)" = "$wanted" ]
}
has_profdata() {
  local host
  host="$(rustc -vV 2>/dev/null | sed -n 's/^host: //p')" || return 1
  [ -x "$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata" ]
}
has_linker() { has cc && echo 'int main(void){return 0;}' | cc -x c - -o /dev/null 2>/dev/null; }

# Each line: what it is, how to see that it is here, the Debian packages that bring it.
need() {
  local what="$1" check="$2" packages="$3"
  if $check; then return 0; fi
  missing_what+=("$what")
  read -r -a list <<<"$packages"
  missing_packages+=("${list[@]}")
}
on_path() { eval "$1() { has $2; }"; }

check_group() {
  missing_what=() missing_packages=()
  case "$1" in
    base)
      need "Python 3.11 or newer, with venv" has_venv "python3 python3-venv"
      need "a C compiler and linker" has_linker "build-essential"
      has_cargo || bring_rust || true
      need "cargo (a recent Rust; see rust-version in Cargo.toml)" has_cargo "rustup"
      ;;
    test)
      need "Chromium" has_chromium "chromium"
      on_path has_w3m w3m
      need "w3m, a text browser" has_w3m "w3m"
      on_path has_java java
      need "a Java runtime, for the audit on Spark" has_java "default-jre-headless"
      need "PostgreSQL, for the console's tests on it" has_postgresql "postgresql"
      PATH="$PATH:/usr/sbin:/sbin"
      on_path has_nft nft; on_path has_fail2ban fail2ban-client
      need "nftables, for the tests of block lists" has_nft "nftables"
      need "fail2ban, for the tests of block lists" has_fail2ban "fail2ban"
      ;;
    bench)
      on_path has_nginx nginx; on_path has_haproxy haproxy; on_path has_wrk wrk; on_path has_h2load h2load
      PATH="$PATH:/usr/sbin:/sbin"
      need "nginx" has_nginx "nginx-light"
      need "HAProxy" has_haproxy "haproxy"
      need "wrk" has_wrk "wrk"
      need "h2load" has_h2load "nghttp2-client"
      has_profdata || bring_profdata || true
      need "llvm-profdata of this Rust (rustup component add llvm-tools)" has_profdata ""
      ;;
    harvest)
      on_path has_wget wget; on_path has_curl curl
      need "wget" has_wget "wget"
      need "curl" has_curl "curl"
      need "Chromium" has_chromium "chromium"
      ;;
    fuzz)
      on_path has_fuzz cargo-fuzz
      if ! has_fuzz; then cargo install --locked cargo-fuzz; fi
      ;;
    *) say "tools/setup.sh: no group $1"; exit 2 ;;
  esac
}

bring_rust() {
  # Debian's rustup comes without a toolchain.
  has rustup || return 1
  say "Installing the stable Rust toolchain through rustup."
  rustup toolchain install stable --profile minimal --component clippy --component rustfmt >&2
  rustup default stable >&2
}

# Reads what a build that is put under load has counted; it must be of the compiler's own LLVM.
bring_profdata() {
  has rustup || return 1
  say "Adding the component llvm-tools to the Rust toolchain."
  rustup component add llvm-tools >&2
}

if [ "${1:-}" = "--python" ]; then
  find_python || { say "No Python 3.11 or newer was found. On Debian: apt-get install python3 python3-venv"; exit 1; }
  exit 0
fi

group="${1:?base, test, bench, harvest or fuzz}"
check_group "$group"
[ ${#missing_what[@]} -eq 0 ] && exit 0

command_line="apt-get install --yes --no-install-recommends ${missing_packages[*]}"
if [ "$(id -u)" = 0 ] && has apt-get; then
  say "Missing: $(IFS=,; echo "${missing_what[*]}"). Installing: $command_line"
  export DEBIAN_FRONTEND=noninteractive
  # The tests start a fail2ban of their own; Debian's would begin to guard this machine's SSH at once.
  case " ${missing_packages[*]} " in *" fail2ban "*) systemctl mask fail2ban.service >/dev/null 2>&1 || true ;; esac
  apt-get update -qq && $command_line >/dev/null || {
    say "That did not work. By hand, as root: apt-get update && $command_line"
    exit 1
  }
  check_group "$group"
  [ ${#missing_what[@]} -eq 0 ] && exit 0
  say "Still missing after the installation: $(IFS=,; echo "${missing_what[*]}")"
  [ "$group" != base ] || say "Rust by hand: https://rustup.rs, then: rustup toolchain install stable"
  exit 1
fi
say "Missing for this: $(IFS=,; echo "${missing_what[*]}")."
if has apt-get; then
  say "Run:  sudo apt-get update && sudo $command_line"
else
  say "Bring them with this system's package tool (on Debian: $command_line), then run the same command again."
fi
[ "$group" != base ] || has_cargo || say "Rust: https://rustup.rs, then: rustup toolchain install stable"
exit 1
