/* SPDX-License-Identifier: Apache-2.0 */
/* reuse: every verdict against a table that was written from the document, not from the source. */
#include "wombatkv/reuse.h"

#include "base/bytes.h"
#include "../support/test.h"

#define D1 "64b91ca7fe644b145a842e1006d9709c2178300072b068ca382399e95536e646"
#define D1_UPPER "64B91CA7FE644B145A842E1006D9709C2178300072B068CA382399E95536E646"
#define D2 "5b5df56ea0c5a2ad145c08f6f3f2281ff911e75221579196527f885646a3003d"

#define F(name) WMBT_FINGERPRINT_##name
#define BIT(name) WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_##name)
#define FIELDS WMBT_FINGERPRINT_FIELDS

/* --- the model -------------------------------------------------------------------------------- */

/* What a side says of a field. */
#define U 0  /* unknown */
#define N 1  /* none */
#define A 2  /* a value */
#define A2 3 /* the same value, spelled otherwise where there is another spelling */
#define B 4  /* another value */
#define S 5  /* replicated, or zero */
#define W 6  /* a weak text */
#define X 7  /* another weak text */
#define SAYS 8u

/*
 * What two sides make of a field: '=' same, '!' differ, '?' unknown, 'w' unknown by weakness, 'x'
 * that and differing.
 */
static const char outcomes[SAYS][SAYS + 1] = {
    /*        UNAaBSWX */
    /* U  */ "??????ww",
    /* N  */ "?=!!!!ww",
    /* A  */ "?!==!!ww",
    /* A2 */ "?!==!!ww",
    /* B  */ "?!!!=!ww",
    /* S  */ "?!!!!=ww",
    /* W  */ "wwwwwwwx",
    /* X  */ "wwwwwwxw",
};

/* One row a field, in no particular order: what can be said of it, and what a difference does: 'd'
 * denies, 'n' denies and cannot be accepted unknown, '-' nothing. */
struct row {
    const char *name;
    char effect;
    const char *says[SAYS]; /* texts; NULL: cannot be said */
};

#define NOT_SAID NULL
#define WEAK "" /* set by the test itself */

static const struct row rows[FIELDS] = {
    {"served_name", '-', {"", "none", "flash", "flash", "flash-2", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"tenant", 'n', {"", "none", "a", "a", "b", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"cache_salt", 'n', {"", "none", "a", "a", "b", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"model_sha256", 'd', {"", NOT_SAID, D1, D1_UPPER, D2, NOT_SAID, WEAK, WEAK}},
    {"weight_quant", 'd', {"", "none", "q2", "q2", "q4", NOT_SAID, WEAK, WEAK}},
    {"tokenizer_sha256", 'd', {"", NOT_SAID, D1, D1_UPPER, D2, NOT_SAID, NOT_SAID, NOT_SAID}},
    {"position", 'd', {"", "none", "yarn", "yarn", "yarn-4", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"compute_dtype", 'd', {"", "none", "bf16", "bf16", "f16", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"kv_dtype",
     'd',
     {"", "none", "fp8-e4m3", "fp8-e4m3", "fp8-e5m2", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"kv_scale",
     'd',
     {"", "none", "per-head", "per-head", "per-token", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"layout", 'd', {"", NOT_SAID, "ds4-v1", "ds4-v1", "ds4-v2", "zero", NOT_SAID, NOT_SAID}},
    {"layers", 'd', {"", NOT_SAID, "0-42", "00-42", "0-41", NOT_SAID, NOT_SAID, NOT_SAID}},
    {"tp", 'd', {"", NOT_SAID, "0/8", "0/08", "1/8", "replicated", NOT_SAID, NOT_SAID}},
    {"pp", 'd', {"", NOT_SAID, "0/1", "00/01", "0/2", "replicated", NOT_SAID, NOT_SAID}},
    {"cp", 'd', {"", NOT_SAID, "3/4", "3/4", "3/5", "replicated", NOT_SAID, NOT_SAID}},
    {"lora_sha256", 'd', {"", "none", D2, D2, D1, NOT_SAID, NOT_SAID, NOT_SAID}},
    {"multimodal_sha256",
     'd',
     {"", "none", D1 "," D2, D1_UPPER ", " D2, D2 "," D1, NOT_SAID, NOT_SAID, NOT_SAID}},
};

/* Every value of every field, parsed once. */
struct values {
    wmbt_fingerprint_context says[SAYS];
};

static void fill_values(wmbt_test *t, struct values *v)
{
    wmbt_fingerprint_context weak[2];
    T_EQ(t, wmbt_fingerprint_init_ds4(&weak[0], WMBT_VIEW_LITERAL("abcdef0123456789abcdef01"), 2),
         WMBT_OK);
    T_EQ(t, wmbt_fingerprint_init_ds4(&weak[1], WMBT_VIEW_LITERAL("abcdef0123456789abcdef02"), 4),
         WMBT_OK);
    for (uint32_t s = 0; s < SAYS; s++) {
        wmbt_fingerprint_init(&v->says[s]);
        for (uint32_t i = 0; i < FIELDS; i++) {
            const char *text = rows[i].says[s];
            uint32_t field = wmbt_fingerprint_field_from_name(wmbt_test_text(rows[i].name));
            T_CHECK(t, field != 0);
            if (text == NULL || s == U) {
                continue;
            }
            if (s == W || s == X) {
                wmbt_bytes_copy((uint8_t *)&v->says[s].values[field - 1],
                                (const uint8_t *)&weak[s - W].values[field - 1],
                                sizeof weak[0].values[0]);
            } else {
                T_EQ(t, wmbt_fingerprint_set(&v->says[s], field, wmbt_test_text(text)), WMBT_OK);
            }
        }
    }
}

/* In scratch memory: stacks are small. NULL if the test has failed. */
static struct values *make_values(wmbt_test *t)
{
    struct values *v = (struct values *)(void *)wmbt_test_alloc(t, sizeof *v);
    if (v != NULL) {
        fill_values(t, v);
    }
    return t->failed ? NULL : v;
}

/* A pair of contexts, and what each says of row i. */
struct pair {
    wmbt_fingerprint_context have, want;
    uint8_t h[FIELDS], w[FIELDS];
};

static uint32_t field_of(uint32_t row)
{
    /* Fields of the rows, so that a name is not looked up a million times. */
    static const uint8_t fields[FIELDS] = {17, 14, 15, 1,  2,  3,  4,  5, 6,
                                           7,  8,  9,  10, 11, 12, 13, 16};
    return fields[row];
}

static void say(struct pair *p, const struct values *v, uint32_t row, uint32_t h, uint32_t w)
{
    uint32_t at = field_of(row) - 1;
    p->h[row] = (uint8_t)h;
    p->w[row] = (uint8_t)w;
    wmbt_bytes_copy((uint8_t *)&p->have.values[at], (const uint8_t *)&v->says[h].values[at],
                    sizeof v->says[0].values[0]);
    wmbt_bytes_copy((uint8_t *)&p->want.values[at], (const uint8_t *)&v->says[w].values[at],
                    sizeof v->says[0].values[0]);
}

/* The verdict by the table. */
static void expect(const struct pair *p, const wmbt_fingerprint_accept *accept,
                   wmbt_reuse_verdict *v)
{
    v->mismatches = v->unknown = v->weak = v->denied_by = 0;
    for (uint32_t i = 0; i < FIELDS; i++) {
        uint32_t bit = UINT32_C(1) << field_of(i);
        char outcome = outcomes[p->h[i]][p->w[i]];
        bool zero =
            field_of(i) == F(LAYOUT) && (p->h[i] == S || p->w[i] == S) && accept->zero_layout == 0;
        if (zero && outcome == '=') {
            outcome = '!';
        }
        bool denies = outcome == '!' || outcome == 'x' || zero;
        if (outcome == '?' || outcome == 'w') {
            denies = denies || rows[i].effect == 'n' || (accept->unknown & bit) == 0;
        }
        v->mismatches |= outcome == '!' || outcome == 'x' ? bit : 0;
        v->unknown |= outcome == '?' || outcome == 'w' || outcome == 'x' ? bit : 0;
        v->weak |= outcome == 'w' || outcome == 'x' ? bit : 0;
        v->denied_by |= denies && rows[i].effect != '-' ? bit : 0;
    }
    v->decision = v->denied_by == 0 ? 1 : 0;
}

static void check(wmbt_test *t, const struct pair *p, const wmbt_fingerprint_accept *accept)
{
    wmbt_reuse_verdict got = {9, 9, 9, 9, 9}, want;
    expect(p, accept, &want);
    wmbt_reuse_check(&p->have, &p->want, accept, &got);
    T_EQ(t, got.decision, want.decision);
    T_EQ(t, got.mismatches, want.mismatches);
    T_EQ(t, got.unknown, want.unknown);
    T_EQ(t, got.weak, want.weak);
    T_EQ(t, got.denied_by, want.denied_by);
}

/* Option 0: none; 1 to 17: that field; 18: the zero layout. */
#define OPTIONS 19u

static void option(uint32_t n, wmbt_fingerprint_accept *accept)
{
    accept->unknown = n >= 1 && n <= FIELDS ? UINT32_C(1) << n : 0;
    accept->zero_layout = n == FIELDS + 1 ? 1 : 0;
}

static void equal_pair(struct pair *p, const struct values *v)
{
    for (uint32_t i = 0; i < FIELDS; i++) {
        say(p, v, i, A, A2);
    }
}

static bool can_say(uint32_t row, uint32_t s)
{
    return rows[row].says[s] != NULL;
}

/* --- exhaustive and random -------------------------------------------------------------------- */

static void test_rows_name_fields(wmbt_test *t)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < FIELDS; i++) {
        uint32_t field = wmbt_fingerprint_field_from_name(wmbt_test_text(rows[i].name));
        T_EQ(t, field, field_of(i));
        seen |= UINT32_C(1) << field;
        bool acceptable = (WMBT_FINGERPRINT_ACCEPTABLE >> field & 1u) != 0;
        T_EQ(t, acceptable, rows[i].effect != 'n');
        T_EQ(t, (WMBT_FINGERPRINT_ENCODED >> field & 1u) != 0, rows[i].effect != '-');
    }
    T_EQ(t, seen, WMBT_FINGERPRINT_ALL);
}

/* Every field alone, in every state on both sides, under every option and under all at once. */
static void test_every_field(wmbt_test *t)
{
    struct pair p;
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    for (uint32_t i = 0; i < FIELDS; i++) {
        equal_pair(&p, v);
        for (uint32_t s = 0; s < SAYS * SAYS; s++) {
            if (!can_say(i, s / SAYS) || !can_say(i, s % SAYS)) {
                continue;
            }
            say(&p, v, i, s / SAYS, s % SAYS);
            wmbt_test_where(t, wmbt_test_text(rows[i].name));
            for (uint32_t n = 0; n < OPTIONS; n++) {
                wmbt_fingerprint_accept accept;
                option(n, &accept);
                T_CALL(t, check(t, &p, &accept));
            }
            wmbt_fingerprint_accept all = {UINT32_MAX, 1}, strange = {0x80000001u, 2};
            T_CALL(t, check(t, &p, &all));
            wmbt_fingerprint_accept none = {0, 0};
            wmbt_reuse_verdict a, b;
            wmbt_reuse_check(&p.have, &p.want, &none, &a);
            wmbt_reuse_check(&p.have, &p.want, &strange, &b);
            T_CHECK(t, a.denied_by == b.denied_by && a.mismatches == b.mismatches);
        }
    }
}

/* Emulators are slow: they take every so-manieth pair of states, and fewer random cases. */
#if __STDC_HOSTED__
#    define STATES_STEP 1u
#    ifndef RANDOM_CASES /* tests/independent takes ten times as many */
#        define RANDOM_CASES 1000000u
#    endif
#else
#    define STATES_STEP 13u
#    define RANDOM_CASES 20000u
#endif

/* Left out where there are many: both spellings of a value on both sides. */
static bool is_spare(uint32_t pair)
{
    return pair / SAYS == A2 || pair % SAYS == A;
}

/* Every pair of fields, likewise. */
static void test_every_pair_of_fields(wmbt_test *t)
{
    struct pair p;
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    for (uint32_t i = 0; i < FIELDS; i++) {
        for (uint32_t j = 0; j < i; j++) {
            equal_pair(&p, v);
            for (uint32_t s = 0; s < SAYS * SAYS * SAYS * SAYS; s += STATES_STEP) {
                uint32_t x = s / (SAYS * SAYS), y = s % (SAYS * SAYS);
                if (is_spare(x) || is_spare(y) || !can_say(i, x / SAYS) || !can_say(i, x % SAYS) ||
                    !can_say(j, y / SAYS) || !can_say(j, y % SAYS)) {
                    continue;
                }
                say(&p, v, i, x / SAYS, x % SAYS);
                say(&p, v, j, y / SAYS, y % SAYS);
                for (uint32_t n = 0; n < OPTIONS; n++) {
                    wmbt_fingerprint_accept accept;
                    option(n, &accept);
                    T_CALL(t, check(t, &p, &accept));
                }
            }
        }
    }
}

/* Reuse only if both sides have a fingerprint under the same options; and where nothing is
 * accepted, reuse if and only if both have the same encoding. */
static void check_with_encodings(wmbt_test *t, const struct pair *p,
                                 const wmbt_fingerprint_accept *accept)
{
    uint8_t a[512], b[512];
    size_t a_len = 0, b_len = 0;
    wmbt_fingerprint_accept valid = {accept->unknown & WMBT_FINGERPRINT_ACCEPTABLE,
                                     accept->zero_layout};
    wmbt_status have = wmbt_fingerprint_encode(&p->have, &valid, wmbt_buf_of(a, sizeof a), &a_len);
    wmbt_status want = wmbt_fingerprint_encode(&p->want, &valid, wmbt_buf_of(b, sizeof b), &b_len);
    bool both = have == WMBT_OK && want == WMBT_OK;
    bool same = both && a_len == b_len && wmbt_test_same(a, b, a_len);
    wmbt_reuse_verdict verdict;
    wmbt_reuse_check(&p->have, &p->want, accept, &verdict);
    T_CHECK(t, both || verdict.decision == WMBT_REUSE_DENY);
    T_CHECK(t, !same || verdict.decision == WMBT_REUSE_REUSE);
    if (accept->unknown == 0) {
        T_EQ(t, verdict.decision, same ? WMBT_REUSE_REUSE : WMBT_REUSE_DENY);
    }
}

static void test_random(wmbt_test *t)
{
    struct pair p;
    uint32_t seed = 0x5A17, reused = 0;
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    equal_pair(&p, v);
    for (uint32_t n = 0; n < RANDOM_CASES; n++) {
        /* A few fields change from case to case; most stay equal, so that reuse is met often. */
        for (uint32_t k = 0; k < 3; k++) {
            uint32_t random = wmbt_test_random(&seed) >> 4;
            uint32_t row = random % FIELDS, h = random / 32 % SAYS, w = random / 256 % SAYS;
            if (random / 2048 % 4 != 0) {
                w = h == A ? A2 : h;
            }
            if (can_say(row, h) && can_say(row, w)) {
                say(&p, v, row, h, w);
            }
        }
        uint32_t random = wmbt_test_random(&seed);
        wmbt_fingerprint_accept accept = {random, random >> 30 & 1u};
        if (random % 7 == 0) {
            accept.unknown = 0;
        } else if (random % 7 < 5) {
            accept.unknown = UINT32_MAX & ~(UINT32_C(1) << (random >> 8 & 31u));
        }
        T_CALL(t, check(t, &p, &accept));
        if (n % 16 == 0) {
            T_CALL(t, check_with_encodings(t, &p, &accept));
        }
        wmbt_reuse_verdict verdict;
        expect(&p, &accept, &verdict);
        reused += verdict.decision;
        if (n % 64 == 63) {
            equal_pair(&p, v);
        }
    }
    T_CHECK(t, reused > RANDOM_CASES / 50 && reused < RANDOM_CASES / 2);
}

static void test_symmetric(wmbt_test *t)
{
    struct pair p;
    uint32_t seed = 0x777;
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    for (uint32_t n = 0; n < 2000; n++) {
        equal_pair(&p, v);
        for (uint32_t i = 0; i < FIELDS; i++) {
            uint32_t random = wmbt_test_random(&seed) >> 8, h = random % SAYS,
                     w = random / 8 % SAYS;
            if (can_say(i, h) && can_say(i, w)) {
                say(&p, v, i, h, w);
            }
        }
        wmbt_fingerprint_accept accept = {wmbt_test_random(&seed), n & 1u};
        wmbt_reuse_verdict a, b;
        wmbt_reuse_check(&p.have, &p.want, &accept, &a);
        wmbt_reuse_check(&p.want, &p.have, &accept, &b);
        T_CHECK(t, a.decision == b.decision && a.mismatches == b.mismatches &&
                       a.unknown == b.unknown && a.weak == b.weak && a.denied_by == b.denied_by);
    }
}

static void test_states_that_do_not_exist(wmbt_test *t)
{
    struct pair p;
    wmbt_reuse_verdict verdict;
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    for (uint32_t i = 0; i < FIELDS; i++) {
        equal_pair(&p, v);
        uint32_t field = field_of(i);
        p.have.values[field - 1].state = p.want.values[field - 1].state = 6;
        wmbt_fingerprint_accept none = {0, 0};
        wmbt_reuse_check(&p.have, &p.want, &none, &verdict);
        T_EQ(t, verdict.unknown, UINT32_C(1) << field);
        T_EQ(t, verdict.decision, rows[i].effect == '-' ? WMBT_REUSE_REUSE : WMBT_REUSE_DENY);
    }
    wmbt_fingerprint_context zeroed;
    wmbt_bytes_fill((uint8_t *)&zeroed, 0, sizeof zeroed);
    wmbt_fingerprint_accept all = {UINT32_MAX, 1};
    wmbt_reuse_check(&zeroed, &zeroed, &all, &verdict);
    T_EQ(t, verdict.decision, WMBT_REUSE_DENY);
    T_EQ(t, verdict.unknown, WMBT_FINGERPRINT_ALL);
    T_EQ(t, verdict.denied_by, BIT(TENANT) | BIT(CACHE_SALT));
}

static void test_status(wmbt_test *t)
{
    static const struct {
        wmbt_reuse_verdict verdict;
        wmbt_status status;
    } table[] = {
        {{1, 0, 0, 0, 0}, WMBT_OK},
        {{1, BIT(SERVED_NAME), BIT(MODEL_SHA256), 0, 0}, WMBT_OK},
        {{0, BIT(MODEL_SHA256) | BIT(LAYOUT), 0, 0, BIT(MODEL_SHA256) | BIT(LAYOUT)},
         WMBT_WRONG_MODEL},
        {{0, BIT(LAYOUT) | BIT(TP), 0, 0, BIT(LAYOUT) | BIT(TP)}, WMBT_WRONG_LAYOUT},
        {{0, BIT(TP) | BIT(SERVED_NAME), BIT(CP), 0, BIT(TP) | BIT(CP)}, WMBT_WRONG_CONTEXT},
        {{0, BIT(SERVED_NAME), BIT(MODEL_SHA256), 0, BIT(MODEL_SHA256)}, WMBT_UNKNOWN_CONTEXT},
        {{0, 0, BIT(TENANT), 0, BIT(TENANT)}, WMBT_UNKNOWN_CONTEXT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        T_EQ(t, wmbt_reuse_status(&table[i].verdict), table[i].status);
    }
    wmbt_reuse_verdict zeroed = {0, 0, 0, 0, 0};
    T_CHECK(t, wmbt_reuse_status(&zeroed) != WMBT_OK);
}

/* --- failures of others (docs/FAILURES.md) ---------------------------------------------------- */

/* The verdict on two contexts that are equal but for a field or two; NULL leaves a field unknown.
 * */
static void verdict_of(wmbt_test *t, const char *name, const char *have, const char *want,
                       uint32_t accept_unknown, wmbt_reuse_verdict *verdict)
{
    struct pair p;
    wmbt_fingerprint_accept accept = {accept_unknown, 0};
    wmbt_test_reset(t);
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    equal_pair(&p, v);
    uint32_t field = wmbt_fingerprint_field_from_name(wmbt_test_text(name));
    wmbt_fingerprint_forget(&p.have, field);
    wmbt_fingerprint_forget(&p.want, field);
    if (have != NULL) {
        T_EQ(t, wmbt_fingerprint_set(&p.have, field, wmbt_test_text(have)), WMBT_OK);
    }
    if (want != NULL) {
        T_EQ(t, wmbt_fingerprint_set(&p.want, field, wmbt_test_text(want)), WMBT_OK);
    }
    wmbt_reuse_check(&p.have, &p.want, &accept, verdict);
}

static void denied(wmbt_test *t, const char *name, const char *have, const char *want)
{
    wmbt_reuse_verdict verdict;
    uint32_t field = wmbt_fingerprint_field_from_name(wmbt_test_text(name));
    T_CALL(t, verdict_of(t, name, have, want, UINT32_MAX, &verdict));
    T_EQ(t, verdict.decision, WMBT_REUSE_DENY);
    T_EQ(t, verdict.denied_by, UINT32_C(1) << field);
}

static void test_failure_5(wmbt_test *t)
{
    T_CALL(t, denied(t, "lora_sha256", "none", D2));
    T_CALL(t, denied(t, "lora_sha256", D1, D2));
}

static void test_failure_7(wmbt_test *t)
{
    T_CALL(t, denied(t, "cache_salt", "a", NULL));
    T_CALL(t, denied(t, "cache_salt", NULL, NULL));
    T_CALL(t, denied(t, "tenant", "a", NULL));
    T_CALL(t, denied(t, "tenant", "a", "none"));
}

static void test_failure_8(wmbt_test *t)
{
    T_CALL(t, denied(t, "cache_salt", "a", "b"));
    T_CALL(t, denied(t, "cache_salt", "a", "none"));
}

static void test_failure_9(wmbt_test *t)
{
    T_CALL(t, denied(t, "layout", "ds4-v1", "sglang-page-v1"));
}

/* The zero tag that everybody writes is not "the same layout". */
static void test_failure_10(wmbt_test *t)
{
    wmbt_reuse_verdict verdict;
    T_CALL(t, verdict_of(t, "layout", "zero", "zero", UINT32_MAX, &verdict));
    T_EQ(t, verdict.decision, WMBT_REUSE_DENY);
    T_EQ(t, verdict.mismatches, BIT(LAYOUT));
    T_CALL(t, denied(t, "layout", "zero", "ds4-v1"));
}

static void test_failure_11(wmbt_test *t)
{
    T_CALL(t, denied(t, "model_sha256", D1, D2));
    T_CALL(t, denied(t, "weight_quant", "fp8-block128", "int4"));
}

/* Same size, same shape, another order: only the tag tells. One character is enough. */
static void test_failure_12(wmbt_test *t)
{
    T_CALL(t, denied(t, "layout", "lbhnc", "lbnhc"));
}

static void test_failure_14(wmbt_test *t)
{
    wmbt_reuse_verdict verdict;
    T_CALL(t, verdict_of(t, "model_sha256", D1, NULL, 0, &verdict));
    T_EQ(t, verdict.denied_by, BIT(MODEL_SHA256));
    T_EQ(t, wmbt_reuse_status(&verdict), WMBT_UNKNOWN_CONTEXT);
}

/* All differing fields are listed, not the first or the last. */
static void test_failure_15(wmbt_test *t)
{
    struct pair p;
    wmbt_reuse_verdict verdict;
    wmbt_fingerprint_accept none = {0, 0};
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    for (uint32_t i = 0; i < FIELDS; i++) {
        say(&p, v, i, A, B);
    }
    wmbt_reuse_check(&p.have, &p.want, &none, &verdict);
    T_EQ(t, verdict.mismatches, WMBT_FINGERPRINT_ALL);
    T_EQ(t, verdict.denied_by, WMBT_FINGERPRINT_ENCODED);
}

/* Two contexts that know a model only by a path's hash: never reuse by default, also if the texts
 * are the same; if they differ, not even when that is accepted. */
static void test_failure_25(wmbt_test *t)
{
    struct pair p;
    wmbt_reuse_verdict verdict;
    wmbt_fingerprint_accept none = {0, 0}, model = {BIT(MODEL_SHA256), 0};
    const struct values *v = make_values(t);
    T_CHECK(t, v != NULL);
    equal_pair(&p, v);
    say(&p, v, 3, W, W);
    wmbt_reuse_check(&p.have, &p.want, &none, &verdict);
    T_EQ(t, verdict.denied_by, BIT(MODEL_SHA256));
    T_EQ(t, verdict.weak, BIT(MODEL_SHA256));
    wmbt_reuse_check(&p.have, &p.want, &model, &verdict);
    T_EQ(t, verdict.decision, WMBT_REUSE_REUSE);
    T_EQ(t, verdict.weak, BIT(MODEL_SHA256));
    say(&p, v, 3, W, X);
    wmbt_reuse_check(&p.have, &p.want, &model, &verdict);
    T_EQ(t, verdict.decision, WMBT_REUSE_DENY);
    T_EQ(t, wmbt_reuse_status(&verdict), WMBT_WRONG_MODEL);
}

#define ARENA (sizeof(struct values) + 64u)

static const wmbt_case cases[] = {
    {"the table has every field", test_rows_name_fields, ARENA, NULL},
    {"every field in every state", test_every_field, ARENA, NULL},
    {"every pair of fields in every state", test_every_pair_of_fields, ARENA, NULL},
    {"random contexts", test_random, ARENA, NULL},
    {"a verdict is symmetric", test_symmetric, ARENA, NULL},
    {"states that do not exist", test_states_that_do_not_exist, ARENA, NULL},
    {"one status of a verdict", test_status, ARENA, NULL},
    {"failure 5: another adapter denies", test_failure_5, ARENA, NULL},
    {"failure 7: a dropped salt or tenant denies always", test_failure_7, ARENA, NULL},
    {"failure 8: another salt denies always", test_failure_8, ARENA, NULL},
    {"failure 9: another layout denies", test_failure_9, ARENA, NULL},
    {"failure 10: a layout that nobody named equals nothing", test_failure_10, ARENA, NULL},
    {"failure 11: other weights deny", test_failure_11, ARENA, NULL},
    {"failure 12: one character of a layout denies", test_failure_12, ARENA, NULL},
    {"failure 14: an unknown model denies", test_failure_14, ARENA, NULL},
    {"failure 15: every field is compared", test_failure_15, ARENA, NULL},
    {"failure 25: a path is no model", test_failure_25, ARENA, NULL},
};
WMBT_SUITE(reuse, cases);
