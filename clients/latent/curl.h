/* curl.h - what the files that speak libcurl share. */
#ifndef CLI_CURL_H
#define CLI_CURL_H

#include "http.h"

#include <curl/curl.h>

/* The reply's body into *body. */
void cli_curl_keep(CURL *curl, struct lat_buf *body);
/* Sends what curl was given so far, for so many seconds at most; 0: as long as
 * it takes.  Frees curl. */
LAT_MUST_CHECK enum lat_code cli_curl_perform(CURL *curl, long seconds,
                                              long *status, const char *server,
                                              const char *path,
                                              struct lat_err *err);

#endif
