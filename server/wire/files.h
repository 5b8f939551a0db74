/*
 * files.h - the files of a multipart body, to inputs.
 */
#ifndef LATD_WIRE_FILES_H
#define LATD_WIRE_FILES_H

#include "../wire.h"
#include "multipart.h"

/* How many inputs the file parts are: a .hea is one with its signal files,
 * each .csv, .npy, .jpg and .png is one. */
size_t latd_files_count(const struct latd_part *parts, size_t n);

/* Decodes the index-th of them; hints are what its bytes do not say.  The
 * input's id is the file's name without its ending. */
LAT_MUST_CHECK enum lat_code latd_file_decode(struct latd_embed_input *out,
                                              const struct latd_part *parts,
                                              size_t n, size_t index,
                                              const struct latd_params *hints,
                                              struct lat_err *err);
/* Refuses files that no input uses: of an unknown kind, or signal files
 * without a header. */
LAT_MUST_CHECK enum lat_code latd_files_check(const struct latd_part *parts,
                                              size_t n, struct lat_err *err);

#endif
