// SPDX-License-Identifier: Apache-2.0
//
// The table of commands. Parser, help, docs/cli.md, shell completion, grove_call and the schema of
// its JSON are all made from it, so that none of them can be wrong about another.
//
//     const struct command *command = command_find("search");
//
// Everything here is constant and lives as long as the process. Threads: any.
#ifndef GROVE_COMMANDS_COMMAND_H
#define GROVE_COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "grove/grove.h"

struct shape;

enum option_id {
    OPTION_HELP = 1,
    OPTION_JSON,
    OPTION_HOME,
    OPTION_TIMEOUT,
    OPTION_VERSION,
    OPTION_PATH,
    OPTION_TYPE,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_MIN_WORDS,
    OPTION_MAX_WORDS,
    OPTION_LIMIT,
    OPTION_CURSOR,
    OPTION_CHUNKS,
    OPTION_CONTEXT,
    OPTION_META,
    OPTION_EXACT,
    OPTION_FRESHNESS,
    OPTION_EXPLAIN,
    OPTION_PLAN,
    OPTION_DEPTH,
    OPTION_MIN_SCORE,
    OPTION_STRICT,
    OPTION_PLACEHOLDER_VECTORS,
    OPTION_WATCH,
    OPTION_RETRY_DEAD,
    OPTION_RESIDENT,
    OPTION_RECALL,
    OPTION_FILE,
    OPTION_PRECISION,
    OPTION_MARKDOWN,
    OPTION_MAN,
    OPTION_SCHEMA,
    OPTION_PRINT,
    OPTION_DRY_RUN,
    OPTION_SAMPLE,
    OPTION_WITH_CONTENTS,
    OPTION_SQL,
    OPTION_OUTPUT,
    OPTION_LEAVES,
    OPTION_BODY,
    OPTION_DOCUMENT,
    OPTION_CSV,
    OPTION_JSONL,
    OPTION_YES,
    OPTION_FOR,
    OPTION_PASSWORD,
    OPTION_SEPARATOR,
    OPTION_KEY,
    OPTION_SOURCE,
    OPTION_URL,
    OPTION_METADATA,
    OPTION_TITLE,
    OPTION_SUMMARY,
    OPTION_TEXT,
    OPTION_CHUNK,
    OPTION_WORDS,
    OPTION_CREATED,
    OPTION_VECTOR,
    OPTION_TAKE_COLLECTION,
    OPTION_NOW,
    OPTION_DROP_OLD_VECTORS,
    OPTION_QUICK,
    OPTION_RESUME,
    OPTION_RATE,
    OPTION_ALIENS,
    OPTION_WHERE,
    OPTION_KEEP,
    OPTION_QUERY,
    OPTION_FROM,
    // Fields of grove_call in the place of operands.
    FIELD_TEXT,
    FIELD_ID,
    FIELD_IDS,
    FIELD_FROM,
    FIELD_TO,
    FIELD_ROWS,
    FIELD_TABLE,
    FIELD_ACTION,
    FIELD_TIMEOUT_MS,
};

// What an option's or an operand's value is: how it is checked and completed.
enum value_kind {
    VALUE_NONE = 0, // a flag; a command without operands
    VALUE_TEXT,     // UTF-8
    VALUE_FILE,     // bytes as the file system has them, like the following
    VALUE_FOLDER,
    VALUE_TIME,     // a duration ago, or a timestamp
    VALUE_DURATION, // milliseconds, min..max
    VALUE_COUNT,    // a whole number in min..max
    VALUE_NUMBER,   // a number in min..max
    VALUE_WORD,     // one of `words`
    VALUE_COMMAND,  // the name of a command
    VALUE_SHELL,    // bash, zsh, fish
    VALUE_RAW,      // handed on as it is
    // In JSON only:
    VALUE_ID,   // of a content
    VALUE_IDS,  // of contents
    VALUE_ROWS, // objects, as the lines of grove load
};

struct command_option {
    enum option_id id; // 0 ends a list
    const char *name;
    char letter; // 0: none
    enum value_kind kind;
    const char *argument; // its name in the help; NULL for a flag
    int64_t min, max;     // of VALUE_COUNT and VALUE_NUMBER; of ids min, where it is not 1
    const char *words;    // of VALUE_WORD, with spaces between
    const char *help;
    bool repeatable;
    bool hidden;
    bool value_optional; // a flag that may have one, --name=VALUE: its command checks it
    bool typed_only;     // for people: grove_call has no such field
    bool required;       // of a field
};

struct command_example {
    const char *line; // without the leading "grove "; NULL ends a list
    const char *what;
};

enum command_group { GROUP_START, GROUP_QUERY, GROUP_DATA, GROUP_SERVERS, GROUP_HELP, GROUP_COUNT };

struct command {
    const char *name;
    enum grove_home_use home_use; // which commands make a home, and which only look at one
    enum command_group group;
    const char *summary; // a line, lower case, no full stop
    const char *usage;   // what follows "grove NAME "
    const char *operand; // its name in messages; NULL where there is none
    enum value_kind operand_kind;
    const char *operand_option; // of VALUE_RAW: what a lone word is most likely for
    size_t operands_min, operands_max;
    const struct command_option *options;
    const char *description; // paragraphs, separated by an empty line
    const struct command_example *examples;
    const char *json; // what --json prints, in Markdown; NULL: see the general part
    // What grove_call takes beside the options, and what it answers. NULL: it makes no such call.
    const struct command_option *fields;
    const struct shape *answer;
};

// Ends where name is NULL.
extern const struct command command_table[];
// Options of every command, those that only stand before one, and fields of every call.
extern const struct command_option command_global_options[];
extern const struct command_option command_top_options[];
extern const struct command_option command_global_fields[];

// NULL: there is no such command.
const struct command *command_find(const char *name);
// Its actions as the usage has them, "list|retry|drop", where the first operand is one; else
// { NULL, 0 }.
struct text command_actions(const struct command *command);
const char *command_group_title(enum command_group group);

#endif
