/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv sign: a signature of S3, and the texts that it was made of. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"
#include "net/credentials.h"
#include "net/url.h"
#include "wombatkv/sigv4.h"

struct signing {
    wmbt_sigv4_request request;
    wmbt_sigv4_credentials who;
    wmbt_sigv4_scope scope;
    uint32_t expires; /* 0: the header form */
    struct url url;
    wmbt_buf room;
};

/* --- arguments ------------------------------------------------------------------------------- */

/* Seconds of "YYYYMMDDTHHMMSSZ": the library writes times, so the one that gives the same text. */
static uint64_t time_of(const char *text)
{
    static const char form[] = "00000000T000000Z";
    uint8_t again[WMBT_SIGV4_TIME_BYTES];
    uint64_t low = 0, high = UINT64_C(253402300800);
    bool good = strlen(text) == sizeof form - 1;
    for (size_t i = 0; good && form[i] != '\0'; i++) {
        good = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
    }
    while (good && high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        good = wmbt_sigv4_time(middle, again) == WMBT_OK;
        if (memcmp(again, text, sizeof again) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (!good || wmbt_sigv4_time(low, again) != WMBT_OK || memcmp(again, text, sizeof again) != 0) {
        tool_usage_error("option --time: '%s' is no time like 20130524T000000Z, of 1970 or later",
                         text);
    }
    return low;
}

static const char *payload_of(const struct args *args)
{
    const char *payload = args_value(args, "--payload");
    if (payload == NULL || strcmp(payload, "empty") == 0) {
        return WMBT_SIGV4_EMPTY;
    }
    if (strcmp(payload, "unsigned") == 0) {
        return WMBT_SIGV4_UNSIGNED;
    }
    if (strlen(payload) != 64 || strspn(payload, "0123456789abcdef") != 64) {
        tool_usage_error("option --payload: '%s' is none of unsigned, empty and 64 hex digits",
                         payload);
    }
    return payload;
}

/* 'NAME: VALUE' */
static void add_header(wmbt_sigv4_pair *pair, const char *text)
{
    static const char *const ours[] = {"x-amz-date", "x-amz-content-sha256", "authorization",
                                       "x-amz-security-token", "x-amz-s3session-token"};
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text) {
        tool_usage_error("option --header: '%s' is not NAME: VALUE", text);
    }
    pair->name = wmbt_view_of(text, (size_t)(colon - text));
    pair->value = tool_view(colon + 1);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strlen(ours[i]) == pair->name.len && strncasecmp(ours[i], text, pair->name.len) == 0) {
            tool_usage_error("option --header: %s is added by the signature", ours[i]);
        }
    }
}

/* Host and what --header gives; a host among these replaces the URL's. */
static void add_headers(struct signing *s, const struct args *args)
{
    wmbt_sigv4_pair *pairs = tool_alloc((args->givens + 1) * sizeof *pairs);
    size_t count = 1;
    pairs[0].name = tool_view("host");
    pairs[0].value = tool_view(s->url.host);
    for (size_t i = 0; i < args->givens; i++) {
        if (strcmp(args->given[i].option->name, "--header") == 0) {
            wmbt_sigv4_pair pair;
            add_header(&pair, args->given[i].value);
            bool host = pair.name.len == 4 && strncasecmp("host", args->given[i].value, 4) == 0;
            pairs[host ? 0 : count++] = pair;
        }
    }
    s->request.headers = pairs;
    s->request.header_count = count;
}

static void read_arguments(struct signing *s, const struct args *args)
{
    struct credentials who;
    uint64_t expires = 0;
    const char *service = args_value(args, "--service");
    args_operands(args, "no operand", 0, 0);
    s->request.method = tool_view(args_required(args, "--method"));
    const char *url = args_required(args, "--url");
    s->scope.time = time_of(args_required(args, "--time"));
    s->request.payload = tool_view(payload_of(args));
    if (args_number(args, "--presign", 1, WMBT_SIGV4_MAX_EXPIRES, &expires)) {
        s->expires = (uint32_t)expires;
    }
    s->scope.service = tool_view(service != NULL ? service : "s3");
    bool is_s3 = s->scope.service.len >= 2 && memcmp(s->scope.service.data, "s3", 2) == 0;
    url_parse(&s->url, url, args_flag(args, "--encoded-path"), "option --url");
    s->request.path = tool_view(is_s3 ? s->url.path : url_without_dots(s->url.path));
    s->request.query = s->url.query;
    s->request.query_count = s->url.query_count;
    credentials_find(args, &who);
    if (who.access_key == NULL) {
        tool_usage_error("an anonymous request has no signature");
    }
    if (who.region == NULL) {
        tool_usage_error("option --region is needed");
    }
    s->scope.region = tool_view(who.region);
    s->who.access_key = tool_view(who.access_key);
    s->who.secret = tool_view(who.secret);
    s->who.token = tool_view(who.token);
    add_headers(s, args);
    size_t bytes = 4096 + 8 * (strlen(url) + s->who.token.len + s->who.access_key.len);
    for (size_t i = 0; i < s->request.header_count; i++) {
        bytes += 2 * s->request.headers[i].name.len + s->request.headers[i].value.len + 8;
    }
    s->room = wmbt_buf_of(tool_alloc(bytes), bytes);
}

/* --- answer ---------------------------------------------------------------------------------- */

/* The room is large enough for every text; what is wrong is in the arguments. */
static void need(wmbt_status status)
{
    if (status != WMBT_OK) {
        tool_usage_error("this request cannot be signed: %s", tool_status_name(status));
    }
}

static void add_signature(struct json *root, const struct signing *s)
{
    uint8_t hex[WMBT_SIGV4_SIGNATURE_BYTES];
    size_t n = 0;
    if (s->expires == 0) {
        need(wmbt_sigv4_sign(&s->request, &s->who, &s->scope, NULL, hex));
        json_add_view(root, "signature", wmbt_view_of(hex, sizeof hex));
        need(wmbt_sigv4_authorization(&s->request, &s->who, &s->scope, NULL, s->room, &n));
        json_add_view(root, "authorization", wmbt_view_of(s->room.data, n));
        json_add_null(root, "url");
        return;
    }
    need(wmbt_sigv4_presign(&s->request, &s->who, &s->scope, s->expires, NULL, s->room, &n));
    json_add_view(root, "signature",
                  wmbt_view_of(s->room.data + n - sizeof hex, sizeof hex)); /* it comes last */
    json_add_null(root, "authorization");
    json_add_text(root, "url",
                  tool_format("%s://%s%s?%.*s", s->url.scheme, s->url.host, s->url.path, (int)n,
                              (const char *)s->room.data));
}

static int run(const struct args *args)
{
    struct signing s;
    struct json *root = json_object();
    size_t n = 0;
    memset(&s, 0, sizeof s);
    read_arguments(&s, args);
    need(wmbt_sigv4_canonical(&s.request, &s.who, &s.scope, s.expires, s.room, &n));
    const char *canonical = tool_copy((const char *)s.room.data, n);
    json_add_hex(root, "canonical_request_hex", wmbt_view_of(s.room.data, n));
    need(wmbt_sigv4_string_to_sign(&s.request, &s.who, &s.scope, s.expires, s.room, &n));
    json_add_view(root, "string_to_sign", wmbt_view_of(s.room.data, n));
    need(wmbt_sigv4_signed_headers(&s.request, &s.who, &s.scope, s.expires, s.room, &n));
    json_add_view(root, "signed_headers", wmbt_view_of(s.room.data, n));
    add_signature(root, &s);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
        return EXIT_DONE;
    }
    printf("%s\n", out_bold("canonical request"));
    for (const char *line = canonical; line != NULL;) {
        const char *end = strchr(line, '\n');
        size_t len = end != NULL ? (size_t)(end - line) : strlen(line);
        printf("  %s\n", tool_printable(line, len));
        line = end != NULL ? end + 1 : NULL;
    }
    printf("%s\n", out_bold("string to sign"));
    for (const char *line = json_get_text(root, "string_to_sign"); line != NULL;) {
        const char *end = strchr(line, '\n');
        size_t len = end != NULL ? (size_t)(end - line) : strlen(line);
        printf("  %s\n", tool_printable(line, len));
        line = end != NULL ? end + 1 : NULL;
    }
    printf("%s\n  %s\n", out_bold("signature"), json_get_text(root, "signature"));
    const char *what = s.expires != 0 ? "url" : "authorization";
    printf("%s\n  %s\n", out_bold(what), tool_printable_cstr(json_get_text(root, what)));
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"--method", "METHOD", false},
    {"--url", "URL", false},
    {"--time", "TIME", false},
    {"--service", "SERVICE", false},
    {"--header", "FIELD", true},
    {"--payload", "PAYLOAD", false},
    {"--presign", "SECONDS", false},
    {"--encoded-path", NULL, false},
    CREDENTIALS_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_sign = {
    .name = "sign",
    .summary = "a signature of S3, and the texts it is made of",
    .usage = "--method M --url URL --time YYYYMMDDTHHMMSSZ --region R\n"
             "       [--service s3] [--header 'NAME: VALUE']... [--payload unsigned|empty|HEX64]\n"
             "       [--presign SECONDS] [--encoded-path] [--profile NAME]",
    .help =
        "Signs a request with Signature V4 and shows what was signed, for those who look for the\n"
        "reason of a SignatureDoesNotMatch. Keys come from AWS_ACCESS_KEY_ID,\n"
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or from a profile. Nothing is sent.\n\n"
        "--url URL         path and query as they mean; the path is percent-encoded here. A key\n"
        "                  that holds '?' must be encoded\n"
        "--encoded-path    the path of the URL is encoded already\n"
        "--time TIME       of the signature, UTC\n"
        "--region R        or AWS_REGION, AWS_DEFAULT_REGION, or the profile's\n"
        "--service S       s3; other services have their path encoded twice\n"
        "--header FIELD    a further field to sign; may be repeated\n"
        "--payload P       unsigned, empty (the default), or the SHA-256 of the body\n"
        "--presign N       a URL that can be used for N seconds, 1 to 604800\n"
        "--profile NAME    keys and region of that profile; --no-sign-request is refused here\n",
    .example = "  AWS_ACCESS_KEY_ID=AKIAEXAMPLE AWS_SECRET_ACCESS_KEY=secret wombatkv sign \\\n"
               "      --method GET --url https://s3.test/bucket/block/b3=00 \\\n"
               "      --time 20130524T000000Z --region us-east-1\n",
    .options = options,
    .run = run,
};
