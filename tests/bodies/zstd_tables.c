/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd blocks with tables, trees and sequences of any shape, written by
 * tests/support/zstd_blocks.h. What they hold is told by the sequences, executed byte by byte.
 */
#include "../support/zstd_blocks.h"
#include "../support/zstd_forms.h"

#include "base/le.h"

#define MAX_FRAME 12000u
#define MAX_OUT 8000u
#define PLAIN 700u /* bytes of a raw block to find again */
#define MAX_SEQUENCES 160u
#define MAX_LITERALS 1024u

/* --- frames of random blocks ------------------------------------------------------------------ */

/* What makes a frame keeps. */
typedef struct making {
    wmbt_test *t;
    uint32_t random;
    wmbt_bytes frame;
    wmbt_bytes block;
    wmbt_bits bits;
    uint16_t *states;
    wmbt_fse *fse; /* of the three kinds; kept for blocks that repeat them */
    wmbt_fse *weights;
    wmbt_tree *tree; /* of the last block that had one */
    bool has_tree, has_sequences;
    uint32_t rep[3];
    wmbt_sequence sequences[MAX_SEQUENCES];
    uint8_t *literals;
    uint8_t *out; /* what the frame holds */
    size_t made;
} making;

static making *making_of(wmbt_test *t, uint32_t seed)
{
    making *m = (making *)(void *)wmbt_test_alloc(t, sizeof *m);
    m->t = t;
    m->random = seed;
    m->frame.at = wmbt_test_alloc(t, MAX_FRAME);
    m->frame.max = MAX_FRAME;
    m->block.at = wmbt_test_alloc(t, MAX_FRAME);
    m->block.max = MAX_FRAME;
    m->bits.max = 20000;
    m->bits.bit = wmbt_test_alloc(t, m->bits.max);
    m->states = (uint16_t *)(void *)wmbt_test_alloc(t, 2u * 3u * MAX_SEQUENCES + 1024u);
    m->fse = (wmbt_fse *)(void *)wmbt_test_alloc(t, 3u * sizeof(wmbt_fse));
    m->weights = (wmbt_fse *)(void *)wmbt_test_alloc(t, sizeof(wmbt_fse));
    m->tree = (wmbt_tree *)(void *)wmbt_test_alloc(t, sizeof(wmbt_tree));
    m->literals = wmbt_test_alloc(t, MAX_LITERALS);
    m->out = wmbt_test_alloc(t, MAX_OUT);
    m->rep[0] = 1;
    m->rep[1] = 4;
    m->rep[2] = 8;
    return m;
}

static uint32_t pick(making *m, uint32_t n)
{
    return (wmbt_test_random(&m->random) >> 8) % n;
}

/* Counts that add up to 1 << f->log, of symbols below f->symbols; the ones in `used` have some. */
static void pick_counts(making *m, wmbt_fse *f, const uint8_t *used, unsigned n)
{
    unsigned left = 1u << f->log;
    for (unsigned s = 0; s < 256u; s++) {
        f->counts[s] = 0;
    }
    for (unsigned i = 0; i < n; i++) {
        left -= f->counts[used[i]] == 0;
        f->counts[used[i]] = 1;
    }
    for (unsigned more = pick(m, 20); more != 0u && left != 0u; more--) {
        int16_t *count = &f->counts[pick(m, f->symbols)];
        left -= *count == 0;
        *count = 1;
    }
    while (left != 0u) {
        int16_t *count = &f->counts[pick(m, f->symbols)];
        unsigned some = 1u + pick(m, left);
        if (*count != 0) {
            *count = (int16_t)(*count + (int)some);
            left -= some;
        }
    }
    for (unsigned s = 0; s < f->symbols; s++) {
        f->counts[s] = f->counts[s] == 1 && pick(m, 2) == 0u ? -1 : f->counts[s];
    }
    wmbt_fse_build(f);
}

/* A tree of `leaves` symbols, of codes up to `log` bits: leaves are split until that many. */
static void pick_tree(making *m, unsigned leaves, unsigned log, unsigned symbols)
{
    wmbt_tree *tree = m->tree;
    uint8_t depth[256];
    unsigned n = 2, longest = 1;
    depth[0] = depth[1] = 1;
    while (n < leaves) {
        unsigned i = pick(m, n);
        if (pick(m, 4) == 0u) {
            i = n - 1u; /* a long branch */
        }
        if (depth[i] == log) {
            leaves--;
            continue;
        }
        depth[i]++;
        depth[n++] = depth[i];
        longest = depth[i] > longest ? depth[i] : longest;
    }
    for (unsigned s = 0; s < sizeof tree->weights; s++) {
        tree->weights[s] = 0;
    }
    tree->symbols = 0;
    while (n != 0u) {
        unsigned s = pick(m, symbols);
        if (tree->weights[s] == 0u) {
            tree->weights[s] = (uint8_t)(longest + 1u - depth[--n]);
            tree->symbols = s >= tree->symbols ? s + 1u : tree->symbols;
        }
    }
    wmbt_tree_build(tree);
}

/* Writes the tree: in weights of four bits where that can be, or by a table of random counts. */
static bool write_tree(making *m)
{
    const wmbt_tree *tree = m->tree;
    uint8_t used[12];
    unsigned n = 0;
    if (tree->symbols <= 129u && (tree->symbols < 4u || pick(m, 2) == 0u)) {
        wmbt_tree_direct(tree, &m->block);
        return true;
    }
    for (unsigned w = 0; w < 12u; w++) {
        bool there = false;
        for (unsigned s = 0; s + 1u < tree->symbols; s++) {
            there = there || tree->weights[s] == w;
        }
        if (there) {
            used[n++] = (uint8_t)w;
        }
    }
    wmbt_fse *f = m->weights;
    size_t begin = m->block.n;
    for (unsigned tries = 0; tries < 20u; tries++) {
        f->log = 5u + pick(m, 2);
        f->symbols = 12;
        pick_counts(m, f, used, n);
        if (wmbt_tree_coded(tree->weights, tree->symbols - 1u, f, m->states, &m->bits, &m->block)) {
            return true;
        }
        m->block.n = begin;
        m->bits.n = 0;
    }
    return false;
}

/* The literals, one stream or four; the lengths of three of those stand before them. */
static void write_streams(making *m, uint32_t count, bool four)
{
    uint32_t part = four ? (count + 3u) / 4u : count;
    size_t jump = m->block.n;
    wmbt_bytes_put(&m->block, 0, four ? 4u : 0u);
    wmbt_bytes_put(&m->block, 0, four ? 2u : 0u);
    for (unsigned i = 0; i < (four ? 4u : 1u); i++) {
        size_t begin = m->block.n;
        for (uint32_t at = i * part; at < (i == 3u || !four ? count : (i + 1u) * part); at++) {
            wmbt_tree_code(m->tree, &m->bits, m->literals[at]);
        }
        wmbt_bits_end(&m->bits, &m->block);
        if (four && i < 3u) {
            m->block.at[jump + 2u * i] = (uint8_t)(m->block.n - begin);
            m->block.at[jump + 2u * i + 1u] = (uint8_t)((m->block.n - begin) >> 8);
        }
    }
}

/* A Huffman section behind a header whose sizes are written when they are known. */
static bool write_huffman(making *m, uint32_t count, bool treeless)
{
    uint8_t header[5];
    wmbt_bytes head = {header, 0, sizeof header};
    unsigned format = count < 6u ? 0u : pick(m, 4);
    if (!treeless) {
        pick_tree(m, 2u + pick(m, pick(m, 3) == 0u ? 200 : 12), 3u + pick(m, 9), 256);
        if (pick(m, 2) == 0u) {
            pick_tree(m, 2u + pick(m, 12), 8, 40);
        }
    }
    uint8_t symbols[256];
    unsigned n = 0;
    for (unsigned s = 0; s < m->tree->symbols; s++) {
        symbols[n] = (uint8_t)s;
        n += m->tree->weights[s] != 0u;
    }
    for (uint32_t i = 0; i < count; i++) {
        m->literals[i] = symbols[pick(m, n)];
    }
    size_t begin = m->block.n;
    for (size_t again = 0;; again++) {
        wmbt_literals_header(&head, treeless ? WMBT_LITERALS_TREELESS : WMBT_LITERALS_HUFFMAN,
                             format, count, 0);
        wmbt_bytes_add(&m->block, header, head.n);
        if (!treeless && !write_tree(m)) {
            return false;
        }
        write_streams(m, count, format != 0u);
        size_t bytes = m->block.n - begin - head.n;
        if (bytes < (format < 2u ? 1024u : 16384u)) {
            m->has_tree = true;
            size_t kept = head.n;
            head.n = 0;
            wmbt_literals_header(&head, treeless ? WMBT_LITERALS_TREELESS : WMBT_LITERALS_HUFFMAN,
                                 format, count, (uint32_t)bytes);
            wmbt_test_copy(m->block.at + begin, header, kept);
            return true;
        }
        m->block.n = begin;
        head.n = 0;
        if (format == 0u || again == 3u) {
            return false;
        }
        format = 2u + (uint32_t)(again & 1u);
    }
}

static bool write_literals(making *m, uint32_t count)
{
    unsigned type = pick(m, 5);
    if (type >= 2u && count != 0u && (type != 4u || m->has_tree)) {
        return write_huffman(m, count, type == 4u);
    }
    unsigned format = count < 32u ? pick(m, 4) : count < 4096u ? 1u + 2u * pick(m, 2) : 3u;
    bool repeated = type == 1u && count != 0u;
    for (uint32_t i = 0; i < count; i++) {
        m->literals[i] = repeated && i != 0u ? m->literals[0] : (uint8_t)pick(m, 256);
    }
    wmbt_literals_header(&m->block, repeated ? WMBT_LITERALS_RLE : WMBT_LITERALS_RAW, format, count,
                         0);
    wmbt_bytes_add(&m->block, m->literals, repeated ? 1u : count);
    return true;
}

/* The predefined tables (RFC 8878, 3.1.1.3.2.2). */
static void predefined(wmbt_fse *f, unsigned kind)
{
    static const int8_t ll[] = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
                                2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
    static const int8_t of[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
                                1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1};
    static const int8_t ml[] = {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};
    const int8_t *counts = kind == 0u ? ll : kind == 1u ? of : ml;
    f->log = kind == 1u ? 5u : 6u;
    f->symbols = kind == 0u ? 36u : kind == 1u ? 29u : 53u;
    for (unsigned s = 0; s < f->symbols; s++) {
        f->counts[s] = counts[s];
    }
    wmbt_fse_build(f);
}

/* Tables of a block; returns the byte of modes and leaves descriptions in *described. */
static unsigned pick_tables(making *m, wmbt_bytes *described)
{
    static const uint8_t symbols[] = {WMBT_LL_CODES, WMBT_OF_CODES, WMBT_ML_CODES};
    static const uint8_t logs[] = {9, 8, 9};
    static const uint8_t small[] = {6, 4, 20}; /* a code below is there in any case */
    unsigned modes = 0;
    for (unsigned kind = 0; kind < 3u; kind++) {
        wmbt_fse *f = &m->fse[kind];
        unsigned mode = pick(m, m->has_sequences ? 4 : 3);
        uint8_t used[2] = {(uint8_t)(pick(m, small[kind]) + (kind == 1u ? 2u : 0u)),
                           (uint8_t)pick(m, 16)};
        modes |= mode << (6u - 2u * kind);
        if (mode == 0u) {
            predefined(f, kind);
        } else if (mode == 1u) {
            wmbt_fse_single(f, used[0]);
            wmbt_bytes_put(described, used[0], 1);
        } else if (mode == 2u) {
            f->log = 5u + pick(m, logs[kind] - 4u);
            f->symbols = symbols[kind];
            pick_counts(m, f, used, 1u + pick(m, 2));
            wmbt_fse_describe(f, described);
        }
    }
    m->has_sequences = true;
    return modes;
}

/* The offset that a value stands for, as section 3.1.1.5 has it; 0 is none. The last three change
 * if `keep`. */
static uint32_t offset_of(making *m, uint32_t value, bool no_literals, bool keep)
{
    uint32_t *rep = m->rep, offset;
    unsigned used = 2; /* which of the last three goes to the front */
    if (value > 3u) {
        offset = value - 3u;
    } else if (no_literals && value == 3u) {
        offset = rep[0] - 1u;
    } else {
        used = no_literals ? value : value - 1u;
        offset = rep[used];
    }
    if (keep) {
        for (; used != 0u; used--) {
            rep[used] = rep[used - 1u];
        }
        rep[0] = offset;
    }
    return offset;
}

/* A sequence of codes that the tables have, which gives no more than `most` bytes. */
static bool pick_sequence(making *m, wmbt_sequence *s, uint32_t *most, uint32_t *literals)
{
    for (unsigned tries = 0; tries < 300u; tries++) {
        for (unsigned kind = 0; kind < 3u; kind++) {
            const wmbt_fse *f = &m->fse[kind];
            unsigned code = f->symbol[pick(m, 1u << f->log)];
            unsigned extra = wmbt_extra_bits(kind, code);
            s->code[kind] = (uint8_t)code;
            s->extra[kind] = extra == 0u ? 0u : wmbt_test_random(&m->random) >> (32u - extra);
        }
        uint32_t ll = wmbt_ll_base(s->code[0]) + s->extra[0];
        uint32_t ml = wmbt_ml_base(s->code[2]) + s->extra[2];
        uint32_t value = ((uint32_t)1 << s->code[1]) + s->extra[1];
        uint32_t offset = offset_of(m, value, ll == 0u, false);
        if (ll <= *most && ml <= *most - ll && offset != 0u && offset <= m->made + ll &&
            offset <= WINDOW) {
            (void)offset_of(m, value, ll == 0u, true);
            *most -= ll + ml;
            *literals += ll;
            m->made += ll + ml;
            return true;
        }
    }
    return false;
}

/* Executes them, and then has the literals that are left. */
static void execute(making *m, unsigned count, uint32_t literals)
{
    const uint8_t *from = m->literals, *end = m->literals + literals;
    for (unsigned i = 0; i < count; i++) {
        const wmbt_sequence *s = &m->sequences[i];
        uint32_t ll = wmbt_ll_base(s->code[0]) + s->extra[0];
        uint32_t ml = wmbt_ml_base(s->code[2]) + s->extra[2];
        uint32_t offset = offset_of(m, ((uint32_t)1 << s->code[1]) + s->extra[1], ll == 0u, true);
        for (; ll != 0u; ll--) {
            m->out[m->made++] = *from++;
        }
        for (; ml != 0u; ml--) {
            m->out[m->made] = m->out[m->made - offset];
            m->made++;
        }
    }
    while (from != end) {
        m->out[m->made++] = *from++;
    }
}

/* A compressed block, or none if what was picked cannot be written. */
static bool make_block(making *m)
{
    uint8_t described[256];
    wmbt_bytes tables = {described, 0, sizeof described};
    uint32_t rep[3] = {m->rep[0], m->rep[1], m->rep[2]};
    uint32_t most = 1u + pick(m, pick(m, 3) == 0u ? WINDOW : 300), literals = 0;
    size_t made = m->made;
    unsigned count = 0, asked = pick(m, 4) == 0u ? 0u : 1u + pick(m, pick(m, 3) == 0u ? 150 : 12);
    unsigned modes = asked == 0u ? 0u : pick_tables(m, &tables);
    while (count < asked && pick_sequence(m, &m->sequences[count], &most, &literals)) {
        count++;
    }
    m->made = made;
    m->rep[0] = rep[0];
    m->rep[1] = rep[1];
    m->rep[2] = rep[2];
    literals += pick(m, most + 1u);
    m->block.n = 0;
    if ((asked != 0u && count == 0u) || !write_literals(m, literals)) {
        m->has_tree = m->has_sequences = false; /* what the tables are is not written */
        return false;
    }
    wmbt_sequences_number(&m->block, count, 1u + pick(m, 2));
    if (count != 0u) {
        wmbt_bytes_put(&m->block, modes, 1);
        wmbt_bytes_add(&m->block, described, tables.n);
        m->bits.n = 0;
        if (!wmbt_sequences_code(m->sequences, count, m->fse, m->states, &m->bits, &m->block)) {
            m->has_tree = m->has_sequences = false;
            return false;
        }
    }
    if (m->block.n > WINDOW) {
        m->has_tree = m->has_sequences = false;
        return false;
    }
    execute(m, count, literals);
    return true;
}

/* Bytes to find again, then blocks. Trees and tables of blocks that are left out are not known. */
static void make_frame(making *m)
{
    wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
    wmbt_bytes_put(&m->frame, 0, 2); /* a window of 1 KiB */
    for (unsigned raw = 1u + pick(m, 3); raw != 0u; raw--) {
        wmbt_bytes_put(&m->frame, RAW << 1 | PLAIN << 3, 3);
        for (unsigned i = 0; i < PLAIN; i++, m->made++) {
            m->out[m->made] = (uint8_t)pick(m, 256);
            wmbt_bytes_put(&m->frame, m->out[m->made], 1);
        }
    }
    unsigned blocks = 1u + pick(m, 4);
    while (blocks != 0u) {
        if (make_block(m)) {
            blocks--;
            wmbt_bytes_put(&m->frame, (blocks == 0u) | COMPRESSED << 1 | (uint32_t)m->block.n << 3,
                           3);
            wmbt_bytes_add(&m->frame, m->block.at, m->block.n);
        }
    }
}

/* Frames of random blocks give what they were made of, in just as much room as that takes and in
 * one byte less not; and with a bit flipped, both forms say the same. */
static void test_random_blocks(wmbt_test *t)
{
    for (uint32_t seed = 1; seed <= T_MANY(1000, 12); seed++) {
        making *m = making_of(t, seed);
        make_frame(m);
        T_CHECK(t, m->frame.n < MAX_FRAME);
        forms f = forms_of(t, m->made + 64u, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
        wmbt_view frame = just(t, wmbt_view_of(m->frame.at, m->frame.n));
        split how = {seed % 7u, 1u + seed % 101u};
        size_t n = 0;
        T_EQ(t, decode(t, &f, frame, m->made, &n), WMBT_OK);
        T_EQ(t, n, m->made);
        T_BYTES(t, f.out.data, m->out, n);
        T_EQ(t, push_out(t, &f, frame, how, m->made, &n), WMBT_OK);
        T_EQ(t, n, m->made);
        T_BYTES(t, f.out.data, m->out, n);
        T_EQ(t, push_ring(t, &f, frame, how, m->made, &n), WMBT_OK);
        T_EQ(t, n, m->made);
        T_BYTES(t, f.pushed.data, m->out, n);
        T_EQ(t, decode(t, &f, frame, m->made - 1u, &n), WMBT_TOO_LARGE);
        T_EQ(t, push_out(t, &f, frame, how, m->made - 1u, &n), WMBT_TOO_LARGE);
        for (unsigned flips = 0; flips < 8u; flips++) {
            uint8_t *byte = m->frame.at + PLAIN + 9u + pick(m, (uint32_t)m->frame.n - PLAIN - 9u);
            uint8_t kept = *byte;
            *byte ^= (uint8_t)(1u << pick(m, 8));
            frame = just(t, wmbt_view_of(m->frame.at, m->frame.n));
            wmbt_status status = decode(t, &f, frame, m->made, &n);
            T_EQ(t, push_out(t, &f, frame, how, m->made, &n), status);
            *byte = kept;
        }
        wmbt_test_reset(t);
    }
}

/* --- trees ------------------------------------------------------------------------------------ */

/* A block of one literal whose tree is coded by `f`, with the weights as they are or the bits of
 * their states cut; the stream is `stream`. `another`: a block follows that lacks all of this. */
static wmbt_status decode_tree(wmbt_test *t, const wmbt_fse *f, const uint8_t *weights,
                               unsigned count, unsigned cut, uint8_t stream, bool another,
                               uint8_t *literal)
{
    making *m = making_of(t, 1);
    forms forms_ = forms_of(t, 64, 0);
    wmbt_bytes_put(&m->block, 0, 1);
    wmbt_fse_describe(f, &m->block);
    size_t described = m->block.n;
    m->block.n = 0;
    bool there = wmbt_tree_coded(weights, count, f, m->states, &m->bits, &m->block);
    wmbt_test_where(t, WMBT_VIEW_LITERAL("a tree that can be written"));
    if (!there) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a tree");
    }
    if (cut != 0u) { /* so many bits less: again, without the last ones that are read */
        wmbt_bits_put(&m->bits, m->states[0], f->log);
        wmbt_bits_put(&m->bits, (uint32_t)m->states[1] >> cut, f->log - cut);
        m->block.n = described;
        wmbt_bits_end(&m->bits, &m->block);
        m->block.at[0] = (uint8_t)(m->block.n - 1u);
    }
    wmbt_bytes_put(&m->block, stream, 1);
    wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
    wmbt_bytes_put(&m->frame, 0, 2);
    uint8_t header[5];
    wmbt_bytes head = {header, 0, sizeof header};
    wmbt_literals_header(&head, WMBT_LITERALS_HUFFMAN, 0, 1, (uint32_t)m->block.n);
    wmbt_bytes_put(
        &m->frame,
        (another ? 0u : 1u) | COMPRESSED << 1 | (uint32_t)(m->block.n + head.n + 1u) << 3, 3);
    wmbt_bytes_add(&m->frame, header, head.n);
    wmbt_bytes_add(&m->frame, m->block.at, m->block.n);
    wmbt_bytes_put(&m->frame, 0, 1);
    if (another) { /* a block of four literals that has neither a tree nor a stream */
        wmbt_bytes_put(&m->frame, 1u | COMPRESSED << 1 | 4u << 3, 3);
        wmbt_bytes_put(&m->frame, 0x42, 4);
    }
    size_t n, cap = another ? 5u : 1u;
    wmbt_status status =
        decode(t, &forms_, just(t, wmbt_view_of(m->frame.at, m->frame.n)), cap, &n);
    *literal = forms_.out.data[0];
    wmbt_test_reset(t);
    return status;
}

/* Weights by two states in turn: as few as there can be, as many, and one more. */
static void test_coded_weights(wmbt_test *t)
{
    static uint8_t weights[256];
    wmbt_fse f = {5, 12, {0, 16, 16}, {0}, {0}, {0}};
    uint8_t literal;
    wmbt_fse_build(&f);
    weights[0] = weights[1] = 1; /* and the third is 2, the code 1 */
    T_EQ(t, decode_tree(t, &f, weights, 2, 0, 3, false, &literal), WMBT_OK);
    T_EQ(t, literal, 2);
    for (unsigned cut = 1; cut <= 5u; cut++) {
        T_EQ(t, decode_tree(t, &f, weights, 2, cut, 3, false, &literal), WMBT_BAD_BITSTREAM);
    }
    f.counts[1] = 31;
    f.counts[2] = 1;
    wmbt_fse_build(&f);
    for (unsigned i = 0; i < 256u; i++) {
        weights[i] = 1;
    }
    /* 256 codes of 8 bits. As many weights as that are none, whatever the stream: a code of one bit
     * would be there if they were taken, or the first of them alone. */
    T_EQ(t, decode_tree(t, &f, weights, 255, 0, 3, false, &literal), WMBT_BAD_BITSTREAM);
    T_EQ(t, decode_tree(t, &f, weights, 256, 0, 3, false, &literal), WMBT_BAD_BITSTREAM);
    weights[254] = 2; /* sum 256, and the last one is 9 */
    T_EQ(t, decode_tree(t, &f, weights, 255, 0, 3, false, &literal), WMBT_OK);
    T_EQ(t, literal, 255);
    T_EQ(t, decode_tree(t, &f, weights, 255, 0, 3, true, &literal), WMBT_BAD_BITSTREAM);
    /* 12 is no weight: a state for it is none, though nothing uses it. */
    wmbt_fse more = {6, 13, {0, 31, 32, 0, 0, 0, 0, 0, 0, 0, 0, 1}, {0}, {0}, {0}};
    wmbt_fse_build(&more);
    T_EQ(t, decode_tree(t, &more, weights, 2, 0, 3, false, &literal), WMBT_OK);
    more.counts[12] = more.counts[11];
    more.counts[11] = 0;
    wmbt_fse_build(&more);
    T_EQ(t, decode_tree(t, &more, weights, 2, 0, 3, false, &literal), WMBT_BAD_BITSTREAM);
}

/* A block of one literal with a tree of 256 symbols, all of whose weights are there afterwards. */
static size_t make_full_tree(wmbt_test *t, uint8_t *block, size_t max)
{
    static uint8_t weights[255];
    wmbt_fse f = {5, 12, {0, 31, 1}, {0}, {0}, {0}};
    making *m = making_of(t, 1);
    for (unsigned i = 0; i < sizeof weights; i++) {
        weights[i] = i < 254u ? 1 : 2;
    }
    wmbt_fse_build(&f);
    if (!wmbt_tree_coded(weights, sizeof weights, &f, m->states, &m->bits, &m->block)) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a tree");
    }
    wmbt_bytes to = {block, 0, max};
    wmbt_bytes_put(&m->block, 3, 1);
    wmbt_literals_header(&to, WMBT_LITERALS_HUFFMAN, 0, 1, (uint32_t)m->block.n);
    wmbt_bytes_add(&to, m->block.at, m->block.n);
    wmbt_bytes_put(&to, 0, 1);
    wmbt_test_reset(t);
    return to.n;
}

/* A tree, then a block with one that does not decode: neither the weights that were read before are
 * taken for it nor the tree, though four codes of one bit are in both. */
static void test_a_tree_behind_another(wmbt_test *t)
{
    static const uint8_t trees[][6] = {
        {0x7F, 0x1F},                   /* more bytes than there are */
        {0x02, 0x04, 0x00, 0x1F},       /* a table of 2^9 states */
        {0x04, 0xF0, 0x00, 0x00, 0x1F}, /* filled in below: no mark */
        {0x04, 0xF0, 0x00, 0x01, 0x1F}, /* no states */
        {0x04, 0xF0, 0x00, 0x3F, 0x1F}, /* one state */
        {0x83, 0x11},                   /* more weights than there are */
    };
    static const uint8_t bytes[] = {2, 4, 5, 5, 5, 2};
    uint8_t full[100];
    const size_t full_bytes = make_full_tree(t, full, sizeof full);
    T_CHECK(t, full_bytes < sizeof full);
    wmbt_fse f = {5, 12, {0, 16, 16}, {0}, {0}, {0}};
    for (unsigned i = 0; i < sizeof bytes; i++) {
        maker m, tree = {{0}, 0};
        begin(&m);
        block_header(&m, 0, COMPRESSED, (uint32_t)full_bytes);
        add(&m, full, full_bytes);
        add(&tree, trees[i], bytes[i]);
        if (bytes[i] == 5u) {
            wmbt_bytes description = {tree.b + 1, 0, 3};
            wmbt_fse_describe(&f, &description);
            uint8_t last = trees[i][3];
            tree.n = 1u + description.n;
            tree.b[0] = (uint8_t)(description.n + 1u);
            ADD(&tree, last, 0x1F);
        }
        uint8_t header[5];
        wmbt_bytes head = {header, 0, sizeof header};
        wmbt_literals_header(&head, WMBT_LITERALS_HUFFMAN, 0, 4, (uint32_t)tree.n);
        block_header(&m, 1, COMPRESSED, (uint32_t)(head.n + tree.n + 1u));
        add(&m, header, head.n);
        add(&m, tree.b, tree.n);
        ADD(&m, 0);
        EXPECT(WMBT_BAD_BITSTREAM, "");
    }
}

#define LANE 2100u

/* A block of four streams of LANE codes each of m->tree, for what stands behind m->made. */
static void write_lanes(making *m, unsigned format, bool last)
{
    uint8_t header[5];
    wmbt_bytes head = {header, 0, sizeof header};
    m->block.n = 0;
    wmbt_tree_direct(m->tree, &m->block);
    size_t jump = m->block.n;
    m->block.n += 6u;
    for (unsigned lane = 0; lane < 4u; lane++) {
        size_t begin = m->block.n;
        for (unsigned i = 0; i < LANE; i++) {
            wmbt_tree_code(m->tree, &m->bits, m->out[m->made++]);
        }
        wmbt_bits_end(&m->bits, &m->block);
        if (lane < 3u) {
            m->block.at[jump + 2u * lane] = (uint8_t)(m->block.n - begin);
            m->block.at[jump + 2u * lane + 1u] = (uint8_t)((m->block.n - begin) >> 8);
        }
    }
    wmbt_literals_header(&head, WMBT_LITERALS_HUFFMAN, format, 4u * LANE, (uint32_t)m->block.n);
    wmbt_bytes_put(&m->frame, last | COMPRESSED << 1 | (uint32_t)(m->block.n + head.n + 1u) << 3,
                   3);
    wmbt_bytes_add(&m->frame, header, head.n);
    wmbt_bytes_add(&m->frame, m->block.at, m->block.n);
    wmbt_bytes_put(&m->frame, 0, 1);
}

/* A block of codes of one to three bits; `far` is the stream that has the longest ones. Symbols
 * begin at `first`. */
static void add_lanes(making *m, unsigned far, uint8_t first, bool last)
{
    static const uint8_t weights[] = {3, 2, 1, 1};
    for (unsigned s = 0; s < sizeof m->tree->weights; s++) {
        m->tree->weights[s] = s < first || s > first + 3u ? 0u : weights[s - first];
    }
    m->tree->symbols = first + 4u;
    wmbt_tree_build(m->tree);
    for (unsigned i = 0; i < 4u * LANE; i++) {
        unsigned s = i / LANE == far ? pick(m, 4) | 2u : pick(m, 3) == 0u ? pick(m, 4) : 0u;
        m->out[m->made + i] = (uint8_t)(first + s);
    }
    write_lanes(m, 2u + (far & 1u), last);
}

/* A block of codes of one, two and eight bits. Three streams have the shortest; the first has 11
 * bits a look-up, three codes, but for `tail` of the shortest at its end. */
static void add_full_look_ups(making *m, unsigned tail)
{
    static const uint8_t turn[] = {2, 1, 0};
    for (unsigned s = 0; s < sizeof m->tree->weights; s++) {
        m->tree->weights[s] = s == 0u ? 8u : s == 1u ? 7u : s < 66u ? 1u : 0u;
    }
    m->tree->symbols = 66;
    wmbt_tree_build(m->tree);
    for (unsigned i = 0; i < 4u * LANE; i++) {
        unsigned s = i < LANE - tail ? turn[i % 3u] : 0u;
        m->out[m->made + i] = (uint8_t)(s == 2u ? 2u + pick(m, 64) : s);
    }
    write_lanes(m, 2, true);
}

/* The frame gives what it was made of. */
static void check_lanes(wmbt_test *t, making *m)
{
    T_CHECK(t, m->frame.n < MAX_FRAME && m->block.n < MAX_FRAME);
    forms f = forms_of(t, m->made, 0);
    size_t n;
    f.workspace = room(t, WMBT_ZSTD_WORKSPACE_BYTES); /* zeros, which say that nothing is there */
    T_EQ(t, decode(t, &f, just(t, wmbt_view_of(m->frame.at, m->frame.n)), m->made, &n), WMBT_OK);
    T_EQ(t, n, m->made);
    T_BYTES(t, f.out.data, m->out, n);
    not_initial(f.workspace);
    T_EQ(t, decode(t, &f, just(t, wmbt_view_of(m->frame.at, m->frame.n)), m->made, &n), WMBT_OK);
    T_EQ(t, n, m->made);
    T_BYTES(t, f.out.data, m->out, n);
    wmbt_test_reset(t);
}

/* Many short codes, which tables of several symbols serve: streams of different lengths, and block
 * after block with another tree. */
static void test_lanes(wmbt_test *t)
{
    for (unsigned far = 0; far < 4u; far++) {
        making *m = making_of(t, far + 1u);
        m->out = wmbt_test_alloc(t, 8u * LANE);
        wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
        wmbt_bytes_put(&m->frame, 0x3800u, 2); /* a window of 128 KiB */
        /* the first cell begins with 'o', which has 15 in its lower half, if it were one of bits */
        add_lanes(m, far, 'm', false);
        add_lanes(m, 3u - far, 'p', true);
        T_CALL(t, check_lanes(t, m));
    }
    for (unsigned tail = 0; tail < 8u; tail++) {
        making *m = making_of(t, tail + 1u);
        m->out = wmbt_test_alloc(t, 4u * LANE);
        wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
        wmbt_bytes_put(&m->frame, 0x3800u, 2);
        add_full_look_ups(m, tail);
        T_CALL(t, check_lanes(t, m));
    }
}

/* Four streams of so many bytes each, the mark in a byte of its own: codes of one bit. `count` is
 * what the header says, `mark` the last byte of stream `which`, or of all. */
static wmbt_status decode_bytes(wmbt_test *t, unsigned bytes, uint32_t count, unsigned which,
                                uint8_t mark, uint32_t cap)
{
    making *m = making_of(t, 1);
    uint8_t header[5];
    wmbt_bytes head = {header, 0, sizeof header};
    wmbt_bytes_put(&m->block, 0x1080u, 2); /* two symbols of weight 1 */
    for (unsigned i = 0; i < 3u; i++) {
        wmbt_bytes_put(&m->block, bytes, 2);
    }
    for (unsigned i = 0; i < 4u * bytes; i++) {
        bool last = i % bytes == bytes - 1u;
        wmbt_bytes_put(&m->block,
                       !last                               ? pick(m, 256)
                       : which == 4u || i / bytes == which ? mark
                                                           : 1u,
                       1);
    }
    wmbt_literals_header(&head, WMBT_LITERALS_HUFFMAN, 3, count, (uint32_t)m->block.n);
    wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
    wmbt_bytes_put(&m->frame, 0x3800u, 2); /* a window of 128 KiB */
    wmbt_bytes_put(&m->frame, 1u | COMPRESSED << 1 | (uint32_t)(m->block.n + head.n + 1u) << 3, 3);
    wmbt_bytes_add(&m->frame, header, head.n);
    wmbt_bytes_add(&m->frame, m->block.at, m->block.n);
    wmbt_bytes_put(&m->frame, 0, 1);
    forms f = forms_of(t, cap, 0);
    size_t n;
    wmbt_status status = decode(t, &f, just(t, wmbt_view_of(m->frame.at, m->frame.n)), cap, &n);
    wmbt_test_reset(t);
    return status;
}

/* Streams of as few as eight bytes, without a mark, and with far less than they are to give. */
static void test_marks_of_streams(wmbt_test *t)
{
    for (unsigned bytes = 2; bytes < 20u; bytes++) {
        uint32_t count = 4u * 8u * (bytes - 1u);
        T_EQ(t, decode_bytes(t, bytes, count, 0, 1, count), WMBT_OK);
        for (unsigned which = 0; which <= 4u; which++) { /* 4: all of them */
            T_EQ(t, decode_bytes(t, bytes, count, which, 0, count), WMBT_BAD_BITSTREAM);
        }
        T_EQ(t, decode_bytes(t, bytes, 9000, 0, 1, 9000), WMBT_BAD_BITSTREAM);
    }
}

/* Sizes of literals are as large as their fields: the highest bit of each counts. */
static void test_sizes_of_literals(wmbt_test *t)
{
    static const uint8_t streams[] = {0x80, 0x10, 1, 0, 1, 0, 1, 0, 5, 5, 5, 5};
    for (unsigned format = 1; format < 4u; format++) {
        uint32_t high = format == 1u ? 1u << 9 : format == 2u ? 1u << 13 : 1u << 17;
        for (unsigned wrong = 0; wrong < 3u; wrong++) {
            maker m;
            uint8_t header[5];
            wmbt_bytes head = {header, 0, sizeof header};
            wmbt_literals_header(&head, WMBT_LITERALS_HUFFMAN, format, 8u | (wrong == 1u) * high,
                                 sizeof streams | (wrong == 2u) * high);
            begin(&m);
            block_header(&m, 1, COMPRESSED, (uint32_t)(head.n + sizeof streams + 1u));
            add(&m, header, head.n);
            add(&m, streams, sizeof streams);
            ADD(&m, 0);
            forms f = forms_of(t, 64, 0);
            size_t n;
            T_EQ(t, decode(t, &f, just(t, wmbt_view_of(m.b, m.n)), 8, &n),
                 wrong == 0u   ? WMBT_OK
                 : wrong == 1u ? WMBT_TOO_LARGE
                               : WMBT_BAD_LENGTH);
            T_CHECK(t, wrong != 0u ||
                           wmbt_test_same(f.out.data, (const uint8_t *)"\0\1\0\1\0\1\0\1", 8));
            wmbt_test_reset(t);
        }
    }
}

/* --- tables ----------------------------------------------------------------------------------- */

/* A description without its last byte, at the end of the input: nothing behind it is looked at. */
static void test_descriptions_cut_off(wmbt_test *t)
{
    for (uint32_t seed = 1; seed <= T_MANY(200, 40); seed++) {
        making *m = making_of(t, seed);
        wmbt_fse *f = &m->fse[2];
        uint8_t used[1] = {0};
        maker frame;
        f->log = 5u + pick(m, 3);
        f->symbols = WMBT_ML_CODES;
        pick_counts(m, f, used, 1);
        wmbt_fse_describe(f, &m->block);
        T_CHECK(t, m->block.n < 200u);
        begin(&frame);
        block_header(&frame, 1, COMPRESSED, (uint32_t)(6u + m->block.n - 1u));
        ADD(&frame, 0x08, 'a', 1, 0x58, 1, 2); /* lengths of matches are described */
        add(&frame, m->block.at, m->block.n - 1u);
        wmbt_test_reset(t);
        T_CALL(t, expect(t, &frame, 64, WMBT_BAD_BITSTREAM, ""));
    }
    /* Two bytes that begin a description are no stream: behind 600 bytes, 0x0020 would be one of a
     * match of 4 from 253 back. */
    maker m;
    begin(&m);
    block_header(&m, 0, RLE, 600);
    ADD(&m, 'x');
    block_header(&m, 1, COMPRESSED, 7);
    ADD(&m, 0x00, 1, 0x58, 0, 8, 0x00, 0x20);
    T_CALL(t, expect(t, &m, 700, WMBT_BAD_BITSTREAM, ""));
}

/* --- lengths ---------------------------------------------------------------------------------- */

/* One sequence of RLE literals with these codes gives so many bytes, and one less has no room. */
static void check_lengths(wmbt_test *t, unsigned ll, uint32_t ll_extra, unsigned ml,
                          uint32_t ml_extra)
{
    uint32_t literals = wmbt_ll_base(ll) + ll_extra, match = wmbt_ml_base(ml) + ml_extra;
    size_t n, all = literals + match + 1u;
    making *m = making_of(t, 1);
    wmbt_bytes_put(&m->block, 1u | 3u << 2 | (literals + 1u) << 4, 3);
    wmbt_bytes_put(&m->block, 'x', 1);
    wmbt_bytes_put(&m->block, 1u | 0x54u << 8 | ll << 16, 3);
    wmbt_bytes_put(&m->block, 2u | ml << 8, 2); /* offset 4 - 3 */
    wmbt_bits_put(&m->bits, 0, 2);
    wmbt_bits_put(&m->bits, ml_extra, wmbt_ml_extra(ml));
    wmbt_bits_put(&m->bits, ll_extra, wmbt_ll_extra(ll));
    wmbt_bits_end(&m->bits, &m->block);
    wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
    wmbt_bytes_put(&m->frame, 0x3800u, 2); /* a window of 128 KiB */
    if (ll == 0u) {                        /* something to find again */
        wmbt_bytes_put(&m->frame, RLE << 1 | 1u << 3, 3);
        wmbt_bytes_put(&m->frame, 'x', 1);
        all++;
    }
    wmbt_bytes_put(&m->frame, 1u | COMPRESSED << 1 | (uint32_t)m->block.n << 3, 3);
    wmbt_bytes_add(&m->frame, m->block.at, m->block.n);
    forms f = forms_of(t, all, 0);
    wmbt_view frame = just(t, wmbt_view_of(m->frame.at, m->frame.n));
    T_EQ(t, decode(t, &f, frame, all, &n), WMBT_OK);
    T_EQ(t, n, all);
    for (size_t i = 0; i < n; i++) {
        T_EQ(t, f.out.data[i], 'x');
    }
    T_EQ(t, decode(t, &f, frame, all - 1u, &n), WMBT_TOO_LARGE);
    wmbt_test_reset(t);
}

/* What each code of a length stands for (RFC 8878, 3.1.1.3.2.1.1), with no bit set and with all. */
static void test_codes_of_lengths(wmbt_test *t)
{
    for (unsigned all = 0; all < 2u; all++) {
        for (unsigned code = 0; code < T_MANY(WMBT_LL_CODES, 28); code++) {
            uint32_t extra = all * ((1u << wmbt_ll_extra(code)) - 1u);
            extra -= code == 35u && all != 0u ? 100u : 0u; /* a block has 131,072 bytes */
            T_CALL(t, check_lengths(t, code, extra, 0, 0));
        }
        for (unsigned code = 0; code < T_MANY(WMBT_ML_CODES, 45); code++) {
            uint32_t extra = all * ((1u << wmbt_ml_extra(code)) - 1u);
            extra -= code == 52u && all != 0u ? 100u : 0u;
            T_CALL(t, check_lengths(t, 1, 0, code, extra));
        }
    }
}

/* 40 literals wait at the end of the room, all of them the first sequence's: nothing behind it is
 * read. */
static void test_literals_at_the_end_of_the_room(wmbt_test *t)
{
    static const wmbt_sequence sequences[] = {{{23, 5, 42}, {0, 7, 0}}, {{0, 5, 42}, {0, 7, 0}}};
    const size_t all = 40u + 40u + 2u * 99u;
    making *m = making_of(t, 1);
    predefined(&m->fse[0], 0);
    wmbt_fse_single(&m->fse[1], 5); /* offset 32 + 7 - 3 */
    wmbt_fse_single(&m->fse[2], 42);
    wmbt_bytes_put(&m->block, 0x780285u, 3); /* RLE, 'x' */
    wmbt_bytes_put(&m->block, 0x1402u, 2);
    wmbt_bytes_put(&m->block, 5u | 42u << 8, 2);
    T_CHECK(t, wmbt_sequences_code(sequences, 2, m->fse, m->states, &m->bits, &m->block));
    wmbt_bytes_put(&m->frame, 0xFD2FB528u, 4);
    wmbt_bytes_put(&m->frame, 0, 2);
    wmbt_bytes_put(&m->frame, RLE << 1 | 40u << 3, 3);
    wmbt_bytes_put(&m->frame, 'x', 1);
    wmbt_bytes_put(&m->frame, 1u | COMPRESSED << 1 | (uint32_t)m->block.n << 3, 3);
    wmbt_bytes_add(&m->frame, m->block.at, m->block.n);
    forms f = forms_of(t, all, 0);
    size_t n;
    T_EQ(t, decode(t, &f, just(t, wmbt_view_of(m->frame.at, m->frame.n)), all, &n), WMBT_OK);
    T_EQ(t, n, all);
    for (size_t i = 0; i < n; i++) {
        T_EQ(t, f.out.data[i], 'x');
    }
}

/* Offsets of 17 bits and more than that many bytes back: "aabb" from where `b` begins. */
static void test_far_offsets(wmbt_test *t)
{
    static const uint32_t extra[] = {0, 1, 0x8000, 0x10001};
    for (unsigned i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        uint32_t offset = (1u << 17) + extra[i] - 3u;
        size_t n, all = 10u + (offset - 2u) + 4u;
        maker m = {{0}, 0};
        uint8_t bit[32];
        wmbt_bits bits = {bit, 0, sizeof bit};
        ADD(&m, MAGIC, 0x00, 0x40); /* a window of 256 KiB */
        block_header(&m, 0, RLE, 10);
        ADD(&m, 'a');
        block_header(&m, 0, RLE, offset - 2u);
        ADD(&m, 'b');
        block_header(&m, 1, COMPRESSED, 9);
        ADD(&m, 0x00, 1, 0x54, 0, 17, 1);
        wmbt_bits_put(&bits, extra[i], 17);
        wmbt_bytes to = {m.b + m.n, 0, 8};
        wmbt_bits_end(&bits, &to);
        m.n += to.n;
        forms f = forms_of(t, all, 0);
        T_EQ(t, decode(t, &f, just(t, wmbt_view_of(m.b, m.n)), all, &n), WMBT_OK);
        T_EQ(t, n, all);
        T_BYTES(t, f.out.data + all - 4u, (const uint8_t *)"aabb", 4);
        wmbt_test_reset(t);
    }
}

/* Numbers of sequences of three bytes: matches of 3 that take no bits, from the last offset but one
 * each time. */
static void test_many_sequences(wmbt_test *t)
{
    static const uint32_t counts[] = {0x7F00, 0x7F01, 0x8000};
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t n, all = 4u + 3u * (size_t)counts[i];
        maker m = {{0}, 0};
        uint32_t number = counts[i] - 0x7F00u;
        ADD(&m, MAGIC, 0x00, 0x38);
        block_header(&m, 0, RLE, 4);
        ADD(&m, 'a');
        block_header(&m, 1, COMPRESSED, 9);
        ADD(&m, 0x00, 0xFF, (uint8_t)number, (uint8_t)(number >> 8), 0x54, 0, 0, 0, 0x01);
        forms f = forms_of(t, all, 0);
        T_EQ(t, decode(t, &f, just(t, wmbt_view_of(m.b, m.n)), all, &n), WMBT_OK);
        T_EQ(t, n, all);
        for (size_t k = 0; k < n; k++) {
            T_EQ(t, f.out.data[k], 'a');
        }
        wmbt_test_reset(t);
    }
}

#define SMALL_BYTES 400000u
#define LARGE_BYTES 600000u

static const wmbt_case cases[] = {
    {"random blocks", test_random_blocks, SMALL_BYTES, NULL},
    {"coded weights", test_coded_weights, SMALL_BYTES, NULL},
    {"a tree behind another", test_a_tree_behind_another, SMALL_BYTES, NULL},
    {"streams of different lengths", test_lanes, SMALL_BYTES, NULL},
    {"marks of streams", test_marks_of_streams, SMALL_BYTES, NULL},
    {"sizes of literals", test_sizes_of_literals, SMALL_BYTES, NULL},
    {"descriptions that are cut off", test_descriptions_cut_off, SMALL_BYTES, NULL},
    {"codes of lengths", test_codes_of_lengths, LARGE_BYTES, NULL},
    {"literals at the end of the room", test_literals_at_the_end_of_the_room, SMALL_BYTES, NULL},
    {"far offsets", test_far_offsets, LARGE_BYTES, NULL},
    {"many sequences", test_many_sequences, LARGE_BYTES, NULL},
};
WMBT_SUITE(zstd_tables, cases);
