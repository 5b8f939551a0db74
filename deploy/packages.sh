# packages.sh - what Debian must have installed, and installing it.  Sourced.
# shellcheck shell=sh disable=SC2034

# To build and run.
BUILD_PACKAGES='gcc libc6-dev make autoconf automake pkg-config
libopenblas-pthread-dev libsamplerate0-dev libjansson-dev nettle-dev
libturbojpeg0-dev libpng-dev libarchive-dev libgnutls28-dev
libmicrohttpd-dev libuv1-dev libsqlite3-dev libcurl4-gnutls-dev libsystemd-dev'

# To make an image of it, besides (configure --enable-static-archive).
IMAGE_PACKAGES='ca-certificates libbz2-dev liblzma-dev libzstd-dev'

# To test, besides.
TEST_PACKAGES='libcmocka-dev clang-format shellcheck scdoc man-db groff-base
curl openssl sqlite3 python3 python3-yaml python3-pytest
python3-httpx python3-numpy python3-jsonschema
python3-requests python3-build python3-setuptools python3-wheel'

# missing_packages NAME...: those that are not installed.
missing_packages() {
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
            grep -q 'ok installed' || printf '%s ' "$package"
    done
}

# install_packages NAME...: installs what is missing, or says how.
install_packages() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "These packages are missing; as root: apt-get install $missing" >&2
        return 1
    fi
    echo "Installing: $missing"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be old or absent; an install that fails gets new ones.
    # shellcheck disable=SC2086 # one word per package
    apt-get -qq install -y --no-install-recommends $missing >/dev/null 2>&1 || {
        apt-get -qq update >/dev/null &&
            apt-get -qq install -y --no-install-recommends $missing >/dev/null
    }
}

# copy_tree FROM TO: the sources without what was built among them, so that a
# tree that was configured in place can be built elsewhere as well.
copy_tree() {
    mkdir -p "$2" || return 1
    (cd "$1" && tar cf - --exclude=./.git --exclude='./build*' \
        --exclude=./config.status --exclude=./config.h --exclude=./Makefile \
        --exclude=./stamp-h1 --exclude='*.o' --exclude='*.a' \
        --exclude=./autom4te.cache --exclude=.deps --exclude=.dirstamp \
        --exclude='*.log' --exclude='*.trs' --exclude=__pycache__ \
        --exclude=./configure --exclude=./aclocal.m4 --exclude=Makefile.in \
        --exclude=./build-aux .) | tar xf - -C "$2"
}
