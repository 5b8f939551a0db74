/*
 * keys.h - the file of API keys: who may do what, and how much of it.
 *
 * A line is a key, its words apart by blanks:
 *
 *     NAME SCOPE[,SCOPE…] SHA256 created=SECONDS [expires=SECONDS]
 *          [rate=N] [burst=N] [bytes=N]
 *
 * The file holds the digest of a key, never the key.  A key is 256 random
 * bits, so that a plain SHA-256 of it tells nothing and costs nothing.  Only
 * latent keys writes the file; it is compiled into both programs.
 *
 * Any thread, on data of one's own.
 */
#ifndef LATD_KEYS_H
#define LATD_KEYS_H

#include "../core/latent.h"

/* NONE: no key at all; READ: models, metrics, what is kept; EMBED: compute,
 * and keep what came of it; TRAIN: files and jobs; ADMIN: everything. */
#define LATD_SCOPE_MAP(XX) \
    XX(NONE, "none")       \
    XX(READ, "read")       \
    XX(EMBED, "embed")     \
    XX(TRAIN, "train")     \
    XX(ADMIN, "admin")

enum latd_scope {
#define XX(name, text) LATD_SCOPE_##name,
    LATD_SCOPE_MAP(XX)
#undef XX
        LATD_N_SCOPES
};

enum {
    LATD_KEY_NAME = 64,
    LATD_KEY_TEXT = 3 + 64 + 1, /* lk-, digits, NUL */
    LATD_KEYS_MAX = 1024,
};

/* A limit of LATD_BY_SETTING is what the setting says, 0 is none. */
#define LATD_BY_SETTING UINT64_MAX

struct latd_key {
    char name[LATD_KEY_NAME]; /* letters, digits and . _ - */
    unsigned scopes;          /* a bit, 1 << scope, for each */
    uint8_t digest[LAT_DIGEST];
    int64_t created, expires; /* seconds since 1970; expires 0: never */
    uint64_t rate, burst;     /* requests a second, at once */
    uint64_t bytes;           /* of bodies, a minute */
};

struct latd_keys {
    size_t n;
    struct latd_key *v;
};

const char *latd_scope_name(enum latd_scope scope);
/* "read,embed" to bits; an error names the word that is none. */
LAT_MUST_CHECK enum lat_code latd_scopes_parse(unsigned *out, const char *text,
                                               struct lat_err *err);
void latd_scopes_print(struct lat_buf *out, unsigned scopes);
/* Letters, digits and . _ -, as long as a name may be. */
bool latd_key_name_ok(const char *name);
/* The digest under which a key's text is kept. */
void latd_key_digest(uint8_t digest[LAT_DIGEST], const char *text);

/* An error names the line.  Two keys never have one name or one digest. */
LAT_MUST_CHECK enum lat_code latd_keys_parse(struct latd_keys *out,
                                             const char *text,
                                             struct lat_err *err);
/* Refuses a file that others than its owner may write. */
LAT_MUST_CHECK enum lat_code latd_keys_read(struct latd_keys *out,
                                            const char *path,
                                            struct lat_err *err);
void latd_keys_print(struct lat_buf *out, const struct latd_keys *keys);
struct latd_key *latd_keys_find(const struct latd_keys *keys, const char *name);
void latd_keys_fini(struct latd_keys *keys);

#endif
