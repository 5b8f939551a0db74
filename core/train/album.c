/* album.c - images of a data set, as they come. */
#include "album.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum lat_code lat__album_new(struct lat__album **out, struct lat_err *err)
{
    *out = lat_calloc(1, sizeof(**out));
    return *out ? LAT_OK : lat_fail(err, LAT_ENOMEM, "images");
}

static void item_fini(struct lat__album_item *item)
{
    lat_free(item->place);
    lat_free(item->bytes);
    lat_free(item->subject);
    lat_free(item->label);
    memset(item, 0, sizeof(*item));
}

void lat__album_free(struct lat__album *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n; i++)
        item_fini(&a->items[i]);
    lat_free(a->items);
    lat_free(a->labels);
    lat_free(a);
}

/* ---- added -------------------------------------------------------------- */

static enum lat_code make_room(struct lat__album *a, struct lat_err *err)
{
    size_t room = a->room ? 2 * a->room : 64;
    struct lat__album_item *items;

    if (a->n < a->room)
        return LAT_OK;
    items = lat_calloc(room, sizeof(*items));
    if (!items)
        return lat_fail(err, LAT_ENOMEM, "%zu images", room);
    if (a->n)
        memcpy(items, a->items, a->n * sizeof(*items));
    lat_free(a->items);
    a->items = items;
    a->room = room;
    return LAT_OK;
}

static enum lat_code check_text(const char *what, const char *text, size_t size,
                                struct lat_err *err)
{
    if (!text || strlen(text) < size)
        return LAT_OK;
    return lat_fail(err, LAT_EUNFIT,
                    "its %s, %.40s…, has %zu bytes, at most %zu", what, text,
                    strlen(text), size - 1);
}

/* What cannot be decoded says nothing against the others. */
static enum lat_code check_image(const struct lat_shown *s, struct lat_err *err)
{
    struct lat_blob file = *s->file;
    struct lat_image *image = NULL;
    enum lat_code code =
        check_text("subject", s->subject, LAT_SUBJECT_MAX, err);

    if (!code)
        code = check_text("label", s->label, LAT_NAME_MAX, err);
    if (code)
        return lat_wrap(err, code, "%s", s->name);
    file.name = s->name;
    code = lat_picture_decode(&image, NULL, &file, 0, err);
    lat_image_free(image);
    return code == LAT_OK || code == LAT_ENOMEM ? code : LAT_EUNFIT;
}

static bool copy_text(char **to, const char *text)
{
    *to = text && *text ? lat_strdup(text) : NULL;
    return *to || !text || !*text;
}

static enum lat_code keep(struct lat__album_item *item,
                          const struct lat_shown *s, struct lat_err *err)
{
    struct lat_sha256 h;
    bool kept = copy_text(&item->place, s->path ? s->path : s->name) &&
                copy_text(&item->subject, s->subject) &&
                copy_text(&item->label, s->label);

    if (kept && !s->path) {
        item->bytes = lat_calloc(s->file->len, 1);
        kept = item->bytes != NULL;
        if (kept)
            memcpy(item->bytes, s->file->data, s->file->len);
    }
    if (!kept) {
        item_fini(item);
        return lat_fail(err, LAT_ENOMEM, "image %s", s->name);
    }
    item->len = s->file->len;
    item->split = s->split;
    lat_sha256_init(&h);
    lat_sha256_add(&h, s->file->data, s->file->len);
    lat_sha256_end(&h, item->digest);
    return LAT_OK;
}

enum lat_code lat_dataset_add_image(struct lat_dataset *d,
                                    const struct lat_shown *shown,
                                    struct lat_err *err)
{
    struct lat_err own = {0};
    enum lat_code code;

    assert(d->feed);
    if (!d->album)
        return lat_fail(err, LAT_EINVAL, "the recipe is not of images");
    code = lat__feed_room(d, err);
    if (!code)
        code = make_room(d->album, err);
    if (code)
        return code;
    code = check_image(shown, &own);
    if (!code)
        code = keep(&d->album->items[d->album->n], shown, &own);
    d->album->n += code == LAT_OK;
    if (code == LAT_EUNFIT)
        lat__dataset_warn(d, "left out: image %s", own.msg);
    if (code && err)
        *err = own;
    return code;
}

/* ---- whose they are ----------------------------------------------------- */

struct whose {
    const char *subject;
    size_t i;
};

static int by_subject(const void *a, const void *b)
{
    const struct whose *x = a, *y = b;
    int c = strcmp(x->subject, y->subject);

    return c ? c : (x->i > y->i) - (x->i < y->i);
}

static enum lat_code check_sides(const struct lat__album *a, size_t i,
                                 struct lat_err *err)
{
    const struct lat__album_item *x = &a->items[a->items[i].first];
    const struct lat__album_item *y = &a->items[i];

    if (x->split == y->split)
        return LAT_OK;
    return lat_fail_word(err, LAT_EINVAL, "subject_on_two_sides",
                         "subject %s is on two sides: in %s and in %s",
                         x->subject, lat__split_name(x->split),
                         lat__split_name(y->split));
}

/* One without a subject is its own first. */
static enum lat_code group(struct lat__album *a, struct lat_err *err)
{
    struct whose *who = lat_calloc(a->n + 1, sizeof(*who));
    enum lat_code code = LAT_OK;
    size_t n = 0;

    if (!who)
        return lat_fail(err, LAT_ENOMEM, "subjects of %zu images", a->n);
    for (size_t i = 0; i < a->n; i++) {
        a->items[i].first = i;
        if (a->items[i].subject)
            who[n++] = (struct whose){a->items[i].subject, i};
    }
    if (n > 0)
        qsort(who, n, sizeof(*who), by_subject);
    for (size_t k = 1; k < n && !code; k++) {
        if (strcmp(who[k - 1].subject, who[k].subject) != 0)
            continue;
        a->items[who[k].i].first = a->items[who[k - 1].i].first;
        code = check_sides(a, who[k].i, err);
    }
    a->grouped = code == LAT_OK;
    lat_free(who);
    return code;
}

static bool is_first(const struct lat__album *a, size_t i)
{
    return a->items[i].first == i && a->items[i].split == LAT_TRAIN;
}

enum lat_code lat__album_split(struct lat__album *a, double share,
                               uint64_t seed, struct lat_err *err)
{
    enum lat_code code = group(a, err);
    size_t n = 0, take;
    struct lat_rng rng;

    if (code)
        return code;
    for (size_t i = 0; i < a->n; i++)
        n += is_first(a, i);
    code = lat__split_share(&take, share, n, err);
    if (code)
        return code;
    lat__rng_seed(&rng, seed);
    for (size_t i = 0; i < a->n; i++) {
        if (!is_first(a, i)) {
            a->items[i].split = a->items[a->items[i].first].split;
            continue;
        }
        if (lat__rng_below(&rng, n--) >= take)
            continue;
        a->items[i].split = LAT_VALID;
        take--;
    }
    return LAT_OK;
}

/* ---- sealed ------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, so that it does not matter which came first. */
static enum lat_code list_labels(struct lat__album *a, struct lat_err *err)
{
    size_t n = 0, kept = 0;

    a->labels = lat_calloc(a->n + 1, sizeof(*a->labels));
    if (!a->labels)
        return lat_fail(err, LAT_ENOMEM, "labels of %zu images", a->n);
    for (size_t i = 0; i < a->n; i++)
        if (a->items[i].label)
            a->labels[n++] = a->items[i].label;
    if (n > 0)
        qsort(a->labels, n, sizeof(*a->labels), by_text);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(a->labels[kept - 1], a->labels[i]) != 0)
            a->labels[kept++] = a->labels[i];
    a->n_labels = kept;
    if (kept > LAT_NO_LABEL)
        return lat_fail(err, LAT_ETOOBIG, "%zu labels, at most %d", kept,
                        LAT_NO_LABEL);
    return LAT_OK;
}

static uint32_t label_of(const struct lat__album *a, char *label)
{
    char **at;

    if (!label)
        return LAT_NO_LABEL;
    at = bsearch(&label, a->labels, a->n_labels, sizeof(*a->labels), by_text);
    return (uint32_t)(at - a->labels);
}

static enum lat_code hang(struct lat_gallery *g, const struct lat__album *a,
                          struct lat__album_item *item, struct lat_err *err)
{
    struct lat__shot shot = {.label = label_of(a, item->label),
                             .path = item->place,
                             .number = g->n,
                             .data = (const uint8_t *)item->bytes,
                             .len = item->len};
    enum lat_code code = lat__gallery_keep(g, item->place, err);

    item->place = NULL; /* the gallery's from here on, even if that failed */
    if (!code && item->bytes) {
        code = lat__gallery_keep(g, item->bytes, err);
        item->bytes = NULL;
    }
    return code ? code : lat__gallery_add(g, &shot, err);
}

/* All galleries have all classes, so that a class has one number. */
static enum lat_code hang_split(struct lat_dataset *d, enum lat_split split,
                                struct lat_err *err)
{
    struct lat__album *a = d->album;
    struct lat_gallery *g = NULL;
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < a->n && !code; i++) {
        if (a->items[i].split != split)
            continue;
        if (!g) {
            g = d->gallery[split] = lat_calloc(1, sizeof(*g));
            if (!g)
                return lat_fail(err, LAT_ENOMEM, "images");
        }
        code = hang(g, a, &a->items[i], err);
    }
    for (size_t k = 0; g && k < a->n_labels && !code; k++)
        code = lat__gallery_name(g, k, a->labels[k], err);
    return code;
}

static void digest(struct lat_dataset *d)
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    for (size_t i = 0; i < d->album->n; i++) {
        const struct lat__album_item *item = &d->album->items[i];
        const char *subject = item->subject ? item->subject : "";
        const char *label = item->label ? item->label : "";
        const uint8_t split = (uint8_t)item->split;

        lat_sha256_add(&h, item->digest, sizeof(item->digest));
        lat_sha256_add(&h, subject, strlen(subject) + 1);
        lat_sha256_add(&h, label, strlen(label) + 1);
        lat_sha256_add(&h, &split, sizeof(split));
    }
    lat_sha256_end(&h, d->digest);
}

static void warn_unlabelled(struct lat_dataset *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->album->n; i++)
        n += !d->album->items[i].label;
    if (n > 0 && n < d->album->n)
        lat__dataset_warn(d, "%zu images have no label", n);
}

enum lat_code lat__album_seal(struct lat_dataset *d, struct lat_err *err)
{
    struct lat__album *a = d->album;
    enum lat_code code = a->grouped ? LAT_OK : group(a, err);

    if (!code)
        code = list_labels(a, err);
    if (code)
        return code;
    digest(d);
    warn_unlabelled(d);
    for (size_t s = 0; s < LAT_N_SPLITS && !code; s++)
        code = hang_split(d, (enum lat_split)s, err);
    if (!code && !d->gallery[LAT_TRAIN])
        code = lat_fail(err, LAT_EINVAL, "no image that can be trained on%s%s",
                        d->n_warnings ? ": " : "",
                        d->n_warnings ? d->warnings[0] : "");
    if (code)
        return code;
    lat__album_free(a);
    d->album = NULL;
    d->fed = true;
    lat__feed_free(d->feed);
    d->feed = NULL;
    return LAT_OK;
}
