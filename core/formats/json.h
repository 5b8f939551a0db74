/* json.h - the door to jansson of model files: fields, checked as they are
 * read.
 */
#ifndef LAT_JSON_H
#define LAT_JSON_H

#include "../latent/base.h"

#include <jansson.h>

/* v is an object that has no keys but these, with blanks between. */
LAT_MUST_CHECK enum lat_code lat__json_keys(const json_t *v, const char *keys,
                                            struct lat_err *err);
/* A text that fits out with its NUL, and is not empty. */
LAT_MUST_CHECK enum lat_code lat__json_text(char *out, size_t size,
                                            const json_t *obj, const char *key,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__json_count(size_t *out, const json_t *obj,
                                             const char *key, size_t min,
                                             size_t max, struct lat_err *err);
/* From 0 to max; what is not said leaves *out as it is. */
LAT_MUST_CHECK enum lat_code lat__json_number(double *out, const json_t *obj,
                                              const char *key, double max,
                                              struct lat_err *err);

#endif
