// SPDX-License-Identifier: Apache-2.0
#include "commands/answers_stores.h"

#include <assert.h>

static const struct shape_member difference_members[] = {
    SHAPE_OF(struct answer_difference, kind),
    SHAPE_NULLABLE(struct answer_difference, content_id),
    SHAPE_NULLABLE(struct answer_difference, point_id),
    SHAPE_NULLABLE(struct answer_difference, content_revision),
    SHAPE_NULLABLE(struct answer_difference, point_revision),
    SHAPE_NULLABLE(struct answer_difference, detail),
    {0},
};
static const struct shape difference_shape = {"Difference", difference_members,
                                              sizeof(struct answer_difference)};

#define KIND(name, kind)                                                                           \
    {(name), SHAPE_INT64, offsetof(struct grove_verify_report, kinds) + (kind) * sizeof(int64_t)}
static const struct shape_member kinds_members[] = {
    KIND("missing", GROVE_DIFFERENCE_MISSING),
    KIND("stale", GROVE_DIFFERENCE_STALE),
    KIND("strange", GROVE_DIFFERENCE_STRANGE),
    KIND("payload", GROVE_DIFFERENCE_PAYLOAD),
    KIND("vector", GROVE_DIFFERENCE_VECTOR),
    KIND("no_vector", GROVE_DIFFERENCE_NO_VECTOR),
    KIND("orphan", GROVE_DIFFERENCE_ORPHAN),
    KIND("alien", GROVE_DIFFERENCE_ALIEN),
    KIND("waiting", GROVE_DIFFERENCE_WAITING),
    KIND("dead", GROVE_DIFFERENCE_DEAD),
    {0},
};
static const struct shape kinds_shape = {"Kinds", kinds_members};

static const struct shape_member answer_verify_members[] = {
    SHAPE_AS("equal", struct answer_verify, report.equal),
    SHAPE_AS("quick", struct answer_verify, report.quick),
    SHAPE_NULLABLE(struct answer_verify, path),
    SHAPE_AS("resumed", struct answer_verify, report.resumed),
    SHAPE_AS("noted", struct answer_verify, report.noted),
    SHAPE_AS("contents", struct answer_verify, report.contents),
    SHAPE_AS("points", struct answer_verify, report.points),
    SHAPE_AS("proven", struct answer_verify, report.proven),
    SHAPE_AS("different", struct answer_verify, report.differences),
    {"kinds", SHAPE_OBJECT, offsetof(struct answer_verify, report), .shape = &kinds_shape},
    {"differences", SHAPE_LIST, offsetof(struct answer_verify, differences),
     offsetof(struct answer_verify, difference_count), .shape = &difference_shape},
    SHAPE_OF(struct answer_verify, left_out),
    SHAPE_AS("seconds", struct answer_verify, report.seconds),
    {0},
};
const struct shape answer_verify_shape = {"Verified", answer_verify_members};

static const struct shape_member answer_repair_members[] = {
    SHAPE_AS("dry_run", struct answer_repair, report.dry_run),
    SHAPE_AS("mended", struct answer_repair, report.mended),
    SHAPE_AS("pending", struct answer_repair, report.pending),
    SHAPE_AS("dead", struct answer_repair, report.dead),
    {"found", SHAPE_OBJECT, offsetof(struct answer_repair, found), .shape = &answer_verify_shape},
    SHAPE_AS("seconds", struct answer_repair, report.seconds),
    {0},
};
const struct shape answer_repair_shape = {"Repaired", answer_repair_members};

// --- dead ----------------------------------------------------------------------------------------

static const struct shape_member dead_letter_members[] = {
    SHAPE_OF(struct grove_dead_letter, content_id),
    SHAPE_OF(struct grove_dead_letter, deleted),
    SHAPE_OF(struct grove_dead_letter, attempts),
    {"since", SHAPE_TIME, offsetof(struct grove_dead_letter, since_us), .nullable = true},
    SHAPE_OF(struct grove_dead_letter, reason),
    SHAPE_OF(struct grove_dead_letter, content_type),
    SHAPE_OF(struct grove_dead_letter, title),
    {0},
};
static const struct shape dead_letter_shape = {"DeadLetter", dead_letter_members,
                                               sizeof(struct grove_dead_letter)};

static bool is_listed(const void *object)
{
    return ((const struct answer_dead *)object)->action == ANSWER_DEAD_LISTED;
}

static bool is_dropped(const void *object)
{
    return ((const struct answer_dead *)object)->action == ANSWER_DEAD_DROPPED;
}

static bool is_counted(const void *object)
{
    return !is_listed(object);
}

#define OF_ACTION(key, member, of_action)                                                          \
    {.name = (key),                                                                                \
     .kind = SHAPE_KIND(struct answer_dead, member),                                               \
     .offset = offsetof(struct answer_dead, member),                                               \
     .present = (of_action)}
static const struct shape_member answer_dead_members[] = {
    {"dead", SHAPE_LIST, offsetof(struct answer_dead, letters.items),
     offsetof(struct answer_dead, letters.count), .shape = &dead_letter_shape,
     .present = is_listed},
    OF_ACTION("more", letters.more, is_listed),
    OF_ACTION("contents", report.contents, is_counted),
    OF_ACTION("letters", report.letters, is_dropped),
    OF_ACTION("kept", report.kept, is_dropped),
    OF_ACTION("dry_run", report.dry_run, is_dropped),
    {0},
};
const struct shape answer_dead_shape = {"Dead", answer_dead_members};

#define PROJECTOR_STATES "unknown alive ended lost" // as enum grove_projector_state has them
static_assert(GROVE_PROJECTOR_LOST == 3, "as the words are ordered");

static const struct shape_member listed_projector_members[] = {
    SHAPE_OF(struct grove_projector, name),
    SHAPE_OF(struct grove_projector, kind),
    SHAPE_OF(struct grove_projector, host),
    SHAPE_OF(struct grove_projector, process),
    SHAPE_OF(struct grove_projector, application),
    SHAPE_OF(struct grove_projector, version),
    {"state", SHAPE_WORD, offsetof(struct grove_projector, state), .words = PROJECTOR_STATES},
    {"began_at", SHAPE_TIME, offsetof(struct grove_projector, began_at_us)},
    {"worked_at", SHAPE_TIME, offsetof(struct grove_projector, worked_at_us)},
    {"ended_at", SHAPE_TIME, offsetof(struct grove_projector, ended_at_us), .nullable = true},
    SHAPE_OF(struct grove_projector, age_seconds),
    SHAPE_OF(struct grove_projector, written),
    SHAPE_OF(struct grove_projector, removed),
    SHAPE_OF(struct grove_projector, embedded),
    SHAPE_OF(struct grove_projector, refused),
    SHAPE_OF(struct grove_projector, failures),
    SHAPE_OF(struct grove_projector, seconds_database),
    SHAPE_OF(struct grove_projector, seconds_embedding),
    SHAPE_OF(struct grove_projector, seconds_vectors),
    SHAPE_OF(struct grove_projector, rows_per_second),
    SHAPE_NULLABLE(struct grove_projector, failure),
    {"failed_at", SHAPE_TIME, offsetof(struct grove_projector, failed_at_us), .nullable = true},
    SHAPE_NULLABLE(struct grove_projector, failure_age_seconds),
    {0},
};
const struct shape listed_projector_shape = {"NotedProjector", listed_projector_members,
                                             sizeof(struct grove_projector)};
