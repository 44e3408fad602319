/* SPDX-License-Identifier: Apache-2.0 */
/* All of the library. Headers of modules that are left out declare nothing. */
#ifndef WOMBATKV_WOMBATKV_H
#define WOMBATKV_WOMBATKV_H

#include "wombatkv/base.h"
#include "wombatkv/blake3.h"
#include "wombatkv/boundary.h"
#include "wombatkv/chain.h"
#include "wombatkv/compressed.h"
#include "wombatkv/config.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/defaults.h"
#include "wombatkv/envelope.h"
#include "wombatkv/fingerprint.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/manifest.h"
#include "wombatkv/metadata.h"
#include "wombatkv/metavalue.h"
#include "wombatkv/objkey.h"
#include "wombatkv/plan.h"
#include "wombatkv/prefix.h"
#include "wombatkv/rawtail.h"
#include "wombatkv/reader.h"
#include "wombatkv/replay.h"
#include "wombatkv/reuse.h"
#include "wombatkv/segment.h"
#include "wombatkv/sha256.h"
#include "wombatkv/shape.h"
#include "wombatkv/status.h"
#include "wombatkv/store.h"
#include "wombatkv/version.h"
#include "wombatkv/wal.h"
#include "wombatkv/zstd.h"

#endif
