/* keys.c - latent keys: the file of keys that latentd asks for. */
#define _GNU_SOURCE /* getrandom, flock */
#include "cli.h"

#include "../../server/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct options {
    const char *file, *scope;
    double days;
    struct cli_list limits;
    bool json;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"file", 'f', "FILE",
     "the file of keys; default: LATENTD_KEYS_FILE, or /etc/latentd/keys",
     CLI_TEXT, AT(file)},
    {"scope", 0, "LIST", "of read, embed, train, admin; default: read,embed",
     CLI_TEXT, AT(scope)},
    {"days", 0, "N", "create: the key expires after so many days", CLI_NUMBER,
     AT(days)},
    {"limit", 0, "NAME=N",
     "create: rate, burst (requests a second, at once) or bytes (a minute); "
     "0: none",
     CLI_LIST, AT(limits)},
    {"json", 0, NULL, "print JSON", CLI_FLAG, AT(json)},
    {0},
};

/* ---- the file ---------------------------------------------------------- */

/* One at a time: the lock is a file beside it, which stays. */
static enum lat_code take_lock(int *fd, const char *path, struct lat_err *err)
{
    char lock[4200];

    if ((size_t)snprintf(lock, sizeof(lock), "%s.lock", path) >= sizeof(lock))
        return lat_fail(err, LAT_EINVAL, "%.60s…: too long", path);
    *fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0 || flock(*fd, LOCK_EX))
        return lat_fail(err, LAT_EIO, "%s: %s", lock, strerror(errno));
    return LAT_OK;
}

static enum lat_code read_keys(struct latd_keys *keys, const char *path,
                               struct lat_err *err)
{
    if (access(path, F_OK) && errno == ENOENT)
        return latd_keys_parse(keys, "", err);
    return latd_keys_read(keys, path, err);
}

/* Root writes for the daemon, whose folder it is. */
static void give_to_owner(const char *path)
{
    char *copy = lat_strdup(path);
    struct stat st;

    if (copy && geteuid() == 0 && stat(dirname(copy), &st) == 0 &&
        chown(path, st.st_uid, st.st_gid))
        fprintf(stderr, "latent: keys: %s belongs to root\n", path);
    lat_free(copy);
}

static enum lat_code write_keys(const struct latd_keys *keys, const char *path,
                                struct lat_err *err)
{
    struct lat_buf b = {0};
    enum lat_code code;

    latd_keys_print(&b, keys);
    if (b.failed)
        code = lat_fail(err, LAT_ENOMEM, "keys");
    else
        code = lat_file_write_private(path, b.v, b.len, err);
    lat_buf_fini(&b);
    if (!code)
        give_to_owner(path);
    return code;
}

/* ---- create ------------------------------------------------------------ */

static enum lat_code make_text(char text[LATD_KEY_TEXT], struct lat_err *err)
{
    uint8_t random[LAT_DIGEST];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return lat_fail(err, LAT_EIO, "no random bytes");
    memcpy(text, "lk-", 3);
    lat_digest_hex(text + 3, random);
    return LAT_OK;
}

static enum lat_code set_limits(struct latd_key *key, const struct options *o,
                                struct lat_err *err)
{
    for (size_t i = 0; i < o->limits.n; i++) {
        const char *text = o->limits.v[i], *eq = strchr(text, '=');
        size_t len = eq ? (size_t)(eq - text) : 0;
        char *end = NULL;
        unsigned long long n = eq ? strtoull(eq + 1, &end, 10) : 0;
        uint64_t *to = NULL;

        if (len == 4 && memcmp(text, "rate", len) == 0)
            to = &key->rate;
        else if (len == 5 && memcmp(text, "burst", len) == 0)
            to = &key->burst;
        else if (len == 5 && memcmp(text, "bytes", len) == 0)
            to = &key->bytes;
        if (!to || end == eq + 1 || *end || strchr(eq, '-') || n > INT64_MAX)
            return lat_fail(err, LAT_EINVAL,
                            "--limit %.60s: expected rate=N, burst=N or "
                            "bytes=N",
                            text);
        *to = n;
    }
    return LAT_OK;
}

static enum lat_code make_key(struct latd_key *key, const char *name,
                              const struct options *o, struct lat_err *err)
{
    enum lat_code code;

    *key = (struct latd_key){.created = time(NULL),
                             .rate = LATD_BY_SETTING,
                             .burst = LATD_BY_SETTING,
                             .bytes = LATD_BY_SETTING};
    if (!latd_key_name_ok(name))
        return lat_fail(err, LAT_EINVAL,
                        "%.80s is no name for a key: letters, digits and . _ "
                        "-, at most %d",
                        name, LATD_KEY_NAME - 1);
    if (o->days < 0.0 || o->days > 36500.0)
        return lat_fail(err, LAT_EINVAL, "--days %g: expected 0 to 36500",
                        o->days);
    if (o->days > 0.0)
        key->expires = key->created + (int64_t)(o->days * 86400.0);
    memcpy(key->name, name, strlen(name) + 1);
    code = latd_scopes_parse(&key->scopes, o->scope ? o->scope : "read,embed",
                             err);
    return code ? code : set_limits(key, o, err);
}

static enum lat_code add_key(struct latd_keys *keys, const struct latd_key *key,
                             struct lat_err *err)
{
    if (latd_keys_find(keys, key->name))
        return lat_fail(err, LAT_EBUSY,
                        "there is a key %s already: revoke it first, or take "
                        "another name",
                        key->name);
    if (keys->n == LATD_KEYS_MAX)
        return lat_fail(err, LAT_ETOOBIG, "at most %d keys", LATD_KEYS_MAX);
    keys->v[keys->n++] = *key;
    return LAT_OK;
}

static void print_json(const struct latd_key *key, const char *text)
{
    const char *comma = "";

    printf("{\"name\":\"%s\",", key->name);
    if (text)
        printf("\"key\":\"%s\",", text);
    printf("\"scopes\":[");
    for (int s = LATD_SCOPE_READ; s < LATD_N_SCOPES; s++)
        if (key->scopes & 1u << s) {
            printf("%s\"%s\"", comma, latd_scope_name((enum latd_scope)s));
            comma = ",";
        }
    printf("],\"created\":%" PRId64, key->created);
    if (key->expires)
        printf(",\"expires\":%" PRId64, key->expires);
    if (key->rate != LATD_BY_SETTING)
        printf(",\"rate\":%" PRIu64, key->rate);
    if (key->burst != LATD_BY_SETTING)
        printf(",\"burst\":%" PRIu64, key->burst);
    if (key->bytes != LATD_BY_SETTING)
        printf(",\"bytes\":%" PRIu64, key->bytes);
    printf("}");
}

static enum lat_code create_key(const struct options *o, const char *name,
                                struct lat_err *err)
{
    struct latd_keys keys = {0};
    struct latd_key key;
    char text[LATD_KEY_TEXT];
    int lock = -1;
    enum lat_code code = make_key(&key, name, o, err);

    if (!code)
        code = make_text(text, err);
    if (code)
        return code;
    latd_key_digest(key.digest, text);
    code = take_lock(&lock, o->file, err);
    if (!code)
        code = read_keys(&keys, o->file, err);
    if (!code)
        code = add_key(&keys, &key, err);
    if (!code)
        code = write_keys(&keys, o->file, err);
    latd_keys_fini(&keys);
    if (lock >= 0)
        close(lock);
    if (code)
        return code;
    if (o->json) {
        print_json(&key, text);
        printf("\n");
        return LAT_OK;
    }
    printf("%s\n", text);
    fprintf(stderr,
            "latent: keys: %s is in %s; the key above is shown this once "
            "(latentd reads the file again on SIGHUP)\n",
            key.name, o->file);
    return LAT_OK;
}

/* ---- list, revoke ------------------------------------------------------ */

static const char *day_of(char text[24], int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (!seconds || !gmtime_r(&t, &tm) ||
        strftime(text, 24, "%Y-%m-%d", &tm) == 0)
        return "-";
    return text;
}

static void print_row(const struct latd_key *key)
{
    struct lat_buf scopes = {0};
    char made[24], ends[24];

    latd_scopes_print(&scopes, key->scopes);
    printf("%-24s %-24s %-10s %s\n", key->name, scopes.failed ? "" : scopes.v,
           day_of(made, key->created), day_of(ends, key->expires));
    lat_buf_fini(&scopes);
}

static enum lat_code list_keys(const struct options *o, struct lat_err *err)
{
    struct latd_keys keys = {0};
    enum lat_code code = latd_keys_read(&keys, o->file, err);

    if (code)
        return code;
    if (o->json)
        printf("[");
    else
        printf("%-24s %-24s %-10s %s\n", "key", "scopes", "created", "expires");
    for (size_t i = 0; i < keys.n; i++) {
        if (!o->json) {
            print_row(&keys.v[i]);
            continue;
        }
        if (i)
            printf(",");
        print_json(&keys.v[i], NULL);
    }
    if (o->json)
        printf("]\n");
    latd_keys_fini(&keys);
    return LAT_OK;
}

static enum lat_code revoke_key(const struct options *o, const char *name,
                                struct lat_err *err)
{
    struct latd_keys keys = {0};
    struct latd_key *key;
    int lock = -1;
    enum lat_code code = take_lock(&lock, o->file, err);

    if (!code)
        code = latd_keys_read(&keys, o->file, err);
    key = code ? NULL : latd_keys_find(&keys, name);
    if (!code && !key)
        code = lat_fail(err, LAT_ENOENT, "%s has no key %.80s", o->file, name);
    if (!code) {
        memmove(key, key + 1,
                (size_t)(keys.v + keys.n - (key + 1)) * sizeof(*key));
        keys.n--;
        code = write_keys(&keys, o->file, err);
    }
    latd_keys_fini(&keys);
    if (lock >= 0)
        close(lock);
    if (!code)
        fprintf(stderr,
                "latent: keys: %s is no longer in %s (latentd reads the file "
                "again on SIGHUP)\n",
                name, o->file);
    return code;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct lat_err err = {0};
    int first, status;
    const char *verb, *name;
    enum lat_code code;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    verb = first < argc ? argv[first] : "";
    name = first + 1 < argc ? argv[first + 1] : NULL;
    if (!o.file)
        o.file = getenv("LATENTD_KEYS_FILE");
    if (!o.file || !o.file[0])
        o.file = "/etc/latentd/keys";
    if (strcmp(verb, "list") == 0) {
        if (name)
            return cli_misuse(cmd, "%s: no operand expected", name);
        code = list_keys(&o, &err);
    } else if (strcmp(verb, "create") == 0 || strcmp(verb, "revoke") == 0) {
        if (!name || first + 2 < argc)
            return cli_misuse(cmd, "%s wants one NAME", verb);
        code = verb[0] == 'c' ? create_key(&o, name, &err)
                              : revoke_key(&o, name, &err);
    } else {
        return cli_misuse(cmd, "%s%screate, list or revoke expected", verb,
                          verb[0] ? ": " : "");
    }
    return code ? cli_report(&err) : CLI_OK;
}

const struct cli_command cli_keys = {
    "keys",
    "create NAME | list | revoke NAME",
    "Make, list and revoke the keys that latentd asks for",
    "A key is printed once, when it is made; the file holds its SHA-256.\n",
    options,
    run,
};
