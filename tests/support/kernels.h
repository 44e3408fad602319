/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels for instruction sets this machine can run, by other means than src/hash/ uses. */
#ifndef WMBT_TESTS_KERNELS_H
#define WMBT_TESTS_KERNELS_H

#include "wombatkv/base.h"

/* True for a name that is no kernel of an instruction set (a portable one), or one of a set that
 * this machine has. */
bool wmbt_test_kernel_runs(const char *name);

#endif
