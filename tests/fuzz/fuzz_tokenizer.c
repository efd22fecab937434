// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are a vocabulary or are refused. Any well-formed text makes 2 to 256 known tokens, and
// the same ones with and without the table of plain bytes; a shorter text's are how the longer
// one's begin where it ends in a space.
#include "base/check.h"
#include "embed/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                                 "a\n##a\nb\n##b\n##ab\nabab\n!\n1\n##1\n"
                                 "\u00df\n##\u00df\n\u03c3\n##\u03c3\n\u4e2d\n"
                                 "\u1112\n##\u1161\n##\u11ab\n\U0001f600\n##\U0001f600\n";

static void encode(const struct tokenizer *tokenizer, struct text text)
{
    struct tokenizer slow = *tokenizer; // borrows what the other one owns
    memset(slow.plain, 0, sizeof slow.plain);
    int32_t ids[EMBED_TOKENS_MAX], slow_ids[EMBED_TOKENS_MAX];
    size_t count = tokenizer_encode(tokenizer, text, ids);
    CHECK(count >= 2 && count <= EMBED_TOKENS_MAX);
    for (size_t i = 0; i < count; i++)
        CHECK(ids[i] >= 0 && (size_t)ids[i] < tokenizer->vocab.count);
    CHECK(tokenizer_encode(&slow, text, slow_ids) == count);
    CHECK(memcmp(ids, slow_ids, count * sizeof ids[0]) == 0);

    size_t space = text.length;
    while (space > 0 && text.data[space - 1] != ' ')
        space--;
    size_t begun = tokenizer_encode(tokenizer, (struct text){text.data, space}, slow_ids);
    CHECK(begun <= count && memcmp(ids, slow_ids, (begun - 1) * sizeof ids[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct text text = {(const char *)data, size_bytes};
    bool well_formed = text_utf8_error(text) == text.length;
    struct grove_error error;
    struct tokenizer tokenizer;
    if (tokenizer_open(&tokenizer, text, "fuzz", &error) == GROVE_OK) {
        CHECK(well_formed);
        encode(&tokenizer, text); // the vocabulary's own lines
        tokenizer_release(&tokenizer);
    }
    if (!well_formed)
        return 0;
    CHECK(tokenizer_open(&tokenizer, text_of(vocabulary), "fixed", &error) == GROVE_OK);
    encode(&tokenizer, text);
    tokenizer_release(&tokenizer);
    return 0;
}
