// SPDX-License-Identifier: Apache-2.0
//
// A line of callers before places that are fewer than they: the connections of a pool. Places go to
// who came first; and who is told that too many ask is told so soon.
//
// Whoever owns the places has a mutex, which guards the line, too. With it held: line_wait, then a
// place is taken, then line_go_on, since there may be another one for who came next. Where a place
// came free: line_moved.
//
// A caller who finds no place is refused with GROVE_LIMIT, to be tried later, for one of two
// reasons. At once: those before him are to take twice the time that he has, or twice 10 s. Within
// 100 ms: no place came free so long, and waiting longer makes it no better. (Where places are
// fewer than 16 they come free more seldom: within 1,600 ms divided by their number.)
//
// Else he is let in, and is not refused any more, here or in any other line: what a call has waited
// and worked for is not thrown away (line_admits tells before the work). He waits for his turn as
// long as the call may take. Who is patient is let in from the beginning.
//
// Threads: all functions with the owner's mutex held. Owner: who has the places.
#ifndef GROVE_BASE_LINE_H
#define GROVE_BASE_LINE_H

#include <pthread.h>

#include "base/call.h"

// One wait, on the stack of who waits.
struct turn {
    struct turn *next;
    pthread_cond_t signal; // to the first alone, when there is a place
    int64_t since_us;
};

struct line {
    const char *places_name;   // "connections to PostgreSQL"; a literal
    unsigned places;           // how many there are, taken or not
    unsigned without_call_ms;  // how long is waited for whom no call limits; 0: for ever
    struct turn *first, *last; // who waits
    int64_t moved_us;          // when a place came free last; monotonic
    int64_t paced_us, pace_us; // between two that came free while somebody waited; 0: not known
};

// All zero but for the members above the line of who waits.
void line_init(struct line *line, const char *places_name, unsigned places,
               unsigned without_call_ms);

// Until it is the caller's turn and there is a place, which he takes before he gives up the mutex.
// `call` may be NULL.
enum grove_code line_wait(struct line *line, pthread_mutex_t *mutex, struct call *call,
                          bool (*has_place)(const void *owner), const void *owner,
                          struct grove_error *error) GROVE_MUST_CHECK;

// Before work whose outcome needs a place: GROVE_OK where who came now would be let in, as far as
// can be told; else the refusal, at once. Whoever has worked then sets call->let_in.
enum grove_code line_admits(const struct line *line, const struct call *call,
                            struct grove_error *error) GROVE_MUST_CHECK;

// A place came free, or will never be taken: the first of the line may have it.
void line_moved(struct line *line);

// After line_wait, also where it failed: whoever came next may have another place.
void line_go_on(struct line *line, bool has_place);

#endif
