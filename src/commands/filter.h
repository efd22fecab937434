// SPDX-License-Identifier: Apache-2.0
//
// The filter that several commands have in common.
//
//     struct filter_values values;
//     code = filter_read(&options, &values, error);
//     struct grove_search_request request = {.filter = values.filter, .text = text};
//
// `values` must live as long as the filter is used; its strings are borrowed from the options.
#ifndef GROVE_COMMANDS_FILTER_H
#define GROVE_COMMANDS_FILTER_H

#include "commands/values.h"
#include "grove/grove.h"

enum { FILTER_METADATA_SIZE = 8192 };

struct filter_values {
    struct grove_filter filter;
    const char *types[OPTIONS_MAX];
    const char *metadata; // what --meta says, as requests take it: a JSON object; NULL: nothing
    char metadata_text[FILTER_METADATA_SIZE];
};

// GROVE_INVALID where a relative time stands beside a cursor, bounds exclude each other, or
// metadata has no value. The values must not be copied.
enum grove_code filter_read(const struct options *options, struct filter_values *ret,
                            struct grove_error *error);

// What --min-score says, as requests take it; 0 without it.
double filter_score_min(const struct options *options);

#endif
