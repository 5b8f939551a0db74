/* test_aliases.c - names that stand for models: kept, and known at once. */
#define _GNU_SOURCE
#include "../../core/base/mem.h"
#include "../../server/aliases.h"
#include "../../server/wire.h"
#include "../check.h"

#include <string.h>
#include <unistd.h>

static char dir[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/latentd-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char cmd[128];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

static struct latd_database *opened(void)
{
    struct latd_database_options opt = {
        .dir = dir, .network_ok = true, .queue = 100};
    struct latd_database *db = NULL;

    CHECK(latd_database_open(&db, &opt, NULL) == LAT_OK);
    return db;
}

struct move {
    struct latd_change change;
    struct latd_aliases *aliases;
    struct latd_alias alias; /* model "": delete */
    int64_t now;
    bool created, fail;
};

static enum lat_code run_move(struct latd_change *c, struct latd_rows *rows,
                              struct lat_err *err)
{
    struct move *m = (struct move *)(void *)c;
    bool gone = !m->alias.model[0];
    enum lat_code code =
        gone ? latd_rows_alias_delete(rows, m->alias.name, err)
             : latd_rows_alias_put(rows, &m->alias, m->now, &m->created, err);

    if (!code)
        code = latd_aliases_after(m->aliases, rows, m->alias.name,
                                  gone ? NULL : m->alias.model, err);
    return code || !m->fail ? code : lat_fail(err, LAT_EBUSY, "told to");
}

static void on_done(struct latd_change *c)
{
    (void)c;
}

/* name stands for model from now on; NULL: for nothing. */
static struct move move(struct latd_database *db, struct latd_aliases *aliases,
                        const char *name, const char *model, bool fail_it)
{
    static int64_t now = 1000;
    struct move m = {.change = {.run = run_move, .done = on_done},
                     .aliases = aliases,
                     .now = now++,
                     .fail = fail_it};

    snprintf(m.alias.name, sizeof(m.alias.name), "%s", name);
    snprintf(m.alias.model, sizeof(m.alias.model), "%s", model ? model : "");
    m.change.code = latd_database_write_wait(db, &m.change, &m.change.err);
    return m;
}

TEST(aliases, move_and_say_what_they_were_before)
{
    char model[LATD_MODEL_MAX];
    struct latd_database *db = opened();
    struct latd_aliases *a = NULL;
    struct move m;

    UNUSED_STATE;
    CHECK(latd_aliases_open(&a, db, NULL) == LAT_OK);
    CHECK(!latd_aliases_find(a, "prod", model));
    m = move(db, a, "prod", "ecg@1", false);
    CHECK(m.created && !m.alias.previous[0]);
    CHECK(m.alias.created_at == m.alias.changed_at);
    CHECK(latd_aliases_find(a, "prod", model) && strcmp(model, "ecg@1") == 0);
    m = move(db, a, "prod", "ecg@2", false);
    CHECK(!m.created && strcmp(m.alias.previous, "ecg@1") == 0);
    CHECK(m.alias.changed_at > m.alias.created_at);
    CHECK(latd_aliases_find(a, "prod", model) && strcmp(model, "ecg@2") == 0);
    /* again: nothing is moved, and previous stays what it was */
    m = move(db, a, "prod", "ecg@2", false);
    CHECK(!m.created && strcmp(m.alias.previous, "ecg@1") == 0);
    CHECK(m.alias.changed_at < m.now);
    latd_database_close(db);
    latd_aliases_close(a);
}

TEST(aliases, change_with_the_commit_or_not_at_all)
{
    char model[LATD_MODEL_MAX];
    struct latd_database *db = opened();
    struct latd_aliases *a = NULL;
    struct move m;

    UNUSED_STATE;
    CHECK(latd_aliases_open(&a, db, NULL) == LAT_OK);
    move(db, a, "prod", "ecg@1", false);
    m = move(db, a, "prod", "ecg@2", true);
    CHECK(m.change.code == LAT_EBUSY);
    CHECK(latd_aliases_find(a, "prod", model) && strcmp(model, "ecg@1") == 0);
    m = move(db, a, "prod", NULL, true);
    CHECK(m.change.code == LAT_EBUSY && latd_aliases_find(a, "prod", model));
    latd_aliases_close(a);
    CHECK(latd_aliases_open(&a, db, NULL) == LAT_OK); /* from the rows */
    CHECK(latd_aliases_find(a, "prod", model) && strcmp(model, "ecg@1") == 0);
    latd_database_close(db);
    latd_aliases_close(a);
}

TEST(aliases, outlive_the_process_and_end_when_told)
{
    char model[LATD_MODEL_MAX];
    struct latd_database *db = opened();
    struct latd_aliases *a = NULL;
    struct latd_alias row;
    struct latd_rows *rows;
    struct lat_err err = {0};
    bool found = false;
    struct move m;

    UNUSED_STATE;
    CHECK(latd_aliases_open(&a, db, NULL) == LAT_OK);
    move(db, a, "b", "ecg@1", false);
    move(db, a, "a", "ecg@1", false);
    move(db, a, "c", "imu@1", false);
    m = move(db, a, "b", NULL, false);
    CHECK(m.change.code == LAT_OK);
    m = move(db, a, "b", NULL, false);
    CHECK(m.change.code == LAT_ENOENT);
    assert_string_equal(m.change.err.word, "alias_not_found");
    latd_database_close(db);
    latd_aliases_close(a);
    db = opened();
    CHECK(latd_aliases_open(&a, db, NULL) == LAT_OK);
    CHECK(latd_aliases_find(a, "a", model) && strcmp(model, "ecg@1") == 0);
    CHECK(latd_aliases_find(a, "c", model) && strcmp(model, "imu@1") == 0);
    CHECK(!latd_aliases_find(a, "b", model));
    rows = latd_database_borrow(db);
    CHECK(latd_rows_alias_of(rows, "ecg@1", &found, &row, NULL) == LAT_OK);
    CHECK(found && strcmp(row.name, "a") == 0);
    CHECK(latd_rows_alias_of(rows, "ecg@2", &found, &row, NULL) == LAT_OK);
    CHECK(!found);
    CHECK(latd_rows_alias_get(rows, &row, "b", &err) == LAT_ENOENT);
    latd_database_return(db, rows);
    latd_database_close(db);
    latd_aliases_close(a);
}

TEST(aliases, are_bounded)
{
    struct latd_database *db = opened();
    struct latd_aliases *a = NULL;
    char name[LATD_ALIAS_NAME];
    struct move m;

    UNUSED_STATE;
    CHECK(latd_aliases_open(&a, db, NULL) == LAT_OK);
    for (int i = 0; i < LATD_ALIASES_MAX; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        m = move(db, a, name, "ecg@1", false);
        CHECK(m.change.code == LAT_OK);
    }
    m = move(db, a, "more", "ecg@1", false);
    CHECK(m.change.code == LAT_EUNFIT && strstr(m.change.err.msg, "256"));
    m = move(db, a, "a0", "ecg@2", false);
    CHECK(m.change.code == LAT_OK);
    latd_database_close(db);
    latd_aliases_close(a);
}

TEST(alias, body_names_a_model_and_nothing_else)
{
    static const struct {
        const char *text;
        enum lat_code code;
    } bodies[] = {
        {"{\"model\":\"ecg@1\"}", LAT_OK},
        {"{}", LAT_EINVAL},
        {"{\"model\":\"\"}", LAT_EINVAL},
        {"{\"model\":5}", LAT_EINVAL},
        {"{\"model\":null}", LAT_EINVAL},
        {"{\"model\":\"0123456789abcdef\"}", LAT_EINVAL},
        {"{\"model\":\"a\",\"b\":1}", LAT_EINVAL},
        {"[]", LAT_EINVAL},
        {"{", LAT_EINVAL},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct latd_body body = {.data = bodies[i].text,
                                 .len = strlen(bodies[i].text)};
        char model[16] = "";
        struct lat_err err = {0};

        enum lat_code code =
            latd_wire_alias_decode(model, sizeof(model), &body, &err);

        if ((code == LAT_OK) != (bodies[i].code == LAT_OK))
            fail_msg("%s: %s", bodies[i].text, err.msg);
        if (code == LAT_OK)
            assert_string_equal(model, "ecg@1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            aliases_move_and_say_what_they_were_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            aliases_change_with_the_commit_or_not_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            aliases_outlive_the_process_and_end_when_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(aliases_are_bounded, set_up, tear_down),
        T(alias, body_names_a_model_and_nothing_else),
    };

    latd_wire_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
