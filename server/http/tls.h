/*
 * tls.h - the door to GnuTLS: our certificate, and that of a client.
 *
 * One certificate for the process, for libmicrohttpd's call-back has no
 * argument.  A handshake has the one that was read last, whole.
 */
#ifndef LATD_TLS_H
#define LATD_TLS_H

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "../http.h"

/* TLS 1.2 and 1.3. */
#define LATD_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* For MHD_OPTION_HTTPS_CERT_CALLBACK2. */
extern gnutls_certificate_retrieve_function3 *const latd_tls_retrieve;

/* LAT_EAUTH unless the client has shown a certificate that the authorities
 * given to libmicrohttpd have signed, and that holds today. */
LAT_MUST_CHECK enum lat_code latd_tls_check_client(struct MHD_Connection *conn,
                                                   struct lat_err *err);

#endif
