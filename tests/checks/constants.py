#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""src/hash/crc32c_constants.h is derived here from the polynomial alone: constants.py BUILD_DIR
compares, --update BUILD_DIR writes it."""
import os
import sys

from common import ROOT, main

PATH = os.path.join("src", "hash", "crc32c_constants.h")
POLYNOMIAL = 0x11EDC6F41  # Castagnoli; bit i is the coefficient of x^i
FOLDS = [16, 32, 48, 64, 96, 128, 192, 256]  # bytes
SEGMENTS = [128, 1024]  # bytes of one of three streams
POWERS = 31  # x^(2^31) is x again
HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Powers of x modulo CRC32C's polynomial, as a CRC register holds them (bit 31 is the coefficient
 * of x^0). Written by tests/checks/constants.py, which says how they are derived.
 */
#ifndef WMBT_SRC_HASH_CRC32C_CONSTANTS_H
#define WMBT_SRC_HASH_CRC32C_CONSTANTS_H
"""


def reflected(value, bits):
    return int(format(value, f"0{bits}b")[::-1], 2)


def times_x(value):
    value <<= 1
    return value ^ POLYNOMIAL if value >> 32 else value


def power(exponent):
    """x^exponent modulo the polynomial, reflected."""
    value = 1
    for _ in range(exponent):
        value = times_x(value)
    return reflected(value, 32)


def power_of_two(k):
    """x^(2^k), by squaring."""
    value = 2
    for _ in range(k):
        square = 0
        for i in range(32):
            if value >> i & 1:
                square ^= 1 << 2 * i
        for i in range(62, 31, -1):
            if square >> i & 1:
                square ^= POLYNOMIAL << (i - 32)
        value = square
    return reflected(value, 32)


def by_squaring(exponent):
    """x^exponent for any exponent, also a negative one: x^(2^31 - 1) is 1. Reflected."""
    value = reflected(1, 32)
    for k in range(POWERS):
        if exponent % (2 ** POWERS - 1) >> k & 1:
            value = product(value, power_of_two(k))
    return value


def quotient(bits):
    """x^bits divided by the polynomial."""
    rest, result = 1 << bits, 0
    for i in range(bits - 32, -1, -1):
        if rest >> (i + 32) & 1:
            rest ^= POLYNOMIAL << i
            result |= 1 << i
    return result


def words(numbers):
    texts = [f"0x{number:08X}u" for number in numbers]
    return [f"        {', '.join(texts[at:at + 6])}, \\" for at in range(0, len(texts), 6)] + ["    }"]


def text():
    lines = [HEAD, "/* clang-format off */"]
    lines += ["/*",
              " * Moves an accumulator forward by n bytes. Its first half times FOLD_FIRST plus its second half",
              " * times FOLD_SECOND is a product of two words, which lies x^33 (words of 64 bits) or x^1 (of 32",
              " * bits) too high because both factors are reflected: x^(8n + 31), x^(8n - 33) and x^(8n - 1).",
              " */"]
    for n in FOLDS:
        lines.append(f"#define WMBT_CRC32C_FOLD_FIRST_{n} 0x{power(8 * n + 31):08X}u")
        lines.append(f"#define WMBT_CRC32C_FOLD_SECOND_{n} 0x{power(8 * n - 33):08X}u")
    for n in (16, 8):
        lines.append(f"#define WMBT_CRC32C_FOLD32_FIRST_{n} 0x{power(8 * n + 31):08X}u")
        lines.append(f"#define WMBT_CRC32C_FOLD32_SECOND_{n} 0x{power(8 * n - 1):08X}u")
    lines += ["",
              "/* A register times JOIN_n, put through the CRC of 8 bytes (which multiplies by x^33), has moved",
              " * n bytes forward: x^(8n - 33). SHIFT_n is x^(8n) itself. */"]
    for segment in SEGMENTS:
        for n in (segment, 2 * segment):
            lines.append(f"#define WMBT_CRC32C_JOIN_{n} 0x{power(8 * n - 33):08X}u")
            lines.append(f"#define WMBT_CRC32C_SHIFT_{n} 0x{power(8 * n):08X}u")
    lines += ["",
              "/* Of Barrett's reduction, reflected: the quotients x^96 / P and x^64 / P without the bits that",
              " * do not count, and P itself in 33 bits. */",
              f"#define WMBT_CRC32C_QUOTIENT_64 0x{reflected(quotient(96), 65) & (2 ** 64 - 1):016X}u",
              f"#define WMBT_CRC32C_QUOTIENT_32 0x{reflected(quotient(64), 33) & (2 ** 32 - 1):08X}u",
              f"#define WMBT_CRC32C_POLYNOMIAL_33 0x{reflected(POLYNOMIAL, 33):X}u",
              "",
              "/* x^(2^k) for k = 0 to 30; k = 31 is k = 0 again. */",
              "#define WMBT_CRC32C_POWERS \\",
              "    { \\"]
    lines += words(power_of_two(k) for k in range(POWERS))
    lines += ["", "/* JOIN of 2^k bytes, for k = 0 to 30. */", "#define WMBT_CRC32C_JOIN_POWERS \\",
              "    { \\"]
    lines += words(by_squaring((8 << k) - 33) for k in range(POWERS))
    lines += ["/* clang-format on */", "", "#endif", ""]
    return align("\n".join(lines))


def align(whole):
    """Backslashes in one column, as clang-format puts them."""
    lines = whole.split("\n")
    inside = [i for i, line in enumerate(lines) if line.endswith("\\")]
    width = max(len(lines[i][:-1].rstrip()) for i in inside) + 1
    for i in inside:
        lines[i] = lines[i][:-1].rstrip().ljust(width) + "\\"
    return "\n".join(lines)


def check(_):
    with open(os.path.join(ROOT, PATH), encoding="utf-8") as f:
        kept = f.read()
    return [] if kept == text() else [f"{PATH} is not what python3 tests/checks/constants.py "
                                      "--update DIR writes"]


def update(_):
    with open(os.path.join(ROOT, PATH), "w", encoding="utf-8") as f:
        f.write(text())
    return []


def bitwise(data, state):
    """The definition, a bit at a time."""
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state


def product(a, b):
    """Of two registers."""
    whole = 0
    for i in range(32):
        if a >> (31 - i) & 1:
            whole ^= reflected(b, 32) << i
    for i in range(62, 31, -1):
        if whole >> i & 1:
            whole ^= POLYNOMIAL << (i - 32)
    return reflected(whole, 32)


def self_test(_):
    """What the constants claim, by the definition of the CRC."""
    missed = []
    for n in (8, 16, 128, 2048):
        if product(power(8 * n), 0x12345678) != bitwise(bytes(n), 0x12345678):
            missed.append(f"x^(8 x {n}) does not append {n} zeros")
    if power_of_two(7) != power(128) or power_of_two(31) != power_of_two(0):
        missed.append("squares")
    if product(by_squaring(-33), power(33)) != reflected(1, 32) or by_squaring(31) != power(31):
        missed.append("negative powers")
    if bitwise(b"123456789", 0xFFFFFFFF) ^ 0xFFFFFFFF != 0xE3069283:
        missed.append("the definition")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
