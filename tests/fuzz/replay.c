/*
 * replay.c - runs a fuzz target over its corpus, without a fuzzer.
 *
 * What was once found stays found: make check replays every file of
 * tests/fuzz/corpus/NAME, with NAME from -DCORPUS.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long len;

    if (!f || fseek(f, 0, SEEK_END) || (len = ftell(f)) < 0)
        return 1;
    rewind(f);
    /* not a byte more, so that a sanitizer sees what is read beyond */
    data = malloc((size_t)len ? (size_t)len : 1);
    if (!data || fread(data, 1, (size_t)len, f) != (size_t)len)
        return 1;
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)len);
    free(data);
    return 0;
}

int main(void)
{
    const char *root = getenv("LATENTD_SRCDIR");
    char dir[2048], path[4096];
    struct dirent *e;
    int n = 0, failed = 0;
    DIR *d;

    snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", root ? root : ".",
             CORPUS);
    d = opendir(dir);
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        failed += replay(path);
        n++;
    }
    if (d)
        closedir(d);
    printf("1..1\n%s 1 - fuzz %s: %d inputs\n", n && !failed ? "ok" : "not ok",
           CORPUS, n);
    return n && !failed ? 0 : 1;
}
