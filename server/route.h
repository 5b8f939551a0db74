/*
 * route.h - the table of routes: method and path to handler.
 *
 * A path is literal but for one {id}, which is one segment.  Any thread.
 */
#ifndef LATD_ROUTE_H
#define LATD_ROUTE_H

#include "auth.h"
#include "handler.h"

struct latd_route {
    enum latd_method method;
    const char *path; /* the template, and its label in the metrics */
    const struct latd_handler *handler;
    bool probe; /* answers while loading, and on the metrics listener */
    enum latd_scope scope; /* what a key must be good for, if there are keys */
};

enum { LATD_ROUTE_NONE = 0 }; /* index of "not a route", for the metrics */

/* The index of the route, from 1; fills in req->param.  LAT_ENOENT when there
 * is no such path, LAT_EINVAL when what stands at {id} is too long, LAT_EMETHOD
 * when the path has other methods: allow (for the header) then names them. */
LAT_MUST_CHECK enum lat_code latd_route_find(size_t *index,
                                             struct latd_req *req, char *allow,
                                             size_t allow_len);
const struct latd_route *latd_route(size_t index);
size_t latd_n_routes(void); /* indices are below this */

#endif
