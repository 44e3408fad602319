#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks the test data once, for builds that share it: tests/data.sh DIR, then -Dtest_data=DIR.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
python3 "$tests/golden/unpack.py" "$dir/golden.stamp" "$dir/golden" "$tests"/golden/*.tar.xz
python3 "$tests/vectors/link.py" "$dir/vectors.stamp" "$dir" "$tests/vectors"
python3 "$tests/golden/verdicts.py" "$dir/verdicts.stamp" "$dir/golden/engine" "$dir/verdicts"
