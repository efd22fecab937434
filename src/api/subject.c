// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/subject.h: the module's functions with a handle.
#include "subject/subject.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "api/handle.h"
#include "api/request.h"
#include "base/alloc.h"

typedef enum grove_code change_function(struct store *store, struct call *call,
                                        const struct grove_subject_request *request,
                                        struct subject_report *ret, struct grove_error *error);

static enum grove_code make_change(struct grove *grove, const struct grove_subject_request *request,
                                   change_function *make, struct subject_report *ret,
                                   struct grove_error *error)
{
    struct call call;
    enum grove_code code = handle_enter(grove, HANDLE_TASK, &request->limits, &call, error);
    // A sample is loaded when its rows are searchable.
    if (code == GROVE_OK && request->sample && !request->dry_run)
        code = projector_prepare(&grove->store, &call, error);
    if (code == GROVE_OK)
        code = make(&grove->store, &call, request, ret, error);
    return handle_failed(grove, &call, code, error);
}

static enum grove_code change(struct grove *grove, const struct grove_subject_request *request,
                              change_function *make, struct grove_subject_report **ret,
                              struct grove_error *error)
{
    struct grove_subject_request copy;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    static_assert(offsetof(struct subject_report, report) == 0, "given back as the block it is");
    struct subject_report *report = mem_zalloc(sizeof *report);
    if (!report)
        return error_no_memory(error, "a report");
    code = make_change(grove, &copy, make, report, error);
    if (code == GROVE_OK && ret)
        *ret = &report->report;
    else
        mem_free(report);
    return code;
}

GROVE_API enum grove_code grove_add_subject(struct grove *grove,
                                            const struct grove_subject_request *request,
                                            struct grove_subject_report **ret,
                                            struct grove_error *error)
{
    return change(grove, request, subject_add, ret, error);
}

GROVE_API enum grove_code grove_remove_subject(struct grove *grove,
                                               const struct grove_subject_request *request,
                                               struct grove_subject_report **ret,
                                               struct grove_error *error)
{
    return change(grove, request, subject_remove, ret, error);
}

GROVE_API enum grove_code grove_rename_subject(struct grove *grove,
                                               const struct grove_subject_request *request,
                                               struct grove_subject_report **ret,
                                               struct grove_error *error)
{
    return change(grove, request, subject_rename, ret, error);
}

// Keeps the one of that name. False: there is none.
static bool choose(struct grove_subjects *all, const char *name)
{
    size_t i = 0;
    while (i < all->count && strcmp(all->items[i].name, name) != 0)
        i++;
    bool found = i < all->count;
    all->items += found ? i : 0;
    all->count = found;
    return found;
}

GROVE_API enum grove_code grove_list_subjects(struct grove *grove, const char *name,
                                              struct grove_subjects **ret,
                                              struct grove_error *error)
{
    struct call call;
    struct grove_subjects *all = NULL;
    enum grove_code code = handle_enter(grove, HANDLE_QUERY, NULL, &call, error);
    if (code == GROVE_OK)
        code = subject_list(&grove->store, &call, &all, error);
    if (code != GROVE_OK)
        return handle_failed(grove, &call, code, error);
    if (!name || choose(all, name)) {
        *ret = all;
        return GROVE_OK;
    }
    mem_free(all);
    error_set(error, GROVE_NOT_FOUND, "there is no subject \"%.200s\"", name);
    error_hint(error, "grove subject list shows those there are");
    return GROVE_NOT_FOUND;
}

GROVE_API enum grove_code
grove_validate_subject(struct grove *grove, const char *name,
                       void (*on_finding)(void *state, const struct grove_finding *finding),
                       void *state, struct grove_error *error)
{
    struct call call;
    enum grove_code code = handle_enter(grove, HANDLE_TASK, NULL, &call, error);
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
