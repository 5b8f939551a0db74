/*
 * latent.h - the engine, as the rest of the house sees it.
 *
 * The only header of core/ that server/ and clients/ may include.  It is in
 * chapters, in the order in which a recording travels: what everything stands
 * on, images, signals, models that embed them, training, data in files,
 * measures, searches.
 *
 * The engine does not print, log, read the environment or the clock, or keep
 * state in globals; what it needs it is given.  Functions that can fail return
 * LAT_OK or a code and describe the failure in *err, which may be NULL.
 */
#ifndef LATENT_H
#define LATENT_H

#include "latent/base.h"
#include "latent/image.h"
#include "latent/signal.h"

#include "latent/model.h"

#include "latent/train.h"

#include "latent/data.h"

#include "latent/measure.h"
#include "latent/search.h"

#endif
