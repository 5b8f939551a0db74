/* turned.h - what is measured of models of movements: under rotation. */
#ifndef CLI_TURNED_H
#define CLI_TURNED_H

#include "../../core/latent.h"

/* Models that read all axes of a sensor are measured so. */
bool cli_is_turned(const struct lat_model *m);
void cli_print_turned(const struct lat_turn_eval *e, const char *model);

#endif
