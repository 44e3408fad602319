/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Powers of x modulo CRC32C's polynomial, as a CRC register holds them (bit 31 is the coefficient
 * of x^0). Written by tests/checks/constants.py, which says how they are derived.
 */
#ifndef WMBT_SRC_HASH_CRC32C_CONSTANTS_H
#define WMBT_SRC_HASH_CRC32C_CONSTANTS_H

/* clang-format off */
/*
 * Moves an accumulator forward by n bytes. Its first half times FOLD_FIRST plus its second half
 * times FOLD_SECOND is a product of two words, which lies x^33 (words of 64 bits) or x^1 (of 32
 * bits) too high because both factors are reflected: x^(8n + 31), x^(8n - 33) and x^(8n - 1).
 */
#define WMBT_CRC32C_FOLD_FIRST_16 0xF20C0DFEu
#define WMBT_CRC32C_FOLD_SECOND_16 0x493C7D27u
#define WMBT_CRC32C_FOLD_FIRST_32 0x3DA6D0CBu
#define WMBT_CRC32C_FOLD_SECOND_32 0xBA4FC28Eu
#define WMBT_CRC32C_FOLD_FIRST_48 0x1C291D04u
#define WMBT_CRC32C_FOLD_SECOND_48 0xDDC0152Bu
#define WMBT_CRC32C_FOLD_FIRST_64 0x740EEF02u
#define WMBT_CRC32C_FOLD_SECOND_64 0x9E4ADDF8u
#define WMBT_CRC32C_FOLD_FIRST_96 0xC49F4F67u
#define WMBT_CRC32C_FOLD_SECOND_96 0x0715CE53u
#define WMBT_CRC32C_FOLD_FIRST_128 0x6992CEA2u
#define WMBT_CRC32C_FOLD_SECOND_128 0x0D3B6092u
#define WMBT_CRC32C_FOLD_FIRST_192 0xA87AB8A8u
#define WMBT_CRC32C_FOLD_SECOND_192 0xAB7AFF2Au
#define WMBT_CRC32C_FOLD_FIRST_256 0xDCB17AA4u
#define WMBT_CRC32C_FOLD_SECOND_256 0xB9E02B86u
#define WMBT_CRC32C_FOLD32_FIRST_16 0xF20C0DFEu
#define WMBT_CRC32C_FOLD32_SECOND_16 0x3171D430u
#define WMBT_CRC32C_FOLD32_FIRST_8 0x493C7D27u
#define WMBT_CRC32C_FOLD32_SECOND_8 0xDD45AAB8u

/* A register times JOIN_n, put through the CRC of 8 bytes (which multiplies by x^33), has moved
 * n bytes forward: x^(8n - 33). SHIFT_n is x^(8n) itself. */
#define WMBT_CRC32C_JOIN_128 0x0D3B6092u
#define WMBT_CRC32C_SHIFT_128 0xB8FDB1E7u
#define WMBT_CRC32C_JOIN_256 0xB9E02B86u
#define WMBT_CRC32C_SHIFT_256 0x88E56F72u
#define WMBT_CRC32C_JOIN_1024 0x170076FAu
#define WMBT_CRC32C_SHIFT_1024 0xE4172B16u
#define WMBT_CRC32C_JOIN_2048 0xA51B6135u
#define WMBT_CRC32C_SHIFT_2048 0x0D65762Au

/* Of Barrett's reduction, reflected: the quotients x^96 / P and x^64 / P without the bits that
 * do not count, and P itself in 33 bits. */
#define WMBT_CRC32C_QUOTIENT_64 0x4869EC38DEA713F1u
#define WMBT_CRC32C_QUOTIENT_32 0xDEA713F1u
#define WMBT_CRC32C_POLYNOMIAL_33 0x105EC76F1u

/* x^(2^k) for k = 0 to 30; k = 31 is k = 0 again. */
#define WMBT_CRC32C_POWERS                                                            \
    {                                                                                 \
        0x40000000u, 0x20000000u, 0x08000000u, 0x00800000u, 0x00008000u, 0x82F63B78u, \
        0x6EA2D55Cu, 0x18B8EA18u, 0x510AC59Au, 0xB82BE955u, 0xB8FDB1E7u, 0x88E56F72u, \
        0x74C360A4u, 0xE4172B16u, 0x0D65762Au, 0x35D73A62u, 0x28461564u, 0xBF455269u, \
        0xE2EA32DCu, 0xFE7740E6u, 0xF946610Bu, 0x3C204F8Fu, 0x538586E3u, 0x59726915u, \
        0x734D5309u, 0xBC1AC763u, 0x7D0722CCu, 0xD289CABEu, 0xE94CA9BCu, 0x05B74F3Fu, \
        0xA51E1F42u,                                                                  \
    }

/* JOIN of 2^k bytes, for k = 0 to 30. */
#define WMBT_CRC32C_JOIN_POWERS                                                       \
    {                                                                                 \
        0xBF818109u, 0x780D5A4Du, 0x05EC76F1u, 0x00000001u, 0x493C7D27u, 0xBA4FC28Eu, \
        0x9E4ADDF8u, 0x0D3B6092u, 0xB9E02B86u, 0xDD7E3B0Cu, 0x170076FAu, 0xA51B6135u, \
        0x82F89C77u, 0x54A86326u, 0x1DC403CCu, 0x5AE703ABu, 0xC5013A36u, 0xAC2AC6DDu, \
        0x9B4615A9u, 0x688D1C61u, 0xF6AF14E6u, 0xB6FFE386u, 0xB717425Bu, 0x478B0D30u, \
        0x54CC62E5u, 0x7B2102EEu, 0x8A99ADEFu, 0xA7568C8Fu, 0xD610D67Eu, 0x6B086B3Fu, \
        0xD94F3C0Bu,                                                                  \
    }
/* clang-format on */

#endif
