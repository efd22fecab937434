// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/contents.h: the modules' functions with a handle.
#include "grove/contents.h"

#include "api/handle.h"
#include "api/request.h"
#include "base/alloc.h"
#include "content/export.h"
#include "content/move.h"
#include "content/rechunk.h"
#include "content/remove.h"
#include "query/queries.h"

GROVE_API enum grove_code grove_list(struct grove *grove, const struct grove_list_request *request,
                                     struct grove_listing **ret, struct grove_error *error)
{
    struct grove_list_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, &call, &waiting, error);
    if (code == GROVE_OK)
        code = query_list(&grove->store, &call, &copy, ret, error);
    if (code == GROVE_OK)
        (*ret)->waiting = catch_up_missing(&waiting);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_read_content(struct grove *grove,
                                             const struct grove_read_request *request,
                                             struct grove_content **ret, struct grove_error *error)
{
    struct grove_read_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, &call, &waiting, error);
    if (code == GROVE_OK)
        code = query_content(&grove->store, &call, &copy, ret, error);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_read_document(struct grove *grove,
                                              const struct grove_read_document_request *request,
                                              struct grove_document **ret,
                                              struct grove_error *error)
{
    struct grove_read_document_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, &call, &waiting, error);
    if (code == GROVE_OK)
        code = query_document(&grove->store, &call, &copy, ret, error);
    return handle_failed(grove, &call, code, error);
}

// A report is the caller's where all went well and he wants it.
static enum grove_code give_report(struct grove *grove, struct call *call, enum grove_code code,
                                   void *report, void **ret, struct grove_error *error)
{
    if (code == GROVE_OK && ret)
        *ret = report;
    else
        mem_free(report);
    return handle_failed(grove, call, code, error);
}

GROVE_API enum grove_code grove_export(struct grove *grove,
                                       const struct grove_export_request *request,
                                       struct grove_export_report **ret, struct grove_error *error)
{
    struct grove_export_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    struct grove_export_report *report = mem_zalloc(sizeof *report);
    if (!report)
        return error_no_memory(error, "a report");
    code = handle_enter_to_read(grove, HANDLE_TASK, &copy.limits, &call, &waiting, error);
    if (code == GROVE_OK)
        report->waiting = catch_up_missing(&waiting);
    if (code == GROVE_OK)
        code = export_contents(&grove->store, &call, &copy, report, error);
    return give_report(grove, &call, code, report, (void **)ret, error);
}

GROVE_API enum grove_code grove_remove(struct grove *grove,
                                       const struct grove_remove_request *request,
                                       struct grove_remove_report **ret, struct grove_error *error)
{
    struct grove_remove_request copy;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    struct grove_remove_report *report = mem_zalloc(sizeof *report);
    if (!report)
        return error_no_memory(error, "a report");
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = remove_contents(&grove->store, &call, &copy, report, error);
    return give_report(grove, &call, code, report, (void **)ret, error);
}

GROVE_API enum grove_code grove_move(struct grove *grove, const struct grove_move_request *request,
                                     struct grove_move_report **ret, struct grove_error *error)
{
    struct grove_move_request copy;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    struct grove_move_report *report = mem_zalloc(sizeof *report);
    if (!report)
        return error_no_memory(error, "a report");
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = move_contents(&grove->store, &call, &copy, report, error);
    return give_report(grove, &call, code, report, (void **)ret, error);
}

GROVE_API enum grove_code grove_rechunk_sized(size_t size_bytes, struct grove *grove,
                                              const struct grove_rechunk_request *request,
                                              struct grove_rechunk_report *ret,
                                              struct grove_error *error)
{
    struct grove_rechunk_request copy;
    struct grove_rechunk_report report = {0};
    struct call call;
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = rechunk_contents(&grove->store, &call, &copy, &report, error);
    report_give(ret, size_bytes, &report, sizeof report);
    return handle_failed(grove, &call, code, error);
}
