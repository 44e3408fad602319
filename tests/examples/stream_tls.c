/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams over TLS by mbedTLS 2.28 and later. Certificates that are trusted stand in the file that
 * S3_CA_FILE names, the system's if it is not set; the host's name is checked. An answer that lasts
 * until the connection ends counts only after TLS's own end of stream: any other end is
 * STREAM_OVER too, and the client then holds the length against what it knows.
 */
#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "stream.h"

struct stream {
    mbedtls_net_context net;
    mbedtls_ssl_context ssl;
    bool wants_room, is_up;
};

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_x509_crt trusted;
static mbedtls_ssl_config config;

bool stream_begin(void)
{
    const char *file = getenv("S3_CA_FILE");
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_x509_crt_init(&trusted);
    mbedtls_ssl_config_init(&config);
    if (mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0) != 0 ||
        mbedtls_x509_crt_parse_file(
            &trusted, file != NULL ? file : "/etc/ssl/certs/ca-certificates.crt") != 0 ||
        mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return false;
    }
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config, &trusted, NULL);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    return true;
}

stream *stream_open(const char *host, const char *port)
{
    stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    mbedtls_net_init(&s->net);
    mbedtls_ssl_init(&s->ssl);
    s->net.fd = tcp_open(host, port);
    if (s->net.fd < 0 || mbedtls_ssl_setup(&s->ssl, &config) != 0 ||
        mbedtls_ssl_set_hostname(&s->ssl, host) != 0) {
        stream_close(s);
        return NULL;
    }
    mbedtls_ssl_set_bio(&s->ssl, &s->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    s->wants_room = true;
    return s;
}

void stream_close(stream *s)
{
    if (s->is_up) {
        (void)mbedtls_ssl_close_notify(&s->ssl);
    }
    mbedtls_net_free(&s->net);
    mbedtls_ssl_free(&s->ssl);
    free(s);
}

int stream_fd(const stream *s)
{
    return s->net.fd;
}

bool stream_wants_room(const stream *s)
{
    return s->wants_room;
}

/* Bytes that moved, by what mbedTLS said. */
static long moved(stream *s, int said)
{
    s->wants_room = said == MBEDTLS_ERR_SSL_WANT_WRITE;
    if (said == MBEDTLS_ERR_SSL_WANT_READ || said == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return 0;
    }
    return said > 0 ? said : STREAM_OVER;
}

/* 1: up; 0: not yet; STREAM_OVER. */
static long shake_hands(stream *s)
{
    if (!s->is_up) {
        int said = mbedtls_ssl_handshake(&s->ssl);
        if (said != 0) {
            return moved(s, said);
        }
        s->is_up = true;
    }
    return 1;
}

long stream_send(stream *s, const void *bytes, size_t n)
{
    long up = shake_hands(s);
    if (up <= 0) {
        return up;
    }
    long sent = moved(s, mbedtls_ssl_write(&s->ssl, bytes, n));
    s->wants_room = s->wants_room || (sent >= 0 && (size_t)sent < n);
    return sent;
}

long stream_receive(stream *s, void *bytes, size_t n)
{
    long up = shake_hands(s);
    return up <= 0 ? up : moved(s, mbedtls_ssl_read(&s->ssl, bytes, n));
}
