/* ulid.c - see ulid.h */
#include "ulid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static uint64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static uint64_t ms_of(const uint8_t id[16])
{
    uint64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id[i];
    return ms;
}

/* One more than the name before: chance runs over into the time. */
static void step(uint8_t id[16])
{
    for (int i = 16; i-- > 0;)
        if (++id[i] != 0)
            return;
}

static void draw(uint8_t id[16], uint64_t ms)
{
    for (int i = 6; i-- > 0; ms >>= 8)
        id[i] = (uint8_t)ms;
    /* Of ten bytes the system never gives a part; without them the names are
     * still greater, only easier to guess. */
    if (getrandom(id + 6, 10, 0) != 10)
        memset(id + 6, 0, 10);
    id[6] &= 0x7f; /* far from running over */
}

/* 128 bits as 26 digits of 5, the first of which has 3. */
static void encode(char out[LATD_ULID_LEN + 1], const uint8_t id[16])
{
    for (int i = 0; i < LATD_ULID_LEN; i++) {
        int bit = i * 5 - 2;
        unsigned v = 0;

        for (int b = bit; b < bit + 5; b++)
            v = v << 1 |
                (b < 0 ? 0u : (unsigned)(id[b / 8] >> (7 - b % 8)) & 1u);
        out[i] = alphabet[v];
    }
    out[LATD_ULID_LEN] = '\0';
}

static bool decode(uint8_t id[16], const char *text)
{
    memset(id, 0, 16);
    for (int i = 0; i < LATD_ULID_LEN; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        unsigned v;

        if (!at)
            return false;
        v = (unsigned)(at - alphabet);
        if (i == 0 && v > 7)
            return false;
        for (int b = 0; b < 5; b++) {
            int bit = i * 5 - 2 + b;

            if (bit >= 0 && v >> (4 - b) & 1u)
                id[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
        }
    }
    return text[LATD_ULID_LEN] == '\0';
}

void latd_ulid_init(struct latd_ulid *u)
{
    memset(u->last, 0, sizeof(u->last));
    pthread_mutex_init(&u->lock, NULL);
}

void latd_ulid_after(struct latd_ulid *u, const char *id)
{
    size_t len = strlen(id);
    uint8_t got[16];

    if (len < LATD_ULID_LEN || !decode(got, id + len - LATD_ULID_LEN))
        return;
    pthread_mutex_lock(&u->lock);
    if (memcmp(got, u->last, sizeof(got)) > 0)
        memcpy(u->last, got, sizeof(got));
    pthread_mutex_unlock(&u->lock);
}

void latd_ulid_at(struct latd_ulid *u, uint64_t ms, const char *prefix,
                  char out[LATD_ID_MAX])
{
    size_t len = strlen(prefix);

    assert(len + LATD_ULID_LEN < LATD_ID_MAX);
    memcpy(out, prefix, len);
    pthread_mutex_lock(&u->lock);
    if (ms > ms_of(u->last))
        draw(u->last, ms);
    else
        step(u->last);
    encode(out + len, u->last);
    pthread_mutex_unlock(&u->lock);
}

void latd_ulid_next(struct latd_ulid *u, const char *prefix,
                    char out[LATD_ID_MAX])
{
    latd_ulid_at(u, wall_ms(), prefix, out);
}

bool latd_ulid_is(const char *id, const char *prefix)
{
    size_t len = strlen(prefix);
    uint8_t got[16];

    return strncmp(id, prefix, len) == 0 && decode(got, id + len);
}

void latd_ulid_fini(struct latd_ulid *u)
{
    pthread_mutex_destroy(&u->lock);
}
