/* cores.c - see cores.h. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "cores.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static unsigned of_scheduler(void)
{
    cpu_set_t set;
    int n;

    if (sched_getaffinity(0, sizeof(set), &set))
        return 1;
    n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

/* "200000 100000" is two processors; "max 100000" is no limit, as 0. */
static unsigned of_cpu_max(const char *path)
{
    FILE *f = fopen(path, "r");
    unsigned long quota, period;
    int n = 0;

    if (!f)
        return 0;
    n = fscanf(f, "%lu %lu", &quota, &period);
    fclose(f);
    if (n != 2 || period == 0 || quota == 0)
        return 0;
    return (unsigned)((quota + period - 1) / period);
}

/* The line "0::/a/b" of /proc/self/cgroup; our own group and each above. */
static unsigned of_cgroup(void)
{
    char line[512], group[512] = "", path[600];
    unsigned least = 0;
    FILE *f = fopen("/proc/self/cgroup", "r");

    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, "0::/", 4) == 0)
            snprintf(group, sizeof(group), "%.*s", (int)strcspn(line + 3, "\n"),
                     line + 3);
    fclose(f);
    for (char *end = group + strlen(group);; *end = '\0') {
        unsigned n;

        snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpu.max", group);
        n = of_cpu_max(path);
        if (n && (!least || n < least))
            least = n;
        end = strrchr(group, '/');
        if (!end)
            return least;
    }
}

unsigned latd_cores(void)
{
    unsigned n = of_scheduler(), share = of_cgroup();

    return share && share < n ? share : n;
}
