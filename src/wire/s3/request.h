/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for another region than the store's, which it has named itself. */
#ifndef WMBT_SRC_WIRE_S3_REQUEST_H
#define WMBT_SRC_WIRE_S3_REQUEST_H

#include "wombatkv/s3.h"

#if WMBT_CFG_S3

/* As wmbt_s3_write_get() and wmbt_s3_write_list(). */
wmbt_status wmbt_s3_write_get_for(const wmbt_s3_store *store, const wmbt_view *region,
                                  const wmbt_s3_get *get, uint64_t time, const uint8_t *key,
                                  wmbt_buf out, size_t *written);
wmbt_status wmbt_s3_write_list_for(const wmbt_s3_store *store, const wmbt_view *region,
                                   const wmbt_s3_list *list, uint64_t time, const uint8_t *key,
                                   wmbt_buf out, size_t *written);

#endif

#endif
