#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Firmware restores a prompt from an S3 store over (emulated) Ethernet; what it prints and the rows
# that it has in memory are compared with what the tool makes:
#   demo.sh [an505|an385|virt-rv64|virt-aarch64] [--server MODE] [BUILD-DIRECTORY]
# MODE: how the server misbehaves, see server.py; `all`: each of them.
# Needs a Debian mirror for lwIP and compilers, nothing else: the store is a process of its own.
set -eu
cd "$(dirname "$0")/../.."
board=an505
modes=plain
build=
while [ $# != 0 ]; do
    case $1 in
    --server) modes=${2:?--server MODE} && shift ;;
    an505 | an385 | virt-rv64 | virt-aarch64) board=$1 ;;
    -*) sed -n 's/^#   demo/usage: demo/p' "$0" >&2 && exit 2 ;;
    *) build=$1 ;;
    esac
    shift
done
build=${build:-build-net}
case $board in
an505) cpu=cortex-m33 packages="gcc-arm-none-eabi qemu-system-arm" ;;
an385) cpu=cortex-m3 packages="gcc-arm-none-eabi qemu-system-arm" ;;
virt-rv64) cpu=rv64gc packages="gcc-riscv64-unknown-elf qemu-system-misc" ;;
virt-aarch64) cpu=cortex-a78 packages="gcc-aarch64-linux-gnu qemu-system-arm" ;;
esac
# shellcheck disable=SC2086 # a list
sh tests/packages.sh build $packages
mkdir -p "$build"
build=$(cd "$build" && pwd)
sh tests/net/lwip.sh "$build"

# set_up DIR TARGET OPTIONS...
set_up() {
    dir=$1
    target=$2
    shift 2
    [ -f "$dir/build.ninja" ] || meson setup "$dir" -Dtest_data="$build/data" "$@" >"$dir.log" 2>&1 ||
        { cat "$dir.log" && return 1; }
    ninja --quiet -C "$dir" "$target" >"$dir.log" || { cat "$dir.log" && return 1; }
}
[ -f "$build/data/verdicts.stamp" ] || sh tests/data.sh "$build/data"
set_up "$build/host" src/inspect/wombatkv -Dinspect=enabled
printf "[properties]\nlwip = '%s'\nwombatkv = '%s'\n" "$build/lwip" "$build/host/src/inspect/wombatkv" \
    >"$build/net.txt"
set_up "$build/$board" tests/net/image_net --cross-file "cross/$cpu.txt" --cross-file "$build/net.txt"
WMBT_NET_SERVER=$modes ninja --quiet -C "$build/$board" run_net
