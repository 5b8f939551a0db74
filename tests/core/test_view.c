/* test_view.c - views of pictures: the bytes of Pillow, and the chances of
 * what is drawn. */
#include "../../core/base/mem.h"
#include "../../core/views.h"
#include "../check.h"

#include <string.h>

static struct lat_image *image_of(size_t w, size_t h, const char *pixels)
{
    struct lat_image *x = NULL;

    CHECK(lat_image_new(&x, w, h, NULL) == LAT_OK);
    memcpy(x->v, pixels, w * h * 3);
    return x;
}

static void apply(struct lat_image *x, const char *view, double by)
{
    if (strcmp(view, "grey") == 0)
        lat__view_grey(x);
    else if (strcmp(view, "flip") == 0)
        lat__view_flip(x);
    else if (strcmp(view, "brightness") == 0)
        lat__view_brightness(x, by);
    else if (strcmp(view, "contrast") == 0)
        lat__view_contrast(x, by);
    else if (strcmp(view, "saturation") == 0)
        lat__view_saturation(x, by);
    else if (strcmp(view, "hue") == 0)
        lat__view_hue(x, by);
    else if (strcmp(view, "blur") == 0)
        CHECK(lat__view_blur(x, by, NULL) == LAT_OK);
    else
        fail();
}

TEST(view, gives_what_pillow_gives)
{
    const char *path = src_path("tests/cases/pictures/views.bin");
    size_t len, n = 0;
    char *list = NULL;

    UNUSED_STATE;
    CHECK(lat_file_read(&list, &len, path, 1 << 24, NULL) == LAT_OK);
    for (const char *p = list; p < list + len; n++) {
        struct lat_image *x;
        char view[16];
        size_t w, h;
        double by;

        CHECK(sscanf(p, "%15s %lf %zu %zu", view, &by, &w, &h) == 4);
        p = strchr(p, '\n') + 1;
        x = image_of(w, h, p);
        p += w * h * 3;
        apply(x, view, by);
        for (size_t i = 0; i < w * h * 3; i++)
            if (x->v[i] != (uint8_t)p[i]) {
                print_error("%s %g of %zu x %zu: byte %zu is %d, not %d\n",
                            view, by, w, h, i, x->v[i], (uint8_t)p[i]);
                fail();
            }
        p += w * h * 3;
        lat_image_free(x);
    }
    CHECK(n == 4 * 24);
    lat_free(list);
}

/* Shares and aspects of many boxes: within their bounds, as they should be on
 * average. */
TEST(view, boxes_have_the_published_sizes)
{
    enum { MANY = 4000 };
    struct lat__picture_views s = lat__picture_views_published(32);
    struct lat_image x = {300, 200, NULL};
    double area = 0.0, aspect = 0.0;
    struct lat_rng rng;

    UNUSED_STATE;
    lat__rng_seed(&rng, 3);
    for (size_t i = 0; i < MANY; i++) {
        struct lat_box b = lat__view_box(&x, &s, &rng);
        double share = (double)(b.width * b.height) / (300.0 * 200.0);
        double a = (double)b.width / (double)b.height;

        CHECK(b.width > 0 && b.x + b.width <= 300);
        CHECK(b.height > 0 && b.y + b.height <= 200);
        CHECK(share > 0.078 && share < 1.0 && a > 0.73 && a < 1.36);
        area += share / MANY;
        aspect += log(a) / MANY;
    }
    /* those of 200 000 draws of torchvision's rule */
    CHECK_NEAR(area, 0.390, 0.015);
    CHECK_NEAR(aspect, 0.031, 0.015);
}

/* No part of a strip has such an aspect: the middle of it. */
TEST(view, box_of_a_strip_is_its_middle)
{
    struct lat__picture_views s = lat__picture_views_published(32);
    struct lat_image wide = {1000, 3, NULL}, high = {3, 1000, NULL};
    struct lat_box b;
    struct lat_rng rng;

    UNUSED_STATE;
    s.area[0] = 0.9;
    lat__rng_seed(&rng, 3);
    b = lat__view_box(&wide, &s, &rng);
    CHECK(b.width == 4 && b.height == 3 && b.x == 498 && b.y == 0);
    b = lat__view_box(&high, &s, &rng);
    CHECK(b.width == 3 && b.height == 4 && b.x == 0 && b.y == 498);
}

static struct lat_image *gradient(void)
{
    struct lat_image *x = NULL;

    CHECK(lat_image_new(&x, 40, 30, NULL) == LAT_OK);
    for (size_t i = 0; i < 40 * 30 * 3; i++)
        x->v[i] = (uint8_t)(i * i / 7 + i);
    return x;
}

static bool is_grey(const struct lat_image *x)
{
    for (size_t i = 0; i < x->width * x->height * 3; i += 3)
        if (x->v[i] != x->v[i + 1] || x->v[i] != x->v[i + 2])
            return false;
    return true;
}

TEST(view, is_decided_by_its_generator_alone)
{
    const struct lat__picture_views s = lat__picture_views_published(16);
    struct lat_image *x = gradient(), *a = NULL, *b = NULL;
    struct lat_rng rng, again;

    UNUSED_STATE;
    lat__rng_seed(&rng, 8);
    again = rng;
    for (size_t i = 0; i < 20; i++) {
        CHECK(lat__view_picture(&a, x, &s, &rng, NULL) == LAT_OK);
        CHECK(lat__view_picture(&b, x, &s, &again, NULL) == LAT_OK);
        CHECK(a->width == 16 && a->height == 16);
        assert_memory_equal(a->v, b->v, 16 * 16 * 3);
        lat_image_free(a);
        lat_image_free(b);
    }
    lat_image_free(x);
}

/* Each as often as it should. */
TEST(view, chances_are_as_published)
{
    enum { MANY = 2000 };
    const struct lat__picture_views s = lat__picture_views_published(6);
    struct lat__picture_views never = s;
    struct lat_image *x = gradient(), *y = NULL;
    struct lat_rng rng;
    double grey = 0.0;

    UNUSED_STATE;
    lat__rng_seed(&rng, 9);
    for (size_t i = 0; i < MANY; i++) {
        CHECK(lat__view_picture(&y, x, &s, &rng, NULL) == LAT_OK);
        grey += is_grey(y) / (double)MANY;
        lat_image_free(y);
    }
    CHECK_NEAR(grey, 0.2, 0.03);
    never.jitter = never.grey = never.blur = never.flip = 0.0;
    never.area[0] = 1.0;
    never.aspect[0] = never.aspect[1] = 40.0 / 30.0;
    never.size = 30;
    CHECK(lat__view_picture(&y, x, &never, &rng, NULL) == LAT_OK);
    lat_image_free(x);
    CHECK(lat_image_resize(&x, y, NULL, 30, 30, LAT_BICUBIC, NULL) == LAT_OK);
    assert_memory_equal(x->v, y->v, 30 * 30 * 3);
    lat_image_free(x);
    lat_image_free(y);
}

TEST(view, survives_any_failed_allocation)
{
    struct lat__picture_views s = lat__picture_views_published(16);
    struct lat_image *x = gradient(), *y = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    s.blur = 1.0;
    do {
        struct lat_rng rng;

        lat__rng_seed(&rng, 1);
        lat__mem_fail_after = n++;
        code = lat__view_picture(&y, x, &s, &rng, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !y));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 8);
    lat_image_free(x);
    lat_image_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(view, gives_what_pillow_gives),
        T(view, boxes_have_the_published_sizes),
        T(view, box_of_a_strip_is_its_middle),
        T(view, is_decided_by_its_generator_alone),
        T(view, chances_are_as_published),
        T(view, survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
