/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware that restores a prompt from an S3 store on the network: lwIP without an operating
 * system, a polled Ethernet driver, the library's client and reader, static memory. Of the rows it
 * keeps those of the layers from the one it is told on, as many as its memory holds: a prompt's
 * rows of all layers pass the 16 MB of an MPS2. All bytes of all objects are read and checked,
 * whichever are kept.
 *
 * Prints what the tool prints for the prompt, then the SHA-256 of the rows as they lie in memory,
 * in order of layers and kinds, then what the client counted. Started with the words
 *
 *     restore PORT ACCESS-KEY SECRET REGION BUCKET FIRST-LAYER
 *
 * Returns 0; 1 if it came to no plan; 3 if the store refused an object: then it prints what the
 * store said, and neither a plan nor rows.
 */
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "../baremetal/start/semihost.h"
#include "../baremetal/start/start.h"
#include "links.h"
#include "linked.h"
#include "net.h"
#include "print.h"
#include "wombatkv/sha256.h"

#define MAX_BLOCKS 4u /* places have room for so many */
#define MAX_LAYERS 64u
#define WORDS 7u
#define REFUSED 3

static WMBT_MEMORY(memory, WMBT_READER_BYTES(MAX_BLOCKS, NET_LINKS));
static wmbt_reader_place places[MAX_LAYERS * WMBT_EXTENT_KINDS];
static uint32_t kept[MAX_LAYERS * WMBT_EXTENT_KINDS]; /* bytes of rows in each place */
static links_config where;
static struct netif net;

/* Memory for rows: what the linker script leaves of the board's large memory. */
extern uint8_t FILES_BASE[], start_arena_end[];

/* --- the board -------------------------------------------------------------------------------- */

void board_print(const char *text)
{
    semihost_write(text);
}

_Noreturn void net_panic(const char *message)
{
    board_print("restore: ");
    board_print(message);
    board_print("\n");
    semihost_exit(2);
}

uint32_t sys_now(void)
{
    return clock_ms();
}

/* xorshift32. For ports, first sequence numbers and backoff; not for secrets. */
uint32_t net_random(void)
{
    static uint32_t x;
    x ^= x == 0u ? (uint32_t)where.time_at_start | 1u : clock_ms();
    x = x == 0u ? 1u : x;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static err_t net_init(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    n->output = etharp_output;
    return ether_init(n);
}

static void net_up(void)
{
    ip4_addr_t address, mask, gateway; /* those of QEMU's user networking */
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    lwip_init();
    if (netif_add(&net, &address, &mask, &gateway, NULL, net_init, ethernet_input) == NULL) {
        net_panic("no Ethernet");
    }
    netif_set_default(&net);
    netif_set_up(&net);
}

static void poll(void)
{
    ether_poll(&net);
    sys_check_timeouts();
}

/* --- the command ------------------------------------------------------------------------------ */

static uint32_t number(wmbt_view text)
{
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        value = value * 10u + (uint32_t)(text.data[i] - '0');
    }
    return value;
}

static void read_command(uint32_t *first_layer)
{
    static char line[256];
    static uint8_t host[] = "10.0.2.2:     "; /* QEMU's name for the host's loopback */
    wmbt_view words[WORDS] = {{NULL, 0}};
    uint32_t count = 0;
    if (!semihost_command_line(line, sizeof line)) {
        net_panic("no command line");
    }
    for (const char *at = line; *at != '\0' && count < WORDS; count++) {
        const char *end = at;
        while (*end != '\0' && *end != ' ') {
            end++;
        }
        words[count] = wmbt_view_of((const uint8_t *)at, (size_t)(end - at));
        at = *end == ' ' ? end + 1 : end;
    }
    if (count != WORDS || words[1].len > 5u) {
        net_panic("usage: restore PORT ACCESS-KEY SECRET REGION BUCKET FIRST-LAYER");
    }
    for (size_t i = 0; i < words[1].len; i++) {
        host[9u + i] = words[1].data[i];
    }
    where.store.host = wmbt_view_of(host, 9u + words[1].len);
    where.port = (uint16_t)number(words[1]);
    where.store.who.access_key = words[2];
    where.store.who.secret = words[3];
    where.store.region = words[4];
    where.store.bucket = words[5];
    *first_layer = number(words[6]);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Lays out the rows of layers one behind the other, from `first` on. Returns the layer behind the
 * last that fits. */
static uint32_t lay_out(const wmbt_reader_config *config, uint32_t block_tokens, uint32_t first)
{
    uint64_t at = 0, room = (uint64_t)(start_arena_end - FILES_BASE);
    uint32_t layer = first;
    for (; layer < config->shape->layers; layer++) {
        uint64_t bytes = 0;
        for (uint32_t kind = 0; kind < WMBT_EXTENT_KINDS; kind++) {
            bytes += wmbt_reader_place_bytes(config, block_tokens, layer, kind);
        }
        if (bytes > room - at) {
            break;
        }
        for (uint32_t kind = 0; kind < WMBT_EXTENT_KINDS; kind++) {
            wmbt_reader_place *place = &places[layer * WMBT_EXTENT_KINDS + kind];
            bytes = wmbt_reader_place_bytes(config, block_tokens, layer, kind);
            place->wanted = bytes != 0u ? 1u : 0u;
            place->offset = at;
            at += bytes;
        }
    }
    return layer;
}

/* Adds up the rows of an object that have been verified. */
static void count_rows(const wmbt_reader *r, uint32_t object)
{
    wmbt_piece piece;
    uint32_t offset = 0;
    while (wmbt_reader_piece(r, object, offset, NULL, &piece) == WMBT_OK) {
        if (piece.has_place != 0u && piece.trust != WMBT_TRUST_STAGED) {
            kept[piece.layer * WMBT_EXTENT_KINDS + piece.kind] += piece.bytes;
        }
        offset = piece.offset + piece.bytes;
    }
}

/* What lies in memory, so much of each place as usable blocks and a tail that counts have rows. */
static void print_rows(const wmbt_reader *r, uint32_t first, uint32_t end)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2u * WMBT_SHA256_DIGEST_BYTES + 1u];
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_sha256 sum;
    wmbt_plan plan;
    uint64_t bytes = 0;
    wmbt_sha256_init(&sum);
    if (wmbt_reader_plan(r, &plan) != WMBT_OK) {
        net_panic("no plan");
    }
    for (uint32_t i = 0; i < wmbt_reader_usable_blocks(r); i++) {
        count_rows(r, i);
    }
    if (plan.load_tail != 0u) {
        count_rows(r, WMBT_READER_TAIL);
    }
    for (uint32_t i = first * WMBT_EXTENT_KINDS; i < end * WMBT_EXTENT_KINDS; i++) {
        if (wmbt_sha256_update(
                &sum, wmbt_view_of(FILES_BASE + (size_t)places[i].offset, kept[i])) != WMBT_OK) {
            net_panic("sha256");
        }
        bytes += kept[i];
    }
    wmbt_sha256_final(&sum, digest);
    for (size_t k = 0; k < sizeof digest; k++) {
        hex[2u * k] = digits[digest[k] >> 4];
        hex[2u * k + 1u] = digits[digest[k] & 15u];
    }
    hex[sizeof hex - 1u] = '\0';
    board_print("rows of layers ");
    print_number(first);
    board_print(" to ");
    print_number(end - 1u);
    board_print(": ");
    print_number(bytes);
    board_print(" bytes in memory, sha256 ");
    board_print(hex);
    board_print("\n");
}

/* --- the run ---------------------------------------------------------------------------------- */

static void print_count(const char *name, uint64_t value)
{
    board_print(name);
    print_number(value);
}

/* True if the store refused an object: says which, and how. */
static bool print_refused(const wmbt_reader *r, uint32_t object)
{
    wmbt_reader_object state;
    if (wmbt_reader_object_state(r, object, &state) != WMBT_OK ||
        state.status < WMBT_S3CLIENT_REFUSED) {
        return false;
    }
    if (object == WMBT_READER_TAIL) {
        board_print("raw tail");
    } else {
        print_count("block ", object);
    }
    board_print(": the store said ");
    board_print(wmbt_s3_meaning_name((uint32_t)(state.status - WMBT_S3CLIENT_REFUSED)));
    board_print("\n");
    return true;
}

static wmbt_reader *start(uint32_t first_layer, uint32_t *end_layer)
{
    static const wmbt_reader_config no_config;
    static const wmbt_reader_prompt no_prompt;
    const board_command *command = &linked_command;
    wmbt_reader_config config = no_config;
    wmbt_reader_prompt prompt = no_prompt;
    wmbt_reader *r = NULL;
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.max_blocks = MAX_BLOCKS;
    config.in_flight = NET_LINKS;
    config.max_object_bytes = 64u << 20;
    config.memory = wmbt_buf_of(FILES_BASE, (size_t)(start_arena_end - FILES_BASE));
    config.places = places;
    *end_layer = lay_out(&config, command->block_tokens, first_layer);
    prompt.chain.dialect = WMBT_CHAIN_DS4;
    prompt.chain.block_tokens = command->block_tokens;
    prompt.chain.quant_bits = command->quant_bits;
    prompt.chain.fingerprint = command->fingerprint;
    prompt.prefix = command->prefix;
    prompt.name_space = command->name_space;
    prompt.flags = WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL;
    if (*end_layer == first_layer ||
        wmbt_reader_init(wmbt_buf_of(memory, sizeof memory), &config, 1, &r) != WMBT_OK ||
        wmbt_reader_start(r, &prompt) != WMBT_OK ||
        wmbt_reader_tokens(r, command->tokens, command->token_count) != WMBT_OK ||
        wmbt_reader_end(r, command->token_count) != WMBT_OK) {
        net_panic("this prompt is none");
    }
    return r;
}

int main(void)
{
    wmbt_s3client_counts counts;
    uint32_t first_layer = 0, end_layer = 0, connections = 0, began = clock_ms();
    bool refused = false;
    where.address[0] = 10;
    where.address[2] = 2;
    where.address[3] = 2;
    where.time_at_start = semihost_time() - began / 1000u;
    read_command(&first_layer);
    wmbt_reader *r = start(first_layer, &end_layer);
    net_up();
    links_run(&where, r, poll, &counts, &connections);
    for (uint32_t i = 0; i < wmbt_reader_blocks(r); i++) {
        refused = print_refused(r, i) || refused;
    }
    refused = print_refused(r, WMBT_READER_TAIL) || refused;
    if (!refused) {
        if (!print_result(&linked_command, r)) {
            return 1;
        }
        print_rows(r, first_layer, end_layer);
    }
    print_count("requests ", counts.requests);
    print_count(", connections ", connections);
    print_count(", retries ", counts.retries);
    print_count(", refused ", counts.refused);
    print_count("; bytes received ", counts.received_bytes);
    print_count(", wasted ", counts.wasted_bytes);
    print_count("; ms ", clock_ms() - began);
    board_print("\n");
    return refused ? REFUSED : 0;
}
