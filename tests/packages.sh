#!/bin/sh
# Installs the Debian packages that are missing: sh tests/packages.sh GROUP-OR-PACKAGE...
#   build   what the library and the tool need
#   test    what the whole test suite needs besides: compilers, emulators, other people's libraries
#   a package's name: that package
# It removes none: if one that is installed conflicts, it says so and stops.
set -eu

packages_of() {
    case "$1" in
    build) echo ca-certificates gcc libc6-dev meson ninja-build pkg-config libcmocka-dev python3 xz-utils ;;
    test)
        echo git clang-19 libclang-rt-19-dev llvm-19 lld-19 valgrind libc6-dbg g++ \
            gcc-arm-none-eabi binutils-arm-none-eabi gcc-riscv64-unknown-elf \
            gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross \
            gcc-m68k-linux-gnu libc6-dev-m68k-cross tcc \
            qemu-system-arm qemu-system-misc qemu-user \
            clang-format-19 codespell shellcheck pyflakes3 pmccabe cmake \
            b3sum openssl zstd libzstd-dev libcurl4-openssl-dev libisal-dev libmbedtls-dev libssl-dev libxxhash-dev \
            libabsl-dev libllvm19 libsimdjson-dev libcmocka-dev:s390x
        ;;
    *) echo "$1" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

wanted=
for group in "$@"; do
    wanted="$wanted $(packages_of "$group")"
done
case "$wanted" in
*:s390x*) foreign=s390x ;;
*) foreign= ;;
esac
missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    case "$state" in installed*) ;; *) missing="$missing $package" ;; esac # of each architecture
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
if [ -n "$foreign" ] && ! dpkg --print-foreign-architectures | grep -qx "$foreign"; then
    as_root dpkg --add-architecture "$foreign"
fi
as_root apt-get -qq update
# Packages that are here stay: gcc-multilib and Debian's cross compilers, say, exclude each other.
# shellcheck disable=SC2086 # a list
gone=$(as_root apt-get -qq -s install --no-install-recommends $missing |
    sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ')
if [ -n "$gone" ]; then
    echo "packages.sh: that would remove packages which conflict: $gone" >&2
    echo "packages.sh: no package was installed or removed; choose, and run this again" >&2
    exit 1
fi
# shellcheck disable=SC2086
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-remove \
    --no-install-recommends $missing >/dev/null
