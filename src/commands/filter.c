// SPDX-License-Identifier: Apache-2.0
#include "commands/filter.h"

#include <float.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

static enum grove_code take_time(const struct options *options, enum option_id id, int64_t *ret_us,
                                 struct grove_error *error)
{
    const struct option_value *value = options_find(options, id);
    if (!value)
        return GROVE_OK;
    if (value->relative && options_has(options, OPTION_CURSOR)) {
        char time[CLOCK_RFC3339_SIZE];
        clock_format_rfc3339(value->number, time);
        error_set(error, GROVE_INVALID, "%s %s with %scursor would be another query",
                  option_label(value->option, options->mark).text, value->text, options->mark);
        error_hint(error,
                   "%s moves with the clock: give the time of the first page (now it would "
                   "be %s); the line \"next page\" has it",
                   value->text, time);
        return GROVE_INVALID;
    }
    *ret_us = value->number ? value->number : GROVE_1970;
    return GROVE_OK;
}

static int64_t moment(int64_t bound_us)
{
    return bound_us == GROVE_1970 ? 0 : bound_us;
}

static enum grove_code check_bounds(const struct grove_filter *filter, const char *mark,
                                    struct grove_error *error)
{
    const char dash = *mark ? '-' : '_';
    int64_t since_us = moment(filter->created_since_us);
    int64_t until_us = moment(filter->created_until_us);
    if (filter->created_since_us && filter->created_until_us && since_us >= until_us) {
        error_set(error, GROVE_INVALID, "%ssince is not before %suntil: nothing can match", mark,
                  mark);
        error_hint(error,
                   "exchange the two, or leave one out; \"--since 90d --until 30d\" is what is "
                   "30 to 90 days old");
        return GROVE_INVALID;
    }
    if (filter->words_min && filter->words_max && filter->words_min > filter->words_max) {
        error_set(error, GROVE_INVALID,
                  "%smin%cwords %lld is above %smax%cwords %lld: nothing can match", mark, dash,
                  (long long)filter->words_min, mark, dash, (long long)filter->words_max);
        error_hint(error, "exchange the two, or leave one out");
        return GROVE_INVALID;
    }
    return GROVE_OK;
}

// A number, true, false, null or a string in quotes is what it is in JSON; all else is a string.
static bool is_json_value(const char *text)
{
    yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)text, strlen(text),
                                            YYJSON_READ_NUMBER_AS_RAW, json_allocator(), NULL);
    bool is_value = document && !yyjson_is_ctn(yyjson_doc_get_root(document));
    yyjson_doc_free(document);
    return is_value;
}

static enum grove_code add_metadata(const struct options *options, const struct option_value *value,
                                    struct strbuf *object, struct grove_error *error)
{
    const char *equals = strchr(value->text, '=');
    if (!equals || equals == value->text) {
        error_set(error, GROVE_INVALID, "%s %.100s: a key, \"=\" and a value are wanted",
                  option_label(value->option, options->mark).text, value->text);
        error_hint(error, "author=Ada for a string, year=1843 for a number, 'year=\"1843\"' for a "
                          "string of digits");
        return GROVE_INVALID;
    }
    strbuf_add_char(object, object->length == 0 ? '{' : ',');
    json_add_string(object, (struct text){value->text, (size_t)(equals - value->text)});
    strbuf_add_char(object, ':');
    if (is_json_value(equals + 1))
        strbuf_add(object, equals + 1);
    else
        json_add_string(object, text_of(equals + 1));
    return GROVE_OK;
}

static enum grove_code take_metadata(const struct options *options, struct filter_values *ret,
                                     struct grove_error *error)
{
    struct strbuf object;
    enum grove_code code = GROVE_OK;
    strbuf_init(&object, FILTER_METADATA_SIZE);
    for (size_t i = 0; code == GROVE_OK && i < options->count; i++)
        if (options->values[i].option->id == OPTION_META)
            code = add_metadata(options, &options->values[i], &object, error);
    if (object.length > 0)
        strbuf_add_char(&object, '}');
    if (code == GROVE_OK && object.failed)
        code = error_set(error, GROVE_LIMIT, "%smeta: more than %d bytes in all", options->mark,
                         FILTER_METADATA_SIZE - 1);
    if (code == GROVE_OK && object.length > 0) {
        memcpy(ret->metadata_text, object.data, object.length + 1);
        ret->metadata = ret->metadata_text;
    }
    strbuf_release(&object);
    return code;
}

enum grove_code filter_read(const struct options *options, struct filter_values *ret,
                            struct grove_error *error)
{
    ret->metadata = NULL;
    ret->filter = (struct grove_filter){
        .path = options_text(options, OPTION_PATH),
        .words_min = options_count(options, OPTION_MIN_WORDS, 0),
        .words_max = options_count(options, OPTION_MAX_WORDS, 0),
    };
    for (size_t i = 0; i < options->count; i++)
        if (options->values[i].option->id == OPTION_TYPE)
            ret->types[ret->filter.content_type_count++] = options->values[i].text;
    if (ret->filter.content_type_count > 0)
        ret->filter.content_types = ret->types;
    enum grove_code code = take_time(options, OPTION_SINCE, &ret->filter.created_since_us, error);
    if (code == GROVE_OK)
        code = take_time(options, OPTION_UNTIL, &ret->filter.created_until_us, error);
    if (code == GROVE_OK)
        code = check_bounds(&ret->filter, options->mark, error);
    return code == GROVE_OK ? take_metadata(options, ret, error) : code;
}

// In a request 0 means "no bound"; the number next to it keeps the same rows that 0 would.
double filter_score_min(const struct options *options)
{
    const struct option_value *value = options_find(options, OPTION_MIN_SCORE);
    if (!value)
        return 0;
    return value->real != 0 ? value->real : -DBL_MIN;
}
