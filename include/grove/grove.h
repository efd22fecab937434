// SPDX-License-Identifier: Apache-2.0
//
// libgrove: PostgreSQL and Qdrant behaving as one database.
//
//     struct grove_error error;
//     struct grove *grove;
//     if (grove_open(NULL, &grove, &error) != GROVE_OK)
//         die(error.message);
//     struct grove_search_request request = {.text = "baptism salvation doctrine", .limit = 10};
//     struct grove_result *result;
//     if (grove_search(grove, &request, &result, &error) == GROVE_OK) {
//         for (size_t i = 0; i < result->row_count; i++)
//             printf("%.3f %s\n", result->rows[i].score, result->rows[i].title);
//         grove_result_free(result);
//     }
//     grove_close(grove);
//
// Ownership: strings and structs given to a function are borrowed for the call. A result and all
// it points to belongs to the caller until grove_result_free, also after grove_close.
//
// Threads: one `struct grove` may be used from any number of threads at once; a result or an
// error by one at a time. grove_close must not run beside another call on the same handle.
// Calls block; for concurrency use threads. A call needs a stack of 128 KB, as threads have at
// least with the usual C libraries.
//
// The host keeps what is its own: signals (the library's threads block all of them), its locale,
// its standard streams, also closed ones, and its children: those that grove starts are nobody's
// soon, and waiting for any child, or ignoring SIGCHLD, does no harm.
//
// fork: a handle belongs to the process that opened it. In a child calls on it are GROVE_INVALID,
// and grove_close does nothing; a child that needs grove opens a handle of its own. One may fork
// while calls are under way in other threads: they go on in the parent. A child from such a moment
// has locks of other libraries as a thread held them, so it does what POSIX allows one: exec, or
// _exit. exit(3) runs OpenSSL's clean-up, which may wait for such a lock for ever.
//
// Beside this header: grove/contents.h lists, reads, exports, removes and moves contents,
// grove/subject.h adds trees, grove/call.h calls commands by name, for bindings.
//
// Errors: see grove/error.h. Text is UTF-8 throughout; strings given in must be well-formed.
// Times are microseconds since 1970-01-01 00:00 UTC. Scores are cosine similarities, -1 to 1.
// In requests a zero (or NULL) member means "the default" or "no bound".
#ifndef GROVE_GROVE_H
#define GROVE_GROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <grove/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GROVE_PUBLIC __attribute__((visibility("default")))
#define GROVE_CHECKED __attribute__((visibility("default"), warn_unused_result))
#else
#define GROVE_PUBLIC
#define GROVE_CHECKED
#endif

#define GROVE_DIMENSION 384   // numbers in a vector
#define GROVE_TOKENS_MAX 256  // tokens of a text that the model reads
#define GROVE_LIMIT_MAX 1000  // rows in one page
#define GROVE_DEPTH_MAX 10000 // rows that one discovery ranks
#define GROVE_CONTEXT_MAX 100 // chunks before and after one that was found

// A time or count that is null in the database.
#define GROVE_NULL INT64_MIN

// Times are microseconds since 1970, UTC. What PostgreSQL calls infinity and -infinity:
#define GROVE_INFINITY INT64_MAX
#define GROVE_MINUS_INFINITY (INT64_MIN + 1)
// In a filter 0 says that there is no bound; this is the bound "when 1970 began".
#define GROVE_1970 (INT64_MIN + 2)

// How the model computes. Vectors of different precisions are never compared with each other.
enum grove_precision {
    GROVE_PRECISION_UNSET = 0,
    GROVE_PRECISION_F32 = 1,     // as the published model does
    GROVE_PRECISION_REDUCED = 2, // with 8-bit weights: faster on most processors, and a little off
};

struct grove;

// "0.1.0"
GROVE_PUBLIC const char *grove_version(void);

// --- limits of a call ---------------------------------------------------------------------------

// Cancels one call, or several that were given the same token: once, and for good.
struct grove_token;
GROVE_CHECKED struct grove_token *grove_token_new(void); // NULL: out of memory
// From any thread, and from a signal handler.
GROVE_PUBLIC void grove_token_cancel(struct grove_token *token);
// No call has it any more. NULL is fine.
GROVE_PUBLIC void grove_token_free(struct grove_token *token);

// How long a call may take, and who may end it. What it waits for, a server, the model, a
// connection that others have, the start of a private server, is waited for no longer than that;
// then it ends with GROVE_TIMEOUT, and what it asked a server for is cancelled there.
//
// Requests begin with size_bytes, which is sizeof the struct as the program was compiled with it;
// 0 says that it is this library's own. A program that sets it goes on to work with libraries that
// know more members.
//
// Of a struct that grove fills the size goes beside it: what looks like a call of grove_get_status
// is one of grove_get_status_sized, with the struct's size where the program is compiled. So
// programs go on to work with older and newer libraries. Who calls by name from another language
// calls the latter, and tells how much room there is; the function of the shorter name fills no
// more than that struct had when it was the only one.
struct grove_limits {
    unsigned timeout_ms;       // 0: the handle's
    struct grove_token *token; // borrowed for the call; NULL: none
};

// Too much at once. A handle has connections_max connections to each server. A browse, search or
// discover that finds all of them taken stands in a line, and may be refused with GROVE_LIMIT, to
// be tried later. At once, where those before it are to take twice the time that it has, or twice
// 10 s. Within 100 ms, where none comes free meanwhile. (Of fewer than 16 connections one comes
// free more seldom: within 1,600 ms divided by their number.)
//
// Else it waits for its turn as long as it may take, and so does one that had a connection before:
// none is refused for want of one later than that, and nothing is begun and thrown away. Other
// calls are not refused.

// --- opening ----------------------------------------------------------------------------------

// What may become of the home.
enum grove_home_use {
    GROVE_HOME_MAKE = 0, // it is made where there is none
    GROVE_HOME_FIND,     // where there is none that is GROVE_NOT_FOUND
    GROVE_HOME_LOOK,     // the same, and nothing in it is changed: no server is started, no schema
                         // is brought up to date
    GROVE_HOME_NEEDLESS, // where there is none, calls that need it are GROVE_NOT_FOUND
};

struct grove_options {
    size_t size_bytes;          // see struct grove_limits
    const char *home;           // NULL: $GROVE_HOME, else the XDG data folder's "grove"
    const char *database_url;   // NULL: $DATABASE_URL, else PG* where PGHOST or PGDATABASE or
                                // PGSERVICE is set, else the home's private server
    const char *qdrant_url;     // NULL: $QDRANT_URL, else the home's private server
    const char *qdrant_api_key; // NULL: $QDRANT_API_KEY
    const char *collection;     // NULL: $GROVE_COLLECTION, else "content_vectors"
    const char *model_folder;   // NULL: the model among the assets
    unsigned threads;           // for embedding; 0: one for each processor
    unsigned connections_max;   // to each server; 0: 16
    enum grove_precision embed_precision; // of grove_embed; 0: GROVE_PRECISION_F32
    bool no_query_cache;                  // embed every query anew: for measuring
    bool background_sync;                 // a thread of this handle keeps the projection up to date
    bool no_projector;   // start no resident projector; also where $GROVE_PROJECTOR is "off"
    const char *command; // the grove command that becomes it; NULL: looked for beside the library
                         // and where it was installed to
    enum grove_home_use home_use;
    // Of all calls. The timeout is that of calls which are given none; 0: a minute for browse,
    // search and discover, ten seconds for status, no limit for others. The token is
    // borrowed until grove_close.
    struct grove_limits limits;
    unsigned total_ms; // all calls together, from grove_open on; 0: no such limit
};

// Resolves where everything is. Private servers are started by the first call that needs them,
// and a private database gets its schema then. `options` may be NULL. The home is looked for, or
// made, where one of the servers is private.
//
// Where both servers are private, a process of the home, the resident projector, writes to the
// vector engine what any program writes to the database; calls that use the database start it where
// it does not run. Where no grove command is found it is a thread of the handle.
GROVE_CHECKED enum grove_code grove_open(const struct grove_options *options, struct grove **ret,
                                         struct grove_error *error);

// Waits for the background thread; the private servers keep running. NULL is fine.
GROVE_PUBLIC void grove_close(struct grove *grove);

// Brings the schema of the database and the vector collection to this version's state. Changes
// nothing where it is so already. *ret_applied (may be NULL): migrations applied now.
GROVE_CHECKED enum grove_code grove_init(struct grove *grove, unsigned *ret_applied,
                                         struct grove_error *error);

// The same, and tells for whom it waits, again and again while it does.
struct grove_wait {
    const char *what;   // "a lock on tables"
    const char *holder; // who has it, since when, and what for; "" where that cannot be told
    double seconds;     // so far
};
GROVE_CHECKED enum grove_code
grove_init_telling(struct grove *grove, void (*on_wait)(void *state, const struct grove_wait *wait),
                   void *state, unsigned *ret_applied, struct grove_error *error);

// Makes the vector collection this database's, whosever it was: what it holds is compared with the
// contents, and what they do not have is taken out. For a collection that calls refuse with
// GROVE_CONFLICT, since it is the projection of another database, and that nobody else needs any
// more: stop what uses it first. Call grove_init afterwards. Changes nothing where it is this
// database's already, or where there is none.
GROVE_CHECKED enum grove_code grove_take_collection(struct grove *grove, struct grove_error *error);

// It stays as it is.
struct grove_stop_report {
    bool ran; // anything did
    bool
        forced; // PostgreSQL did not answer and was killed; it recovers from its log when it starts
};

// Stops the resident projector and the private servers of a home (NULL: the default one). Fine when
// none run; GROVE_NOT_FOUND where there is no home. `ret` may be NULL.
GROVE_CHECKED enum grove_code grove_stop(const char *home, struct grove_stop_report *ret,
                                         struct grove_error *error);
// The same in that time, or until that token cancels it (`limits` may be NULL): what was told to
// end by then may end yet, and what was not told goes on.
GROVE_CHECKED enum grove_code grove_stop_within(const char *home, const struct grove_limits *limits,
                                                struct grove_stop_report *ret,
                                                struct grove_error *error);

// Makes all calls that are under way on this handle end soon with GROVE_CANCELLED; a load stops
// after its current batch. What begins later is not concerned. May be called from any thread and
// from a signal handler.
GROVE_PUBLIC void grove_cancel(struct grove *grove);

// --- queries ----------------------------------------------------------------------------------

// What a row must satisfy; all that is given must hold.
struct grove_filter {
    const char *path; // "tree[/branch[/limb[/leaf]]]"; a "/" inside a name is written "\/".
                      // An unknown tree or path is GROVE_NOT_FOUND.
    const char *const *content_types; // any of these
    size_t content_type_count;
    int64_t created_since_us; // inclusive; 1970 itself is GROVE_1970
    int64_t created_until_us; // exclusive; the same
    int64_t words_min;        // inclusive
    int64_t words_max;        // inclusive
};

// A content with its place in its tree.
struct grove_row {
    int32_t content_id;
    double score; // NaN where nothing was compared (browse)
    const char *hierarchy_table;
    const char *tree;
    int32_t leaf_id;
    const char *branch;
    const char *limb;
    const char *leaf;
    const char *content_type;
    int64_t chunk_number; // or GROVE_NULL
    const char *title;
    const char *content_summary;
    int64_t word_count; // or GROVE_NULL
    // Or GROVE_NULL. Later times than fit (from 294247-01-10 on) are all GROVE_INFINITY - 1.
    int64_t created_at_us;
};

// Which part of which document a row is: a text longer than the model reads is found by its parts.
struct grove_passage {
    int32_t document_id;
    const char *source; // "" where none was given
    const char *key;
    const char *title;   // the document's
    const char *url;     // or NULL
    const char *heading; // those above the part, outermost first; "" where there is none
    int64_t position;    // of the part, from 1
    int64_t chunk_count; // parts of the document
    // How many parts of it rank no lower than the last row of the result (of a discovery: than the
    // last of all that were ranked); in a result that is not complete at least so many. GROVE_NULL
    // where each part is a row.
    int64_t chunks_matched;
    const char *text; // with the parts before and after, where they were asked for; else NULL
    // The attached table (grove/attach.h) whose row `key` tells, of several columns a JSON array;
    // NULL: none.
    const char *table;
};

// Rows that share a hierarchy table and a content type. For browse, hierarchy_table is the one
// that was browsed and best_score is NaN.
struct grove_group {
    const char *hierarchy_table;
    const char *content_type;
    int64_t count;
    double best_score;
    int64_t branches; // distinct ones
    int64_t limbs;    // distinct (branch, limb) pairs
};

// How many different places a discovery's rows come from.
struct grove_diversity {
    int64_t hierarchy_tables;
    int64_t branches; // distinct (table, branch)
    int64_t limbs;    // distinct (table, branch, limb)
    // Shannon's evenness over limbs: H / ln(limbs), where H = -sum p ln p and p is a limb's share
    // of the rows. 1: evenly spread; 0: all from one limb, or no rows.
    // (C. E. Shannon 1948; as an evenness index E. C. Pielou 1966.)
    double evenness;
};

// One step of how a query was answered, in order.
struct grove_stage {
    const char *name; // "embed", "pending", "vectors", "hydrate", ...
    double milliseconds;
    int64_t rows;
};

struct grove_explain {
    const char *strategy;   // "navigation", "push-down", "relational"
    const char *reason;     // why this one
    const char *proof;      // why the rows are all that should be there; NULL: they may not be
    int64_t rows_estimated; // no more than these match; GROVE_NULL: no estimate was needed
    int64_t rows_matching;  // counted; GROVE_NULL: not counted
    unsigned rounds;        // of asking for candidates
    int64_t candidates;     // rows compared exactly
    int64_t pending;        // rows answered from PostgreSQL since the vector engine lags
    int64_t dropped;        // candidates that no longer exist or match
    int64_t listed;         // points compared exactly since the engine's graph does not reach them
    const struct grove_stage *stages;
    size_t stage_count;
    const char *plan; // PostgreSQL's EXPLAIN (ANALYZE, BUFFERS) of the query's SQL, or NULL
    // What the query asked of the servers; for `plan`, too.
    unsigned statements;        // round trips to PostgreSQL
    unsigned requests;          // to the vector engine
    double waited_milliseconds; // for a connection to either, while others had all
    int64_t folded;             // rows that stand behind a better one of their document
};

struct grove_result {
    const struct grove_row *rows;
    size_t row_count;
    // False when rows may be missing that should be here; the reason says why. Else NULL.
    bool complete;
    const char *incomplete_reason;
    // The vector engine did not answer, or lacks points, and PostgreSQL did its work. The reason
    // says which, and how to mend it. Else NULL.
    bool degraded;
    const char *degraded_reason;
    const char *next_cursor; // NULL: this was the last page
    int64_t total;           // browse: rows matching; discover: rows ranked; search: row_count
    const struct grove_group *groups; // browse: by type; discover: by table and type
    size_t group_count;
    bool ranked; // discover: the following two are set
    struct grove_diversity diversity;
    bool depth_reached; // more rows match than were ranked
    double milliseconds;
    const struct grove_explain *explain; // NULL unless asked for
    // One for each row, NULL for a row of no document; NULL: all are.
    const struct grove_passage *const *passages;
    // Rows that waited to be projected, and match or may match, as this search saw them; of these
    // those that it compared, or knows to score too little to be here; and those that it left out.
    // Where `complete` is false each may be more. GROVE_NULL: nothing was compared (browse).
    int64_t pending;
    int64_t merged;
    int64_t beyond;
};

GROVE_PUBLIC void grove_result_free(struct grove_result *result); // NULL is fine

// Contents under a path, newest first (by created_at, then by id), with counts by type over all
// pages.
struct grove_browse_request {
    size_t size_bytes;
    struct grove_filter filter; // `path` is required
    unsigned limit;             // rows a page, at most GROVE_LIMIT_MAX; 0: 20
    const char *cursor;         // next_cursor of the page before
    bool explain;
    struct grove_limits limits;
    const char *metadata; // as of a search
};
GROVE_CHECKED enum grove_code grove_browse(struct grove *grove,
                                           const struct grove_browse_request *request,
                                           struct grove_result **ret, struct grove_error *error);

enum grove_strategy {
    GROVE_STRATEGY_AUTO = 0,
    GROVE_STRATEGY_PUSH_DOWN,  // the filter goes into the vector engine
    GROVE_STRATEGY_RELATIONAL, // PostgreSQL finds the matching rows, all are compared exactly
};

// Which rows a search looks through. Whatever it shows is there, matches, and is scored exactly.
enum grove_freshness {
    GROVE_FRESHNESS_FRESH = 0, // all that were committed before it began, by whichever client
    GROVE_FRESHNESS_FAST,      // rows that wait to be projected may be missing; where any does the
                               // result is not complete
};

// The `limit` rows most similar to the text, or to a content, that satisfy the filter, best first,
// ties by id; of a document only the best, unless `chunks` says otherwise. A content is compared by
// its vector, or where that is not of its text by what it has to read as it is now;
// GROVE_NOT_FOUND: there is none with that id.
struct grove_search_request {
    size_t size_bytes;
    const char *text;    // or, when NULL:
    const float *vector; // GROVE_DIMENSION finite numbers, of the model that the database has
    struct grove_filter filter;
    unsigned limit; // at most GROVE_LIMIT_MAX; 0: 10
    bool exact;     // use no approximate index
    enum grove_strategy strategy;
    bool explain;
    struct grove_limits limits;
    double score_min;   // rows below it are left out; 0: none are
    int32_t similar_to; // or, with neither text nor vector: a content, which is left out itself,
                        // with its document
    bool chunks;        // each part of a document by itself
    unsigned context;   // of documents the text of so many parts before and after comes along, at
                        // most GROVE_CONTEXT_MAX; 0: none does
    const char
        *metadata; // a JSON object: documents whose metadata has each of its members, with the
                   // same string, number, true, false or null; NULL: any, and all contents
    enum grove_freshness freshness;
};
GROVE_CHECKED enum grove_code grove_search(struct grove *grove,
                                           const struct grove_search_request *request,
                                           struct grove_result **ret, struct grove_error *error);

// Similar rows across all trees: the best `depth` are ranked, grouped and counted, and returned
// page by page, best first. Pages of unchanged data neither repeat nor lose a row.
struct grove_discover_request {
    size_t size_bytes;
    const char *text;
    const float *vector;
    struct grove_filter filter;
    unsigned limit;   // rows a page, at most GROVE_LIMIT_MAX; 0: 20
    unsigned depth;   // at most GROVE_DEPTH_MAX; 0: 1000
    double score_min; // rows below it are left out; 0: none are
    const char *cursor;
    bool explain;
    struct grove_limits limits;
    bool chunks;          // as of a search: else a document is ranked, counted and grouped once
    const char *metadata; // the same
    enum grove_freshness freshness; // of this page: the next one may have another
};
GROVE_CHECKED enum grove_code grove_discover(struct grove *grove,
                                             const struct grove_discover_request *request,
                                             struct grove_result **ret, struct grove_error *error);

// A result as the JSON that `grove --json` prints (docs/cli.md): the caller frees it with
// grove_free. NULL: out of memory.
GROVE_CHECKED char *grove_result_json(const struct grove_result *result);
GROVE_PUBLIC void grove_free(void *memory);

// --- vectors ----------------------------------------------------------------------------------

// Embeds texts into ret_vectors[count][GROVE_DIMENSION], each of length 1, in the precision that
// grove_open was given. Needs no server.
GROVE_CHECKED enum grove_code grove_embed(struct grove *grove, const char *const *texts,
                                          size_t count, float *ret_vectors,
                                          struct grove_error *error);

// Token ids with [CLS] and [SEP], at most GROVE_TOKENS_MAX.
GROVE_CHECKED enum grove_code grove_tokenize(struct grove *grove, const char *text,
                                             int32_t ret_ids[GROVE_TOKENS_MAX], size_t *ret_count,
                                             struct grove_error *error);

// --- loading ----------------------------------------------------------------------------------

struct grove_load_progress {
    int64_t rows_read; // good and bad ones
    int64_t rows_inserted;
    int64_t rows_updated;
    int64_t rows_unchanged;
    int64_t rows_bad; // refused; at the end the sum of these four is rows_read, unless it failed
    int64_t leaves_created;
    int64_t rows_embedded;
    int64_t rows_projected; // written to the vector engine
    int64_t rows_pending;   // left to another projector, maybe a dead one: see grove_sync
    int64_t bytes_read;     // of the files as they are (compressed), of the rows that are done
    int64_t bytes_total;    // 0 where not known (a pipe)
    double seconds;
    // Where the seconds went.
    double seconds_reading;
    double seconds_database;
    double seconds_embedding;
    double seconds_vectors;
    bool checking;     // with `strict`: nothing is written yet
    int64_t rows_cut;  // of those embedded: longer than the GROVE_TOKENS_MAX that the model reads
    int64_t documents; // of the rows; and of their chunks:
    int64_t chunks_written; // that are new, or have another text
    int64_t chunks_kept;    // that are as they were
    int64_t chunks_removed;
};

struct grove_bad_line {
    const char *file;  // of a query's rows "query"
    int64_t line;      // from 1; of a query's rows the row
    const char *field; // "" for the line as a whole
    const char *reason;
};

enum grove_import_format { GROVE_IMPORT_FOUND, GROVE_IMPORT_CSV, GROVE_IMPORT_JSON_LINES };

// Which columns of a table become what. CSV as PostgreSQL and RFC 4180 have it, its first line the
// names of the columns; or JSON Lines, whose members are columns, "a.b" the member b of the object
// a; or a query's rows. A template is text with columns in braces: "wiki/{category}";
// "{category|Other}" tells what stands for a null. What is NULL here is the column of that name,
// where there is one.
struct grove_import {
    size_t size_bytes;
    enum grove_import_format format; // FOUND: by the beginning of each file
    char separator;                  // of CSV; 0: comma, semicolon, tab or bar, by the first line
    const char *path; // a template of a tree, a branch, a limb and a leaf; levels that are left out
                      // have the name of the last; "/" in a value is no level
    const char *type; // a template of the content type; NULL and no such column: "Text"
    // Names of columns.
    const char *title; // none: the beginning of the text
    const char *summary;
    const char *text; // the body; NULL: "body", "text" or "content"
    const char *chunk_number;
    const char *word_count;
    const char *created_at; // also 2024/03/05, 5 Mar 2024, and seconds since 1970
    const char *vector;     // [0.1, ...] or {0.1, ...}
    const char *key;        // with it each row is a document, and split into chunks
    const char *source;     // of documents: a template of where they are from
    const char *url;
    const char *metadata; // a JSON object
    // Instead of files: one statement in SQL, whose rows are the table. It runs in a transaction
    // that only reads; the format is of no meaning.
    const char *query;
    const char *from; // the PostgreSQL that it is run by, as libpq has it; NULL: this database
};

struct grove_load_request {
    size_t size_bytes;
    const char *const *files; // JSON Lines, plain or gzip; "-" is standard input
    size_t file_count;
    bool strict; // the first bad line is an error and nothing at all is loaded
    void (*on_progress)(void *state, const struct grove_load_progress *progress);
    void (*on_bad_line)(void *state, const struct grove_bad_line *bad);
    void *state; // of both
    struct grove_limits limits;
    const struct grove_import *import; // NULL: the files have the fields of contents
    // With `import`: what is taken from which column, as one line; once, before the first row.
    void (*on_columns)(void *state, const char *described);
    const char *rows; // instead of files: their text in memory, which is called "rows" then
    size_t rows_bytes;
};

// Inserts or updates rows by their unique key (tree, path, content type, chunk number), creates
// missing leaves, embeds, and writes the vectors. Loading the same file again changes nothing, but
// rows that a killed load left behind are projected. Each batch is one transaction. *ret (may be
// NULL) is filled in also on failure.
//
// Without `strict` bad rows are refused, told by on_bad_line and counted; the others are loaded,
// and that is GROVE_OK. GROVE_CORRUPT or GROVE_IO: an input breaks off, or goes on after its end;
// the good rows before that are loaded. GROVE_UNSUPPORTED: it is no JSON Lines, and the hint says
// what to do.
GROVE_CHECKED enum grove_code grove_load(struct grove *grove,
                                         const struct grove_load_request *request,
                                         struct grove_load_progress *ret,
                                         struct grove_error *error);
GROVE_CHECKED enum grove_code grove_load_sized(size_t size_bytes, struct grove *grove,
                                               const struct grove_load_request *request,
                                               struct grove_load_progress *ret,
                                               struct grove_error *error);
#define grove_load(...) grove_load_sized(sizeof(struct grove_load_progress), __VA_ARGS__)

// Loads the sample of 6 leaves and 8 contents, in one transaction and one batch upsert.
// With `placeholder_vectors` every point gets the vector round(i * 0.01, 3), i in 0..383.
GROVE_CHECKED enum grove_code grove_load_sample(struct grove *grove, bool placeholder_vectors,
                                                struct grove_load_progress *ret,
                                                struct grove_error *error);
GROVE_CHECKED enum grove_code grove_load_sample_sized(size_t size_bytes, struct grove *grove,
                                                      bool placeholder_vectors,
                                                      struct grove_load_progress *ret,
                                                      struct grove_error *error);
#define grove_load_sample(...)                                                                     \
    grove_load_sample_sized(sizeof(struct grove_load_progress), __VA_ARGS__)

// --- content types -----------------------------------------------------------------------------

struct grove_types {
    const char *const *names; // in the order of their bytes, or of the database's collation
    size_t count;             // 1,000 at most
};

// The content types that contents have. *ret is given back with grove_free.
GROVE_CHECKED enum grove_code grove_list_types(struct grove *grove, struct grove_types **ret,
                                               struct grove_error *error);

// --- projection -------------------------------------------------------------------------------

// What is known of the vector engine's index: whether searches may go by it, and how. Where they
// may not, they compare all rows that match, which is slower and never worse. Its struct stands
// inside others, and stays as it is.
enum grove_index_state {
    GROVE_INDEX_UNKNOWN,  // nobody looked, or looking failed: the reason says how
    GROVE_INDEX_NEEDLESS, // so few rows that all are compared anyway
    GROVE_INDEX_EXAMINED, // what follows holds of the index as it is
    GROVE_INDEX_BUILDING, // the engine builds it; it can be examined afterwards
    GROVE_INDEX_TAKEN,    // another process examines it
    GROVE_INDEX_DUE,      // it was built anew, or much has changed since: grove_sync examines it
};
struct grove_index {
    enum grove_index_state state;
    bool examined_now;   // by this call
    int64_t rows;        // looked up
    int64_t listed;      // which the index does not reach: they are compared beside it
    int ef;              // with which it is good enough; 0: it is not, and the reason says why
    int ef_filtered;     // the same under filters
    int64_t queries;     // asked of the index, and exactly
    double recall;       // mean over those that a search would not ask exactly
    double recall_worst; // of those
    double seconds;      // that it took
    double age_seconds;  // since then
    char reason[256];
};

// What was compared of both stores before anything was projected, where it was in doubt whether the
// engine holds what this database is: after a restore of either.
struct grove_comparison {
    char reason[160];  // of the doubt; "": nothing was compared by this call
    int64_t points;    // compared, each with its content
    int64_t enqueued;  // contents that the engine lacked, or had at another revision
    int64_t taken_out; // points that no content has, or that a write could lose to
    bool ended;        // false: another process goes on with it
    bool keeps_index;  // nothing differed: what was known of the index holds on
};

struct grove_sync_report {
    int64_t upserted;
    int64_t removed;
    int64_t embedded;
    int64_t failed;  // attempts that failed and will be repeated
    int64_t pending; // left over
    int64_t dead;    // given up on; see grove.dead_letter
    double seconds;
    struct grove_index index; // not while watching: a thread examines then
    struct grove_comparison comparison;
};

// What a watch tells each time that it has looked.
struct grove_sync_look {
    const struct grove_sync_report *report; // since it began; what waits as it was counted last
    bool ready;                             // both stores were reached and projected to, once
    bool idle;                              // nothing was due
    const struct grove_error *outage;       // what it waits for to pass; NULL: nothing
    double outage_seconds;                  // since when
};

struct grove_sync_request {
    size_t size_bytes;
    bool watch;      // go on until grove_cancel
    bool retry_dead; // try dead letters again
    void (*on_progress)(void *state, const struct grove_sync_report *report);
    // While the index is examined, every second or so: how many searches are done, of how many. One
    // that compares all counts as several. `of` grows where more turns out to be needed. May be
    // NULL.
    void (*on_examining)(void *state, int64_t done, int64_t of);
    void *state;
    struct grove_limits limits;
    // While watching: after each look and each batch, about once a second where there is nothing to
    // look at, and after each part of work that takes long. Called by the thread that watches, so
    // that whoever is not told any more knows that it hangs: at a server, for up to a minute, or
    // for good. What it is given holds until it returns. It makes no calls on the handle. May be
    // NULL.
    void (*on_look)(void *state, const struct grove_sync_look *look);
};

// Writes what has changed in PostgreSQL to the vector engine, and examines the engine's index where
// that is due. Any number may run at once.
//
// A watch begins with what waits and stays. A server that is away, at first or later, does not end
// it: it tries again after 1 s, doubled each time, at most 30 s, and goes on. What no wait mends
// does (the error's `retry` is GROVE_RETRY_NEVER): a password, another's collection, a database
// without grove's schema, or with that of another version.
GROVE_CHECKED enum grove_code grove_sync(struct grove *grove,
                                         const struct grove_sync_request *request,
                                         struct grove_sync_report *ret, struct grove_error *error);
GROVE_CHECKED enum grove_code grove_sync_sized(size_t size_bytes, struct grove *grove,
                                               const struct grove_sync_request *request,
                                               struct grove_sync_report *ret,
                                               struct grove_error *error);
#define grove_sync(...) grove_sync_sized(sizeof(struct grove_sync_report), __VA_ARGS__)

// Is the resident projector of the handle's home, for a process of its own: the grove command calls
// it, other programs need not. Returns at once where the home has one; else after grove_cancel,
// when the home is gone from its place, and when its PostgreSQL does not run any more. Standard
// error becomes its log. GROVE_UNSUPPORTED: a server is not private. No other call is under way on
// the handle.
GROVE_CHECKED enum grove_code grove_run_projector(struct grove *grove, struct grove_error *error);

// --- status -----------------------------------------------------------------------------------

struct grove_status {
    bool database_private;
    bool database_ok;
    char database[256]; // where; no credentials
    char database_version[32];
    char database_error[256];
    int schema_version; // the newest migration that is applied; 0: none
    int schema_wanted;  // the newest that this library knows
    bool engine_private;
    bool engine_ok;
    char engine[256];
    char engine_version[32];
    char engine_error[256];
    char collection[128];
    char collection_status[16];
    int64_t points;
    int64_t points_indexed;
    int64_t contents;
    int64_t leaves;
    int64_t subjects;
    int64_t embeddings;
    int64_t pending;
    int64_t dead;
    int64_t oldest_pending_seconds;
    int64_t database_bytes;
    char model[64];
    char home[4096];
    bool projector_wanted;     // both servers are private, and it is not switched off
    bool projector_running;    // the resident one
    int projector_pid;         // 0: not running, or not visible from here
    char projector_error[256]; // its last failure, as long as it lasts; "": none
    struct grove_index index;
    // Whether the engine is known not to answer: then no search waits for it, but PostgreSQL
    // answers, and it is tried every now and then. In a home all processes know it; of a server of
    // yours each finds out by itself.
    bool engine_out;
    int64_t engine_out_seconds;   // since when
    int64_t engine_retry_seconds; // until it is tried again; 0: now
    char engine_out_reason[160];  // "it did not answer in time"; "": it is not out
    // Private, and not running: no fault, since it starts when it is needed.
    bool database_waits;
    bool engine_waits;
    // This library can work with the schema as it is, also where that is older or newer than the
    // one it wants.
    bool schema_works;
    // Which database this is, in hexadecimal, and which stretch of its history; "": not known.
    char identity[40];
    int64_t epoch;
    // The database whose projection the collection is, where that is another one: what needs the
    // collection fails with GROVE_CONFLICT. "": it is this one's, or nobody's, or not known.
    char collection_of[40];
    // Why the collection has to be compared with the database before it is used; "": it has not.
    char doubt[160];
    // What grove_verify found last, of this collection.
    bool verified;           // there was one; else what follows is zero
    bool verified_ended;     // it came to its end; if not it is under way, or was broken off
    bool verified_quick;     // ids and revisions only
    char verified_path[256]; // "": everything
    double verified_age_seconds;
    int64_t verified_contents;
    int64_t verified_differences;
    // What kind of failure database_error tells of; GROVE_OK: none. GROVE_TIMEOUT: it hangs.
    enum grove_code database_code;
    // Contents that are longer than the model reads, and no chunks of documents: what is beyond is
    // not found. As they were last embedded; those with a vector of yours are none of them.
    int64_t long_texts;
    bool long_texts_more;  // there are more, which were not counted
    bool long_texts_known; // all were looked at; if not, projectors are still at it
    // The model that the database changes to (grove/model.h); "": it changes to none. Until all
    // have a vector of it searches go on with `model`.
    char next_model[64];
    int64_t next_embedded; // contents that have one, of `contents`
};

// Measured now; a server that does not answer is reported in *ret, not as an error. Starts
// nothing.
GROVE_CHECKED enum grove_code grove_get_status(struct grove *grove, struct grove_status *ret,
                                               struct grove_error *error);
GROVE_CHECKED enum grove_code grove_get_status_sized(size_t size_bytes, struct grove *grove,
                                                     struct grove_status *ret,
                                                     struct grove_error *error);
#define grove_get_status(...) grove_get_status_sized(sizeof(struct grove_status), __VA_ARGS__)

// The libpq connection string of the database, without starting it: for psql and other clients.
// May hold a password: do not print it.
GROVE_CHECKED enum grove_code grove_database_conninfo(struct grove *grove, char *ret_text,
                                                      size_t size_bytes, struct grove_error *error);

// --- health -----------------------------------------------------------------------------------

struct grove_finding {
    const char *name; // "python3", "model", ...
    enum { GROVE_FINDING_OK, GROVE_FINDING_WARNING, GROVE_FINDING_FAILED } verdict;
    const char *text; // what was found
    const char *hint; // how to mend it, or ""
};

// Checks everything the set-up needs; calls back once a finding. GROVE_OK when none failed,
// GROVE_UNAVAILABLE when nothing failed but servers that do not answer, else GROVE_UNSUPPORTED. The
// home is only looked at, whatever the options say; their limits are those of the whole.
GROVE_CHECKED enum grove_code grove_doctor(const struct grove_options *options,
                                           void (*on_finding)(void *state,
                                                              const struct grove_finding *finding),
                                           void *state, struct grove_error *error);

#ifdef __cplusplus
}
#endif

#include "grove/model.h"
#include "grove/recall.h"

#endif
