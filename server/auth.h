/*
 * auth.h - who may do what: the scopes of keys.
 *
 * A route names the scope that a request needs (route.c); a key has some of
 * them.
 */
#ifndef LATD_AUTH_H
#define LATD_AUTH_H

#define LATD_SCOPE_MAP(XX)                                       \
    XX(NONE, "none")   /* no key at all */                       \
    XX(READ, "read")   /* look: models, metrics, what is kept */ \
    XX(EMBED, "embed") /* compute, and keep what came of it */   \
    XX(TRAIN, "train") /* files and jobs */                      \
    XX(ADMIN, "admin") /* everything, and what others see */

enum latd_scope {
#define XX(name, text) LATD_SCOPE_##name,
    LATD_SCOPE_MAP(XX)
#undef XX
        LATD_N_SCOPES
};

#endif
