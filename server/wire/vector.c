/* vector.c - floats as numbers, base64 or bytes. */
#include "reply.h"

#include <math.h>

static void put_little(struct lat_buf *out, const float *v, size_t n)
{
    unsigned char *to = (unsigned char *)lat_buf_reserve(out, n * 4);

    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        union {
            float f;
            uint32_t u;
        } x = {.f = v[i]};

        for (int k = 0; k < 4; k++)
            *to++ = (unsigned char)(x.u >> 8 * k);
    }
    *to = '\0';
    out->len += n * 4;
}

static void write_base64(struct lat_buf *out, const float *v, size_t n)
{
    struct lat_buf raw = {0};

    put_little(&raw, v, n);
    lat_buf_puts(out, "\"");
    lat_base64_encode(out, raw.len ? raw.v : "", raw.len);
    lat_buf_puts(out, "\"");
    out->failed |= raw.failed;
    lat_buf_fini(&raw);
}

void latd_write_vector(struct latd_writer *w, const float *v, size_t n)
{
    switch (w->r->req->encoding) {
    case LATD_FLOAT:
    case LATD_SPARSE:
        latd_write_floats(w->out, v, n);
        return;
    case LATD_BASE64:
        write_base64(w->out, v, n);
        return;
    case LATD_BYTES:
        lat_buf_printf(w->out,
                       "{\"datatype\":\"FP32\",\"shape\":[%zu],"
                       "\"parameters\":{\"binary_data_size\":%zu}}",
                       n, n * 4);
        put_little(&w->bytes, v, n);
        return;
    }
}

double latd_norm(const float *v, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

void latd_write_float(struct lat_buf *out, float v)
{
    char text[LAT_NUMBER_MAX];

    lat_buf_put(out, text, (size_t)(lat_number_print(text, v) - text));
}
