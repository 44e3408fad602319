/* SPDX-License-Identifier: Apache-2.0 */
/* Object keys. */
#include "prompt/keys.h"

#include <string.h>

#include "base/tool.h"

static wmbt_status build(const struct key_options *options, uint32_t kind,
                         const wmbt_block_hash *hash, char text[WMBT_OBJKEY_MAX_BYTES + 1])
{
    wmbt_objkey key;
    size_t len = 0;
    memset(&key, 0, sizeof key);
    key.kind = kind;
    key.prefix = options->prefix;
    key.name_space = options->name_space;
    key.hash = *hash;
    /* Prefix and namespace are known here, so what a key alone does not tell apart is no matter. */
    wmbt_status status = wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT,
                                           wmbt_buf_of(text, WMBT_OBJKEY_MAX_BYTES), &len);
    text[len] = '\0';
    return status;
}

void key_options_read(struct key_options *options, const struct args *args)
{
    char text[WMBT_OBJKEY_MAX_BYTES + 1];
    const char *prefix = args_required(args, "--prefix");
    const char *name_space = args_required(args, "--namespace");
    options->prefix = wmbt_view_of(prefix, strlen(prefix));
    options->name_space = wmbt_view_of(name_space, strlen(name_space));
    if (prefix[0] == '\0') {
        tool_usage_error("option --prefix: must not be empty");
    }
    if (build(options, WMBT_OBJKEY_RAW_TAIL, &wmbt_block_hash_zero, text) != WMBT_OK) {
        tool_usage_error("options --prefix and --namespace: no key can be made of '%s' and '%s'",
                         prefix, name_space);
    }
}

const char *key_of(const struct key_options *options, uint32_t kind, const wmbt_block_hash *hash)
{
    char text[WMBT_OBJKEY_MAX_BYTES + 1];
    if (build(options, kind, hash, text) != WMBT_OK) {
        tool_usage_error("options --prefix and --namespace: no key can be made");
    }
    return tool_copy(text, strlen(text));
}
