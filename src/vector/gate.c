// SPDX-License-Identifier: Apache-2.0
#include "vector/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"

enum {
    RECORD_MAGIC = 0x67726f76,
    RECORD_VERSION = 5,
    READ_EVERY_US = 20000,
    HELD_MS_MAX = 2 * BREAKER_TRIAL_MS,
    PROBES = 8, // places that a server may have
    // No breaker plans further ahead: what does is of another boot.
    AHEAD_MS_MAX = BREAKER_TRIAL_MS + 2 * BREAKER_PAUSE_MS_MAX,
    IN_A_ROW_MS = 30000, // failures of several processes that are further apart are not in a row
    // How long a trial is waited for. Three times what one needs that is well; and every eighth in
    // vain as long as one may that nobody else may begin meanwhile.
    TRIAL_MS_LEAST = 50,
    TRIAL_MS_MOST = 500,
    TRIALS_SHORT = 7,
};

// What the file holds of a server: written and read whole.
struct record {
    uint32_t magic, version;
    uint64_t server;
    char boot[PROCESS_BOOT_SIZE]; // times are of it
    uint32_t usual_ms, vain;
    uint32_t state, relapses;
    uint32_t failures, silent_ms;         // while it is closed
    int64_t since_us, next_us, failed_us; // monotonic
    char reason[VECTOR_OUTAGE_REASON_SIZE];
    uint64_t sum; // of all before; last
};

// FNV-1a.
static uint64_t hash(const void *data, size_t size_bytes)
{
    const unsigned char *bytes = data;
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

static uint64_t sum_of(const struct record *record)
{
    return hash(record, offsetof(struct record, sum));
}

static unsigned chance_at(int64_t now_us)
{
    uint64_t mixed = (uint64_t)now_us * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 40;
    return (unsigned)(mixed >> 33);
}

// --- the file ------------------------------------------------------------------------------------

static off_t offset_of(unsigned place)
{
    return (off_t)(place * sizeof(struct record));
}

// Half a record is none.
static bool read_place(const struct gate *gate, unsigned place, struct record *ret)
{
    return pread(gate->file, ret, sizeof *ret, offset_of(place)) == sizeof *ret &&
           ret->magic == RECORD_MAGIC && ret->version == RECORD_VERSION &&
           ret->sum == sum_of(ret) && ret->state <= BREAKER_TRYING;
}

// When it last was news that the server did not answer: 0 of one that is well, or of another boot.
static int64_t news_us(const struct gate *gate, const struct record *record)
{
    if (memcmp(record->boot, gate->boot, sizeof record->boot) != 0)
        return 0;
    return record->since_us > record->failed_us ? record->since_us : record->failed_us;
}

// The server's place, from the one on that its hash says: linear probing, as two servers of a home
// may hash alike. Without one it is given the first that is free, else that of the oldest news.
static bool find_record(struct gate *gate, struct record *ret)
{
    int64_t oldest_us = INT64_MAX;
    unsigned oldest = 0;
    for (unsigned i = 0; i < PROBES; i++) {
        unsigned place = (unsigned)((gate->server + i) % GATE_SERVERS_MAX);
        bool taken = read_place(gate, place, ret);
        if (taken && ret->server == gate->server) {
            gate->place = place;
            return true;
        }
        int64_t us = taken ? news_us(gate, ret) : -1;
        if (us < oldest_us) {
            oldest_us = us;
            oldest = place;
        }
    }
    gate->place = oldest;
    return false;
}

static bool is_of_now(const struct record *record, int64_t now_us)
{
    return record->since_us > 0 && record->since_us <= now_us &&
           record->next_us >= record->since_us &&
           record->next_us <= now_us + (int64_t)AHEAD_MS_MAX * 1000;
}

// How many requests in a row were not answered: by now, of all processes. What we had counted was
// written: where nothing stands there any more, somebody else was answered.
static void read_failures(struct gate *gate, const struct record *record, int64_t now_us)
{
    struct breaker *breaker = &gate->breaker;
    bool none = record->failures == 0;
    if (none && gate->failed_us == 0) // ours are of this process alone
        return;
    if (!none &&
        (record->failures >= BREAKER_FAILURES_MAX || record->silent_ms >= BREAKER_SILENT_MS ||
         record->failed_us > now_us || record->failed_us < breaker->answered_us ||
         now_us - record->failed_us > (int64_t)IN_A_ROW_MS * 1000))
        return;
    breaker->failures = record->failures;
    breaker->silent_ms = none ? 0 : record->silent_ms;
    gate->failed_us = none ? 0 : record->failed_us;
}

// What another process says. What is of another boot says nothing.
static void read_record(struct gate *gate, int64_t now_us)
{
    struct record record;
    gate->read_us = now_us;
    if (gate->file < 0 || !find_record(gate, &record))
        return;
    struct breaker *breaker = &gate->breaker;
    gate->usual_ms = record.usual_ms;
    if (memcmp(record.boot, gate->boot, sizeof record.boot) != 0)
        return;
    if (record.state == BREAKER_CLOSED) {
        if (breaker->state != BREAKER_CLOSED)
            *breaker =
                (struct breaker){.relapses = record.relapses, .answered_us = breaker->answered_us};
        read_failures(gate, &record, now_us);
        return;
    }
    if (!is_of_now(&record, now_us))
        return;
    breaker->state = (enum breaker_state)record.state;
    breaker->relapses = record.relapses;
    breaker->vain = record.vain;
    breaker->since_us = record.since_us;
    breaker->next_us = record.next_us;
    memcpy(gate->reason, record.reason, sizeof gate->reason);
    gate->reason[sizeof gate->reason - 1] = '\0';
}

static void read_now_and_then(struct gate *gate, int64_t now_us)
{
    if (gate->breaker.state != BREAKER_CLOSED || now_us - gate->read_us >= gate->read_every_us)
        read_record(gate, now_us);
}

static void write_record(struct gate *gate)
{
    if (gate->file < 0 || !gate->may_write)
        return;
    struct record record;
    (void)find_record(gate, &record);  // somebody may have taken the place since
    memset(&record, 0, sizeof record); // its gaps, too, are summed
    record.magic = RECORD_MAGIC;
    record.version = RECORD_VERSION;
    record.server = gate->server;
    memcpy(record.boot, gate->boot, sizeof record.boot);
    record.usual_ms = gate->usual_ms;
    record.vain = gate->breaker.vain;
    record.state = gate->breaker.state;
    record.relapses = gate->breaker.relapses;
    record.failures = gate->breaker.failures;
    record.silent_ms = gate->breaker.silent_ms;
    record.failed_us = gate->failed_us;
    record.since_us = gate->breaker.since_us;
    record.next_us = gate->breaker.next_us;
    snprintf(record.reason, sizeof record.reason, "%s", gate->reason);
    record.sum = sum_of(&record);
    if (file_put(gate->file, &record, sizeof record, offset_of(gate->place)) != sizeof record)
        file_close_descriptor(&gate->file); // a full disk: this process goes on by itself
}

// One process at a time changes it. Nobody waits: the holder may have been stopped. One that has it
// long after the next trial was due is passed over, and a file system without locks is as if free.
static bool lock_record(struct gate *gate, int64_t now_us)
{
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = offset_of(gate->place),
                         .l_len = sizeof(struct record)};
    if (gate->file < 0 || !gate->may_write || fcntl(gate->file, F_OFD_SETLK, &lock) == 0)
        return true;
    return (errno != EAGAIN && errno != EACCES) ||
           now_us - gate->breaker.next_us > (int64_t)HELD_MS_MAX * 1000;
}

// Whatever of the file is locked: the place may be another by now.
static void unlock_records(struct gate *gate)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    if (gate->file >= 0 && gate->may_write)
        (void)fcntl(gate->file, F_OFD_SETLK, &lock);
}

void gate_init(struct gate *gate, const char *path, const char *server, bool may_write)
{
    *gate = (struct gate){.file = -1,
                          .server = hash(server, strlen(server)),
                          .may_write = may_write,
                          .read_every_us = READ_EVERY_US};
    process_read_boot(gate->boot);
    pthread_mutex_init(&gate->mutex, NULL);
    if (path)
        gate->file = descriptor_open(
            path, (may_write ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK, 0600);
}

void gate_release(struct gate *gate)
{
    file_close_descriptor(&gate->file);
    pthread_mutex_destroy(&gate->mutex);
}

// --- asking --------------------------------------------------------------------------------------

enum breaker_word gate_ask(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    int64_t now_us = clock_monotonic_us();
    read_now_and_then(gate, now_us);
    enum breaker_word word = BREAKER_PASS;
    if (gate->breaker.state != BREAKER_CLOSED) {
        word = BREAKER_REFUSE;
        if (lock_record(gate, now_us)) {
            read_record(gate, now_us);
            word = breaker_ask(&gate->breaker, now_us);
            if (word == BREAKER_TRY)
                write_record(gate);
            unlock_records(gate);
        }
    }
    pthread_mutex_unlock(&gate->mutex);
    return word;
}

void gate_tried(struct gate *gate, bool answered)
{
    pthread_mutex_lock(&gate->mutex);
    int64_t now_us = clock_monotonic_us();
    breaker_tried(&gate->breaker, answered, now_us, chance_at(now_us));
    write_record(gate);
    pthread_mutex_unlock(&gate->mutex);
}

unsigned gate_trial_ms(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    // Whoever only looks is to tell how it is, and may not tell the others.
    bool patient = !gate->may_write || gate->breaker.vain % (TRIALS_SHORT + 1) == TRIALS_SHORT;
    unsigned wanted_ms = patient ? TRIAL_MS_MOST : 3 * gate->usual_ms;
    pthread_mutex_unlock(&gate->mutex);
    if (wanted_ms < TRIAL_MS_LEAST)
        return TRIAL_MS_LEAST;
    return wanted_ms < TRIAL_MS_MOST ? wanted_ms : TRIAL_MS_MOST;
}

// The least tells how far away it is, whatever else it had to do. A fifth less is news.
static bool takes_less(const struct gate *gate, int64_t first_us)
{
    return first_us > 0 && (gate->usual_ms == 0 || (gate->usual_ms * 3 > TRIAL_MS_LEAST &&
                                                    first_us < (int64_t)gate->usual_ms * 800));
}

void gate_answered(struct gate *gate, int64_t first_us)
{
    pthread_mutex_lock(&gate->mutex);
    int64_t now_us = clock_monotonic_us();
    read_now_and_then(gate, now_us);
    bool sooner = takes_less(gate, first_us);
    if (sooner)
        gate->usual_ms = first_us < (int64_t)TRIAL_MS_MOST * 1000 ? (unsigned)(first_us / 1000) + 1
                                                                  : TRIAL_MS_MOST;
    bool news = sooner || gate->breaker.state != BREAKER_CLOSED || gate->failed_us > 0;
    breaker_answered(&gate->breaker, now_us);
    gate->failed_us = 0;
    if (news)
        write_record(gate);
    pthread_mutex_unlock(&gate->mutex);
}

void gate_failed(struct gate *gate, int64_t began_us, const char *reason, bool of_all)
{
    pthread_mutex_lock(&gate->mutex);
    int64_t now_us = clock_monotonic_us();
    unsigned own = gate->breaker.failures, before;
    read_record(gate, now_us);
    bool was_out = gate->breaker.state != BREAKER_CLOSED;
    if (!of_all && !was_out && gate->breaker.failures < own)
        gate->breaker.failures = own; // what is of this process alone was not written
    before = gate->breaker.failures;
    breaker_failed(&gate->breaker, began_us, now_us, chance_at(now_us));
    if (!was_out && gate->breaker.failures != before) {
        snprintf(gate->reason, sizeof gate->reason, "%s", reason);
        gate->failed_us = of_all ? now_us : gate->failed_us;
        if (of_all || gate->breaker.state != BREAKER_CLOSED)
            write_record(gate);
    }
    pthread_mutex_unlock(&gate->mutex);
}

bool gate_is_out(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    read_now_and_then(gate, clock_monotonic_us());
    bool out = gate->breaker.state != BREAKER_CLOSED;
    pthread_mutex_unlock(&gate->mutex);
    return out;
}

void gate_look(struct gate *gate, struct vector_outage *ret)
{
    pthread_mutex_lock(&gate->mutex);
    int64_t now_us = clock_monotonic_us();
    read_record(gate, now_us);
    bool out = gate->breaker.state != BREAKER_CLOSED;
    *ret = (struct vector_outage){
        .out = out,
        .since_ms = out ? (now_us - gate->breaker.since_us) / 1000 : 0,
        // While somebody tries it there is nothing to wait for.
        .again_in_ms =
            gate->breaker.state == BREAKER_OPEN ? breaker_wait_ms(&gate->breaker, now_us) : 0,
    };
    snprintf(ret->reason, sizeof ret->reason, "%s", out ? gate->reason : "");
    pthread_mutex_unlock(&gate->mutex);
}
