/* null.c - see null.h. */
#include "null.h"

enum { WINDOWS = 60 };

/* Of the validation part, whatever is measured besides: the test part decides
 * nothing. */
enum lat_code cli_null_write(const struct cli_null *how, const char *path,
                             struct lat_model *m,
                             const struct lat_kernel *kernel,
                             const struct lat_dataset *d, struct lat_err *err)
{
    struct lat_null_eval *e = lat_calloc(1, sizeof(*e));
    enum lat_code code =
        e ? LAT_OK : lat_fail(err, LAT_ENOMEM, "an evaluation");

    if (!code)
        code = lat_eval_null(e, m, kernel, d,
                             how->n_windows ? how->n_windows : WINDOWS,
                             how->n_threads, err);
    if (!code)
        code = lat_null_write(how->to, path, e, err);
    if (!code)
        printf("%s: with the scores of %zu pairs of windows of %zu validation "
               "subjects\n",
               how->to, e->pairs, e->subjects);
    lat_free(e);
    return code;
}
