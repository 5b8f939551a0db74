/*
 * reproduce.h - a published table made again: what its rows are, what a run of
 * one of them is, what the page shows.
 *
 * A table is rows times seeds of runs.  A run is identified by a digest of all
 * that decides its result; its model is kept, and what was measured of it is
 * one JSON file, written when the run is done.  So a run that is finished is
 * not repeated, one that was interrupted goes on from its checkpoint, and one
 * that lacks a measure of today is measured again, not trained again.
 *
 * A new table is a struct cli_table: rows, what to do for one of them, what to
 * show.  The rest is reproduce.c (which runs), reproduce_run.c (one of them),
 * reproduce_found.c, reproduce_page.c and reproduce_plot.c.  All of it on one
 * thread.
 */
#ifndef CLI_REPRODUCE_H
#define CLI_REPRODUCE_H

#include "cli.h"

enum { CLI_SETS_MAX = 12, CLI_COLUMNS_MAX = 16, CLI_SEEDS_MAX = 64 };

enum { CLI_WINDOWS = 60 }; /* of each subject, unless --quick */

/* ---- what a table is ---- */

struct cli_row {
    const char *name;   /* also of its files */
    const char *what;   /* a sentence for the page */
    const char *recipe; /* by name, or what else the table's run wants */
    const char *set[CLI_SETS_MAX]; /* "objective=plain" … over the recipe */
};

/* Value names may hold a "@": the line's part, or invariant, or all, whichever
 * is the first that was measured. */
struct cli_column {
    const char *title, *value;
    const char *definition; /* printed below; NULL: said by another column */
    int digits;
    bool percent;
};

struct cli_line {
    const char *label, *row;
    const char *part; /* in place of "@"; NULL: see above */
};

/* What a paper says, by column; NULL where it says nothing. */
struct cli_quote {
    const char *label;
    const char *cells[CLI_COLUMNS_MAX];
};

struct cli_section {
    const char *title, *text;         /* text NULL: none */
    const struct cli_column *columns; /* these four end with a NULL */
    const struct cli_line *lines;
    const struct cli_quote *quotes; /* NULL: none */
};

struct cli_plot {
    const char *file, *title, *subtitle, *x_title;
    const char *x, *y; /* names of lists; y with "@" */
    const struct cli_line *lines;
    double y_from, y_to;
};

struct cli_run;

struct cli_table {
    const char *name, *title, *text;
    unsigned measured; /* goes up when there is more to measure */
    uint64_t steps, quick_steps;
    const struct cli_row *rows;
    const struct cli_section *sections;
    const struct cli_plot *plots;
    /* A life of a run, in this order; only close is called whatever happened.
     * open fills in recipe and data_sha256.  train makes the file run->model,
     * from run->checkpoint where that is, and leaves LAT_ECANCEL with a
     * checkpoint when cli_run_step says so.  measure reads run->model. */
    enum lat_code (*open)(struct cli_run *run, struct lat_err *err);
    enum lat_code (*train)(struct cli_run *run, struct lat_err *err);
    enum lat_code (*measure)(struct cli_run *run, struct lat_err *err);
    void (*close)(struct cli_run *run);
};

/* ---- a run -------------------------------------------- reproduce_run.c */

struct cli_run {
    const struct cli_table *table;
    const struct cli_row *row;
    uint64_t seed, steps;
    size_t windows; /* of each subject, to be measured on */
    const char *data;
    unsigned threads;
    const struct lat_kernel *kernel;
    char model[4096], checkpoint[4096];
    void *state; /* the table's own, from open to close */

    struct lat_buf recipe;        /* as it ran */
    char setting[LAT_DIGEST_HEX]; /* digest of it without its seed */
    char data_sha256[LAT_DIGEST_HEX];

    struct lat_buf values, lists; /* see cli_run_value, cli_run_list */
    double trained_seconds, begun, shown, saved;
    size_t first_step;
    const char *head; /* of its line of progress */
    double later;     /* seconds that all runs after it may take */
};

/* One more number, or list of numbers, that was measured; what is not finite
 * is not there. */
void cli_run_value(struct cli_run *run, const char *part, const char *name,
                   double value);
void cli_run_list(struct cli_run *run, const char *part, const char *name,
                  const double *v, size_t n);

enum cli_next { CLI_GO_ON, CLI_SAVE, CLI_STOP };

/* To be asked after each step of training: shows progress, and says whether a
 * checkpoint is due, or the run is to be saved and left. */
enum cli_next cli_run_step(struct cli_run *run, size_t step, size_t n_steps,
                           double loss);

/* Makes an opened run whose results do not stand in dir yet, or lack a measure
 * of today; *done says whether there was anything to do. */
LAT_MUST_CHECK enum lat_code cli_run_finish(struct cli_run *run,
                                            const char *dir, bool *done,
                                            struct lat_err *err);

/* ---- tables ------------------------------------ reproduce_scl_ecg.c, … */

extern const struct cli_table cli_table_scl_ecg, cli_table_scl_imu,
    cli_table_bayesncl;

/* ---- reproduce_scl_ecg_page.c */

extern const struct cli_section cli_scl_ecg_sections[];
extern const struct cli_plot cli_scl_ecg_plots[];

/* ---- reproduce_signal.c: open, train, measure and close of signals ---- */

enum lat_code cli_signal_open(struct cli_run *run, struct lat_err *err);
enum lat_code cli_signal_train(struct cli_run *run, struct lat_err *err);
void cli_signal_close(struct cli_run *run);
/* What was opened. */
struct lat_dataset *cli_signal_data(const struct cli_run *run);
/* Writes down what was measured under rotation. */
void cli_run_turned(struct cli_run *run, const struct lat_turn_eval *e);

/* ---- reproduce_images.c: of models of CIFAR-10's images ---- */

LAT_MUST_CHECK enum lat_code cli_images_measure(struct cli_run *run,
                                                struct lat_err *err);

/* ---- reproduce_page.c: what stands in DIR/runs, shown ---- */

/* Writes DIR/results.json, DIR/table.md and the plots. */
LAT_MUST_CHECK enum lat_code cli_page_write(const struct cli_table *table,
                                            const char *dir,
                                            struct lat_err *err);

/* ---- reproduce_found.c: what was found, over seeds ---- */

struct cli_found; /* all runs of a table that stand in a folder */

LAT_MUST_CHECK enum lat_code cli_found_read(struct cli_found **out,
                                            const struct cli_table *table,
                                            const char *dir,
                                            struct lat_err *err);
void cli_found_free(struct cli_found *f);
/* Seeds of a row, 0 when it was not run; *steps its budget. */
size_t cli_found_seeds(const struct cli_found *f, const char *row,
                       uint64_t seeds[CLI_SEEDS_MAX], uint64_t *steps);

/* Whether any of the runs was made by --quick. */
bool cli_found_quick(const struct cli_found *f);

struct cli_mean {
    size_t n; /* seeds that have it */
    double mean, sd;
};

struct cli_mean cli_found_value(const struct cli_found *f,
                                const struct cli_line *line, const char *value);
/* Item i of a list; n is 0 beyond its end. */
struct cli_mean cli_found_item(const struct cli_found *f,
                               const struct cli_line *line, const char *list,
                               size_t i);
/* All that was found, with mean and deviation. */
void cli_found_print(struct lat_buf *out, const struct cli_found *f);

/* ---- reproduce_plot.c ---- */

void cli_plot_found(struct lat_buf *svg, const struct cli_found *f,
                    const struct cli_plot *plot);

#endif
