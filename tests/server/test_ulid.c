/* test_ulid.c - names that sort by time. */
#include "../../server/ulid.h"
#include "../check.h"

#include <string.h>

TEST(ulid, writes_the_time_first)
{
    struct latd_ulid u;
    char id[LATD_ID_MAX];

    UNUSED_STATE;
    latd_ulid_init(&u);
    /* the time of the example in the specification of ULIDs */
    latd_ulid_at(&u, 1469918176385u, "file-", id);
    CHECK(strncmp(id, "file-01ARYZ6S41", 15) == 0);
    CHECK(strlen(id) == 5 + LATD_ULID_LEN);
    CHECK(latd_ulid_is(id, "file-"));
    CHECK(!latd_ulid_is(id, "ftjob-"));
    latd_ulid_fini(&u);
}

TEST(ulid, each_is_greater_than_the_one_before)
{
    const uint64_t clock[] = {1000, 1000, 1000, 1001, 900, 1, 1001, 5000};
    struct latd_ulid u;
    char id[LATD_ID_MAX], before[LATD_ID_MAX] = "";

    UNUSED_STATE;
    latd_ulid_init(&u);
    for (size_t i = 0; i < 8000; i++) {
        latd_ulid_at(&u, clock[i % 8] + i / 8, "x-", id);
        CHECK(strcmp(id, before) > 0);
        memcpy(before, id, sizeof(before));
    }
    latd_ulid_fini(&u);
}

TEST(ulid, an_earlier_run_is_not_outdone_by_a_clock_set_back)
{
    struct latd_ulid u, v;
    char old[LATD_ID_MAX], id[LATD_ID_MAX];

    UNUSED_STATE;
    latd_ulid_init(&u);
    latd_ulid_at(&u, 1760000000000u, "file-", old);
    latd_ulid_fini(&u);
    latd_ulid_init(&v);
    latd_ulid_after(&v, "no name of ours");
    latd_ulid_after(&v, old);
    latd_ulid_at(&v, 1700000000000u, "file-", id);
    CHECK(strcmp(id, old) > 0);
    latd_ulid_at(&v, 1760000000001u, "file-", id);
    CHECK(strcmp(id, old) > 0);
    latd_ulid_fini(&v);
}

TEST(ulid, what_is_no_name_is_told)
{
    const char *bad[] = {"file-",
                         "file-01ARYZ6S41",
                         "file-../../../../etc/passwd",
                         "file-01ARYZ6S41TSV4RRFFQ69G5FAVX",
                         "file-81ARYZ6S41TSV4RRFFQ69G5FAV",
                         "file-01aryz6s41tsv4rrffq69g5fav",
                         "01ARYZ6S41",
                         ""};

    UNUSED_STATE;
    CHECK(latd_ulid_is("file-01ARYZ6S41TSV4RRFFQ69G5FAV", "file-"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK(!latd_ulid_is(bad[i], "file-"));
}

enum { N_THREADS = 4, N_EACH = 2000 };

static struct latd_ulid shared;
static char made[N_THREADS][N_EACH][LATD_ID_MAX];

static void *make_many(void *arg)
{
    char(*mine)[LATD_ID_MAX] = arg;

    for (size_t i = 0; i < N_EACH; i++)
        latd_ulid_next(&shared, "ftevent-", mine[i]);
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

TEST(ulid, no_two_threads_get_the_same)
{
    pthread_t threads[N_THREADS];
    char *all = &made[0][0][0];

    UNUSED_STATE;
    latd_ulid_init(&shared);
    for (size_t i = 0; i < N_THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, make_many, made[i]) == 0);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < N_THREADS; i++)
        for (size_t j = 1; j < N_EACH; j++)
            CHECK(strcmp(made[i][j], made[i][j - 1]) > 0);
    qsort(all, (size_t)N_THREADS * N_EACH, LATD_ID_MAX, by_text);
    for (size_t i = 1; i < (size_t)N_THREADS * N_EACH; i++)
        CHECK(strcmp(all + i * LATD_ID_MAX, all + (i - 1) * LATD_ID_MAX) > 0);
    latd_ulid_fini(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ulid, writes_the_time_first),
        T(ulid, each_is_greater_than_the_one_before),
        T(ulid, an_earlier_run_is_not_outdone_by_a_clock_set_back),
        T(ulid, what_is_no_name_is_told),
        T(ulid, no_two_threads_get_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
