/* SPDX-License-Identifier: Apache-2.0 */
/* Every load and store of an index's words goes to the test: steps.c. */
#ifndef WMBT_TESTS_INDEX_STEPS_CONFIG_H
#define WMBT_TESTS_INDEX_STEPS_CONFIG_H

#define WMBT_CFG_INDEX_ATOMICS 1

uint32_t wmbt_test_load_word(const void *p);
void wmbt_test_store_word(void *p, uint32_t v);

#define WMBT_LOAD_RELAXED(pointer) wmbt_test_load_word(pointer)
#define WMBT_LOAD_ACQUIRE(pointer) wmbt_test_load_word(pointer)
#define WMBT_STORE_RELEASE(pointer, value) wmbt_test_store_word(pointer, value)

#endif
