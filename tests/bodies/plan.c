/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: against a bucket's prompts, against a model small enough to be run at each position, and on
 * any input whatever.
 */
#include "wombatkv/plan.h"

#include "base/bytes.h"
#include "../support/objects.h"
#include "base/min.h"
#include "wombatkv/rawtail.h"

#define FLASH (&wmbt_shape_deepseek_v4_flash)
#define PROMPTS "golden/bucket/prompts.tsv"
#define UNTOUCHED 0xAB

static wmbt_plan_input input_of(const wmbt_shape *shape, uint32_t block_tokens, uint32_t tokens,
                                uint32_t usable_blocks)
{
    wmbt_plan_input in = {0};
    in.shape = shape;
    in.block_tokens = block_tokens;
    in.prompt_tokens = tokens;
    in.usable_blocks = usable_blocks;
    in.tail.status = WMBT_MISSING;
    return in;
}

/* An intact tail of the total, as a writer makes it that saved all full blocks. */
static void set_tail(wmbt_plan_input *in, uint32_t total)
{
    in->tail.status = WMBT_OK;
    in->tail.total_tokens = total;
    in->tail.raw_rows = wmbt_min_u32(total, in->shape->window);
    in->tail.rows_agree = 1;
    in->tail.rows_end = total - total % in->block_tokens;
}

/* A plan, and what it says if it is asked with other flags: from where an exact run goes, and from
 * where upstream's engine does. */
typedef struct told {
    uint32_t run_from, load_tail, logits_only, exact, tail_reason;
    wmbt_status tail_status;
    uint32_t boundary; /* where the blocks end that are loaded */
    uint32_t exact_from;
    uint32_t restored, run_inexact;
    uint64_t bytes_to_read; /* all usable blocks, as upstream */
} told;

/* Makes both, and checks what must hold of any plan. */
static wmbt_status plan_of(const wmbt_plan_input *in, told *out)
{
    wmbt_plan_input other = *in;
    wmbt_plan plan, exact, inexact;
    wmbt_status status = wmbt_plan_make(in, &plan);
    if (status != WMBT_OK) {
        return status;
    }
    other.flags = in->flags & WMBT_PLAN_TRUST_TAIL;
    wmbt_status first = wmbt_plan_make(&other, &exact);
    other.flags |= WMBT_PLAN_INEXACT;
    if (first != WMBT_OK || wmbt_plan_make(&other, &inexact) != WMBT_OK) {
        return WMBT_BAD_STATE;
    }
    const wmbt_plan *same = (in->flags & WMBT_PLAN_INEXACT) != 0 ? &inexact : &exact;
    uint32_t loads = plan.run_from != 0 || plan.load_tail != 0 ? in->usable_blocks : 0;
    uint32_t reason = in->usable_blocks == 0 ? WMBT_PLAN_NO_BLOCKS
                      : loads == 0           ? WMBT_PLAN_SAVES_NOTHING
                                             : WMBT_PLAN_LOADS;
    if (plan.run_from != same->run_from || plan.run_tokens != in->prompt_tokens - plan.run_from ||
        plan.saved_tokens != plan.run_from || plan.load_blocks != loads ||
        plan.load_reason != reason || exact.exact != 1 ||
        inexact.exact != (inexact.run_from == exact.run_from ? 1u : 0u) ||
        (loads == 0 && plan.bytes_to_read != 0)) {
        return WMBT_BAD_STATE;
    }
    out->run_from = plan.run_from;
    out->load_tail = plan.load_tail;
    out->logits_only = plan.logits_only;
    out->exact = plan.exact;
    out->tail_reason = plan.tail_reason;
    out->tail_status = plan.tail_status;
    out->boundary = plan.load_blocks * in->block_tokens;
    out->exact_from = exact.run_from;
    out->restored = inexact.run_from;
    out->run_inexact = inexact.run_tokens;
    out->bytes_to_read = inexact.bytes_to_read;
    return WMBT_OK;
}

/* --- a bucket's prompts ----------------------------------------------------------------------- */

/* Which tail a row tells of. Its raw rows are as many as the engine keeps. */
static void set_row_tail(wmbt_test *t, wmbt_plan_input *in, wmbt_view verdict, wmbt_view total)
{
    if (wmbt_test_view_is(verdict, "absent") || wmbt_test_view_is(verdict, "no tip")) {
        return;
    }
    if (wmbt_test_view_is(verdict, "rtt1-crc")) {
        in->tail.status = WMBT_BAD_CHECKSUM;
        return;
    }
    T_CHECK(t, wmbt_test_view_is(verdict, "ok") || wmbt_test_view_is(verdict, "ok (chunked)") ||
                   wmbt_test_view_is(verdict, "rtt1-shorter-than-blocks"));
    set_tail(in, (uint32_t)wmbt_cell_u64(t, total));
}

static void check_row(wmbt_test *t, const wmbt_plan_input *in, uint64_t restored, uint64_t prefill)
{
    told plan;
    T_EQ(t, plan_of(in, &plan), WMBT_OK);
    T_EQ(t, plan.restored, restored);
    T_EQ(t, plan.run_inexact, prefill);
    T_EQ(t, plan.logits_only, plan.load_tail && in->tail.total_tokens == in->prompt_tokens);
    /* no prompt of the table reaches back beyond 5,461 tokens */
    T_EQ(t, plan.exact_from, plan.load_tail ? restored : 0);
    T_EQ(t, plan.bytes_to_read, in->blocks_bytes + (plan.load_tail != 0 ? in->tail.bytes : 0));
}

static uint64_t row_cell(wmbt_test *t, const wmbt_table *table, const wmbt_view *cells,
                         const char *name)
{
    uint32_t column = wmbt_table_column(t, table, name);
    return t->failed ? 0 : wmbt_cell_u64(t, cells[column]);
}

static void check_prompt(wmbt_test *t, const wmbt_table *table, const wmbt_view *cells)
{
    uint32_t tokens = (uint32_t)row_cell(t, table, cells, "tokens");
    uint32_t usable = (uint32_t)row_cell(t, table, cells, "usable_blocks");
    wmbt_plan_input in =
        input_of(FLASH, (uint32_t)row_cell(t, table, cells, "block_tokens"), tokens, usable);
    wmbt_view tail_bytes = cells[wmbt_table_column(t, table, "upstream_tail_bytes")];
    in.blocks_bytes = usable * UINT64_C(1761728);
    in.tail.bytes = wmbt_test_view_is(tail_bytes, "miss") || wmbt_test_view_is(tail_bytes, "-")
                        ? 77
                        : wmbt_cell_u64(t, tail_bytes);
    T_CALL(t, set_row_tail(t, &in, cells[wmbt_table_column(t, table, "tail_verdict")],
                           cells[wmbt_table_column(t, table, "tail_total_tokens")]));
    T_CALL(t, check_row(t, &in, row_cell(t, table, cells, "restored_tokens"),
                        row_cell(t, table, cells, "prefill_tokens")));
    /* one row's tail is another prompt's: whoever vouches for it gets what he asked for */
    in.flags = WMBT_PLAN_TRUST_TAIL;
    T_CALL(t, check_row(t, &in, row_cell(t, table, cells, "restored_with_tail_proof"),
                        row_cell(t, table, cells, "prefill_with_tail_proof")));
    /* the engine goes on where blocks end; it may run no token at all, which no plan does */
    wmbt_view note = cells[wmbt_table_column(t, table, "engine_note")];
    if (wmbt_test_view_is(note, "blocks") || wmbt_test_view_is(note, "miss")) {
        told plan;
        in.flags = WMBT_PLAN_INEXACT;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.run_from,
             wmbt_min_u32((uint32_t)row_cell(t, table, cells, "engine_restored_tokens"),
                          tokens - 1));
        T_EQ(t, plan.exact, usable == 0);
    }
}

static void test_prompts(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, PROMPTS, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, true);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        T_CALL(t, check_prompt(t, &table, cells));
    }
    T_CHECK(t, !t->failed);
    T_EQ(t, table.row, 49);
}

/* --- today's model, numbers from docs/FORMATS.md and the engine's constants ------------------- */

static void test_flash(wmbt_test *t)
{
    told plan;
    wmbt_plan_input in = input_of(FLASH, 128, 60000, 400);
    in.blocks_bytes = 400 * UINT64_C(1761728);
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_EQ(t, plan.boundary, 51200);
    T_EQ(t, plan.restored, 51200);
    T_EQ(t, plan.run_inexact, 8800);
    T_EQ(t, plan.exact_from, 51200 - 5461);
    T_EQ(t, plan.run_from, 51200 - 5461);
    T_EQ(t, plan.exact, 1);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_MISSING);
    T_EQ(t, plan.bytes_to_read, UINT64_C(704691200));
    in.prompt_tokens = 51200; /* the last token is run, so all starts one earlier */
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_EQ(t, plan.restored, 51199);
    T_EQ(t, plan.exact_from, 51199 - 5461);
    T_EQ(t, plan.logits_only, 0);
    in.prompt_tokens = 60000;
    set_tail(&in, 51200);
    in.tail.bytes = 23478560;
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_EQ(t, plan.exact_from, 51200);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_COUNTS);
    T_EQ(t, plan.bytes_to_read, UINT64_C(704691200) + 23478560);
}

/* The first example of docs/REUSE.md. */
static void test_example(wmbt_test *t)
{
    static const struct {
        uint32_t flags, reason, restored, prefill, run_from, logits_only, bytes;
    } rows[] = {
        {0, WMBT_PLAN_TAIL_UNPROVEN, 256, 44, 0, 0, 3523456},
        {WMBT_PLAN_INEXACT, WMBT_PLAN_TAIL_UNPROVEN, 256, 44, 256, 0, 3523456},
        {WMBT_PLAN_TRUST_TAIL, WMBT_PLAN_TAIL_COUNTS_TRUSTED, 299, 1, 299, 1, 27593376},
    };
    for (size_t i = 0; i < 3; i++) {
        told plan;
        wmbt_plan_input in = input_of(FLASH, 128, 300, 2);
        in.flags = rows[i].flags;
        in.blocks_bytes = 2 * UINT64_C(1761728);
        set_tail(&in, 300);
        in.tail.bytes = 24069920;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.tail_reason, rows[i].reason);
        T_EQ(t, plan.restored, rows[i].restored);
        T_EQ(t, plan.run_inexact, rows[i].prefill);
        T_EQ(t, plan.run_from, rows[i].run_from);
        T_EQ(t, plan.logits_only, rows[i].logits_only);
        T_EQ(t, plan.bytes_to_read, rows[i].bytes);
    }
}

/* A prompt of one token in a block of one, and a tail that ends with it: run for its logits alone,
 * it commits nothing, so that block and tail are loaded although nothing is saved. Without the tail
 * the run makes every row. */
static void test_one_token(wmbt_test *t)
{
    static const wmbt_shape_layer layer = {0, 0, 0};
    static const wmbt_shape one = {&layer, 1, 8, 0, 4, 1};
    for (uint32_t tail = 0; tail < 2u; tail++) {
        wmbt_plan plan;
        wmbt_plan_input in = input_of(&one, 1, 1, 1);
        if (tail != 0u) {
            set_tail(&in, 1);
        }
        T_EQ(t, wmbt_plan_make(&in, &plan), WMBT_OK);
        T_EQ(t, plan.tail_reason, tail != 0u ? WMBT_PLAN_TAIL_COUNTS : WMBT_PLAN_TAIL_MISSING);
        T_CHECK(t, plan.run_from == 0u && plan.run_tokens == 1u && plan.saved_tokens == 0u);
        T_CHECK(t, plan.exact == 1u && plan.logits_only == tail);
        T_CHECK(t, plan.load_blocks == tail && plan.load_tail == tail);
        T_EQ(t, plan.load_reason, tail != 0u ? WMBT_PLAN_LOADS : WMBT_PLAN_SAVES_NOTHING);
    }
}

/* --- a model that can be run --------------------------------------------------------------------
 *
 * It does what docs/FORMATS.md says of the engine, with numbers that stand for vectors: a layer's
 * output at t mixes its input at t, the raw rows of the window, and the compressed rows that are
 * complete at t. Every input passes into its layer's raw row and compressor slot; a full group of
 * slots makes a row; a compressor that overlaps pools the group before as well. What is not there
 * is 0 and mixes in as such, silently, as in the engine. Right is what a run of all tokens gives.
 */

#define SIM_LAYERS 3u
#define SIM_RATIO 4u
#define SIM_POSITIONS 48u
#define SIM_AFTER 11u /* positions run after the prompt: more than two groups and a window */

typedef struct sim_layer {
    uint32_t raw[SIM_POSITIONS];
    uint32_t row[SIM_POSITIONS + 2u * SIM_RATIO];
    uint32_t rows;
    uint32_t slot[2u * SIM_RATIO]; /* the group before, if it overlaps, then the open one */
} sim_layer;

typedef struct sim {
    const wmbt_shape *shape;
    uint32_t boundary;        /* positions before it append no row */
    uint32_t salt, salt_from; /* tokens from here on are others */
    sim_layer layer[SIM_LAYERS];
} sim;

/* A run of all tokens, and the compressors' state after each number of tokens. */
typedef struct sim_truth {
    sim all;
    uint32_t out[SIM_POSITIONS];
    uint32_t slot[SIM_POSITIONS + 1u][SIM_LAYERS][2u * SIM_RATIO];
} sim_truth;

/* Every step is one to one in h, so that two runs that differ once stay different but by chance. */
static uint32_t mix(uint32_t h, uint32_t value)
{
    h = (h ^ value) * 0x9E3779B1u;
    h ^= h >> 15;
    return h * 0x85EBCA6Bu + 1u;
}

static void sim_start(sim *s, const wmbt_shape *shape)
{
    wmbt_bytes_fill((uint8_t *)s, 0, sizeof *s);
    s->shape = shape;
}

static void sim_compress(sim *s, uint32_t l, uint32_t t, uint32_t input)
{
    uint32_t ratio = s->shape->layer[l].ratio;
    uint32_t pooled = s->shape->layer[l].overlaps != 0 ? 2 * ratio : ratio;
    sim_layer *layer = &s->layer[l];
    uint32_t *open = layer->slot + (pooled - ratio);
    open[t % ratio] = mix(input, 11);
    if ((t + 1) % ratio != 0) {
        return;
    }
    uint32_t row = 3;
    for (uint32_t i = 0; i < pooled; i++) {
        row = mix(row, layer->slot[i]);
    }
    for (uint32_t i = 0; i < ratio; i++) {
        layer->slot[i] = pooled == ratio ? 0 : open[i];
        open[i] = 0;
    }
    if (t >= s->boundary && layer->rows < SIM_POSITIONS + 2u * SIM_RATIO) {
        layer->row[layer->rows++] = row;
    }
}

/* Runs the token at t. Without `commit` nothing is changed: the raw row of t must be there. */
static uint32_t sim_run(sim *s, uint32_t t, bool commit)
{
    uint32_t input = mix(t >= s->salt_from ? s->salt : 0, t + 1000);
    for (uint32_t l = 0; l < s->shape->layers; l++) {
        sim_layer *layer = &s->layer[l];
        uint32_t ratio = s->shape->layer[l].ratio;
        if (commit) {
            layer->raw[t] = mix(input, 7);
            if (ratio != 0) {
                sim_compress(s, l, t, input);
            }
        }
        uint32_t h = mix(input, l);
        uint32_t seen = t + 1 < s->shape->window ? t + 1 : s->shape->window;
        for (uint32_t p = t + 1 - seen; p <= t; p++) {
            h = mix(h, layer->raw[p]);
        }
        uint32_t complete = ratio == 0 ? 0 : wmbt_min_u32(layer->rows, (t + 1) / ratio);
        for (uint32_t i = 0; i < complete; i++) {
            h = mix(h, layer->row[i]);
        }
        input = h;
    }
    return input;
}

static void sim_run_all(sim_truth *truth, const wmbt_shape *shape, uint32_t salt,
                        uint32_t salt_from)
{
    sim_start(&truth->all, shape);
    truth->all.salt = salt;
    truth->all.salt_from = salt_from;
    for (uint32_t t = 0; t <= SIM_POSITIONS; t++) {
        for (uint32_t l = 0; l < shape->layers; l++) {
            for (uint32_t i = 0; i < 2u * SIM_RATIO; i++) {
                truth->slot[t][l][i] = truth->all.layer[l].slot[i];
            }
        }
        if (t < SIM_POSITIONS) {
            truth->out[t] = sim_run(&truth->all, t, true);
        }
    }
}

/* What blocks up to `boundary` hold: compressed rows. */
static void sim_load_blocks(sim *s, const sim_truth *truth, uint32_t boundary)
{
    s->boundary = boundary;
    for (uint32_t l = 0; l < s->shape->layers; l++) {
        uint32_t ratio = s->shape->layer[l].ratio;
        for (uint32_t i = 0; ratio != 0 && i < boundary / ratio; i++) {
            s->layer[l].row[s->layer[l].rows++] = truth->all.layer[l].row[i];
        }
    }
}

/* What a tail of `total` tokens holds: raw rows, state, and the rows beyond `rows_end`. */
static void sim_install_tail(sim *s, const sim_truth *truth, uint32_t total, uint32_t raw_rows,
                             uint32_t rows_end)
{
    for (uint32_t l = 0; l < s->shape->layers; l++) {
        uint32_t ratio = s->shape->layer[l].ratio;
        for (uint32_t p = total - raw_rows; p < total; p++) {
            s->layer[l].raw[p] = truth->all.layer[l].raw[p];
        }
        for (uint32_t i = 0; i < 2u * SIM_RATIO; i++) {
            s->layer[l].slot[i] = truth->slot[total][l][i];
        }
        for (uint32_t i = ratio == 0 ? 0 : rows_end / ratio; ratio != 0 && i < total / ratio; i++) {
            s->layer[l].row[s->layer[l].rows++] = truth->all.layer[l].row[i];
        }
    }
}

/* How a plan is carried out, faults included. */
typedef struct sim_deed {
    uint32_t late;         /* tokens that the run starts late */
    uint32_t early;        /* or early, committing what it runs */
    bool commit_last;      /* the last token is committed although only its logits are missing */
    const sim_truth *tail; /* whose tail is installed; NULL: the prompt's */
} sim_deed;

/* Carries out a plan and says whether the tokens to prefill, and those after the prompt, come out
 * as in a run of all tokens. */
static bool sim_carry_out(sim *s, const sim_truth *truth, const wmbt_plan_input *in,
                          const told *plan, const sim_deed *deed)
{
    uint32_t end = in->prompt_tokens + SIM_AFTER;
    sim_start(s, in->shape);
    s->salt = truth->all.salt;
    s->salt_from = truth->all.salt_from;
    sim_load_blocks(s, truth, plan->boundary);
    if (plan->load_tail != 0) {
        sim_install_tail(s, deed->tail == NULL ? truth : deed->tail, in->tail.total_tokens,
                         in->tail.raw_rows, in->tail.rows_end);
    }
    if (deed->early != 0 || deed->commit_last) {
        s->boundary = 0; /* the engine appends a row whenever a group is complete */
    }
    uint32_t start = plan->run_from + deed->late - deed->early;
    bool right = start <= plan->restored;
    for (uint32_t t = start; t < end; t++) {
        bool last = plan->logits_only != 0 && t == plan->run_from;
        uint32_t out = sim_run(s, t, !last || deed->commit_last);
        right = right && (t < plan->restored || out == truth->out[t]);
    }
    return right;
}

/* The kinds of layer; a shape of n layers is a number of n digits of base KINDS. */
static const wmbt_shape_layer kinds[] = {{0, 0, 0}, {1, 0, 1}, {2, 0, 0},
                                         {2, 0, 1}, {4, 0, 0}, {4, 0, 1}};
#define KINDS 6u
static const uint32_t windows[] = {1, 2, 3, 5};
#define WINDOWS 4u

typedef struct small_shape {
    wmbt_shape shape;
    wmbt_shape_layer layer[SIM_LAYERS];
    uint32_t step; /* tokens between boundaries; at least 2 */
} small_shape;

/* Shape number `number` of `layers` layers and a window. */
static void make_shape(small_shape *s, uint32_t layers, uint32_t number, uint32_t window)
{
    s->step = 2;
    for (uint32_t i = 0; i < layers; i++, number /= KINDS) {
        wmbt_bytes_copy((uint8_t *)&s->layer[i], (const uint8_t *)&kinds[number % KINDS],
                        sizeof s->layer[i]);
        s->step = s->layer[i].ratio > s->step ? s->layer[i].ratio : s->step;
    }
    s->shape.layer = s->layer;
    s->shape.layers = layers;
    s->shape.head_dim = 1;
    s->shape.index_dim = 0;
    s->shape.element_bytes = 1;
    s->shape.window = window;
}

typedef struct sim_memory {
    sim_truth truth, other;
    sim s;
    small_shape shape;
} sim_memory;

/* Calls `check` for every small shape, with blocks of one and of two steps. */
static void each_shape(wmbt_test *t, uint32_t layers,
                       void (*check)(wmbt_test *t, sim_memory *m, uint32_t block_tokens))
{
    sim_memory *m = (sim_memory *)(void *)wmbt_test_alloc(t, sizeof *m);
    T_CHECK(t, m != NULL);
    uint32_t numbers = layers == 1 ? KINDS : layers == 2 ? KINDS * KINDS : KINDS * KINDS * KINDS;
    for (uint32_t number = 0; number < numbers; number++) {
        for (uint32_t w = 0; w < WINDOWS; w++) {
            make_shape(&m->shape, layers, number, windows[w]);
            sim_run_all(&m->truth, &m->shape.shape, 0, 0);
            T_CALL(t, check(t, m, m->shape.step));
            T_CALL(t, check(t, m, 2 * m->shape.step));
        }
    }
}

static const sim_deed as_planned = {0, 0, false, NULL};
static const sim_deed one_late = {1, 0, false, NULL};

static void check_exact_from(wmbt_test *t, sim_memory *m, uint32_t block_tokens)
{
    for (uint32_t boundary = 0; boundary <= 32; boundary += block_tokens) {
        for (uint32_t more = 0; more < 4; more++) {
            wmbt_plan_input in =
                input_of(&m->shape.shape, block_tokens, boundary + more, boundary / block_tokens);
            told plan;
            T_EQ(t, plan_of(&in, &plan), WMBT_OK);
            T_EQ(t, plan.load_tail, 0);
            T_EQ(t, plan.run_from, plan.exact_from);
            T_EQ(t, plan.exact, 1);
            if (in.prompt_tokens != 0) {
                T_CHECK(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &as_planned));
                T_CHECK(t, !sim_carry_out(&m->s, &m->truth, &in, &plan, &one_late));
            }
        }
    }
}

static void test_exact_from(wmbt_test *t)
{
    for (uint32_t layers = 1; layers <= T_MANY(SIM_LAYERS, SIM_LAYERS - 1u); layers++) {
        T_CALL(t, each_shape(t, layers, check_exact_from));
        wmbt_test_reset(t);
    }
}

static bool a_ratio_divides(const wmbt_shape *shape, uint32_t n)
{
    for (uint32_t i = 0; i < shape->layers; i++) {
        if (shape->layer[i].ratio != 0 && n % shape->layer[i].ratio == 0) {
            return true;
        }
    }
    return false;
}

static bool compresses(const wmbt_shape *shape)
{
    return a_ratio_divides(shape, 0); /* any ratio does */
}

/* A tail that counts is right; started late it is wrong, and so is one that lacks a raw row. */
static void check_tail(wmbt_test *t, sim_memory *m, const wmbt_plan_input *in)
{
    static const sim_deed again = {0, 1, false, NULL}, commit_last = {0, 0, true, NULL};
    told plan, other;
    uint32_t total = in->tail.total_tokens;
    bool repeats = a_ratio_divides(in->shape, total); /* a row would be made twice */
    T_EQ(t, plan_of(in, &plan), WMBT_OK);
    T_EQ(t, plan.load_tail, 1);
    T_EQ(t, plan.tail_status, WMBT_OK);
    T_EQ(t, plan.exact_from, plan.restored);
    T_EQ(t, plan.logits_only, total == in->prompt_tokens);
    T_CHECK(t, sim_carry_out(&m->s, &m->truth, in, &plan, &as_planned));
    T_CHECK(t, !sim_carry_out(&m->s, &m->truth, in, &plan, &one_late));
    if (plan.logits_only != 0) {
        T_EQ(t, sim_carry_out(&m->s, &m->truth, in, &plan, &commit_last), !repeats);
    } else if (in->tail.raw_rows == wmbt_min_u32(total, in->shape->window)) {
        /* what the engine does: it runs the tail's last token again */
        T_EQ(t, sim_carry_out(&m->s, &m->truth, in, &plan, &again), !repeats);
    }

    /* the plan refuses what would be wrong: fewer raw rows */
    wmbt_plan_input less = *in;
    uint32_t needed = wmbt_min_u32(total, in->shape->window - (plan.logits_only != 0 ? 0u : 1u));
    less.tail.raw_rows = needed;
    T_EQ(t, plan_of(&less, &other), WMBT_OK);
    T_EQ(t, other.load_tail, 1);
    T_CHECK(t, sim_carry_out(&m->s, &m->truth, &less, &plan, &as_planned));
    if (needed > 0) {
        less.tail.raw_rows = needed - 1;
        T_EQ(t, plan_of(&less, &other), WMBT_OK);
        T_EQ(t, other.tail_reason, WMBT_PLAN_TAIL_RAW_ROWS);
        T_CHECK(t, !sim_carry_out(&m->s, &m->truth, &less, &plan, &as_planned));
        T_CHECK(t, sim_carry_out(&m->s, &m->truth, &less, &other, &as_planned));
    }
}

/* Partial rows that go on elsewhere: a row twice, or a row in neither object. */
static void check_partial_rows(wmbt_test *t, sim_memory *m, const wmbt_plan_input *in)
{
    told plan, other;
    T_EQ(t, plan_of(in, &plan), WMBT_OK);
    for (uint32_t end = 0; end <= in->tail.total_tokens; end += m->shape.step) {
        wmbt_plan_input moved = *in;
        moved.tail.rows_end = end;
        bool good = end == plan.boundary || !compresses(in->shape);
        T_EQ(t, plan_of(&moved, &other), WMBT_OK);
        T_EQ(t, other.load_tail, good);
        T_EQ(t, other.tail_reason, good ? plan.tail_reason : WMBT_PLAN_TAIL_PARTIAL_ROWS);
        T_EQ(t, sim_carry_out(&m->s, &m->truth, &moved, &plan, &as_planned), good);
        T_CHECK(t, sim_carry_out(&m->s, &m->truth, &moved, &other, &as_planned));
    }
    wmbt_plan_input unknown = *in;
    unknown.tail.rows_agree = 0;
    T_EQ(t, plan_of(&unknown, &other), WMBT_OK);
    T_EQ(t, other.tail_reason, WMBT_PLAN_TAIL_PARTIAL_ROWS);
}

static void check_tails(wmbt_test *t, sim_memory *m, uint32_t block_tokens)
{
    for (uint32_t blocks = 1; blocks <= 3 && blocks * block_tokens <= 16; blocks++) {
        uint32_t boundary = blocks * block_tokens;
        for (uint32_t total = boundary; total < boundary + block_tokens; total++) {
            for (uint32_t more = 0; more < 2; more++) {
                wmbt_plan_input in = input_of(&m->shape.shape, block_tokens, total + more, blocks);
                set_tail(&in, total);
                in.flags = total == boundary ? 0 : WMBT_PLAN_TRUST_TAIL;
                T_CALL(t, check_tail(t, m, &in));
                if (more == 0) {
                    T_CALL(t, check_partial_rows(t, m, &in));
                }
            }
        }
    }
}

static void test_tails(wmbt_test *t)
{
    for (uint32_t layers = 1; layers < SIM_LAYERS; layers++) {
        T_CALL(t, each_shape(t, layers, check_tails));
        wmbt_test_reset(t);
    }
}

/* A tail of more tokens than the blocks and one more block have: as after a hole, or behind a chain
 * that was cut off. Rows in between are in neither object. */
static void check_past_block(wmbt_test *t, sim_memory *m, uint32_t block_tokens)
{
    for (uint32_t total = 2 * block_tokens; total < 4 * block_tokens; total++) {
        wmbt_plan_input in = input_of(&m->shape.shape, block_tokens, total + 1, 1);
        set_tail(&in, total);
        in.flags = WMBT_PLAN_TRUST_TAIL;
        told plan;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_PAST_BLOCK);
        T_EQ(t, plan.tail_status, WMBT_DOES_NOT_FIT);
        T_EQ(t, plan.restored, block_tokens);
        T_CHECK(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &as_planned));
        plan.load_tail = 1; /* as the engine would */
        plan.restored = plan.run_from = total;
        T_EQ(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &as_planned), !compresses(in.shape));
    }
}

static void test_past_block(wmbt_test *t)
{
    T_CALL(t, each_shape(t, 2, check_past_block));
}

/* --- failures of peers ------------------------------------------------------------------------ */

/* A store that failed is visible: here a tail counts only if it was read and is intact. */
static void test_failure_13(wmbt_test *t)
{
    for (wmbt_status status = -1; status < 130; status++) {
        wmbt_plan_input in = input_of(FLASH, 128, 300, 2);
        set_tail(&in, 256);
        in.tail.status = status;
        told plan;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.load_tail, status == WMBT_OK);
        T_EQ(t, plan.tail_status, status);
        T_EQ(t, plan.tail_reason,
             status == WMBT_OK        ? WMBT_PLAN_TAIL_COUNTS
             : status == WMBT_MISSING ? WMBT_PLAN_TAIL_MISSING
                                      : WMBT_PLAN_TAIL_REFUSED);
        T_EQ(t, plan.exact_from, status == WMBT_OK ? 256 : 0);
    }
}

/* The tail's key does not cover its tokens: another prompt with the same blocks left its tail here.
 * Unless it ends with the blocks it must not count, and whoever vouches for it wrongly is wrong. */
static void check_failure_26(wmbt_test *t, sim_memory *m, uint32_t block_tokens)
{
    uint32_t boundary = block_tokens;
    sim_run_all(&m->other, &m->shape.shape, 5, boundary);
    const sim_deed foreign = {0, 0, false, &m->other};
    for (uint32_t total = boundary; total < 2 * block_tokens; total++) {
        for (uint32_t more = 0; more < 2; more++) {
            wmbt_plan_input in = input_of(&m->shape.shape, block_tokens, total + more, 1);
            set_tail(&in, total);
            told plan;
            T_EQ(t, plan_of(&in, &plan), WMBT_OK);
            T_EQ(t, plan.load_tail, total == boundary);
            T_EQ(t, plan.tail_status, WMBT_OK);
            T_EQ(t, plan.tail_reason,
                 total == boundary ? WMBT_PLAN_TAIL_COUNTS : WMBT_PLAN_TAIL_UNPROVEN);
            T_CHECK(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &foreign));
            in.flags = WMBT_PLAN_TRUST_TAIL;
            T_EQ(t, plan_of(&in, &plan), WMBT_OK);
            T_EQ(t, plan.load_tail, 1);
            bool carries = compresses(in.shape) || in.shape->window > 1 || more == 0;
            T_EQ(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &foreign),
                 total == boundary || !carries);
        }
    }
}

static void test_failure_26(wmbt_test *t)
{
    T_CALL(t, each_shape(t, 2, check_failure_26));
}

/* A restore that goes on at a block boundary with an empty window: silently wrong. A plan does so
 * only if asked to, and says whether it is exact. */
static void check_failure_28(wmbt_test *t, sim_memory *m, uint32_t block_tokens)
{
    for (uint32_t boundary = block_tokens; boundary <= 24; boundary += block_tokens) {
        for (uint32_t more = 0; more < 2; more++) {
            wmbt_plan_input in =
                input_of(&m->shape.shape, block_tokens, boundary + more, boundary / block_tokens);
            in.flags = WMBT_PLAN_INEXACT;
            told plan;
            T_EQ(t, plan_of(&in, &plan), WMBT_OK);
            T_EQ(t, plan.run_from, plan.restored);
            T_EQ(t, plan.exact, plan.exact_from == plan.restored);
            T_EQ(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &as_planned), plan.exact);
            in.flags = 0;
            T_EQ(t, plan_of(&in, &plan), WMBT_OK);
            T_CHECK(t, sim_carry_out(&m->s, &m->truth, &in, &plan, &as_planned));
        }
    }
}

static void test_failure_28(wmbt_test *t)
{
    T_CALL(t, each_shape(t, 2, check_failure_28));
    told plan;
    wmbt_plan_input in = input_of(FLASH, 128, 60000, 400);
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_CHECK(t, plan.run_from < plan.restored);
    in.flags = WMBT_PLAN_INEXACT;
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_EQ(t, plan.run_from, 51200);
    T_EQ(t, plan.exact, 0);
}

/* --- the call --------------------------------------------------------------------------------- */

static void check_refused(wmbt_test *t, const wmbt_plan_input *in, wmbt_status want)
{
    wmbt_plan plan;
    wmbt_bytes_fill((uint8_t *)&plan, UNTOUCHED, sizeof plan);
    T_EQ(t, wmbt_plan_make(in, &plan), want);
    for (size_t i = 0; i < sizeof plan; i++) {
        T_EQ(t, ((const uint8_t *)&plan)[i], UNTOUCHED);
    }
}

static void test_bad_arguments(wmbt_test *t)
{
    told plan;
    wmbt_plan_input in = input_of(FLASH, 128, 300, 2);
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    in.usable_blocks = 3; /* 384 tokens */
    T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
    in.usable_blocks = 0x02000000; /* 2^32 tokens */
    T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
    in.usable_blocks = UINT32_MAX;
    T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
    in.usable_blocks = 2;
    static const uint32_t sizes[] = {0, 1, 64, 127, 129, 8320, UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        in.block_tokens = sizes[i];
        in.usable_blocks = 2;
        in.prompt_tokens = UINT32_MAX;
        T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
        in.usable_blocks = 0; /* then the size is of no interest */
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.run_inexact, UINT32_MAX);
    }
    in = input_of(FLASH, 128, 300, 2);
    for (uint32_t bit = 2; bit < 32; bit++) {
        in.flags = 1u << bit;
        T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
    }
    in.flags = 0;
    in.shape = NULL;
    T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
    wmbt_shape shape = {NULL, 1, 1, 0, 1, 1};
    in.shape = &shape;
    T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
    shape.layer = kinds;
    shape.window = 0;
    T_CALL(t, check_refused(t, &in, WMBT_UNSUPPORTED_SHAPE));
}

/* No tokens; no blocks; one token. */
static void test_nothing(wmbt_test *t)
{
    told plan;
    wmbt_plan_input in = input_of(FLASH, 128, 0, 0);
    set_tail(&in, 0);
    in.blocks_bytes = 99;
    in.tail.bytes = 99;
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_CHECK(t, plan.boundary == 0 && plan.restored == 0 && plan.run_inexact == 0 &&
                   plan.exact_from == 0 && plan.run_from == 0 && plan.exact == 1 &&
                   plan.logits_only == 0 && plan.load_tail == 0 && plan.bytes_to_read == 0);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_NO_BLOCK);
    T_EQ(t, plan.tail_status, WMBT_MISSING);
    in.prompt_tokens = 127;
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_CHECK(t, plan.restored == 0 && plan.run_inexact == 127 && plan.exact_from == 0);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_NO_BLOCK);
    /* blocks of one token, without a window or rows: all is restored but the last token */
    static const wmbt_shape_layer none = {0, 0, 0};
    const wmbt_shape shape = {&none, 1, 1, 0, 1, 1};
    in = input_of(&shape, 1, 1, 1);
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_CHECK(t, plan.restored == 0 && plan.run_inexact == 1 && plan.exact_from == 0);
}

/* Every reason, in the order of the checks: a row repairs what the row before was refused for. */
static void test_reasons(wmbt_test *t)
{
    static const struct {
        uint32_t blocks;
        wmbt_status status;
        uint32_t total, tokens, raw_rows, agree, end, flags, reason;
    } rows[] = {
        {0, WMBT_BAD_CHECKSUM, 255, 300, 0, 0, 0, 0, WMBT_PLAN_TAIL_NO_BLOCK},
        {2, WMBT_MISSING, 255, 300, 0, 0, 0, 0, WMBT_PLAN_TAIL_MISSING},
        {2, WMBT_BAD_CHECKSUM, 255, 300, 0, 0, 0, 0, WMBT_PLAN_TAIL_REFUSED},
        {2, WMBT_OK, 255, 300, 0, 0, 0, 0, WMBT_PLAN_TAIL_BELOW_BLOCKS},
        {2, WMBT_OK, 301, 300, 0, 0, 0, 0, WMBT_PLAN_TAIL_PAST_PROMPT},
        {2, WMBT_OK, 384, 384, 0, 0, 0, 0, WMBT_PLAN_TAIL_PAST_BLOCK},
        {2, WMBT_OK, 383, 384, 126, 0, 0, 0, WMBT_PLAN_TAIL_RAW_ROWS},
        {2, WMBT_OK, 383, 383, 127, 0, 0, 0, WMBT_PLAN_TAIL_RAW_ROWS},
        {2, WMBT_OK, 383, 384, 129, 0, 0, 0, WMBT_PLAN_TAIL_RAW_ROWS},
        {2, WMBT_OK, 383, 384, 127, 0, 256, 0, WMBT_PLAN_TAIL_PARTIAL_ROWS},
        {2, WMBT_OK, 383, 384, 127, 1, 128, 0, WMBT_PLAN_TAIL_PARTIAL_ROWS},
        {2, WMBT_OK, 383, 384, 127, 1, 256, 0, WMBT_PLAN_TAIL_UNPROVEN},
        {2, WMBT_OK, 383, 384, 127, 1, 256, 2, WMBT_PLAN_TAIL_UNPROVEN},
        {2, WMBT_OK, 383, 384, 127, 1, 256, 1, WMBT_PLAN_TAIL_COUNTS_TRUSTED},
        {2, WMBT_OK, 383, 383, 128, 1, 256, 3, WMBT_PLAN_TAIL_COUNTS_TRUSTED},
        {2, WMBT_OK, 256, 384, 127, 1, 256, 0, WMBT_PLAN_TAIL_COUNTS},
        {2, WMBT_OK, 256, 256, 128, 1, 256, 1, WMBT_PLAN_TAIL_COUNTS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_plan_input in = input_of(FLASH, 128, rows[i].tokens, rows[i].blocks);
        in.flags = rows[i].flags;
        in.tail.status = rows[i].status;
        in.tail.total_tokens = rows[i].total;
        in.tail.raw_rows = rows[i].raw_rows;
        in.tail.rows_agree = rows[i].agree;
        in.tail.rows_end = rows[i].end;
        told plan;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.tail_reason, rows[i].reason);
        T_EQ(t, plan.load_tail,
             rows[i].reason == WMBT_PLAN_TAIL_COUNTS ||
                 rows[i].reason == WMBT_PLAN_TAIL_COUNTS_TRUSTED);
        bool misfit = rows[i].reason >= WMBT_PLAN_TAIL_BELOW_BLOCKS &&
                      rows[i].reason <= WMBT_PLAN_TAIL_PARTIAL_ROWS;
        T_EQ(t, plan.tail_status,
             misfit                ? WMBT_DOES_NOT_FIT
             : rows[i].blocks == 0 ? WMBT_MISSING
                                   : rows[i].status);
    }
}

static void test_reason_names(wmbt_test *t)
{
    static const char *const names[] = {
        "no-block", "missing",      "refused",  "below-blocks", "past-prompt",    "past-block",
        "raw-rows", "partial-rows", "unproven", "counts",       "counts-trusted", "window-extra"};
    for (uint32_t i = 0; i < 12; i++) {
        T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_plan_tail_reason_name(i)), names[i]));
    }
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_plan_tail_reason_name(12)), "unknown"));
    T_CHECK(t,
            wmbt_test_view_is(wmbt_test_text(wmbt_plan_tail_reason_name(UINT32_MAX)), "unknown"));
}

/* A module that needs raw rows before those of the window: a tail that has them serves, and a run
 * without one begins so much earlier. A tail has at most the window's rows, or all there are. */
static void test_window_extra(wmbt_test *t)
{
    static const struct {
        uint32_t blocks, total, tokens, raw_rows, extra, reason;
    } rows[] = {
        {2, 256, 300, 127, 0, WMBT_PLAN_TAIL_COUNTS},
        {2, 256, 300, 127, 1, WMBT_PLAN_TAIL_WINDOW_EXTRA},
        {2, 256, 300, 128, 1, WMBT_PLAN_TAIL_COUNTS},
        {2, 256, 300, 128, 2, WMBT_PLAN_TAIL_WINDOW_EXTRA},
        {2, 256, 256, 128, 0, WMBT_PLAN_TAIL_COUNTS},
        {2, 256, 256, 128, 1,
         WMBT_PLAN_TAIL_WINDOW_EXTRA}, /* the last token's row is one of them */
        {2, 256, 300, 126, 1, WMBT_PLAN_TAIL_RAW_ROWS},
        {1, 128, 300, 128, 1000, WMBT_PLAN_TAIL_COUNTS}, /* there are no more */
        {1, 128, 300, 128, UINT32_MAX, WMBT_PLAN_TAIL_COUNTS},
        {1, 128, 300, 127, 1, WMBT_PLAN_TAIL_WINDOW_EXTRA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_plan_input in = input_of(FLASH, 128, rows[i].tokens, rows[i].blocks);
        set_tail(&in, rows[i].total);
        in.tail.raw_rows = rows[i].raw_rows;
        in.window_extra = rows[i].extra;
        told plan;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.tail_reason, rows[i].reason);
        bool counts = rows[i].reason == WMBT_PLAN_TAIL_COUNTS;
        T_EQ(t, plan.load_tail, counts);
        T_EQ(t, plan.exact_from, counts ? plan.restored : 0);
    }
    wmbt_plan_input in = input_of(FLASH, 128, 60000, 400);
    told plan;
    in.window_extra = 100;
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_EQ(t, plan.exact_from, 51200 - 5461 - 100);
    in.window_extra = UINT32_MAX;
    T_EQ(t, plan_of(&in, &plan), WMBT_OK);
    T_EQ(t, plan.exact_from, 0);
}

static void test_bytes(wmbt_test *t)
{
    static const struct {
        uint64_t blocks, tail, want;
    } rows[] = {{0, 0, 0},
                {UINT64_MAX - 5, 5, UINT64_MAX},
                {UINT64_MAX - 5, 4, UINT64_MAX - 1},
                {UINT64_MAX - 5, 6, UINT64_MAX},
                {UINT64_MAX, UINT64_MAX, UINT64_MAX},
                {UINT64_C(0xFFFFFFFF), 1, UINT64_C(0x100000000)}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        told plan;
        wmbt_plan_input in = input_of(FLASH, 128, 300, 2);
        set_tail(&in, 256);
        in.blocks_bytes = rows[i].blocks;
        in.tail.bytes = rows[i].tail;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.bytes_to_read, rows[i].want);
        in.tail.status = WMBT_BAD_CHECKSUM; /* what does not count is not read */
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.bytes_to_read, rows[i].blocks);
    }
}

/* A number that is often small, at a power of two or at the end of the range. */
static uint32_t any_number(uint32_t *seed)
{
    uint32_t r = wmbt_test_random(seed);
    uint32_t near = (wmbt_test_random(seed) & 3u) - 1u;
    switch (r & 3u) {
    case 0: return wmbt_test_random(seed) >> (r >> 27);
    case 1: return (1u << (r >> 27)) + near;
    case 2: return (r >> 4) % 9u * 128u + near;
    default: return wmbt_test_random(seed);
    }
}

/* What must hold of any plan, in 64 bits. */
static void check_any(wmbt_test *t, const wmbt_plan_input *in, const told *plan)
{
    uint64_t tokens = in->prompt_tokens, total = in->tail.total_tokens;
    uint64_t boundary = (uint64_t)in->usable_blocks * in->block_tokens;
    if (in->usable_blocks == 0) {
        boundary = 0;
    }
    uint64_t window = in->shape->window - (total < tokens ? 1u : 0u);
    bool counts = in->usable_blocks != 0 && in->tail.status == WMBT_OK && boundary <= total &&
                  total <= tokens && total < boundary + in->block_tokens &&
                  (in->tail.raw_rows >= total || in->tail.raw_rows >= window) &&
                  in->tail.raw_rows <= total && in->tail.raw_rows <= in->shape->window &&
                  in->tail.rows_agree != 0 &&
                  (in->tail.rows_end == boundary || !compresses(in->shape)) &&
                  (total == boundary || (in->flags & WMBT_PLAN_TRUST_TAIL) != 0);
    T_CHECK(t, boundary <= tokens);
    T_EQ(t, plan->load_tail, counts);
    uint64_t covered = counts ? total : boundary;
    uint64_t restored = tokens == 0 ? 0 : covered < tokens ? covered : tokens - 1;
    T_EQ(t, plan->restored, restored);
    T_EQ(t, plan->run_inexact, tokens - restored);
    T_EQ(t, plan->logits_only, counts && total == tokens);
    T_CHECK(t, plan->exact_from <= plan->restored);
    T_CHECK(t, !counts || plan->exact_from == plan->restored);
    T_EQ(t, plan->run_from,
         (in->flags & WMBT_PLAN_INEXACT) != 0 ? plan->restored : plan->exact_from);
    T_EQ(t, plan->exact, plan->run_from == plan->exact_from);
}

static void test_any_input(wmbt_test *t)
{
    uint32_t seed = 4711, made = 0, counted = 0;
    small_shape small;
    for (uint32_t round = 0; round < 300000; round++) {
        make_shape(&small, 1 + round % SIM_LAYERS, wmbt_test_random(&seed) % 216,
                   round % 5 == 0 ? WMBT_SHAPE_MAX_WINDOW : windows[round % WINDOWS]);
        wmbt_plan_input in = input_of(round % 3 == 0 ? FLASH : &small.shape, any_number(&seed),
                                      any_number(&seed), any_number(&seed) >> (round & 31u));
        in.block_tokens = round % 4 == 0 ? in.block_tokens : 128u << (round & 3u);
        if (round % 2 == 0 && in.block_tokens != 0) { /* mostly something that fits */
            in.usable_blocks = wmbt_min_u32(in.usable_blocks, in.prompt_tokens / in.block_tokens);
        }
        in.flags = wmbt_test_random(&seed) & 3u;
        in.tail.status = round % 7 == 0 ? (wmbt_status)(any_number(&seed) & 127u) : WMBT_OK;
        in.tail.total_tokens = any_number(&seed);
        if (round % 3 != 1) {
            in.tail.total_tokens =
                in.usable_blocks * in.block_tokens + (any_number(&seed) >> (round & 31u));
        }
        in.tail.raw_rows = round % 5 == 1 ? any_number(&seed)
                                          : wmbt_min_u32(in.shape->window, in.tail.total_tokens);
        in.tail.rows_agree = (round >> 3) % 5 != 0;
        in.tail.rows_end =
            (round >> 4) % 5 == 0 ? any_number(&seed) : in.usable_blocks * in.block_tokens;
        told plan;
        if (plan_of(&in, &plan) == WMBT_OK) {
            T_CALL(t, check_any(t, &in, &plan));
            made++;
            counted += plan.load_tail;
        } else {
            T_CALL(t, check_refused(t, &in, WMBT_BAD_ARGUMENT));
        }
    }
    T_CHECK(t, made > 100000 && made < 290000 && counted > 10000);
}

#if WMBT_CFG_RAWTAIL
/* The raw tail's own judgement of what it fits, which knows more of tails and less of prompts. */
static void test_rawtail_agrees(wmbt_test *t)
{
    uint32_t seed = 8, fits = 0;
    small_shape small;
    for (uint32_t round = 0; round < 100000; round++) {
        make_shape(&small, 1 + round % SIM_LAYERS, wmbt_test_random(&seed) % 216,
                   windows[wmbt_test_random(&seed) % WINDOWS]);
        uint32_t blocks = 1 + wmbt_test_random(&seed) % 2;
        uint32_t boundary = blocks * small.step;
        uint32_t total = boundary - 1 + wmbt_test_random(&seed) % (small.step + 2);
        wmbt_plan_input in = input_of(&small.shape, small.step, 0, blocks);
        in.prompt_tokens = boundary + wmbt_test_random(&seed) % (small.step + 2);
        set_tail(&in, total);
        in.tail.raw_rows = wmbt_test_random(&seed) % (in.tail.raw_rows + 1);
        in.tail.rows_end = wmbt_test_random(&seed) % 3 * small.step;
        in.tail.rows_agree = !compresses(&small.shape) || wmbt_test_random(&seed) % 4 != 0;
        wmbt_rawtail_info info = {0};
        info.total_tokens = total;
        info.raw_rows = in.tail.raw_rows;
        info.flags = in.tail.rows_agree != 0 ? WMBT_RAWTAIL_ROWS_AGREE : 0;
        info.block_end = in.tail.rows_end;
        told plan;
        T_EQ(t, plan_of(&in, &plan), WMBT_OK);
        T_EQ(t, plan.tail_status,
             wmbt_rawtail_fits(&info, &small.shape, small.step, boundary, in.prompt_tokens));
        fits += plan.tail_status == WMBT_OK;
    }
    T_CHECK(t, fits > 5000 && fits < 95000);
}
#endif

static const wmbt_case cases[] = {
    {"all prompts of the bucket", test_prompts, 0, PROMPTS},
    {"today's model", test_flash, 0, NULL},
    {"the example of docs/REUSE.md", test_example, 0, NULL},
    {"a prompt of one token", test_one_token, 0, NULL},
    {"exact_from: right, and one token later wrong", test_exact_from, sizeof(sim_memory) + 64,
     NULL},
    {"a tail that fits is right, with less it is wrong", test_tails, sizeof(sim_memory) + 64, NULL},
    {"a tail behind rows that are in no object", test_past_block, sizeof(sim_memory) + 64, NULL},
    {"failure 13: only what was read and is intact counts", test_failure_13, 0, NULL},
    {"failure 26: a tail of other tokens under the same key", test_failure_26,
     sizeof(sim_memory) + 64, NULL},
    {"failure 28: going on with an empty window", test_failure_28, sizeof(sim_memory) + 64, NULL},
    {"bad arguments", test_bad_arguments, 0, NULL},
    {"no tokens, no blocks", test_nothing, 0, NULL},
    {"every reason, in order", test_reasons, 0, NULL},
    {"names of reasons", test_reason_names, 0, NULL},
    {"raw rows before the window", test_window_extra, 0, NULL},
    {"bytes to read", test_bytes, 0, NULL},
    {"any input", test_any_input, 0, NULL},
#if WMBT_CFG_RAWTAIL
    {"what a tail fits, as the raw tail says", test_rawtail_agrees, 0, NULL},
#endif
};
WMBT_SUITE(plan, cases);
