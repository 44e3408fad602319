#!/bin/sh
# Every test there is, from a bare Debian 12: sh tests/all.sh [--quick | --long] [BUILD FOLDER]
#
#   --quick   for the daily loop: one native build and two emulated targets
#   --long    for maintainers: fuzzes ten minutes a harness instead of ten seconds
#
# Each part is a build of its own below the build folder; the last line counts all tests.
set -eu
cd "$(dirname "$0")/.."
mode=normal
case "${1:-}" in
--quick | --long) mode=${1#--} && shift ;;
esac
out=${1:-build-all}
case "$out" in
-*) echo "usage: sh tests/all.sh [--quick | --long] [BUILD FOLDER]" >&2 && exit 2 ;;
esac
mkdir -p "$out"
out=$(cd "$out" && pwd)
sh tests/packages.sh build test

passed=0
failed=0
skipped=0
# What is missing is an error here, not a test less.
strict='--werror -Dtests=enabled'
# Sanitizers stop at the first report; optimised builds would lose frames.
sanitize='-Dbuildtype=debugoptimized -Db_lundef=false -Dc_args=-fno-sanitize-recover=all'

# count LOG: adds up what Meson's testlog.json says.
count() {
    numbers=$(python3 - "$1" <<'PY'
import json, sys
n = {"passed": 0, "failed": 0, "skipped": 0}
for line in open(sys.argv[1]):
    result = json.loads(line)["result"]
    n["passed" if result in ("OK", "EXPECTEDFAIL") else "skipped" if result == "SKIP" else "failed"] += 1
print(n["passed"], n["failed"], n["skipped"])
PY
    ) || numbers='0 1 0'
    # shellcheck disable=SC2086 # three numbers
    set -- $numbers
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
    echo "   $1 passed, $2 failed, $3 skipped"
    # Everything is installed here: what skips is not tested.
    failed=$((failed + $3))
}

# part NAME "SETUP OPTIONS" "TEST OPTIONS" [CC]
part() {
    echo "== $1"
    start=$(date +%s)
    # shellcheck disable=SC2086 # lists of options
    if ! { [ -d "$out/$1" ] || env CC="${4:-gcc}" meson setup "$out/$1" $2; } >"$out/$1.log" 2>&1 ||
        ! ninja -C "$out/$1" >>"$out/$1.log" 2>&1; then
        tail -n 40 "$out/$1.log"
        failed=$((failed + 1))
        echo "   does not build"
        return
    fi
    rm -f "$out/$1/meson-logs/testlog.json"
    # shellcheck disable=SC2086
    if ! meson test -C "$out/$1" --no-rebuild --print-errorlogs $3 >>"$out/$1.log" 2>&1 &&
        ! grep -E '^ *[0-9]+/[0-9]+ .*(FAIL|ERROR|TIMEOUT)' "$out/$1.log"; then
        tail -n 20 "$out/$1.log" # it did not come to its end
        failed=$((failed + 1))
    fi
    count "$out/$1/meson-logs/testlog.json"
    echo "   $(($(date +%s) - start)) s"
}

# shows NAME FILE COMMAND...: a command of README.md, of which every line of FILE must be seen.
shows() {
    echo "== $1"
    start=$(date +%s)
    log=$out/$(echo "$1" | tr ' /' '--').log
    lines=$2
    shift 2
    if "$@" >"$log" 2>&1 && awk 'NR == FNR { seen[$0] = 1; next } !($0 in seen) { exit 1 }' \
        "$log" "$lines"; then
        passed=$((passed + 1))
    else
        tail -n 40 "$log"
        failed=$((failed + 1))
    fi
    echo "   $(($(date +%s) - start)) s"
}

# Everything, as users build it: unit, tool, independent, checks, corpora, examples.
part gcc "$strict -Dinspect=enabled -Dbench=true" ''
shows "README try" tests/tool/try.txt sh tests/try.sh "$out/try"
shows "README demo" tests/baremetal/demo/demo.txt sh tests/baremetal/demo.sh cortex-m33 "$out/demo"
if [ "$mode" != quick ]; then
    part clang "$strict" '--suite unit --suite fuzz' clang-19
    part small "$strict -Dcrc32c_kernel=nibble -Dblake3_kernel=small -Dbuildtype=minsize \
        -Dexperimental_model_keys=true -Dwriters=false -Dstatus_names=false" '--suite unit'
    part asan "$strict $sanitize -Db_sanitize=address,undefined -Dinspect=enabled \
        -Dlibzstd=enabled" \
        '--suite unit --suite fuzz --suite tool --suite examples --suite memory -t 5' clang-19
    part msan "$strict $sanitize -Db_sanitize=memory" '--suite unit --suite fuzz -t 5' clang-19
    seconds=10
    [ "$mode" = normal ] || seconds=600
    export WMBT_FUZZ_SECONDS=$seconds
    part fuzz "$strict $sanitize -Db_sanitize=address,undefined -Dfuzz=true" '--suite fuzz' clang-19
fi

echo "== cross"
bare=good
if [ "$mode" = quick ]; then
    set -- --quick "$out/bare"
else
    set -- "$out/bare"
fi
sh tests/baremetal/run_all.sh "$@" >"$out/bare.log" 2>&1 || bare=failed
cat "$out/bare.log"
# Its rows end with: suites passed, failed, cases, cases skipped, seconds.
# shellcheck disable=SC2046 # three numbers
set -- $(awk '$NF ~ /^[0-9]+\.[0-9]$/ { p += $(NF-4); f += $(NF-3); s += $(NF-1) }
    END { print p + 0, f + 0, s + 0 }' "$out/bare.log")
passed=$((passed + $1))
failed=$((failed + $2))
skipped=$((skipped + $3))
[ "$bare" = good ] || [ "$2" != 0 ] || failed=$((failed + 1))

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
