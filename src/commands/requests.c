// SPDX-License-Identifier: Apache-2.0
#include "commands/requests.h"

#include "commands/filter.h"

static bool wants_explanation(const struct options *options)
{
    return options_has(options, OPTION_EXPLAIN) || options_has(options, OPTION_PLAN);
}

static enum grove_freshness freshness(const struct options *options)
{
    return (enum grove_freshness)options_count(options, OPTION_FRESHNESS, GROVE_FRESHNESS_FRESH);
}

struct grove_browse_request request_browse(const struct options *options,
                                           const struct grove_filter *filter)
{
    return (struct grove_browse_request){
        .filter = *filter,
        .limit = (unsigned)options_count(options, OPTION_LIMIT, 0),
        .cursor = options_text(options, OPTION_CURSOR),
        .explain = wants_explanation(options),
    };
}

struct grove_search_request request_search(const struct options *options,
                                           const struct grove_filter *filter)
{
    return (struct grove_search_request){
        .filter = *filter,
        .limit = (unsigned)options_count(options, OPTION_LIMIT, 0),
        .exact = options_has(options, OPTION_EXACT),
        .explain = wants_explanation(options),
        .score_min = filter_score_min(options),
        .chunks = options_has(options, OPTION_CHUNKS),
        .context = (unsigned)options_count(options, OPTION_CONTEXT, 0),
        .freshness = freshness(options),
    };
}

struct grove_discover_request request_discover(const struct options *options,
                                               const struct grove_filter *filter)
{
    return (struct grove_discover_request){
        .filter = *filter,
        .limit = (unsigned)options_count(options, OPTION_LIMIT, 0),
        .depth = (unsigned)options_count(options, OPTION_DEPTH, 0),
        .score_min = filter_score_min(options),
        .cursor = options_text(options, OPTION_CURSOR),
        .explain = wants_explanation(options),
        .chunks = options_has(options, OPTION_CHUNKS),
        .freshness = freshness(options),
    };
}

struct grove_list_request request_list(const struct options *options,
                                       const struct grove_filter *filter)
{
    return (struct grove_list_request){
        .leaves = options_has(options, OPTION_LEAVES),
        .content_types = filter->content_types,
        .content_type_count = filter->content_type_count,
        .document_limit = (unsigned)options_count(options, OPTION_LIMIT, 0),
        .cursor = options_text(options, OPTION_CURSOR),
    };
}

struct grove_attach_request request_attach(const struct options *options)
{
    return (struct grove_attach_request){
        .path = options_text(options, OPTION_PATH),
        .type = options_text(options, OPTION_TYPE),
        .key = options_text(options, OPTION_KEY),
        .title = options_text(options, OPTION_TITLE),
        .text = options_text(options, OPTION_TEXT),
        .created_at = options_text(options, OPTION_CREATED),
        .url = options_text(options, OPTION_URL),
        .metadata = options_text(options, OPTION_METADATA),
        .vector = options_text(options, OPTION_VECTOR),
        .where = options_text(options, OPTION_WHERE),
        .dry_run = options_has(options, OPTION_DRY_RUN),
    };
}

struct grove_detach_request request_detach(const struct options *options)
{
    return (struct grove_detach_request){
        .keep = options_has(options, OPTION_KEEP),
        .dry_run = options_has(options, OPTION_DRY_RUN),
    };
}
