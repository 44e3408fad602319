/* SPDX-License-Identifier: Apache-2.0 */
/* SMSC LAN9118, polled: the Ethernet of the MPS2 boards, at ETHER_BASE. Frames pass through its two
 * FIFOs a word at a time; the one for frames that come holds six full ones. */
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "net.h"

#define REGISTER(offset) (*(volatile uint32_t *)(ETHER_BASE + (offset)))
#define RX_DATA REGISTER(0x00u)
#define TX_DATA REGISTER(0x20u)
#define RX_STATUS REGISTER(0x40u) /* of the next frame; reading takes it */
#define TX_STATUS REGISTER(0x48u)
#define BYTE_TEST REGISTER(0x64u)
#define RX_CFG REGISTER(0x6Cu)
#define TX_CFG REGISTER(0x70u)
#define HW_CFG REGISTER(0x74u)
#define RX_FIFO_INF REGISTER(0x7Cu)
#define TX_FIFO_INF REGISTER(0x80u)
#define MAC_COMMAND REGISTER(0xA4u)
#define MAC_DATA REGISTER(0xA8u)

#define BYTE_TEST_VALUE 0x87654321u
#define HW_CFG_RESET 1u
#define HW_CFG_MUST_BE_ONE (1u << 20)
#define HW_CFG_TX_5_KB (5u << 16) /* of 16 KB; what is left is for frames that come */
#define TX_CFG_ON 2u
#define TX_FIRST_AND_LAST 0x3000u
#define TX_COMMAND_BYTES 16u /* before a frame, and what it is filled up with */
#define RX_ERROR (1u << 15)
#define CRC_BYTES 4u
#define FRAME_BYTES 1514u

/* Registers of the MAC behind the others. */
#define MAC_BUSY 0x80000000u
#define MAC_CR 1u
#define MAC_CR_TX_AND_RX_ON (1u << 3 | 1u << 2)
#define MAC_ADDRESS_HIGH 2u
#define MAC_ADDRESS_LOW 3u

static void mac_write(uint32_t number, uint32_t value)
{
    MAC_DATA = value;
    MAC_COMMAND = MAC_BUSY | number;
    while ((MAC_COMMAND & MAC_BUSY) != 0u) {
    }
}

static err_t send(struct netif *net, struct pbuf *p)
{
    static uint32_t frame[(FRAME_BYTES + 3u) / 4u];
    uint32_t len = pbuf_copy_partial(p, frame, FRAME_BYTES, 0);
    uint32_t since = clock_ms();
    (void)net;
    while ((TX_FIFO_INF & 0xFFFFu) < len + TX_COMMAND_BYTES) {
        if (clock_ms() - since > ETHER_SEND_MS) {
            return ERR_WOULDBLOCK;
        }
    }
    TX_DATA = TX_FIRST_AND_LAST | len;
    TX_DATA = len << 16 | len; /* the tag is its length */
    for (uint32_t i = 0; i < (len + 3u) / 4u; i++) {
        TX_DATA = frame[i];
    }
    while ((TX_FIFO_INF >> 16 & 0xFFu) != 0u) {
        (void)TX_STATUS;
    }
    return ERR_OK;
}

/* Takes a frame out of the FIFO: to `to`, or nowhere. */
static void take(uint32_t *to, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        uint32_t word = RX_DATA;
        if (to != NULL) {
            to[i] = word;
        }
    }
}

void ether_poll(struct netif *net)
{
    while ((RX_FIFO_INF >> 16 & 0xFFu) != 0u) {
        uint32_t status = RX_STATUS;
        uint32_t len = status >> 16 & 0x3FFFu;
        uint32_t words = (len + 3u) / 4u;
        struct pbuf *p = NULL;
        if ((status & RX_ERROR) == 0u && len > CRC_BYTES && len <= FRAME_BYTES + CRC_BYTES) {
            p = pbuf_alloc(PBUF_RAW, (u16_t)(words * 4u), PBUF_POOL);
        }
        take(p != NULL ? p->payload : NULL, words);
        if (p != NULL) {
            pbuf_realloc(p, (u16_t)(len - CRC_BYTES));
            if (net->input(p, net) != ERR_OK) {
                (void)pbuf_free(p);
            }
        }
    }
}

err_t ether_init(struct netif *net)
{
    static const uint8_t address[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    if (BYTE_TEST != BYTE_TEST_VALUE) {
        return ERR_IF;
    }
    HW_CFG = HW_CFG_MUST_BE_ONE | HW_CFG_RESET;
    while ((HW_CFG & HW_CFG_RESET) != 0u) {
    }
    HW_CFG = HW_CFG_MUST_BE_ONE | HW_CFG_TX_5_KB;
    net->hwaddr_len = sizeof address;
    for (uint32_t i = 0; i < sizeof address; i++) {
        net->hwaddr[i] = address[i];
    }
    mac_write(MAC_ADDRESS_LOW, (uint32_t)address[3] << 24 | (uint32_t)address[2] << 16 |
                                   (uint32_t)address[1] << 8 | address[0]);
    mac_write(MAC_ADDRESS_HIGH, (uint32_t)address[5] << 8 | address[4]);
    mac_write(MAC_CR, MAC_CR_TX_AND_RX_ON);
    RX_CFG = 0;
    TX_CFG = TX_CFG_ON;
    net->linkoutput = send;
    return ERR_OK;
}
