/* wait.c - for a disk that is full: a job keeps its state in memory until
 * there is room. */
#include "run.h"

#include "../log.h"

#include <time.h>

enum { RETRY_MS = 1000, LOOK_MS = 20 };

/* False when told to stop meanwhile. */
static bool pass(const _Atomic bool *stop)
{
    const struct timespec t = {0, LOOK_MS * 1000000L};

    for (int ms = 0; ms < RETRY_MS; ms += LOOK_MS) {
        if (atomic_load(stop))
            return false;
        nanosleep(&t, NULL);
    }
    return true;
}

bool latd_run_waits(const struct latd_run *run, enum lat_code code, bool *said,
                    const struct lat_err *err)
{
    if (code == LAT_OK && *said)
        latd_log(LATD_INFO, "job %s goes on", run->job.id);
    if (code != LAT_ENOSPACE && code != LAT_EFULL)
        return false;
    if (!*said)
        latd_log(LATD_WARNING, "job %s waits: %s", run->job.id, err->msg);
    *said = true;
    return pass(run->stop);
}
