// SPDX-License-Identifier: Apache-2.0
//
// The rows most similar to a text.
//
//     cc search.c $(pkg-config --cflags --libs grove) -o search
//     ./search "how is a person saved" religion/Christianity
#include <grove/grove.h>

#include <stdio.h>

static int fail(const struct grove_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    if (error->hint[0])
        fprintf(stderr, "hint: %s\n", error->hint);
    return grove_code_info(error->code)->exit_status;
}

static void print(const struct grove_result *result)
{
    for (size_t i = 0; i < result->row_count; i++) {
        const struct grove_row *row = &result->rows[i];
        printf("%.4f  %s (%s/%s/%s/%s)\n", row->score, row->title, row->tree, row->branch,
               row->limb, row->leaf);
    }
    if (result->degraded)
        fprintf(stderr, "PostgreSQL answered alone: %s\n", result->degraded_reason);
    if (!result->complete)
        fprintf(stderr, "rows may be missing: %s\n", result->incomplete_reason);
}

int main(int argc, char **argv)
{
    struct grove_error error;
    struct grove *grove;
    struct grove_result *result;
    if (argc < 2) {
        fprintf(stderr, "usage: %s TEXT [PATH]\n", argv[0]);
        return 2;
    }
    // All from the environment, else the private servers, started when needed. A home that is not
    // there, mistyped perhaps, is an error.
    struct grove_options options = {.home_use = GROVE_HOME_FIND};
    if (grove_open(&options, &grove, &error) != GROVE_OK)
        return fail(&error);
    struct grove_search_request request = {
        .text = argv[1],
        .filter.path = argc > 2 ? argv[2] : NULL,
        .limit = 5,
    };
    enum grove_code code = grove_search(grove, &request, &result, &error);
    grove_close(grove);
    if (code != GROVE_OK)
        return fail(&error);
    print(result); // stays valid after grove_close
    grove_result_free(result);
    return 0;
}
