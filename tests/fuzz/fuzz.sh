#!/bin/sh
# Runs one libFuzzer program for WMBT_FUZZ_SECONDS (10) seconds, starting from the corpora named. What
# it finds new goes to a directory that is thrown away; what fails stays in the working directory.
set -eu
program=$1
shift
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$program" -max_total_time="${WMBT_FUZZ_SECONDS:-10}" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 "$found" "$@"
