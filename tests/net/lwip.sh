#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches the source of lwIP as Debian 12 has it (2.1.3, BSD license) to DIR/lwip: lwip.sh DIR
# From the Debian mirror that this machine is configured for, with package lists of its own below
# DIR: apt's configuration and lists stay as they are. What came must have the checksum below.
set -eu
version=2.1.3+dfsg1-2
sum=0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24
archive=lwip_${version%-*}.orig.tar.xz
mkdir -p "$1/apt/parts" "$1/apt/lists/partial"
dir=$(cd "$1" && pwd)
[ ! -f "$dir/lwip/src/core/tcp.c" ] || exit 0

if [ ! -f "$dir/$archive" ]; then
    # shellcheck source=/dev/null
    . /etc/os-release # VERSION_CODENAME
    # The machine's entries for that release, as sources; other repositories are left out.
    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$file" ] || awk -v RS= -v ORS='\n\n' -v release="$VERSION_CODENAME" '
            $0 ~ "(^|\n)Suites:[^\n]*[ \t]" release "([ \t\n]|$)" && /(^|\n)Components:[^\n]*[ \t]main/ {
                sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src"); print }' "$file" \
            >"$dir/apt/parts/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$file" ] || sed -n "s/^deb\(.* $VERSION_CODENAME .*main\)/deb-src\1/p" "$file"
    done >"$dir/apt/parts/lines.list"
    cat >"$dir/apt/apt.conf" <<C
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/apt/parts";
Dir::State::lists "$dir/apt/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
C
    export APT_CONFIG="$dir/apt/apt.conf"
    if ! (cd "$dir" && apt-get update && apt-get -o Acquire::Retries=3 source --download-only "lwip=$version") \
        >"$dir/apt/log" 2>&1; then
        cat "$dir/apt/log" >&2
        echo "lwip.sh: no source package lwip $version: is the Debian mirror in reach?" >&2
        exit 1
    fi
fi
echo "$sum  $dir/$archive" | sha256sum --check --quiet - || {
    echo "lwip.sh: what came is not the lwIP that is expected" >&2
    rm "$dir/$archive"
    exit 1
}
rm -rf "$dir/unpacked"
mkdir "$dir/unpacked"
tar -xf "$dir/$archive" -C "$dir/unpacked" --strip-components=1
mv "$dir/unpacked" "$dir/lwip"
