/* SPDX-License-Identifier: Apache-2.0 */
/* What vLLM's dialects share: their fields, seed and extras. */
#ifndef WMBT_SRC_IDENTITY_VLLM_H
#define WMBT_SRC_IDENTITY_VLLM_H

#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

/* Variants: how an entry of the extras is written. */
#    define WMBT_VLLM_TAGGED 0u      /* from 0.31 on: a tuple that begins with its kind */
#    define WMBT_VLLM_PAIRS 1u       /* from 0.19 on: an item is a pair of identifier and offset */
#    define WMBT_VLLM_IDENTIFIERS 2u /* an item is its identifier */

/* What may be given to all of them. */
#    define WMBT_VLLM_FIELDS                                                    \
        (WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK | \
         WMBT_ENGINE_LORA_NAME | WMBT_ENGINE_SALT | WMBT_ENGINE_ITEMS | WMBT_ENGINE_EMBEDS)

/* The text that the root is made of. */
wmbt_view wmbt_vllm_seed(const wmbt_engine *x);

/* Writes the third of a block's values but for the tokens ahead. */
void wmbt_vllm_extras(wmbt_engine *x);

#endif

#endif
