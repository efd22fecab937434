// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4, by OpenSSL), for integrity: migrations, texts, model files.
#ifndef GROVE_BASE_DIGEST_H
#define GROVE_BASE_DIGEST_H

#include "base/text.h"

enum { SHA256_BYTES = 32, SHA256_HEX_SIZE = 65 };

void sha256(struct text data, unsigned char ret_digest[static SHA256_BYTES]);
// Lower-case hexadecimal, ending in NUL.
void sha256_hex(struct text data, char ret_hex[static SHA256_HEX_SIZE]);

#endif
