// SPDX-License-Identifier: Apache-2.0
//
// Which account the private servers run under, and what it can reach.
#include "home/home_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/check.h"
#include "base/descriptor.h"

enum { PASSWD_BYTES = 16 * 1024, GROUPS_MAX = 256 };

static bool take_account(struct home *home, const struct passwd *entry)
{
    if (!entry)
        return false;
    home->uid = entry->pw_uid;
    home->gid = entry->pw_gid;
    int length = snprintf(home->user, sizeof home->user, "%s", entry->pw_name);
    return length > 0 && (size_t)length < sizeof home->user;
}

static bool account_by_name(struct home *home, const char *name)
{
    char buffer[PASSWD_BYTES];
    struct passwd entry, *found = NULL;
    descriptor_hold_standard(); // it may ask a service
    int failure = getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    descriptor_let_standard_go();
    return failure == 0 && take_account(home, found);
}

static bool account_by_uid(struct home *home, uid_t uid)
{
    char buffer[PASSWD_BYTES];
    struct passwd entry, *found = NULL;
    descriptor_hold_standard();
    int failure = getpwuid_r(uid, &entry, buffer, sizeof buffer, &found);
    descriptor_let_standard_go();
    return failure == 0 && take_account(home, found);
}

static enum grove_code check_wanted_account(struct home *home, const char *name,
                                            struct grove_error *error)
{
    if (!account_by_name(home, name)) {
        error_set(error, GROVE_INVALID, "there is no account \"%s\" (GROVE_USER)", name);
        error_hint(error, "create it with: useradd --system %s", name);
        return GROVE_INVALID;
    }
    if (home->uid == 0) {
        error_set(error, GROVE_INVALID, "the private servers cannot run as \"%s\" (GROVE_USER)",
                  name);
        error_hint(error, "PostgreSQL refuses to run as root: name an ordinary account, or unset "
                          "GROVE_USER");
        return GROVE_INVALID;
    }
    return GROVE_OK;
}

// The owner of the servers folder that is there already; 0 when there is none yet.
static uid_t servers_owner(const struct home *home)
{
    char path[PATH_MAX];
    struct stat status;
    if ((size_t)snprintf(path, sizeof path, "%s/servers", home->path) >= sizeof path ||
        stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return 0;
    return status.st_uid;
}

static enum grove_code choose_for_root(struct home *home, struct grove_error *error)
{
    home->change_user = true;
    const char *wanted = getenv("GROVE_USER");
    if (wanted && wanted[0]) {
        enum grove_code code = check_wanted_account(home, wanted, error);
        if (code != GROVE_OK)
            return code;
    }
    uid_t owner = servers_owner(home);
    if (owner != 0 && wanted && wanted[0] && owner != home->uid) {
        error_set(error, GROVE_CONFLICT,
                  "\"%s/servers\" belongs to the account with id %u, not to \"%s\" (GROVE_USER)",
                  home->path, owner, wanted);
        error_hint(error, "stop the servers, then run: chown -R %s \"$(realpath %s/servers)\"",
                   wanted, home->path);
        return GROVE_CONFLICT;
    }
    if (wanted && wanted[0])
        return GROVE_OK;
    if ((owner != 0 && account_by_uid(home, owner)) ||
        (home->owner != 0 && account_by_uid(home, home->owner)) || account_by_name(home, "grove") ||
        account_by_name(home, "postgres"))
        return GROVE_OK;
    error_set(error, GROVE_UNSUPPORTED, "the private servers cannot run as root");
    error_hint(error, "create an account for them with: useradd --system grove (or name an "
                      "existing one in GROVE_USER)");
    return GROVE_UNSUPPORTED;
}

enum grove_code home_choose_account(struct home *home, struct grove_error *error)
{
    CHECK(home->path[0] == '/');
    if (geteuid() == 0)
        return choose_for_root(home, error);
    if (!account_by_uid(home, geteuid()))
        home->user[0] = '\0'; // a container's made-up user: only PostgreSQL minds
    home->change_user = false;
    home->uid = geteuid();
    home->gid = getegid();
    if (home->owner == home->uid)
        return GROVE_OK;
    error_set(error, GROVE_DENIED, "folder \"%s\" belongs to another user (id %u)", home->path,
              home->owner);
    error_hint(error, "set GROVE_HOME to a folder of your own");
    return GROVE_DENIED;
}

enum grove_code home_check_account(const struct home *home, struct grove_error *error)
{
    struct home ours = {.uid = geteuid()};
    if (home ? home->user[0] != '\0' : geteuid() == 0 || account_by_uid(&ours, geteuid()))
        return GROVE_OK;
    unsigned uid = home ? home->uid : geteuid(), gid = home ? home->gid : getegid();
    error_set(error, GROVE_UNSUPPORTED,
              "user id %u has no name: the private PostgreSQL does not run under it", uid);
    error_hint(error,
               "give it one: echo 'grove:x:%u:%u::/:/bin/sh' >>/etc/passwd (a container can "
               "do so at its start); or set DATABASE_URL to a server of yours",
               uid, gid);
    return GROVE_UNSUPPORTED;
}

// Looked up where they decide only: the system's databases may be far away.
struct groups {
    const struct home *home;
    bool known;
    int count;
    gid_t ids[GROUPS_MAX];
};

static bool in_groups(struct groups *groups, gid_t group)
{
    if (!groups->known) {
        groups->known = true;
        groups->count = GROUPS_MAX;
        descriptor_hold_standard();
        if (getgrouplist(groups->home->user, groups->home->gid, groups->ids, &groups->count) < 0)
            groups->count = 0;
        descriptor_let_standard_go();
    }
    for (int i = 0; i < groups->count; i++)
        if (groups->ids[i] == group)
            return true;
    return false;
}

// `wanted`: bits as in the lowest three of a mode.
static bool allows(const struct stat *status, struct groups *groups, unsigned wanted)
{
    unsigned mode = status->st_mode;
    bool to_group = (mode >> 3 & wanted) == wanted, to_others = (mode & wanted) == wanted;
    if (status->st_uid == groups->home->uid)
        return (mode >> 6 & wanted) == wanted;
    if (to_group == to_others)
        return to_others;
    return in_groups(groups, status->st_gid) ? to_group : to_others;
}

bool home_reaches(const struct home *home, const char *path, int access_mode)
{
    if (!home->change_user)
        return access(path, access_mode) == 0;
    char resolved[PATH_MAX];
    if (!realpath(path, resolved))
        return false;
    struct groups groups = {.home = home};
    struct stat status;
    for (char *slash = resolved; slash; slash = strchr(slash + 1, '/')) {
        char kept = slash[1];
        slash[1] = '\0'; // "/", then "/var/", ...
        bool entered = stat(resolved, &status) == 0 && allows(&status, &groups, X_OK);
        slash[1] = kept;
        if (!entered)
            return false;
    }
    return stat(resolved, &status) == 0 && allows(&status, &groups, (unsigned)access_mode);
}

// The kernel keeps the identity for file access per thread, and takes root's override of
// permissions away with it.
void home_act_as_servers(const struct home *home)
{
    if (!home->change_user)
        return;
    setfsgid(home->gid);
    setfsuid(home->uid);
    CHECK((uid_t)setfsuid((uid_t)-1) == home->uid);
}

void home_act_as_self(const struct home *home)
{
    if (!home->change_user)
        return;
    setfsuid(geteuid());
    setfsgid(getegid());
    CHECK((uid_t)setfsuid((uid_t)-1) == geteuid());
}
