/* test_picture.c - every case of tests/cases/pictures: files of images, what
 * Pillow makes of them, and what no one should make anything of. */
#include "../../core/base/mem.h"
#include "../../core/image.h"
#include "../check.h"

#include <dirent.h>
#include <string.h>

#define CASES "tests/cases/pictures/"

static char *read_all(size_t *len, const char *path)
{
    struct lat_err err = {0};
    char *v = NULL;

    if (lat_file_read(&v, len, path, 1 << 24, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return v;
}

/* The file beside path with an ending more. */
static char *read_beside(size_t *len, const char *path, const char *ending)
{
    char other[4300];

    snprintf(other, sizeof(other), "%s%s", path, ending);
    return read_all(len, other);
}

static void check_pixels(const uint8_t *got, const uint8_t *want, size_t n,
                         const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (got[i] != want[i]) {
            print_error("%s: byte %zu is %d, expected %d\n", what, i, got[i],
                        want[i]);
            fail();
        }
}

static enum lat_code decode(struct lat_image **out,
                            struct lat_picture_info *info, const char *path,
                            struct lat_err *err)
{
    size_t len;
    char *data = read_all(&len, path);
    struct lat_blob file = {"it", data, len};
    enum lat_code code = lat_picture_decode(out, info, &file, 0, err);

    lat_free(data);
    return code;
}

static void check_ok(const char *path)
{
    struct lat_picture_info info = {0};
    struct lat_image *image = NULL;
    struct lat_err err = {0};
    size_t w, h, len;
    unsigned orientation;
    char *want = read_beside(&len, path, ".rgb"), *pixels;

    pixels = want + strcspn(want, "\n") + 1;
    CHECK(sscanf(want, "%zu %zu %u", &w, &h, &orientation) == 3);
    if (decode(&image, &info, path, &err)) {
        print_error("%s: %s\n", path, err.msg);
        fail();
    }
    CHECK(image->width == w && image->height == h);
    CHECK(info.width == (orientation > 4 ? h : w));
    CHECK(info.format ==
          (strstr(path, ".png") ? LAT_PICTURE_PNG : LAT_PICTURE_JPEG));
    CHECK(info.orientation == orientation);
    CHECK(len == (size_t)(pixels - want) + w * h * 3);
    check_pixels(image->v, (uint8_t *)pixels, w * h * 3, path);
    lat_image_free(image);
    lat_free(want);
}

static void check_bad(const char *path)
{
    struct lat_image *image = NULL;
    struct lat_err err = {0};
    size_t len;
    char *want = read_beside(&len, path, ".error");

    want[strcspn(want, "\n")] = '\0';
    if (decode(&image, NULL, path, &err) == LAT_OK || !strstr(err.msg, want)) {
        print_error("%s: `%s`, expected `%s`\n", path, err.msg, want);
        fail();
    }
    CHECK(!image && strncmp(err.msg, "it: ", 4) == 0);
    lat_free(want);
}

static int each_case(const char *sub, void (*check)(const char *path))
{
    const char *dir_path = src_path(sub);
    DIR *dir = opendir(dir_path);
    struct dirent *e;
    int n = 0;

    assert_non_null(dir);
    while ((e = readdir(dir))) {
        const char *dot = strrchr(e->d_name, '.');
        char path[4300];

        if (!dot || (strcmp(dot, ".jpg") != 0 && strcmp(dot, ".png") != 0))
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir_path, e->d_name);
        check(path);
        n++;
    }
    closedir(dir);
    return n;
}

TEST(picture, reads_every_good_case)
{
    UNUSED_STATE;
    CHECK(each_case(CASES "ok", check_ok) >= 30);
}

TEST(picture, refuses_every_bad_case)
{
    UNUSED_STATE;
    CHECK(each_case(CASES "bad", check_bad) >= 18);
}

TEST(picture, bounds_are_the_callers)
{
    struct lat_image *image = NULL;
    struct lat_err err = {0};
    size_t len;
    char *data = read_all(&len, src_path(CASES "ok/rgb.png"));
    struct lat_blob file = {"it", data, len};

    UNUSED_STATE;
    CHECK(lat_picture_decode(&image, NULL, &file, 21 * 13 - 1, &err) ==
          LAT_ETOOBIG);
    CHECK(strstr(err.msg, "21 x 13 pixels, at most 272"));
    CHECK(lat_picture_decode(&image, NULL, &file, 21 * 13, &err) == LAT_OK);
    lat_image_free(image);
    lat_free(data);
}

/* Of each kind: turned, with transparency. */
TEST(picture, decode_survives_any_failed_allocation)
{
    static const char *const names[] = {CASES "ok/exif6.jpg",
                                        CASES "ok/rgba.png"};

    UNUSED_STATE;
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        char *data = read_all(&len, src_path(names[i]));
        struct lat_image *image = NULL;
        enum lat_code code;
        long n = 0;

        do {
            struct lat_blob file = {"it", data, len};

            lat__mem_fail_after = n++;
            code = lat_picture_decode(&image, NULL, &file, 0, NULL);
            CHECK(code == LAT_OK || (code == LAT_ENOMEM && !image));
        } while (code);
        lat__mem_fail_after = -1;
        CHECK(n > 2);
        lat_image_free(image);
        lat_free(data);
    }
}

/* The next image of a list of cases; moves *p on. */
static struct lat_image *take_image(const char **p, size_t w, size_t h)
{
    struct lat_image *image = NULL;

    CHECK(lat_image_new(&image, w, h, NULL) == LAT_OK);
    memcpy(image->v, *p, w * h * 3);
    *p += w * h * 3;
    return image;
}

TEST(resize, gives_what_pillow_gives)
{
    size_t len, n = 0;
    char *list = read_all(&len, src_path(CASES "resize.bin"));

    UNUSED_STATE;
    for (const char *p = list; p < list + len; n++) {
        size_t w, h, to_w, to_h;
        struct lat_image *x, *want, *y = NULL;
        struct lat_box b;
        unsigned filter;

        CHECK(sscanf(p, "%zu %zu %u %zu %zu %zu %zu %zu %zu", &w, &h, &filter,
                     &b.x, &b.y, &b.width, &b.height, &to_w, &to_h) == 9);
        p = strchr(p, '\n') + 1;
        x = take_image(&p, w, h);
        want = take_image(&p, to_w, to_h);
        CHECK(lat_image_resize(&y, x, &b, to_w, to_h, filter, NULL) == LAT_OK);
        CHECK(y->width == to_w && y->height == to_h);
        check_pixels(y->v, want->v, to_w * to_h * 3, "resized");
        lat_image_free(x);
        lat_image_free(y);
        lat_image_free(want);
    }
    CHECK(n == 18);
    lat_free(list);
}

TEST(fit, gives_what_torchvision_gives)
{
    size_t len, n = 0;
    char *list = read_all(&len, src_path(CASES "fit.bin"));

    UNUSED_STATE;
    for (const char *p = list; p < list + len; n++) {
        size_t w, h, shorter, crop;
        struct lat_image *x, *want, *y = NULL;

        CHECK(sscanf(p, "%zu %zu %zu %zu", &w, &h, &shorter, &crop) == 4);
        p = strchr(p, '\n') + 1;
        x = take_image(&p, w, h);
        want = take_image(&p, crop, crop);
        CHECK(lat_image_fit(&y, x, shorter, crop, NULL) == LAT_OK);
        check_pixels(y->v, want->v, crop * crop * 3, "fitted");
        lat_image_free(x);
        lat_image_free(y);
        lat_image_free(want);
    }
    CHECK(n == 7);
    lat_free(list);
}

TEST(fit, survives_any_failed_allocation)
{
    struct lat_image *x = NULL, *y = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(lat_image_new(&x, 30, 20, NULL) == LAT_OK);
    do {
        lat__mem_fail_after = n++;
        code = lat_image_fit(&y, x, 16, 12, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !y));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 10);
    lat_image_free(x);
    lat_image_free(y);
}

/* As thin as may be: what would become too long is refused by its size. */
TEST(fit, refuses_what_becomes_too_long)
{
    struct lat_image *x = NULL, *y = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_image_new(&x, 1, LAT_SIDE_MAX, NULL) == LAT_OK);
    CHECK(lat_image_fit(&y, x, 256, 224, &err) == LAT_ETOOBIG && !y);
    CHECK(strstr(err.msg, "256 x 16776960 pixels"));
    lat_image_free(x);
    CHECK(lat_image_new(&x, 0, 5, NULL) == LAT_ETOOBIG);
}

/* ---- made-up pictures, and PNG outwards */

static enum lat_code encode(struct lat_buf *b, size_t side,
                            struct lat_image **image, struct lat_err *err)
{
    enum lat_code code = lat_synth_image(image, "ship", side, 3, err);

    return code ? code : lat_png_encode(b, *image, err);
}

TEST(synth, png_reads_back_as_the_same_pixels)
{
    for (size_t side = 1; side < 80; side += 13) {
        struct lat_image *image = NULL, *back = NULL;
        struct lat_picture_info info;
        struct lat_buf b = {0};
        struct lat_blob file = {.name = "ship"};

        UNUSED_STATE;
        CHECK(encode(&b, side, &image, NULL) == LAT_OK);
        file.data = b.v;
        file.len = b.len;
        CHECK(lat_picture_decode(&back, &info, &file, 0, NULL) == LAT_OK);
        CHECK(info.format == LAT_PICTURE_PNG && back->width == side);
        check_pixels(back->v, image->v, side * side * 3, "ship");
        lat_image_free(back);
        lat_image_free(image);
        lat_buf_fini(&b);
    }
}

/* The same seed the same picture, another seed another; each scene by name. */
TEST(synth, is_what_its_scene_and_seed_say)
{
    struct lat_image *first = NULL, *again = NULL, *other = NULL;
    size_t n = 0;

    UNUSED_STATE;
    for (; lat__scene_name(n); n++) {
        CHECK(lat_synth_image(&first, lat__scene_name(n), 32, 7, NULL) ==
              LAT_OK);
        CHECK(lat_synth_image(&again, lat__scene_name(n), 32, 7, NULL) ==
              LAT_OK);
        CHECK(lat_synth_image(&other, lat__scene_name(n), 32, 8, NULL) ==
              LAT_OK);
        CHECK(memcmp(first->v, again->v, 32 * 32 * 3) == 0);
        CHECK(memcmp(first->v, other->v, 32 * 32 * 3) != 0);
        lat_image_free(first);
        lat_image_free(again);
        lat_image_free(other);
    }
    CHECK(n == 4);
}

TEST(synth, refuses_what_it_cannot_draw)
{
    struct lat_image *image = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_synth_image(&image, "cat", 32, 1, &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "cat") && strstr(err.msg, "ship"));
    CHECK(lat_synth_image(&image, "ship", 0, 1, &err) == LAT_EINVAL);
    CHECK(lat_synth_image(&image, "ship", 5000, 1, &err) == LAT_EINVAL);
    CHECK(!image);
}

TEST(synth, survives_any_failed_allocation)
{
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        struct lat_image *image = NULL;
        struct lat_buf b = {0};

        lat__mem_fail_after = n++;
        code = encode(&b, 16, &image, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
        lat_image_free(image);
        lat_buf_fini(&b);
    } while (code);
    CHECK(n > 2);
}

/* What cannot be read is told apart by name. */
TEST(picture, names_what_people_send_instead)
{
    static const struct {
        const char *bytes, *name;
        size_t len;
    } table[] = {
        {"GIF89a", "a GIF", 6},
        {"RIFF\0\0\0\0WEBPVP8 ", "a WebP", 16},
        {"\0\0\0\x20"
         "ftypavif",
         "an AVIF", 12},
        {"%PDF-1.7", "a PDF", 8},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct lat_blob file = {"it", table[i].bytes, table[i].len};
        struct lat_picture_info info;
        struct lat_err err = {0};

        CHECK(lat_picture_look(&info, &file, &err) == LAT_EMEDIA);
        CHECK(strstr(err.msg, table[i].name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(picture, reads_every_good_case),
        T(picture, refuses_every_bad_case),
        T(picture, bounds_are_the_callers),
        T(picture, decode_survives_any_failed_allocation),
        T(resize, gives_what_pillow_gives),
        T(fit, gives_what_torchvision_gives),
        T(fit, survives_any_failed_allocation),
        T(fit, refuses_what_becomes_too_long),
        T(picture, names_what_people_send_instead),
        T(synth, png_reads_back_as_the_same_pixels),
        T(synth, is_what_its_scene_and_seed_say),
        T(synth, refuses_what_it_cannot_draw),
        T(synth, survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
