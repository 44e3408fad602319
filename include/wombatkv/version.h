/* SPDX-License-Identifier: Apache-2.0 */
/* Library version. Format versions are separate numbers and stand in the header of each format. */
#ifndef WOMBATKV_VERSION_H
#define WOMBATKV_VERSION_H

#define WMBT_VERSION_MAJOR 0
#define WMBT_VERSION_MINOR 1
#define WMBT_VERSION_PATCH 0

/** One comparable number: major << 16 | minor << 8 | patch. */
#define WMBT_VERSION_NUMBER \
    (((WMBT_VERSION_MAJOR) << 16) | ((WMBT_VERSION_MINOR) << 8) | (WMBT_VERSION_PATCH))

#define WMBT_VERSION_STRING "0.1.0"

#endif
