/*
 * synth.c - made-up pictures: a scene of polygons and ellipses before a sky.
 *
 * Coordinates are those of a unit square, y downwards.  The seed moves,
 * mirrors, tints and grains a scene; a pixel is the mean of 4 x 4 points.
 */
#include "../base/rng.h"
#include "../image.h"

#include <math.h>
#include <string.h>

enum { POINTS = 4, CORNERS = 8 };

struct colour {
    float v[3];
};

/* Without corners: an ellipse about corner[0] with the radii corner[1]. */
struct shape {
    size_t n;
    float corner[CORNERS][2];
    struct colour colour;
    bool tinted; /* takes the seed's colour */
};

struct scene {
    const char *name;
    struct colour sky[2], ground[2];
    float horizon; /* 1: sky alone */
    size_t n;
    struct shape shapes[12];
};

#define BOX(l, t, r, b)         \
    4,                          \
    {                           \
        {l, t}, {r, t}, {r, b}, \
        {                       \
            l, b                \
        }                       \
    }
#define WHEEL(x, y, r) \
    0,                 \
    {                  \
        {x, y},        \
        {              \
            r, r       \
        }              \
    }

#define SKY                   \
    {                         \
        {{110, 165, 225}},    \
        {                     \
            {                 \
                215, 230, 245 \
            }                 \
        }                     \
    }
#define ROAD               \
    {                      \
        {{125, 125, 122}}, \
        {                  \
            {              \
                78, 78, 80 \
            }              \
        }                  \
    }

static const struct scene scenes[] = {
    {"ship",
     SKY,
     {{{60, 120, 165}}, {{15, 50, 95}}},
     0.60f,
     7,
     {
         {BOX(0.33f, 0.44f, 0.68f, 0.57f), {{240, 240, 236}}, false},
         {BOX(0.40f, 0.35f, 0.60f, 0.44f), {{225, 226, 224}}, false},
         {BOX(0.45f, 0.22f, 0.54f, 0.35f), {{200, 60, 45}}, true},
         {BOX(0.45f, 0.25f, 0.54f, 0.28f), {{30, 30, 34}}, false},
         {4,
          {{0.10f, 0.54f}, {0.90f, 0.54f}, {0.79f, 0.72f}, {0.22f, 0.72f}},
          {{45, 50, 70}},
          true},
         {4,
          {{0.17f, 0.66f}, {0.83f, 0.66f}, {0.79f, 0.72f}, {0.22f, 0.72f}},
          {{150, 40, 35}},
          false},
         {BOX(0.37f, 0.48f, 0.64f, 0.51f), {{70, 100, 130}}, false},
     }},
    {"automobile",
     SKY,
     ROAD,
     0.56f,
     8,
     {
         {4,
          {{0.28f, 0.50f}, {0.38f, 0.36f}, {0.66f, 0.36f}, {0.77f, 0.50f}},
          {{185, 45, 40}},
          true},
         {6,
          {{0.08f, 0.52f},
           {0.30f, 0.48f},
           {0.78f, 0.48f},
           {0.93f, 0.55f},
           {0.93f, 0.68f},
           {0.08f, 0.68f}},
          {{195, 50, 45}},
          true},
         {4,
          {{0.33f, 0.48f}, {0.40f, 0.39f}, {0.51f, 0.39f}, {0.51f, 0.48f}},
          {{170, 205, 225}},
          false},
         {4,
          {{0.53f, 0.48f}, {0.53f, 0.39f}, {0.64f, 0.39f}, {0.71f, 0.48f}},
          {{170, 205, 225}},
          false},
         {WHEEL(0.26f, 0.68f, 0.09f), {{25, 25, 27}}, false},
         {WHEEL(0.26f, 0.68f, 0.04f), {{170, 172, 175}}, false},
         {WHEEL(0.76f, 0.68f, 0.09f), {{25, 25, 27}}, false},
         {WHEEL(0.76f, 0.68f, 0.04f), {{170, 172, 175}}, false},
     }},
    {"airplane",
     SKY,
     SKY,
     1.0f,
     5,
     {
         {4,
          {{0.44f, 0.47f}, {0.58f, 0.47f}, {0.40f, 0.18f}, {0.32f, 0.18f}},
          {{190, 196, 205}},
          false},
         {0, {{0.52f, 0.50f}, {0.42f, 0.075f}}, {{238, 240, 243}}, false},
         {4,
          {{0.12f, 0.47f}, {0.24f, 0.47f}, {0.13f, 0.27f}, {0.07f, 0.27f}},
          {{60, 90, 150}},
          true},
         {4,
          {{0.42f, 0.53f}, {0.60f, 0.53f}, {0.38f, 0.82f}, {0.28f, 0.82f}},
          {{205, 210, 218}},
          false},
         {BOX(0.28f, 0.48f, 0.80f, 0.495f), {{70, 85, 110}}, false},
     }},
    {"truck",
     SKY,
     ROAD,
     0.60f,
     10,
     {
         {BOX(0.06f, 0.22f, 0.64f, 0.66f), {{235, 235, 232}}, false},
         {BOX(0.06f, 0.38f, 0.64f, 0.46f), {{40, 95, 160}}, true},
         {6,
          {{0.66f, 0.36f},
           {0.82f, 0.36f},
           {0.90f, 0.50f},
           {0.95f, 0.52f},
           {0.95f, 0.66f},
           {0.66f, 0.66f}},
          {{40, 95, 160}},
          true},
         {4,
          {{0.72f, 0.40f}, {0.81f, 0.40f}, {0.87f, 0.50f}, {0.72f, 0.50f}},
          {{175, 205, 222}},
          false},
         {WHEEL(0.18f, 0.70f, 0.075f), {{25, 25, 27}}, false},
         {WHEEL(0.18f, 0.70f, 0.032f), {{165, 167, 170}}, false},
         {WHEEL(0.38f, 0.70f, 0.075f), {{25, 25, 27}}, false},
         {WHEEL(0.38f, 0.70f, 0.032f), {{165, 167, 170}}, false},
         {WHEEL(0.81f, 0.70f, 0.075f), {{25, 25, 27}}, false},
         {WHEEL(0.81f, 0.70f, 0.032f), {{165, 167, 170}}, false},
     }},
};

/* What the seed decides of the whole. */
struct look {
    float dx, dy, size, grain;
    bool mirrored;
    struct colour tint;
    float tinting;
};

static float between(struct lat_rng *rng, float a, float b)
{
    return a + (b - a) * (float)lat__rng_uniform(rng);
}

static struct look draw_look(struct lat_rng *rng)
{
    struct look l;

    l.dx = between(rng, -0.06f, 0.06f);
    l.dy = between(rng, -0.05f, 0.05f);
    l.size = between(rng, 0.85f, 1.1f);
    l.mirrored = lat__rng_uniform(rng) < 0.5;
    for (size_t c = 0; c < 3; c++)
        l.tint.v[c] = between(rng, 30.0f, 220.0f);
    l.tinting = between(rng, 0.0f, 0.7f);
    l.grain = between(rng, 1.0f, 5.0f);
    return l;
}

static struct colour mix(struct colour a, struct colour b, float share)
{
    for (size_t c = 0; c < 3; c++)
        a.v[c] += share * (b.v[c] - a.v[c]);
    return a;
}

static bool in_polygon(const struct shape *s, float x, float y)
{
    bool in = false;

    for (size_t i = 0, j = s->n - 1; i < s->n; j = i++) {
        const float *a = s->corner[i], *b = s->corner[j];

        if ((a[1] > y) != (b[1] > y) &&
            x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
            in = !in;
    }
    return in;
}

static bool is_in(const struct shape *s, float x, float y)
{
    float u, v;

    if (s->n)
        return in_polygon(s, x, y);
    u = (x - s->corner[0][0]) / s->corner[1][0];
    v = (y - s->corner[0][1]) / s->corner[1][1];
    return u * u + v * v < 1.0f;
}

static struct colour background(const struct scene *s, float y)
{
    if (y < s->horizon)
        return mix(s->sky[0], s->sky[1], y / s->horizon);
    return mix(s->ground[0], s->ground[1],
               (y - s->horizon) / (1.0f - s->horizon));
}

static struct colour point(const struct scene *s, const struct look *l, float x,
                           float y)
{
    struct colour c = background(s, y);
    float u = (x - 0.5f - l->dx) / l->size + 0.5f;
    float v = (y - 0.5f - l->dy) / l->size + 0.5f;

    if (l->mirrored)
        u = 1.0f - u;
    for (size_t i = 0; i < s->n; i++)
        if (is_in(&s->shapes[i], u, v))
            c = s->shapes[i].tinted
                    ? mix(s->shapes[i].colour, l->tint, l->tinting)
                    : s->shapes[i].colour;
    return c;
}

static void pixel(uint8_t *to, const struct scene *s, const struct look *l,
                  const float at[2], float side)
{
    float sum[3] = {0.0f};

    for (int i = 0; i < POINTS * POINTS; i++) {
        float x = at[0] + ((float)(i % POINTS) + 0.5f) / (float)POINTS;
        float y = at[1] + ((float)(i / POINTS) + 0.5f) / (float)POINTS;
        struct colour c = point(s, l, x / side, y / side);

        for (size_t k = 0; k < 3; k++)
            sum[k] += c.v[k] / (float)(POINTS * POINTS);
    }
    for (size_t k = 0; k < 3; k++)
        to[k] = (uint8_t)lrintf(sum[k]);
}

static void add_grain(struct lat_image *image, struct lat_rng *rng, float grain)
{
    for (size_t i = 0; i < image->width * image->height; i++) {
        float by = between(rng, -grain, grain);

        for (size_t k = 0; k < 3; k++) {
            float v = (float)image->v[i * 3 + k] + by;

            image->v[i * 3 + k] =
                (uint8_t)lrintf(fminf(fmaxf(v, 0.0f), 255.0f));
        }
    }
}

const char *lat__scene_name(size_t i)
{
    return i < sizeof(scenes) / sizeof(*scenes) ? scenes[i].name : NULL;
}

static const struct scene *find(const char *name)
{
    for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
        if (strcmp(scenes[i].name, name) == 0)
            return &scenes[i];
    return NULL;
}

enum lat_code lat_synth_image(struct lat_image **out, const char *scene,
                              size_t side, uint64_t seed, struct lat_err *err)
{
    const struct scene *s = find(scene);
    struct look look;
    struct lat_rng rng;
    enum lat_code code;

    if (!s)
        return lat_fail(err, LAT_EINVAL,
                        "scene %.40s: must be ship, automobile, airplane or "
                        "truck",
                        scene);
    if (side < 1 || side > LAT_SCENE_MAX)
        return lat_fail(err, LAT_EINVAL, "size %zu: must be 1 to %d", side,
                        LAT_SCENE_MAX);
    code = lat_image_new(out, side, side, err);
    if (code)
        return code;
    lat__rng_seed(&rng, seed);
    look = draw_look(&rng);
    for (size_t i = 0; i < side * side; i++)
        pixel((*out)->v + i * 3, s, &look,
              (float[]){(float)(i % side), (float)(i / side)}, (float)side);
    add_grain(*out, &rng, look.grain);
    return LAT_OK;
}
