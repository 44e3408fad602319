#!/bin/sh
# Every test there is, from a bare Debian 12:
#
#   sh tests/all.sh [--quick | --long] [--only PART,PART...] [--update] [BUILD FOLDER]
#
#   (none)    what a push runs: the native build, two emulated microcontrollers, a big-endian Linux
#   --quick   for the daily loop: the same without the big-endian Linux
#   --long    for maintainers: also sanitizers, clang, the smallest options, the flags of the field,
#             every emulated build, all planted faults, a million lives of the reader, and fuzzing for
#             ten minutes a harness
#   --only    these parts; a build of tests/baremetal/run_all.py is a part, and "cross" is all of them
#   --update  writes how many tests each part had to tests/pins.tsv instead of comparing
#
# Each part is a build of its own below the build folder; the last line counts all tests.
set -eu
cd "$(dirname "$0")/.."
mode=normal
only=
while :; do
    case "${1:-}" in
    --quick | --long) mode=${1#--} ;;
    --only) only=${2:?--only PART,...} && shift ;;
    --update) export WMBT_UPDATE_PINS=1 ;;
    *) break ;;
    esac
    shift
done
[ "$mode" != long ] || export WMBT_LIVES=1000000
out=${1:-build-all}
case "$out" in
-*) sed -n 's/^#   sh/usage: sh/p' "$0" >&2 && exit 2 ;;
esac
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -rf "$out/results" "$out/bare/results"
sh tests/packages.sh build test

passed=0
failed=0
skipped=0
not_run=0
# What is missing is an error here, not a test less.
strict='--werror -Dtests=enabled'
# Not in the part gcc, which is as users build it.
asserts='-Dassertions=true'
# Sanitizers stop at the first report; optimised builds would lose frames.
sanitize='-Dbuildtype=debugoptimized -Db_lundef=false -Dc_args=-fno-sanitize-recover=all'

# Parts that only --long and --only run: a push is to take no more than 45 minutes on two cores. They
# have no pins yet; the first --long run writes them (--update).
long_only=,small,clang,asan,msan,fuzz,flags,planted,coverage,mutation,net-boards,

# wanted PART: true if it is to run.
known=
wanted() {
    known=$known,$1
    if [ -n "$only" ]; then
        case ",$only," in *",$1,"*) return 0 ;; *) return 1 ;; esac
    fi
    case "$mode$long_only" in normal*",$1,"*) return 1 ;; esac
}

# count PART TESTLOG: adds up what Meson's testlog.json says and compares it with tests/pins.tsv.
count() {
    counted=$(python3 -B tests/pins.py count "$out/results" "$1" "$2") || counted='0 1 0 0'
    echo "$counted" | sed '$d'
    # shellcheck disable=SC2046 # four numbers
    set -- $(echo "$counted" | tail -n 1)
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
    not_run=$((not_run + $4))
    echo "   $1 passed, $2 failed, $3 skipped, $4 not run here"
}

# part NAME "SETUP OPTIONS" "TEST OPTIONS" [CC]
part() {
    wanted "$1" || return 0
    echo "== $1"
    start=$(date +%s)
    # A folder that was set up with other options or defaults, or not to its end, is set up again.
    setup="CC=${4:-gcc} $2 $(cksum <meson_options.txt)"
    if [ "$(cat "$out/$1.setup" 2>/dev/null)" != "$setup" ]; then
        rm -rf "${out:?}/$1"
    fi
    # shellcheck disable=SC2086 # lists of options
    if ! { [ -f "$out/$1/build.ninja" ] || { rm -rf "${out:?}/$1" &&
        env CC="${4:-gcc}" meson setup "$out/$1" $2 && echo "$setup" >"$out/$1.setup"; }; } \
        >"$out/$1.log" 2>&1 || ! ninja -C "$out/$1" >>"$out/$1.log" 2>&1; then
        tail -n 40 "$out/$1.log"
        failed=$((failed + 1))
        echo "   does not build"
        return
    fi
    rm -f "$out/$1/meson-logs/testlog.json"
    # shellcheck disable=SC2086
    if ! meson test -C "$out/$1" --no-rebuild --print-errorlogs $3 >>"$out/$1.log" 2>&1 &&
        ! grep -qE '^ *[0-9]+/[0-9]+ .*(FAIL|ERROR|TIMEOUT)' "$out/$1.log"; then
        tail -n 20 "$out/$1.log" # it did not come to its end
        failed=$((failed + 1))
    fi
    count "$1" "$out/$1/meson-logs/testlog.json"
    echo "   $(($(date +%s) - start)) s"
}

# script NAME COMMAND...: a part that is a command, one suite; its cases are the "ok" lines it prints.
script() {
    wanted "$1" || return 0
    name=$1
    shift
    echo "== $name"
    start=$(date +%s)
    result=OK
    "$@" >"$out/$name.log" 2>&1 || result=FAIL
    python3 -c 'import json, sys
print(json.dumps({"name": sys.argv[1], "result": sys.argv[2], "stdout": sys.stdin.read()}))' \
        "$name" $result <"$out/$name.log" >"$out/$name.json"
    count "$name" "$out/$name.json"
    echo "   $(($(date +%s) - start)) s"
}

# shows FILE COMMAND...: a command of README.md, of which every line of FILE must be seen.
shows() {
    lines=$1
    shift
    "$@" >"$out/shows.log" 2>&1 || { cat "$out/shows.log" && return 1; }
    awk 'NR == FNR { seen[$0] = 1; next } !($0 in seen) { print "not seen: " $0; bad = 1 }
        END { exit bad }' "$out/shows.log" "$lines"
}

# The other boards of tests/net.
boards() {
    for board in an385 virt-rv64 virt-aarch64; do
        sh tests/net/demo.sh "$board" --server all "$out/net-build" || return 1
    done
}

# What other people's tools say of the text.
lint() {
    python3 -B tests/checks/lint.py --self-test && python3 -B tests/checks/lint.py "$out"
}
script lint lint

# Everything, as users build it: unit, tool, independent, checks, corpora, examples.
part gcc "$strict -Dinspect=enabled -Dbench=true" ''
script try shows tests/tool/try.txt sh tests/try.sh "$out/try-build"
script demo shows tests/baremetal/demo/demo.txt sh tests/baremetal/demo.sh cortex-m33 "$out/demo-build"
if [ "$mode" != quick ]; then
    # Planted faults: others with every commit, all with --long.
    case $mode in
    long) script planted-all python3 -B tests/planted/planted.py "$out/planted-builds" ;;
    *) script planted python3 -B tests/planted/planted.py --some 8 "$out/planted-builds" ;;
    esac
    # Firmware that restores a prompt from a server with moods, over emulated Ethernet.
    script net sh tests/net/demo.sh an505 --server all "$out/net-build"
    script net-boards boards
    # Flags of the field: nothing but the compiler's own arithmetic is called.
    script flags python3 -B tests/checks/flags.py "$out"
    # What no test does is what docs/TRUST.md says.
    script coverage python3 -B tests/checks/coverage.py "$out/coverage"
    # 150 small changes to the library, others with every seed: tests notice them.
    script mutation python3 -B tests/mutation/mutate.py --sample 150 "$out/mutation"
    # The least reader: plain objects from hashes, without chain and BLAKE3.
    part hashes "$strict -Dmodules=crc32c,metadata,shape,objkey,plan,kvblock,rawtail,compressed,reader \
        -Dreader_tokens=false -Dreader_collect=false -Dreader_bound=false" '--suite unit'
    # The sanitizers' builds, which are clang's, have the same suites.
    part clang "$strict $asserts" '--suite unit --suite fuzz' clang-19
    part small "$strict -Dcrc32c_kernel=nibble -Dblake3_kernel=small -Dxxh_kernel=small -Dbuildtype=minsize \
        -Dexperimental_model_keys=true -Dwriters=false -Dstatus_names=false" '--suite unit'
    part asan "$strict $asserts $sanitize -Db_sanitize=address,undefined -Dinspect=enabled \
        -Dlibzstd=enabled" \
        '--suite unit --suite fuzz --suite tool --suite examples --suite memory -t 5' clang-19
    part msan "$strict $asserts $sanitize -Db_sanitize=memory" '--suite unit --suite fuzz -t 5' clang-19
    seconds=10
    [ "$mode" = normal ] || seconds=600
    export WMBT_FUZZ_SECONDS=$seconds
    part fuzz "$strict $asserts $sanitize -Db_sanitize=address,undefined -Dfuzz=true" '--suite fuzz' clang-19
fi

# Every build for an emulator is a part of its own, which run_all.py counts and compares.
set -- "$out/bare"
[ "$mode" = normal ] || set -- "--$mode" "$@"
[ -z "$only" ] || set -- --parts "$only" --known "$known" "$@"
bare=good
sh tests/baremetal/run_all.sh "$@" >"$out/bare.log" 2>&1 || bare=failed
cat "$out/bare.log"
# Its rows end with: suites passed, failed, cases, cases skipped, not run, seconds.
# shellcheck disable=SC2046 # four numbers
set -- $(awk '$NF ~ /^[0-9]+\.[0-9]$/ { p += $(NF-5); f += $(NF-4); s += $(NF-2); n += $(NF-1) }
    END { print p + 0, f + 0, s + 0, n + 0 }' "$out/bare.log")
passed=$((passed + $1))
failed=$((failed + $2))
skipped=$((skipped + $3))
not_run=$((not_run + $4))
[ "$bare" = good ] || [ "$2" != 0 ] || failed=$((failed + 1))

set -- "$out/results" "$out/bare/results"
if [ -z "$only" ] && ! python3 -B tests/pins.py bodies "$@"; then
    failed=$((failed + 1))
fi
[ -z "${WMBT_UPDATE_PINS:-}" ] || python3 -B tests/pins.py update "$@"
[ "$not_run" = 0 ] || echo "not run here, and not counted as passed:"
python3 -B tests/pins.py not-run "$@"
echo "$passed passed, $failed failed, $skipped skipped, $not_run not run here"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
