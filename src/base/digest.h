// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4, by OpenSSL), for integrity: migrations, texts, model files.
#ifndef GROVE_BASE_DIGEST_H
#define GROVE_BASE_DIGEST_H

#include "base/call.h"
#include "base/error.h"
#include "base/text.h"

enum { SHA256_BYTES = 32, SHA256_HEX_SIZE = 65 };

void sha256(struct text data, unsigned char ret_digest[static SHA256_BYTES]);
// Lower-case hexadecimal, ending in NUL.
void sha256_hex(struct text data, char ret_hex[static SHA256_HEX_SIZE]);
// The same for what takes long: not longer than the call may.
enum grove_code sha256_hex_within(struct text data, const struct call *call,
                                  char ret_hex[static SHA256_HEX_SIZE], struct grove_error *error);

#endif
