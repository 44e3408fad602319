/* SPDX-License-Identifier: Apache-2.0 */
/* Images that must fail, each in its own way: the run must see which. */
#include "../../support/test.h"

static void test_passes(wmbt_test *t)
{
    T_EQ(t, 1u, 1u);
}

/* Status 1, and nothing else. */
static void test_fails(wmbt_test *t)
{
    wmbt_test_where(t, wmbt_test_text("a planted failure"));
    T_EQ(t, 1u, 2u);
}

static const wmbt_case failing[] = {
    {"passes", test_passes, 0, NULL},
    {"fails", test_fails, 0, NULL},
};
WMBT_SUITE(selftest_fail, failing);

/* The fault handler ends the image. */
static void test_faults(wmbt_test *t)
{
    (void)t;
    __builtin_trap();
}

static const wmbt_case faulting[] = {
    {"passes", test_passes, 0, NULL},
    {"faults", test_faults, 0, NULL},
};
WMBT_SUITE(selftest_fault, faulting);

/* Only the time limit ends this one. */
static void test_hangs(wmbt_test *t)
{
    for (volatile bool *failed = &t->failed; !*failed;) {
    }
}

static const wmbt_case hanging[] = {{"hangs", test_hangs, 0, NULL}};
WMBT_SUITE(selftest_hang, hanging);

/* Undefined behaviour that only a trap build (cross/trap.txt) sees: an unaligned access and a sum
 * that overflows. */
static void test_unaligned(wmbt_test *t)
{
    uint8_t *bytes = wmbt_test_alloc(t, 16);
    T_CHECK(t, bytes != NULL);
    volatile uintptr_t at = (uintptr_t)bytes + 1u;
    uint32_t *word = (uint32_t *)at;
    *word = 1;
    T_EQ(t, t->failed, false);
}

static const wmbt_case unaligned[] = {{"an unaligned access", test_unaligned, 64, NULL}};
WMBT_SUITE(selftest_unaligned, unaligned);

static void test_overflow(wmbt_test *t)
{
    volatile int a = INT_MAX;
    a = a + 1;
    T_EQ(t, t->failed, false);
}

static const wmbt_case overflowing[] = {{"an int overflows", test_overflow, 0, NULL}};
WMBT_SUITE(selftest_overflow, overflowing);

/* What the instruction below writes where the CPU has it: the first register of arguments, where
 * `t` came, or lr. */
#if defined(__riscv)
#    define WRITTEN "a0"
#elif defined(__aarch64__)
#    define WRITTEN "x0"
#else
#    define WRITTEN "r0", "lr"
#endif

/* An instruction that the CPU of the build does not have (`lacks` of its cross file): what is
 * emulated must not have it either. */
static void test_lacking(wmbt_test *t)
{
    __asm__ volatile(SELFTEST_LACKS : : : WRITTEN, "memory");
    T_EQ(t, t->failed, false);
}

static const wmbt_case lacking[] = {{"an instruction that is lacking", test_lacking, 0, NULL}};
WMBT_SUITE(selftest_lacking, lacking);
