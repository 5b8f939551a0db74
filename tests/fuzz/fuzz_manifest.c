/* fuzz_manifest.c - lines of JSON that name recordings. */
#include "../../core/latent/data.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_line(const struct lat_line *l)
{
    assert(l->number > 0 && l->file && *l->file);
    assert(l->subject && *l->subject && strlen(l->subject) < LAT_SUBJECT_MAX);
    assert(!l->entry || *l->entry);
    assert(!l->label || (*l->label && strlen(l->label) < LAT_NAME_MAX));
    assert((l->begin == 0 && l->end == 0) || l->begin < l->end);
    assert(l->rate_hz >= 0.0 && l->n_channels <= LAT_CHANNELS_MAX);
    for (size_t i = 0; i < l->n_channels; i++)
        assert(l->channels[i].name[0] && !strchr(l->channels[i].name, ','));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lat_blob file = {"m.jsonl", data, len};
    struct lat_manifest *m = NULL;
    struct lat_place place;
    struct lat_err err = {0};

    if (lat_manifest_decode(&m, &file, &err)) {
        assert(!m && err.code && err.msg[0]);
        return 0;
    }
    assert(m->report.recordings == m->n && m->report.subjects <= m->n);
    assert((m->n == 0) == (m->report.subjects == 0));
    for (size_t i = 0; i < m->n; i++) {
        check_line(&m->lines[i]);
        assert(i == 0 || strcmp(m->lines[i - 1].file, m->lines[i].file) <= 0);
        if (lat_shelf_beside((void *)"/d", m->lines[i].file, &place, NULL) ==
            LAT_OK)
            assert(!strstr(place.path, "/../"));
    }
    for (size_t i = 0; i < m->report.n_errors; i++)
        assert(m->report.errors[i].line > 0 && m->report.errors[i].reason[0]);
    lat_manifest_free(m);
    return 0;
}
