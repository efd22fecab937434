// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <openssl/sha.h>

void sha256(struct text data, unsigned char ret_digest[static SHA256_BYTES])
{
    SHA256((const unsigned char *)data.data, data.length, ret_digest);
}

void sha256_hex(struct text data, char ret_hex[static SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_BYTES];
    sha256(data, digest);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[(size_t)2 * SHA256_BYTES] = '\0';
}
