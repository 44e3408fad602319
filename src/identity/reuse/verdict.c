/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts: may blocks of one identity context be used under another. */
#include "wombatkv/reuse.h"

#if WMBT_CFG_REUSE

/* What a field does when it differs or is unknown. */
#    define WMBT_REUSE_DENIES 0u        /* denies; unknown can be accepted by name */
#    define WMBT_REUSE_DENIES_ALWAYS 1u /* denies; unknown is never accepted */
#    define WMBT_REUSE_MAY_DIFFER 2u    /* changes no byte and nobody's rights */

/* The one table that says which fields may differ. A field that had no row would deny. */
static const uint8_t wmbt_reuse_rules[WMBT_FINGERPRINT_FIELDS + 1u] = {
    /* Other weights, other K/V. */
    [WMBT_FINGERPRINT_MODEL_SHA256] = WMBT_REUSE_DENIES,
    /* The same weights in another quantisation round differently, whatever the dtype of K/V. */
    [WMBT_FINGERPRINT_WEIGHT_QUANT] = WMBT_REUSE_DENIES,
    /* The same token numbers mean other text. */
    [WMBT_FINGERPRINT_TOKENIZER_SHA256] = WMBT_REUSE_DENIES,
    /* Keys are stored with their positions rotated in. */
    [WMBT_FINGERPRINT_POSITION] = WMBT_REUSE_DENIES,
    /* Other rounding on the way to the same stored type. */
    [WMBT_FINGERPRINT_COMPUTE_DTYPE] = WMBT_REUSE_DENIES,
    /* The stored bytes mean other numbers; nothing is converted. */
    [WMBT_FINGERPRINT_KV_DTYPE] = WMBT_REUSE_DENIES,
    [WMBT_FINGERPRINT_KV_SCALE] = WMBT_REUSE_DENIES,
    /* Two layouts can have the same size: nothing else would notice. */
    [WMBT_FINGERPRINT_LAYOUT] = WMBT_REUSE_DENIES,
    /* Other layers, or some are missing. */
    [WMBT_FINGERPRINT_LAYERS] = WMBT_REUSE_DENIES,
    /* Another shard of the heads, layers or tokens. Where every rank holds the same bytes the field
     * says `replicated` on every rank, and is equal. */
    [WMBT_FINGERPRINT_TP] = WMBT_REUSE_DENIES,
    [WMBT_FINGERPRINT_PP] = WMBT_REUSE_DENIES,
    [WMBT_FINGERPRINT_CP] = WMBT_REUSE_DENIES,
    /* An adapter changes the input of every layer above it, also if it touches only an MLP. */
    [WMBT_FINGERPRINT_LORA_SHA256] = WMBT_REUSE_DENIES,
    /* Not the bytes but the right to them: a hit alone tells a neighbour what was asked before. */
    [WMBT_FINGERPRINT_TENANT] = WMBT_REUSE_DENIES_ALWAYS,
    [WMBT_FINGERPRINT_CACHE_SALT] = WMBT_REUSE_DENIES_ALWAYS,
    /* Placeholder tokens are the same for every image. */
    [WMBT_FINGERPRINT_MULTIMODAL_SHA256] = WMBT_REUSE_DENIES,
    /* What a model is called decides nothing. */
    [WMBT_FINGERPRINT_SERVED_NAME] = WMBT_REUSE_MAY_DIFFER,
};

/* Weak counts as unknown, and so does a state that does not exist. */
static bool wmbt_reuse_is_known(uint32_t state)
{
    return state >= WMBT_FINGERPRINT_ABSENT && state <= WMBT_FINGERPRINT_ZERO;
}

void wmbt_reuse_check(const wmbt_fingerprint_context *have,
                      const wmbt_fingerprint_context *expected,
                      const wmbt_fingerprint_accept *accept, wmbt_reuse_verdict *verdict)
{
    uint32_t mismatches = 0, unknown = 0, weak = 0, denied_by = 0;
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        const uint32_t rule = wmbt_reuse_rules[field], bit = WMBT_FINGERPRINT_BIT(field);
        const uint32_t h = have->values[field - 1u].state, w = expected->values[field - 1u].state;
        const bool zero = h == WMBT_FINGERPRINT_ZERO || w == WMBT_FINGERPRINT_ZERO;
        bool differ = !wmbt_fingerprint_same(have, expected, field);
        /* A zero layout that is not accepted denies whatever stands on the other side. */
        bool denies = zero && accept->zero_layout != 1u;
        if (wmbt_reuse_is_known(h) && wmbt_reuse_is_known(w)) {
            differ = differ || denies;
        } else {
            unknown |= bit;
            weak |= h == WMBT_FINGERPRINT_WEAK || w == WMBT_FINGERPRINT_WEAK ? bit : 0u;
            differ = differ && h == WMBT_FINGERPRINT_WEAK && w == WMBT_FINGERPRINT_WEAK;
            denies = denies || rule == WMBT_REUSE_DENIES_ALWAYS || (accept->unknown & bit) == 0u;
        }
        mismatches |= differ ? bit : 0u;
        denied_by |= (differ || denies) && rule != WMBT_REUSE_MAY_DIFFER ? bit : 0u;
    }
    verdict->decision = denied_by == 0u ? WMBT_REUSE_REUSE : WMBT_REUSE_DENY;
    verdict->mismatches = mismatches;
    verdict->unknown = unknown;
    verdict->weak = weak;
    verdict->denied_by = denied_by;
}

wmbt_status wmbt_reuse_status(const wmbt_reuse_verdict *verdict)
{
    uint32_t differ = verdict->mismatches & verdict->denied_by;
    if (verdict->decision == WMBT_REUSE_REUSE) {
        return WMBT_OK;
    }
    if ((differ & WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_MODEL_SHA256)) != 0u) {
        return WMBT_WRONG_MODEL;
    }
    if ((differ & WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_LAYOUT)) != 0u) {
        return WMBT_WRONG_LAYOUT;
    }
    return differ != 0u ? WMBT_WRONG_CONTEXT : WMBT_UNKNOWN_CONTEXT;
}

#endif
