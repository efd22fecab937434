// SPDX-License-Identifier: Apache-2.0
#include "commands/command_lists.h"

#include "grove/grove.h"

const struct command_option command_global_options[] = {
    {OPTION_JSON, "json", .help = "print JSON on standard output, errors too"},
    {OPTION_HOME, "home", .kind = VALUE_FOLDER, .argument = "DIR",
     .help = "the folder of the private servers (default: $GROVE_HOME, else "
             "~/.local/share/grove); init, demo, load and import make it"},
    {OPTION_TIMEOUT, "timeout", .kind = VALUE_DURATION, .argument = "TIME", .min = 1,
     .max = 24 * 3600000LL,
     .help = "how long it may take, like 500ms, 2s or 1m, waiting for servers included (default: a "
             "minute for queries, ten seconds for status, no limit for others)"},
    {OPTION_HELP, "help", 'h', .help = "show help with examples"},
    {0},
};

const struct command_option command_top_options[] = {
    {OPTION_VERSION, "version", 'V', .help = "show the version"},
    {0},
};

// --- options that several commands have ----------------------------------------------------------

#define TYPE_OPTION                                                                                \
    {OPTION_TYPE,                                                                                  \
     "type",                                                                                       \
     't',                                                                                          \
     .kind = VALUE_TEXT,                                                                           \
     .argument = "TYPE",                                                                           \
     .repeatable = true,                                                                           \
     .help = "only this content type; give it again for any of several"}

#define TYPE_AND_BOUND_OPTIONS                                                                     \
    TYPE_OPTION,                                                                                   \
        {OPTION_SINCE, "since", .kind = VALUE_TIME, .argument = "WHEN",                            \
         .help = "only created at WHEN or later: a duration ago (90d, 12h, 1w2d) or a time "       \
                 "(2026-11-23, 2026-11-23T08:44Z)"},                                               \
        {OPTION_UNTIL, "until", .kind = VALUE_TIME, .argument = "WHEN",                            \
         .help = "only created before WHEN"},                                                      \
        {OPTION_MIN_WORDS,                                                                         \
         "min-words",                                                                              \
         .kind = VALUE_COUNT,                                                                      \
         .argument = "N",                                                                          \
         .min = 1,                                                                                 \
         .max = INT32_MAX,                                                                         \
         .help = "only of N words or more"},                                                       \
        {OPTION_MAX_WORDS,                                                                         \
         "max-words",                                                                              \
         .kind = VALUE_COUNT,                                                                      \
         .argument = "N",                                                                          \
         .min = 1,                                                                                 \
         .max = INT32_MAX,                                                                         \
         .help = "only of N words or fewer"}

#define PATH_OPTION                                                                                \
    {OPTION_PATH,                                                                                  \
     "path",                                                                                       \
     'p',                                                                                          \
     .kind = VALUE_TEXT,                                                                           \
     .argument = "PATH",                                                                           \
     .help = "only below this place: tree[/branch[/limb[/leaf]]]"}

#define LIMIT_OPTION(text)                                                                         \
    {OPTION_LIMIT,           "limit",       'n', .kind = VALUE_COUNT, .argument = "N", .min = 1,   \
     .max = GROVE_LIMIT_MAX, .help = (text)}

#define CURSOR_OPTION                                                                              \
    {OPTION_CURSOR, "cursor", .kind = VALUE_TEXT, .argument = "CURSOR",                            \
     .help = "the next page: what the page before gave as next_cursor"}

#define CHUNKS_OPTION                                                                              \
    {OPTION_CHUNKS, "chunks",                                                                      \
     .help = "each chunk of a document as a row; else a document is one row, its best chunk"}

#define META_OPTION                                                                                \
    {OPTION_META,                                                                                  \
     "meta",                                                                                       \
     .kind = VALUE_TEXT,                                                                           \
     .argument = "KEY=VALUE",                                                                      \
     .help = "only documents whose metadata has this key with this value: a number, true, false "  \
             "or null as JSON has it, else a string; repeat it for more keys",                     \
     .repeatable = true}

#define CONTEXT_OPTION                                                                             \
    {OPTION_CONTEXT,                                                                               \
     "context",                                                                                    \
     .kind = VALUE_COUNT,                                                                          \
     .argument = "N",                                                                              \
     .min = 0,                                                                                     \
     .max = GROVE_CONTEXT_MAX,                                                                     \
     .help = "of documents also the text of N chunks before and after, 0 to 100"}

#define EXACT_OPTION {OPTION_EXACT, "exact", .help = "compare every vector, however many there are"}

#define EXPLAIN_OPTIONS                                                                            \
    {OPTION_EXPLAIN, "explain",                                                                    \
     .help = "also show how it was answered, why the rows are all that there should be, and rows " \
             "and milliseconds of every stage"},                                                   \
    {                                                                                              \
        OPTION_PLAN, "plan",                                                                       \
            .help = "the same, and PostgreSQL's plans, which are long; --json has them with "      \
                    "--explain",                                                                   \
            .typed_only = true                                                                     \
    }

// What is ranked; the words are in the order of enum grove_freshness.
#define FRESHNESS_AND_EXPLAIN_OPTIONS                                                              \
    {OPTION_FRESHNESS,                                                                             \
     "freshness",                                                                                  \
     .kind = VALUE_WORD,                                                                           \
     .argument = "HOW",                                                                            \
     .words = "fresh fast",                                                                        \
     .help = "fresh: also rows that wait to get into the vector engine (the default); fast: none " \
             "is looked for"},                                                                     \
        EXPLAIN_OPTIONS

#define MIN_SCORE_OPTION                                                                           \
    {OPTION_MIN_SCORE,                                                                             \
     "min-score",                                                                                  \
     .kind = VALUE_NUMBER,                                                                         \
     .argument = "S",                                                                              \
     .min = -1,                                                                                    \
     .max = 1,                                                                                     \
     .help = "leave rows with a lower score out, -1 to 1"}

#define OUTPUT_OPTION(text)                                                                        \
    {OPTION_OUTPUT,      "output",           'o',                                                  \
     .kind = VALUE_WORD, .argument = "FORM", .words = ROWS_WORDS,                                  \
     .help = (text),     .typed_only = true}

#define ROWS_OUTPUT_OPTION                                                                         \
    OUTPUT_OPTION("print the rows for another program: csv, md (a Markdown table), or ids, one a " \
                  "line")

#define PRECISION_OPTION(text)                                                                     \
    {OPTION_PRECISION,       "precision",    .kind = VALUE_WORD, .argument = "P",                  \
     .words = "f32 reduced", .help = (text), .typed_only = true}

const struct command_option command_no_options[] = {{0}};

const struct command_option command_browse_options[] = {
    TYPE_AND_BOUND_OPTIONS,
    META_OPTION,
    LIMIT_OPTION("rows a page, 1 to 1000 (default: 20)"),
    CURSOR_OPTION,
    EXPLAIN_OPTIONS,
    ROWS_OUTPUT_OPTION,
    {0},
};

const struct command_option command_search_options[] = {
    PATH_OPTION,
    TYPE_AND_BOUND_OPTIONS,
    META_OPTION,
    LIMIT_OPTION("rows, 1 to 1000 (default: 10)"),
    MIN_SCORE_OPTION,
    CHUNKS_OPTION,
    CONTEXT_OPTION,
    EXACT_OPTION,
    FRESHNESS_AND_EXPLAIN_OPTIONS,
    ROWS_OUTPUT_OPTION,
    {0},
};

const struct command_option command_discover_options[] = {
    PATH_OPTION,
    TYPE_AND_BOUND_OPTIONS,
    META_OPTION,
    LIMIT_OPTION("rows a page, 1 to 1000 (default: 20)"),
    {OPTION_DEPTH, "depth", .kind = VALUE_COUNT, .argument = "N", .min = 1, .max = GROVE_DEPTH_MAX,
     .help = "rows to rank, group and count, 1 to 10000 (default: 1000)"},
    MIN_SCORE_OPTION,
    CHUNKS_OPTION,
    CURSOR_OPTION,
    FRESHNESS_AND_EXPLAIN_OPTIONS,
    ROWS_OUTPUT_OPTION,
    {0},
};

const struct command_option command_similar_options[] = {
    PATH_OPTION,
    TYPE_AND_BOUND_OPTIONS,
    META_OPTION,
    LIMIT_OPTION("rows, 1 to 1000 (default: 10)"),
    MIN_SCORE_OPTION,
    CHUNKS_OPTION,
    CONTEXT_OPTION,
    EXACT_OPTION,
    FRESHNESS_AND_EXPLAIN_OPTIONS,
    ROWS_OUTPUT_OPTION,
    {0},
};

const struct command_option command_ls_options[] = {
    {OPTION_LEAVES, "leaves", .help = "every leaf below, however far, by its path"},
    TYPE_OPTION,
    LIMIT_OPTION("documents of a leaf, 1 to 1000 (default 100)"),
    CURSOR_OPTION,
    OUTPUT_OPTION("print the places for another program: csv, md (a Markdown table), or ids: their "
                  "paths, one a line"),
    {0},
};

const struct command_option command_export_options[] = {
    {OPTION_JSONL, "jsonl", .help = "JSON Lines, as grove load reads them (the default)"},
    {OPTION_CSV, "csv", .help = "CSV with the same fields, after a line of their names"},
    TYPE_AND_BOUND_OPTIONS,
    {0},
};

#define DRY_RUN_OPTION(text) {OPTION_DRY_RUN, "dry-run", .help = (text)}
#define DOCUMENT_OPTION                                                                            \
    {OPTION_DOCUMENT, "document", .argument = "NAME", .kind = VALUE_TEXT,                          \
     .help = "instead of ids: all parts of a document, by its key or source/key"}

const struct command_option command_rm_options[] = {
    {OPTION_YES, "yes", 'y', .help = "do not ask before contents of a place are removed"},
    DRY_RUN_OPTION("say what would be removed, and remove nothing"),
    DOCUMENT_OPTION,
    TYPE_AND_BOUND_OPTIONS,
    {0},
};

const struct command_option command_mv_options[] = {
    DOCUMENT_OPTION,
    DRY_RUN_OPTION("say whether it can be done, and do not"),
    {0},
};

const struct command_option command_rechunk_options[] = {
    DRY_RUN_OPTION("say how much there is to split, and change nothing"),
    {0},
};

const struct command_option command_show_options[] = {
    {OPTION_BODY, "body", .help = "with its body, the full text"},
    {0},
};

const struct command_option command_demo_options[] = {
    {OPTION_PLACEHOLDER_VECTORS, "placeholder-vectors",
     .help = "give every sample row the same made-up vector round(i * 0.01, 3) instead of "
             "embedding its text"},
    {0},
};

const struct command_option command_load_options[] = {
    {OPTION_STRICT, "strict", .help = "load nothing at all if any line is bad"},
    {0},
};

const struct command_option command_import_options[] = {
    {OPTION_QUERY, "query", 0, VALUE_TEXT, "SQL",
     .help = "instead of files the rows of a query, such as SELECT id, title, body FROM articles"},
    {OPTION_FROM, "from", 0, VALUE_TEXT, "CONNECTION",
     .help =
         "the PostgreSQL that runs the query: a URL, or service=NAME; without it this database"},
    {OPTION_PATH, "path", 'p', VALUE_TEXT, "TEMPLATE",
     .help = "where rows belong, with columns in braces: wiki/{category}/{topic}"},
    {OPTION_TYPE, "type", 't', VALUE_TEXT, "TEMPLATE",
     .help = "their content type: Article, or {kind}; without it Text"},
    {OPTION_KEY, "key", 0, VALUE_TEXT, "COLUMN",
     .help = "what tells rows apart: each is a document then, of any length"},
    {OPTION_TITLE, "title", 0, VALUE_TEXT, "COLUMN",
     .help = "the title; without it the text's beginning"},
    {OPTION_TEXT, "text", 0, VALUE_TEXT, "COLUMN", .help = "the text"},
    {OPTION_SUMMARY, "summary", 0, VALUE_TEXT, "COLUMN", .help = "a summary of the text"},
    {OPTION_CREATED, "created", 0, VALUE_TEXT, "COLUMN", .help = "when it was made"},
    {OPTION_URL, "url", 0, VALUE_TEXT, "COLUMN", .help = "where a document is to be found"},
    {OPTION_METADATA, "metadata", 0, VALUE_TEXT, "COLUMN", .help = "a JSON object, of documents"},
    {OPTION_SOURCE, "source", 0, VALUE_TEXT, "TEMPLATE",
     .help = "where documents are from: keys differ within one, so files whose keys are the same "
             "have one each"},
    {OPTION_CHUNK, "chunk", 0, VALUE_TEXT, "COLUMN",
     .help = "without a key: a number that tells rows of one type and place apart"},
    {OPTION_WORDS, "words", 0, VALUE_TEXT, "COLUMN", .help = "the number of words"},
    {OPTION_VECTOR, "vector", 0, VALUE_TEXT, "COLUMN", .help = "384 numbers: [0.1, ...]"},
    {OPTION_CSV, "csv", .help = "the files are CSV, whatever they look like"},
    {OPTION_JSONL, "jsonl", .help = "they are JSON Lines, one object a line"},
    {OPTION_SEPARATOR, "separator", 0, VALUE_TEXT, "CHARACTER",
     .help = "between the fields of CSV; without it as the first line has it"},
    {OPTION_STRICT, "strict", .help = "import nothing at all if any row is bad"},
    {0},
};

const struct command_option command_attach_options[] = {
    {OPTION_PATH, "path", 'p', VALUE_TEXT, "TEMPLATE",
     .help = "where rows belong, with columns in braces: wiki/{category}/{topic}",
     .required = true},
    {OPTION_TYPE, "type", 't', VALUE_TEXT, "TEMPLATE",
     .help = "their content type: Article, or {kind}; without it Text"},
    {OPTION_KEY, "key", 0, VALUE_TEXT, "COLUMNS",
     .help = "what tells rows apart, with commas between; without it the primary key"},
    {OPTION_TITLE, "title", 0, VALUE_TEXT, "COLUMN",
     .help = "the title; without it the text's beginning"},
    {OPTION_TEXT, "text", 0, VALUE_TEXT, "COLUMN", .help = "the text, of any length"},
    {OPTION_CREATED, "created", 0, VALUE_TEXT, "COLUMN", .help = "when it was made"},
    {OPTION_URL, "url", 0, VALUE_TEXT, "COLUMN", .help = "where it is to be found"},
    {OPTION_METADATA, "metadata", 0, VALUE_TEXT, "COLUMN", .help = "a JSON object"},
    {OPTION_VECTOR, "vector", 0, VALUE_TEXT, "COLUMN",
     .help = "384 numbers, of the whole text; without it they are computed"},
    {OPTION_WHERE, "where", 0, VALUE_TEXT, "CONDITION",
     .help = "which rows, in SQL: \"published AND lang = 'en'\"; without it all"},
    {OPTION_DRY_RUN, "dry-run", .help = "show the SQL, change nothing"},
    {0},
};

const struct command_option command_attachments_options[] = {{0}};

const struct command_option command_detach_options[] = {
    {OPTION_KEEP, "keep", .help = "its documents stay, as any others"},
    {OPTION_DRY_RUN, "dry-run", .help = "show the SQL and count the documents, change nothing"},
    {0},
};

const struct command_option command_sync_options[] = {
    {OPTION_WATCH, "watch", 'w', .help = "go on until Ctrl-C or SIGTERM", .typed_only = true},
    {OPTION_RETRY_DEAD, "retry-dead", .help = "try again what was given up on"},
    {OPTION_RESIDENT, "be-resident", .hidden = true, .help = "be the home's resident projector"},
    {0},
};

#define QUICK_OPTION                                                                               \
    {OPTION_QUICK, "quick", .help = "ids and revisions only, no payloads or vectors"}

#define RATE_OPTION                                                                                \
    {OPTION_RATE,                                                                                  \
     "rate",                                                                                       \
     .kind = VALUE_COUNT,                                                                          \
     .argument = "ROWS",                                                                           \
     .min = 1,                                                                                     \
     .max = 1000000000,                                                                            \
     .help = "compare at most so many contents a second (default: as fast as it goes)"}

const struct command_option command_verify_options[] = {
    QUICK_OPTION,
    {OPTION_RESUME, "resume",
     .help = "go on where the last one, of the same place, was broken off"},
    RATE_OPTION,
    {0},
};

const struct command_option command_repair_options[] = {
    {OPTION_YES, "yes", 'y', .help = "mend what is found without asking"},
    DRY_RUN_OPTION("say what would be mended, and mend nothing"),
    QUICK_OPTION,
    {OPTION_ALIENS, "aliens",
     .help = "erase points that nobody can have written from this database"},
    RATE_OPTION,
    {0},
};

const struct command_option command_dead_options[] = {
    LIMIT_OPTION("of list: rows, 1 to 1000 (default: 100)"),
    {OPTION_YES, "yes", 'y', .help = "of drop: remove the contents without asking"},
    DRY_RUN_OPTION("of drop: say what would be removed, and remove nothing"),
    {0},
};

// Of a handle the precision is one of the options that it was opened with.
const struct command_option command_embed_options[] = {
    PRECISION_OPTION("f32 as the published model computes (the default), or reduced with 8-bit "
                     "weights"),
    {OPTION_FILE, "file", 'f', .kind = VALUE_FILE, .argument = "F",
     .help = "embed every line of the file F; - is standard input", .typed_only = true},
    {0},
};

const struct command_option command_doctor_options[] = {
    {OPTION_RECALL, "recall", .value_optional = true,
     .help = "measure with N queries what searches find of what is there; also --recall=N"},
    {0},
};

const struct command_option command_subject_options[] = {
    {OPTION_DRY_RUN, "dry-run",
     .help = "show the SQL of every phase, what it locks and what it means for this database; "
             "change nothing"},
    {OPTION_SAMPLE, "sample", .help = "of add: load the sample, which there is of science"},
    {OPTION_WITH_CONTENTS, "with-contents", .help = "of remove: its contents go, too"},
    {OPTION_SQL, "sql",
     .help = "of add, validate and remove: print a script for review; no server is asked"},
    {0},
};

const struct command_option command_url_options[] = {
    {OPTION_FOR, "for", .kind = VALUE_WORD, .argument = "CLIENT", .words = URL_WORDS,
     .help = "psql (the default) and whatever else is made on top of libpq, python (psycopg), "
             "sqlalchemy or jdbc"},
    {OPTION_PASSWORD, "password", .help = "with the password, for all to read"},
    {0},
};

const struct command_option command_psql_options[] = {
    {OPTION_PRINT, "print",
     .help = "print the database's URL for any other client, without a password, and start nothing "
             "but the private database"},
    {0},
};

const struct command_option command_help_options[] = {
    {OPTION_MAN, "man", .hidden = true, .help = "print the manual page"},
    {OPTION_MARKDOWN, "markdown", .hidden = true, .help = "print docs/cli.md"},
    {OPTION_SCHEMA, "schema", .hidden = true, .help = "print docs/calls.json"},
    {0},
};

// --- fields of calls -----------------------------------------------------------------------------

const struct command_option command_global_fields[] = {
    {FIELD_TIMEOUT_MS, "timeout-ms", .kind = VALUE_COUNT, .min = 1, .max = 24 * 3600000LL,
     .help = "how long it may take, in milliseconds, waiting for servers included (default: the "
             "handle's, else a minute for queries, ten seconds for status, no limit for others)"},
    {0},
};

#define TEXT_FIELD(help_text)                                                                      \
    {FIELD_TEXT, "text", .kind = VALUE_TEXT, .help = (help_text), .required = true}
#define ID_FIELD {FIELD_ID, "id", .kind = VALUE_ID, .help = "of a content", .required = true}
#define IDS_FIELD {FIELD_IDS, "ids", .kind = VALUE_IDS, .help = "of contents, at most 100,000"}

const struct command_option command_no_fields[] = {{0}};

const struct command_option command_browse_fields[] = {
    {OPTION_PATH, "path", .kind = VALUE_TEXT, .help = "tree[/branch[/limb[/leaf]]]",
     .required = true},
    {0},
};

const struct command_option command_text_fields[] = {
    TEXT_FIELD("what is looked for, by its meaning"),
    {0},
};

const struct command_option command_document_fields[] = {
    {FIELD_TEXT, "name", .kind = VALUE_TEXT, .required = true,
     .help = "the key of a document, after its source and a slash where it has one"},
    {0},
};

const struct command_option command_id_fields[] = {ID_FIELD, {0}};

const struct command_option command_ls_fields[] = {
    {OPTION_PATH, "path", .kind = VALUE_TEXT,
     .help = "what is one level below tree[/branch[/limb[/leaf]]] (default: the trees)"},
    {0},
};

const struct command_option command_embed_fields[] = {
    TEXT_FIELD("of which the model reads the first 256 tokens"),
    {0},
};

const struct command_option command_load_fields[] = {
    {FIELD_ROWS, "rows", .kind = VALUE_ROWS,
     .help = "objects with tree, branch, limb, leaf, content_type, title and summary, and maybe "
             "body, chunk_number, word_count, created_at and vector",
     .required = true},
    {0},
};

const struct command_option command_attach_fields[] = {
    {FIELD_TABLE, "table", .kind = VALUE_TEXT, .help = "a table of the same database, as in SQL",
     .required = true},
    {0},
};

const struct command_option command_attachments_fields[] = {{0}};

const struct command_option command_detach_fields[] = {
    {FIELD_TABLE, "table", .kind = VALUE_TEXT,
     .help = "its name now, or the one that it was attached by", .required = true},
    {0},
};

const struct command_option command_compare_fields[] = {
    {OPTION_PATH, "path", .kind = VALUE_TEXT, .help = "only what is there (default: all)"},
    {0},
};

const struct command_option command_dead_fields[] = {
    {FIELD_ACTION, "action", .kind = VALUE_WORD, .words = "list retry drop", .required = true,
     .help = "list shows what was given up on, retry makes it due again, drop removes it"},
    // Negative ones are given up on at once.
    {FIELD_IDS, "ids", .kind = VALUE_IDS, .min = INT32_MIN,
     .help = "of contents, at most 1,000: of retry only these, of drop which"},
    {0},
};

const struct command_option command_mv_fields[] = {
    IDS_FIELD,
    {FIELD_FROM, "from", .kind = VALUE_TEXT, .help = "instead of ids: a branch, limb or leaf"},
    {FIELD_TO, "to", .kind = VALUE_TEXT,
     .help = "of ids a leaf, which is made where it is missing; of a path what it is called then",
     .required = true},
    {0},
};

const struct command_option command_rechunk_fields[] = {
    {OPTION_PATH, "path", .kind = VALUE_TEXT, .help = "only what is under it"},
    {0},
};

const struct command_option command_rm_fields[] = {
    IDS_FIELD,
    {OPTION_PATH, "path", .kind = VALUE_TEXT,
     .help = "instead of ids: what is under it, and its leaves"},
    {0},
};

// --- examples ------------------------------------------------------------------------------------

const struct command_example command_demo_examples[] = {
    {"demo", "set everything up, load the sample, run the three queries"},
    {"--home /tmp/try demo", "the same in a folder that you can throw away"},
    {NULL, NULL},
};

const struct command_example command_doctor_examples[] = {
    {"doctor", "find out what is missing"},
    {"doctor --recall", "do searches find all that they should? 100 queries for each filter"},
    {"doctor --recall 20 --json | jq .shapes[0]", "the worst filter, for a script"},
    {NULL, NULL},
};

const struct command_example command_browse_examples[] = {
    {"browse religion/Christianity/Protestant-Baptist", "everything on that limb"},
    {"browse religion --type Doctrine --since 90d", "new doctrine in the whole tree"},
    {"browse 'subject1/either\\/or'", "a / inside a name is written \\/"},
    {"browse religion --limit 100 --json | jq -r '.results[].title'", "titles for a script"},
    {NULL, NULL},
};

const struct command_example command_search_examples[] = {
    {"search \"how is a person saved\"", "the 10 nearest rows of everything"},
    {"search \"baptism salvation doctrine\" --type Doctrine --since 90d --limit 10",
     "of one type and not older than 90 days"},
    {"search suffering --path religion/Buddhism --min-words 150", "below a branch, longer texts"},
    {"search salvation --type Doctrine --type Article --explain", "see how it was answered"},
    {"search salvation --json | jq '.results[] | [.score, .title]'", "for a script"},
    {"search salvation --min-score 0.4 -o csv > found.csv",
     "what is really near, for a spreadsheet"},
    {NULL, NULL},
};

const struct command_example command_similar_examples[] = {
    {"similar 4", "what is most like the content with the id 4"},
    {"similar 4 --path religion/Islam --limit 3", "the same elsewhere"},
    {"similar 4 --min-score 0.5 -o ids", "ids alone, for another command"},
    {NULL, NULL},
};

const struct command_example command_ls_examples[] = {
    {"ls", "the trees, and the content types"},
    {"ls religion/Christianity", "the limbs of a branch"},
    {"ls religion --leaves -o ids", "the paths of all leaves of a tree, one a line"},
    {NULL, NULL},
};

const struct command_example command_attach_examples[] = {
    {"attach articles --path 'subject1/{category}'", "every row of the table articles"},
    {"attach docs.page --key site,slug --path 'subject2/{site}' --title name --text markdown "
     "--where published",
     "some of the rows of another"},
    {NULL, NULL},
};

const struct command_example command_attachments_examples[] = {
    {"attachments", "what is attached, and which rows were refused"},
    {NULL, NULL},
};

const struct command_example command_detach_examples[] = {
    {"detach articles", "its triggers and its documents go"},
    {"detach docs.page --keep", "its documents stay"},
    {NULL, NULL},
};

const struct command_example command_export_examples[] = {
    {"export > all.jsonl", "all contents; grove load all.jsonl puts them elsewhere"},
    {"export religion/Christianity --type Doctrine > doctrine.jsonl", "some of them"},
    {"export religion --csv > religion.csv", "for a spreadsheet"},
    {"export | gzip > all.jsonl.gz", "compressed; grove load reads that, too"},
    {NULL, NULL},
};

const struct command_example command_rm_examples[] = {
    {"rm 4", "the content with the id 4"},
    {"rm --document manuals/bread", "a document, with all of its parts"},
    {"rm religion/Islam --dry-run", "how much is there?"},
    {"rm religion/Islam --yes", "a place with all that is in it"},
    {"rm religion --type Teaching --yes", "contents of one type; leaves stay"},
    {NULL, NULL},
};

const struct command_example command_mv_examples[] = {
    {"mv 4 5 religion/Christianity/Protestant-Baptist/Practices", "contents to another leaf"},
    {"mv religion/Buddhism religion/Buddha", "a branch gets another name"},
    {"mv religion/Christianity/Catholic subject1/Church/Catholic", "a limb goes to another tree"},
    {NULL, NULL},
};

const struct command_example command_rechunk_examples[] = {
    {"rechunk --dry-run", "how many contents are too long, and into how many chunks they would go"},
    {"rechunk religion", "split those of a tree; others go on reading, writing and searching"},
    {"show 4", "of which document a content is a part by now"},
    {NULL, NULL},
};

const struct command_example command_document_examples[] = {
    {"document wiki/kelp", "a document of the source \"wiki\", by its key"},
    {"document wiki/kelp --body --json | jq -r .body", "its text alone"},
    {0},
};

const struct command_example command_show_examples[] = {
    {"show 4", "the content with the id 4"},
    {"show 4 --body", "with its full text"},
    {"show 4 --body --json | jq -r .body", "the text alone"},
    {NULL, NULL},
};

const struct command_example command_discover_examples[] = {
    {"discover salvation", "what all subjects say about it"},
    {"discover \"the duty of prayer\" --min-score 0.3", "only what is really near"},
    {"discover salvation --limit 5", "page by page; the next page's command is shown"},
    {NULL, NULL},
};

const struct command_example command_load_examples[] = {
    {"load articles.jsonl", "a file of one JSON object a line"},
    {"load part-*.jsonl.gz --strict", "compressed, and all or nothing"},
    {"load - < articles.jsonl", "from standard input"},
    {NULL, NULL},
};

const struct command_example command_import_examples[] = {
    {"import articles.csv --path 'subject1/{category}' --key id",
     "title and text are found by their names"},
    {"import faq.csv -p 'subject2/FAQ/{topic|General}' --key question --title question --text "
     "answer",
     "columns with names of their own"},
    {"import posts.jsonl.gz -p 'subject3/{meta.section}' --key id --text post.html --source blog",
     "columns of objects within objects; ids of this file are not those of another"},
    {"import --query \"SELECT key, title, body FROM grove.document WHERE source = 'blog'\" -p "
     "subject4/Copies --key key "
     "--source copies",
     "the rows of a query"},
    {NULL, NULL},
};

const struct command_example command_subject_examples[] = {
    {"subject add science --dry-run", "what it would do, and what that means here"},
    {"subject add science --sample", "a new tree, with 12 contents in 7 leaves"},
    {"subject validate science", "is it as it should be?"},
    {"subject rename subject2 garden", "its contents and points stay as they are"},
    {"subject remove science --with-contents", "take it back, with all that is in it"},
    {"subject list --json | jq -r '.subjects[].name'", "the names for a script"},
    {NULL, NULL},
};

const struct command_example command_sync_examples[] = {
    {"sync", "after changes by psql or another program"},
    {"sync --watch", "keep the vector engine up to date until Ctrl-C"},
    {"sync --retry-dead", "after mending what made rows fail"},
    {NULL, NULL},
};

const struct command_example command_verify_examples[] = {
    {"verify", "do both stores say the same? Exit status 0: yes, 1: no"},
    {"verify --quick religion/Christianity", "of a place, by ids and revisions"},
    {"verify --rate 2000", "beside other work"},
    {"verify --json | jq '.differences[]'", "every difference with its kind"},
    {NULL, NULL},
};

const struct command_example command_repair_examples[] = {
    {"repair --dry-run", "what differs, and what would be done"},
    {"repair --yes", "mend it without asking"},
    {"repair --aliens --yes", "and erase what others have put into the collection"},
    {NULL, NULL},
};

const struct command_example command_dead_examples[] = {
    {"dead list", "what was given up on, and why"},
    {"dead retry", "try all of it again"},
    {"dead retry 17 18", "try these again"},
    {"dead drop 17", "remove a content that can never be projected"},
    {NULL, NULL},
};

const struct command_example command_embed_examples[] = {
    {"embed \"grace\"", "384 numbers"},
    {"embed --json \"grace\" | jq .token_ids", "the tokens the model saw"},
    {"embed --json --file texts.txt > vectors.jsonl", "one JSON line for each line"},
    {NULL, NULL},
};

const struct command_example command_status_examples[] = {
    {"status", "what runs where, and how much is in it"},
    {"status --json | jq .pending", "rows that the vector engine has yet to get"},
    {NULL, NULL},
};

const struct command_example command_stop_examples[] = {
    {"stop", "the next command that needs the servers starts them again"},
    {NULL, NULL},
};

const struct command_example command_url_examples[] = {
    {"url", "for psql, psycopg, node-postgres, ..."},
    {"url --for sqlalchemy", "for create_engine"},
    {"url --for python --password", "with the password, where there is one"},
    {NULL, NULL},
};

const struct command_example command_psql_examples[] = {
    {"psql", "an interactive session"},
    {"psql -- -c 'SELECT count(*) FROM content_metadata'", "one statement"},
    {"psql -- -qAt -f report.sql", "a script"},
    {"psql --print", "where the database is, for another client"},
    {NULL, NULL},
};

const struct command_example command_pg_dump_examples[] = {
    {"pg_dump -- -Fc -f backup.dump", "a backup; grove pg_restore reads it"},
    {"pg_dump -- --data-only -t content_metadata -f contents.sql", "one table, as SQL"},
    {NULL, NULL},
};

const struct command_example command_pg_restore_examples[] = {
    {"pg_restore -- --clean --if-exists backup.dump", "put back all that is in a backup"},
    {"pg_restore -- --list backup.dump", "see what is in it"},
    {NULL, NULL},
};

const struct command_example command_help_examples[] = {
    {"help", "the list of commands"},
    {"help search", "the same as: grove search --help"},
    {NULL, NULL},
};

const struct command_example command_completion_examples[] = {
    {"completion bash > grove.bash", "for bash: \"source grove.bash\" in ~/.bashrc"},
    {"completion zsh > _grove", "for zsh: in a folder of fpath, or \"source _grove\" in ~/.zshrc"},
    {"completion fish > grove.fish", "for fish: in ~/.config/fish/completions"},
    {NULL, NULL},
};

const struct command_example command_version_examples[] = {
    {"version --json", "for a script"},
    {NULL, NULL},
};
