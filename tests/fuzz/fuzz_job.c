/*
 * fuzz_job.c - a body of POST /v1/fine_tuning/jobs.
 *
 * The input is a case of tests/cases/jobs, so those are the corpus, and what is
 * found becomes one of them:
 *
 *     tests/fuzz/fuzz_job found tests/cases/jobs/ok tests/cases/jobs/bad
 */
#include "../../server/wire/jobs.h"
#include "../server/cases.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static struct latd_job_ask ask, again;

static void check(bool good)
{
    if (!good)
        abort();
}

/* Either it can be told to a client, or what is kept of it says the same. */
static void decode(const char *body, size_t len)
{
    struct lat_err err = {0};
    struct lat_buf b = {0};
    char *normal = NULL, *second = NULL;

    if (latd_wire_job_decode(&ask, &normal, body, len, &err)) {
        check(err.code && err.msg[0] && !normal);
        latd_wire_error_encode(&b, &err, 400, "req");
        check(!b.failed && b.len > 0);
        lat_buf_fini(&b);
        return;
    }
    check(ask.model[0] && ask.training_file[0]);
    check(ask.n_lines <= LATD_JOB_LINES_MAX);
    check(!latd_wire_job_decode(&again, &second, normal, strlen(normal), NULL));
    check(memcmp(&ask, &again, sizeof(ask)) == 0);
    check(strcmp(normal, second) == 0);
    lat_free(normal);
    lat_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct wire_case c = {0};
    char *file = lat_calloc(len + 1, 1);

    latd_wire_init();
    check(file != NULL);
    memcpy(file, data, len);
    if (case_parse(&c, file, len)) {
        /* not a byte more, so that the sanitizer sees what is read beyond */
        char *own = malloc(c.body_len + 1);

        check(own != NULL);
        memcpy(own, c.body, c.body_len);
        own[c.body_len] = '\0';
        decode(own, c.body_len);
        free(own);
    }
    case_close(&c);
    return 0;
}
