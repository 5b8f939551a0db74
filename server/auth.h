/*
 * auth.h - who asks: keys, what they are good for, and how much they may.
 *
 * The keys are those of a file, read at start and again when told to.  A key's
 * limits go on counting over a reload.  Any thread; reload: one at a time.
 * NULL for a latd_auth is a daemon without keys, which admits everybody.
 */
#ifndef LATD_AUTH_H
#define LATD_AUTH_H

#include "keys.h"

struct latd_auth;

struct latd_auth_options {
    const char *path; /* the file of keys */
    /* For keys that have none of their own; 0: no limit. */
    uint64_t rate, burst; /* requests a second, at once; burst 0: as rate */
    uint64_t bytes;       /* of bodies, a minute */
};

LAT_MUST_CHECK enum lat_code latd_auth_open(struct latd_auth **out,
                                            const struct latd_auth_options *opt,
                                            struct lat_err *err);
void latd_auth_close(struct latd_auth *auth);
/* Reads the file again; when that fails, the keys stay as they are. */
LAT_MUST_CHECK enum lat_code latd_auth_reload(struct latd_auth *auth,
                                              struct lat_err *err);
size_t latd_auth_count(struct latd_auth *auth);

/* Who it was, and when to come again. */
struct latd_who {
    char name[LATD_KEY_NAME]; /* of the key; empty: no valid key */
    uint64_t retry_ms;        /* with LAT_EFULL */
};

/* authorization is the header's value, or NULL.  Counts the request and the
 * bytes of its body, as far as the header tells them.  LAT_EAUTH: no key of
 * ours; LAT_EACCESS: not good for scope; LAT_EFULL: over a limit. */
LAT_MUST_CHECK enum lat_code latd_auth_admit(
    struct latd_auth *auth, struct latd_who *who, const char *authorization,
    enum latd_scope scope, uint64_t bytes, struct lat_err *err);
/* Bytes of a body that the header did not tell. */
void latd_auth_charge(struct latd_auth *auth, const char *name, uint64_t bytes);

#endif
