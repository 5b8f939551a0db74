/* listen.c - listening sockets. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "../http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* HOST:PORT or [V6]:PORT; an empty host is every address. */
static enum lat_code split(const char *address, char *host, size_t host_len,
                           const char **port, struct lat_err *err)
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;

    if (!colon || !colon[1] || n >= host_len)
        return lat_fail(err, LAT_EINVAL,
                        "%.100s is no address, expected HOST:PORT", address);
    if (n >= 2 && address[0] == '[' && colon[-1] == ']') {
        address++;
        n -= 2;
    }
    memcpy(host, address, n);
    host[n] = '\0';
    *port = colon + 1;
    return LAT_OK;
}

static int try_listen(const struct addrinfo *ai)
{
    int on = 1, fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC,
                            ai->ai_protocol);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool latd_listen_is_local(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } addr;
    socklen_t len = sizeof(addr);

    if (getsockname(fd, &addr.any, &len))
        return false;
    switch (addr.any.sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(addr.v4.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&addr.v6.sin6_addr);
    default:
        return false;
    }
}

void latd_listen_where(int fd, char *where, size_t len)
{
    struct sockaddr_storage addr;
    socklen_t addr_len = sizeof(addr);
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";

    if (getsockname(fd, (struct sockaddr *)&addr, &addr_len) == 0)
        getnameinfo((struct sockaddr *)&addr, addr_len, host, sizeof(host),
                    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(where, len, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

enum lat_code latd_listen(int *fd, const char *address, struct lat_err *err)
{
    struct addrinfo *list = NULL,
                    hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char host[256];
    const char *port = NULL;
    enum lat_code code = split(address, host, sizeof(host), &port, err);
    int failed;

    if (code)
        return code;
    failed = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (failed)
        return lat_fail(err, LAT_EINVAL, "cannot listen on %s: %s", address,
                        gai_strerror(failed));
    *fd = -1;
    for (struct addrinfo *ai = list; ai && *fd < 0; ai = ai->ai_next)
        *fd = try_listen(ai);
    freeaddrinfo(list);
    if (*fd < 0)
        return lat_fail(err, LAT_EIO, "cannot listen on %s: %s", address,
                        strerror(errno));
    return LAT_OK;
}
