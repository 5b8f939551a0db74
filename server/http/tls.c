/* tls.c - see tls.h. */
#include "tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <pthread.h>
#include <string.h>

enum { PEM_MAX = 1 << 20 };

struct pem {
    char *v;
    size_t len;
};

static struct {
    pthread_mutex_t lock; /* guards the two */
    struct pem cert, key;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

static gnutls_datum_t datum_of(const struct pem *p)
{
    return (gnutls_datum_t){(unsigned char *)p->v, (unsigned)p->len};
}

static void pem_fini(struct pem *p)
{
    if (p->v)
        gnutls_memset(p->v, 0, p->len);
    lat_free(p->v);
    *p = (struct pem){0};
}

/* Do they hold what they should, and belong together? */
static enum lat_code check_pair(const struct pem *cert, const struct pem *key,
                                struct lat_err *err)
{
    gnutls_datum_t c = datum_of(cert), k = datum_of(key);
    gnutls_certificate_credentials_t both;
    int rc = gnutls_certificate_allocate_credentials(&both);

    if (rc < 0)
        return lat_fail(err, LAT_ENOMEM, "gnutls: %s", gnutls_strerror(rc));
    rc = gnutls_certificate_set_x509_key_mem2(both, &c, &k, GNUTLS_X509_FMT_PEM,
                                              NULL, 0);
    gnutls_certificate_free_credentials(both);
    if (rc < 0)
        return lat_fail(err, LAT_EINVAL,
                        "tls-cert and tls-key cannot be used together: %s",
                        gnutls_strerror(rc));
    return LAT_OK;
}

enum lat_code latd_tls_read(const char *cert_path, const char *key_path,
                            struct lat_err *err)
{
    struct pem cert = {0}, key = {0}, swap;
    enum lat_code code =
        lat_file_read(&cert.v, &cert.len, cert_path, PEM_MAX, err);

    if (code)
        return lat_wrap(err, code, "tls-cert");
    code = lat_file_read(&key.v, &key.len, key_path, PEM_MAX, err);
    if (code)
        code = lat_wrap(err, code, "tls-key");
    else
        code = check_pair(&cert, &key, err);
    if (!code) {
        pthread_mutex_lock(&own.lock);
        swap = own.cert;
        own.cert = cert;
        cert = swap;
        swap = own.key;
        own.key = key;
        key = swap;
        pthread_mutex_unlock(&own.lock);
    }
    pem_fini(&cert);
    pem_fini(&key);
    return code;
}

void latd_tls_forget(void)
{
    pthread_mutex_lock(&own.lock);
    pem_fini(&own.cert);
    pem_fini(&own.key);
    pthread_mutex_unlock(&own.lock);
}

/* ---- a handshake ------------------------------------------------------- */

/* The chain, allocated as GnuTLS will free it; NULL on failure. */
static gnutls_pcert_st *import_chain(const struct pem *cert, unsigned *n)
{
    gnutls_datum_t pem = datum_of(cert);
    gnutls_x509_crt_t *list = NULL;
    gnutls_pcert_st *chain = NULL;

    if (gnutls_x509_crt_list_import2(&list, n, &pem, GNUTLS_X509_FMT_PEM, 0) <
        0)
        return NULL;
    chain = gnutls_calloc(*n, sizeof(*chain));
    if (chain && gnutls_pcert_import_x509_list(chain, list, n,
                                               GNUTLS_X509_CRT_LIST_SORT) < 0) {
        gnutls_free(chain);
        chain = NULL;
    }
    for (unsigned i = 0; i < *n; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return chain;
}

static int import_key(gnutls_privkey_t *out, const struct pem *key)
{
    gnutls_datum_t pem = datum_of(key);
    int rc = gnutls_privkey_init(out);

    if (rc < 0)
        return rc;
    rc = gnutls_privkey_import_x509_raw(*out, &pem, GNUTLS_X509_FMT_PEM, NULL,
                                        0);
    if (rc < 0)
        gnutls_privkey_deinit(*out);
    return rc;
}

/* A copy for each handshake: the pair may be exchanged during it. */
static int retrieve(gnutls_session_t session,
                    const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **certs, unsigned *n_certs,
                    gnutls_ocsp_data_st **ocsp, unsigned *n_ocsp,
                    gnutls_privkey_t *key, unsigned *flags)
{
    int rc = -1;

    (void)session;
    (void)info;
    pthread_mutex_lock(&own.lock);
    *certs = import_chain(&own.cert, n_certs);
    if (*certs)
        rc = import_key(key, &own.key);
    pthread_mutex_unlock(&own.lock);
    *ocsp = NULL;
    *n_ocsp = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    if (*certs && rc < 0) {
        for (unsigned i = 0; i < *n_certs; i++)
            gnutls_pcert_deinit(&(*certs)[i]);
        gnutls_free(*certs);
        *certs = NULL;
    }
    return rc < 0 ? -1 : 0;
}

gnutls_certificate_retrieve_function3 *const latd_tls_retrieve = retrieve;

enum lat_code latd_tls_check_client(struct MHD_Connection *conn,
                                    struct lat_err *err)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned status = 0;
    int rc = info ? gnutls_certificate_verify_peers2(info->tls_session, &status)
                  : GNUTLS_E_NO_CERTIFICATE_FOUND;

    if (rc == GNUTLS_E_NO_CERTIFICATE_FOUND)
        return lat_fail_word(err, LAT_EAUTH, "invalid_client_certificate",
                             "no client certificate (tls-client-ca)");
    if (rc < 0 || status)
        return lat_fail_word(err, LAT_EAUTH, "invalid_client_certificate",
                             "the client certificate is not signed by "
                             "tls-client-ca, or does not hold today");
    return LAT_OK;
}
