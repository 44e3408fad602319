/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a dialect is made of: a hash, a few functions that write a block's preimage into it, and
 * what may be configured. All calls through pointers go to functions of this folder. How to add a
 * dialect: docs/CONTRIBUTING.md, "A chain dialect".
 */
#ifndef WMBT_SRC_IDENTITY_DIALECT_H
#define WMBT_SRC_IDENTITY_DIALECT_H

#include "identity/chain_state.h"
#include "wombatkv/dialects.h"

#if WMBT_CFG_DIALECTS

typedef struct wmbt_engine wmbt_engine;

/* A hash. Its state is in the chain's memory. */
typedef struct wmbt_engine_hash {
    uint32_t state_bytes;                    /* a multiple of 8 */
    uint32_t digest_bytes;                   /* numbers are written with their highest byte first */
    uint32_t (*room)(uint32_t block_tokens); /* more bytes of state, by the block's size, or NULL */
    void (*start)(void *state, size_t room, uint64_t seed);
    void (*update)(void *state, const uint8_t *p, size_t n);
    void (*final)(const void *state, uint8_t *digest);
} wmbt_engine_hash;

/* What a writer is given. The three lowest bits are CBOR's major type, where it has one. */
#    define WMBT_WRITE_BYTES 2u
#    define WMBT_WRITE_TEXT 3u
#    define WMBT_WRITE_TUPLE 4u /* n values follow, then the end of n */
#    define WMBT_WRITE_NONE 7u  /* with its number, which CBOR has */
#    define WMBT_WRITE_NONE_NUMBER 22
#    define WMBT_WRITE_END 8u
#    define WMBT_WRITE_AGAIN 11u /* a tag that the block has had; in a pickle it is one object */

/* How values are written: in canonical CBOR or as a pickle. */
typedef struct wmbt_engine_writer {
    /* BYTES, TEXT, AGAIN; TUPLE, NONE, END. */
    void (*string)(wmbt_engine *x, uint32_t what, const uint8_t *p, size_t n);
    void (*integer)(wmbt_engine *x, int64_t v);
    void (*mark)(wmbt_engine *x, uint32_t what, uint32_t n);
} wmbt_engine_writer;

/* Flags of a dialect. */
#    define WMBT_DIALECT_DERIVED 0x01u    /* no published package was run */
#    define WMBT_DIALECT_SHORT_LAST 0x02u /* a shorter last block is hashed */
#    define WMBT_DIALECT_TAIL_LAST 0x04u  /* the tail stands behind the tokens ahead */
#    define WMBT_DIALECT_WHOLE 0x08u      /* the encoding needs a block's tokens at once */
#    define WMBT_DIALECT_WIDE 0x10u       /* tokens of 64 bits, as two words, the low one first */
#    define WMBT_DIALECT_ANY_PARENT 0x20u /* a first parent of any length */
#    define WMBT_DIALECT_BYTES 0x40u      /* block_tokens counts bytes */
#    define WMBT_DIALECT_NUMBER_PARENT 0x80u /* a first parent of 0 is none */
#    define WMBT_DIALECT_LINEAGE 0x200u      /* blocks are numbered below 2^24 */
#    define WMBT_DIALECT_TWO_HASHES 0x400u   /* each block has one of its own */
#    define WMBT_DIALECT_FIXED 0x100u        /* blocks are not announced */

/* The longest name, "sglang-hicache-bigram-0.5.6", and its NUL. */
#    define WMBT_DIALECT_NAME_BYTES 28u

/* A dialect's name and its length. A longer one does not compile: there is no such array. */
#    define WMBT_DIALECT_NAME(text) \
        .name = text,               \
        .name_bytes =               \
            sizeof(char[sizeof(text) <= WMBT_DIALECT_NAME_BYTES ? (int)sizeof(text) : -1]) - 1u

/* Larger blocks are refused: words are counted in 32 bits. */
#    define WMBT_ENGINE_MAX_BLOCK_TOKENS (WMBT_CHAIN_MAX_BLOCK_TOKENS / 2u)

struct wmbt_dialect {
    const wmbt_engine_calls *calls;
    /* In its place, not a literal's address: a linker keeps all literals of a file or none. */
    char name[WMBT_DIALECT_NAME_BYTES];
    const wmbt_engine_hash *hash;
    const wmbt_engine_writer *writer; /* or NULL */
    /* Writes what the root is the hash of, and returns true; false: there is none, or it is set.
     * Or NULL. Where there is a parent, that one is the root, whatever this did. */
    bool (*root)(wmbt_engine *x);
    void (*header)(wmbt_engine *x); /* before a block's tokens, or NULL */
    void (*add)(wmbt_engine *x, const uint32_t *tokens, size_t count); /* from place x->at on */
    void (*tail)(wmbt_engine *x);                                      /* behind them, or NULL */
    /* Makes of the block's digest what the next block follows; true: its first bytes are the hash
     * that is handed out, too; false: x->result is set. NULL: as if it did nothing. */
    bool (*finish)(wmbt_engine *x, uint8_t *digest);
    /* wmbt_dialect_check_items(), or NULL for a dialect without items. */
    wmbt_status (*check_items)(const wmbt_dialect *dialect, const wmbt_dialect_item *items,
                               size_t count, uint64_t total_tokens);
    uint16_t may;     /* fields */
    uint16_t needed;  /* fields, unless there is a parent */
    uint16_t of_root; /* fields that only the root uses: not with a parent */
    uint8_t name_bytes;
    uint8_t hash_bytes;
    uint8_t parent_bytes;
    uint8_t ahead; /* words that a block reads beyond its own */
    uint16_t flags;
    uint8_t items;   /* kind of them */
    uint8_t variant; /* of the rule: the engine's file says what */
};

/* A chain of another engine. The hash's state follows, then the tokens that are kept. */
struct wmbt_engine {
    _Alignas(WMBT_CHAIN_ALIGN) struct wmbt_chain base; /* where uint64_t has 4, too */
    union {                                            /* pointers, of one size on every machine */
        const wmbt_dialect *dialect;
        uint64_t dialect_room;
    };
    union {
        const wmbt_engine_config *config;
        uint64_t config_room;
    };
    uint32_t at;         /* words of the open block that were taken */
    uint32_t words;      /* of the open block, without those ahead */
    uint32_t counted;    /* pickle: bytes of the frame under way (vllm_pickle.c) */
    uint32_t frame;      /* pickle: its number */
    uint32_t wanted;     /* pickle: number of the frame that is hashed, others are only counted */
    uint32_t length;     /* pickle: bytes of that one */
    uint64_t start;      /* first token of the open block, of the prompt */
    uint64_t block_hash; /* the last block's own */
    uint64_t seed;       /* of every block's hash */
    uint32_t ahead;      /* words beyond it that it reads */
    uint32_t kept;       /* words that belong to the next block */
    uint32_t item;       /* first item that does not lie before the block */
    uint32_t room;       /* bytes of the hash's state */
    uint32_t root_bytes;
    uint32_t ended;                        /* 1: no block comes after a shorter one */
    uint32_t failed;                       /* status that the block ends with */
    uint32_t low;                          /* wide bigram: the low half of the token under way */
    uint8_t result[WMBT_BLOCK_HASH_BYTES]; /* the last hash */
};

extern const wmbt_engine_calls wmbt_engine_calls_all;

/* The calls that both share. */
wmbt_status wmbt_engine_init(wmbt_buf memory, const wmbt_chain_config *config, wmbt_chain **out);
void wmbt_engine_reset(wmbt_chain *chain);
void wmbt_engine_finish(wmbt_engine *x, wmbt_block_hash *hash);

extern const wmbt_engine_hash wmbt_engine_sha256;
extern const wmbt_engine_hash wmbt_engine_xxh3_128;
extern const wmbt_engine_hash wmbt_engine_xxh3_64;
extern const wmbt_engine_hash wmbt_engine_xxh64;
extern const wmbt_engine_hash wmbt_engine_fnv64;
extern const wmbt_engine_hash wmbt_engine_blake3;

extern const wmbt_engine_writer wmbt_engine_cbor;

static inline void *wmbt_engine_state(wmbt_engine *x)
{
    return x + 1;
}

static inline uint32_t *wmbt_engine_kept(wmbt_engine *x)
{
    return (uint32_t *)(void *)((uint8_t *)(x + 1) + x->room);
}

static inline bool wmbt_engine_has(wmbt_view v)
{
    return v.data != NULL;
}

/* Number of the open block in the prompt. */
static inline uint64_t wmbt_engine_number(const wmbt_engine *x)
{
    return (uint64_t)x->config->first_block + x->base.blocks;
}

void wmbt_engine_start(wmbt_engine *x, uint64_t seed);
void wmbt_engine_put(wmbt_engine *x, const uint8_t *p, size_t n);
static inline void wmbt_engine_put_view(wmbt_engine *x, wmbt_view bytes)
{
    wmbt_engine_put(x, bytes.data, bytes.len);
}

void wmbt_engine_put_le32(wmbt_engine *x, uint32_t v);
void wmbt_engine_put_le64(wmbt_engine *x, uint64_t v);
void wmbt_engine_set_root(wmbt_engine *x, const uint8_t *p, uint32_t n);
/* What the open block follows. */
wmbt_view wmbt_engine_parent(const wmbt_engine *x);
void wmbt_engine_put_parent(wmbt_engine *x);

/* Words, little-endian and big-endian. */
void wmbt_engine_add_le(wmbt_engine *x, const uint32_t *tokens, size_t count);
void wmbt_engine_add_be(wmbt_engine *x, const uint32_t *tokens, size_t count);

/* The first item from number `*i` on that touches the block's tokens and those ahead, or NULL; *i
 * is then the number after it. */
const wmbt_dialect_item *wmbt_engine_next_item(const wmbt_engine *x, uint32_t *i);

/* CBOR. */
void wmbt_engine_cbor_header(wmbt_engine *x, uint32_t major, uint64_t value);
void wmbt_engine_cbor_text(wmbt_engine *x, wmbt_view text);
void wmbt_engine_cbor_integer(wmbt_engine *x, int64_t value);
void wmbt_engine_cbor_tokens(wmbt_engine *x, const uint32_t *tokens, size_t count);
/* [parent as bytes or as number, [tokens ... */
void wmbt_engine_cbor_begin_bytes(wmbt_engine *x);
void wmbt_engine_cbor_begin_number(wmbt_engine *x);
void wmbt_engine_cbor_null(wmbt_engine *x);

static inline uint64_t wmbt_engine_load_be64(const uint8_t *p)
{
    uint32_t high = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    uint32_t low = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
    return (uint64_t)high << 32 | low;
}

static inline void wmbt_engine_store_be64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 8; i-- != 0u; v >>= 8) {
        p[i] = (uint8_t)v;
    }
}

#endif

#endif
