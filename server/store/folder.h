/*
 * folder.h - the data folder: there, and one process's alone.
 */
#ifndef LATD_STORE_FOLDER_H
#define LATD_STORE_FOLDER_H

#include "../../core/latent.h"

/* Makes the folder when it is not there (its parent is), and takes the lock
 * file in it, DIR/latentd.lock: *lock is its descriptor.  LAT_EBUSY names the
 * process that has it. */
LAT_MUST_CHECK enum lat_code latd_folder_open(int *lock, const char *dir,
                                              struct lat_err *err);
void latd_folder_close(int lock); /* -1: nothing */

#endif
