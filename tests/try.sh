#!/bin/sh
# Builds the library and the tool and resolves a prompt of the sample bucket: what of it is stored
# there, intact, and how it would be restored.
set -eu
cd "$(dirname "$0")/.."
sh tests/packages.sh build
build=${1:-build}
if [ ! -f "$build/build.ninja" ]; then
    said=$(meson setup "$build") || { echo "$said"; exit 1; }
fi
ninja -C "$build" >"$build/ninja.log" || { cat "$build/ninja.log"; exit 1; }
golden=$build/tests/data/golden/bucket
set -- --bucket "$golden/bucket" --prefix kv/cabi --namespace ds4-metal --dialect ds4 \
    --fingerprint 5f1c0a9be2d74c38a6b01e92 --quant-bits 2 --block-tokens 128 \
    "$golden/prompts/two_blocks_tail.u32"
echo "$build/src/inspect/wombatkv resolve $*"
"$build/src/inspect/wombatkv" resolve "$@"
