#!/bin/sh
# walls.sh - one door per library, one wall around the engine, no weather inside.
# Prints TAP.  The rules are those of README.md, "Which way things lean".
cd "${LATENTD_SRCDIR:-$(dirname "$0")/..}" || exit 1

n=0
failed=0
found=$(mktemp) || exit 1
trap 'rm -f "$found"' EXIT

# rule NAME: ok when nothing was written into $found; else the lines that broke it.
rule() {
    n=$((n + 1))
    if [ -s "$found" ]; then
        failed=1
        echo "not ok $n - $1"
        sed 's/^/#   /' "$found"
    else
        echo "ok $n - $1"
    fi
}

sources() {
    find core server clients tests -name '*.[ch]' | sort
}

# door HEADER-PATTERN ALLOWED-PATH-PATTERN
door() {
    sources | xargs grep -nE "^ *# *include *<($1)>" /dev/null |
        grep -vE "^($2)" >"$found"
    rule "<$1> is included by $2 alone"
}

door 'cblas\.h|openblas[a-z_]*\.h' 'core/base/|core/kernel/'
door 'nettle/.*' 'core/base/'
door 'threads\.h' 'core/base/'
door 'immintrin\.h|x86intrin\.h|arm_neon\.h' 'core/kernel/|tests/core/test_amx\.c'
door 'samplerate\.h' 'core/signal/resample\.c'
door 'turbojpeg\.h|jpeglib\.h' 'core/formats/jpeg\.c'
door 'png\.h' 'core/formats/png\.c'
door 'jansson\.h' 'core/formats/|server/wire/|clients/latent/|tests/'
door 'archive\.h|archive_entry\.h' 'core/formats/archive\.c'
door 'microhttpd\.h' 'server/http(\.c|\.h|/)|tests/bench/'
door 'gnutls/.*' 'server/http/tls\.[ch]|core/base/'
door 'uv\.h' 'server/loop'
door 'sqlite3\.h' 'server/store/sqlite/|tests/bench/'
door 'curl/.*' 'clients/latent/|tests/bench/'

sources | grep '^core/' | xargs grep -nE '^ *# *include *<pthread\.h>' /dev/null |
    grep -vE '^core/base/' >"$found"
rule 'in core/, threads are made in core/base/ alone'

# The public header, by any number of steps up.
sources | grep -E '^(server|clients)/' |
    xargs grep -nE '^ *# *include *"[^"]*core/' /dev/null |
    grep -v 'core/latent\.h"' >"$found"
rule 'outside core/, latent.h is all that is included of it'

sources | grep -E '^(server|clients)/' | xargs grep -nE '\blat__' /dev/null >"$found"
rule 'no name with lat__ occurs outside core/ and tests/'

sources | grep '^core/' | xargs grep -nE '^ *# *include *"[^"]*(server|clients|tests)/' \
    /dev/null >"$found"
rule 'core/ includes nothing of the other rooms'

sources | grep -E '^(core|server|clients)/' |
    xargs grep -nE '^ *# *include *"[^"]*tests/' /dev/null >"$found"
rule 'nothing leans on tests/'

# What prints, logs, reads the environment or the clock, or ends the process.
sources | grep '^core/' |
    xargs grep -nE '\b(printf|puts|putchar|perror|fprintf|vprintf|syslog|getenv|time|clock|clock_gettime|gettimeofday|localtime|rand|srand|exit|abort)\(' \
        /dev/null | grep -vE '^[^:]*:[0-9]+: *(/?\*|//)' >"$found"
rule 'core/ has no weather inside'

sources | grep -E '^(core|server|clients)/' | xargs grep -nE '\b(alloca|setlocale)\(' \
    /dev/null >"$found"
rule 'nobody calls alloca or setlocale'

sources | grep -E '^(core|server|clients)/' |
    xargs grep -nE '\b(malloc|calloc|realloc|strdup)\(' /dev/null |
    grep -vE '^core/base/mem\.c' | grep -vE '\blat_(calloc|strdup)\(' |
    grep -vE '^[^:]*:[0-9]+: *(/?\*|//)' >"$found"
rule 'all memory comes from lat_calloc'

if [ -f server/config.h ]; then
    grep -oE '(TEXT|NUMBER)\([a-z_]+, "[a-z-]+"' server/config.h |
        sed 's/.*"\(.*\)"/\1/' | while read -r name; do
        grep -q -e "^\*$name\* =" -e "--$name\*" server/latentd.conf.5.scd ||
            echo "$name"
    done >"$found"
    rule 'every setting is in latentd.conf(5)'
fi

sources | xargs grep -nE '\b(TODO|FIXME|XXX)\b' /dev/null >"$found"
rule 'nothing is left for later'

echo "1..$n"
exit "$failed"
