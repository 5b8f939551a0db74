/* manifest.c - data sets from the lines of manifests. */
#include "../latent/data.h"
#include "../train.h"

/* Not the recording's fault: no use in going on. */
static bool ends_all(enum lat_code code)
{
    return code == LAT_ENOMEM || code == LAT_EINVAL;
}

static enum lat_code add(struct lat_dataset *d, struct lat_shelf *s,
                         const struct lat_line *line, enum lat_split split,
                         struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    struct lat_recording rec = {.name = line->entry ? line->entry : line->file,
                                .subject = line->subject,
                                .label = line->label,
                                .split = split,
                                .begin = line->begin,
                                .end = line->end};
    enum lat_code code = lat_shelf_signal(&sig, s, line, err);

    if (!code) {
        rec.signal = sig;
        code = lat_dataset_add(d, &rec, err);
        lat_signal_free(sig);
        return code;
    }
    if (code == LAT_ENOMEM || lat__feed_reject(d, rec.name, err->msg, NULL))
        return LAT_ENOMEM;
    return LAT_EUNFIT;
}

enum lat_code lat_dataset_add_line(struct lat_dataset *d, struct lat_shelf *s,
                                   const struct lat_line *line,
                                   enum lat_split split,
                                   struct lat_report *report,
                                   struct lat_err *err)
{
    struct lat_err why = {0};
    enum lat_code code = add(d, s, line, split, &why);

    if (code == LAT_OK) {
        if (report)
            report->recordings++;
        return LAT_OK;
    }
    if (ends_all(code))
        return lat_fail_word(err, code, why.word, "line %zu: %s", line->number,
                             why.msg);
    if (report)
        lat_report_reject(report, line->number, line->entry, why.msg);
    return LAT_OK;
}
