// SPDX-License-Identifier: Apache-2.0
//
// A call is cut into rounds of a bounded number of texts. Each round is tokenised and sorted by
// length, longest first. A round of few tokens runs in the calling thread, with a scratch of the
// pool, so that many threads embed queries side by side; a larger one is cut into groups of whole
// sequences, each a step of the shared workers, each worker with a scratch of its own.
//
// Weights are used where the pack's file is mapped: nothing to do at a start, and processes share
// them. There they lie in small pages, and looking their addresses up takes 5 to 10 % of a pass; so
// whoever embeds more than a few texts gets a copy in huge pages.
#include "embed/embed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/workers.h"
#include "embed/forward.h"
#include "embed/pack_file.h"
#include "embed/safetensors.h"
#include "embed/scratch_pool.h"
#include "embed/split.h"
#include "embed/tokenizer.h"

enum {
    ROUND_TEXTS_MAX = 1024,
    DIRECT_TOKENS_MAX = EMBED_TOKENS_MAX, // of a round that runs in the calling thread
    GROUP_TOKENS_MIN = 128,               // fewer make matrix products slow
    GROUP_TOKENS_MAX = 512,               // more do not make them faster, but the scratch larger
    POOL_MIN = 2,
    TEAM_MAX = 8,       // threads that share a pass of few tokens
    MOVE_TOKENS = 2000, // embedded before the weights are moved: so much wins what moving takes
};

struct embedder {
    struct file_map model_file, vocab_file;
    struct tokenizer tokenizer;
    struct encoder encoder;                  // its weights are the pack's
    struct encoder moved;                    // its weights are in huge pages; all zero before
    _Atomic(const struct encoder *) current; // one of the two
    atomic_size_t tokens;                    // embedded so far
    unsigned char *huge;                     // the weights of `moved`, or NULL
    struct pack pack;
    struct workers *workers;
    struct forward_scratch **worker_scratches; // [workers_count]
    struct scratch_pool pool;                  // of calls that run in their own thread
    struct team_backoff backoff;               // of the workers as a team
    char model_path[PATH_MAX], vocab_path[PATH_MAX];
};

static const char *const model_ids[EMBED_PRECISIONS] = {
    [EMBED_F32] = "all-MiniLM-L6-v2/f32",
    [EMBED_REDUCED] = "all-MiniLM-L6-v2/int8",
};

const char *embed_model_id(enum embed_precision precision)
{
    CHECK((unsigned)precision < EMBED_PRECISIONS);
    return model_ids[precision];
}

bool embed_precision_of(struct text model_id, enum embed_precision *ret_precision)
{
    for (unsigned i = 0; i < EMBED_PRECISIONS; i++) {
        if (text_equal(model_id, text_of(model_ids[i]))) {
            *ret_precision = (enum embed_precision)i;
            return true;
        }
    }
    return false;
}

static enum grove_code join_path(const char *folder, const char *name,
                                 char ret_path[static PATH_MAX], struct grove_error *error)
{
    int length = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
    if (length < 0 || length >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "path \"%.200s...\" is too long", folder);
    return GROVE_OK;
}

static enum grove_code map_file(const char *path, struct file_map *ret_map,
                                struct grove_error *error)
{
    enum grove_code code = file_map_open(path, ret_map, error);
    if (code == GROVE_NOT_FOUND)
        error_hint(error, "the model's folder must hold model.safetensors and vocab.txt of "
                          "sentence-transformers/all-MiniLM-L6-v2, which \"make\" in grove's "
                          "source tree fetches");
    return code;
}

// What the pack is kept for. Without a header digest.
static bool file_key(const char *path, struct pack_key *ret_key)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    *ret_key = (struct pack_key){
        .model_bytes = (uint64_t)status.st_size,
        .inode = status.st_ino,
        .modified_s = status.st_mtim.tv_sec,
        .modified_ns = status.st_mtim.tv_nsec,
        .changed_s = status.st_ctim.tv_sec,
        .changed_ns = status.st_ctim.tv_nsec,
    };
    return true;
}

static enum grove_code open_pack(struct embedder *self, const struct pack_key *before,
                                 struct text header, const char *seal, struct grove_error *error)
{
    struct encoder *encoder = &self->encoder;
    struct pack_options options = {
        .model = &encoder->model,
        .precision = encoder->precision,
        .model_path = self->model_path,
        .seal = seal,
    };
    // A file that is being replaced just now may not be the one that is mapped.
    options.keep = file_key(self->model_path, &options.key) &&
                   memcmp(&options.key, before, sizeof *before) == 0 &&
                   options.key.model_bytes == self->model_file.size_bytes;
    sha256(header, options.key.header_digest);
    enum grove_code code = pack_open(&options, &self->pack, error);
    if (code == GROVE_OK)
        pack_view(self->pack.payload, encoder->precision, &encoder->packed);
    return code;
}

static enum grove_code open_model(struct embedder *self, const struct embedder_options *options,
                                  struct grove_error *error)
{
    struct pack_key before = {0};
    enum grove_code code = join_path(options->folder, "model.safetensors", self->model_path, error);
    if (code != GROVE_OK)
        return code;
    (void)file_key(self->model_path, &before);
    code = map_file(self->model_path, &self->model_file, error);
    if (code != GROVE_OK)
        return code;
    struct safetensors file;
    code = safetensors_open(&file, self->model_file.data, self->model_file.size_bytes,
                            self->model_path, error);
    if (code != GROVE_OK)
        return code;
    struct text header = {(const char *)self->model_file.data,
                          (size_t)(file.data - self->model_file.data)};
    code = model_open(&self->encoder.model, &file, self->tokenizer.vocab.count, error);
    safetensors_release(&file);
    if (code == GROVE_OK)
        code = open_pack(self, &before, header, options->seal, error);
    return code;
}

static enum grove_code open_files(struct embedder *self, const struct embedder_options *options,
                                  struct grove_error *error)
{
    enum grove_code code = join_path(options->folder, "vocab.txt", self->vocab_path, error);
    if (code == GROVE_OK)
        code = map_file(self->vocab_path, &self->vocab_file, error);
    if (code != GROVE_OK)
        return code;
    struct text vocabulary = {(const char *)self->vocab_file.data, self->vocab_file.size_bytes};
    code = tokenizer_open(&self->tokenizer, vocabulary, self->vocab_path, error);
    if (code == GROVE_OK)
        code = open_model(self, options, error);
    return code;
}

static enum grove_code open_scratches(struct embedder *self, struct grove_error *error)
{
    unsigned workers = workers_count(self->workers);
    self->worker_scratches = mem_zalloc(workers * sizeof self->worker_scratches[0]);
    if (!self->worker_scratches)
        return error_no_memory(error, "the model's workers");
    for (unsigned i = 0; i < workers; i++) {
        self->worker_scratches[i] = forward_scratch_new(GROUP_TOKENS_MAX);
        if (!self->worker_scratches[i])
            return error_no_memory(error, "the model's workers");
    }
    size_t wanted = workers < POOL_MIN           ? POOL_MIN
                    : workers > SCRATCH_POOL_MAX ? SCRATCH_POOL_MAX
                                                 : workers;
    while (self->pool.size < wanted) {
        struct forward_scratch *scratch = forward_scratch_new(DIRECT_TOKENS_MAX);
        if (!scratch)
            return error_no_memory(error, "the model's workers");
        scratch_pool_add(&self->pool, scratch);
    }
    return GROVE_OK;
}

// Of some tokens that are to be embedded: one call crosses the line, and moves the weights. Passes
// under way go on with the others. Without memory for it all stays as it is.
static void count_tokens(struct embedder *self, size_t tokens)
{
    size_t before = atomic_fetch_add(&self->tokens, tokens);
    if (before >= MOVE_TOKENS || before + tokens < MOVE_TOKENS || !mem_has_huge())
        return;
    size_t size_bytes = pack_bytes(self->encoder.precision);
    self->huge = mem_alloc_huge(size_bytes);
    if (!self->huge)
        return;
    memcpy(self->huge, self->pack.payload, size_bytes);
    self->moved = self->encoder;
    pack_view(self->huge, self->encoder.precision, &self->moved.packed);
    atomic_store(&self->current, &self->moved);
}

enum grove_code embedder_open(const struct embedder_options *options, struct embedder **ret,
                              struct grove_error *error)
{
    if (!options->folder || options->folder[0] == '\0')
        return error_set(error, GROVE_INVALID, "no folder of the model is given");
    if (options->precision != EMBED_F32 && options->precision != EMBED_REDUCED)
        return error_set(error, GROVE_INVALID, "there is no precision %d", (int)options->precision);
    struct embedder *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "the model");
    scratch_pool_init(&self->pool);
    self->encoder.precision = options->precision;
    self->current = &self->encoder;
    enum grove_code code = kernels_choose(options->precision, &self->encoder.kernels, error);
    if (code == GROVE_OK)
        code = open_files(self, options, error);
    if (code == GROVE_CORRUPT)
        error_hint(error,
                   "remove the model's folder and run \"make\" in grove's source tree, which "
                   "fetches it again");
    if (code == GROVE_OK)
        code = workers_new(options->threads, &self->workers, error);
    if (code == GROVE_OK)
        code = open_scratches(self, error);
    if (code != GROVE_OK) {
        embedder_free(self);
        return code;
    }
    *ret = self;
    return GROVE_OK;
}

void embedder_free(struct embedder *self)
{
    if (!self)
        return;
    scratch_pool_release(&self->pool);
    for (unsigned i = 0; self->worker_scratches && i < workers_count(self->workers); i++)
        forward_scratch_free(self->worker_scratches[i]);
    mem_free(self->worker_scratches);
    mem_free(self->huge);
    workers_free(self->workers);
    tokenizer_release(&self->tokenizer);
    pack_release(&self->pack);
    file_map_release(&self->model_file);
    file_map_release(&self->vocab_file);
    mem_free(self);
}

const char *embedder_model_id(const struct embedder *self)
{
    return embed_model_id(self->encoder.precision);
}

const char *embedder_kernels(const struct embedder *self)
{
    return self->encoder.kernels->name;
}

const char *embedder_pack_path(const struct embedder *self)
{
    return self->pack.path;
}

const char *embedder_seal(const struct embedder *self)
{
    return self->pack.seal;
}

bool embedder_is_whole(const struct embedder *self)
{
    return !self->pack.map.data || pack_is_whole(self->pack.payload);
}

// --- a round ----------------------------------------------------------------------------------

struct group {
    size_t first, count; // of the sequences
};

struct round {
    struct embedder *embedder;
    const struct call *call;
    atomic_bool damaged;
    size_t tokens;
    size_t group_count;
    // In the same allocation, each for as many texts as a round of this call may have.
    int32_t (*ids)[EMBED_TOKENS_MAX];
    struct forward_sequence *sequences; // longest first
    struct group *groups;
    uint16_t *lengths;
};

static struct round *round_new(struct embedder *embedder, size_t texts, const struct call *call)
{
    CHECK(texts <= ROUND_TEXTS_MAX);
    struct round *self =
        mem_alloc(sizeof *self + texts * (sizeof self->sequences[0] + sizeof self->groups[0] +
                                          sizeof self->ids[0] + sizeof self->lengths[0]));
    if (!self)
        return NULL;
    *self = (struct round){.embedder = embedder, .call = call};
    self->sequences = (struct forward_sequence *)(self + 1);
    self->groups = (struct group *)(self->sequences + texts);
    self->ids = (int32_t(*)[EMBED_TOKENS_MAX])(self->groups + texts);
    self->lengths = (uint16_t *)(self->ids + texts);
    return self;
}

static bool is_over(const struct round *self)
{
    return call_left_ms(self->call, 1) == 0;
}

// Tokenises the texts and sorts them by length, longest first: a counting sort.
static void round_tokenize(struct round *self, const struct text *texts, size_t count,
                           float *vectors)
{
    size_t next[EMBED_TOKENS_MAX + 1] = {0}; // where the next sequence of a length goes
    size_t of_length[EMBED_TOKENS_MAX + 1] = {0};
    self->tokens = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = tokenizer_encode(&self->embedder->tokenizer, texts[i], self->ids[i]);
        self->lengths[i] = (uint16_t)length;
        self->tokens += length;
        of_length[length]++;
    }
    for (size_t length = EMBED_TOKENS_MAX; length > 0; length--)
        next[length - 1] = next[length] + of_length[length];
    for (size_t i = 0; i < count; i++)
        self->sequences[next[self->lengths[i]]++] = (struct forward_sequence){
            .ids = self->ids[i],
            .length = self->lengths[i],
            .ret_vector = vectors + i * EMBED_DIMENSION,
        };
}

// Groups of about as many tokens each, a few for each worker where that leaves them large enough.
static void round_group(struct round *self, size_t count)
{
    size_t tokens_max = self->tokens / ((size_t)2 * workers_count(self->embedder->workers));
    if (tokens_max < GROUP_TOKENS_MIN)
        tokens_max = GROUP_TOKENS_MIN;
    if (tokens_max > GROUP_TOKENS_MAX)
        tokens_max = GROUP_TOKENS_MAX;
    size_t tokens = 0;
    self->group_count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = self->sequences[i].length;
        if (i == 0 || tokens + length > tokens_max) {
            self->groups[self->group_count++] = (struct group){.first = i};
            tokens = 0;
        }
        tokens += length;
        self->groups[self->group_count - 1].count++;
    }
    CHECK(self->group_count <= count);
}

static void run_group(void *state, size_t index, unsigned worker)
{
    struct round *self = state;
    const struct group *group = &self->groups[index];
    if (is_over(self) || atomic_load(&self->damaged))
        return;
    if (!forward(atomic_load(&self->embedder->current), self->embedder->worker_scratches[worker],
                 self->sequences + group->first, group->count, NULL))
        atomic_store(&self->damaged, true);
}

// A pass of few tokens whose products are shared by a team.
struct direct {
    struct round *round;
    struct forward_scratch *scratch;
    size_t count;
    struct team team;
    int64_t useful_us; // in which whoever led the team computed
};

static void run_alone(struct direct *self, struct team *team)
{
    if (!forward(atomic_load(&self->round->embedder->current), self->scratch,
                 self->round->sequences, self->count, team))
        atomic_store(&self->round->damaged, true);
}

// Whoever comes first leads.
static void run_member(void *state, size_t index, unsigned worker)
{
    struct direct *self = state;
    (void)worker;
    if (index > 0) {
        team_help(&self->team);
        return;
    }
    int64_t began_us = clock_thread_us();
    run_alone(self, &self->team);
    self->useful_us = clock_thread_us() - began_us - self->team.waited_us;
    team_dismiss(&self->team);
}

// False, with nothing done, when the workers have something else to do.
static bool run_in_team(struct direct *self)
{
    struct embedder *embedder = self->round->embedder;
    unsigned members = workers_count(embedder->workers);
    int64_t began_us = clock_monotonic_us();
    if (members == 1 || !team_is_worth(&embedder->backoff, began_us))
        return false;
    if (members > TEAM_MAX)
        members = TEAM_MAX;
    if (!workers_try_run(embedder->workers, members, run_member, self))
        return false;
    int64_t ended_us = clock_monotonic_us();
    team_judge(&embedder->backoff, ended_us, ended_us - began_us, self->useful_us);
    return true;
}

// With workers that have nothing else to do a query takes less time; where several are embedded at
// once each does with its own thread, which takes less of the processors. Waiting for a scratch
// ends with the call; what was begun is so short that it is done to its end, and is of use then.
static enum grove_code run_direct(struct round *self, size_t count, struct grove_error *error)
{
    struct scratch_pool *pool = &self->embedder->pool;
    struct direct direct = {.round = self, .count = count};
    bool others;
    enum grove_code code = scratch_pool_take(pool, self->call, &direct.scratch, &others, error);
    if (code != GROVE_OK)
        return code;
    team_init(&direct.team);
    if (others || !run_in_team(&direct))
        run_alone(&direct, NULL);
    scratch_pool_give(pool, direct.scratch);
    return GROVE_OK;
}

static enum grove_code run_groups(struct round *self, size_t count, struct grove_error *error)
{
    round_group(self, count);
    enum grove_code code = workers_run_within(self->embedder->workers, self->call,
                                              self->group_count, run_group, self, error);
    return code == GROVE_OK ? call_check(self->call, error) : code;
}

static enum grove_code run_round(struct round *self, const struct text *texts, size_t count,
                                 float *vectors, struct grove_error *error)
{
    round_tokenize(self, texts, count, vectors);
    count_tokens(self->embedder, self->tokens);
    enum grove_code code = self->tokens <= DIRECT_TOKENS_MAX ? run_direct(self, count, error)
                                                             : run_groups(self, count, error);
    if (code != GROVE_OK) {
        error_context(error, "embedding %zu texts", count);
        return code;
    }
    if (atomic_load(&self->damaged))
        return error_set(error, GROVE_CORRUPT,
                         "the weights in \"%.300s\" make vectors of no finite numbers",
                         self->embedder->model_path);
    return GROVE_OK;
}

static enum grove_code check_text(struct text text, size_t number, struct grove_error *error)
{
    size_t bad = text_utf8_error(text);
    if (bad == text.length)
        return GROVE_OK;
    return error_set(error, GROVE_INVALID, "text %zu is not well-formed UTF-8 at byte %zu", number,
                     bad);
}

enum grove_code embedder_embed(struct embedder *self, const struct text *texts, size_t count,
                               float *ret_vectors, const struct call *call,
                               struct grove_error *error)
{
    for (size_t i = 0; i < count; i++) {
        enum grove_code code = check_text(texts[i], i, error);
        if (code != GROVE_OK)
            return code;
    }
    if (count == 0)
        return GROVE_OK;
    struct round *round = round_new(self, count < ROUND_TEXTS_MAX ? count : ROUND_TEXTS_MAX, call);
    if (!round)
        return error_no_memory(error, "token ids");
    enum grove_code code = GROVE_OK;
    for (size_t done = 0; done < count && code == GROVE_OK;) {
        size_t now = count - done < ROUND_TEXTS_MAX ? count - done : ROUND_TEXTS_MAX;
        code = run_round(round, texts + done, now, ret_vectors + done * EMBED_DIMENSION, error);
        done += now;
    }
    mem_free(round);
    return code;
}

bool embedder_cuts(const struct embedder *self, struct text text)
{
    return tokenizer_cuts(&self->tokenizer, text);
}

enum grove_code embedder_tokenize(const struct embedder *self, struct text text,
                                  int32_t ret_ids[static EMBED_TOKENS_MAX], size_t *ret_count,
                                  struct grove_error *error)
{
    enum grove_code code = check_text(text, 0, error);
    if (code == GROVE_OK)
        *ret_count = tokenizer_encode(&self->tokenizer, text, ret_ids);
    return code;
}

enum grove_code embedder_split(const struct embedder *self, struct text text,
                               const struct split_options *options, struct arena *arena,
                               struct split_chunk **ret, size_t *ret_count,
                               struct grove_error *error)
{
    enum grove_code code = check_text(text, 0, error);
    if (code == GROVE_OK)
        code = check_text(options->title, 1, error);
    return code == GROVE_OK
               ? split_text(&self->tokenizer, text, options, arena, ret, ret_count, error)
               : code;
}
