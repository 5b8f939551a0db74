/* test_config.c - settings: bounds, who beats whom, files, the sample. */
#include "../../server/arguments.h"
#include "../../server/config.h"
#include "../../server/cores.h"
#include "../check.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

TEST(config, has_defaults_within_their_bounds)
{
    struct latd_config c, again;
    struct lat_err err = {0};
    struct lat_buf text = {0};

    UNUSED_STATE;
    latd_config_init(&c);
    assert_string_equal(c.listen, "127.0.0.1:8080");
    CHECK(c.drain_delay == 5 && c.drain_timeout == 18);
    CHECK(latd_config_check(&c, &err) == LAT_OK);
    latd_config_init(&again);
    latd_config_print(&c, &text);
    for (char *line = strtok(text.v, "\n"); line; line = strtok(NULL, "\n")) {
        char name[64], value[128];

        if (sscanf(line, "%63s = %127s", name, value) == 2 && value[0] != '#')
            CHECK(latd_config_set(&again, name, value, LATD_FILE, &err) ==
                  LAT_OK);
        CHECK(strstr(line, "# default"));
    }
    CHECK(memcmp(c.models, again.models, sizeof(c.models)) == 0);
    CHECK(c.max_body_bytes == again.max_body_bytes);
    lat_buf_fini(&text);
}

TEST(config, numbers_are_checked_and_may_have_a_suffix)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "-1",
                                      "1.5",
                                      "0",
                                      "3x",
                                      "1KK",
                                      " 3",
                                      "99999999999999999999",
                                      "20000000",
                                      "18446744073709551615G"};
    struct latd_config c;
    struct lat_err err = {0};

    UNUSED_STATE;
    latd_config_init(&c);
    CHECK(latd_config_set(&c, "max-queue", "2K", LATD_FLAG, &err) == LAT_OK);
    CHECK(c.max_queue == 2048);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(latd_config_set(&c, "max-queue", bad[i], LATD_FLAG, &err) ==
              LAT_EINVAL);
        CHECK(strstr(err.msg, "max-queue"));
    }
    CHECK(c.max_queue == 2048);
    CHECK(latd_config_set(&c, "max-queues", "3", LATD_FLAG, &err) ==
          LAT_ENOENT);
}

TEST(config, flag_beats_environment_beats_file)
{
    static char *const env[] = {"LATENTD_MAX_QUEUE=7", "LATENTD_LISTEN=[::]:1",
                                "LATENTD_SERVICE_HOST=10.0.0.1", "PATH=/bin",
                                NULL};
    char dir[] = "/tmp/latentd-test-XXXXXX", path[64], flag[80];
    static const char file[] = "# a comment\n"
                               "listen = 0.0.0.0:80 # and another\n"
                               "  max-queue=9\r\n"
                               "\n"
                               "models = /m#1";
    char *argv[] = {"latentd", flag, "--max-queue", "5", NULL};
    struct lat_buf unknown = {0};
    struct lat_err err = {0};
    struct latd_config c;
    enum latd_wish wish;

    UNUSED_STATE;
    CHECK(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/conf", dir);
    snprintf(flag, sizeof(flag), "--config=%s", path);
    CHECK(lat_file_write(path, file, sizeof(file) - 1, &err) == LAT_OK);
    latd_config_init(&c);
    CHECK(latd_config_set(&c, "max-queue", "5", LATD_FLAG, &err) == LAT_OK);
    CHECK(latd_config_environ(&c, env, &unknown, &err) == LAT_OK);
    CHECK(latd_config_read(&c, path, &err) == LAT_OK);
    CHECK(c.max_queue == 5);
    assert_string_equal(c.listen, "[::]:1");
    assert_string_equal(c.models, "/m#1");
    assert_string_equal(unknown.v, "LATENTD_SERVICE_HOST");
    lat_buf_fini(&unknown);

    optind = 0;
    CHECK(latd_arguments_read(&c, &wish, 4, argv, &unknown, &err) ==
          LAT_EINVAL); /* max-inputs no longer fits the queue */
    CHECK(strstr(err.msg, "max-inputs"));
    lat_buf_fini(&unknown);
    remove(path);
    rmdir(dir);
}

TEST(config, settings_that_do_not_fit_each_other_are_refused)
{
    static const char *const pairs[][4] = {
        {"max-inputs", "100", "max-queue", "99"},
        {"max-body-bytes", "1M", "max-buffered-bytes", "65536"},
        {"connection-limit", "3", "http-threads", "4"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct latd_config c;
        struct lat_err err = {0};

        latd_config_init(&c);
        for (int k = 0; k < 4; k += 2)
            CHECK(latd_config_set(&c, pairs[i][k], pairs[i][k + 1], LATD_FLAG,
                                  &err) == LAT_OK);
        CHECK(latd_config_check(&c, &err) == LAT_EINVAL);
        CHECK(strstr(err.msg, pairs[i][0]) && strstr(err.msg, pairs[i][2]));
    }
}

static enum lat_code read_text(const char *text, struct lat_err *err)
{
    char dir[] = "/tmp/latentd-test-XXXXXX", path[64];
    struct latd_config c;
    enum lat_code code;

    CHECK(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/conf", dir);
    CHECK(lat_file_write(path, text, strlen(text), err) == LAT_OK);
    latd_config_init(&c);
    code = latd_config_read(&c, path, err);
    remove(path);
    rmdir(dir);
    return code;
}

TEST(config, file_with_a_mistake_is_refused_by_line)
{
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(read_text("listen = a:1\nlisten\n", &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "line 2"));
    CHECK(read_text("\n\nlissten = a:1\n", &err) == LAT_ENOENT);
    CHECK(strstr(err.msg, "line 3") && strstr(err.msg, "lissten"));
    CHECK(read_text("http-threads = 1000\n", &err) == LAT_EINVAL);
    CHECK(read_text("", &err) == LAT_OK);
}

TEST(config, sample_file_is_the_one_that_we_ship)
{
    struct lat_buf text = {0};
    struct lat_err err = {0};
    char *shipped = NULL;
    size_t len = 0;

    UNUSED_STATE;
    latd_config_sample(&text);
    if (lat_file_read(&shipped, &len, src_path("deploy/latentd.conf"), 1 << 20,
                      &err))
        fail_msg("%s", err.msg);
    assert_string_equal(shipped, text.v);
    CHECK(read_text(text.v, &err) == LAT_OK);
    lat_free(shipped);
    lat_buf_fini(&text);
}

TEST(arguments, that_are_wrong_are_named)
{
    static char *const lines[][3] = {{"latentd", "--lissten", "x"},
                                     {"latentd", "--max-queue", NULL},
                                     {"latentd", "stray", NULL},
                                     {"latentd", "--max-queue", "many"}};
    struct latd_config c;
    struct lat_buf unknown = {0};
    enum latd_wish wish;

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char *argv[4] = {lines[i][0], lines[i][1], lines[i][2], NULL};
        struct lat_err err = {0};

        optind = 0;
        CHECK(latd_arguments_read(&c, &wish, argv[2] ? 3 : 2, argv, &unknown,
                                  &err) == LAT_EINVAL);
        CHECK(strstr(err.msg, i == 2 ? "stray" : argv[1] + 2));
    }
    lat_buf_fini(&unknown);
}

TEST(cores, are_at_least_one_and_no_more_than_there_are)
{
    UNUSED_STATE;
    CHECK(latd_cores() >= 1);
    CHECK((long)latd_cores() <= sysconf(_SC_NPROCESSORS_CONF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(config, has_defaults_within_their_bounds),
        T(config, numbers_are_checked_and_may_have_a_suffix),
        T(config, flag_beats_environment_beats_file),
        T(config, settings_that_do_not_fit_each_other_are_refused),
        T(config, file_with_a_mistake_is_refused_by_line),
        T(config, sample_file_is_the_one_that_we_ship),
        T(arguments, that_are_wrong_are_named),
        T(cores, are_at_least_one_and_no_more_than_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
