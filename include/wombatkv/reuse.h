/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May blocks that were made under one identity context (fingerprint.h) be used under another?
 *
 * The verdict is total and fails closed: it is defined for every pair of contexts, and it says
 * reuse only if every field that decides a block's bytes or its readers is known on both sides and
 * the same, or is accepted by name. Nothing is ever converted. Which field may differ stands in one
 * table in src/identity/reuse/verdict.c, with the reason for each row. Which blocks of a prompt can
 * be used is the part of boundary.h, prefix.h and plan.h.
 */
#ifndef WOMBATKV_REUSE_H
#define WOMBATKV_REUSE_H

#include "wombatkv/fingerprint.h"

#if WMBT_CFG_REUSE

WMBT_BEGIN_DECLS

/* Decisions. Values are pinned. A zeroed verdict denies. */
#    define WMBT_REUSE_DENY 0u
#    define WMBT_REUSE_REUSE 1u

/** The outcome. Masks are of WMBT_FINGERPRINT_BIT(field); they list every field, not the first. */
typedef struct wmbt_reuse_verdict {
    uint32_t decision;   /**< WMBT_REUSE_DENY or WMBT_REUSE_REUSE */
    uint32_t mismatches; /**< known to differ (also where that does not deny), zero layouts that are
                              not accepted included */
    uint32_t unknown;    /**< unknown on a side, accepted or not; weak counts as unknown */
    uint32_t weak;       /**< weak on a side: part of `unknown` */
    uint32_t denied_by;  /**< the fields that make it a denial: 0 if and only if it is reuse */
} wmbt_reuse_verdict;

/**
 * Compares the context `have`, of stored blocks, with `expected`, of the reader. Symmetric. In each
 * field:
 *
 *     unknown or weak on a side   denies, unless accept->unknown names the field; two weak texts
 *                                 that differ deny all the same
 *     layout `zero` on a side     differs from everything, itself included; with
 *                                 accept->zero_layout it is a tag like another, equal to itself
 *     tp, pp, cp                  equal if both are `replicated`, or rank and size are the same
 *     served_name                 never denies
 *     any other                   equal if state and value are the same, else denies
 *
 * tenant and cache_salt are never accepted unknown, whatever accept->unknown says; other bits that
 * name no field have no effect. zero_layout: 0 or 1, another value is as 0.
 */
WMBT_API void wmbt_reuse_check(const wmbt_fingerprint_context *have,
                               const wmbt_fingerprint_context *expected,
                               const wmbt_fingerprint_accept *accept, wmbt_reuse_verdict *verdict);

/**
 * A verdict as one status, for those who report one reason. In this order: ok: reuse; wrong-model:
 * model_sha256 is known to differ; wrong-layout: so is layout; wrong-context: so is another field
 * that denies; unknown-context: only unknown fields deny.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reuse_status(const wmbt_reuse_verdict *verdict);

WMBT_END_DECLS

#endif

#endif
