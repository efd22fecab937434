// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "cli/load_run.h"

static enum grove_code take_separator(const struct options *options, char *ret,
                                      struct grove_error *error)
{
    const char *given = options_text(options, OPTION_SEPARATOR);
    *ret = '\0';
    if (!given)
        return GROVE_OK;
    *ret = strcmp(given, "tab") == 0 || strcmp(given, "\\t") == 0 ? '\t' : given[0];
    if ((*ret == '\t' || strlen(given) == 1) && !strchr("\"\r\n{}", *ret))
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "--separator \"%s\" is not one character", given);
    error_hint(error, "such as \";\", \"|\" or tab");
    return GROVE_INVALID;
}

enum grove_code cmd_import(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    bool csv = options_has(options, OPTION_CSV), objects = options_has(options, OPTION_JSONL);
    struct grove_import import = {
        .format = csv       ? GROVE_IMPORT_CSV
                  : objects ? GROVE_IMPORT_JSON_LINES
                            : GROVE_IMPORT_FOUND,
        .path = options_text(options, OPTION_PATH),
        .type = options_text(options, OPTION_TYPE),
        .title = options_text(options, OPTION_TITLE),
        .summary = options_text(options, OPTION_SUMMARY),
        .text = options_text(options, OPTION_TEXT),
        .chunk_number = options_text(options, OPTION_CHUNK),
        .word_count = options_text(options, OPTION_WORDS),
        .created_at = options_text(options, OPTION_CREATED),
        .vector = options_text(options, OPTION_VECTOR),
        .key = options_text(options, OPTION_KEY),
        .source = options_text(options, OPTION_SOURCE),
        .url = options_text(options, OPTION_URL),
        .metadata = options_text(options, OPTION_METADATA),
        .query = options_text(options, OPTION_QUERY),
        .from = options_text(options, OPTION_FROM),
    };
    bool of_text = csv || objects || options_has(options, OPTION_SEPARATOR);
    if (csv && objects)
        return session_usage_error(session, error, "--csv and --jsonl exclude each other");
    if (!import.query && options->operand_count == 0)
        return session_usage_error(session, error, "import needs a FILE, or --query");
    if (import.query && options->operand_count > 0)
        return session_usage_error(session, error, "a FILE and --query exclude each other");
    if (import.query && of_text)
        return session_usage_error(session, error,
                                   "--csv, --jsonl and --separator are of files, not of --query");
    if (import.from && !import.query)
        return session_usage_error(session, error, "--from says where --query is run");
    enum grove_code code = take_separator(options, &import.separator, error);
    return code == GROVE_OK ? load_run(session, &import, error) : code;
}
