/* golden.h - tests/golden/bayesncl.json, by path. */
#ifndef TESTS_CORE_GOLDEN_H
#define TESTS_CORE_GOLDEN_H

#include "../check.h"

#include <jansson.h>
#include <string.h>

static inline json_t *golden_load(void)
{
    json_error_t at;
    json_t *root =
        json_load_file(src_path("tests/golden/bayesncl.json"), 0, &at);

    if (!root)
        print_error("%s\n", at.text);
    assert_non_null(root);
    return root;
}

/* "inputs/z_raw" of an object; it is there. */
static inline const json_t *golden_at(const json_t *o, const char *path)
{
    char word[64];

    while (*path) {
        size_t n = strcspn(path, "/");

        snprintf(word, sizeof(word), "%.*s", (int)n, path);
        o = json_object_get(o, word);
        if (!o)
            print_error("no %s in the golden values\n", word);
        assert_non_null(o);
        path += n + (path[n] == '/');
    }
    return o;
}

static inline double golden_number(const json_t *o, const char *path)
{
    o = golden_at(o, path);
    assert_true(json_is_number(o));
    return json_number_value(o);
}

static inline size_t golden_flatten(double *v, size_t room, const json_t *o)
{
    size_t n = 0, i;
    json_t *e;

    if (!json_is_array(o)) {
        assert_true(room > 0);
        *v = json_number_value(o);
        return 1;
    }
    json_array_foreach(o, i, e) n += golden_flatten(v + n, room - n, e);
    return n;
}

/* The n numbers of a nested list. */
static inline void golden_doubles(double *v, size_t n, const json_t *o,
                                  const char *path)
{
    assert_int_equal(golden_flatten(v, n, golden_at(o, path)), n);
}

enum { GOLDEN_MAX = 256 };

static inline void golden_floats(float *v, size_t n, const json_t *o,
                                 const char *path)
{
    double d[GOLDEN_MAX];

    assert_true(n <= GOLDEN_MAX);
    golden_doubles(d, n, o, path);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)d[i];
}

static inline void golden_ids(uint32_t *v, size_t n, const json_t *o,
                              const char *path)
{
    double d[GOLDEN_MAX];

    assert_true(n <= GOLDEN_MAX);
    golden_doubles(d, n, o, path);
    for (size_t i = 0; i < n; i++)
        v[i] = (uint32_t)d[i];
}

static inline void golden_check(const float *v, size_t n, const json_t *o,
                                const char *path, double tol)
{
    double d[GOLDEN_MAX];

    assert_true(n <= GOLDEN_MAX);
    golden_doubles(d, n, o, path);
    for (size_t i = 0; i < n; i++)
        check_near((double)v[i], d[i], tol, path, __FILE__, __LINE__);
}

#endif
