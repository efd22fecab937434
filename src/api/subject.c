// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/subject.h: the module's functions with a handle.
#include "subject/subject.h"

#include <string.h>

#include "api/handle.h"
#include "api/request.h"
#include "base/alloc.h"

typedef enum grove_code change_function(struct store *store, struct call *call,
                                        const struct grove_subject_request *request,
                                        struct grove_subject_report *ret,
                                        struct grove_error *error);

static enum grove_code change(struct grove *grove, const struct grove_subject_request *request,
                              change_function *make, struct grove_subject_report *ret,
                              struct grove_error *error)
{
    struct grove_subject_request copy;
    struct grove_subject_report unused;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    handle_begin(grove, HANDLE_TASK, &copy.limits, &call);
    code = handle_ready(grove, &call, error);
    // A sample is loaded when its rows are searchable.
    if (code == GROVE_OK && copy.sample && !copy.dry_run)
        code = projector_prepare(&grove->store, &call, error);
    if (code == GROVE_OK)
        code = make(&grove->store, &call, &copy, ret ? ret : &unused, error);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_add_subject(struct grove *grove,
                                            const struct grove_subject_request *request,
                                            struct grove_subject_report *ret,
                                            struct grove_error *error)
{
    return change(grove, request, subject_add, ret, error);
}

GROVE_API enum grove_code grove_remove_subject(struct grove *grove,
                                               const struct grove_subject_request *request,
                                               struct grove_subject_report *ret,
                                               struct grove_error *error)
{
    return change(grove, request, subject_remove, ret, error);
}

GROVE_API enum grove_code grove_rename_subject(struct grove *grove,
                                               const struct grove_subject_request *request,
                                               struct grove_subject_report *ret,
                                               struct grove_error *error)
{
    return change(grove, request, subject_rename, ret, error);
}

GROVE_API enum grove_code grove_list_subjects(struct grove *grove, struct grove_subjects **ret,
                                              struct grove_error *error)
{
    struct call call;
    handle_begin(grove, HANDLE_QUERY, NULL, &call);
    enum grove_code code = handle_ready(grove, &call, error);
    if (code == GROVE_OK)
        code = subject_list(&grove->store, &call, ret, error);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_get_subject(struct grove *grove, const char *name,
                                            struct grove_subject *ret, struct grove_error *error)
{
    struct grove_subjects *all = NULL;
    enum grove_code code = grove_list_subjects(grove, &all, error);
    if (code != GROVE_OK)
        return code;
    size_t i = 0;
    while (i < all->count && strcmp(all->items[i].name, name) != 0)
        i++;
    if (i < all->count)
        *ret = all->items[i];
    else
        code = error_set(error, GROVE_NOT_FOUND, "there is no subject \"%.200s\"", name);
    if (code != GROVE_OK)
        error_hint(error, "grove subject list shows those there are");
    mem_free(all);
    return code;
}

GROVE_API enum grove_code
grove_validate_subject(struct grove *grove, const char *name,
                       void (*on_finding)(void *state, const struct grove_finding *finding),
                       void *state, struct grove_error *error)
{
    struct call call;
    handle_begin(grove, HANDLE_TASK, NULL, &call);
    enum grove_code code = handle_ready(grove, &call, error);
    if (code == GROVE_OK)
        code = subject_validate(&grove->store, &call, name, on_finding, state, error);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_write_subject_script(enum grove_subject_script script,
                                                     const char *name, char **ret,
                                                     struct grove_error *error)
{
    return subject_script(script, name, ret, error);
}
