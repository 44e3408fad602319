/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, taken apart. */
#include "net/url.h"

#include <ctype.h>
#include <string.h>

#include "base/tool.h"

const char *url_encode_path(const char *bytes, size_t len)
{
    char *out = tool_alloc(3 * len + 1), *to = out;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", c) !=
                NULL &&
            c != '\0') {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = "0123456789ABCDEF"[c >> 4];
            *to++ = "0123456789ABCDEF"[c & 15];
        }
    }
    *to = '\0';
    return out;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* A '%' without two digits stays. */
static wmbt_view decode(const char *text, size_t len)
{
    uint8_t *out = tool_alloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && len - i > 2 ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            out[n++] = (uint8_t)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = (uint8_t)text[i];
        }
    }
    return wmbt_view_of(out, n);
}

static void parse_query(struct url *url, const char *text)
{
    size_t count = 1;
    for (const char *c = text; *c != '\0'; c++) {
        count += *c == '&';
    }
    url->query = tool_alloc(count * sizeof *url->query);
    while (*text != '\0') {
        size_t len = strcspn(text, "&");
        size_t name = strcspn(text, "=&");
        if (len != 0) {
            wmbt_sigv4_pair *pair = &url->query[url->query_count++];
            size_t value = name < len ? name + 1 : len;
            pair->name = decode(text, name);
            pair->value = decode(text + value, len - value);
        }
        text += len + (text[len] == '&');
    }
}

/* What stands behind the last colon of a host that is no part of an IPv6 address: 1 to 65535. */
static void check_port(const char *host, size_t len, const char *text, const char *what)
{
    const char *end = host + len, *digits = end;
    uint64_t port = 0;
    while (digits > host && digits[-1] != ':' && digits[-1] != ']') {
        digits--;
    }
    if (digits == host || digits[-1] == ']') {
        return;
    }
    bool good = digits < end && end - digits <= 5;
    for (const char *c = digits; good && c < end; c++) {
        good = isdigit((unsigned char)*c);
        port = port * 10 + (uint64_t)(*c - '0');
    }
    if (!good || port == 0 || port > 65535) {
        tool_usage_error("%s: '%s' has a port that is no number from 1 to 65535", what,
                         tool_printable_cstr(text));
    }
}

void url_parse(struct url *url, const char *text, bool encoded, const char *what)
{
    memset(url, 0, sizeof *url);
    const char *rest = strstr(text, "://");
    size_t scheme = rest != NULL ? (size_t)(rest - text) : 0;
    url->scheme = scheme == 4 && memcmp(text, "http", 4) == 0    ? "http"
                  : scheme == 5 && memcmp(text, "https", 5) == 0 ? "https"
                                                                 : NULL;
    if (url->scheme == NULL) {
        tool_usage_error("%s: '%s' does not begin with http:// or https://", what,
                         tool_printable_cstr(text));
    }
    rest += 3;
    size_t host = strcspn(rest, "/?");
    if (host == 0 || memchr(rest, '@', host) != NULL || memchr(rest, ' ', host) != NULL) {
        tool_usage_error("%s: '%s' has no host, or one with a user's name", what,
                         tool_printable_cstr(text));
    }
    check_port(rest, host, text, what);
    const char *port = strcmp(url->scheme, "http") == 0 ? ":80" : ":443";
    size_t port_len = strlen(port);
    bool own = host > port_len && memcmp(rest + host - port_len, port, port_len) == 0;
    url->host = tool_copy(rest, own ? host - port_len : host);
    rest += host;
    size_t path = strcspn(rest, "?");
    const char *raw = path != 0 ? rest : "/";
    size_t raw_len = path != 0 ? path : 1;
    url->path = encoded ? tool_copy(raw, raw_len) : url_encode_path(raw, raw_len);
    if (rest[path] == '?') {
        parse_query(url, rest + path + 1);
    }
}

const char *url_without_dots(const char *path)
{
    size_t len = strlen(path);
    char *out = tool_alloc(len + 2);
    size_t n = 0;
    bool slash = true; /* a segment that ends in one keeps it */
    while (*path != '\0') {
        size_t segment = strcspn(path, "/");
        slash = path[segment] == '/';
        if (segment == 2 && memcmp(path, "..", 2) == 0) {
            while (n > 0 && out[--n] != '/') {
            }
        } else if (segment != 0 && !(segment == 1 && path[0] == '.')) {
            out[n++] = '/';
            memcpy(out + n, path, segment);
            n += segment;
        }
        path += segment + (size_t)slash;
    }
    if (slash || n == 0) {
        out[n++] = '/';
    }
    out[n] = '\0';
    return out;
}
