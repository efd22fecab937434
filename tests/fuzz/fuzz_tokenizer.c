// SPDX-License-Identifier: Apache-2.0
//
// Any well-formed text makes 2 to 256 known tokens; any bytes are a vocabulary or are refused.
#include "base/check.h"
#include "embed/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                                     "a\n##a\nb\n##b\n##ab\n!\n";
    struct text text = {(const char *)data, size_bytes};
    struct grove_error error;
    struct tokenizer tokenizer;
    int32_t ids[EMBED_TOKENS_MAX];
    if (tokenizer_open(&tokenizer, text, "fuzz", &error) == GROVE_OK)
        tokenizer_release(&tokenizer);
    CHECK(tokenizer_open(&tokenizer, text_of(vocabulary), "fixed", &error) == GROVE_OK);
    if (text_utf8_error(text) == text.length) {
        size_t count = tokenizer_encode(&tokenizer, text, ids);
        CHECK(count >= 2 && count <= EMBED_TOKENS_MAX);
        for (size_t i = 0; i < count; i++)
            CHECK(ids[i] >= 0 && (size_t)ids[i] < tokenizer.vocab.count);
    }
    tokenizer_release(&tokenizer);
    return 0;
}
