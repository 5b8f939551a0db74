/*
 * bare.c - libmicrohttpd and nothing else, as tests/bench/services measures it:
 * takes a body, answers 2 KB.
 *
 *     bare PORT
 */
#include <microhttpd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2, REPLY = 2048 };

static enum MHD_Result answer(void *cls, struct MHD_Connection *c,
                              const char *url, const char *method,
                              const char *version, const char *body,
                              size_t *body_len, void **seen)
{
    static char text[REPLY];
    struct MHD_Response *r;
    enum MHD_Result result;

    (void)cls, (void)url, (void)method, (void)version, (void)body;
    if (!*seen) {
        *seen = text;
        return MHD_YES;
    }
    if (*body_len) {
        *body_len = 0;
        return MHD_YES;
    }
    memset(text, '0', sizeof(text));
    r = MHD_create_response_from_buffer(sizeof(text), text,
                                        MHD_RESPMEM_PERSISTENT);
    result = MHD_queue_response(c, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 2 ||
        !MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD,
                          (unsigned short)atoi(argv[1]), NULL, NULL, answer,
                          NULL, MHD_OPTION_THREAD_POOL_SIZE, THREADS,
                          MHD_OPTION_END))
        return 1;
    pause();
    return 0;
}
