// SPDX-License-Identifier: Apache-2.0
//
// One call of the library on its way down: until when it may take, who may end it, what it cost.
// It goes through every layer as an arena does; whatever waits, waits no longer than the call may.
//
//     struct call call;
//     call_init(&call);
//     call_within(&call, 2000);              // milliseconds; narrows, never widens
//     call_obey(&call, &stopping);           // ends with what it belongs to
//     code = call_check(&call, error);       // GROVE_OK, GROVE_CANCELLED or GROVE_TIMEOUT
//     int slice_ms = (int)call_slice_ms(&call); // for poll(2), in a loop
//     call_beat(&call);                      // long work has come another part further
//
// A function that takes a call takes NULL, too: no deadline, cancelled by nobody. That is for tests
// and for what must be finished; in the library every public function makes a call.
//
// What cannot be interrupted at once looks at its call at least every CALL_SLICE_MS; what was begun
// and must be finished gets a call of its own.
//
// Threads: flags may be raised by any thread and by signal handlers. All else of a call belongs to
// one thread; who hands work to other threads gives each a copy, and adds up what they counted.
#ifndef GROVE_BASE_CALL_H
#define GROVE_BASE_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

enum {
    CALL_SLICE_MS = 50, // a cancelled call ends about so soon
    CALL_FLAGS_MAX = 4,
};
#define CALL_FOREVER INT64_MAX

struct call {
    int64_t deadline_us; // monotonic, or CALL_FOREVER
    unsigned limit_ms;   // what the deadline was made of, for messages
    // Raised: the call is cancelled.
    const atomic_bool *flags[CALL_FLAGS_MAX];
    unsigned flag_count;
    // Cancels what began before it changed, and nothing that begins later. May be NULL.
    const atomic_uint *round;
    unsigned round_at_start;
    bool patient; // waits for what others have as long as it may
    // Written by base/line.h: it had a place, or is to have one, and is not refused any more; its
    // time was over while it waited for one.
    bool let_in, ended_in_line;
    // Told by long work, in the call's own thread, that it gets on; NULL: nobody listens.
    void (*on_beat)(void *state);
    void *beat_state;
    // What the call has cost so far.
    struct call_counters {
        unsigned statements; // round trips to PostgreSQL
        unsigned requests;   // to the vector engine
        int64_t waited_us;   // for a connection that others had
    } counters;
};

// Without a deadline, cancelled by nobody.
void call_init(struct call *call);

// At most so many milliseconds from now; 0: no other limit than it has. A longer one than it has
// changes nothing.
void call_within(struct call *call, unsigned milliseconds);

// The flag lives at least as long as the call. At most CALL_FLAGS_MAX. NULL is fine.
void call_obey(struct call *call, const atomic_bool *flag);

// Everything under way is cancelled when the number changes.
void call_obey_round(struct call *call, const atomic_uint *round);

bool call_is_cancelled(const struct call *call);

// GROVE_OK while it may go on; else GROVE_CANCELLED, or GROVE_TIMEOUT with the limit in words.
enum grove_code call_check(const struct call *call, struct grove_error *error) GROVE_MUST_CHECK;

// Until the deadline, at most `most_ms`, rounded up; 0: it is over, or was cancelled.
unsigned call_left_ms(const struct call *call, unsigned most_ms) GROVE_MUST_CHECK;

// The same for one wait in a loop that looks at the call before each.
unsigned call_slice_ms(const struct call *call) GROVE_MUST_CHECK;

// Sleeps so long, or until the call is over. False in the latter case.
bool call_pause(const struct call *call, unsigned milliseconds);

// Work that may take minutes says that another part of it is done. It holds nothing then that the
// listener could need.
void call_beat(const struct call *call);

// A copy for another thread, which has counted nothing yet, and whose beats nobody hears. NULL: one
// without limits.
struct call call_part(const struct call *call);

// A patient one that nobody cancels, and that may take so much longer: for what was begun and is to
// be finished. NULL: one without limits.
struct call call_after(const struct call *call, unsigned milliseconds);

// The counters of such a copy.
void call_add_counters(struct call *call, const struct call *part);

#endif
