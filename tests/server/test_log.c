/* test_log.c - lines that stay lines, counters that count. */
#define _GNU_SOURCE /* pipe2 */
#include "../../server/log.h"
#include "../../server/metrics.h"
#include "../check.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static int ends[2];

static size_t read_log(char *text, size_t len)
{
    ssize_t n = read(ends[0], text, len - 1);

    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

TEST(log, is_one_line_of_json_whatever_is_said)
{
    struct latd_line line;
    char text[4096];

    UNUSED_STATE;
    latd_line_begin(&line, LATD_WARNING, "a \"b\"\n\x01\\");
    latd_line_text(&line, "u", "\xc3\xa9\xff");
    latd_line_text(&line, "k", "v\tw");
    latd_line_count(&line, "n", 7);
    latd_line_ms(&line, "ms", 1.5);
    latd_line_end(&line);
    CHECK(read_log(text, sizeof(text)) > 0);
    CHECK(strchr(text, '\n') == text + strlen(text) - 1);
    CHECK(strstr(text, "\"level\":\"warning\",\"msg\":"
                       "\"a "
                       "\\\"b\\\"\\u000a\\u0001\\\\\",\"u\":"
                       "\"\xc3\xa9\xef\xbf\xbd\",\"k\":\"v\\u0009w\","
                       "\"n\":7,\"ms\":1.500}\n"));
}

TEST(log, below_its_level_is_silent)
{
    char text[4096];

    UNUSED_STATE;
    latd_log(LATD_DEBUG, "hidden");
    CHECK(read_log(text, sizeof(text)) == 0);
    latd_log(LATD_ERROR, "%s", "shown");
    CHECK(read_log(text, sizeof(text)) > 0 && strstr(text, "shown"));
}

static void *say_much(void *arg)
{
    for (int i = 0; i < 200; i++)
        latd_log(LATD_INFO, "thread %s says a line that is not so short",
                 (const char *)arg);
    return NULL;
}

TEST(log, lines_of_threads_do_not_mix)
{
    static char text[1 << 17];
    pthread_t a, b;
    int n = 0;

    UNUSED_STATE;
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 17);
    pthread_create(&a, NULL, say_much, "a");
    pthread_create(&b, NULL, say_much, "b");
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    read_log(text, sizeof(text));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), n++)
        CHECK(strncmp(line, "{\"time\":\"", 9) == 0 &&
              strcmp(line + strlen(line) - 9, "so short\"}" + 1) == 0);
    CHECK(n == 400);
}

TEST(log, levels_have_names)
{
    enum latd_level level;

    UNUSED_STATE;
    CHECK(latd_log_level(&level, "error") && level == LATD_ERROR);
    CHECK(!latd_log_level(&level, "loud"));
}

/* ---- counters ---- */

static struct latd_metrics metrics;

TEST(metrics, count_by_route_method_and_status)
{
    size_t ok = 0;

    UNUSED_STATE;
    latd_metrics_request(&metrics, 2, LATD_GET, 200, 1000);
    latd_metrics_request(&metrics, 2, LATD_GET, 200, 1000);
    latd_metrics_request(&metrics, 2, LATD_POST, 777, 1000);
    while (latd_statuses[ok] != 200)
        ok++;
    CHECK(metrics.requests[2][LATD_GET][ok] == 2);
    CHECK(metrics.requests[2][LATD_POST][0] == 1);
    CHECK(metrics.durations[2].buckets[0] == 3);
}

TEST(metrics, histograms_take_upper_ends_in)
{
    struct latd_hist h = {0};

    UNUSED_STATE;
    latd_hist_count(&h, 1);
    latd_hist_count(&h, 2);
    latd_hist_count(&h, 3);
    latd_hist_count(&h, UINT64_MAX / 2);
    CHECK(h.buckets[0] == 1 && h.buckets[1] == 1 && h.buckets[2] == 1);
    CHECK(h.buckets[LATD_BOUNDS_MAX] == 1);
    for (size_t i = 1; i < LATD_BOUNDS_MAX; i++)
        CHECK(latd_bounds_ns[i] > latd_bounds_ns[i - 1] &&
              latd_bounds_count[i] > latd_bounds_count[i - 1]);
}

TEST(metrics, series_are_found_again_and_the_last_is_shared)
{
    struct latd_series *first = latd_metrics_series(&metrics, "m0"), *last;
    char name[16];

    UNUSED_STATE;
    for (int i = 0; i < 2 * LATD_SERIES_MAX; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        last = latd_metrics_series(&metrics, name);
    }
    CHECK(latd_metrics_series(&metrics, "m0") == first);
    CHECK(last == &metrics.series[LATD_SERIES_MAX - 1]);
    assert_string_equal(last->model, "(others)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(log, is_one_line_of_json_whatever_is_said),
        T(log, below_its_level_is_silent),
        T(log, lines_of_threads_do_not_mix),
        T(log, levels_have_names),
        T(metrics, count_by_route_method_and_status),
        T(metrics, histograms_take_upper_ends_in),
        T(metrics, series_are_found_again_and_the_last_is_shared),
    };

    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
        return 1;
    unsetenv("JOURNAL_STREAM");
    latd_log_init(LATD_INFO, ends[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
