/*
 * openapi.h - the bytes of schema/openapi.json.
 */
#ifndef LATD_API_OPENAPI_H
#define LATD_API_OPENAPI_H

#include <stddef.h>

extern const unsigned char latd_openapi_json[];
extern const size_t latd_openapi_json_len;

#endif
