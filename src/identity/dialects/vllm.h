/* SPDX-License-Identifier: Apache-2.0 */
/* What vLLM's dialects share: their extras, and the pickles. */
#ifndef WMBT_SRC_IDENTITY_VLLM_H
#define WMBT_SRC_IDENTITY_VLLM_H

#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

/* The text that the root is made of. */
wmbt_view wmbt_vllm_seed(const wmbt_engine *x);

/* Writes the third of a block's values but for the tokens ahead. */
void wmbt_vllm_extras(wmbt_engine *x);

/* Pickles: the root, the tokens (which engine.c keeps), and a block once they are there. */
bool wmbt_vllm_pickle_root(wmbt_engine *x);
void wmbt_vllm_pickle_keep(wmbt_engine *x, const uint32_t *tokens, size_t count);
void wmbt_vllm_pickle(wmbt_engine *x);

extern const wmbt_engine_writer wmbt_engine_pickle;

#endif

#endif
