#!/bin/sh
# Grows corpora: runs libFuzzer programs and keeps the smallest set of inputs that reaches as much.
#
#   grow.sh BUILD SECONDS NAME...
#
# BUILD was set up with CC=clang-19 -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false.
# Prints a row a harness: seconds, inputs run, edges reached, files kept. An input that fails is left in
# BUILD: mend what it shows and put it under regressions/NAME/.
set -eu
build=$1
seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
cd "$build/tests/fuzz"
for name; do
    kept=$here/corpus/$name
    found=$(mktemp -d)
    least=$(mktemp -d)
    trap 'rm -rf "$found" "$least"' EXIT
    ./"fuzz_$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 "$found" "$kept" >"grow_$name.log" 2>&1 || {
        tail -n 30 "grow_$name.log"
        exit 1
    }
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "grow_$name.log")
    ./"fuzz_$name" -set_cover_merge=1 -use_counters=0 -max_len=65536 "$least" "$kept" "$found" >"merge_$name.log" 2>&1
    edges=$(./"fuzz_$name" -runs=0 -max_len=65536 "$least" 2>&1 | sed -n 's/.*INITED *cov: \([0-9]*\).*/\1/p')
    # What was kept before keeps its name; what has a name that says something stays.
    for file in "$kept"/*; do
        sum=$(sha1sum <"$file" | cut -d ' ' -f 1)
        if [ -f "$least/$sum" ]; then
            rm "$least/$sum"
        elif basename "$file" | grep -qxE '[0-9a-f]{12}'; then
            rm "$file"
        fi
    done
    for file in "$least"/*; do
        [ ! -f "$file" ] || mv "$file" "$kept/$(basename "$file" | cut -c 1-12)"
    done
    rm -rf "$found" "$least"
    # shellcheck disable=SC2012 # names of hex digits
    echo "| $name | $seconds | $inputs | $edges | $(ls "$kept" | wc -l) |"
done
