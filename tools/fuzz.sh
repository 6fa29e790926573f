#!/usr/bin/env bash
# Runs every fuzz target for so many seconds each (600 by default). Needs the nightly toolchain, as cargo-fuzz does.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}"
if [ ! -f fuzz/Cargo.toml ]; then
  echo "There is no fuzz/ folder with targets yet." >&2
  exit 1
fi
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "cargo-fuzz needs nightly Rust. Run:  rustup toolchain install nightly --profile minimal" >&2
  exit 1
fi
failed=()
while read -r target; do
  echo "== $target, $seconds s"
  cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=2048 || failed+=("$target")
done < <(cargo +nightly fuzz list)
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
