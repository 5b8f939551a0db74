/* test_album.c - images that are added one by one, and training that goes on
 * from a model of images. */
#include "../../core/base/mem.h"
#include "../../core/latent/data.h"
#include "../../core/train/gated.h"
#include "../check.h"
#include "recipes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 20, SIDE = 14 };

static char dir[] = "/tmp/test_album.XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
    return path[turn];
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

/* Stripes along or across, of a width of their own. */
static void draw(struct lat_buf *png, size_t i)
{
    struct lat_image *image = NULL;

    CHECK(lat_image_new(&image, SIDE, SIDE, NULL) == LAT_OK);
    for (size_t p = 0; p < (size_t)SIDE * SIDE * 3; p++) {
        size_t at = i % 2 ? p / 3 / SIDE : p / 3 % SIDE;

        image->v[p] =
            (uint8_t)(120.0 + 90.0 * sin((0.5 + 0.05 * (double)i) * (double)at +
                                         (double)(p % 3)));
    }
    CHECK(lat_png_encode(png, image, NULL) == LAT_OK);
    lat_image_free(image);
}

static const struct line lines[] = {
    {"dataset", "images"}, {"name", "tiny"},
    {"size", "12"},        {"width", "3"},
    {"blocks", "1 1"},     {"hidden", "9"},
    {"dims", "10"},        {"nonnegativity", "rep_relu"},
    {"gate", "ste"},       {"batch", "6"},
    {"steps", "6"},        {"warm_up", "2"},
    {"lr", "0.01"},        {"validate_every", "2"},
};

static struct lat_recipe *recipe(void)
{
    return recipe_of(lines, sizeof(lines) / sizeof(lines[0]), "scl");
}

struct one {
    const char *subject, *label;
    enum lat_split split;
};

static enum lat_code add(struct lat_dataset *d, size_t i, const struct one *how,
                         struct lat_err *err)
{
    struct lat_buf png = {0};
    struct lat_blob file = {.name = "one.png"};
    struct lat_shown shown = {.name = "one.png",
                              .subject = how->subject,
                              .label = how->label,
                              .split = how->split,
                              .file = &file};
    enum lat_code code;

    draw(&png, i);
    file.data = png.v;
    file.len = png.len;
    code = lat_dataset_add_image(d, &shown, err);
    lat_buf_fini(&png);
    return code;
}

static struct lat_dataset *empty(const struct lat_recipe *r)
{
    struct lat_dataset *d = NULL;

    CHECK(lat_dataset_new(&d, r, NULL) == LAT_OK);
    return d;
}

/* Two classes, or none; so many images of each subject. */
static struct lat_dataset *images(const struct lat_recipe *r, bool labelled,
                                  size_t each)
{
    struct lat_dataset *d = empty(r);

    for (size_t i = 0; i < MANY; i++) {
        char name[24];
        const struct one how = {each > 1 ? name : NULL,
                                !labelled ? NULL
                                : i % 2   ? "across"
                                          : "along",
                                LAT_TRAIN};

        snprintf(name, sizeof(name), "s%zu", i / each);
        CHECK(add(d, i, &how, NULL) == LAT_OK);
    }
    CHECK(lat_dataset_split(d, 0.2, 5, NULL) == LAT_OK);
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    return d;
}

TEST(album, splits_whole_subjects_and_numbers_labels_by_name)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = images(r, true, 4);
    struct lat_dataset_info info = lat_dataset_info(d);
    const struct lat_gallery *g = lat_dataset_gallery(d, LAT_VALID);

    UNUSED_STATE;
    CHECK(info.images && info.records[LAT_TRAIN] == 16);
    CHECK(info.records[LAT_VALID] == 4 && info.n_warnings == 0);
    CHECK(lat_gallery_classes(g) == 2);
    CHECK(strcmp(lat_gallery_class(g, 0), "across") == 0);
    /* all four of one subject: they came as along, across, along, across */
    CHECK(lat_gallery_label(g, 0) == 1 && lat_gallery_label(g, 1) == 0);
    CHECK(g->shots[0].data && g->shots[3].data);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(album, an_image_without_a_subject_is_one_by_itself)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = images(r, false, 1);
    struct lat_dataset_info info = lat_dataset_info(d);

    UNUSED_STATE;
    CHECK(info.records[LAT_TRAIN] == 16 && info.records[LAT_VALID] == 4);
    CHECK(lat_gallery_classes(lat_dataset_gallery(d, LAT_TRAIN)) == 0);
    CHECK(info.n_warnings == 0);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(album, what_cannot_be_used_is_named_and_left_out)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = empty(r);
    const struct lat_blob junk = {.name = "x", .data = "GIF89a", .len = 6};
    const struct lat_shown shown = {
        .name = "cats/x.png", .split = LAT_TRAIN, .file = &junk};
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_dataset_add_image(d, &shown, &err) == LAT_EUNFIT);
    assert_non_null(strstr(err.msg, "cats/x.png: neither a JPEG nor a PNG, "
                                    "but a GIF"));
    CHECK(lat_dataset_info(d).n_warnings == 1);
    assert_non_null(
        strstr(lat_dataset_info(d).warnings[0], "left out: image cats/x.png"));
    CHECK(lat_dataset_seal(d, &err) == LAT_EINVAL);
    assert_non_null(strstr(err.msg, "no image that can be trained on"));
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(album, a_subject_on_two_sides_is_refused)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = empty(r);
    const struct one a = {"p", NULL, LAT_TRAIN}, b = {"p", NULL, LAT_VALID};
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(add(d, 1, &a, NULL) == LAT_OK && add(d, 2, &b, NULL) == LAT_OK);
    CHECK(lat_dataset_seal(d, &err) == LAT_EINVAL);
    assert_string_equal(err.word, "subject_on_two_sides");
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(album, survives_any_failed_allocation)
{
    struct lat_recipe *r = recipe();
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        const struct one a = {"p", "x", LAT_TRAIN}, b = {NULL, "y", LAT_TRAIN};
        struct lat_dataset *d = NULL;
        struct lat_buf png = {0};
        struct lat_blob file = {.name = "one.png"};
        struct lat_shown shown = {.name = "one.png", .file = &file};

        draw(&png, 1);
        file.data = png.v;
        file.len = png.len;
        lat__mem_fail_after = n++;
        code = lat_dataset_new(&d, r, NULL);
        for (size_t i = 0; i < 3 && !code; i++) {
            shown.subject = i ? b.subject : a.subject;
            shown.label = i ? b.label : a.label;
            code = lat_dataset_add_image(d, &shown, NULL);
        }
        if (!code)
            code = lat_dataset_split(d, 0.4, 1, NULL);
        if (!code)
            code = lat_dataset_seal(d, NULL);
        lat__mem_fail_after = -1;
        lat_dataset_free(d);
        lat_buf_fini(&png);
        /* libpng's own memory is not ours to count */
        CHECK(code == LAT_OK || code == LAT_ENOMEM || code == LAT_EUNFIT);
    } while (code && n < 500);
    CHECK(n > 10 && code == LAT_OK);
    lat_recipe_free(r);
}

/* ---- training ---- */

struct run {
    struct lat_recipe *r;
    struct lat_dataset *d;
    struct lat_trainer *t;
};

static void run_init(struct run *run, struct lat_recipe *r,
                     const struct lat_model *from, unsigned threads)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_err err = {0};

    *run = (struct run){.r = r, .d = images(r, true, 2)};
    if (lat_kernel_pick(&kernel, NULL, &err) ||
        lat_trainer_new(&run->t, r, run->d, kernel, threads, &err) ||
        (from && lat_train_from(run->t, from, &err))) {
        print_error("%s\n", err.msg);
        fail();
    }
}

static void run_steps(struct run *run, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(lat_train_step(run->t, NULL) == LAT_OK);
}

static void run_fini(struct run *run)
{
    lat_trainer_free(run->t);
    lat_dataset_free(run->d);
    lat_recipe_free(run->r);
}

static struct lat_model *read_model(const char *name)
{
    struct lat_model *m = NULL;
    struct lat_err err = {0};

    if (lat_model_read(&m, in_dir(name), &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return m;
}

static struct lat_model *parent(void)
{
    struct run run;

    run_init(&run, recipe(), NULL, 1);
    run_steps(&run, 2);
    CHECK(lat_train_publish(run.t, in_dir("p"), NULL, NULL) == LAT_OK);
    run_fini(&run);
    return read_model("p");
}

/* A recipe that says nothing of the net but takes it from m. */
static struct lat_recipe *adopted(const struct lat_model *m)
{
    struct lat_recipe *r = recipe();

    set(r, "width", "5");
    set(r, "dims", "3");
    set(r, "blocks", "1");
    set(r, "size", "16");
    CHECK(lat_recipe_adopt(r, m, NULL) == LAT_OK);
    return r;
}

static const float *params_of(const struct lat_model *m, size_t layer)
{
    return lat__model_params(m) +
           lat__model_net(m)->encoder.layers[layer].params[0].offset;
}

TEST(from, a_model_of_images_begins_as_its_parent)
{
    struct lat_model *m = parent(), *same;
    const struct lat__net *net = lat__model_net(m);
    struct run run;

    UNUSED_STATE;
    run_init(&run, adopted(m), m, 1);
    CHECK(lat_train_publish(run.t, in_dir("same"), NULL, NULL) == LAT_OK);
    same = read_model("same");
    assert_memory_equal(lat__model_params(m), lat__model_params(same),
                        net->n_params * sizeof(float));
    assert_non_null(strstr(lat_model_card(same)->json, "\"parent\""));
    assert_string_equal(lat_model_card(same)->prep_digest,
                        lat_model_card(m)->prep_digest);
    CHECK(lat_model_card(same)->gate.mode == LAT_GATES_HARD);
    lat_model_unref(same);
    lat_model_unref(m);
    run_fini(&run);
}

TEST(from, what_is_frozen_keeps_its_bytes_and_early_layers_move_less)
{
    struct lat_model *m = parent(), *to;
    struct lat_recipe *r = adopted(m);
    size_t first = 3; /* behind the stem */
    struct run run;

    UNUSED_STATE;
    set(r, "freeze", "3");
    run_init(&run, r, m, 1);
    run_steps(&run, 3);
    CHECK(lat_train_publish_step(run.t, in_dir("to"), NULL) == LAT_OK);
    to = read_model("to");
    assert_memory_equal(params_of(m, 0), params_of(to, 0),
                        27 * 3 * sizeof(float));
    /* of the statistics, too */
    assert_memory_equal(lat__model_params(m) + lat__model_net(m)->n_trained,
                        lat__model_params(to) + lat__model_net(m)->n_trained,
                        3 * sizeof(float));
    CHECK(memcmp(params_of(m, first), params_of(to, first), 27 * 3) != 0);
    lat_model_unref(to);
    lat_model_unref(m);
    run_fini(&run);
}

TEST(from, gates_must_be_there_to_go_on_from)
{
    struct lat_recipe *r = recipe(), *gated;
    const struct lat_kernel *kernel = NULL;
    struct lat_trainer *t = NULL;
    struct lat_err err = {0};
    struct lat_model *m;
    struct run run;

    UNUSED_STATE;
    set(r, "gate", "off");
    run_init(&run, r, NULL, 1);
    CHECK(lat_train_publish(run.t, in_dir("off"), NULL, NULL) == LAT_OK);
    m = read_model("off");
    gated = adopted(m);
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_trainer_new(&t, gated, run.d, kernel, 1, NULL) == LAT_OK);
    CHECK(lat_train_from(t, m, &err) == LAT_EUNFIT);
    assert_string_equal(err.word, "no_gates");
    lat_trainer_free(t);
    lat_recipe_free(gated);
    lat_model_unref(m);
    run_fini(&run);
}

/* Stopped half-way, on another number of threads. */
TEST(from, a_run_that_was_stopped_ends_in_the_same_bytes)
{
    struct lat_model *m = parent(), *a, *b;
    struct run whole, half, rest;

    UNUSED_STATE;
    run_init(&whole, adopted(m), m, 1);
    run_steps(&whole, 6);
    CHECK(lat_train_publish(whole.t, in_dir("a"), NULL, NULL) == LAT_OK);
    run_init(&half, adopted(m), m, 1);
    CHECK(lat_train_measure(half.t, NULL) == LAT_OK);
    CHECK(lat_train_progress(half.t).valid > 0.0);
    run_steps(&half, 3);
    CHECK(lat_train_save(half.t, in_dir("state"), NULL) == LAT_OK);
    run_init(&rest, adopted(m), m, 2);
    CHECK(lat_train_load(rest.t, in_dir("state"), NULL) == LAT_OK);
    run_steps(&rest, 3);
    CHECK(lat_train_publish(rest.t, in_dir("b"), NULL, NULL) == LAT_OK);
    a = read_model("a");
    b = read_model("b");
    assert_string_equal(lat_model_card(a)->digest, lat_model_card(b)->digest);
    /* and from other weights it is not the same run */
    lat_trainer_free(half.t);
    lat_dataset_free(half.d);
    lat_recipe_free(half.r);
    run_init(&half, adopted(m), NULL, 1);
    CHECK(lat_train_load(half.t, in_dir("state"), NULL) == LAT_EINVAL);
    lat_model_unref(a);
    lat_model_unref(b);
    lat_model_unref(m);
    run_fini(&whole);
    run_fini(&half);
    run_fini(&rest);
}

TEST(train, tells_of_gates_and_of_the_classifier)
{
    struct lat_progress p;
    struct run run;

    UNUSED_STATE;
    run_init(&run, recipe(), NULL, 1);
    run_steps(&run, 2);
    p = lat_train_progress(run.t);
    CHECK(p.open > 0.0 && p.open < 1.0 && p.likely > 0.0 && p.likely < 10.0);
    CHECK(p.right >= 0.0 && p.right <= 1.0 && p.task > 0.0);
    CHECK(p.valid_step == 2 && p.valid > 0.0); /* of four images, not of six */
    run_fini(&run);
}

TEST(train, learns_without_labels)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = images(r, false, 1);
    const struct lat_kernel *kernel = NULL;
    struct lat_trainer *t = NULL;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_trainer_new(&t, r, d, kernel, 1, NULL) == LAT_OK);
    CHECK(lat_train_step(t, NULL) == LAT_OK);
    CHECK(lat_train_progress(t).task == 0.0);
    CHECK(lat_train_save(t, in_dir("state"), NULL) == LAT_OK);
    CHECK(lat_train_load(t, in_dir("state"), NULL) == LAT_OK);
    CHECK(lat_train_publish(t, in_dir("m"), NULL, NULL) == LAT_OK);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(album, splits_whole_subjects_and_numbers_labels_by_name),
        T(album, an_image_without_a_subject_is_one_by_itself),
        T(album, what_cannot_be_used_is_named_and_left_out),
        T(album, a_subject_on_two_sides_is_refused),
        T(album, survives_any_failed_allocation),
        T(from, a_model_of_images_begins_as_its_parent),
        T(from, what_is_frozen_keeps_its_bytes_and_early_layers_move_less),
        T(from, gates_must_be_there_to_go_on_from),
        T(from, a_run_that_was_stopped_ends_in_the_same_bytes),
        T(train, tells_of_gates_and_of_the_classifier),
        T(train, learns_without_labels),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
