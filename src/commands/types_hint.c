// SPDX-License-Identifier: Apache-2.0
#include "commands/types_hint.h"

#include "api/limited.h"
#include "base/alloc.h"
#include "base/nearest.h"

enum { TYPES_SHOWN = 5 };

static bool is_there(const struct grove_types *types, const char *type)
{
    for (size_t i = 0; i < types->count; i++)
        if (strcmp(types->names[i], type) == 0)
            return true;
    return false;
}

// Near names where there are any, else what there is. `names` is put into another order.
static void add_one(struct strbuf *hint, const char *type, struct text *names, size_t count)
{
    strbuf_addf(hint, "%sno content has the type \"%s\"", hint->length ? "; " : "", type);
    struct text near = options_suggest(type, names, count);
    if (near.data) {
        strbuf_addf(hint, "; did you mean \"%.*s\"?", TEXT_ARGS(near));
        return;
    }
    nearest_sort(text_of(type), names, count);
    strbuf_add(hint, count == 1 ? "; there is " : "; there are ");
    for (size_t i = 0; i < count && i < TYPES_SHOWN; i++)
        strbuf_addf(hint, "%s%.*s", i > 0 ? ", " : "", TEXT_ARGS(names[i]));
    if (count > TYPES_SHOWN)
        strbuf_addf(hint, " and %zu more", count - TYPES_SHOWN);
}

void types_hint_add(struct grove *grove, const struct grove_limits *limits,
                    const struct options *options, struct strbuf *hint)
{
    struct grove_types *types = NULL;
    struct grove_error unused;
    if (!options_has(options, OPTION_TYPE) ||
        types_list(grove, limits, &types, &unused) != GROVE_OK)
        return;
    struct text *names = mem_alloc_array(types->count + 1, sizeof *names);
    for (size_t i = 0; names && i < types->count; i++)
        names[i] = text_of(types->names[i]);
    // Without any contents that is what is told, elsewhere.
    for (size_t i = 0; names && types->count > 0 && i < options->count; i++)
        if (options->values[i].option->id == OPTION_TYPE &&
            !is_there(types, options->values[i].text))
            add_one(hint, options->values[i].text, names, types->count);
    mem_free(names);
    grove_free(types);
}
