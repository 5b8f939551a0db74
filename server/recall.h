/*
 * recall.h - where cache and queue meet: an item that was embedded before, is
 * being embedded for another request, or is to be embedded now.
 *
 * begin: http thread, before submit; end: in the handler's end.
 */
#ifndef LATD_RECALL_H
#define LATD_RECALL_H

#include "cache.h"
#include "handler.h"

enum latd_recalled {
    LATD_RECALLED_BYPASS, /* not asked for: the item is NEW */
    LATD_RECALLED_HIT,    /* y is there, the item is done */
    LATD_RECALLED_MISS,   /* the item is NEW, and others may follow it */
    LATD_RECALLED_COALESCED,
};

const char *latd_recalled_word(enum latd_recalled how); /* "hit", … */

/* Beside each item, for as long. */
struct latd_recall {
    enum latd_recalled how;
    struct latd_item *item;
    struct latd_app *app;
    struct latd_cache_ask ask;
};

/* What an item with this model, parts and mode is kept under; digest is of the
 * window or of the image. */
void latd_recall_key(uint8_t key[LAT_DIGEST], const struct latd_item *item,
                     const uint8_t digest[LAT_DIGEST]);

/* item has model, x, y, parts and mode; digest is its window's.  no_store: the
 * cache is neither asked nor told.  The request needs to wait unless it is a
 * hit. */
void latd_recall_begin(struct latd_recall *r, struct latd_req *req,
                       struct latd_item *item, const uint8_t digest[LAT_DIGEST],
                       bool no_store);
/* Lets others have what was begun and not computed.  A zeroed one is nothing.
 */
void latd_recall_end(struct latd_recall *r);

#endif
