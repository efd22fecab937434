// SPDX-License-Identifier: Apache-2.0
//
// A hash table with linear probing, at most half full, over views into the file. The hash
// (FNV-1a, 32 bits; G. Fowler, L. C. Noll, K.-P. Vo) grows byte by byte, so that one walk along a
// word gives those of all of its beginnings. They are looked up from the longest to the shortest:
// most words of a text are one token, found at the first look.
#include "embed/vocab.h"

#include "base/alloc.h"
#include "base/check.h"

enum {
    VOCAB_BYTES_MAX = 16 << 20,
    VOCAB_TOKENS_MAX = 1 << 20,
    VOCAB_TOKEN_BYTES_MAX = 1024,
};

struct vocab_token {
    uint32_t offset; // behind a "##"
    uint16_t length;
    uint16_t continues;
};

struct vocab_slot {
    uint32_t hash;
    uint32_t number; // of the token, from 1; 0: free
};

static uint32_t hash_start(bool continues)
{
    return continues ? 0x050c5d1fU : 0x811c9dc5U;
}

static uint32_t hash_byte(uint32_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 0x01000193U;
}

static struct text token_text(const struct vocab *self, const struct vocab_token *token)
{
    return (struct text){self->contents.data + token->offset, token->length};
}

// The slot of a token, or the free one where it would go.
static struct vocab_slot *find_slot(const struct vocab *self, uint32_t hash, bool continues,
                                    struct text text)
{
    for (uint32_t at = hash & self->slot_mask;; at = (at + 1) & self->slot_mask) {
        struct vocab_slot *slot = &self->slots[at];
        if (slot->number == 0)
            return slot;
        const struct vocab_token *token = &self->tokens[slot->number - 1];
        if (slot->hash == hash && token->continues == continues &&
            text_equal(token_text(self, token), text))
            return slot;
    }
}

static enum grove_code add_token(struct vocab *self, struct text line, const char *name,
                                 struct grove_error *error)
{
    size_t number = self->count + 1;
    if (line.length == 0)
        return error_set(error, GROVE_CORRUPT, "line %zu of \"%s\" is empty", number, name);
    if (line.length > VOCAB_TOKEN_BYTES_MAX)
        return error_set(error, GROVE_CORRUPT, "line %zu of \"%s\" has %zu bytes, more than %d",
                         number, name, line.length, VOCAB_TOKEN_BYTES_MAX);
    bool continues = line.length > 2 && text_starts_with(line, "##");
    if (continues)
        line = (struct text){line.data + 2, line.length - 2};
    uint32_t hash = hash_start(continues);
    for (size_t i = 0; i < line.length; i++)
        hash = hash_byte(hash, line.data[i]);
    struct vocab_slot *slot = find_slot(self, hash, continues, line);
    if (slot->number != 0)
        return error_set(error, GROVE_CORRUPT, "line %zu of \"%s\" repeats line %u: \"%.*s\"",
                         number, name, slot->number, TEXT_ARGS(line));
    *slot = (struct vocab_slot){hash, (uint32_t)number};
    self->tokens[self->count++] = (struct vocab_token){
        .offset = (uint32_t)(line.data - self->contents.data),
        .length = (uint16_t)line.length,
        .continues = continues,
    };
    if (line.length > self->token_bytes_max)
        self->token_bytes_max = line.length;
    return GROVE_OK;
}

static enum grove_code check_contents(struct text contents, size_t lines, const char *name,
                                      struct grove_error *error)
{
    if (contents.length == 0)
        return error_set(error, GROVE_CORRUPT, "\"%s\" is empty", name);
    if (contents.length > VOCAB_BYTES_MAX || lines > VOCAB_TOKENS_MAX)
        return error_set(error, GROVE_CORRUPT, "\"%s\" is no vocabulary: %zu bytes, %zu lines",
                         name, contents.length, lines);
    if (contents.data[contents.length - 1] != '\n')
        return error_set(error, GROVE_CORRUPT, "\"%s\" ends within a line, at byte %zu", name,
                         contents.length);
    size_t bad = text_utf8_error(contents);
    if (bad != contents.length)
        return error_set(error, GROVE_CORRUPT, "\"%s\" is not well-formed UTF-8 at byte %zu", name,
                         bad);
    return GROVE_OK;
}

static size_t count_lines(struct text contents)
{
    size_t lines = 0;
    for (size_t i = 0; i < contents.length; i++)
        lines += contents.data[i] == '\n';
    return lines;
}

enum grove_code vocab_open(struct vocab *ret_vocab, struct text contents, const char *name,
                           struct grove_error *error)
{
    size_t lines = count_lines(contents);
    enum grove_code code = check_contents(contents, lines, name, error);
    if (code != GROVE_OK)
        return code;
    size_t slots = 16;
    while (slots < 2 * lines)
        slots *= 2;
    struct vocab self = {.contents = contents, .slot_mask = (uint32_t)(slots - 1)};
    self.slots = mem_zalloc(slots * sizeof self.slots[0] + lines * sizeof self.tokens[0]);
    if (!self.slots)
        return error_no_memory(error, "the vocabulary");
    self.tokens = (struct vocab_token *)(self.slots + slots);
    struct text rest = contents;
    while (rest.length > 0 && code == GROVE_OK) {
        struct text line;
        if (!text_split(&rest, '\n', &line))
            break;
        code = add_token(&self, line, name, error);
    }
    if (code != GROVE_OK) {
        vocab_release(&self);
        return code;
    }
    CHECK(self.count == lines);
    *ret_vocab = self;
    return GROVE_OK;
}

void vocab_release(struct vocab *self)
{
    mem_free(self->slots);
    *self = (struct vocab){0};
}

int32_t vocab_find(const struct vocab *self, bool continues, struct text text)
{
    uint32_t hash = hash_start(continues);
    for (size_t i = 0; i < text.length; i++)
        hash = hash_byte(hash, text.data[i]);
    return (int32_t)find_slot(self, hash, continues, text)->number - 1;
}

int32_t vocab_find_longest(const struct vocab *self, bool continues, struct text text,
                           size_t *ret_length)
{
    uint32_t hashes[VOCAB_TOKEN_BYTES_MAX]; // [n - 1]: of the first n bytes
    size_t length = text.length < self->token_bytes_max ? text.length : self->token_bytes_max;
    uint32_t hash = hash_start(continues);
    for (size_t i = 0; i < length; i++)
        hashes[i] = hash = hash_byte(hash, text.data[i]);
    for (; length > 0; length--) {
        // Within a character no token ends.
        if (length < text.length && ((unsigned char)text.data[length] & 0xc0) == 0x80)
            continue;
        struct text start = {text.data, length};
        uint32_t number = find_slot(self, hashes[length - 1], continues, start)->number;
        if (number != 0) {
            *ret_length = length;
            return (int32_t)number - 1;
        }
    }
    return VOCAB_NONE;
}
