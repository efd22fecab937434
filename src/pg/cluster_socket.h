// SPDX-License-Identifier: Apache-2.0
//
// A private PostgreSQL that runs and whose socket is not at its place. Nobody reaches it, and it
// never makes its socket again; so nobody can ask it anything. What there is to know of it the
// kernel tells.
//
// Threads: any.
#ifndef GROVE_PG_CLUSTER_SOCKET_H
#define GROVE_PG_CLUSTER_SOCKET_H

#include "home/service.h"

// Ends the server, so that the next start makes the socket again. To sessions that are idle this
// is what any restart is to them. GROVE_UNAVAILABLE where one is at work, after a moment. GROVE_OK,
// and nothing is ended, where the server itself does see its socket: then it is hidden from this
// process only (PrivateTmp of systemd, a mount of a container), and others use it. The caller has
// the home's lock.
enum grove_code cluster_end_cut_off(const struct service *service, const struct process *postmaster,
                                    const char *socket, const struct call *call,
                                    struct grove_error *error);

#endif
