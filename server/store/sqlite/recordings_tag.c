/* recordings_tag.c - what a recording is, and whether it is still the same. */
#include "recordings.h"

#include <string.h>

/* ---- what a recording is ------------------------------------------------ */

void latd_recordings_digest(char digest[LAT_DIGEST_HEX],
                            const struct lat_card *card)
{
    uint8_t raw[LAT_DIGEST];
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, card->weights_digest, strlen(card->weights_digest));
    lat_sha256_add(&h, card->prep_digest, strlen(card->prep_digest));
    lat_sha256_end(&h, raw);
    lat_digest_hex(digest, raw);
}

void latd_recording_fini(struct latd_recording *r)
{
    for (size_t i = 0; i < r->n; i++) {
        lat_free(r->embeddings[i].v);
        lat_free(r->embeddings[i].keys);
    }
    lat_free(r->waveform.signal);
    lat_free(r->waveform.v);
    lat_free(r->metadata);
    *r = (struct latd_recording){0};
}

void latd_deleted_fini(struct latd_deleted *d)
{
    lat_buf_fini(&d->keys);
    *d = (struct latd_deleted){0};
}

static void add_text(struct lat_sha256 *h, const char *text)
{
    lat_sha256_add(h, text, strlen(text) + 1);
}

static void add_embedding(struct lat_sha256 *h, const struct latd_embedding *e)
{
    uint64_t shape[2] = {e->windows, e->dims};

    add_text(h, e->digest);
    add_text(h, e->model);
    lat_sha256_add(h, shape, sizeof(shape));
    lat_sha256_add(h, e->v, e->windows * e->dims * sizeof(*e->v));
}

void latd_recording_tag(uint8_t etag[LAT_DIGEST],
                        const struct latd_recording *r)
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    add_text(&h, r->subject);
    add_text(&h, r->metadata);
    for (size_t i = 0; i < r->n; i++)
        add_embedding(&h, &r->embeddings[i]);
    if (r->waveform.signal) {
        add_text(&h, r->waveform.signal);
        lat_sha256_add(&h, r->waveform.v,
                       r->waveform.n * sizeof(*r->waveform.v));
    }
    lat_sha256_end(&h, etag);
}

/* ---- conditions --------------------------------------------------------- */

/* Whether a list of tags names this one: "…", W/"…" or * */
static bool names(const char *list, const uint8_t *etag)
{
    char hex[LAT_DIGEST_HEX];

    if (!etag)
        return false;
    if (strcmp(list, "*") == 0)
        return true;
    lat_digest_hex(hex, etag);
    hex[32] = '\0'; /* as replies have it */
    return strstr(list, hex) != NULL;
}

enum lat_code latd_match_check(const struct latd_match *m, const uint8_t *etag,
                               struct lat_err *err)
{
    if (m->if_match && !names(m->if_match, etag))
        return lat_fail_word(err, LAT_EMATCH, "etag_mismatch",
                             etag ? "it was changed since (If-Match)"
                                  : "there is none any more (If-Match)");
    if (m->if_none_match && names(m->if_none_match, etag))
        return lat_fail_word(err, LAT_EMATCH, "etag_mismatch",
                             "there is one already (If-None-Match)");
    return LAT_OK;
}
