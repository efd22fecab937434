// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/check.h"

// Hashed in a few milliseconds.
enum { PIECE_BYTES = 1 << 20 };

void sha256(struct text data, unsigned char ret_digest[static SHA256_BYTES])
{
    SHA256((const unsigned char *)data.data, data.length, ret_digest);
}

static void write_hex(const unsigned char digest[static SHA256_BYTES],
                      char ret_hex[static SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[(size_t)2 * SHA256_BYTES] = '\0';
}

void sha256_hex(struct text data, char ret_hex[static SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_BYTES];
    sha256(data, digest);
    write_hex(digest, ret_hex);
}

enum grove_code sha256_hex_within(struct text data, const struct call *call,
                                  char ret_hex[static SHA256_HEX_SIZE], struct grove_error *error)
{
    unsigned char digest[SHA256_BYTES];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return error_no_memory(error, "a digest");
    }
    enum grove_code code = GROVE_OK;
    bool whole = true;
    for (size_t done = 0; code == GROVE_OK && done < data.length; done += PIECE_BYTES) {
        size_t rest = data.length - done;
        whole &= EVP_DigestUpdate(context, data.data + done,
                                  rest < PIECE_BYTES ? rest : PIECE_BYTES) == 1;
        code = call_check(call, error);
    }
    whole &= EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    CHECK(whole); // of memory that is there nothing fails
    if (code == GROVE_OK)
        write_hex(digest, ret_hex);
    return code;
}
