/* print_images.h - codes of images as a table. */
#ifndef CLI_PRINT_IMAGES_H
#define CLI_PRINT_IMAGES_H

#include "embedding.h"

/* There is one at least. */
void cli_print_images(struct lat_buf *b, const struct cli_embeddings *e,
                      char *const *files);

#endif
