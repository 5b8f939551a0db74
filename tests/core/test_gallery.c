/* test_gallery.c - labelled images of each kind, made in a folder of our own,
 * and those of $LATENTD_DATA where it is. */
#include "../../core/base/mem.h"
#include "../../core/gallery.h"
#include "../check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK "tests/cases/pictures/ok/"

static char root[64];

/* A path below the folder, from a ring of static buffers. */
static const char *at(const char *name)
{
    static char buf[4][4096];
    static unsigned next;
    char *p = buf[next++ % 4];

    snprintf(p, sizeof(buf[0]), "%s/%s", root, name);
    return p;
}

static void put(const char *name, const void *v, size_t len)
{
    CHECK(lat_file_write(at(name), v, len, NULL) == LAT_OK);
}

static char *take(const char *path, size_t *len)
{
    char *v = NULL;

    CHECK(lat_file_read(&v, len, path, 1 << 24, NULL) == LAT_OK);
    return v;
}

static void copy(const char *name, const char *from)
{
    size_t len;
    char *v = take(src_path(from), &len);

    put(name, v, len);
    lat_free(v);
}

static int set_up(void **state)
{
    static const char *const folders[] = {"set",       "set/cat", "set/ant",
                                          "set/.hide", "none",    "bare",
                                          "bare/cat",  "other",   "other/bee"};

    (void)state;
    snprintf(root, sizeof(root), "/tmp/test_gallery.XXXXXX");
    if (!mkdtemp(root))
        return -1;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        CHECK(mkdir(at(folders[i]), 0755) == 0);
    copy("set/cat/b.JPEG", OK "rgb0.jpg");
    copy("set/cat/a.png", OK "rgb.png");
    copy("set/ant/c.jpg", OK "exif6.jpg");
    copy("other/bee/d.png", OK "one.png");
    put("set/ant/notes.txt", "x", 1);
    put("set/list.csv", "x", 1);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

static struct lat_gallery *gallery(const char *path)
{
    struct lat_gallery *g = NULL;
    struct lat_err err = {0};

    if (lat_gallery_open(&g, &path, 1, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return g;
}

static void check_refused(const char *path, const char *message)
{
    struct lat_gallery *g = NULL;
    struct lat_err err = {0};

    if (lat_gallery_open(&g, &path, 1, &err) == LAT_OK ||
        !strstr(err.msg, message)) {
        print_error("%s: `%s`, expected `%s`\n", path, err.msg, message);
        fail();
    }
    CHECK(!g);
}

static void check_image(const struct lat_gallery *g, size_t i, size_t w,
                        size_t h, uint32_t label)
{
    struct lat_image *image = NULL;
    struct lat_err err = {0};

    if (lat_gallery_image(&image, g, i, 0, &err))
        print_error("%s\n", err.msg);
    assert_non_null(image);
    CHECK(image->width == w && image->height == h);
    CHECK(lat_gallery_label(g, i) == label);
    lat_image_free(image);
}

TEST(gallery, has_a_class_for_each_folder)
{
    struct lat_gallery *g = gallery(at("set"));

    UNUSED_STATE;
    CHECK(lat_gallery_count(g) == 3 && lat_gallery_classes(g) == 2);
    assert_string_equal(lat_gallery_class(g, 0), "ant");
    assert_string_equal(lat_gallery_class(g, 1), "cat");
    CHECK(!lat_gallery_class(g, 2));
    check_image(g, 0, 13, 21, 0); /* turned */
    check_image(g, 1, 21, 13, 1);
    check_image(g, 2, 21, 13, 1);
    lat_gallery_close(g);
}

TEST(gallery, says_what_is_wrong_with_folders)
{
    const char *const both[] = {at("set"), at("other")};
    struct lat_gallery *g = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_gallery_open(&g, both, 2, &err) == LAT_EFORMAT && !g);
    CHECK(strstr(err.msg, "class 0 is called bee and, elsewhere, ant"));
    CHECK(lat_gallery_open(&g, NULL, 0, &err) == LAT_EINVAL && !g);
    check_refused(at("none"), "no folders in it, must be one for each class");
    check_refused(at("bare"), "bare/cat: no .jpg, .jpeg or .png in it");
    check_refused(at("absent"), "must be a folder of classes");
    check_refused(at("set/list.csv"), "must be a folder of classes");
}

/* Two files of the cases, one after the other. */
static void put_indexed(const char *table)
{
    size_t a_len, b_len;
    char *a = take(src_path(OK "rgb0.jpg"), &a_len);
    char *b = take(src_path(OK "gray.jpg"), &b_len);
    struct lat_buf all = {0}, csv = {0};

    lat_buf_put(&all, a, a_len);
    lat_buf_put(&all, b, b_len);
    put("few.jpgs", all.v, all.len);
    if (table)
        lat_buf_puts(&csv, table);
    else
        lat_buf_printf(&csv,
                       "id,offset,length,label,class,source\n"
                       "0,%zu,%zu,3,cat,x/1.jpg\r\n"
                       "1,0,%zu,0,ant,\"a, b\"\n"
                       "2,0,%zu,0,ant,cut\n",
                       a_len, b_len, a_len, a_len / 2);
    put("few_index.csv", csv.v, csv.len);
    lat_buf_fini(&all);
    lat_buf_fini(&csv);
    lat_free(a);
    lat_free(b);
}

TEST(gallery, finds_files_by_their_table)
{
    struct lat_image *image = NULL;
    struct lat_err err = {0};
    struct lat_gallery *g;

    UNUSED_STATE;
    put_indexed(NULL);
    g = gallery(at("few.jpgs"));
    CHECK(lat_gallery_count(g) == 3 && lat_gallery_classes(g) == 4);
    CHECK(!lat_gallery_class(g, 1));
    assert_string_equal(lat_gallery_class(g, 3), "cat");
    check_image(g, 0, 21, 13, 3);
    check_image(g, 1, 21, 13, 0);
    CHECK(lat_gallery_image(&image, g, 2, 0, &err) == LAT_EFORMAT && !image);
    CHECK(strstr(err.msg, "few.jpgs: image 2: JPEG: not a readable JPEG"));
    lat_gallery_close(g);
}

TEST(gallery, says_what_is_wrong_with_a_table)
{
    static const char *const tables[][2] = {
        {"", "line 1: must be id,offset"},
        {"id,offset\n", "line 1: must be id,offset"},
        {"0,0,9,-1,cat,x\n", "line 2: `0,0,9,-1,cat,x` is not id,offset"},
        {"0,0,9,1,cat\n", "is not id,offset"},
        {"0,0,9,1\n", "is not id,offset"},
        {"0,0,99999999,1,cat,x\n", "line 2: 99999999 bytes from 0 on, of a"},
        {"0,99999999,1,1,cat,x\n", "1 bytes from 99999999 on, of a file"},
        {"0,0,9,65536,cat,x\n", "label 65536, must be below 65536"},
        {"0,0,9,1,cat,x\n1,0,9,1,ant,x\n", "line 3: class 1 is called ant"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        struct lat_buf csv = {0};

        if (i > 1)
            lat_buf_puts(&csv, "id,offset,length,label,class,source\n");
        lat_buf_puts(&csv, tables[i][0]);
        put_indexed(csv.v);
        check_refused(at("few.jpgs"), tables[i][1]);
        lat_buf_fini(&csv);
    }
    CHECK(unlink(at("few_index.csv")) == 0);
    check_refused(at("few.jpgs"), "few_index.csv: cannot open");
}

enum { PLANE = 1024, RECORD = 3 * PLANE };

/* Two images; every channel counts up from a start of its own. */
static void put_cifar(const char *name, size_t labels, uint8_t second)
{
    uint8_t v[2 * (RECORD + 2)], *p = v;

    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < labels; k++)
            *p++ = k + 1 == labels ? (i ? second : 7) : 1;
        for (size_t k = 0; k < RECORD; k++)
            *p++ = (uint8_t)(k % PLANE + 50 * (k / PLANE) + i);
    }
    put(name, v, (size_t)(p - v));
}

TEST(gallery, reads_cifar)
{
    struct lat_image *image = NULL;
    struct lat_gallery *g;

    UNUSED_STATE;
    put_cifar("ten.bin", 1, 9);
    g = gallery(at("ten.bin"));
    CHECK(lat_gallery_count(g) == 2 && lat_gallery_classes(g) == 10);
    assert_string_equal(lat_gallery_class(g, 9), "9");
    check_image(g, 1, 32, 32, 9);
    CHECK(lat_gallery_image(&image, g, 1, 0, NULL) == LAT_OK);
    CHECK(image->v[0] == 1 && image->v[1] == 51 && image->v[2] == 101);
    CHECK(image->v[33 * 3] == 34 && image->v[33 * 3 + 2] == 134);
    lat_image_free(image);
    lat_gallery_close(g);
    put_cifar("hundred.bin", 2, 99);
    put("fine_label_names.txt", "apple\nbear\n", 11);
    g = gallery(at("hundred.bin"));
    CHECK(lat_gallery_count(g) == 2 && lat_gallery_classes(g) == 100);
    assert_string_equal(lat_gallery_class(g, 1), "bear");
    assert_string_equal(lat_gallery_class(g, 2), "2");
    check_image(g, 0, 32, 32, 7);
    lat_gallery_close(g);
}

TEST(gallery, says_what_is_wrong_with_cifar)
{
    UNUSED_STATE;
    put_cifar("bad.bin", 1, 10);
    check_refused(at("bad.bin"), "image 1 has label 10, must be below 10");
    put("bad.bin", "abc", 3);
    check_refused(at("bad.bin"), "3 bytes, must be a multiple of 3073");
    put("bad.bin", "", 0);
    check_refused(at("bad.bin"), "0 bytes, must be a multiple of 3073");
}

TEST(gallery, open_survives_any_failed_allocation)
{
    const char *paths[] = {at("set"), at("ten.bin"), at("hundred.bin")};

    UNUSED_STATE;
    for (size_t i = 0; i < 3; i++) {
        struct lat_gallery *g = NULL;
        enum lat_code code;
        long n = 0;

        do {
            lat__mem_fail_after = n++;
            code = lat_gallery_open(&g, &paths[i], 1, NULL);
            CHECK(code == LAT_OK || (code == LAT_ENOMEM && !g));
        } while (code);
        lat__mem_fail_after = -1;
        CHECK(n > 5);
        lat_gallery_close(g);
    }
}

enum { SIZE = 8, N = 3, VIEWS = 2, ITEM = SIZE * SIZE * 3 };

static void fill(float *x, const struct lat_gallery *g, unsigned threads)
{
    static const size_t shots[N] = {2, 0, 1};
    static const uint64_t seeds[N * VIEWS] = {1, 2, 3, 4, 5, 1};
    struct lat__picture_batch b = {.gallery = g,
                                   .mean = {0.5, 0.5, 0.5},
                                   .deviation = {0.25, 0.25, 0.25},
                                   .n = N,
                                   .n_views = VIEWS};
    struct lat_team *team = NULL;

    b.views = lat__picture_views_published(SIZE);
    CHECK(lat__team_new(&team, threads, NULL) == LAT_OK);
    CHECK(lat__picture_batch_fill(x, &b, shots, seeds, team, NULL) == LAT_OK);
    lat__team_free(team);
}

TEST(batch, is_the_same_on_any_number_of_threads)
{
    static float x[N * VIEWS * ITEM], y[N * VIEWS * ITEM];
    struct lat_gallery *g = gallery(at("set"));

    UNUSED_STATE;
    fill(x, g, 1);
    fill(y, g, 3);
    assert_memory_equal(x, y, sizeof(x));
    CHECK(memcmp(x, x + N * ITEM, ITEM * sizeof(*x)) != 0);
    for (size_t i = 0; i < N * VIEWS * ITEM; i++)
        CHECK(x[i] >= -2.0f && x[i] <= 2.0f);
    lat_gallery_close(g);
}

TEST(batch, names_what_cannot_be_decoded)
{
    struct lat__picture_batch b = {.n = 1, .n_views = 1};
    const uint64_t seed = 1;
    const size_t shot = 2;
    float x[ITEM];
    struct lat__picture_fill aside = {.x = x, .shots = &shot, .seeds = &seed};
    struct lat_err err = {0};
    struct lat_gallery *g;

    UNUSED_STATE;
    put_indexed(NULL);
    b.gallery = g = gallery(at("few.jpgs"));
    b.views = lat__picture_views_published(SIZE);
    CHECK(lat__picture_batch_fill(x, &b, &shot, &seed, NULL, &err) ==
          LAT_EFORMAT);
    CHECK(strstr(err.msg, "few.jpgs: image 2"));
    aside.b = &b;
    lat__picture_fill_aside(&aside, NULL);
    CHECK(lat__picture_filled(&aside, &err) == LAT_EFORMAT);
    lat_gallery_close(g);
}

/* The sets that stand beside the project, as their README counts them. */
TEST(gallery, reads_the_shared_images)
{
    static const struct {
        const char *name;
        size_t n;
    } sets[] = {{"test.jpgs", 1992}, {"lossless_batch.bin", 2995}};
    const char *data = getenv("LATENTD_DATA");
    char path[4096];

    UNUSED_STATE;
    for (size_t i = 0; i < 2; i++) {
        struct lat_gallery *g;

        snprintf(path, sizeof(path), "%s/images/cifar10/%s",
                 data ? data : src_path("../shared/data"), sets[i].name);
        if (access(path, R_OK)) {
            print_message("no shared images at %s\n", path);
            skip();
        }
        g = gallery(path);
        CHECK(lat_gallery_count(g) == sets[i].n);
        CHECK(lat_gallery_classes(g) == 10);
        assert_string_equal(lat_gallery_class(g, 6), "frog");
        for (size_t k = 0; k < sets[i].n; k += 97)
            check_image(g, k, 32, 32, lat_gallery_label(g, k));
        lat_gallery_close(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(gallery, has_a_class_for_each_folder),
        T(gallery, says_what_is_wrong_with_folders),
        T(gallery, finds_files_by_their_table),
        T(gallery, says_what_is_wrong_with_a_table),
        T(gallery, reads_cifar),
        T(gallery, says_what_is_wrong_with_cifar),
        T(gallery, open_survives_any_failed_allocation),
        T(batch, is_the_same_on_any_number_of_threads),
        T(batch, names_what_cannot_be_decoded),
        T(gallery, reads_the_shared_images),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
