#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the tests of the cross builds: run_all.sh [--quick | --long] BUILD_DIR
exec python3 -B "$(dirname "$0")/run_all.py" "$@"
