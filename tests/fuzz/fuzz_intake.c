/* fuzz_intake.c - a form in pieces: the same parts as when it comes whole. */
#include "../../server/wire/intake.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum lat_code on_part(void *arg, const struct latd_part *part,
                             struct lat_err *err)
{
    (void)err;
    assert(part->name[0]);
    lat_buf_printf(arg, "\n[%s|%s]", part->name, part->file);
    return LAT_OK;
}

static enum lat_code on_data(void *arg, const char *p, size_t len,
                             struct lat_err *err)
{
    (void)err;
    assert(len > 0);
    lat_buf_put(arg, p, len);
    return LAT_OK;
}

static enum lat_code feed(struct lat_buf *seen, const char *p, size_t len,
                          size_t step)
{
    const struct latd_intake_ops ops = {on_part, on_data, seen};
    struct latd_intake *f = NULL;
    enum lat_code code =
        latd_intake_new(&f, "multipart/form-data; boundary=ab", &ops, NULL);

    for (size_t at = 0; !code && at < len; at += step)
        code = latd_intake_feed(f, p + at, step < len - at ? step : len - at,
                                NULL);
    if (!code)
        code = latd_intake_finish(f, NULL);
    latd_intake_free(f);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const size_t step = len ? 1 + data[0] % 32 : 1;
    const char *p = (const char *)data + (len > 0);
    struct lat_buf whole = {0}, pieces = {0};
    enum lat_code code;

    len -= len > 0;
    code = feed(&whole, p, len, len ? len : 1);
    assert(feed(&pieces, p, len, step) == code);
    if (code == LAT_OK)
        assert(whole.len == pieces.len &&
               (!whole.len || memcmp(whole.v, pieces.v, whole.len) == 0));
    lat_buf_fini(&whole);
    lat_buf_fini(&pieces);
    return 0;
}
