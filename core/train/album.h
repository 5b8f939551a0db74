/*
 * album.h - a data set of images that are added one by one.
 *
 * Each is decoded once when it comes, so that what cannot be used is named
 * then; what an archive held is kept as the bytes that it was.  Sealed, the
 * images of each split are a gallery, and the album is gone.
 */
#ifndef LAT_ALBUM_H
#define LAT_ALBUM_H

#include "../gallery.h"
#include "../train.h"

struct lat__album_item {
    char *place; /* its file, or what it is called */
    char *bytes; /* of what is no file of its own; or NULL */
    size_t len;
    char *subject, *label; /* NULL: its own; not known */
    enum lat_split split;
    size_t first; /* the item that was its subject's first */
    uint8_t digest[LAT_DIGEST];
};

struct lat__album {
    size_t n, room;
    struct lat__album_item *items;
    bool grouped;  /* first is filled in for all of them */
    char **labels; /* sorted, each once; when it is being sealed */
    size_t n_labels;
};

LAT_MUST_CHECK enum lat_code lat__album_new(struct lat__album **out,
                                            struct lat_err *err);
void lat__album_free(struct lat__album *a);
/* As lat_dataset_split and lat_dataset_seal. */
LAT_MUST_CHECK enum lat_code lat__album_split(struct lat__album *a,
                                              double share, uint64_t seed,
                                              struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__album_seal(struct lat_dataset *d,
                                             struct lat_err *err);

#endif
