/* SPDX-License-Identifier: Apache-2.0 */
/* How a resolver is written: a function that the loader calls to learn which kernel a name means
 * (ifunc). For dispatch.c of each machine alone. */
#ifndef WMBT_SRC_HASH_RESOLVER_H
#define WMBT_SRC_HASH_RESOLVER_H

/* Nothing that a compiler adds to code may be in it: a sanitizer's shadow memory and the canary of
 * stack protectors are not set up yet. */
#if defined(__clang__)
#    define WMBT_RESOLVER_CODE                                                                    \
        __attribute__((no_stack_protector, disable_sanitizer_instrumentation, no_sanitize("all"), \
                       no_profile_instrument_function, no_instrument_function))
#else
#    define WMBT_RESOLVER_CODE                                                      \
        __attribute__((no_stack_protector, no_sanitize("address,undefined,thread"), \
                       no_sanitize_coverage, no_profile_instrument_function,        \
                       no_instrument_function))
#endif

#define WMBT_RESOLVER(name, kernel_pointer) \
    WMBT_RESOLVER_CODE __attribute__((used)) static kernel_pointer name(WMBT_RESOLVER_ARGUMENT)
#define WMBT_RESOLVED_BY(name) __attribute__((ifunc(name)))

#if defined(__aarch64__)
#    define WMBT_RESOLVER_ARGUMENT uint64_t hwcap
#else
#    define WMBT_RESOLVER_ARGUMENT void
#endif

#endif
