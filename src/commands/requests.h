// SPDX-License-Identifier: Apache-2.0
//
// Requests of the library, made of a command's options. What stands in the place of operands, the
// text of a search say, is added by who has it.
//
//     struct grove_search_request request = request_search(&options, &values.filter);
//     request.text = text;
//
// What is pointed to is borrowed from the options and the filter. Threads: any.
#ifndef GROVE_COMMANDS_REQUESTS_H
#define GROVE_COMMANDS_REQUESTS_H

#include "commands/values.h"
#include "grove/attach.h"
#include "grove/contents.h"
#include "grove/grove.h"

struct grove_browse_request request_browse(const struct options *options,
                                           const struct grove_filter *filter);
struct grove_search_request request_search(const struct options *options,
                                           const struct grove_filter *filter);
struct grove_discover_request request_discover(const struct options *options,
                                               const struct grove_filter *filter);
struct grove_list_request request_list(const struct options *options,
                                       const struct grove_filter *filter);
struct grove_attach_request request_attach(const struct options *options);
struct grove_detach_request request_detach(const struct options *options);

#endif
