/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pickle begins with its length, so its value is written twice: counted, then hashed.
 *
 *     wmbt_pickle_count(x);  the value  wmbt_pickle_begin(x);  the value  wmbt_pickle_stop(x);
 */
#ifndef WMBT_SRC_IDENTITY_PICKLE_H
#define WMBT_SRC_IDENTITY_PICKLE_H

#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

void wmbt_pickle_count(wmbt_engine *x);

/* False if what was counted is more than one frame holds; `failed` is then set. */
bool wmbt_pickle_begin(wmbt_engine *x);

void wmbt_pickle_stop(wmbt_engine *x);

#endif

#endif
