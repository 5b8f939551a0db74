/* names.c - a table of chains; see names.h. */
#include "names.h"

#include <string.h>

/* FNV-1a. */
static uint32_t hash_of(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

static size_t cost(const char *text)
{
    return (strlen(text) + 64) / 64 * 64 + 16; /* as lat_calloc rounds */
}

uint32_t latd_names_find(const struct latd_names *t, const char *text)
{
    uint32_t h = hash_of(text), i;

    if (!t->cap)
        return LATD_NO_NAME;
    for (i = t->buckets[h % t->cap]; i; i = t->v[i - 1].next)
        if (t->v[i - 1].hash == h && strcmp(t->v[i - 1].text, text) == 0)
            return i - 1;
    return LATD_NO_NAME;
}

static void chain(struct latd_names *t, uint32_t i)
{
    uint32_t *bucket = &t->buckets[t->v[i].hash % t->cap];

    t->v[i].next = *bucket;
    *bucket = i + 1;
}

static bool grow(struct latd_names *t)
{
    uint32_t cap = t->cap ? 2 * t->cap : 64;
    struct latd_name *v;
    uint32_t *buckets;

    if (t->n < t->cap)
        return true;
    if (cap > UINT32_MAX / 4)
        return false;
    v = lat_calloc(cap, sizeof(*v));
    buckets = lat_calloc(cap, sizeof(*buckets));
    if (!v || !buckets) {
        lat_free(v);
        lat_free(buckets);
        return false;
    }
    if (t->n)
        memcpy(v, t->v, t->n * sizeof(*v));
    lat_free(t->v);
    lat_free(t->buckets);
    t->bytes += (cap - t->cap) * (sizeof(*v) + sizeof(*buckets));
    t->v = v;
    t->buckets = buckets;
    t->cap = cap;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->v[i].text)
            chain(t, i);
    return true;
}

uint32_t latd_names_take(struct latd_names *t, const char *text)
{
    uint32_t i = latd_names_find(t, text);
    char *copy;

    if (i != LATD_NO_NAME) {
        t->v[i].refs++;
        return i;
    }
    if (!t->free && !grow(t))
        return LATD_NO_NAME;
    copy = lat_strdup(text);
    if (!copy)
        return LATD_NO_NAME;
    i = t->free ? t->free - 1 : t->n++;
    if (t->free)
        t->free = t->v[i].next;
    t->v[i] = (struct latd_name){copy, hash_of(text), 1, 0};
    chain(t, i);
    t->n_used++;
    t->bytes += cost(text);
    return i;
}

void latd_names_drop(struct latd_names *t, uint32_t number)
{
    struct latd_name *name = &t->v[number];
    uint32_t *at;

    if (--name->refs)
        return;
    at = &t->buckets[name->hash % t->cap];
    while (*at != number + 1)
        at = &t->v[*at - 1].next;
    *at = name->next;
    t->bytes -= cost(name->text);
    lat_free(name->text);
    *name = (struct latd_name){.next = t->free};
    t->free = number + 1;
    t->n_used--;
}

void latd_names_fini(struct latd_names *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        lat_free(t->v[i].text);
    lat_free(t->v);
    lat_free(t->buckets);
    *t = (struct latd_names){0};
}
