/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of CRC32C. An entry is linear in its index: that of i is the XOR of the entries of the
 * bits of i. So a table of 256 is spelled by its entries 1, 2, 4, ... 128.
 */
#ifndef WMBT_SRC_HASH_PORTABLE_CRC32C_TABLES_H
#define WMBT_SRC_HASH_PORTABLE_CRC32C_TABLES_H

#define WMBT_CRC32C_4(v, a, b) (v), (v) ^ (a), (v) ^ (b), (v) ^ (a) ^ (b)
#define WMBT_CRC32C_16(v, a, b, c, d)                                                       \
    WMBT_CRC32C_4(v, a, b), WMBT_CRC32C_4((v) ^ (c), a, b), WMBT_CRC32C_4((v) ^ (d), a, b), \
        WMBT_CRC32C_4((v) ^ (c) ^ (d), a, b)
#define WMBT_CRC32C_64(v, a, b, c, d, e, f)                               \
    WMBT_CRC32C_16(v, a, b, c, d), WMBT_CRC32C_16((v) ^ (e), a, b, c, d), \
        WMBT_CRC32C_16((v) ^ (f), a, b, c, d), WMBT_CRC32C_16((v) ^ (e) ^ (f), a, b, c, d)
#define WMBT_CRC32C_256(a, b, c, d, e, f, g, h)                                 \
    {WMBT_CRC32C_64(0u, a, b, c, d, e, f), WMBT_CRC32C_64(g, a, b, c, d, e, f), \
     WMBT_CRC32C_64(h, a, b, c, d, e, f), WMBT_CRC32C_64((g) ^ (h), a, b, c, d, e, f)}

/* Effect of a byte on the register. */
#define WMBT_CRC32C_TABLE0                                                                        \
    WMBT_CRC32C_256(0xF26B8303u, 0xE13B70F7u, 0xC79A971Fu, 0x8AD958CFu, 0x105EC76Fu, 0x20BD8EDEu, \
                    0x417B1DBCu, 0x82F63B78u)

#endif
