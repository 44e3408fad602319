/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin of QEMU's user emulators that prints how many instructions ran. Debian has no header for
 * it: what follows is declared as version 1 of the interface has it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct qemu_plugin_tb;
typedef void translated(uint64_t id, struct qemu_plugin_tb *block);
typedef void ended(uint64_t id, void *context);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated *call);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *to,
                                              uint64_t number);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_atexit_cb(uint64_t id, ended *call, void *context);

#define EXPORT __attribute__((visibility("default")))
#define ADD_U64 0

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *about, int count, char **argument);

static uint64_t counted;

static void add(uint64_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &counted,
                                             qemu_plugin_tb_n_insns(block));
}

static void print(uint64_t id, void *context)
{
    (void)id;
    (void)context;
    fprintf(stderr, "insns %llu\n", (unsigned long long)counted);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *about, int count, char **argument)
{
    (void)about;
    (void)count;
    (void)argument;
    qemu_plugin_register_vcpu_tb_trans_cb(id, add);
    qemu_plugin_register_atexit_cb(id, print, NULL);
    return 0;
}
