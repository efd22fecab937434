// SPDX-License-Identifier: Apache-2.0
//
// Part of the tests' library only. A wrong setting ends the program: a test that arms a point which
// does not exist would otherwise pass.
#include "base/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/text.h"

enum { WAIT_TIMEOUT_MS = 120000, WAIT_PAUSE_MS = 2, PATH_SIZE = 256 };

enum action { ACTION_NONE, ACTION_FAIL, ACTION_WAIT, ACTION_DIE };

struct armed {
    enum action action;
    int64_t only_time; // 0: every time
    char path[PATH_SIZE];
    _Atomic int64_t times;
};

static const char *const point_names[] = {
#define POINT(name, what) #name,
    INJECT_POINTS(POINT)
#undef POINT
};
static const char *const knob_names[] = {
#define KNOB_(name, what) #name,
    INJECT_KNOBS(KNOB_)
#undef KNOB_
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct armed points[INJECT_POINT_COUNT];
static int64_t knobs[INJECT_KNOB_COUNT];             // of the environment; 0: as it is
static _Atomic int64_t set_knobs[INJECT_KNOB_COUNT]; // by a test; 0: as the environment says
static inject_hook *current_hook;
static void *current_state;

const char *inject_point_name(enum inject_point point)
{
    return point_names[point];
}

// "projector-leased" for PROJECTOR_LEASED.
static bool is_named(struct text word, const char *name)
{
    struct text wanted = text_of(name);
    bool same = word.length == wanted.length;
    for (size_t i = 0; same && i < word.length; i++) {
        char c = wanted.data[i];
        same = word.data[i] == (c == '_' ? '-' : (char)(c - 'A' + 'a'));
    }
    return same;
}

static size_t find_name(struct text word, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && !is_named(word, names[i]))
        i++;
    CHECK(i < count); // GROVE_INJECT or GROVE_KNOBS names what does not exist
    return i;
}

// fail, die, wait:PATH, each with @N behind it or not.
static void arm(struct text name, struct text action)
{
    struct armed *armed = &points[find_name(name, point_names, INJECT_POINT_COUNT)];
    struct text word;
    struct text rest = action;
    CHECK(text_split(&rest, '@', &word));
    if (rest.length > 0)
        CHECK(text_to_int64(rest, &armed->only_time) && armed->only_time > 0);
    if (text_equal(word, text_of("fail"))) {
        armed->action = ACTION_FAIL;
    } else if (text_equal(word, text_of("die"))) {
        armed->action = ACTION_DIE;
    } else {
        CHECK(word.length > 5 && memcmp(word.data, "wait:", 5) == 0);
        CHECK(word.length - 5 < PATH_SIZE);
        memcpy(armed->path, word.data + 5, word.length - 5);
        armed->action = ACTION_WAIT;
    }
}

// "a=b,c=d": calls take("a", "b"), take("c", "d").
static void read_settings(const char *variable, void (*take)(struct text name, struct text value))
{
    const char *settings = getenv(variable);
    struct text rest = text_of(settings ? settings : ""), setting, name;
    while (rest.length > 0 && text_split(&rest, ',', &setting)) {
        CHECK(text_split(&setting, '=', &name) && setting.length > 0);
        take(name, setting);
    }
}

static void turn(struct text name, struct text value)
{
    int64_t *knob = &knobs[find_name(name, knob_names, INJECT_KNOB_COUNT)];
    CHECK(text_to_int64(value, knob) && *knob > 0);
}

static void read_environment(void)
{
    read_settings("GROVE_INJECT", arm);
    read_settings("GROVE_KNOBS", turn);
}

static void wait_for_removal(const char *path)
{
    int fd = descriptor_open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0);
    close(fd);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)WAIT_TIMEOUT_MS * 1000;
    while (access(path, F_OK) == 0) {
        CHECK(clock_monotonic_us() < deadline_us); // the test forgot us
        clock_sleep_ms(WAIT_PAUSE_MS);
    }
}

enum grove_code inject_reached(enum inject_point point, struct grove_error *error)
{
    CHECK(point < INJECT_POINT_COUNT);
    if (current_hook)
        return current_hook(current_state, point, error);
    pthread_once(&once, read_environment);
    struct armed *armed = &points[point];
    if (armed->action == ACTION_NONE)
        return GROVE_OK;
    int64_t time = atomic_fetch_add(&armed->times, 1) + 1;
    if (armed->only_time != 0 && armed->only_time != time)
        return GROVE_OK;
    if (armed->action == ACTION_FAIL)
        return error_set(error, GROVE_UNAVAILABLE, "a test had %s fail", point_names[point]);
    if (armed->action == ACTION_DIE) {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
    wait_for_removal(armed->path);
    return GROVE_OK;
}

int64_t inject_knob(enum inject_knob knob, int64_t normal)
{
    CHECK(knob < INJECT_KNOB_COUNT);
    int64_t set = atomic_load(&set_knobs[knob]);
    if (set != 0)
        return set;
    pthread_once(&once, read_environment);
    return knobs[knob] != 0 ? knobs[knob] : normal;
}

void inject_set_knob(enum inject_knob knob, int64_t value)
{
    CHECK(knob < INJECT_KNOB_COUNT);
    atomic_store(&set_knobs[knob], value);
}

void inject_set_hook(inject_hook *hook, void *state)
{
    current_hook = hook;
    current_state = state;
}
