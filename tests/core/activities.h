/* activities.h - a small data set of activities, written for a test. */
#ifndef TESTS_ACTIVITIES_H
#define TESTS_ACTIVITIES_H

#include "../../core/base/mem.h"
#include "recipes.h"

#include <string.h>
#include <unistd.h>

/* ---- a data set: users 1 … 5, each walking, sitting, standing ---- */

enum { USERS = 5, PIECE = 80, SENSORS = 6, SAMPLES = USERS * 3 * PIECE };

static char dir[64];

static inline const char *in_dir(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static inline void write_file(const char *name, const struct lat_buf *b)
{
    CHECK(lat_file_write(in_dir(name), b->v, b->len, NULL) == LAT_OK);
}

/* 720 counts are 1 g.  Walking swings about gravity; sitting and standing do
 * not, and have gravity along different axes. */
static inline int sample(size_t i, size_t k)
{
    size_t what = i / PIECE % 3, user = i / PIECE / 3;
    double t = (double)i,
           noise = 20.0 * sin(12.9 * t * (double)(k + 1) + t * t);
    double v = k == (what == 1 ? 0 : 2) ? 720.0 : 0.0;

    if (what == 0)
        v += 400.0 * sin((0.5 + 0.02 * (double)user) * t + (double)k);
    return (int)lrint(v + noise);
}

static inline int make_data(void **state)
{
    static const char *const names[] = {"1,WALKING", "4,SITTING", "5,STANDING"};
    struct lat_buf npy = {0}, experiments = {0}, segments = {0};

    UNUSED_STATE;
    strcpy(dir, "/tmp/latentd-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    lat_buf_put(&npy, "\x93NUMPY\1\0\x76\0", 10);
    lat_buf_printf(&npy,
                   "{'descr': '<i2', 'fortran_order': False, 'shape': "
                   "(%d, 6), }%*s\n",
                   SAMPLES, 56, "");
    npy.v[npy.len - 1] = '\n';
    npy.v[8] = (char)(npy.len - 10);
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t k = 0; k < SENSORS; k++) {
            int v = sample(i, k);
            const char bytes[2] = {(char)(v & 255), (char)(v >> 8)};

            lat_buf_put(&npy, bytes, 2);
        }
    lat_buf_puts(&experiments, "exp,user,start,n\n");
    lat_buf_puts(&segments, "exp,user,activity_id,activity,start,n\n");
    for (int u = 0; u < USERS; u++) {
        lat_buf_printf(&experiments, "%d,%d,%d,%d\n", u, u + 1, u * 3 * PIECE,
                       3 * PIECE);
        for (int w = 0; w < 3; w++)
            lat_buf_printf(&segments, "%d,%d,%s,%d,%d\n", u, u + 1, names[w],
                           (u * 3 + w) * PIECE, u == 4 && w == 0 ? 9 : PIECE);
    }
    write_file("hapt_i16.npy", &npy);
    write_file("hapt_experiments.csv", &experiments);
    write_file("hapt_segments.csv", &segments);
    lat_buf_fini(&npy);
    lat_buf_fini(&experiments);
    lat_buf_fini(&segments);
    return 0;
}

static inline int remove_data(void **state)
{
    UNUSED_STATE;
    return unlink(in_dir("hapt_i16.npy")) ||
           unlink(in_dir("hapt_experiments.csv")) ||
           unlink(in_dir("hapt_segments.csv")) || rmdir(dir);
}

static const struct line tiny[] = {
    {"dataset", "hapt"},
    {"classes", "WALKING, STILL: SITTING STANDING"},
    {"train", "1 2 3"},
    {"valid", "4"},
    {"test", "5"},
    {"leads", "acc_x acc_y acc_z"},
    {"unit", "g"},
    {"rate", "50"},
    {"window", "32"},
    {"low", "0"},
    {"high", "0"},
    {"center", "no"},
    {"scale", "none"},
    {"floor", "0"},
    {"divisor", "1"},
    {"encoder", "conv1d 8 k5 p2, relu, maxpool k2, flatten, linear 12"},
    {"task", "linear 2"},
    {"invariant", "6"},
    {"variant", "3"},
    {"free", "3"},
    {"batch", "12"},
    {"steps", "60"},
    {"warm_up", "2"},
    {"lr", "0.01"},
    {"max_shift", "0"},
    {"max_rotation", "180"},
    {"negatives", "other-class"},
    {"validate_every", "20"},
    {"validate_windows", "12"},
};

static inline struct lat_recipe *recipe(const char *objective)
{
    return recipe_of(tiny, sizeof(tiny) / sizeof(tiny[0]), objective);
}

static inline struct lat_dataset *open_data(const struct lat_recipe *r)
{
    struct lat_dataset *d = NULL;
    struct lat_err err = {0};

    if (lat_dataset_open(&d, r, dir, &err))
        print_error("%s\n", err.msg);
    assert_non_null(d);
    return d;
}

#endif
