/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint: text forms, identity files, the encoding and its hash. */
#include "wombatkv/fingerprint.h"

#include "../support/fault.h"
#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"
#include "../support/test.h"

#define D1 "64b91ca7fe644b145a842e1006d9709c2178300072b068ca382399e95536e646"
#define D1_UPPER "64B91CA7FE644B145A842E1006D9709C2178300072B068CA382399E95536E646"
#define D2 "5b5df56ea0c5a2ad145c08f6f3f2281ff911e75221579196527f885646a3003d"
#define D3 "4a93107b8d6fe6a2aa761f5054b0411841bd84e9e859545c5416c43818652fdd"
#define D4 "0b46609a7376018f7d4511cd3b9213a042e4ba3e14dfbddfdc971b3467f8f89c"
#define DOMAIN "wombatkv-core identity context"
#define ENCODING_ROOM 2048u

static const wmbt_fingerprint_accept nothing = {0, 0};
static const wmbt_fingerprint_accept everything = {WMBT_FINGERPRINT_ACCEPTABLE, 1};

/* docs/FINGERPRINT.md's example. Its encoding was written by hand-made Python after the document,
 * its hash is b3sum's (BLAKE3 1.5) of the tag and that encoding. */
static const char flash[] = "# flash.identity\n"
                            "model_sha256     = " D1 "  # \"example weights\"\n"
                            "weight_quant     = q2\n"
                            "tokenizer_sha256 = " D2 "  # \"example tokenizer\"\n"
                            "position         = " D3 "  # \"example rope configuration\"\n"
                            "compute_dtype    = f32\n"
                            "kv_dtype         = f32\n"
                            "kv_scale         = none\n"
                            "layout           = ds4-v1\n"
                            "layers           = 0-42\n"
                            "tp               = replicated\n"
                            "pp               = 0/1\n"
                            "cp               = 0/1\n"
                            "lora_sha256      = none\n"
                            "tenant           = team-a\n"
                            "cache_salt       = none\n"
                            "multimodal_sha256 = none\n"
                            "served_name      = deepseek-v4-flash\n";

static const char flash_encoding_hex[] =
    "011001022000000064b91ca7fe644b145a842e1006d9709c2178300072b068ca382399e95536e6460202"
    "020000007132"
    "0302200000005b5df56ea0c5a2ad145c08f6f3f2281ff911e75221579196527f885646a3003d04024000"
    "000034613933"
    "313037623864366665366132616137363166353035346230343131383431626438346539653835393534"
    "356335343136"
    "633433383138363532666464050203000000663332060203000000663332070100000000080210000000"
    "6473342d7631"
    "00000000000000000000090208000000000000002a0000000a03000000000b0208000000000000000100"
    "00000c020800"
    "000000000000010000000d01000000000e02060000007465616d2d610f0100000000100100000000";

static const char flash_fingerprint[] =
    "dde35fba8ec73b95f374f59d6f88c4c0472c38bafff1dc08d186b8e318f3bc34";
static const char flash_lora_fingerprint[] =
    "9fef69e511c1d28860833623dd14f6d1353db9f5902d0ce2e4dc906f992c8802";

static void read_flash(wmbt_test *t, wmbt_fingerprint_context *context)
{
    wmbt_fingerprint_place place;
    T_EQ(t, wmbt_fingerprint_read(wmbt_test_text(flash), context, &place), WMBT_OK);
}

static void set(wmbt_test *t, wmbt_fingerprint_context *context, uint32_t field, const char *text)
{
    T_EQ(t, wmbt_fingerprint_set(context, field, wmbt_test_text(text)), WMBT_OK);
}

static void compute(wmbt_test *t, const wmbt_fingerprint_context *context,
                    const wmbt_fingerprint_accept *accept, uint8_t out[32])
{
    uint8_t *memory = wmbt_test_alloc(t, WMBT_FINGERPRINT_MEMORY_BYTES);
    wmbt_buf room = wmbt_buf_of(memory, WMBT_FINGERPRINT_MEMORY_BYTES);
    T_EQ(t, wmbt_fingerprint_compute(context, accept, room, out), WMBT_OK);
    wmbt_test_reset(t);
}

/* --- the document's examples ------------------------------------------------------------------ */

static void check_fingerprint(wmbt_test *t, const wmbt_fingerprint_context *context,
                              const char *want_hex)
{
    uint8_t got[32], want[32];
    T_CALL(t, compute(t, context, &nothing, got));
    T_EQ(t, wmbt_text_unhex(wmbt_test_text(want_hex), false, want, 32), WMBT_OK);
    T_BYTES(t, got, want, 32);
}

static void test_document(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    T_CALL(t, read_flash(t, &context));
    uint8_t want[300], got[300];
    const size_t bytes = sizeof flash_encoding_hex / 2;
    T_CHECK(t, bytes <= sizeof want);
    size_t len = 0;
    T_EQ(t, wmbt_text_unhex(wmbt_test_text(flash_encoding_hex), false, want, bytes), WMBT_OK);
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(got, sizeof got), &len),
         WMBT_OK);
    T_EQ(t, len, bytes);
    T_BYTES(t, got, want, len);
    T_CALL(t, check_fingerprint(t, &context, flash_fingerprint));
    wmbt_model_digest digest;
    uint8_t hex[WMBT_MODEL_DIGEST_HEX_BYTES];
    T_EQ(t, wmbt_fingerprint_model_digest(&context, &digest), WMBT_OK);
    wmbt_model_digest_to_hex(&digest, hex);
    T_BYTES(t, hex, (const uint8_t *)D1, sizeof hex);
    T_CALL(t, set(t, &context, WMBT_FINGERPRINT_LORA_SHA256, D4));
    T_CALL(t, set(t, &context, WMBT_FINGERPRINT_SERVED_NAME, "deepseek-v4-flash-support"));
    T_CALL(t, check_fingerprint(t, &context, flash_lora_fingerprint));
}

static void test_names(wmbt_test *t)
{
    static const char *const names[] = {"model_sha256",
                                        "weight_quant",
                                        "tokenizer_sha256",
                                        "position",
                                        "compute_dtype",
                                        "kv_dtype",
                                        "kv_scale",
                                        "layout",
                                        "layers",
                                        "tp",
                                        "pp",
                                        "cp",
                                        "lora_sha256",
                                        "tenant",
                                        "cache_salt",
                                        "multimodal_sha256",
                                        "served_name"};
    for (uint32_t i = 0; i < WMBT_FINGERPRINT_FIELDS; i++) {
        wmbt_view name = wmbt_test_text(names[i]);
        T_EQ(t, wmbt_fingerprint_field_from_name(name), i + 1);
        T_CHECK(t, wmbt_test_view_is(name, wmbt_fingerprint_field_name(i + 1)));
        T_EQ(t, wmbt_fingerprint_field_from_name(wmbt_view_of(name.data, name.len - 1)), 0);
        T_EQ(t, wmbt_fingerprint_field_from_name(wmbt_view_of(name.data, name.len + 1)), 0);
    }
    T_EQ(t, wmbt_fingerprint_field_from_name(wmbt_view_of(NULL, 0)), 0);
    T_EQ(t, wmbt_fingerprint_field_from_name(WMBT_VIEW_LITERAL("TP")), 0);
    T_CHECK(t, wmbt_test_view_is(WMBT_VIEW_LITERAL("unknown"), wmbt_fingerprint_field_name(0)));
    T_CHECK(t, wmbt_test_view_is(WMBT_VIEW_LITERAL("unknown"), wmbt_fingerprint_field_name(18)));
    T_CHECK(t, wmbt_test_view_is(WMBT_VIEW_LITERAL("unknown"),
                                 wmbt_fingerprint_field_name(UINT32_MAX)));
}

/* --- values ----------------------------------------------------------------------------------- */

#define F(name) WMBT_FINGERPRINT_##name
#define ABSENT WMBT_FINGERPRINT_ABSENT
#define VALUE WMBT_FINGERPRINT_VALUE

struct good {
    uint32_t field;
    const char *text;
    uint32_t state;
    const char *canonical;
};

static const struct good goods[] = {
    {F(MODEL_SHA256), D1, VALUE, D1},
    {F(MODEL_SHA256), D1_UPPER, VALUE, D1},
    {F(TOKENIZER_SHA256), D2, VALUE, D2},
    {F(LORA_SHA256), "none", ABSENT, "none"},
    {F(LORA_SHA256), D4, VALUE, D4},
    {F(MULTIMODAL_SHA256), "none", ABSENT, "none"},
    {F(MULTIMODAL_SHA256), D1, VALUE, D1},
    {F(MULTIMODAL_SHA256), D1_UPPER "," D2, VALUE, D1 "," D2},
    {F(MULTIMODAL_SHA256), D2 " ,\t" D1 "," D2, VALUE, D2 "," D1 "," D2},
    {F(WEIGHT_QUANT), "fp8-block128", VALUE, "fp8-block128"},
    {F(WEIGHT_QUANT), "none", ABSENT, "none"},
    {F(WEIGHT_QUANT), "None", VALUE, "None"},
    {F(WEIGHT_QUANT), "a b = c # d", VALUE, "a b = c # d"},
    {F(POSITION), "none", ABSENT, "none"},
    {F(POSITION), D3, VALUE, D3},
    {F(COMPUTE_DTYPE), "bf16", VALUE, "bf16"},
    {F(COMPUTE_DTYPE), "BF16", VALUE, "BF16"},
    {F(KV_DTYPE), "fp8-e4m3", VALUE, "fp8-e4m3"},
    {F(KV_SCALE), "per-token", VALUE, "per-token"},
    {F(KV_SCALE), "none", ABSENT, "none"},
    {F(LAYOUT), "ds4-v1", VALUE, "ds4-v1"},
    {F(LAYOUT), "0123456789abcdef", VALUE, "0123456789abcdef"},
    {F(LAYOUT), "zero", WMBT_FINGERPRINT_ZERO, "zero"},
    {F(LAYOUT), "Zero", VALUE, "Zero"},
    {F(LAYERS), "0-0", VALUE, "0-0"},
    {F(LAYERS), "000-00042", VALUE, "0-42"},
    {F(LAYERS), "4294967295-4294967295", VALUE, "4294967295-4294967295"},
    {F(TP), "replicated", WMBT_FINGERPRINT_REPLICATED, "replicated"},
    {F(PP), "replicated", WMBT_FINGERPRINT_REPLICATED, "replicated"},
    {F(CP), "replicated", WMBT_FINGERPRINT_REPLICATED, "replicated"},
    {F(TP), "0/1", VALUE, "0/1"},
    {F(PP), "07/08", VALUE, "7/8"},
    {F(CP), "4294967294/4294967295", VALUE, "4294967294/4294967295"},
    {F(TENANT), "replicated", VALUE, "replicated"},
    {F(TENANT), "zero", VALUE, "zero"},
    {F(TENANT), "none", ABSENT, "none"},
    {F(CACHE_SALT), "none", ABSENT, "none"},
    {F(CACHE_SALT), "\xC3\xA9\xF0\x9F\x90\xBB", VALUE, "\xC3\xA9\xF0\x9F\x90\xBB"},
    {F(SERVED_NAME), "none", ABSENT, "none"},
    {F(SERVED_NAME), "m", VALUE, "m"},
};

/* What stands in a value beside its state: numbers and texts only where the header says so. */
static void check_value(wmbt_test *t, const wmbt_fingerprint_value *value, uint32_t field)
{
    const bool is_value = value->state == VALUE, pair = field >= F(LAYERS) && field <= F(CP);
    const bool digests = field == F(MODEL_SHA256) || field == F(TOKENIZER_SHA256) ||
                         field == F(LORA_SHA256) || field == F(MULTIMODAL_SHA256);
    if (!is_value) {
        T_CHECK(t, value->text.len == 0);
    }
    if (!is_value || !(pair || digests)) {
        T_EQ(t, value->first, 0);
    }
    if (!is_value || !pair) {
        T_EQ(t, value->second, 0);
    }
}

static void test_values(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        const struct good *g = &goods[i];
        wmbt_fingerprint_context context, again;
        uint8_t text[256];
        size_t len = 999;
        wmbt_test_where(t, wmbt_test_text(g->text));
        wmbt_fingerprint_init(&context);
        wmbt_fingerprint_init(&again);
        T_CALL(t, set(t, &context, g->field, g->text));
        T_EQ(t, context.values[g->field - 1].state, g->state);
        T_CALL(t, check_value(t, &context.values[g->field - 1], g->field));
        const size_t want = wmbt_test_text(g->canonical).len;
        for (size_t room = 0; room < want; room++) {
            wmbt_bytes_fill(text, 0x5A, sizeof text);
            T_EQ(t, wmbt_fingerprint_value_text(&context, g->field, wmbt_buf_of(text, room), &len),
                 WMBT_BUFFER_TOO_SMALL);
            T_CHECK(t, len == 999 && text[0] == 0x5A && text[room] == 0x5A);
        }
        T_EQ(t, wmbt_fingerprint_value_text(&context, g->field, wmbt_buf_of(text, want), &len),
             WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(wmbt_view_of(text, len), g->canonical));
        T_CHECK(t, !wmbt_fingerprint_same(&context, &again, g->field));
        T_EQ(t, wmbt_fingerprint_set(&again, g->field, wmbt_view_of(text, len)), WMBT_OK);
        T_CHECK(t, wmbt_fingerprint_same(&context, &again, g->field));
        wmbt_fingerprint_forget(&context, g->field);
        T_EQ(t, context.values[g->field - 1].state, WMBT_FINGERPRINT_UNKNOWN);
        T_EQ(t, wmbt_fingerprint_value_text(&context, g->field, wmbt_buf_of(NULL, 0), &len),
             WMBT_OK);
        T_EQ(t, len, 0);
    }
}

struct bad {
    uint32_t field;
    const char *text;
    wmbt_status status;
};

static const struct bad bads[] = {
    {0, "x", WMBT_BAD_ARGUMENT},
    {18, "x", WMBT_BAD_ARGUMENT},
    {UINT32_MAX, "x", WMBT_BAD_ARGUMENT},
    {F(MODEL_SHA256), "", WMBT_BAD_FIELD},
    {F(MODEL_SHA256), "none", WMBT_BAD_FIELD},
    {F(MODEL_SHA256), "zero", WMBT_BAD_LENGTH},
    {F(MODEL_SHA256), D1 "0", WMBT_BAD_LENGTH},
    {F(MODEL_SHA256), D1 "," D2, WMBT_BAD_LENGTH},
    {F(MODEL_SHA256), " " D1, WMBT_BAD_TEXT},
    {F(MODEL_SHA256), D1 "\r", WMBT_BAD_TEXT},
    {F(MODEL_SHA256), "g4b91ca7fe644b145a842e1006d9709c2178300072b068ca382399e95536e646",
     WMBT_BAD_TEXT},
    {F(MODEL_SHA256), "64b91ca7fe644b145a842e1006d9709c", WMBT_BAD_LENGTH},
    {F(TOKENIZER_SHA256), "none", WMBT_BAD_FIELD},
    {F(LORA_SHA256), "NONE", WMBT_BAD_LENGTH},
    {F(LORA_SHA256), "", WMBT_BAD_FIELD},
    {F(MULTIMODAL_SHA256), "", WMBT_BAD_FIELD},
    {F(MULTIMODAL_SHA256), ",", WMBT_BAD_LENGTH},
    {F(MULTIMODAL_SHA256), D1 ",", WMBT_BAD_LENGTH},
    {F(MULTIMODAL_SHA256), "," D1, WMBT_BAD_LENGTH},
    {F(MULTIMODAL_SHA256), D1 ",," D2, WMBT_BAD_LENGTH},
    {F(MULTIMODAL_SHA256), D1 ",none", WMBT_BAD_LENGTH},
    {F(MULTIMODAL_SHA256), D1 " " D2, WMBT_BAD_LENGTH},
    {F(WEIGHT_QUANT), "", WMBT_BAD_FIELD},
    {F(POSITION), " x", WMBT_BAD_TEXT},
    {F(KV_DTYPE), "x ", WMBT_BAD_TEXT},
    {F(KV_SCALE), "\t", WMBT_BAD_TEXT},
    {F(TENANT), "", WMBT_BAD_FIELD},
    {F(CACHE_SALT), "\xFF", WMBT_BAD_TEXT},
    {F(CACHE_SALT), "\xED\xA0\x80", WMBT_BAD_TEXT},
    {F(CACHE_SALT), "\xC0\x80", WMBT_BAD_TEXT},
    {F(SERVED_NAME), "", WMBT_BAD_FIELD},
    {F(LAYOUT), "", WMBT_BAD_FIELD},
    {F(LAYOUT), "none", WMBT_BAD_FIELD},
    {F(LAYOUT), "0123456789abcdefg", WMBT_NOT_REPRESENTABLE},
    {F(LAYOUT), "a b", WMBT_BAD_TEXT},
    {F(LAYOUT), "\xC3\xA9", WMBT_BAD_TEXT},
    {F(LAYERS), "none", WMBT_BAD_FIELD},
    {F(LAYERS), "42", WMBT_BAD_SYNTAX},
    {F(LAYERS), "0/42", WMBT_BAD_SYNTAX},
    {F(LAYERS), "-", WMBT_BAD_NUMBER},
    {F(LAYERS), "-42", WMBT_BAD_NUMBER},
    {F(LAYERS), "0-", WMBT_BAD_NUMBER},
    {F(LAYERS), "0--1", WMBT_BAD_NUMBER},
    {F(LAYERS), "0-1-2", WMBT_BAD_NUMBER},
    {F(LAYERS), "0 -1", WMBT_BAD_NUMBER},
    {F(LAYERS), "+0-1", WMBT_BAD_NUMBER},
    {F(LAYERS), "1-0", WMBT_BAD_NUMBER},
    {F(LAYERS), "0-4294967296", WMBT_BAD_NUMBER},
    {F(LAYERS), "4294967296-4294967296", WMBT_BAD_NUMBER},
    {F(LAYERS), "0-18446744073709551616", WMBT_BAD_NUMBER},
    {F(LAYERS), "18446744073709551616-18446744073709551616", WMBT_BAD_NUMBER},
    {F(LAYERS), "replicated", WMBT_BAD_SYNTAX},
    {F(TP), "none", WMBT_BAD_FIELD},
    {F(TP), "Replicated", WMBT_BAD_SYNTAX},
    {F(TP), "0", WMBT_BAD_SYNTAX},
    {F(TP), "0-1", WMBT_BAD_SYNTAX},
    {F(TP), "0/0", WMBT_BAD_NUMBER},
    {F(PP), "1/1", WMBT_BAD_NUMBER},
    {F(CP), "8/7", WMBT_BAD_NUMBER},
    {F(CP), "0/4294967296", WMBT_BAD_NUMBER},
    {F(CP), "4294967295/4294967295", WMBT_BAD_NUMBER},
    {F(CP), "18446744073709551615/1", WMBT_BAD_NUMBER},
    {F(CP), "a/b", WMBT_BAD_NUMBER},
};

static bool same_contexts(const wmbt_fingerprint_context *a, const wmbt_fingerprint_context *b)
{
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        if (!wmbt_fingerprint_same(a, b, field)) {
            return false;
        }
    }
    return true;
}

static void test_bad_values(wmbt_test *t)
{
    wmbt_fingerprint_context context, before;
    T_CALL(t, read_flash(t, &context));
    T_CALL(t, read_flash(t, &before));
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        wmbt_test_where(t, wmbt_test_text(bads[i].text));
        T_EQ(t, wmbt_fingerprint_set(&context, bads[i].field, wmbt_test_text(bads[i].text)),
             bads[i].status);
        T_CHECK(t, same_contexts(&context, &before));
    }
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        T_EQ(t, wmbt_fingerprint_set(&context, field, wmbt_view_of(NULL, 1)), WMBT_BAD_ARGUMENT);
        T_CHECK(t, wmbt_fingerprint_set(&context, field, WMBT_VIEW_LITERAL("a\0b")) != WMBT_OK);
        T_CHECK(t, same_contexts(&context, &before));
    }
    T_EQ(t, wmbt_fingerprint_set(&context, F(TENANT), WMBT_VIEW_LITERAL("a\0b")), WMBT_BAD_TEXT);
    uint8_t text[4];
    size_t len = 77;
    T_EQ(t, wmbt_fingerprint_value_text(&context, 0, wmbt_buf_of(text, 4), &len),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_fingerprint_value_text(&context, 18, wmbt_buf_of(text, 4), &len),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_fingerprint_value_text(&context, 1, wmbt_buf_of(NULL, 4), &len),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, len, 77);
    wmbt_fingerprint_forget(&context, 0);
    wmbt_fingerprint_forget(&context, 18);
    T_CHECK(t, same_contexts(&context, &before));
    T_CHECK(t, !wmbt_fingerprint_same(&context, &before, 0));
    T_CHECK(t, !wmbt_fingerprint_same(&context, &before, 18));
}

/* The longest of everything: 61,682 bytes; one more of anything is refused. */
/* The two numbers are 0 in all fields that have none, whatever the memory held. */
static void test_numbers(wmbt_test *t)
{
    static wmbt_fingerprint_context x;
    wmbt_test_fill(&x, sizeof x);
    wmbt_fingerprint_init(&x);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        static const char digits[] =
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        static const char *const texts[] = {digits, "3-7", "3/7", "replicated", "none", "text"};
        for (uint32_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            wmbt_fingerprint_value *v = &x.values[field - 1u];
            T_CHECK(t, v->first == 0u && v->second == 0u);
            v->first = v->second = 99; /* as of another text before */
            wmbt_status status = wmbt_fingerprint_set(&x, field, wmbt_test_text(texts[i]));
            bool layers = field == WMBT_FINGERPRINT_LAYERS;
            bool rank = field == WMBT_FINGERPRINT_TP || field == WMBT_FINGERPRINT_PP ||
                        field == WMBT_FINGERPRINT_CP;
            bool pair = (layers && i == 1u) || (rank && i == 2u);
            bool digest = field == WMBT_FINGERPRINT_MODEL_SHA256 ||
                          field == WMBT_FINGERPRINT_TOKENIZER_SHA256 ||
                          field == WMBT_FINGERPRINT_LORA_SHA256 ||
                          field == WMBT_FINGERPRINT_MULTIMODAL_SHA256;
            uint32_t first = pair ? 3u : digest && i == 0u ? 1u : 0u;
            T_EQ(t, v->first, status == WMBT_OK ? first : 99u);
            T_EQ(t, v->second, status != WMBT_OK ? 99u : pair ? 7u : 0u);
            T_CHECK(t, status == WMBT_OK || (!pair && !(digest && i == 0u)));
            v->first = v->second = 99;
            wmbt_fingerprint_forget(&x, field);
        }
    }
}

static void test_limits(wmbt_test *t)
{
    const size_t list = 65u * WMBT_FINGERPRINT_MAX_MULTIMODAL;
    uint8_t *text = wmbt_test_alloc(t, WMBT_FINGERPRINT_MAX_TEXT_BYTES + 1);
    uint8_t *digests = wmbt_test_alloc(t, list + 64);
    wmbt_bytes_fill(text, 'x', WMBT_FINGERPRINT_MAX_TEXT_BYTES + 1);
    for (size_t i = 0; i < list + 64; i++) {
        digests[i] =
            i % 65 == 64 ? (uint8_t)',' : (uint8_t)"0123456789abcdef"[(i * 7 + i / 65) % 16];
    }
    wmbt_fingerprint_context context;
    T_CALL(t, read_flash(t, &context));
    static const uint32_t texts[] = {F(WEIGHT_QUANT), F(POSITION),   F(COMPUTE_DTYPE),
                                     F(KV_DTYPE),     F(KV_SCALE),   F(TENANT),
                                     F(CACHE_SALT),   F(SERVED_NAME)};
    for (size_t i = 0; i < 8; i++) {
        wmbt_view longest = wmbt_view_of(text, WMBT_FINGERPRINT_MAX_TEXT_BYTES);
        T_EQ(t, wmbt_fingerprint_set(&context, texts[i], wmbt_view_of(text, longest.len + 1)),
             WMBT_TOO_LARGE);
        T_EQ(t, wmbt_fingerprint_set(&context, texts[i], longest), WMBT_OK);
    }
    T_EQ(t, wmbt_fingerprint_set(&context, F(MULTIMODAL_SHA256), wmbt_view_of(digests, list + 64)),
         WMBT_TOO_LARGE);
    T_EQ(t, wmbt_fingerprint_set(&context, F(MULTIMODAL_SHA256), wmbt_view_of(digests, list - 1)),
         WMBT_OK);
    T_CALL(t, set(t, &context, F(TP), "0/1"));
    T_CALL(t, set(t, &context, F(LORA_SHA256), D4));
    const size_t domain = sizeof DOMAIN - 1;
    uint8_t *encoding = wmbt_test_alloc(t, WMBT_FINGERPRINT_MAX_BYTES);
    size_t len = 0;
    wmbt_bytes_copy(encoding, (const uint8_t *)DOMAIN, domain);
    T_EQ(t,
         wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(encoding + domain, 61681), &len),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, len, 0);
    T_EQ(t,
         wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(encoding + domain, 61682), &len),
         WMBT_OK);
    T_EQ(t, len, 61682);
    uint8_t *canonical = wmbt_test_alloc(t, WMBT_FINGERPRINT_MAX_VALUE_BYTES);
    T_EQ(t,
         wmbt_fingerprint_value_text(&context, F(MULTIMODAL_SHA256),
                                     wmbt_buf_of(canonical, WMBT_FINGERPRINT_MAX_VALUE_BYTES),
                                     &len),
         WMBT_OK);
    T_EQ(t, len, WMBT_FINGERPRINT_MAX_VALUE_BYTES);
    /* 304 bytes are enough for it, one level of BLAKE3's tree less is not. */
    T_EQ(t, WMBT_FINGERPRINT_MEMORY_BYTES, 304);
    uint8_t *memory = wmbt_test_alloc(t, 304);
    uint8_t got[32], want[32];
    wmbt_bytes_fill(got, 0x5A, 32);
    T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, 272), got),
         WMBT_TOO_LARGE);
    T_CHECK(t, got[0] == 0x5A && got[31] == 0x5A);
    T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, 304), got), WMBT_OK);
    T_EQ(t,
         wmbt_blake3_once(wmbt_buf_of(memory, 304), wmbt_view_of(encoding, domain + 61682), want),
         WMBT_OK);
    T_BYTES(t, got, want, 32);
}

/* --- identity files --------------------------------------------------------------------------- */

struct file {
    const char *text;
    wmbt_status status;
    uint32_t line, field;
};

static const struct file files[] = {
    {"", WMBT_OK, 0, 0},
    {"\n\n \t\r\n", WMBT_OK, 0, 0},
    {"# only a comment", WMBT_OK, 0, 0},
    {"  # model_sha256 = x\n", WMBT_OK, 0, 0},
    {"tp=0/1", WMBT_OK, 0, 0},
    {"\ttp \t= 0/1 \r\npp=replicated#x\n", WMBT_BAD_SYNTAX, 2, F(PP)},
    {"tp = 0/1 # x\r\n", WMBT_OK, 0, 0},
    {"tenant = a=b", WMBT_OK, 0, 0},
    {"tenant = a#b", WMBT_OK, 0, 0},
    {"tenant", WMBT_BAD_SYNTAX, 1, 0},
    {"\n\ntenant # = x", WMBT_BAD_SYNTAX, 3, 0},
    {"= x", WMBT_BAD_FIELD, 1, 0},
    {"=", WMBT_BAD_FIELD, 1, 0},
    {"tenant =", WMBT_BAD_FIELD, 1, F(TENANT)},
    {"tenant = #x", WMBT_BAD_FIELD, 1, F(TENANT)},
    {"tenant= \n", WMBT_BAD_FIELD, 1, F(TENANT)},
    {"Tenant = x", WMBT_BAD_FIELD, 1, 0},
    {"tenant x = y", WMBT_BAD_FIELD, 1, 0},
    {"tenants = y", WMBT_BAD_FIELD, 1, 0},
    {"tp = 0/1\npp = 0/1\ntp = 0/1\n", WMBT_BAD_FIELD, 3, F(TP)},
    {"served_name = a\nserved_name = a", WMBT_BAD_FIELD, 2, F(SERVED_NAME)},
    {"tenant = \xFF", WMBT_BAD_TEXT, 1, 0},
    {"#\xFF", WMBT_BAD_TEXT, 1, 0},
    {"# x\n\xEF\xBB\xBFtenant = x", WMBT_BAD_FIELD, 2, 0},
    {"layers = 2-1", WMBT_BAD_NUMBER, 1, F(LAYERS)},
    {"tenant = x\nmodel_sha256 = 12", WMBT_BAD_LENGTH, 2, F(MODEL_SHA256)},
    {"layout = 0123456789abcdefg", WMBT_NOT_REPRESENTABLE, 1, F(LAYOUT)},
};

static void test_files(wmbt_test *t)
{
    wmbt_fingerprint_context before;
    T_CALL(t, read_flash(t, &before));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        wmbt_fingerprint_context context;
        wmbt_fingerprint_place place = {91, 92};
        T_CALL(t, read_flash(t, &context));
        wmbt_test_where(t, wmbt_test_text(files[i].text));
        T_EQ(t, wmbt_fingerprint_read(wmbt_test_text(files[i].text), &context, &place),
             files[i].status);
        bool good = files[i].status == WMBT_OK;
        T_EQ(t, place.line, good ? 91 : files[i].line);
        T_EQ(t, place.field, good ? 92 : files[i].field);
        T_EQ(t, same_contexts(&context, &before), !good);
    }
    wmbt_fingerprint_context context;
    wmbt_fingerprint_place place = {91, 92};
    T_EQ(t, wmbt_fingerprint_read(wmbt_view_of(NULL, 1), &context, &place), WMBT_BAD_ARGUMENT);
    T_CHECK(t, place.line == 0 && place.field == 0);
    T_EQ(t, wmbt_fingerprint_read(WMBT_VIEW_LITERAL("\ntenant = a\0b"), &context, &place),
         WMBT_BAD_TEXT);
    T_EQ(t, place.line, 2);
    T_EQ(t, wmbt_fingerprint_read(WMBT_VIEW_LITERAL("tenant = a #b"), &context, &place), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(context.values[F(TENANT) - 1].text, "a"));
    T_EQ(t, context.values[F(TP) - 1].state, WMBT_FINGERPRINT_UNKNOWN);
}

/* Any order of lines and any spacing: the same fingerprint. */
static void test_order_and_spacing(wmbt_test *t)
{
    wmbt_view lines[32];
    uint32_t count = 0, seed = 0xC0DE;
    wmbt_view rest = wmbt_test_text(flash);
    while (rest.data != NULL && count < 32) {
        lines[count] = wmbt_cell_part(&rest, '\n');
        count += lines[count].len != 0;
    }
    T_EQ(t, count, 18);
    for (uint32_t run = 0; run < 200; run++) {
        uint8_t text[1024];
        size_t len = 0;
        for (uint32_t i = count; i > 0; i--) {
            uint32_t pick = wmbt_test_random(&seed) % i;
            wmbt_view line = lines[pick];
            lines[pick] = lines[i - 1];
            lines[i - 1] = line;
            for (size_t k = 0; k < line.len; k++) {
                uint8_t c = line.data[k];
                bool equals = c == '=';
                if (equals || k == 0) {
                    text[len++] = (uint8_t)" \t\r "[wmbt_test_random(&seed) & 3];
                }
                text[len++] = c;
                if (equals) {
                    text[len++] = (uint8_t)" \t\r "[wmbt_test_random(&seed) & 3];
                }
            }
            text[len++] = '\n';
        }
        wmbt_fingerprint_context context;
        wmbt_fingerprint_place place;
        T_EQ(t, wmbt_fingerprint_read(wmbt_view_of(text, len), &context, &place), WMBT_OK);
        T_CALL(t, check_fingerprint(t, &context, flash_fingerprint));
    }
}

/* What was read and written again is the same. */
static void round_trip(wmbt_test *t, void *unused, wmbt_view changed, size_t at)
{
    wmbt_fingerprint_context context, again;
    wmbt_fingerprint_place place = {91, 92};
    (void)unused;
    (void)at;
    wmbt_fingerprint_init(&again);
    wmbt_fingerprint_init(&context);
    wmbt_status status = wmbt_fingerprint_read(changed, &context, &place);
    if (status != WMBT_OK) {
        T_CHECK(t, wmbt_status_is_malformed(status) || status == WMBT_NOT_REPRESENTABLE);
        T_CHECK(t, place.line >= 1 && place.line <= 19 && place.field <= 17);
        T_CHECK(t, same_contexts(&context, &again));
        return;
    }
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        uint8_t text[256];
        size_t len;
        T_EQ(t, wmbt_fingerprint_value_text(&context, field, wmbt_buf_of(text, sizeof text), &len),
             WMBT_OK);
        if (len != 0) {
            wmbt_fingerprint_init(&again);
            T_EQ(t, wmbt_fingerprint_set(&again, field, wmbt_view_of(text, len)), WMBT_OK);
            T_CHECK(t, wmbt_fingerprint_same(&context, &again, field));
        }
    }
}

static void test_damaged_files(wmbt_test *t)
{
    T_CALL(t, wmbt_fault_truncate(t, wmbt_test_text(flash), 1, round_trip, NULL));
    T_CALL(t, wmbt_fault_flip(t, wmbt_test_text(flash), 1, round_trip, NULL));
}

/* --- unknown fields, statuses ----------------------------------------------------------------- */

static void test_open_fields(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, 304), out[300];
    wmbt_buf room = wmbt_buf_of(memory, 304);
    wmbt_bytes_fill(out, 0x5A, sizeof out);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        wmbt_fingerprint_context context;
        T_CALL(t, read_flash(t, &context));
        T_EQ(t, wmbt_fingerprint_open_fields(&context, &nothing), 0);
        wmbt_fingerprint_forget(&context, field);
        wmbt_fingerprint_accept accept = {0, 1}; /* all others do not help */
        accept.unknown = WMBT_FINGERPRINT_ACCEPTABLE & ~WMBT_FINGERPRINT_BIT(field);
        bool encoded = field != F(SERVED_NAME);
        bool never = field == F(TENANT) || field == F(CACHE_SALT);
        uint32_t bit = encoded ? WMBT_FINGERPRINT_BIT(field) : 0;
        size_t len = 9;
        T_EQ(t, wmbt_fingerprint_open_fields(&context, &accept), bit);
        T_EQ(t, wmbt_fingerprint_compute(&context, &accept, room, out),
             encoded ? WMBT_UNKNOWN_CONTEXT : WMBT_OK);
        T_EQ(t, wmbt_fingerprint_encode(&context, &accept, wmbt_buf_of(out, sizeof out), &len),
             encoded ? WMBT_UNKNOWN_CONTEXT : WMBT_OK);
        T_CHECK(t, !encoded || (len == 9 && out[0] == 0x5A));
        accept.unknown = WMBT_FINGERPRINT_BIT(field);
        T_EQ(t, wmbt_fingerprint_open_fields(&context, &accept), never ? bit : 0);
        T_EQ(t, wmbt_fingerprint_compute(&context, &accept, room, out),
             never ? WMBT_BAD_ARGUMENT : WMBT_OK);
        T_EQ(t, wmbt_fingerprint_encode(&context, &accept, wmbt_buf_of(out, sizeof out), &len),
             never ? WMBT_BAD_ARGUMENT : WMBT_OK);
        wmbt_bytes_fill(out, 0x5A, sizeof out);
    }
    wmbt_fingerprint_context context;
    wmbt_fingerprint_init(&context);
    T_EQ(t, wmbt_fingerprint_open_fields(&context, &nothing), WMBT_FINGERPRINT_ENCODED);
    wmbt_fingerprint_accept all = {UINT32_MAX, 0};
    T_EQ(t, wmbt_fingerprint_open_fields(&context, &all),
         WMBT_FINGERPRINT_BIT(F(TENANT)) | WMBT_FINGERPRINT_BIT(F(CACHE_SALT)));
}

static void test_zero_layout(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    wmbt_fingerprint_accept accept = {WMBT_FINGERPRINT_BIT(F(LAYOUT)), 0};
    uint8_t zero[32], unknown[32], tag[32], *memory = wmbt_test_alloc(t, 304);
    T_CALL(t, read_flash(t, &context));
    T_CALL(t, set(t, &context, F(LAYOUT), "zero"));
    T_EQ(t, wmbt_fingerprint_open_fields(&context, &accept), WMBT_FINGERPRINT_BIT(F(LAYOUT)));
    T_EQ(t, wmbt_fingerprint_compute(&context, &accept, wmbt_buf_of(memory, 304), zero),
         WMBT_UNKNOWN_CONTEXT);
    accept.zero_layout = 2;
    T_EQ(t, wmbt_fingerprint_compute(&context, &accept, wmbt_buf_of(memory, 304), zero),
         WMBT_BAD_ARGUMENT);
    accept.zero_layout = 1;
    T_CALL(t, compute(t, &context, &accept, zero));
    wmbt_fingerprint_forget(&context, F(LAYOUT));
    T_CALL(t, compute(t, &context, &accept, unknown));
    T_CALL(t, set(t, &context, F(LAYOUT), "ds4-v1"));
    T_CALL(t, compute(t, &context, &accept, tag));
    T_CHECK(t, !wmbt_test_same(zero, unknown, 32) && !wmbt_test_same(zero, tag, 32) &&
                   !wmbt_test_same(unknown, tag, 32));
}

static void test_buffers(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    uint8_t *memory = wmbt_test_alloc(t, 312), out[300];
    size_t len = 999;
    T_CALL(t, read_flash(t, &context));
    wmbt_bytes_fill(out, 0x5A, sizeof out);
    for (size_t room = 0; room < 280; room++) {
        T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(out, room), &len),
             WMBT_BUFFER_TOO_SMALL);
        T_CHECK(t, len == 999 && out[0] == 0x5A && out[room] == 0x5A);
    }
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(NULL, 9), &len),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(out, 280), &len), WMBT_OK);
    T_CHECK(t, len == 280 && out[280] == 0x5A);
    wmbt_bytes_fill(out, 0x5A, sizeof out);
    T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(NULL, 304), out),
         WMBT_BAD_ARGUMENT);
    for (size_t room = 0; room < 112; room++) {
        T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, room), out),
             WMBT_BUFFER_TOO_SMALL);
    }
    for (size_t off = 1; off < 8; off++) {
        T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory + off, 304), out),
             WMBT_BUFFER_MISALIGNED);
    }
    T_CHECK(t, out[0] == 0x5A && out[31] == 0x5A);
    /* 310 bytes with the tag: one BLAKE3 chunk. */
    T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, 112), out), WMBT_OK);
    wmbt_model_digest digest;
    wmbt_bytes_fill(digest.bytes, 0x5A, sizeof digest.bytes);
    wmbt_fingerprint_forget(&context, F(MODEL_SHA256));
    T_EQ(t, wmbt_fingerprint_model_digest(&context, &digest), WMBT_UNKNOWN_CONTEXT);
    T_CHECK(t, digest.bytes[0] == 0x5A && digest.bytes[23] == 0x5A);
}

/* A text that changes after it was set, against the contract: an error where it can be seen, never
 * a step outside of it. */
static void test_texts_that_change(wmbt_test *t)
{
    uint8_t text[160], *memory = wmbt_test_alloc(t, 304), out[512];
    wmbt_fingerprint_context context, other;
    wmbt_model_digest digest;
    size_t len = 77;
    static const char *const fields[] = {D1, D2, D3 "," D4, "ds4-v1"};
    static const uint32_t ids[] = {F(MODEL_SHA256), F(LORA_SHA256), F(MULTIMODAL_SHA256),
                                   F(LAYOUT)};
    for (size_t i = 0; i < 4; i++) {
        wmbt_view value = wmbt_test_text(fields[i]);
        for (size_t k = 0; k < value.len; k++) {
            wmbt_bytes_copy(text, value.data, value.len);
            T_CALL(t, read_flash(t, &context));
            T_CALL(t, read_flash(t, &other));
            T_CALL(t, set(t, &other, ids[i], fields[i]));
            T_EQ(t, wmbt_fingerprint_set(&context, ids[i], wmbt_view_of(text, value.len)), WMBT_OK);
            text[k] = text[k] == ',' ? (uint8_t)'a' : (uint8_t)' ';
            wmbt_bytes_fill(out, 0x5A, sizeof out);
            T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(out, 512), &len),
                 WMBT_BAD_TEXT);
            T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, 304), out),
                 WMBT_BAD_TEXT);
            T_CHECK(t, len == 77 && out[0] == 0x5A && out[31] == 0x5A);
            T_CHECK(t, !wmbt_fingerprint_same(&context, &other, ids[i]));
            T_CHECK(t, !wmbt_fingerprint_same(&other, &context, ids[i]));
            T_EQ(t, wmbt_fingerprint_model_digest(&context, &digest),
                 i == 0 ? WMBT_UNKNOWN_CONTEXT : WMBT_OK);
            if (ids[i] != F(LAYOUT)) {
                T_EQ(t,
                     wmbt_fingerprint_value_text(&context, ids[i], wmbt_buf_of(out, sizeof out),
                                                 &len),
                     WMBT_BAD_TEXT);
                T_CHECK(t, len == 77 && out[0] == 0 && out[sizeof out - 1] == 0);
            }
        }
    }
    /* One digest where there were two: nothing lies behind it. */
    wmbt_view two = WMBT_VIEW_LITERAL(D3 "," D4);
    wmbt_bytes_copy(text, two.data, two.len);
    T_CALL(t, read_flash(t, &context));
    T_EQ(t, wmbt_fingerprint_set(&context, F(MULTIMODAL_SHA256), wmbt_view_of(text, two.len)),
         WMBT_OK);
    wmbt_bytes_fill(text + 64, ' ', two.len - 64);
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(out, 512), &len),
         WMBT_BAD_TEXT);
    T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, 304), out),
         WMBT_BAD_TEXT);
    T_EQ(t,
         wmbt_fingerprint_value_text(&context, F(MULTIMODAL_SHA256), wmbt_buf_of(out, 512), &len),
         WMBT_BAD_TEXT);
    T_EQ(t, len, 77);
}

/* A state that no call sets has no text. */
static void test_states(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    wmbt_fingerprint_init(&context);
    for (uint32_t state = WMBT_FINGERPRINT_WEAK + 1u; state != 0u; state += state) {
        uint8_t out[16];
        size_t len = 77;
        wmbt_test_fill(out, sizeof out);
        context.values[F(TENANT) - 1].state = state;
        T_EQ(t,
             wmbt_fingerprint_value_text(&context, F(TENANT), wmbt_buf_of(out, sizeof out), &len),
             WMBT_OK);
        T_CHECK(t, len == 0 && wmbt_test_is_filled(out, sizeof out));
    }
}

/* Nothing behind a file is read: it ends where the memory does, with no line's end. */
static void test_end_of_file(wmbt_test *t)
{
    static const char *const texts[] = {"tenant = a", "tenant = a ", "tenant = a #",
                                        "\n",         "#",           " "};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        wmbt_fingerprint_context context;
        wmbt_fingerprint_place place = {77, 77};
        const wmbt_view file = wmbt_test_text(texts[i]);
        uint8_t *text = t->arena.data + t->arena.len - file.len;
        wmbt_bytes_copy(text, file.data, file.len);
        T_EQ(t, wmbt_fingerprint_read(wmbt_view_of(text, file.len), &context, &place), WMBT_OK);
        T_EQ(t, context.values[F(TENANT) - 1].text.len, i < 3 ? 1 : 0);
        T_CHECK(t, place.line == 77 && place.field == 77);
    }
}

/* A context of zeros is one of unknown fields. */
static void test_zeroed_context(wmbt_test *t)
{
    wmbt_fingerprint_context zeroed, context;
    wmbt_bytes_fill((uint8_t *)&zeroed, 0, sizeof zeroed);
    wmbt_test_fill(&context, sizeof context);
    wmbt_fingerprint_init(&context);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        T_CHECK(t, wmbt_fingerprint_same(&zeroed, &context, field));
        T_CALL(t, check_value(t, &context.values[field - 1], field));
    }
}

/* Texts that change while they are written, after they were judged: they lie where that goes. */
static void test_texts_that_change_meanwhile(wmbt_test *t)
{
    uint8_t memory[600];
    wmbt_fingerprint_context context;
    wmbt_view two = WMBT_VIEW_LITERAL(D3 "," D4), one = WMBT_VIEW_LITERAL(D1);
    size_t len = 77;
    T_CALL(t, read_flash(t, &context));
    wmbt_bytes_fill(memory, 0x5A, sizeof memory);
    wmbt_bytes_copy(memory, two.data, two.len);
    T_EQ(t, wmbt_fingerprint_set(&context, F(MULTIMODAL_SHA256), wmbt_view_of(memory, two.len)),
         WMBT_OK);
    /* The comma behind the first digest falls into the second. */
    T_EQ(t,
         wmbt_fingerprint_value_text(&context, F(MULTIMODAL_SHA256),
                                     wmbt_buf_of(memory + 60, two.len), &len),
         WMBT_BAD_TEXT);
    T_EQ(t, len, 77);
    for (size_t i = 0; i < two.len; i++) {
        T_EQ(t, memory[60u + i], 0);
    }
    T_EQ(t, memory[60u + two.len], 0x5A);

    /* A file whose second line lies in the context itself. */
    struct {
        uint8_t first_line[16];
        wmbt_fingerprint_context context;
    } both;
    wmbt_fingerprint_place place = {0, 0};
    wmbt_view first = WMBT_VIEW_LITERAL("tenant = first \n"), second = WMBT_VIEW_LITERAL("cp=0/1");
    T_EQ(t, first.len, sizeof both.first_line);
    wmbt_bytes_copy(both.first_line, first.data, first.len);
    wmbt_bytes_copy((uint8_t *)&both.context, second.data, second.len);
    T_EQ(t,
         wmbt_fingerprint_read(wmbt_view_of((const uint8_t *)&both, first.len + second.len),
                               &both.context, &place),
         WMBT_BAD_TEXT);
    T_EQ(t, place.line, 2);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        T_EQ(t, both.context.values[field - 1].state, WMBT_FINGERPRINT_UNKNOWN);
    }

    T_CALL(t, read_flash(t, &context));
    wmbt_bytes_copy(memory, one.data, one.len);
    T_EQ(t, wmbt_fingerprint_set(&context, F(MODEL_SHA256), wmbt_view_of(memory, one.len)),
         WMBT_OK);
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(memory, 512), &len),
         WMBT_BAD_TEXT);
    T_EQ(t, len, 77);
    for (size_t i = 0; i < 512u; i++) {
        T_EQ(t, memory[i], 0);
    }
}

/* --- the encoding is injective ---------------------------------------------------------------- */

/* Spellings of values by class: two spellings are the same value if and only if their class is the
 * same. NULL: unknown. */
struct spelling {
    const char *text;
    uint8_t value;
};

#define KIND_DIGEST 0
#define KIND_TEXT 1
#define KIND_LAYOUT 2
#define KIND_LAYERS 3
#define KIND_RANK 4
#define KIND_DIGESTS 5
#define KIND_LORA 6
#define KIND_SECRET 7 /* tenant, salt: a text, never accepted unknown */

#define SPELLINGS 10u

static const struct spelling spellings[8][SPELLINGS] = {
    {{NULL, 0},
     {D1, 1},
     {D1_UPPER, 1},
     {D2, 2},
     {D3, 3},
     {D4, 4},
     {D1, 1},
     {D2, 2},
     {NULL, 0},
     {"0000000000000000000000000000000000000000000000000000000000000000", 5}},
    {{NULL, 0},
     {"none", 1},
     {"a", 2},
     {"ab", 3},
     {"b", 4},
     {D1, 5},
     {"None", 6},
     {"zero", 7},
     {"a\x02\x02\x01", 8},
     {"\x01", 9}},
    {{NULL, 0},
     {"zero", 1},
     {"ds4-v1", 2},
     {"ds4-v", 3},
     {"ds4-v11", 4},
     {"0123456789abcdef", 5},
     {"0123456789abcde", 6},
     {"DS4-V1", 7},
     {"0", 8},
     {"ds4-v1", 2}},
    {{NULL, 0},
     {"0-42", 1},
     {"00-042", 1},
     {"0-41", 2},
     {"1-42", 3},
     {"42-42", 4},
     {"0-0", 5},
     {"0-256", 6},
     {"1-256", 7},
     {"0-4294967295", 8}},
    {{NULL, 0},
     {"replicated", 1},
     {"0/1", 2},
     {"00/1", 2},
     {"0/2", 3},
     {"1/2", 4},
     {"1/3", 5},
     {"0/256", 6},
     {"1/256", 7},
     {"0/4294967295", 8}},
    {{NULL, 0},
     {"none", 1},
     {D1, 2},
     {D1_UPPER, 2},
     {D1 "," D2, 3},
     {D1 " , " D2, 3},
     {D2 "," D1, 4},
     {D1 "," D1, 5},
     {D2, 6},
     {D1 "," D2 "," D1, 7}},
    {{NULL, 0},
     {"none", 1},
     {D1, 2},
     {D1_UPPER, 2},
     {D2, 3},
     {D3, 4},
     {D4, 5},
     {D2, 3},
     {NULL, 0},
     {"0000000000000000000000000000000000000000000000000000000000000000", 6}},
    {{"none", 1},
     {"none", 1},
     {"a", 2},
     {"ab", 3},
     {"b", 4},
     {D1, 5},
     {"None", 6},
     {"zero", 7},
     {"a\x0F\x01", 8},
     {"\x01", 9}},
};

static const uint8_t kinds[WMBT_FINGERPRINT_FIELDS] = {
    KIND_DIGEST, KIND_TEXT,   KIND_DIGEST, KIND_TEXT,    KIND_TEXT, KIND_TEXT,
    KIND_TEXT,   KIND_LAYOUT, KIND_LAYERS, KIND_RANK,    KIND_RANK, KIND_RANK,
    KIND_LORA,   KIND_SECRET, KIND_SECRET, KIND_DIGESTS, KIND_TEXT};

/* Emulators are slow. */
#if __STDC_HOSTED__
#    define GENERATED 500u
#else
#    define GENERATED 200u
#endif

/* Which spelling each field of a generated context has: first each alone, then at random. */
static void choose(uint32_t n, uint32_t *seed, uint8_t choice[WMBT_FINGERPRINT_FIELDS])
{
    bool alone = n < WMBT_FINGERPRINT_FIELDS * SPELLINGS;
    for (uint32_t i = 0; i < WMBT_FINGERPRINT_FIELDS; i++) {
        uint32_t random = wmbt_test_random(seed) >> 8;
        choice[i] = alone ? 2 : (uint8_t)(random % 7 < 4 ? 2 : random / 7 % SPELLINGS);
    }
    if (alone) {
        choice[n / SPELLINGS] = (uint8_t)(n % SPELLINGS);
    }
}

static void generate(wmbt_test *t, const uint8_t *choice, wmbt_fingerprint_context *context)
{
    wmbt_fingerprint_init(context);
    for (uint32_t i = 0; i < WMBT_FINGERPRINT_FIELDS; i++) {
        const struct spelling *s = &spellings[kinds[i]][choice[i]];
        if (s->text != NULL) {
            T_CALL(t, set(t, context, i + 1, s->text));
        }
    }
}

static void encode(wmbt_test *t, const uint8_t *choice, uint8_t *out, size_t *len)
{
    wmbt_fingerprint_context context;
    T_CALL(t, generate(t, choice, &context));
    T_EQ(t, wmbt_fingerprint_encode(&context, &everything, wmbt_buf_of(out, ENCODING_ROOM), len),
         WMBT_OK);
}

/* All pairs: encodings differ if and only if an encoded field has another value. */
static void test_injective(wmbt_test *t)
{
    uint32_t seed = 0xBEEF;
    uint8_t *choices = wmbt_test_alloc(t, GENERATED * WMBT_FINGERPRINT_FIELDS);
    uint8_t *a = wmbt_test_alloc(t, ENCODING_ROOM), *b = wmbt_test_alloc(t, ENCODING_ROOM);
    uint32_t equal_pairs = 0;
    for (uint32_t n = 0; n < GENERATED; n++) {
        choose(n, &seed, choices + n * WMBT_FINGERPRINT_FIELDS);
    }
    for (uint32_t i = 0; i < GENERATED; i++) {
        const uint8_t *x = choices + i * WMBT_FINGERPRINT_FIELDS;
        size_t a_len = 0, b_len = 0;
        T_CALL(t, encode(t, x, a, &a_len));
        for (uint32_t j = 0; j < i; j++) {
            const uint8_t *y = choices + j * WMBT_FINGERPRINT_FIELDS;
            bool same = true;
            for (uint32_t f = 0; f < WMBT_FINGERPRINT_FIELDS - 1; f++) {
                same = same && spellings[kinds[f]][x[f]].value == spellings[kinds[f]][y[f]].value;
            }
            T_CALL(t, encode(t, y, b, &b_len));
            T_EQ(t, a_len == b_len && wmbt_test_same(a, b, a_len), same);
            equal_pairs += same;
        }
    }
    T_CHECK(t, equal_pairs > GENERATED / 5); /* both answers occurred */
}

/* An own reader of the encoding gives the fields back: nothing is lost, whatever a payload holds.
 * */
static void test_reads_back(wmbt_test *t)
{
    uint32_t seed = 0xF00D;
    uint8_t *bytes = wmbt_test_alloc(t, ENCODING_ROOM);
    for (uint32_t n = 0; n < 2000; n++) {
        uint8_t choice[WMBT_FINGERPRINT_FIELDS];
        wmbt_fingerprint_context context;
        size_t len = 0, at = 2;
        choose(n, &seed, choice);
        T_CALL(t, generate(t, choice, &context));
        T_CALL(t, encode(t, choice, bytes, &len));
        T_CHECK(t, len >= 2 && bytes[0] == 1 && bytes[1] == 16);
        for (uint32_t field = 1; field <= 16; field++) {
            const wmbt_fingerprint_value *value = &context.values[field - 1];
            T_CHECK(t, len - at >= 6 && bytes[at] == field);
            T_EQ(t, bytes[at + 1], value->state);
            uint32_t size = wmbt_load_le32(bytes + at + 2);
            const uint8_t *payload = bytes + at + 6;
            T_CHECK(t, size <= len - at - 6);
            at += 6 + size;
            uint8_t kind = kinds[field - 1];
            if (value->state != VALUE) {
                T_EQ(t, size, 0);
            } else if (kind == KIND_TEXT || kind == KIND_SECRET) {
                T_CHECK(t, wmbt_view_equal(value->text, wmbt_view_of(payload, size)));
            } else if (kind == KIND_LAYOUT) {
                T_CHECK(t,
                        size == 16 && wmbt_test_same(payload, value->text.data, value->text.len));
                T_CHECK(t, wmbt_bytes_all_zero(payload + value->text.len, 16 - value->text.len));
            } else if (kind == KIND_LAYERS || kind == KIND_RANK) {
                T_CHECK(t, size == 8 && wmbt_load_le32(payload) == value->first &&
                               wmbt_load_le32(payload + 4) == value->second);
            } else {
                uint8_t text[256], hex[256];
                size_t text_len, hex_len = 0;
                T_EQ(
                    t,
                    wmbt_fingerprint_value_text(&context, field, wmbt_buf_of(text, 256), &text_len),
                    WMBT_OK);
                T_CHECK(t, size % 32 == 0 && size >= 32 && size <= 96);
                for (uint32_t i = 0; i < size; i += 32) {
                    if (i != 0) {
                        hex[hex_len++] = ',';
                    }
                    wmbt_text_hex(wmbt_view_of(payload + i, 32), hex + hex_len);
                    hex_len += 64;
                }
                T_CHECK(t,
                        wmbt_view_equal(wmbt_view_of(text, text_len), wmbt_view_of(hex, hex_len)));
            }
        }
        T_EQ(t, at, len);
    }
}

/* The hash of the stream is the hash of tag and encoding. */
static void test_hash_of_encoding(wmbt_test *t)
{
    uint32_t seed = 0xABCD;
    uint8_t *bytes = wmbt_test_alloc(t, 64 + ENCODING_ROOM), *memory = wmbt_test_alloc(t, 304);
    const size_t domain = sizeof DOMAIN - 1;
    wmbt_bytes_copy(bytes, (const uint8_t *)DOMAIN, domain);
    for (uint32_t n = 0; n < 300; n++) {
        uint8_t choice[WMBT_FINGERPRINT_FIELDS], got[32], want[32];
        wmbt_fingerprint_context context;
        size_t len = 0;
        choose(n, &seed, choice);
        T_CALL(t, generate(t, choice, &context));
        T_CALL(t, encode(t, choice, bytes + domain, &len));
        T_EQ(t, wmbt_fingerprint_compute(&context, &everything, wmbt_buf_of(memory, 304), got),
             WMBT_OK);
        T_EQ(t, wmbt_blake3_once(wmbt_buf_of(memory, 304), wmbt_view_of(bytes, domain + len), want),
             WMBT_OK);
        T_BYTES(t, got, want, 32);
    }
}

/* --- the engine's fingerprint of today -------------------------------------------------------- */

static void test_ds4(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    wmbt_view text = WMBT_VIEW_LITERAL("abcdef0123456789abcdef01");
    T_CALL(t, read_flash(t, &context));
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, wmbt_view_of(NULL, 1), 2), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, wmbt_view_of(NULL, 0), 2), WMBT_BAD_FIELD);
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, WMBT_VIEW_LITERAL("a\0"), 2), WMBT_BAD_TEXT);
    uint8_t *large = wmbt_test_alloc(t, 4097);
    wmbt_bytes_fill(large, 'a', 4097);
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, wmbt_view_of(large, 4097), 2), WMBT_TOO_LARGE);
    T_CALL(t, check_fingerprint(t, &context, flash_fingerprint));
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, wmbt_view_of(large, 4096), 2), WMBT_OK);
    wmbt_test_reset(t);
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, text, 2), WMBT_OK);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        uint32_t want = field == F(MODEL_SHA256) || field == F(WEIGHT_QUANT) ? WMBT_FINGERPRINT_WEAK
                        : field == F(LAYOUT)                                 ? VALUE
                                             : WMBT_FINGERPRINT_UNKNOWN;
        T_EQ(t, context.values[field - 1].state, want);
    }
    uint8_t value[32], bytes[256];
    size_t len;
    T_EQ(t, wmbt_fingerprint_value_text(&context, F(MODEL_SHA256), wmbt_buf_of(value, 32), &len),
         WMBT_OK);
    T_CHECK(t, wmbt_view_equal(wmbt_view_of(value, len), text));
    T_EQ(t, wmbt_fingerprint_value_text(&context, F(WEIGHT_QUANT), wmbt_buf_of(value, 32), &len),
         WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(value, len), "q2"));
    T_CALL(t, set(t, &context, F(TENANT), "none"));
    T_CALL(t, set(t, &context, F(CACHE_SALT), "none"));
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(bytes, sizeof bytes), &len),
         WMBT_UNKNOWN_CONTEXT);
    T_EQ(t, wmbt_fingerprint_encode(&context, &everything, wmbt_buf_of(bytes, sizeof bytes), &len),
         WMBT_OK);
    static const uint8_t head[] = {1, 16, 1, 5, 24, 0, 0, 0};
    static const uint8_t quant[] = {2, 5, 4, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0};
    T_EQ(t, len, 2 + 16 * 6 + 24 + 4 + 16);
    T_BYTES(t, bytes, head, sizeof head);
    T_BYTES(t, bytes + 8, text.data, 24);
    T_BYTES(t, bytes + 32, quant, sizeof quant);
    /* Two texts, two numbers: four fingerprints. */
    uint8_t got[4][32];
    for (uint32_t i = 0; i < 4; i++) {
        T_EQ(t,
             wmbt_fingerprint_init_ds4(
                 &context, (i & 1) != 0 ? text : WMBT_VIEW_LITERAL("abcdef0123456789abcdef02"),
                 i < 2 ? 2 : 4),
             WMBT_OK);
        T_CALL(t, set(t, &context, F(TENANT), "none"));
        T_CALL(t, set(t, &context, F(CACHE_SALT), "none"));
        T_CALL(t, compute(t, &context, &everything, got[i]));
        for (uint32_t j = 0; j < i; j++) {
            T_CHECK(t, !wmbt_test_same(got[i], got[j], 32));
        }
    }
}

/* --- failures of others (docs/FAILURES.md) ---------------------------------------------------- */

/* The fingerprint of the example with one or two fields changed. */
static void changed(wmbt_test *t, uint32_t field, const char *text, uint32_t second,
                    const char *second_text, uint8_t out[32])
{
    wmbt_fingerprint_context context;
    T_CALL(t, read_flash(t, &context));
    if (field != 0) {
        T_CALL(t, set(t, &context, field, text));
    }
    if (second != 0) {
        T_CALL(t, set(t, &context, second, second_text));
    }
    T_CALL(t, compute(t, &context, &nothing, out));
}

static void differ(wmbt_test *t, uint32_t field, const char *text, uint32_t other,
                   const char *other_text)
{
    uint8_t a[32], b[32];
    T_CALL(t, changed(t, field, text, 0, NULL, a));
    T_CALL(t, changed(t, other, other_text, 0, NULL, b));
    T_CHECK(t, !wmbt_test_same(a, b, 32));
}

static void test_failure_4(wmbt_test *t)
{
    T_CALL(t, differ(t, F(LORA_SHA256), D4, F(CACHE_SALT), D4));
    T_CALL(t, differ(t, F(TENANT), "x", F(CACHE_SALT), "x"));
}

static void test_failure_5(wmbt_test *t)
{
    T_CALL(t, differ(t, F(LORA_SHA256), D4, 0, NULL));
    T_CALL(t, differ(t, F(LORA_SHA256), D4, F(LORA_SHA256), D3));
}

/* A salt or tenant made to look like the frame of an adapter is still a salt or tenant. */
static void test_failure_6(wmbt_test *t)
{
    uint8_t frame[7 + 32 + 1], lora[32], base[32];
    wmbt_fingerprint_context context;
    T_EQ(t, wmbt_text_unhex(wmbt_test_text(D4), false, frame + 7, 32), WMBT_OK);
    frame[0] = 'x';
    frame[1] = 13;
    frame[2] = 2;
    wmbt_store_le32(frame + 3, 32);
    T_CALL(t, changed(t, F(LORA_SHA256), D4, F(CACHE_SALT), "x", lora));
    T_CALL(t, read_flash(t, &context));
    /* Zero bytes and loose UTF-8 are refused before anything is framed. */
    T_EQ(t, wmbt_fingerprint_set(&context, F(CACHE_SALT), wmbt_view_of(frame, 39)), WMBT_BAD_TEXT);
    T_CALL(t, set(t, &context, F(CACHE_SALT), "x" D4));
    T_CALL(t, compute(t, &context, &nothing, base));
    T_CHECK(t, !wmbt_test_same(lora, base, 32));
    /* Nor do two neighbours run into each other. */
    T_CALL(t, changed(t, F(TENANT), "ab", F(CACHE_SALT), "c", lora));
    T_CALL(t, changed(t, F(TENANT), "a", F(CACHE_SALT), "bc", base));
    T_CHECK(t, !wmbt_test_same(lora, base, 32));
}

static void test_failure_7(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, 304), out[32];
    wmbt_fingerprint_context context;
    T_CALL(t, read_flash(t, &context));
    wmbt_fingerprint_forget(&context, F(CACHE_SALT)); /* dropped on the way */
    wmbt_fingerprint_accept accept = {WMBT_FINGERPRINT_ACCEPTABLE, 1};
    T_EQ(t, wmbt_fingerprint_compute(&context, &accept, wmbt_buf_of(memory, 304), out),
         WMBT_UNKNOWN_CONTEXT);
    accept.unknown |= WMBT_FINGERPRINT_BIT(F(CACHE_SALT));
    T_EQ(t, wmbt_fingerprint_compute(&context, &accept, wmbt_buf_of(memory, 304), out),
         WMBT_BAD_ARGUMENT);
}

static void test_failure_8(wmbt_test *t)
{
    T_CALL(t, differ(t, F(CACHE_SALT), "s", 0, NULL));
    T_CALL(t, differ(t, F(CACHE_SALT), "s", F(CACHE_SALT), "t"));
}

static void test_failure_9(wmbt_test *t)
{
    T_CALL(t, differ(t, F(LAYOUT), "ds4-v2", 0, NULL));
}

/* Two versions whose blocks have the same size. */
static void test_failure_10(wmbt_test *t)
{
    T_CALL(t, differ(t, F(LAYOUT), "ds4-v11", F(LAYOUT), "ds4-v12"));
}

/* The same shape, packed in another order. */
static void test_failure_12(wmbt_test *t)
{
    T_CALL(t, differ(t, F(LAYOUT), "packed-nhd", F(LAYOUT), "packed-hnd"));
}

static void test_failure_11(wmbt_test *t)
{
    T_CALL(t, differ(t, F(MODEL_SHA256), D2, 0, NULL));
    T_CALL(t, differ(t, F(TOKENIZER_SHA256), D1, 0, NULL));
}

static void test_failure_14(wmbt_test *t)
{
    T_CALL(t, differ(t, F(MODEL_SHA256), D4, F(MODEL_SHA256), D3));
    T_CALL(t, differ(t, F(TENANT), "team-b", 0, NULL));
}

/* An encoding says its version; one of another version is another fingerprint. */
static void test_failure_18(wmbt_test *t)
{
    uint8_t bytes[512], got[32], memory_of[32];
    const size_t domain = sizeof DOMAIN - 1;
    size_t len;
    wmbt_fingerprint_context context;
    T_CALL(t, read_flash(t, &context));
    wmbt_bytes_copy(bytes, (const uint8_t *)DOMAIN, domain);
    T_EQ(t, wmbt_fingerprint_encode(&context, &nothing, wmbt_buf_of(bytes + domain, 400), &len),
         WMBT_OK);
    T_EQ(t, bytes[domain], 1);
    bytes[domain] = 2;
    uint8_t *memory = wmbt_test_alloc(t, 304);
    T_EQ(t, wmbt_blake3_once(wmbt_buf_of(memory, 304), wmbt_view_of(bytes, domain + len), got),
         WMBT_OK);
    T_CALL(t, changed(t, 0, NULL, 0, NULL, memory_of));
    T_CHECK(t, !wmbt_test_same(got, memory_of, 32));
}

/* No seed, no environment: the fingerprint is a constant of the context (b3sum's, not ours). */
static void test_failure_20(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    for (uint32_t run = 0; run < 3; run++) {
        T_CALL(t, read_flash(t, &context));
        T_CALL(t, check_fingerprint(t, &context, flash_fingerprint));
    }
}

/* Every byte of every identity field is covered: each flipped bit of the text of a value is an
 * error or another fingerprint, unless it only changes the case of a hex digit. */
static void test_failure_23(wmbt_test *t)
{
    for (uint32_t field = 1; field <= 16; field++) {
        wmbt_fingerprint_context context;
        T_CALL(t, read_flash(t, &context));
        wmbt_view text = context.values[field - 1].text;
        uint8_t copy[80];
        for (size_t bit = 0; bit < 8 * text.len; bit++) {
            uint8_t base[32], other[32];
            wmbt_bytes_copy(copy, text.data, text.len);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            bool hex_case = (kinds[field - 1] == KIND_DIGEST || field == F(LORA_SHA256)) &&
                            bit % 8 == 5 && !wmbt_text_is_digit(text.data[bit / 8]);
            if (wmbt_fingerprint_set(&context, field, wmbt_view_of(copy, text.len)) == WMBT_OK) {
                T_CALL(t, compute(t, &context, &nothing, other));
                T_CALL(t, changed(t, 0, NULL, 0, NULL, base));
                T_EQ(t, wmbt_test_same(base, other, 32), hex_case);
            }
        }
    }
}

/* A digest in one field is no digest in another; images count in order. */
static void test_failure_24(wmbt_test *t)
{
    T_CALL(t, differ(t, F(LORA_SHA256), D4, F(MULTIMODAL_SHA256), D4));
    T_CALL(t, differ(t, F(CACHE_SALT), D4, F(MULTIMODAL_SHA256), D4));
    T_CALL(t, differ(t, F(MULTIMODAL_SHA256), D1 "," D2, F(MULTIMODAL_SHA256), D2 "," D1));
    T_CALL(t, differ(t, F(MULTIMODAL_SHA256), D1 "," D1, F(MULTIMODAL_SHA256), D1));
    wmbt_fingerprint_context context;
    wmbt_fingerprint_init(&context);
    T_EQ(t, wmbt_fingerprint_set(&context, F(MULTIMODAL_SHA256), WMBT_VIEW_LITERAL("my-lora")),
         WMBT_BAD_LENGTH);
}

/* The text that the engine makes of a path is no digest of a model and gives no fingerprint. */
static void test_failure_25(wmbt_test *t)
{
    wmbt_fingerprint_context context;
    wmbt_view path_text = WMBT_VIEW_LITERAL("abcdef0123456789abcdef01");
    uint8_t *memory = wmbt_test_alloc(t, 304), out[32];
    wmbt_model_digest digest;
    T_CALL(t, read_flash(t, &context));
    T_EQ(t, wmbt_fingerprint_set(&context, F(MODEL_SHA256), path_text), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_fingerprint_init_ds4(&context, path_text, 2), WMBT_OK);
    for (uint32_t field = 3; field <= 16; field++) {
        T_EQ(t,
             wmbt_fingerprint_set(&context, field,
                                  wmbt_test_text(spellings[kinds[field - 1]][2].text)),
             WMBT_OK);
    }
    T_EQ(t, wmbt_fingerprint_compute(&context, &nothing, wmbt_buf_of(memory, 304), out),
         WMBT_UNKNOWN_CONTEXT);
    T_EQ(t, wmbt_fingerprint_open_fields(&context, &nothing),
         WMBT_FINGERPRINT_BIT(F(MODEL_SHA256)) | WMBT_FINGERPRINT_BIT(F(WEIGHT_QUANT)));
    T_EQ(t, wmbt_fingerprint_model_digest(&context, &digest), WMBT_UNKNOWN_CONTEXT);
}

static const wmbt_case cases[] = {
    {"the document's examples", test_document, 1024, NULL},
    {"names of fields", test_names, 0, NULL},
    {"values and their canonical text", test_values, 0, NULL},
    {"bad values change nothing", test_bad_values, 0, NULL},
    {"numbers of fields", test_numbers, 0, NULL},
    {"longest texts, lists and encoding", test_limits, 224 * 1024, NULL},
    {"identity files", test_files, 0, NULL},
    {"order and spacing of a file do not count", test_order_and_spacing, 1024, NULL},
    {"damaged files", test_damaged_files, 4096, NULL},
    {"unknown fields keep a fingerprint away", test_open_fields, 1024, NULL},
    {"the zero layout", test_zero_layout, 1024, NULL},
    {"buffers", test_buffers, 1024, NULL},
    {"texts that change", test_texts_that_change, 1024, NULL},
    {"a file at the end of memory", test_end_of_file, 64, NULL},
    {"states that no call sets", test_states, 0, NULL},
    {"a context of zeros", test_zeroed_context, 0, NULL},
    {"texts that change meanwhile", test_texts_that_change_meanwhile, 1024, NULL},
    {"injective over all pairs", test_injective, 16 * 1024, NULL},
    {"the encoding reads back", test_reads_back, 4096, NULL},
    {"the hash is that of tag and encoding", test_hash_of_encoding, 4096, NULL},
    {"ds4 fingerprints are weak", test_ds4, 8192, NULL},
    {"failure 4: adapter and salt of the same text differ", test_failure_4, 1024, NULL},
    {"failure 5: the adapter is in the fingerprint", test_failure_5, 1024, NULL},
    {"failure 6: no salt looks like an adapter", test_failure_6, 1024, NULL},
    {"failure 7: a dropped salt gives no fingerprint", test_failure_7, 1024, NULL},
    {"failure 8: the salt counts", test_failure_8, 1024, NULL},
    {"failure 9: the layout is in the fingerprint", test_failure_9, 1024, NULL},
    {"failure 10: two layouts of one size", test_failure_10, 1024, NULL},
    {"failure 11: the weights' digest is in the fingerprint", test_failure_11, 1024, NULL},
    {"failure 12: two layouts of one shape", test_failure_12, 1024, NULL},
    {"failure 14: model and tenant are in the fingerprint", test_failure_14, 1024, NULL},
    {"failure 18: the encoding has a version", test_failure_18, 1024, NULL},
    {"failure 20: no seed", test_failure_20, 1024, NULL},
    {"failure 23: every byte of an identity field counts", test_failure_23, 1024, NULL},
    {"failure 24: fields have types", test_failure_24, 1024, NULL},
    {"failure 25: a path is no model", test_failure_25, 1024, NULL},
};
WMBT_SUITE(fingerprint, cases);
