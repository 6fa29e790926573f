#!/usr/bin/env bash
# Runs fuzz targets for so many seconds each and prints a table of what was found.
#
#   tools/fuzz.sh [SECONDS [TARGET...]]    600 seconds and every target of fuzz/Cargo.toml by default
#   FUZZ_JOBS=8 tools/fuzz.sh              as many side by side (all cores by default)
#
# Needs the nightly toolchain, as cargo-fuzz does. Built without a sanitizer: our crates forbid unsafe code, so it is panics,
# broken promises, endless loops and memory that are looked for.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}"
shift || true
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "cargo-fuzz needs nightly Rust. Run:  rustup toolchain install nightly --profile minimal" >&2
  exit 1
fi
targets=("$@")
if [ ${#targets[@]} -gt 0 ]; then
  for target in "${targets[@]}"; do cargo +nightly fuzz build -s none "$target"; done
else
  mapfile -t targets < <(cargo +nightly fuzz list)
  cargo +nightly fuzz build -s none
fi
python3 fuzz/seeds.py "${targets[@]}"
mkdir -p fuzz/artifacts build/fuzz
host="$(rustc +nightly -vV | sed -n 's/^host: //p')"

run() {
  local target="$1" dict=() from="$SECONDS" status=0
  mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
  [ ! -f "fuzz/corpus/$target.dict" ] || dict=("-dict=fuzz/corpus/$target.dict")
  echo "== $target, $seconds s" >&2
  nice "fuzz/target/$host/release/$target" "fuzz/corpus/$target" "${dict[@]}" -artifact_prefix="fuzz/artifacts/$target/" \
    -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=20 -max_len=4096 -print_final_stats=1 \
    >"build/fuzz/$target.log" 2>&1 &
  local pid=$!
  wait "$pid" || status=$?
  # Some targets keep files in a folder named after their process.
  rm -rf "/dev/shm/hedgerow-fuzz-"*"-$pid" "${TMPDIR:-/tmp}/hedgerow-fuzz-"*"-$pid"
  printf '%s\t%s\t%s\t%s\n' "$target" "$((SECONDS - from))" \
    "$(sed -nE 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log" | tail -n 1)" "$status" >"build/fuzz/$target.row"
  [ "$status" -eq 0 ] || echo "== $target failed: build/fuzz/$target.log, fuzz/artifacts/$target/" >&2
}
export -f run
export seconds host

rm -f build/fuzz/*.row
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I{} bash -c 'run {}' || true
printf 'target\tseconds\texecutions\tresult\n'
failed=0
for target in "${targets[@]}"; do
  awk -F'\t' '{ printf "%s\t%s\t%s\t%s\n", $1, $2, $3, ($4 == 0 ? "sound" : "failed") } $4 != 0 { exit 1 }' "build/fuzz/$target.row" || failed=1
done
exit "$failed"
