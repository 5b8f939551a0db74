/* reproduce.c - latent reproduce: the runs of a published table. */
#include "reproduce.h"
#include "watch.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUICK_WINDOWS = 12 };

static const struct cli_table *const tables[] = {
    &cli_table_scl_ecg, &cli_table_scl_imu, &cli_table_bayesncl};

struct options {
    const char *data, *out, *rows, *seeds, *kernel;
    uint64_t steps, threads;
    bool quick, list, page;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"data", 'd', "DIR", "folder of recordings or images", CLI_TEXT, AT(data)},
    {"out", 'o', "DIR", "what is found; default: results/TABLE", CLI_TEXT,
     AT(out)},
    {"rows", 0, "NAMES", "of these rows, with commas between; default: all",
     CLI_TEXT, AT(rows)},
    {"seeds", 0, "NUMBERS", "default 1,2,3; with --quick 1", CLI_TEXT,
     AT(seeds)},
    {"steps", 0, "N", "of each run; default: the table's", CLI_COUNT,
     AT(steps)},
    {"quick", 'q', NULL, "few steps and windows: minutes, not hours", CLI_FLAG,
     AT(quick)},
    {"list", 'l', NULL, "say what the rows are", CLI_FLAG, AT(list)},
    {"page", 'p', NULL, "run nothing, write the page again", CLI_FLAG,
     AT(page)},
    {"threads", 't', "N", "default: all processors", CLI_COUNT, AT(threads)},
    {"kernel", 0, "NAME", "blas, avx2 or avx512; default: the fastest",
     CLI_TEXT, AT(kernel)},
    {0},
};

/* What is asked for, and how far it is. */
struct asked {
    const struct options *o;
    const struct cli_table *table;
    const struct lat_kernel *kernel;
    char dir[2048];
    size_t n_seeds, n_runs, n_done, n_timed;
    uint64_t seeds[CLI_SEEDS_MAX];
    double seconds; /* of the timed runs */
};

/* ---- one run ---- */

static double mean_seconds(const struct asked *a)
{
    return a->n_timed ? a->seconds / (double)a->n_timed : 0.0;
}

static enum lat_code run_opened(struct asked *a, struct cli_run *run,
                                struct lat_err *err)
{
    char head[128];
    double begun = cli_now();
    bool done = false;
    enum lat_code code;

    snprintf(head, sizeof(head), "[%zu/%zu] %s, seed %llu", a->n_done + 1,
             a->n_runs, run->row->name, (unsigned long long)run->seed);
    run->head = head;
    run->later = mean_seconds(a) * (double)(a->n_runs - a->n_done - 1);
    code = cli_run_finish(run, a->dir, &done, err);
    if (code)
        return code;
    printf("%s: %s\n", head, done ? "done" : "is there");
    fflush(stdout);
    if (done) {
        a->seconds += cli_now() - begun;
        a->n_timed++;
    }
    return LAT_OK;
}

static enum lat_code run_one(struct asked *a, const struct cli_row *row,
                             uint64_t seed, struct lat_err *err)
{
    const struct options *o = a->o;
    struct cli_run run = {
        .table = a->table,
        .row = row,
        .seed = seed,
        .steps = o->steps   ? o->steps
                 : o->quick ? a->table->quick_steps
                            : a->table->steps,
        .windows = o->quick ? QUICK_WINDOWS : CLI_WINDOWS,
        .data = o->data,
        .threads = cli_threads(o->threads),
        .kernel = a->kernel,
    };
    enum lat_code code = a->table->open(&run, err);

    if (!code)
        code = run_opened(a, &run, err);
    a->table->close(&run);
    lat_buf_fini(&run.recipe);
    lat_buf_fini(&run.values);
    lat_buf_fini(&run.lists);
    return code ? lat_wrap(err, code, "%s, seed %llu", row->name,
                           (unsigned long long)seed)
                : LAT_OK;
}

/* ---- which runs ---- */

/* Whether names, with commas between, has name; NULL has all. */
static bool is_listed(const char *names, const char *name)
{
    size_t len = strlen(name);

    if (!names)
        return true;
    while (names) {
        if (strncmp(names, name, len) == 0 &&
            (names[len] == ',' || names[len] == '\0'))
            return true;
        names = strchr(names, ',');
        names += names != NULL;
    }
    return false;
}

static const struct cli_row *find_row(const struct cli_table *t,
                                      const char *name, size_t len)
{
    for (const struct cli_row *row = t->rows; row->name; row++)
        if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
            return row;
    return NULL;
}

static enum lat_code check_rows(const struct asked *a, struct lat_err *err)
{
    const char *at = a->o->rows;

    while (at && *at) {
        size_t len = strcspn(at, ",");

        if (!find_row(a->table, at, len))
            return lat_fail(err, LAT_EINVAL,
                            "--rows: %s has no row %.*s (see --list)",
                            a->table->name, (int)len, at);
        at += len + (at[len] == ',');
    }
    return LAT_OK;
}

static enum lat_code read_seeds(struct asked *a, struct lat_err *err)
{
    const char *at = a->o->seeds;

    if (!at)
        at = a->o->quick ? "1" : "1,2,3";
    while (*at) {
        unsigned long long seed = 0;
        int len = 0;

        if (sscanf(at, "%15llu%n", &seed, &len) != 1 || *at == '-' ||
            (at[len] && at[len] != ',') || a->n_seeds == CLI_SEEDS_MAX)
            return lat_fail(err, LAT_EINVAL,
                            "--seeds %s: must be up to %d whole numbers with "
                            "commas between",
                            a->o->seeds, CLI_SEEDS_MAX);
        a->seeds[a->n_seeds++] = seed;
        at += len + (at[len] == ',');
    }
    return LAT_OK;
}

static enum lat_code make_folders(const struct asked *a, struct lat_err *err)
{
    static const char *const parts[] = {"", "/runs", "/models"};
    char path[4096];

    for (char *at = strchr(a->dir + 1, '/');; at = strchr(at + 1, '/')) {
        snprintf(path, sizeof(path), "%.*s",
                 at ? (int)(at - a->dir) : (int)strlen(a->dir), a->dir);
        mkdir(path, 0777);
        if (!at)
            break;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        snprintf(path, sizeof(path), "%s%s", a->dir, parts[i]);
        mkdir(path, 0777);
        if (access(path, W_OK | X_OK))
            return lat_fail(err, LAT_EIO, "%s: cannot write there", path);
    }
    return LAT_OK;
}

/* The page is written after every run: it always shows what there is. */
static enum lat_code run_all(struct asked *a, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (const struct cli_row *r = a->table->rows; r->name; r++)
        a->n_runs += is_listed(a->o->rows, r->name) ? a->n_seeds : 0;
    for (size_t s = 0; !code && s < a->n_seeds; s++)
        for (const struct cli_row *r = a->table->rows; !code && r->name; r++) {
            if (!is_listed(a->o->rows, r->name))
                continue;
            code = run_one(a, r, a->seeds[s], err);
            if (!code)
                code = cli_page_write(a->table, a->dir, err);
            a->n_done++;
        }
    return code;
}

static enum lat_code reproduce(struct asked *a, struct lat_err *err)
{
    enum lat_code code = lat_kernel_pick(&a->kernel, a->o->kernel, err);

    if (!code)
        code = check_rows(a, err);
    if (!code)
        code = read_seeds(a, err);
    if (a->o->out)
        snprintf(a->dir, sizeof(a->dir), "%s", a->o->out);
    else
        snprintf(a->dir, sizeof(a->dir), "results/%s%s", a->table->name,
                 a->o->quick ? "-quick" : "");
    if (!code)
        code = make_folders(a, err);
    if (!code && a->o->page)
        code = cli_page_write(a->table, a->dir, err);
    else if (!code)
        code = run_all(a, err);
    if (!code)
        printf("wrote %s/table.md\n", a->dir);
    return code;
}

/* ---- the command ---- */

static int print_rows(const struct cli_table *t)
{
    printf("%s: %s\n\n", t->name, t->title);
    for (const struct cli_row *r = t->rows; r->name; r++)
        printf("  %-18s %s\n", r->name, r->what);
    return CLI_OK;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct asked a = {.o = &o};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc)
        return cli_misuse(cmd, "one table must be given");
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
        if (strcmp(tables[i]->name, argv[first]) == 0)
            a.table = tables[i];
    if (!a.table)
        return cli_misuse(cmd, "%s: no such table", argv[first]);
    if (o.list)
        return print_rows(a.table);
    if (!o.data && !o.page)
        return cli_misuse(cmd, "--data must be given");
    cli_catch_interrupts();
    return reproduce(&a, &err) ? cli_report(&err) : CLI_OK;
}

const struct cli_command cli_reproduce = {
    "reproduce",
    "TABLE --data DIR",
    "Make a published table again",
    "Tables: scl-ecg, scl-imu, bayesncl.  What is finished is not run again: "
    "the same\ncommand after an interrupt goes on, with other --seeds or "
    "--rows it adds to what\nis there.\n",
    options,
    run,
};
