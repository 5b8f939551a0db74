/* test_jobs.c - states of jobs, each by each move, and their rows. */
#include "../../server/store/jobs.h"
#include "../check.h"

#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

/* One letter for where each move leads; - for nowhere. */
static const char *const expected[LATD_N_JOB_STATES] = {
    /* validated start pause resume cancel stop succeed fail */
    [LATD_JOB_VALIDATING_FILES] = "q-pvcv-f", [LATD_JOB_QUEUED] = "qrpqcq-f",
    [LATD_JOB_RUNNING] = "-rprcqsf",          [LATD_JOB_PAUSED] = "--pqcp--",
    [LATD_JOB_SUCCEEDED] = "------s-",        [LATD_JOB_FAILED] = "-------f",
    [LATD_JOB_CANCELLED] = "----c---",
};

static const char letters[] = "vqrpsfc";

TEST(states, each_by_each_move)
{
    UNUSED_STATE;
    for (size_t s = 0; s < LATD_N_JOB_STATES; s++)
        for (size_t m = 0; m < LATD_N_JOB_MOVES; m++) {
            enum latd_job_state to = LATD_JOB_QUEUED;
            struct lat_err err = {0};
            enum lat_code code = latd_job_next(&to, (enum latd_job_state)s,
                                               (enum latd_job_move)m, &err);

            if (expected[s][m] == '-') {
                CHECK(code == LAT_EBUSY);
                assert_string_equal(err.word, "invalid_state");
                CHECK(strstr(err.msg,
                             latd_job_state_word((enum latd_job_state)s)));
            } else {
                CHECK(code == LAT_OK && letters[to] == expected[s][m]);
            }
        }
}

/* What is asked twice is so already. */
TEST(states, a_move_repeated_leads_nowhere_else)
{
    UNUSED_STATE;
    for (size_t s = 0; s < LATD_N_JOB_STATES; s++)
        for (size_t m = 0; m < LATD_N_JOB_MOVES; m++) {
            enum latd_job_state to = LATD_JOB_QUEUED, then = LATD_JOB_QUEUED;

            if (m == LATD_MOVE_VALIDATED || m == LATD_MOVE_STOP ||
                latd_job_next(&to, (enum latd_job_state)s,
                              (enum latd_job_move)m, NULL))
                continue;
            CHECK(latd_job_next(&then, to, (enum latd_job_move)m, NULL) ==
                      LAT_OK &&
                  then == to);
        }
}

TEST(states, words_are_found_again)
{
    enum latd_job_state s = LATD_JOB_QUEUED;

    UNUSED_STATE;
    for (size_t i = 0; i < LATD_N_JOB_STATES; i++)
        CHECK(latd_job_state_find(
                  &s, latd_job_state_word((enum latd_job_state)i)) &&
              s == i);
    CHECK(!latd_job_state_find(&s, "pausing"));
}

/* ---- rows ---- */

static char dir[64];
static struct latd_database *db;

static int set_up(void **state)
{
    struct latd_database_options opt = {
        .dir = dir, .network_ok = true, .queue = 100};

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/latentd-test-XXXXXX");
    return mkdtemp(dir) && latd_database_open(&db, &opt, NULL) == LAT_OK ? 0
                                                                         : -1;
}

static int tear_down(void **state)
{
    char cmd[128];

    (void)state;
    latd_database_close(db);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

/* Something to be done to rows, and what became of it. */
struct deed {
    struct latd_change change;
    enum lat_code (*run)(struct latd_rows *rows, void *arg,
                         struct lat_err *err);
    void *arg;
};

static enum lat_code run_deed(struct latd_change *c, struct latd_rows *rows,
                              struct lat_err *err)
{
    struct deed *d = (struct deed *)c;

    return d->run(rows, d->arg, err);
}

static enum lat_code do_rows(enum lat_code (*run)(struct latd_rows *rows,
                                                  void *arg,
                                                  struct lat_err *err),
                             void *arg)
{
    struct deed d = {.change = {.run = run_deed}, .run = run, .arg = arg};

    return latd_database_write_wait(db, &d.change, NULL);
}

static enum lat_code add(struct latd_rows *rows, void *arg, struct lat_err *err)
{
    return latd_rows_job_add(rows, arg, err);
}

/* Job n, made at second n. */
static void add_job(unsigned n, const char *request)
{
    struct latd_job j = {.created_at = n,
                         .state = LATD_JOB_VALIDATING_FILES,
                         .model = (char *)(uintptr_t) "toy@1",
                         .training_file = (char *)(uintptr_t) "file-1",
                         .request = (char *)(uintptr_t)request,
                         .output = (char *)(uintptr_t) "ft:toy:x",
                         .fingerprint = {(uint8_t)(n / 2)}};

    snprintf(j.id, sizeof(j.id), "ftjob-%03u", n);
    CHECK(do_rows(add, &j) == LAT_OK);
}

struct moving {
    const char *id;
    enum latd_job_move move;
    enum latd_job_state to;
    bool changed;
};

static enum lat_code move(struct latd_rows *rows, void *arg,
                          struct lat_err *err)
{
    struct moving *m = arg;

    return latd_rows_job_move(&m->to, &m->changed, rows, m->id, m->move, err);
}

static enum lat_code moved(const char *id, enum latd_job_move how,
                           bool *changed)
{
    struct moving m = {.id = id, .move = how, .to = LATD_JOB_QUEUED};
    enum lat_code code = do_rows(move, &m);

    *changed = m.changed;
    return code;
}

TEST(rows, a_job_moves_once)
{
    bool changed = false;

    UNUSED_STATE;
    add_job(1, "{}");
    CHECK(moved("ftjob-001", LATD_MOVE_VALIDATED, &changed) == LAT_OK);
    CHECK(changed);
    CHECK(moved("ftjob-001", LATD_MOVE_START, &changed) == LAT_OK && changed);
    CHECK(moved("ftjob-001", LATD_MOVE_CANCEL, &changed) == LAT_OK && changed);
    CHECK(moved("ftjob-001", LATD_MOVE_CANCEL, &changed) == LAT_OK && !changed);
    CHECK(moved("ftjob-001", LATD_MOVE_SUCCEED, &changed) == LAT_EBUSY);
    CHECK(moved("ftjob-002", LATD_MOVE_CANCEL, &changed) == LAT_ENOENT);
}

static void check_first(const char *id)
{
    struct latd_rows *rows = latd_database_borrow(db);
    char is[LATD_ID_MAX] = "";
    bool found = false;

    CHECK(latd_rows_job_first(&found, is, rows, NULL) == LAT_OK);
    latd_database_return(db, rows);
    CHECK(found == (id != NULL));
    if (id)
        assert_string_equal(is, id);
}

TEST(rows, what_runs_comes_first_then_what_is_to_be_looked_at)
{
    bool changed;

    UNUSED_STATE;
    check_first(NULL);
    for (unsigned n = 1; n < 4; n++)
        add_job(n, "{}");
    check_first("ftjob-001");
    CHECK(moved("ftjob-001", LATD_MOVE_VALIDATED, &changed) == LAT_OK);
    check_first("ftjob-002");
    CHECK(moved("ftjob-002", LATD_MOVE_VALIDATED, &changed) == LAT_OK);
    CHECK(moved("ftjob-003", LATD_MOVE_PAUSE, &changed) == LAT_OK);
    check_first("ftjob-001");
    CHECK(moved("ftjob-002", LATD_MOVE_START, &changed) == LAT_OK);
    check_first("ftjob-002");
    CHECK(moved("ftjob-002", LATD_MOVE_CANCEL, &changed) == LAT_OK);
    CHECK(moved("ftjob-001", LATD_MOVE_PAUSE, &changed) == LAT_OK);
    check_first(NULL);
}

static char listed[400];

static enum lat_code note_job(void *arg, const struct latd_job *j)
{
    (void)arg;
    strcat(listed, j->id + 6);
    strcat(listed, " ");
    return LAT_OK;
}

static bool list(struct latd_job_query *q)
{
    struct latd_rows *rows = latd_database_borrow(db);

    listed[0] = '\0';
    q->each = note_job;
    CHECK(latd_rows_job_list(rows, q, NULL) == LAT_OK);
    latd_database_return(db, rows);
    return q->page.more;
}

TEST(rows, lists_come_page_by_page_the_youngest_first)
{
    const struct latd_pair pairs[] = {{"ticket", "7"}};
    struct latd_job_query q = {.page = {.limit = 2}};

    UNUSED_STATE;
    for (unsigned n = 1; n < 6; n++)
        add_job(n, n % 2 ? "{\"metadata\":{\"ticket\":\"7\"}}"
                         : "{\"metadata\":{\"ticket\":\"8\"}}");
    CHECK(list(&q));
    assert_string_equal(listed, "005 004 ");
    q.page.after = "ftjob-004";
    CHECK(list(&q));
    assert_string_equal(listed, "003 002 ");
    q.page.after = "ftjob-002";
    CHECK(!list(&q));
    assert_string_equal(listed, "001 ");
    q.page = (struct latd_page){.limit = 2};
    q.pairs = pairs;
    q.n_pairs = 1;
    CHECK(list(&q));
    assert_string_equal(listed, "005 003 ");
    q.page.after = "ftjob-003";
    CHECK(!list(&q));
    assert_string_equal(listed, "001 ");
}

TEST(rows, a_twin_is_one_of_late)
{
    const uint8_t print[LAT_DIGEST] = {1};
    struct latd_rows *rows;
    char id[LATD_ID_MAX] = "";
    bool found = false;

    UNUSED_STATE;
    add_job(2, "{}");
    add_job(3, "{}");
    rows = latd_database_borrow(db);
    CHECK(latd_rows_job_twin(&found, id, rows, print, 3, NULL) == LAT_OK);
    CHECK(found);
    assert_string_equal(id, "ftjob-003");
    CHECK(latd_rows_job_twin(&found, id, rows, print, 4, NULL) == LAT_OK &&
          !found);
    latd_database_return(db, rows);
}

static enum lat_code add_checkpoint(struct latd_rows *rows, void *arg,
                                    struct lat_err *err)
{
    struct latd_job_checkpoint c = {
        .job = "ftjob-001", .step = *(int *)arg, .model = "m", .metrics = "{}"};
    enum lat_code code;

    snprintf(c.id, sizeof(c.id), "ftckpt-%03d", *(int *)arg);
    code = latd_rows_checkpoint_add(rows, &c, err);
    return code ? code : latd_rows_checkpoint_prune(rows, c.job, 2, err);
}

static void note_checkpoint(void *arg, const struct latd_job_checkpoint *c)
{
    (void)arg;
    sprintf(listed + strlen(listed), "%lld ", (long long)c->step);
}

TEST(rows, the_youngest_checkpoints_stay)
{
    struct latd_checkpoint_query q = {
        .job = "ftjob-001", .page = {.limit = 10}, .each = note_checkpoint};
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    struct latd_rows *rows;

    UNUSED_STATE;
    add_job(1, "{}");
    for (int step = 10; step < 50; step += 10)
        CHECK(do_rows(add_checkpoint, &step) == LAT_OK);
    CHECK(do_rows(add_checkpoint, &(int){40}) == LAT_OK);
    rows = latd_database_borrow(db);
    listed[0] = '\0';
    CHECK(latd_rows_checkpoint_list(rows, &q, NULL) == LAT_OK);
    assert_string_equal(listed, "40 30 ");
    CHECK(latd_rows_job_get(&j, rows, "ftjob-001", NULL) == LAT_OK);
    assert_string_equal(j.checkpoint, "ftckpt-040");
    latd_database_return(db, rows);
    latd_job_fini(&j);
}

#define S(name) cmocka_unit_test_setup_teardown(rows_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(states, each_by_each_move),
        T(states, a_move_repeated_leads_nowhere_else),
        T(states, words_are_found_again),
        S(a_job_moves_once),
        S(what_runs_comes_first_then_what_is_to_be_looked_at),
        S(lists_come_page_by_page_the_youngest_first),
        S(a_twin_is_one_of_late),
        S(the_youngest_checkpoints_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
