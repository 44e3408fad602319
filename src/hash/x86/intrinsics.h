/* SPDX-License-Identifier: Apache-2.0 */
/* The compilers' vector intrinsics without the header of theirs that needs a libc. */
#ifndef WMBT_SRC_HASH_X86_INTRINSICS_H
#define WMBT_SRC_HASH_X86_INTRINSICS_H

/* The guards of gcc's and clang's mm_malloc.h, which includes stdlib.h and is not needed. */
#ifndef _MM_MALLOC_H_INCLUDED
#    define _MM_MALLOC_H_INCLUDED
#endif
#ifndef __MM_MALLOC_H
#    define __MM_MALLOC_H
#endif
#include <immintrin.h>

#endif
