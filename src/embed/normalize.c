// SPDX-License-Identifier: Apache-2.0
//
// Canonical order without a buffer for the whole text. NFD sorts each run of combining characters
// (those of a canonical combining class above 0) by class. Most of them are accents, which are
// dropped, and dropping one does not change the order of the others; the few that stay wait in
// the queue until a starter (class 0) ends their run. When more wait than a word may have
// characters (TOKENIZER_WORD_CHARACTERS_MAX, 100), their word is [UNK] in whatever order they
// come, so that the queue may be short.
#include "embed/normalize.h"

#include <utf8proc.h>

#include "base/check.h"
#include "embed/unicode.h"

enum {
    DECOMPOSITION_MAX = 8, // canonical decompositions have at most 4
    APPENDED_MAX = DECOMPOSITION_MAX + 2,
};

void normalizer_init(struct normalizer *self, struct text text)
{
    self->rest = text;
    self->head = self->ready = self->count = 0;
}

static int combining_class(int32_t code_point)
{
    return code_point < 0x300 ? 0 : (int)utf8proc_get_property(code_point)->combining_class;
}

static void append(struct normalizer *self, int32_t code_point)
{
    CHECK(self->count < NORMALIZER_QUEUE);
    int class = combining_class(code_point);
    if (unicode_is_mark(code_point)) {
        if (class == 0) // it ends the run, although it leaves nothing itself
            self->ready = self->count;
        return;
    }
    size_t at = self->count++;
    while (class != 0 && at > self->ready && combining_class(self->queue[at - 1]) > class) {
        self->queue[at] = self->queue[at - 1];
        at--;
    }
    self->queue[at] = code_point;
    if (class == 0)
        self->ready = self->count;
}

static void append_decomposed(struct normalizer *self, int32_t code_point)
{
    if (code_point < 0x80) {
        append(self, code_point);
        return;
    }
    utf8proc_int32_t parts[DECOMPOSITION_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(code_point, parts, DECOMPOSITION_MAX,
                                                     UTF8PROC_DECOMPOSE, &boundary);
    CHECK(count >= 0 && count <= DECOMPOSITION_MAX);
    for (utf8proc_ssize_t i = 0; i < count; i++)
        append(self, parts[i]);
}

static void take_character(struct normalizer *self)
{
    utf8proc_int32_t code_point;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)self->rest.data,
                                               (utf8proc_ssize_t)self->rest.length, &code_point);
    CHECK(length > 0);
    self->rest.data += length;
    self->rest.length -= (size_t)length;
    if (unicode_is_removed(code_point))
        return;
    if (unicode_is_space(code_point)) {
        append(self, ' ');
    } else if (unicode_is_ideograph(code_point)) {
        append(self, ' ');
        append_decomposed(self, code_point);
        append(self, ' ');
    } else {
        append_decomposed(self, code_point);
    }
}

// One code point makes one: the only exception, U+0130, is in two parts by now. A final sigma is
// not looked at: the reference lowers each character by itself.
static int32_t lower(int32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= 'A' && code_point <= 'Z' ? code_point + ('a' - 'A') : code_point;
    if (code_point == 0xa7cb) // these two came with Unicode 16, which utf8proc may not have yet,
        return 0x264;         // and go to letters of the vocabulary's age
    if (code_point == 0xa7dc)
        return 0x19b;
    return utf8proc_tolower(code_point);
}

bool normalizer_next(struct normalizer *self, int32_t *ret_code_point)
{
    while (self->head == self->ready) {
        self->count -= self->head;
        memmove(self->queue, self->queue + self->head, self->count * sizeof self->queue[0]);
        self->head = self->ready = 0;
        if (self->rest.length == 0 && self->count == 0)
            return false;
        if (self->rest.length == 0 || self->count + APPENDED_MAX > NORMALIZER_QUEUE)
            self->ready = self->count;
        else
            take_character(self);
    }
    DCHECK(self->head < self->ready && self->ready <= self->count);
    *ret_code_point = lower(self->queue[self->head++]);
    return true;
}
