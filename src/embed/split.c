// SPDX-License-Identifier: Apache-2.0
//
// Pieces are put into a chunk as long as they fit. When the next one does not, the chunk is cut at
// the best place in its second half, the latest of equals; what is behind the cut, and the overlap
// before it, is what the next chunk begins with. So no piece is read twice, and the pieces at hand
// are those of one chunk. A heading ends a chunk that is a quarter full.
//
//     pieces   0 1 2 3 4 5 6 7 8 | 9            9 does not fit
//                        ^                      the best place to cut: before 6
//     chunk    0 1 2 3 4 5
//     next             4 5 6 7 8 9              with 4 and 5 once more
#include "embed/split.h"

#include "base/check.h"
#include "embed/split_scan.h"

static const char SEPARATOR[] = " > ";

enum {
    TITLE_SHARE = 3,   // a title takes a third of the tokens at most
    OVERLAP_SHARE = 4, // an overlap a quarter of what is left
    HEADING_SHARE = 4, // a heading ends a chunk that is a quarter full
    SPECIAL_TOKENS = 2,
    CHUNKS_FIRST = 16,
    PATH_BYTES_MAX = 2048,
};

struct lead {
    struct text title;
    unsigned tokens;
};

struct packing {
    const struct tokenizer *tokenizer;
    struct arena *arena;
    struct text title; // of the document
    unsigned tokens_max, overlap;
    // The chunk at hand: pieces, each of at least a token.
    struct split_piece pieces[EMBED_TOKENS_MAX];
    size_t count;
    unsigned tokens;       // of these
    unsigned title_tokens; // of the longest title that the chunk may get
    struct split_chunk *chunks;
    size_t chunk_count, chunk_max;
    bool failed; // out of memory
};

// --- titles --------------------------------------------------------------------------------------

// What the tokenizer makes of a text, or more; white space lets tokens add up.
static unsigned count_tokens(const struct tokenizer *tokenizer, struct text text, unsigned most)
{
    struct split_scan scan;
    struct split_piece piece;
    unsigned tokens = 0;
    split_scan_init(&scan, tokenizer, text);
    while (tokens <= most && split_scan_next(&scan, &piece))
        tokens += piece.tokens;
    return tokens;
}

// As much of a title as fits, in whole words where there are some, and "…".
static struct text shorten(const struct tokenizer *tokenizer, struct text title,
                           unsigned tokens_max, char buffer[static PATH_BYTES_MAX])
{
    struct split_scan scan;
    struct split_piece piece;
    size_t length = 0;
    unsigned tokens = 1;
    split_scan_init(&scan, tokenizer, title);
    while (split_scan_next(&scan, &piece)) {
        tokens += piece.tokens;
        if (tokens > tokens_max || piece.character + piece.characters >= SPLIT_TITLE_CHARACTERS_MAX)
            break;
        length = (size_t)(piece.text.data - title.data) + piece.text.length;
    }
    CHECK(length + 4 <= PATH_BYTES_MAX);
    memcpy(buffer, title.data, length);
    memcpy(buffer + length, "\xe2\x80\xa6", 3); // …
    return (struct text){buffer, length + 3};
}

// The headings from a level on, behind one another; false: too long.
static bool add_path(const struct split_path *path, size_t first, struct text except,
                     char buffer[static PATH_BYTES_MAX], size_t *length)
{
    for (size_t i = first; i < SPLIT_LEVELS; i++) {
        struct text name = path->levels[i];
        size_t separator = *length > 0 ? sizeof SEPARATOR - 1 : 0;
        if (name.length == 0 || text_equal(name, except))
            continue;
        if (*length + separator + name.length > PATH_BYTES_MAX)
            return false;
        memcpy(buffer + *length, SEPARATOR, separator);
        *length += separator;
        for (size_t k = 0; k < name.length; k++)
            buffer[(*length)++] = (unsigned char)name.data[k] < ' ' ? ' ' : name.data[k];
    }
    return true;
}

static size_t deepest(const struct split_path *path)
{
    size_t last = 0;
    for (size_t i = 0; i < SPLIT_LEVELS; i++)
        if (path->levels[i].length > 0)
            last = i;
    return last;
}

static bool fits(const struct packing *packing, struct text title, unsigned *ret_tokens)
{
    unsigned most = packing->tokens_max / TITLE_SHARE;
    *ret_tokens = count_tokens(packing->tokenizer, title, most);
    return *ret_tokens <= most && text_characters(title) <= SPLIT_TITLE_CHARACTERS_MAX;
}

// The document's title and all headings; or the innermost only; or no heading; or not all of it.
static struct lead make_lead(const struct packing *packing, const struct split_path *path,
                             char buffer[static PATH_BYTES_MAX])
{
    struct text title = packing->title;
    struct lead lead = {0};
    size_t firsts[] = {0, deepest(path), SPLIT_LEVELS};
    for (size_t i = 0; i < ARRAY_COUNT(firsts) && title.length < PATH_BYTES_MAX; i++) {
        size_t length = title.length;
        if (length > 0)
            memcpy(buffer, title.data, length);
        if (!add_path(path, firsts[i], title, buffer, &length))
            continue;
        lead.title = (struct text){buffer, length};
        if (fits(packing, lead.title, &lead.tokens))
            return lead;
    }
    if (title.length == 0) // headings that are too long, and no title
        return (struct lead){0};
    lead.title = shorten(packing->tokenizer, title, packing->tokens_max / TITLE_SHARE, buffer);
    lead.tokens = packing->tokens_max / TITLE_SHARE;
    return lead;
}

// --- chunks --------------------------------------------------------------------------------------

static unsigned room(const struct packing *packing)
{
    return packing->tokens_max - SPECIAL_TOKENS - packing->title_tokens;
}

static bool same_path(const struct split_path *a, const struct split_path *b)
{
    for (size_t i = 0; i < SPLIT_LEVELS; i++)
        if (a->levels[i].data != b->levels[i].data)
            return false;
    return true;
}

// The headings that the chunk stands under: those of its first words below a heading.
static const struct split_path *path_of(const struct packing *packing, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!packing->pieces[i].in_heading)
            return &packing->pieces[i].path;
    return &packing->pieces[0].path;
}

// Whether the chunk may get this piece's headings as its own, which then need room.
static void note_path(struct packing *packing, size_t at)
{
    char buffer[PATH_BYTES_MAX];
    for (size_t i = 0; i < at; i++)
        if (!packing->pieces[i].in_heading)
            return;
    if (at > 0 && same_path(&packing->pieces[at].path, &packing->pieces[at - 1].path))
        return;
    unsigned tokens = make_lead(packing, &packing->pieces[at].path, buffer).tokens;
    if (tokens > packing->title_tokens)
        packing->title_tokens = tokens;
}

static struct text copy(struct packing *packing, struct text text)
{
    char *data = text.length > 0 ? arena_copy(packing->arena, text) : NULL;
    packing->failed = packing->failed || (text.length > 0 && !data);
    return (struct text){data, data ? text.length : 0};
}

static struct split_chunk *new_chunk(struct packing *packing)
{
    if (packing->chunk_count == packing->chunk_max) {
        size_t max = packing->chunk_max ? packing->chunk_max * 2 : CHUNKS_FIRST;
        struct split_chunk *chunks = arena_alloc_array(packing->arena, max, sizeof *chunks);
        if (!chunks)
            return NULL;
        if (packing->chunk_count > 0)
            memcpy(chunks, packing->chunks, packing->chunk_count * sizeof *chunks);
        packing->chunks = chunks;
        packing->chunk_max = max;
    }
    return &packing->chunks[packing->chunk_count++];
}

// A chunk of the first pieces.
static void add_chunk(struct packing *packing, size_t count)
{
    CHECK(count > 0 && count <= packing->count);
    const struct split_piece *first = &packing->pieces[0], *last = &packing->pieces[count - 1];
    struct split_chunk *chunk = new_chunk(packing);
    char buffer[PATH_BYTES_MAX];
    size_t length = 0;
    packing->failed = packing->failed || !chunk;
    if (packing->failed)
        return;
    const struct split_path *path = path_of(packing, count);
    struct lead lead = make_lead(packing, path, buffer);
    unsigned tokens = SPECIAL_TOKENS + lead.tokens;
    for (size_t i = 0; i < count; i++)
        tokens += packing->pieces[i].tokens;
    size_t bytes = (size_t)(last->text.data + last->text.length - first->text.data);
    *chunk = (struct split_chunk){
        .text = {first->text.data, bytes},
        .character = first->character,
        .characters = last->character + last->characters - first->character,
        .title = copy(packing, lead.title),
        .tokens = tokens,
    };
    if (add_path(path, 0, (struct text){0}, buffer, &length))
        chunk->heading = copy(packing, (struct text){buffer, length});
    CHECK(tokens <= packing->tokens_max);
}

// The chunk at hand goes on with the pieces from `first` on.
static void keep_from(struct packing *packing, size_t first)
{
    CHECK(first > 0 && first <= packing->count);
    packing->count -= first;
    memmove(packing->pieces, packing->pieces + first, packing->count * sizeof *packing->pieces);
    packing->tokens = packing->title_tokens = 0;
    for (size_t i = 0; i < packing->count; i++) {
        packing->tokens += packing->pieces[i].tokens;
        note_path(packing, i);
    }
}

// The best place to cut that leaves half of the room in use; else the last one.
static size_t find_cut(const struct packing *packing)
{
    size_t best = packing->count;
    unsigned tokens = packing->tokens;
    for (size_t i = packing->count; i-- > 1;) {
        tokens -= packing->pieces[i].tokens;
        if (tokens < room(packing) / 2)
            break;
        if (best == packing->count || packing->pieces[i].place > packing->pieces[best].place)
            best = i;
    }
    return best;
}

// Where the overlap before a cut begins: with a sentence, else with a word.
static size_t find_overlap(const struct packing *packing, size_t cut)
{
    unsigned tokens = 0, most = room(packing) / OVERLAP_SHARE;
    size_t sentence = cut, word = cut;
    if (packing->overlap < most)
        most = packing->overlap;
    for (size_t i = cut; i-- > 1;) {
        const struct split_piece *piece = &packing->pieces[i];
        tokens += piece->tokens;
        if (tokens > most || piece->in_heading)
            break;
        if (piece->place >= SPLIT_SENTENCE)
            sentence = i;
        else if (piece->place >= SPLIT_WORD)
            word = i;
        if (piece->place == SPLIT_HEADING)
            break;
    }
    return sentence < cut ? sentence : word;
}

// Makes room for a piece that does not fit. Cut before it, it begins the next chunk.
static void cut_before(struct packing *packing, const struct split_piece *piece)
{
    size_t cut = packing->count;
    bool better = piece->place < SPLIT_HEADING;
    if (better) {
        cut = find_cut(packing);
        // Right before the piece is a place as well, and the latest.
        if (cut < packing->count && packing->pieces[cut].place <= piece->place)
            cut = packing->count;
    }
    size_t first = better ? find_overlap(packing, cut) : cut;
    add_chunk(packing, cut);
    keep_from(packing, first);
    // Under longer headings what is left may have no room for the overlap.
    if (first < cut && packing->tokens > room(packing))
        keep_from(packing, cut - first);
}

static void add_piece(struct packing *packing, const struct split_piece *piece)
{
    if (piece->place == SPLIT_HEADING && packing->tokens >= room(packing) / HEADING_SHARE &&
        packing->count > 0) {
        add_chunk(packing, packing->count);
        keep_from(packing, packing->count);
    }
    for (;;) {
        // What the piece's headings need counts, too.
        unsigned title_tokens = packing->title_tokens;
        if (packing->count < EMBED_TOKENS_MAX) {
            packing->pieces[packing->count] = *piece;
            note_path(packing, packing->count);
            if (packing->tokens + piece->tokens <= room(packing)) {
                packing->tokens += piece->tokens;
                packing->count++;
                return;
            }
        }
        CHECK(packing->count > 0); // a piece alone fits
        packing->title_tokens = title_tokens;
        cut_before(packing, piece);
        if (packing->failed)
            return;
    }
}

// --- the whole -----------------------------------------------------------------------------------

// Whether the model reads all of it, below a title that is not shortened.
static bool is_read_whole(const struct tokenizer *tokenizer, struct text title, struct text text)
{
    unsigned most = EMBED_TOKENS_MAX - SPECIAL_TOKENS;
    unsigned tokens = count_tokens(tokenizer, title, most);
    return tokens <= most && text_characters(title) <= SPLIT_TITLE_CHARACTERS_MAX &&
           tokens + count_tokens(tokenizer, text, most - tokens) <= most;
}

static void take_whole(struct packing *packing, struct text text)
{
    struct split_chunk *chunk = new_chunk(packing);
    packing->failed = !chunk;
    if (!chunk)
        return;
    *chunk = (struct split_chunk){
        .text = text,
        .characters = text_characters(text),
        .title = copy(packing, packing->title),
        .tokens = SPECIAL_TOKENS +
                  count_tokens(packing->tokenizer, packing->title, EMBED_TOKENS_MAX) +
                  count_tokens(packing->tokenizer, text, EMBED_TOKENS_MAX),
    };
    CHECK(chunk->tokens <= EMBED_TOKENS_MAX);
}

static void take_parts(struct packing *packing, struct text text)
{
    struct split_scan scan;
    struct split_piece piece;
    split_scan_init(&scan, packing->tokenizer, text);
    while (!packing->failed && split_scan_next(&scan, &piece))
        add_piece(packing, &piece);
    if (!packing->failed && packing->count > 0)
        add_chunk(packing, packing->count);
}

enum grove_code split_text(const struct tokenizer *tokenizer, struct text text,
                           const struct split_options *options, struct arena *arena,
                           struct split_chunk **ret, size_t *ret_count, struct grove_error *error)
{
    unsigned tokens_max = options->tokens_max ? options->tokens_max : SPLIT_TOKENS_DEFAULT;
    CHECK(tokens_max >= SPLIT_TOKENS_LEAST && tokens_max <= EMBED_TOKENS_MAX);
    struct packing *packing = arena_zalloc(arena, sizeof *packing);
    if (!packing)
        return error_no_memory(error, "splitting a text");
    packing->tokenizer = tokenizer;
    packing->arena = arena;
    packing->title = options->title;
    packing->tokens_max = tokens_max;
    packing->overlap = options->overlap;
    if (text_trim(text).length == 0)
        packing->chunk_count = 0;
    else if (is_read_whole(tokenizer, options->title, text))
        take_whole(packing, text);
    else
        take_parts(packing, text);
    if (packing->failed)
        return error_no_memory(error, "the chunks of a text");
    *ret = packing->chunks;
    *ret_count = packing->chunk_count;
    return GROVE_OK;
}
