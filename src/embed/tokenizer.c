// SPDX-License-Identifier: Apache-2.0
//
// In this order: special tokens written out in the text ("[SEP]", exactly so) are cut out and
// stand for themselves; the parts between them are normalised each by itself (normalize.c); words
// end at spaces, and punctuation marks are words; each word is split into the longest token that
// it starts with, then the longest "##" token that what is left starts with, and so on. A word
// that cannot be split so to its end, or is too long, is one [UNK].
//
//     "Un[SEP]affable!"  ->  [CLS] un [SEP] af ##fa ##ble ! [SEP]
//
// ASCII, but for its control characters, is normalised by a table, a byte at a time, and the rest
// of a text by normalize.c, in runs. A run may begin and end at such a byte: it decomposes into
// itself, and combining characters never move past it. Control characters belong to the runs,
// since they are taken out before combining characters are put in order.
#include "embed/tokenizer.h"

#include <utf8proc.h>

#include "base/check.h"
#include "embed/normalize.h"
#include "embed/unicode.h"

enum special { SPECIAL_PAD, SPECIAL_UNK, SPECIAL_CLS, SPECIAL_SEP, SPECIAL_MASK };
static const char *const special_names[TOKENIZER_SPECIALS] = {
    [SPECIAL_PAD] = "[PAD]", [SPECIAL_UNK] = "[UNK]",   [SPECIAL_CLS] = "[CLS]",
    [SPECIAL_SEP] = "[SEP]", [SPECIAL_MASK] = "[MASK]",
};

struct word {
    size_t characters; // counts on after `bytes` is full
    size_t length;
    char bytes[4 * TOKENIZER_WORD_CHARACTERS_MAX];
};

struct encoding {
    const struct tokenizer *tokenizer;
    int32_t *ids;
    size_t count;
    size_t count_max; // room is left for [SEP]
    struct word word;
};

static unsigned char plain_byte(int32_t code_point)
{
    if (unicode_is_removed(code_point))
        return 0;
    if (unicode_is_space(code_point))
        return ' ';
    if (unicode_is_punctuation(code_point))
        return (unsigned char)(code_point | TOKENIZER_PUNCTUATION);
    bool capital = code_point >= 'A' && code_point <= 'Z';
    return (unsigned char)(capital ? code_point + ('a' - 'A') : code_point);
}

enum grove_code tokenizer_open(struct tokenizer *ret_tokenizer, struct text vocabulary,
                               const char *name, struct grove_error *error)
{
    struct tokenizer self = {0};
    for (int32_t c = 0; c < 0x80; c++)
        self.plain[c] = plain_byte(c);
    enum grove_code code = vocab_open(&self.vocab, vocabulary, name, error);
    if (code != GROVE_OK)
        return code;
    for (size_t i = 0; i < TOKENIZER_SPECIALS; i++) {
        self.special_ids[i] = vocab_find(&self.vocab, false, text_of(special_names[i]));
        if (self.special_ids[i] == VOCAB_NONE) {
            vocab_release(&self.vocab);
            return error_set(error, GROVE_CORRUPT, "\"%s\" has no line \"%s\"", name,
                             special_names[i]);
        }
    }
    *ret_tokenizer = self;
    return GROVE_OK;
}

void tokenizer_release(struct tokenizer *self)
{
    vocab_release(&self->vocab);
}

static void add_id(struct encoding *self, int32_t id)
{
    DCHECK(id >= 0 && (size_t)id < self->tokenizer->vocab.count);
    if (self->count < self->count_max)
        self->ids[self->count++] = id;
}

static void end_word(struct encoding *self)
{
    struct word *word = &self->word;
    const struct tokenizer *tokenizer = self->tokenizer;
    struct text rest = {word->bytes, word->length};
    size_t characters = word->characters;
    if (characters == 0)
        return;
    word->characters = word->length = 0;
    int32_t pieces[TOKENIZER_WORD_CHARACTERS_MAX];
    size_t count = 0;
    bool known = characters <= TOKENIZER_WORD_CHARACTERS_MAX;
    while (known && rest.length > 0) {
        size_t length = 0;
        int32_t id = vocab_find_longest(&tokenizer->vocab, count > 0, rest, &length);
        known = id != VOCAB_NONE;
        if (!known)
            break;
        CHECK(length > 0 && count < TOKENIZER_WORD_CHARACTERS_MAX);
        pieces[count++] = id;
        rest = (struct text){rest.data + length, rest.length - length};
    }
    if (!known) {
        add_id(self, tokenizer->special_ids[SPECIAL_UNK]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_id(self, pieces[i]);
}

static void add_character(struct word *word, int32_t code_point)
{
    if (word->characters++ >= TOKENIZER_WORD_CHARACTERS_MAX)
        return;
    CHECK(word->length + 4 <= sizeof word->bytes);
    utf8proc_uint8_t bytes[4];
    size_t length = (size_t)utf8proc_encode_char(code_point, bytes);
    CHECK(length >= 1 && length <= 4);
    memcpy(word->bytes + word->length, bytes, length);
    word->length += length;
}

static void add_punctuation(struct encoding *self, int32_t code_point)
{
    end_word(self);
    add_character(&self->word, code_point);
    end_word(self);
}

static void add_byte(struct word *word, unsigned char byte)
{
    if (word->characters++ < TOKENIZER_WORD_CHARACTERS_MAX)
        word->bytes[word->length++] = (char)byte;
}

// Takes plain bytes off the front of *rest.
static void encode_plain(struct encoding *self, struct text *rest)
{
    const unsigned char *plain = self->tokenizer->plain;
    size_t at = 0;
    for (; at < rest->length && self->count < self->count_max; at++) {
        unsigned char byte = plain[(unsigned char)rest->data[at]];
        if (byte == 0)
            break;
        if (byte == ' ')
            end_word(self);
        else if (byte & TOKENIZER_PUNCTUATION)
            add_punctuation(self, byte & ~TOKENIZER_PUNCTUATION);
        else
            add_byte(&self->word, byte);
    }
    *rest = (struct text){rest->data + at, rest->length - at};
}

// Takes what stands before the next plain byte off the front of *rest.
static void encode_run(struct encoding *self, struct text *rest)
{
    size_t length = 0;
    while (length < rest->length && self->tokenizer->plain[(unsigned char)rest->data[length]] == 0)
        length++;
    struct normalizer normalizer;
    normalizer_init(&normalizer, (struct text){rest->data, length});
    int32_t code_point;
    while (self->count < self->count_max && normalizer_next(&normalizer, &code_point)) {
        if (code_point == ' ')
            end_word(self);
        else if (unicode_is_punctuation(code_point))
            add_punctuation(self, code_point);
        else
            add_character(&self->word, code_point);
    }
    *rest = (struct text){rest->data + length, rest->length - length};
}

static void encode_part(struct encoding *self, struct text part)
{
    while (part.length > 0 && self->count < self->count_max) {
        encode_plain(self, &part);
        encode_run(self, &part);
    }
    end_word(self);
}

// Cuts *rest before the first special token in it, and the token off; VOCAB_NONE: there is none,
// and the part is all that was left.
static int32_t take_part(const struct tokenizer *tokenizer, struct text *rest,
                         struct text *ret_part)
{
    struct text all = *rest;
    for (size_t at = 0; at < all.length; at++) {
        const char *bracket = memchr(all.data + at, '[', all.length - at);
        if (!bracket)
            break;
        at = (size_t)(bracket - all.data);
        struct text here = {bracket, all.length - at};
        for (size_t i = 0; i < TOKENIZER_SPECIALS; i++) {
            if (!text_starts_with(here, special_names[i]))
                continue;
            size_t length = strlen(special_names[i]);
            *ret_part = (struct text){all.data, at};
            *rest = (struct text){here.data + length, here.length - length};
            return tokenizer->special_ids[i];
        }
    }
    *ret_part = all;
    *rest = (struct text){0};
    return VOCAB_NONE;
}

// At most `count_max` ids, which is at least 2.
static size_t encode(const struct tokenizer *self, struct text text, int32_t *ret_ids,
                     size_t count_max)
{
    struct encoding encoding;
    encoding.tokenizer = self;
    encoding.ids = ret_ids;
    encoding.count = 0;
    encoding.count_max = count_max - 1;
    encoding.word.characters = encoding.word.length = 0;
    add_id(&encoding, self->special_ids[SPECIAL_CLS]);
    while (text.length > 0 && encoding.count < encoding.count_max) {
        struct text part;
        int32_t special = take_part(self, &text, &part);
        encode_part(&encoding, part);
        if (special != VOCAB_NONE)
            add_id(&encoding, special);
    }
    encoding.count_max++;
    add_id(&encoding, self->special_ids[SPECIAL_SEP]);
    CHECK(encoding.count >= 2 && encoding.count <= count_max);
    return encoding.count;
}

size_t tokenizer_encode(const struct tokenizer *self, struct text text,
                        int32_t ret_ids[static EMBED_TOKENS_MAX])
{
    return encode(self, text, ret_ids, EMBED_TOKENS_MAX);
}

// A token takes a byte at least, so most texts need no second look.
bool tokenizer_cuts(const struct tokenizer *self, struct text text)
{
    int32_t ids[EMBED_TOKENS_MAX + 1];
    return text.length > EMBED_TOKENS_MAX - 2 &&
           encode(self, text, ids, EMBED_TOKENS_MAX + 1) > EMBED_TOKENS_MAX;
}
