// SPDX-License-Identifier: Apache-2.0
//
// Whether a server is asked at all. One that does not answer costs each who asks it the whole of
// his limit; so one that is known not to answer is asked by nobody, but tried every now and then.
//
//               failed too often, or kept
//               us too long, in a row
//     ┌────────┐ breaker_failed       ┌──────┐ its pause is over   ┌────────┐
//     │ closed ├─────────────────────►│ open ├────────────────────►│ trying │
//     └────────┘                      └──────┘ breaker_ask         └───┬────┘
//         ▲                               ▲  in vain                   │
//         │                               └────────────────────────────┤ breaker_tried
//         └────────────────────────────────────────────────────────────┘
//           it answered; breaker_answered does so from any state, and so does breaker_tried for a
//           trial that was answered late
//
//     switch (breaker_ask(&breaker, now_us)) {
//     case BREAKER_PASS: break;                    // ask it, and tell what came of it
//     case BREAKER_TRY: answers = try_it(); break; // nobody else does; then breaker_tried
//     case BREAKER_REFUSE: break;                  // it is out
//     }
//
// A trial costs whoever makes it a moment, so pauses are short, and a server that is well again is
// used again within a second. They grow where it answers trials and nothing else: each time one is
// believed, somebody waits for the whole of his limit.
//
// A state machine and nothing else: it reads no clock and takes no lock. All zero is closed.
#ifndef GROVE_VECTOR_BREAKER_H
#define GROVE_VECTOR_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BREAKER_FAILURES_MAX = 3, // in a row, and it opens
    // that failures in a row cost together, and it opens: less than the 2 s for which a connection
    // is waited for, which the clock may call 1999 ms
    BREAKER_SILENT_MS = 1900,
    BREAKER_PAUSE_MS = 300,      // before each trial; doubled after each that meant nothing
    BREAKER_PAUSE_MS_MAX = 2000, // up to half as much again is added by chance
    BREAKER_TRIAL_MS = 600,      // whoever tries and tells nothing for so long is gone
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_TRYING };
enum breaker_word { BREAKER_PASS, BREAKER_TRY, BREAKER_REFUSE };

struct breaker {
    enum breaker_state state;
    unsigned failures;   // in a row, while closed
    unsigned silent_ms;  // that they cost together
    unsigned relapses;   // trials that were answered, since a request last was
    unsigned vain;       // trials that were not, since it opened
    int64_t answered_us; // when that was; 0: never
    int64_t since_us;    // not closed: since when
    int64_t next_us;     // open: when it may be tried; trying: when whoever does is gone
};

enum breaker_word breaker_ask(struct breaker *breaker, int64_t now_us);

// A request was answered, whatever it says.
void breaker_answered(struct breaker *breaker, int64_t now_us);

// A request that began then was not answered. It says nothing where another was answered since, nor
// where it is known. `chance` is any number.
void breaker_failed(struct breaker *breaker, int64_t began_us, int64_t now_us, unsigned chance);

// What came of a trial. One that answered closes it, and its next failure opens it for a longer
// pause: a server may answer a trial and nothing else.
void breaker_tried(struct breaker *breaker, bool answered, int64_t now_us, unsigned chance);

// Milliseconds until it may be tried; 0 where it is closed, or may be now.
unsigned breaker_wait_ms(const struct breaker *breaker, int64_t now_us);

// NULL where it is whole; else the first rule that is broken, in words.
const char *breaker_check(const struct breaker *breaker);

#endif
