/* files.h - a file as every reply that tells of one has it. */
#ifndef LATD_API_FILES_H
#define LATD_API_FILES_H

#include "../files.h"

void latd_file_put(struct lat_buf *out, const struct latd_file *f);

#endif
