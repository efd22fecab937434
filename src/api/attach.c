// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/attach.h: the module's functions with a handle.
#include "attach/attach.h"

#include "api/handle.h"
#include "api/request.h"
#include "base/alloc.h"

GROVE_API enum grove_code grove_attach(struct grove *grove,
                                       const struct grove_attach_request *request,
                                       struct grove_attach_report **ret, struct grove_error *error)
{
    struct grove_attach_request copy;
    struct grove_attach_report *report = NULL;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    // What is read is searchable when this ends: the collection is there before it begins.
    if (code == GROVE_OK && !copy.dry_run)
        code = projector_prepare(&grove->store, &call, error);
    if (code == GROVE_OK)
        code = attach_table(&grove->store, &call, &copy, &report, error);
    if (code == GROVE_OK && ret)
        *ret = report;
    else
        mem_free(report);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_list_attachments(struct grove *grove,
                                                 const struct grove_limits *limits,
                                                 struct grove_attachments **ret,
                                                 struct grove_error *error)
{
    struct call call;
    enum grove_code code = handle_enter(grove, HANDLE_QUERY, limits, &call, error);
    if (code == GROVE_OK)
        code = attach_list(&grove->store, &call, ret, error);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_detach(struct grove *grove,
                                       const struct grove_detach_request *request,
                                       struct grove_detach_report **ret, struct grove_error *error)
{
    struct grove_detach_request copy;
    struct grove_detach_report *report = NULL;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = detach_table(&grove->store, &call, &copy, &report, error);
    if (code == GROVE_OK && ret)
        *ret = report;
    else
        mem_free(report);
    return handle_failed(grove, &call, code, error);
}
