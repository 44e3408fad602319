/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks a store, and where: as the AWS command line finds it. Options come first, then
 * variables, then the files of a profile; with --profile, variables that hold keys are not used.
 */
#ifndef INSPECT_CREDENTIALS_H
#define INSPECT_CREDENTIALS_H

#include "base/args.h"

struct credentials {
    const char *access_key; /* NULL: anonymous */
    const char *secret;
    const char *token;    /* NULL: none */
    const char *region;   /* NULL: not said */
    const char *endpoint; /* NULL: not said */
    const char *endpoint_source;
    const char *ca_bundle; /* a file of certificates to trust; NULL: the system's */
    const char *source;    /* where the keys were found, for messages */
};

/* Options of a command that asks a store, for its table. */
#define CREDENTIALS_OPTIONS                                      \
    {"--region", "REGION", false}, {"--profile", "NAME", false}, \
    {                                                            \
        "--no-sign-request", NULL, false                         \
    }

/* Finds all of it. No keys without --no-sign-request is a usage error that names what was tried. */
void credentials_find(const struct args *args, struct credentials *who);

#endif
