/*
 * http.h - the door to libmicrohttpd: bytes to request, reply to bytes.
 *
 * A pool of threads in poll mode (the internal epoll thread stalls at exactly
 * 128, 256, 512 busy connections).  start, quiesce and stop: main.
 */
#ifndef LATD_HTTP_H
#define LATD_HTTP_H

#include "handler.h"

struct latd_http;

/* fd is a listening socket, adopted; refused when others than this machine can
 * reach it, and there are no keys (insecure-listen). only_probes: routes that
 * are not probes do not exist on it. */
LAT_MUST_CHECK enum lat_code latd_http_start(struct latd_http **out,
                                             struct latd_app *app, int fd,
                                             bool only_probes,
                                             struct lat_err *err);
/* Stops listening; connections that are open go on.  lent: the socket is
 * somebody else's too, who may go on listening on it. */
void latd_http_quiesce(struct latd_http *http, bool lent);
/* Requests that have begun and whose answer is not yet sent. */
size_t latd_http_in_flight(const struct latd_http *http);
/* Those of them that wait for a batch. */
size_t latd_http_suspended(const struct latd_http *http);
/* None is suspended.  Closes what is open. */
void latd_http_stop(struct latd_http *http);

/* ---- TLS ------------------------------------------------------- tls.c */

/* The certificate of the whole process and its key, at first before any start,
 * and again: handshakes from then on have the new ones. */
LAT_MUST_CHECK enum lat_code latd_tls_read(const char *cert, const char *key,
                                           struct lat_err *err);
void latd_tls_forget(void);

/* ---- sockets ------------------------------------------------ listen.c */

/* A listening socket on HOST:PORT or [V6]:PORT. */
LAT_MUST_CHECK enum lat_code latd_listen(int *fd, const char *address,
                                         struct lat_err *err);
/* Nobody but this machine can reach it. */
bool latd_listen_is_local(int fd);
/* Its address as HOST:PORT, with the port that was free. */
void latd_listen_where(int fd, char *where, size_t len);

#endif
