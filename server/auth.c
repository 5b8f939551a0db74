/* auth.c - see auth.h. */
#include "auth.h"

#include "limits.h"
#include "loop.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct meter {
    struct latd_bucket requests, bytes;
};

struct latd_auth {
    struct latd_auth_options opt;
    char path[512];
    pthread_mutex_t lock; /* guards what follows */
    struct latd_keys keys;
    struct meter *meters; /* (LATD_KEYS_MAX), of the keys in their order */
};

/* ---- the file ---------------------------------------------------------- */

/* What a key has used, it has used under its old table as well. */
static void carry_over(struct meter *to, const struct latd_keys *keys,
                       const struct latd_auth *auth)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct latd_key *before =
            latd_keys_find(&auth->keys, keys->v[i].name);

        if (before)
            to[i] = auth->meters[before - auth->keys.v];
    }
}

enum lat_code latd_auth_reload(struct latd_auth *auth, struct lat_err *err)
{
    struct meter *meters = lat_calloc(LATD_KEYS_MAX, sizeof(*meters)), *old;
    struct latd_keys keys = {0}, gone;
    enum lat_code code = LAT_OK;

    if (!meters)
        return lat_fail(err, LAT_ENOMEM, "keys");
    code = latd_keys_read(&keys, auth->path, err);
    if (code) {
        lat_free(meters);
        return lat_wrap(err, code, "keys-file");
    }
    pthread_mutex_lock(&auth->lock);
    carry_over(meters, &keys, auth);
    gone = auth->keys;
    old = auth->meters;
    auth->keys = keys;
    auth->meters = meters;
    pthread_mutex_unlock(&auth->lock);
    latd_keys_fini(&gone);
    lat_free(old);
    return LAT_OK;
}

enum lat_code latd_auth_open(struct latd_auth **out,
                             const struct latd_auth_options *opt,
                             struct lat_err *err)
{
    struct latd_auth *auth = lat_calloc(1, sizeof(*auth));
    enum lat_code code;

    if (!auth)
        return lat_fail(err, LAT_ENOMEM, "keys");
    auth->opt = *opt;
    snprintf(auth->path, sizeof(auth->path), "%s", opt->path);
    pthread_mutex_init(&auth->lock, NULL);
    code = latd_auth_reload(auth, err);
    if (code) {
        latd_auth_close(auth);
        return code;
    }
    *out = auth;
    return LAT_OK;
}

void latd_auth_close(struct latd_auth *auth)
{
    if (!auth)
        return;
    latd_keys_fini(&auth->keys);
    lat_free(auth->meters);
    pthread_mutex_destroy(&auth->lock);
    lat_free(auth);
}

size_t latd_auth_count(struct latd_auth *auth)
{
    size_t n;

    pthread_mutex_lock(&auth->lock);
    n = auth->keys.n;
    pthread_mutex_unlock(&auth->lock);
    return n;
}

/* ---- one request ------------------------------------------------------- */

/* The key's text behind "Bearer ", or NULL. */
static const char *bearer(const char *authorization)
{
    static const char scheme[] = "Bearer ";

    if (!authorization ||
        strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
        return NULL;
    authorization += sizeof(scheme) - 1;
    return authorization + strspn(authorization, " ");
}

/* Looks at every key, and at every byte: how long it takes tells nothing. */
static struct latd_key *find(const struct latd_keys *keys,
                             const uint8_t digest[LAT_DIGEST])
{
    struct latd_key *found = NULL;

    for (size_t i = 0; i < keys->n; i++)
        if (lat_digest_equal(keys->v[i].digest, digest))
            found = &keys->v[i];
    return found;
}

static enum lat_code check_scope(const struct latd_key *key,
                                 enum latd_scope scope, struct lat_err *err)
{
    struct lat_buf has = {0};
    enum lat_code code;

    if (key->scopes & (1u << scope | 1u << LATD_SCOPE_ADMIN))
        return LAT_OK;
    latd_scopes_print(&has, key->scopes);
    code = lat_fail_word(err, LAT_EACCESS, "insufficient_scope",
                         "key %s is good for %s, this needs %s", key->name,
                         has.failed ? "other things" : has.v,
                         latd_scope_name(scope));
    lat_buf_fini(&has);
    return code;
}

static uint64_t limit_of(uint64_t own, uint64_t setting)
{
    return own == LATD_BY_SETTING ? setting : own;
}

/* The lock is held. */
static enum lat_code check_limits(struct latd_auth *auth,
                                  const struct latd_key *key, uint64_t bytes,
                                  struct latd_who *who, struct lat_err *err)
{
    struct meter *m = &auth->meters[key - auth->keys.v];
    uint64_t rate = limit_of(key->rate, auth->opt.rate);
    uint64_t burst = limit_of(key->burst, auth->opt.burst);
    uint64_t minute = limit_of(key->bytes, auth->opt.bytes);
    uint64_t now = latd_now_ns();

    if (rate)
        who->retry_ms = latd_bucket_wait(&m->requests, (double)rate,
                                         (double)(burst ? burst : rate), now);
    if (who->retry_ms)
        return lat_fail_word(err, LAT_EFULL, "rate_limited",
                             "key %s may ask %llu times a second (key-rate, "
                             "or the key's rate)",
                             key->name, (unsigned long long)rate);
    if (minute)
        who->retry_ms = latd_bucket_wait(&m->bytes, (double)minute / 60.0,
                                         (double)minute, now);
    if (who->retry_ms)
        return lat_fail_word(err, LAT_EFULL, "rate_limited",
                             "key %s may send %llu bytes a minute (key-bytes, "
                             "or the key's bytes)",
                             key->name, (unsigned long long)minute);
    if (rate)
        latd_bucket_take(&m->requests, 1.0);
    if (minute)
        latd_bucket_take(&m->bytes, (double)bytes);
    return LAT_OK;
}

/* The lock is held. */
static enum lat_code admit(struct latd_auth *auth, struct latd_who *who,
                           const uint8_t digest[LAT_DIGEST],
                           enum latd_scope scope, uint64_t bytes,
                           struct lat_err *err)
{
    const struct latd_key *key = find(&auth->keys, digest);
    enum lat_code code;

    if (!key)
        return lat_fail_word(err, LAT_EAUTH, "invalid_api_key",
                             "the key is none of ours, or was revoked");
    if (key->expires && time(NULL) >= key->expires)
        return lat_fail_word(err, LAT_EAUTH, "invalid_api_key",
                             "key %s has expired", key->name);
    memcpy(who->name, key->name, sizeof(who->name));
    code = check_scope(key, scope, err);
    return code ? code : check_limits(auth, key, bytes, who, err);
}

enum lat_code latd_auth_admit(struct latd_auth *auth, struct latd_who *who,
                              const char *authorization, enum latd_scope scope,
                              uint64_t bytes, struct lat_err *err)
{
    uint8_t digest[LAT_DIGEST];
    const char *text = bearer(authorization);
    enum lat_code code;

    *who = (struct latd_who){0};
    if (!auth || scope == LATD_SCOPE_NONE)
        return LAT_OK;
    if (!text)
        return lat_fail_word(err, LAT_EAUTH, "invalid_api_key",
                             "no key given, expected Authorization: Bearer "
                             "KEY");
    latd_key_digest(digest, text);
    pthread_mutex_lock(&auth->lock);
    code = admit(auth, who, digest, scope, bytes, err);
    pthread_mutex_unlock(&auth->lock);
    return code;
}

void latd_auth_charge(struct latd_auth *auth, const char *name, uint64_t bytes)
{
    const struct latd_key *key;
    uint64_t minute;

    if (!auth || !name[0])
        return;
    pthread_mutex_lock(&auth->lock);
    key = latd_keys_find(&auth->keys, name);
    minute = key ? limit_of(key->bytes, auth->opt.bytes) : 0;
    if (minute) {
        struct latd_bucket *b = &auth->meters[key - auth->keys.v].bytes;

        latd_bucket_wait(b, (double)minute / 60.0, (double)minute,
                         latd_now_ns()); /* what time has paid back first */
        latd_bucket_take(b, (double)bytes);
    }
    pthread_mutex_unlock(&auth->lock);
}
