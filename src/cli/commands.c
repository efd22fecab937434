// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "base/check.h"
#include "grove/grove.h"

const struct command_option command_global_options[] = {
    {OPTION_JSON, "json", .help = "print JSON on standard output, errors too"},
    {OPTION_HOME, "home", .kind = VALUE_FOLDER, .argument = "DIR",
     .help = "the folder of the private servers (default: $GROVE_HOME, else "
             "~/.local/share/grove); init, demo and load make it"},
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

#define TYPE_AND_BOUND_OPTIONS                                                                     \
    {OPTION_TYPE,                                                                                  \
     "type",                                                                                       \
     't',                                                                                          \
     .kind = VALUE_TEXT,                                                                           \
     .argument = "TYPE",                                                                           \
     .repeatable = true,                                                                           \
     .help = "only this content type; give it again for any of several"},                          \
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

#define EXPLAIN_OPTION                                                                             \
    {OPTION_EXPLAIN, "explain",                                                                    \
     .help = "also show how it was answered, why the rows are all that there should be, and rows " \
             "and milliseconds of every stage"}

#define PRECISION_OPTION(text)                                                                     \
    {OPTION_PRECISION,       "precision",   .kind = VALUE_WORD, .argument = "P",                   \
     .words = "f32 reduced", .help = (text)}

static const struct command_option no_options[] = {{0}};

static const struct command_option browse_options[] = {
    TYPE_AND_BOUND_OPTIONS,
    LIMIT_OPTION("rows a page, 1 to 1000 (default: 20)"),
    CURSOR_OPTION,
    EXPLAIN_OPTION,
    {0},
};

static const struct command_option search_options[] = {
    PATH_OPTION,
    TYPE_AND_BOUND_OPTIONS,
    LIMIT_OPTION("rows, 1 to 1000 (default: 10)"),
    {OPTION_EXACT, "exact", .help = "compare every vector, however many there are"},
    EXPLAIN_OPTION,
    {0},
};

static const struct command_option discover_options[] = {
    PATH_OPTION,
    TYPE_AND_BOUND_OPTIONS,
    LIMIT_OPTION("rows a page, 1 to 1000 (default: 20)"),
    {OPTION_DEPTH, "depth", .kind = VALUE_COUNT, .argument = "N", .min = 1, .max = GROVE_DEPTH_MAX,
     .help = "rows to rank, group and count, 1 to 10000 (default: 1000)"},
    {OPTION_MIN_SCORE, "min-score", .kind = VALUE_NUMBER, .argument = "S", .min = -1, .max = 1,
     .help = "leave rows with a lower score out, -1 to 1"},
    CURSOR_OPTION,
    EXPLAIN_OPTION,
    {0},
};

static const struct command_option demo_options[] = {
    {OPTION_PLACEHOLDER_VECTORS, "placeholder-vectors",
     .help = "give every sample row the same made-up vector round(i * 0.01, 3) instead of "
             "embedding its text"},
    {0},
};

static const struct command_option load_options[] = {
    {OPTION_STRICT, "strict", .help = "load nothing at all if any line is bad"},
    {0},
};

static const struct command_option sync_options[] = {
    {OPTION_WATCH, "watch", 'w', .help = "go on until Ctrl-C"},
    {OPTION_RETRY_DEAD, "retry-dead", .help = "try again what was given up on"},
    {OPTION_RESIDENT, "be-resident", .hidden = true, .help = "be the home's resident projector"},
    {0},
};

static const struct command_option init_options[] = {
    PRECISION_OPTION("how the database's vectors are computed: f32 as the published model does, or "
                     "reduced with 8-bit weights (default: as it is; a new database: f32)"),
    {0},
};

static const struct command_option embed_options[] = {
    PRECISION_OPTION("f32 as the published model computes (the default), or reduced with 8-bit "
                     "weights"),
    {OPTION_FILE, "file", 'f', .kind = VALUE_FILE, .argument = "F",
     .help = "embed every line of the file F; - is standard input"},
    {0},
};

static const struct command_option doctor_options[] = {
    {OPTION_RECALL, "recall", .value_optional = true,
     .help = "measure with N queries what searches find of what is there; also --recall=N"},
    {0},
};

static const struct command_option subject_options[] = {
    {OPTION_DRY_RUN, "dry-run",
     .help = "show the SQL of every phase, what it locks and what it means for this database; "
             "change nothing"},
    {OPTION_SAMPLE, "sample", .help = "of add: load the sample, which there is of science"},
    {OPTION_WITH_CONTENTS, "with-contents", .help = "of remove: its contents go, too"},
    {OPTION_SQL, "sql",
     .help = "of add, validate and remove: print a script for review; no server is asked"},
    {0},
};

static const struct command_option psql_options[] = {
    {OPTION_PRINT, "print",
     .help = "print the database's URL for any other client, without a password, and start nothing "
             "but the private database"},
    {0},
};

static const struct command_option help_options[] = {
    {OPTION_MAN, "man", .hidden = true, .help = "print the manual page"},
    {OPTION_MARKDOWN, "markdown", .hidden = true, .help = "print docs/cli.md"},
    {0},
};

// --- examples ------------------------------------------------------------------------------------

static const struct command_example demo_examples[] = {
    {"demo", "set everything up, load the sample, run the three queries"},
    {"--home /tmp/try demo", "the same in a folder that you can throw away"},
    {NULL, NULL},
};

static const struct command_example init_examples[] = {
    {"init", "make the private database, or bring it up to date"},
    {"init --precision reduced", "from now on with 8-bit weights: then run sync"},
    {NULL, NULL},
};

static const struct command_example doctor_examples[] = {
    {"doctor", "find out what is missing"},
    {"doctor --recall", "do searches find all that they should? 100 queries for each filter"},
    {"doctor --recall 20 --json | jq .shapes[0]", "the worst filter, for a script"},
    {NULL, NULL},
};

static const struct command_example browse_examples[] = {
    {"browse religion/Christianity/Protestant-Baptist", "everything on that limb"},
    {"browse religion --type Doctrine --since 90d", "new doctrine in the whole tree"},
    {"browse 'subject1/either\\/or'", "a / inside a name is written \\/"},
    {"browse religion --limit 100 --json | jq -r '.results[].title'", "titles for a script"},
    {NULL, NULL},
};

static const struct command_example search_examples[] = {
    {"search \"how is a person saved\"", "the 10 nearest rows of everything"},
    {"search \"baptism salvation doctrine\" --type Doctrine --since 90d --limit 10",
     "of one type and not older than 90 days"},
    {"search suffering --path religion/Buddhism --min-words 150", "below a branch, longer texts"},
    {"search salvation --type Doctrine --type Article --explain", "see how it was answered"},
    {"search salvation --json | jq '.results[] | [.score, .title]'", "for a script"},
    {NULL, NULL},
};

static const struct command_example discover_examples[] = {
    {"discover salvation", "what all subjects say about it"},
    {"discover \"the duty of prayer\" --min-score 0.3", "only what is really near"},
    {"discover salvation --limit 5", "page by page; the next page's command is shown"},
    {NULL, NULL},
};

static const struct command_example load_examples[] = {
    {"load articles.jsonl", "a file of one JSON object a line"},
    {"load part-*.jsonl.gz --strict", "compressed, and all or nothing"},
    {"load - < articles.jsonl", "from standard input"},
    {NULL, NULL},
};

static const struct command_example subject_examples[] = {
    {"subject add science --dry-run", "what it would do, and what that means here"},
    {"subject add science --sample", "a new tree, with 12 contents in 7 leaves"},
    {"subject validate science", "is it as it should be?"},
    {"subject rename subject2 garden", "its contents and points stay as they are"},
    {"subject remove science --with-contents", "take it back, with all that is in it"},
    {"subject list --json | jq -r '.subjects[].name'", "the names for a script"},
    {NULL, NULL},
};

static const struct command_example sync_examples[] = {
    {"sync", "after changes by psql or another program"},
    {"sync --watch", "keep the vector engine up to date until Ctrl-C"},
    {"sync --retry-dead", "after mending what made rows fail"},
    {NULL, NULL},
};

static const struct command_example embed_examples[] = {
    {"embed \"grace\"", "384 numbers"},
    {"embed --json \"grace\" | jq .token_ids", "the tokens the model saw"},
    {"embed --json --file texts.txt > vectors.jsonl", "one JSON line for each line"},
    {NULL, NULL},
};

static const struct command_example status_examples[] = {
    {"status", "what runs where, and how much is in it"},
    {"status --json | jq .pending", "rows that the vector engine has yet to get"},
    {NULL, NULL},
};

static const struct command_example stop_examples[] = {
    {"stop", "the next command that needs the servers starts them again"},
    {NULL, NULL},
};

static const struct command_example psql_examples[] = {
    {"psql", "an interactive session"},
    {"psql -- -c 'SELECT count(*) FROM content_metadata'", "one statement"},
    {"psql -- -qAt -f report.sql", "a script"},
    {"psql --print", "where the database is, for another client"},
    {NULL, NULL},
};

static const struct command_example pg_dump_examples[] = {
    {"pg_dump -- -Fc -f backup.dump", "a backup; grove pg_restore reads it"},
    {"pg_dump -- --data-only -t content_metadata -f contents.sql", "one table, as SQL"},
    {NULL, NULL},
};

static const struct command_example pg_restore_examples[] = {
    {"pg_restore -- --clean --if-exists backup.dump", "put back all that is in a backup"},
    {"pg_restore -- --list backup.dump", "see what is in it"},
    {NULL, NULL},
};

static const struct command_example help_examples[] = {
    {"help", "the list of commands"},
    {"help search", "the same as: grove search --help"},
    {NULL, NULL},
};

static const struct command_example completion_examples[] = {
    {"completion bash > grove.bash", "for bash: \"source grove.bash\" in ~/.bashrc"},
    {"completion zsh > _grove", "for zsh: in a folder of fpath, or \"source _grove\" in ~/.zshrc"},
    {"completion fish > grove.fish", "for fish: in ~/.config/fish/completions"},
    {NULL, NULL},
};

static const struct command_example version_examples[] = {
    {"version --json", "for a script"},
    {NULL, NULL},
};

// --- the table -----------------------------------------------------------------------------------

const struct command command_table[] = {
    {
        .name = "demo",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_START,
        .summary = "set up, load the sample, show the three queries",
        .usage = "[--placeholder-vectors]",
        .options = demo_options,
        .description =
            "Makes the database if there is none, loads the sample of 8 contents in 6 leaves, and "
            "runs a navigation, a search and a discovery, each with the command line that does the "
            "same. Doing it again changes nothing.",
        .examples = demo_examples,
        .json = "An object with `init`, `load`, `browse`, `search` and `discover`, each as the "
                "command of that name prints it.",
        .run = cmd_demo,
    },
    {
        .name = "init",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_START,
        .summary = "make the database, or bring its schema up to date",
        .usage = "[--precision P]",
        .options = init_options,
        .description =
            "Starts the private servers if they are used, applies the migrations that are "
            "missing, and makes the vector collection. Commands do this by themselves for a "
            "private database; for a server named by DATABASE_URL it is done here only.\n\n"
            "A database has vectors of one precision, and all commands follow it. Changing it has "
            "every content embedded anew, by \"grove sync\" or whatever projects; until that is "
            "done searches leave out what has no vector yet, and say so.",
        .examples = init_examples,
        .json = "`applied` (migrations applied now), `schema_version`, `database`, `engine`, "
                "`home`, `model` (whose vectors are compared), `queued` (contents to embed anew), "
                "`seconds`.",
        .run = cmd_init,
    },
    {
        .name = "doctor",
        .home_use = GROVE_HOME_LOOK,
        .group = GROUP_START,
        .summary = "check what the set-up needs, and say how to mend it",
        .usage = "[--recall [N]]",
        .operand = "N",
        .operand_kind = VALUE_COUNT,
        .operands_max = 1,
        .options = doctor_options,
        .description =
            "Looks at programs, files, folders and servers, and changes nothing. The exit status "
            "is 0 when nothing failed; warnings do not count. It is 7 when nothing failed but a "
            "server that does not answer, and 6 when anything else did.\n\n"
            "With --recall it asks N queries (100, at most 1000) drawn from your own contents, "
            "under each kind of filter that they allow: each as usual, and with --exact. RECALL "
            "is the mean share of the best 10 rows that is found, WORST the smallest. LACKING "
            "counts answers without all rows, SAID WHOLE those of them that said they were "
            "complete: there should be none, and the exit status is 0 only then, and 1 if there "
            "are any. Times are medians. Where the index is not examined, which a line below the "
            "table says, no search relied on it. It takes two minutes at most, starts the servers "
            "as a search does, and "
            "changes nothing either.",
        .examples = doctor_examples,
        .json = "`ok`, and `findings`: a list of `name`, `verdict` (`ok`, `warning` or `failed`), "
                "`text` and `hint` (null where there is nothing to mend). With `--recall`: `ok`, "
                "`queries` (asked under each filter), `queries_wanted` (more: time was up), "
                "`contents`, `pending`, `points`, `index` (as of sync), `shapes`, `seconds`. "
                "`shapes` has the worst "
                "first, each with `shape`, `queries`, `recall`, `worst`, `worst_query`, "
                "`worst_filter`, `whole` (queries with all rows), `false_complete`, `exact_false` "
                "(the same of `--exact`), `incomplete`, `degraded`, `milliseconds` and "
                "`exact_milliseconds`.",
        .run = cmd_doctor,
    },
    {
        .name = "browse",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "contents under a path, newest first, with counts by type",
        .usage = "PATH [OPTIONS]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = browse_options,
        .description =
            "PATH is tree[/branch[/limb[/leaf]]]. The counts by type are of all pages. A page "
            "that is not the last one ends with the command for the next; rows that are added or "
            "removed meanwhile neither repeat nor hide others.",
        .examples = browse_examples,
        .json = "`results`, `complete`, `incomplete_reason`, `degraded`, `degraded_reason`, "
                "`hint`, `total` (rows on all pages), `next_cursor`, `groups` (`hierarchy_table`, "
                "`content_type`, `count`), "
                "`milliseconds`, and with `--explain` `explain`. `score` of a row is null.",
        .run = cmd_browse,
    },
    {
        .name = "search",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "the contents most similar to a text, under any filter",
        .usage = "TEXT [OPTIONS]",
        .operand = "TEXT",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = search_options,
        .description =
            "The best of all rows that satisfy the filter, best first, with their similarity: 1 "
            "is the same meaning, 0 is unrelated. All filters must hold. There are as many rows "
            "as --limit asks for whenever that many match; if grove cannot be sure of that, it "
            "says so.",
        .examples = search_examples,
        .json = "`results`, `complete`, `incomplete_reason`, `degraded`, `degraded_reason`, "
                "`hint`, `total` (rows here), `next_cursor` (null), `milliseconds`, and with "
                "`--explain` "
                "`explain`.",
        .run = cmd_search,
    },
    {
        .name = "discover",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "similar contents across all subjects, grouped and counted",
        .usage = "TEXT [OPTIONS]",
        .operand = "TEXT",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = discover_options,
        .description =
            "Ranks the --depth rows nearest to the text, groups them by hierarchy table and "
            "content type, counts the branches and limbs they come from, and pages through them. "
            "Evenness tells how evenly they are spread over limbs: 1 evenly, 0 all in one limb "
            "(Shannon's entropy over its maximum).",
        .examples = discover_examples,
        .json = "`results`, `complete`, `incomplete_reason`, `degraded`, `degraded_reason`, "
                "`hint`, `total` (rows ranked), `next_cursor`, `groups` (`hierarchy_table`, "
                "`content_type`, `count`, "
                "`best_score`, `branches`, `limbs`), `diversity` (`hierarchy_tables`, "
                "`unique_branches`, `unique_limbs`, `evenness`), `depth_reached` (true: more rows "
                "match than were ranked), `milliseconds`, and with `--explain` `explain`.",
        .run = cmd_discover,
    },
    {
        .name = "embed",
        .home_use = GROVE_HOME_NEEDLESS,
        .group = GROUP_QUERY,
        .summary = "print the vector of a text",
        .usage = "[--precision P] TEXT | --file F",
        .operand = "TEXT",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = embed_options,
        .description = "384 numbers, a vector of length 1, on one line. The model reads the first "
                       "256 tokens of a text. No server is needed.",
        .examples = embed_examples,
        .json = "`token_ids` (with the model's start and end marks) and `vector`; with `--file` "
                "one such line for each line of the file. An error in the middle is the last "
                "line.",
        .run = cmd_embed,
    },
    {
        .name = "load",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_DATA,
        .summary = "load contents from JSON Lines files, plain or gzip",
        .usage = "FILE... [--strict]",
        .operand = "FILE",
        .operand_kind = VALUE_FILE,
        .operands_min = 1,
        .operands_max = 1024,
        .options = load_options,
        .description =
            "Each line is a JSON object with tree, branch, limb, leaf, content_type, title and "
            "summary, and maybe body, chunk_number, word_count, created_at and vector (384 "
            "numbers). Missing leaves are made; an unknown tree is refused. A missing chunk_number "
            "means 1: several rows of one type in one leaf need one each. A row that is there "
            "already (same place, type and chunk number) is updated, so loading a file twice "
            "changes nothing.\n\n"
            "A bad line is reported on standard error as file:line: field: reason, and refused; "
            "the "
            "others are loaded, and the exit status is 15. Where an input breaks off, or is "
            "followed by something else, what came before is loaded and the error says where. With "
            "--strict nothing is loaded in either case. What is no JSON Lines at all (a PDF, CSV, "
            "a "
            "JSON array, ...) is refused as a whole, with what to do instead; UTF-16, a byte order "
            "mark and CRLF are fine.\n\n"
            "Ctrl-C stops after the current batch; the same command again goes on. A second "
            "Ctrl-C stops at once: what was committed stays, and grove sync, or the same command "
            "two minutes later, completes it. Where a server hangs or is gone it ends, says how "
            "many "
            "rows are loaded so far, and the same command again goes on, too.",
        .examples = load_examples,
        .json = "`rows_read`, `rows_loaded`, `rows_inserted`, `rows_updated`, `rows_unchanged`, "
                "`rows_bad` (refused), `leaves_created`, `rows_embedded`, `rows_projected`, "
                "`pending` (not in the index "
                "yet: run `grove sync`), `bytes_read`, `seconds`, "
                "`seconds_reading`, `seconds_database`, `seconds_embedding`, `seconds_vectors`, "
                "and `bad_lines`, the first 100 as `file`, `line`, `field`, `reason`. When it "
                "fails the same stands under `load`, beside `error`.",
        .run = cmd_load,
    },
    {
        .name = "subject",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "add, check, rename or remove a subject, without downtime",
        .usage = "add|validate|remove|list|show|rename [NAME [NEW NAME]] [OPTIONS]",
        .operand = "ACTION",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 3,
        .options = subject_options,
        .description =
            "A subject is a tree with a table of its own, NAME_hierarchy, beside the nine that "
            "are there. Names are in lower case: letters, digits and _, 40 at most.\n\n"
            "A change goes in phases, each a transaction of its own. Readers and writers go on: "
            "locks that they could wait for are asked for during 10 ms at a time, and again for "
            "as long as --timeout allows (default: for ever); whom it waits for is told. What "
            "ends a change in the middle leaves nothing half: the same command goes on from "
            "there, and the opposite one takes it back.\n\n"
            "remove is refused while there are contents, unless --with-contents is given. rename "
            "changes the name that paths begin with; the table keeps its own, so that contents, "
            "points and ids stay. validate tells whether all is as it should be, and exits with 4 "
            "where it is not. docs/extending.md tells all of it, and has an exercise.",
        .examples = subject_examples,
        .json = "Of list: `subjects`, each with `name`, `hierarchy_table`, `state` (`ready`, "
                "`adding`, `removing`), `specified`, `branches`, `limbs`, `leaves`, `contents`, "
                "`pending`, `bytes`, `added_at`; of show: these of one. Of validate: as of doctor. "
                "Of add, remove and rename: `name`, `dry_run`, `phases` (`name`, `locks`, `sql`, "
                "`done`, `attempts`, `seconds`), `seconds`, `seconds_waited`, `contents_removed`, "
                "`discover_ms_before`, `discover_ms_after`, with `--dry-run` `impact` (`rows`, "
                "`table_bytes`, `database_bytes`, `validate_seconds`, `subjects`, `planning_ms`, "
                "`discover_ms`), with `--sample` `load` as load prints it. Where it fails the "
                "phases that are done stand beside `error`. With `--sql`: `text`.",
        .run = cmd_subject,
    },
    {
        .name = "sync",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "bring the vector engine up to date with the database",
        .usage = "[--watch] [--retry-dead]",
        .options = sync_options,
        .description =
            "Rows may be changed by any SQL client: what changed waits in the outbox, and this "
            "embeds it and writes it to the vector engine. Searches are right meanwhile: they "
            "take waiting rows from the database. Any number of these may run at once. Then the "
            "index is examined, where it was built anew or much has changed: until that is done, "
            "searches of more than 25,000 rows compare them all.\n\n"
            "With the private servers there is seldom need: a process of the home, the resident "
            "projector, does this within seconds of every change. It starts with the servers and "
            "ends with grove stop; GROVE_PROJECTOR=off starts none. With servers of yours keep "
            "grove sync --watch running.",
        .examples = sync_examples,
        .json = "`upserted`, `removed`, `embedded`, `failed`, `pending`, `dead`, `seconds`, and "
                "`index` (`state`: `needless`, `examined`, `building`, `taken` by another "
                "process, `unknown`; `examined_now`, `rows`, `listed`, `ef`, `ef_filtered`, "
                "`queries`, `recall`, `recall_worst`, `seconds`, `reason`); with `--watch` one "
                "such line after each batch, without `index`.",
        .run = cmd_sync,
    },
    {
        .name = "status",
        .home_use = GROVE_HOME_LOOK,
        .group = GROUP_SERVERS,
        .summary = "what runs where, and how much is in it",
        .usage = "",
        .options = no_options,
        .description = "Measured now. Starts nothing. The exit status is 7 when a server does not "
                       "answer, also when it is a private one that was stopped.",
        .examples = status_examples,
        .json = "`ok`, `home`, `model`, `database` (`ok`, `private`, `where`, `version`, `error`, "
                "`schema_version`, `schema_wanted`, `schema_works`, `bytes`), `engine` (`ok`, "
                "`private`, `where`, `version`, `error`, `collection`, `collection_status`, "
                "`points`, "
                "`points_indexed`; while it is out `out_seconds`, `retry_seconds`, `out_reason`), "
                "`projector` (`wanted`, `running`, `pid`, `error`), "
                "`contents`, `leaves`, `subjects`, `embeddings`, `pending`, "
                "`dead`, `oldest_pending_seconds`, `index` as of sync (`state` may be `due`, too). "
                "What a server that does not answer would have "
                "told is null.",
        .run = cmd_status,
    },
    {
        .name = "stop",
        .home_use = GROVE_HOME_LOOK,
        .group = GROUP_SERVERS,
        .summary = "stop the private servers of this home, and its projector",
        .usage = "",
        .options = no_options,
        .description = "They keep running between commands, so that commands are quick. Nothing "
                       "is lost by stopping them; one that hangs is killed. Servers named by "
                       "DATABASE_URL or QDRANT_URL are "
                       "not touched.",
        .examples = stop_examples,
        .json =
            "`stopped`: true, `ran` (anything did), and `forced`: PostgreSQL did not answer and "
            "was killed.",
        .run = cmd_stop,
    },
    {
        .name = "psql",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "psql on the database",
        .usage = "[--print] [-- ARGUMENTS OF PSQL]",
        .operand = "ARGUMENTS OF PSQL",
        .operand_kind = VALUE_RAW,
        .operand_option = "-c",
        .operands_max = SIZE_MAX,
        .options = psql_options,
        .description = "Starts the private database if need be and hands over to psql; a password "
                       "reaches it by the environment, never by the command line. The exit status "
                       "is psql's. --timeout holds until psql runs.",
        .examples = psql_examples,
        .json = "Only errors that happen before psql starts. With `--print`: `url`.",
        .run = cmd_psql,
    },
    {
        .name = "pg_dump",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "pg_dump of the database: backups and exports",
        .usage = "[-- ARGUMENTS OF PG_DUMP]",
        .operand = "ARGUMENTS OF PG_DUMP",
        .operand_kind = VALUE_RAW,
        .operands_max = SIZE_MAX,
        .options = no_options,
        .description =
            "It is one that is new enough for the server: the one that came with "
            "the private server where the machine's is older. A backup of the database is a "
            "backup of all: the vector engine can be filled from it. The exit status "
            "is pg_dump's. --timeout holds until pg_dump runs.",
        .examples = pg_dump_examples,
        .json = "Only errors that happen before pg_dump starts.",
        .run = cmd_pg_dump,
    },
    {
        .name = "pg_restore",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "pg_restore into the database",
        .usage = "[-- ARGUMENTS OF PG_RESTORE]",
        .operand = "ARGUMENTS OF PG_RESTORE",
        .operand_kind = VALUE_RAW,
        .operands_max = SIZE_MAX,
        .options = no_options,
        .description =
            "Reads what \"grove pg_dump -- -Fc\" wrote. Run \"grove stop\" before. The vector "
            "engine "
            "may be ahead of what was put back, which \"grove sync\" does not notice: remove the "
            "collection's data afterwards and run it, as docs/tasks.md shows. The exit status is "
            "pg_restore's. --timeout holds until pg_restore runs.",
        .examples = pg_restore_examples,
        .json = "Only errors that happen before pg_restore starts.",
        .run = cmd_pg_restore,
    },
    {
        .name = "help",
        .group = GROUP_HELP,
        .summary = "show help on a command",
        .usage = "[COMMAND]",
        .operand = "COMMAND",
        .operand_kind = VALUE_COMMAND,
        .operands_max = 1,
        .options = help_options,
        .examples = help_examples,
        .json = "`text`.",
        .run = cmd_help,
    },
    {
        .name = "completion",
        .group = GROUP_HELP,
        .summary = "print a completion script for bash, zsh or fish",
        .usage = "[bash|zsh|fish]",
        .operand = "bash|zsh|fish",
        .operand_kind = VALUE_SHELL,
        .operands_max = 1,
        .options = no_options,
        .examples = completion_examples,
        .json = "`text`.",
        .run = cmd_completion,
    },
    {
        .name = "version",
        .group = GROUP_HELP,
        .summary = "show the version",
        .usage = "",
        .options = no_options,
        .examples = version_examples,
        .json = "`version`.",
        .run = cmd_version,
    },
    {0},
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = command_table; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

const char *command_group_title(enum command_group group)
{
    static const char *const titles[GROUP_COUNT] = {
        [GROUP_START] = "start here",   [GROUP_QUERY] = "ask",      [GROUP_DATA] = "change",
        [GROUP_SERVERS] = "look after", [GROUP_HELP] = "find help",
    };
    CHECK(group < GROUP_COUNT);
    return titles[group];
}
