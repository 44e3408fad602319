#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the tests of every cross build: run_all.sh [--quick] BUILD_DIR
exec python3 -B "$(dirname "$0")/run_all.py" "$@"
