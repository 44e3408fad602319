/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-net behind virtio-mmio (virtio 1.1, sections 2.6, 4.2 and 5.1), polled: the Ethernet of
 * QEMU's virt boards. ETHER_BASE, ETHER_STRIDE and ETHER_COUNT say where its transports lie. */
#include <stdbool.h>

#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "net.h"

#define FRAME_BYTES 1514u
#define HEADER_BYTES 12u /* before each frame: struct virtio_net_hdr, zero without offloads */
#define BUFFER_BYTES 1536u
#define RX_COUNT 64u /* powers of two */
#define TX_COUNT 16u

/* Registers of a transport. */
#define MAGIC 0x000u
#define VERSION 0x004u
#define DEVICE 0x008u
#define DRIVER_FEATURES 0x020u
#define DRIVER_FEATURES_SELECT 0x024u
#define QUEUE_SELECT 0x030u
#define QUEUE_MAX 0x034u
#define QUEUE_COUNT 0x038u
#define QUEUE_READY 0x044u
#define QUEUE_NOTIFY 0x050u
#define STATUS 0x070u
#define QUEUE_DESCRIPTORS 0x080u
#define QUEUE_DRIVER 0x090u
#define QUEUE_DEVICE 0x0A0u
#define CONFIG_ADDRESS 0x100u

#define MAGIC_VALUE 0x74726976u /* "virt" */
#define VERSION_VALUE 2u
#define DEVICE_NET 1u
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define FEATURE_ADDRESS (1u << 5)   /* in the first word */
#define FEATURE_VERSION_1 (1u << 0) /* in the second word */
#define DEVICE_WRITES 2u            /* flag of a descriptor */

typedef struct descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
} descriptor;

typedef struct used_element {
    uint32_t id; /* of the descriptor */
    uint32_t len;
} used_element;

/* A queue whose descriptor i is always buffer i. */
typedef struct queue {
    uint32_t number, count;
    descriptor *descriptors;
    volatile uint16_t *available; /* flags, index, ring */
    volatile uint16_t *used;      /* flags, index; the ring follows */
    uint16_t seen;                /* of the used ones */
    uint8_t (*buffers)[BUFFER_BYTES];
} queue;

#define QUEUE_MEMORY(name, count)                                               \
    static descriptor name##_descriptors[count] __attribute__((aligned(16)));   \
    static uint16_t name##_available[3u + (count)] __attribute__((aligned(4))); \
    static uint32_t name##_used[2u + 2u * (count)] __attribute__((aligned(8))); \
    static uint8_t name##_buffers[count][BUFFER_BYTES] __attribute__((aligned(16)))

QUEUE_MEMORY(rx, RX_COUNT);
QUEUE_MEMORY(tx, TX_COUNT);

static uintptr_t base;
static queue rx = {0, RX_COUNT,  rx_descriptors, rx_available, (uint16_t *)(void *)rx_used,
                   0, rx_buffers};
static queue tx = {1, TX_COUNT,  tx_descriptors, tx_available, (uint16_t *)(void *)tx_used,
                   0, tx_buffers};

static volatile uint32_t *at(uint32_t offset)
{
    return (volatile uint32_t *)(base + offset);
}

/* Between memory that both sides look at, and the index that says so. */
static void fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void set_address(uint32_t offset, const volatile void *memory)
{
    *at(offset) = (uint32_t)(uintptr_t)memory;
    *at(offset + 4u) = (uint32_t)((uint64_t)(uintptr_t)memory >> 32);
}

static bool set_up(queue *q, uint16_t flags)
{
    *at(QUEUE_SELECT) = q->number;
    if (*at(QUEUE_MAX) < q->count) {
        return false;
    }
    for (uint32_t i = 0; i < q->count; i++) {
        q->descriptors[i].address = (uintptr_t)q->buffers[i];
        q->descriptors[i].len = BUFFER_BYTES;
        q->descriptors[i].flags = flags;
    }
    *at(QUEUE_COUNT) = q->count;
    set_address(QUEUE_DESCRIPTORS, q->descriptors);
    set_address(QUEUE_DRIVER, q->available);
    set_address(QUEUE_DEVICE, q->used);
    *at(QUEUE_READY) = 1;
    return true;
}

/* Gives a descriptor to the device. */
static void offer(queue *q, uint16_t id)
{
    uint16_t index = q->available[1];
    q->available[2u + index % q->count] = id;
    fence();
    q->available[1] = (uint16_t)(index + 1u);
    fence();
    *at(QUEUE_NOTIFY) = q->number;
}

static err_t send(struct netif *net, struct pbuf *p)
{
    uint16_t id = (uint16_t)(tx.available[1] % TX_COUNT);
    uint32_t since = clock_ms();
    (void)net;
    while ((uint16_t)(tx.available[1] - tx.used[1]) == TX_COUNT) {
        if (clock_ms() - since > ETHER_SEND_MS) {
            return ERR_WOULDBLOCK;
        }
    }
    fence();
    uint8_t *buffer = tx.buffers[id]; /* its header stays zero */
    tx.descriptors[id].len =
        HEADER_BYTES + pbuf_copy_partial(p, buffer + HEADER_BYTES, FRAME_BYTES, 0);
    offer(&tx, id);
    return ERR_OK;
}

void ether_poll(struct netif *net)
{
    const volatile used_element *ring =
        (const volatile used_element *)(const volatile void *)(rx.used + 2);
    while (rx.seen != rx.used[1]) {
        fence();
        uint32_t id = ring[rx.seen % RX_COUNT].id, len = ring[rx.seen % RX_COUNT].len;
        struct pbuf *p = NULL;
        if (len > HEADER_BYTES && len <= HEADER_BYTES + FRAME_BYTES) {
            p = pbuf_alloc(PBUF_RAW, (u16_t)(len - HEADER_BYTES), PBUF_POOL);
        }
        if (p != NULL) {
            (void)pbuf_take(p, rx.buffers[id] + HEADER_BYTES, (u16_t)(len - HEADER_BYTES));
        }
        rx.seen++;
        offer(&rx, (uint16_t)id);
        if (p != NULL && net->input(p, net) != ERR_OK) {
            (void)pbuf_free(p);
        }
    }
}

static bool find(void)
{
    for (uint32_t i = 0; i < ETHER_COUNT; i++) {
        base = (uintptr_t)ETHER_BASE + i * ETHER_STRIDE;
        if (*at(MAGIC) == MAGIC_VALUE && *at(VERSION) == VERSION_VALUE &&
            *at(DEVICE) == DEVICE_NET) {
            return true;
        }
    }
    return false;
}

err_t ether_init(struct netif *net)
{
    if (!find()) {
        return ERR_IF;
    }
    *at(STATUS) = 0; /* reset */
    *at(STATUS) = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    *at(DRIVER_FEATURES_SELECT) = 0;
    *at(DRIVER_FEATURES) = FEATURE_ADDRESS;
    *at(DRIVER_FEATURES_SELECT) = 1;
    *at(DRIVER_FEATURES) = FEATURE_VERSION_1;
    *at(STATUS) = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
    if ((*at(STATUS) & STATUS_FEATURES_OK) == 0u || !set_up(&rx, DEVICE_WRITES) ||
        !set_up(&tx, 0)) {
        return ERR_IF;
    }
    *at(STATUS) = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;
    for (uint32_t i = 0; i < RX_COUNT; i++) {
        offer(&rx, (uint16_t)i);
    }
    net->hwaddr_len = 6;
    for (uint32_t i = 0; i < 6u; i++) {
        net->hwaddr[i] = *((volatile uint8_t *)at(CONFIG_ADDRESS) + i);
    }
    net->linkoutput = send;
    return ERR_OK;
}
