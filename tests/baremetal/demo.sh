#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the demo image (demo/demo.c) for a processor, runs it in an emulator and shows what it prints:
#   demo.sh [cortex-m33|rv64gc] [BUILD-DIRECTORY]
# Any cross file of cross/ whose board has room for the objects will do.
set -eu
cd "$(dirname "$0")/../.."
cpu=${1:-cortex-m33}
build=${2:-build-demo-$cpu}
[ -f "cross/$cpu.txt" ] || { echo "demo.sh: there is no cross/$cpu.txt" >&2; exit 2; }
case $cpu in
rv*) packages="gcc-riscv64-unknown-elf qemu-system-misc" ;;
*) packages="gcc-arm-none-eabi qemu-system-arm" ;;
esac
# shellcheck disable=SC2086 # a list
sh tests/packages.sh build $packages
if [ ! -f "$build/build.ninja" ]; then
    said=$(meson setup --cross-file "cross/$cpu.txt" "$build") || { echo "$said"; exit 1; }
fi
ninja -C "$build" tests/baremetal/demo/image_demo >"$build/demo.log" ||
    { cat "$build/demo.log"; exit 1; }
ninja --quiet -C "$build" run_demo
