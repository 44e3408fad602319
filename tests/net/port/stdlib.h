/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP takes this from it for names of interfaces, which the demo does not look up. */
#ifndef WMBT_NET_STDLIB_H
#define WMBT_NET_STDLIB_H

int atoi(const char *text);

#endif
