/* catalog.h - the model files of a folder, and recipes by name. */
#ifndef CLI_CATALOG_H
#define CLI_CATALOG_H

#include "cli.h"

/* dir, or LATENT_MODELS, ./deploy/models, the installed folder: the first that
 * is there. */
const char *cli_models_dir(const char *dir);

struct cli_catalog {
    const char *dir;
    size_t n;
    struct cli_model_file {
        char name[96]; /* without @VERSION and .safetensors */
        unsigned version;
        char path[4096];
    } * files; /* by name, then version */
};

LAT_MUST_CHECK enum lat_code cli_catalog_read(struct cli_catalog *out,
                                              const char *dir,
                                              struct lat_err *err);
void cli_catalog_fini(struct cli_catalog *c);

/* The path of a model that is named NAME (its highest version), NAME@VERSION,
 * or by a path; NULL means the only one there is. */
LAT_MUST_CHECK enum lat_code cli_model_find(char path[4096], const char *dir,
                                            const char *name,
                                            struct lat_err *err);

/* NAME@VERSION, as a server would call the file: by its name, not its card. */
enum { CLI_LABEL_MAX = 160 };
void cli_model_label(char label[CLI_LABEL_MAX], const char *path);

/* A recipe by its path, or by its name: NAME.recipe in ./deploy/recipes or the
 * installed folder.  LAT_ENOENT says where it was looked for. */
LAT_MUST_CHECK enum lat_code cli_recipe_find(char path[4096], const char *name,
                                             struct lat_err *err);

#endif
