// SPDX-License-Identifier: Apache-2.0
//
// Who may ask a server: a breaker (vector/breaker.h) with its clock and its lock, which all threads
// of a client share; and, where it has a file, all processes that know the file.
//
//     struct gate gate;
//     gate_init(&gate, "/home/me/.local/share/grove/engine.out",
//               "http://127.0.0.1:6333", true);
//     enum breaker_word word = gate_ask(&gate);
//     gate_failed(&gate, began_us, "it did not answer in time", true);
//     gate_release(&gate);
//
// The file has places for 64 servers, eight of them for any one; where others have all eight, the
// oldest news gives way. Each holds when its server went out, why, and when it is tried again;
// before that, how many requests were not answered, of whatever process: each command may be given
// too little time to find out alone. What it says is checked, and a file that cannot be read,
// written or made is done without: then each process finds out by itself.
#ifndef GROVE_VECTOR_GATE_H
#define GROVE_VECTOR_GATE_H

#include <pthread.h>

#include "home/process.h"
#include "vector/breaker.h"
#include "vector/engine.h"

enum { GATE_SERVERS_MAX = 64 }; // of a file

struct gate {
    pthread_mutex_t mutex; // guards what follows
    struct breaker breaker;
    char reason[VECTOR_OUTAGE_REASON_SIZE];
    int file;        // -1: none
    uint64_t server; // a hash of its name
    unsigned place;  // the server's in the file, as it was last found
    bool may_write;
    // While the server is well the file is read no more often: requests are many.
    int64_t read_every_us, read_us;
    int64_t failed_us; // when a request was not answered; 0: never, or one was since
    unsigned usual_ms; // the least that an answer over a new connection took; 0: not known
    char boot[PROCESS_BOOT_SIZE];
};

// `path` NULL: no file. It is made only where `may_write`. `server`: the name by which the others
// know the same one, as its URL.
void gate_init(struct gate *gate, const char *path, const char *server, bool may_write);
void gate_release(struct gate *gate);

// BREAKER_TRY: to this caller alone, who tells with gate_tried what came of it.
enum breaker_word gate_ask(struct gate *gate);
void gate_tried(struct gate *gate, bool answered);
// How long a trial is waited for: as long as the server needs when it is well, and now and then so
// long that one that has become slower is found to be well, too.
unsigned gate_trial_ms(struct gate *gate);

// `first_us`: how long that took, where a connection was made for it; else 0.
void gate_answered(struct gate *gate, int64_t first_us);
// `reason`: what it did instead, of it: "it did not answer in time".
// `of_all`: failures in a row are counted of all processes, else of this one alone: whoever cannot
// start a server hears why from his own start.
void gate_failed(struct gate *gate, int64_t began_us, const char *reason, bool of_all);

// Whether the server is out by now.
bool gate_is_out(struct gate *gate);

void gate_look(struct gate *gate, struct vector_outage *ret);

#endif
