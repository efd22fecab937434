// SPDX-License-Identifier: Apache-2.0
#include "commands/answers.h"

#include <assert.h>
#include <math.h>

#include "base/alloc.h"
#include "base/text.h"
#include "commands/answers_stores.h"

static_assert(sizeof(enum grove_level) == sizeof(unsigned), "words are told by unsigned numbers");

enum { TEXTS_BYTES_MAX = 1 << 20, JSON_BYTES_MAX = 128 << 20 };

// --- rows ----------------------------------------------------------------------------------------

// Where a content is, and what it has: all but its id and score.
static const struct shape_member described_members[] = {
    SHAPE_OF(struct grove_row, hierarchy_table),
    SHAPE_OF(struct grove_row, tree),
    SHAPE_OF(struct grove_row, leaf_id),
    SHAPE_OF(struct grove_row, branch),
    SHAPE_OF(struct grove_row, limb),
    SHAPE_OF(struct grove_row, leaf),
    SHAPE_OF(struct grove_row, content_type),
    SHAPE_NULLABLE(struct grove_row, chunk_number),
    SHAPE_OF(struct grove_row, title),
    SHAPE_OF(struct grove_row, content_summary),
    SHAPE_NULLABLE(struct grove_row, word_count),
    {"created_at", SHAPE_TIME, offsetof(struct grove_row, created_at_us), .nullable = true},
    {0},
};
static const struct shape described_shape = {"Described", described_members};

static const struct shape_member passage_members[] = {
    SHAPE_AS("id", struct grove_passage, document_id),
    SHAPE_OF(struct grove_passage, source),
    SHAPE_OF(struct grove_passage, key),
    SHAPE_OF(struct grove_passage, title),
    SHAPE_NULLABLE(struct grove_passage, url),
    SHAPE_OF(struct grove_passage, heading),
    SHAPE_OF(struct grove_passage, position),
    SHAPE_AS("chunks", struct grove_passage, chunk_count),
    SHAPE_NULLABLE(struct grove_passage, chunks_matched),
    SHAPE_NULLABLE(struct grove_passage, text),
    SHAPE_NULLABLE(struct grove_passage, table),
    {0},
};
static const struct shape passage_shape = {"Passage", passage_members};

static const struct shape_member row_members[] = {
    SHAPE_OF(struct grove_row, content_id),
    SHAPE_NULLABLE(struct grove_row, score),
    {"described", SHAPE_MEMBERS, .shape = &described_shape},
    {"document", SHAPE_BESIDE, .nullable = true, .shape = &passage_shape},
    {0},
};
static const struct shape row_shape = {"Row", row_members, sizeof(struct grove_row)};

// --- results -------------------------------------------------------------------------------------

static bool has_score(const void *object)
{
    const struct grove_group *group = object;
    return !isnan(group->best_score);
}

static const struct shape_member group_members[] = {
    SHAPE_OF(struct grove_group, hierarchy_table),
    SHAPE_OF(struct grove_group, content_type),
    SHAPE_OF(struct grove_group, count),
    {"best_score", SHAPE_NUMBER, offsetof(struct grove_group, best_score), .decimals = 6,
     .present = has_score},
    {"branches", SHAPE_INT64, offsetof(struct grove_group, branches), .present = has_score},
    {"limbs", SHAPE_INT64, offsetof(struct grove_group, limbs), .present = has_score},
    {0},
};
static const struct shape group_shape = {"Group", group_members, sizeof(struct grove_group)};

static const struct shape_member diversity_members[] = {
    SHAPE_OF(struct grove_diversity, hierarchy_tables),
    SHAPE_AS("unique_branches", struct grove_diversity, branches),
    SHAPE_AS("unique_limbs", struct grove_diversity, limbs),
    SHAPE_OF(struct grove_diversity, evenness),
    {0},
};
static const struct shape diversity_shape = {"Diversity", diversity_members};

static const struct shape_member stage_members[] = {
    SHAPE_OF(struct grove_stage, name),
    {"milliseconds", SHAPE_NUMBER, offsetof(struct grove_stage, milliseconds), .decimals = 3},
    SHAPE_OF(struct grove_stage, rows),
    {0},
};
static const struct shape stage_shape = {"Stage", stage_members, sizeof(struct grove_stage)};

static const struct shape_member explain_members[] = {
    SHAPE_OF(struct grove_explain, strategy),
    SHAPE_NULLABLE(struct grove_explain, reason),
    SHAPE_NULLABLE(struct grove_explain, proof),
    SHAPE_NULLABLE(struct grove_explain, rows_estimated),
    SHAPE_NULLABLE(struct grove_explain, rows_matching),
    SHAPE_OF(struct grove_explain, rounds),
    SHAPE_OF(struct grove_explain, candidates),
    SHAPE_OF(struct grove_explain, pending),
    SHAPE_OF(struct grove_explain, dropped),
    SHAPE_OF(struct grove_explain, listed),
    {"stages", SHAPE_LIST, offsetof(struct grove_explain, stages),
     offsetof(struct grove_explain, stage_count), .shape = &stage_shape},
    SHAPE_NULLABLE(struct grove_explain, plan),
    SHAPE_OF(struct grove_explain, statements),
    SHAPE_OF(struct grove_explain, requests),
    {"waited_milliseconds", SHAPE_NUMBER, offsetof(struct grove_explain, waited_milliseconds),
     .decimals = 3},
    SHAPE_OF(struct grove_explain, folded),
    {0},
};
static const struct shape explain_shape = {"Explain", explain_members};

static bool has_groups(const void *object)
{
    return ((const struct grove_result *)object)->groups != NULL;
}

static bool is_ranked(const void *object)
{
    return ((const struct grove_result *)object)->ranked;
}

static bool is_explained(const void *object)
{
    return ((const struct grove_result *)object)->explain != NULL;
}

static const struct shape_member result_members[] = {
    {"results", SHAPE_LIST, offsetof(struct grove_result, rows),
     offsetof(struct grove_result, row_count), offsetof(struct grove_result, passages),
     .shape = &row_shape},
    SHAPE_OF(struct grove_result, complete),
    SHAPE_NULLABLE(struct grove_result, incomplete_reason),
    SHAPE_OF(struct grove_result, degraded),
    SHAPE_NULLABLE(struct grove_result, degraded_reason),
    SHAPE_NULLABLE(struct grove_result, pending),
    SHAPE_NULLABLE(struct grove_result, merged),
    SHAPE_NULLABLE(struct grove_result, beyond),
    SHAPE_OF(struct grove_result, total),
    SHAPE_NULLABLE(struct grove_result, next_cursor),
    {"groups", SHAPE_LIST, offsetof(struct grove_result, groups),
     offsetof(struct grove_result, group_count), .shape = &group_shape, .present = has_groups},
    {"diversity", SHAPE_OBJECT, offsetof(struct grove_result, diversity), .shape = &diversity_shape,
     .present = is_ranked},
    {"depth_reached", SHAPE_BOOL, offsetof(struct grove_result, depth_reached),
     .present = is_ranked},
    {"milliseconds", SHAPE_NUMBER, offsetof(struct grove_result, milliseconds), .decimals = 3},
    {"explain", SHAPE_POINTER, offsetof(struct grove_result, explain), .shape = &explain_shape,
     .present = is_explained},
    {0},
};
const struct shape result_shape = {"Result", result_members};

static const struct shape_member answer_result_members[] = {
    {"result", SHAPE_MEMBERS, offsetof(struct answer_result, result), .shape = &result_shape},
    SHAPE_NULLABLE(struct answer_result, hint),
    {0},
};
const struct shape answer_result_shape = {"Result", answer_result_members};

GROVE_API char *grove_result_json(const struct grove_result *result)
{
    struct strbuf out;
    strbuf_init(&out, JSON_BYTES_MAX);
    shape_add(&out, &result_shape, result);
    char *text = out.failed ? NULL : mem_strdup(out.data);
    strbuf_release(&out);
    return text;
}

// --- places, contents ----------------------------------------------------------------------------

static const struct shape_member place_members[] = {
    SHAPE_OF(struct grove_place, name),
    SHAPE_OF(struct grove_place, path),
    SHAPE_OF(struct grove_place, branches),
    SHAPE_OF(struct grove_place, limbs),
    SHAPE_OF(struct grove_place, leaves),
    SHAPE_OF(struct grove_place, contents),
    {0},
};
static const struct shape place_shape = {"Place", place_members, sizeof(struct grove_place)};

static const struct shape_member type_members[] = {
    SHAPE_AS("content_type", struct grove_type_count, name),
    SHAPE_OF(struct grove_type_count, contents),
    {0},
};
static const struct shape type_shape = {"TypeCount", type_members, sizeof(struct grove_type_count)};

static const struct shape_member listed_document_members[] = {
    SHAPE_AS("id", struct grove_listed_document, document_id),
    SHAPE_OF(struct grove_listed_document, source),
    SHAPE_OF(struct grove_listed_document, key),
    SHAPE_OF(struct grove_listed_document, title),
    SHAPE_OF(struct grove_listed_document, content_type),
    SHAPE_OF(struct grove_listed_document, chunks),
    {"updated_at", SHAPE_TIME, offsetof(struct grove_listed_document, updated_at_us)},
    SHAPE_NULLABLE(struct grove_listed_document, table),
    {0},
};
static const struct shape listed_document_shape = {"ListedDocument", listed_document_members,
                                                   sizeof(struct grove_listed_document)};

static const struct shape_member answer_listing_members[] = {
    SHAPE_NULLABLE(struct answer_listing, path),
    {"level", SHAPE_WORD, offsetof(struct answer_listing, listing.level),
     .words = "tree branch limb leaf"},
    SHAPE_AS("contents", struct answer_listing, listing.contents),
    {"places", SHAPE_LIST, offsetof(struct answer_listing, listing.places),
     offsetof(struct answer_listing, listing.place_count), .shape = &place_shape},
    {"types", SHAPE_LIST, offsetof(struct answer_listing, listing.types),
     offsetof(struct answer_listing, listing.type_count), .shape = &type_shape},
    {"documents", SHAPE_LIST, offsetof(struct answer_listing, listing.documents),
     offsetof(struct answer_listing, listing.document_count), .shape = &listed_document_shape},
    SHAPE_NULLABLE_AS("next_cursor", struct answer_listing, listing.next_cursor),
    SHAPE_AS("waiting", struct answer_listing, listing.waiting),
    {0},
};
const struct shape answer_listing_shape = {"Listing", answer_listing_members};

static const struct shape_member content_members[] = {
    SHAPE_AS("content_id", struct grove_content, row.content_id),
    {"described", SHAPE_MEMBERS, offsetof(struct grove_content, row), .shape = &described_shape},
    {"updated_at", SHAPE_TIME, offsetof(struct grove_content, updated_at_us), .nullable = true},
    SHAPE_NULLABLE(struct grove_content, body_bytes),
    SHAPE_NULLABLE(struct grove_content, body),
    SHAPE_NULLABLE(struct grove_content, vector_origin),
    SHAPE_OF(struct grove_content, pending),
    SHAPE_NULLABLE(struct grove_content, dead_reason),
    {"document", SHAPE_POINTER, offsetof(struct grove_content, passage), .nullable = true,
     .shape = &passage_shape},
    {0},
};
const struct shape content_shape = {"Content", content_members};

static const struct shape_member chunk_members[] = {
    SHAPE_OF(struct grove_chunk, content_id),
    SHAPE_OF(struct grove_chunk, position),
    SHAPE_OF(struct grove_chunk, heading),
    SHAPE_OF(struct grove_chunk, first_character),
    SHAPE_OF(struct grove_chunk, characters),
    SHAPE_NULLABLE(struct grove_chunk, word_count),
    SHAPE_OF(struct grove_chunk, path),
    SHAPE_OF(struct grove_chunk, content_type),
    {0},
};
static const struct shape chunk_shape = {"Chunk", chunk_members, sizeof(struct grove_chunk)};

static const struct shape_member document_members[] = {
    SHAPE_AS("id", struct grove_document, document_id),
    SHAPE_OF(struct grove_document, source),
    SHAPE_OF(struct grove_document, key),
    SHAPE_OF(struct grove_document, title),
    SHAPE_NULLABLE(struct grove_document, url),
    SHAPE_NULLABLE(struct grove_document, table),
    {"metadata", SHAPE_JSON, offsetof(struct grove_document, metadata)},
    {"created_at", SHAPE_TIME, offsetof(struct grove_document, created_at_us), .nullable = true},
    {"updated_at", SHAPE_TIME, offsetof(struct grove_document, updated_at_us), .nullable = true},
    SHAPE_OF(struct grove_document, body_bytes),
    SHAPE_NULLABLE(struct grove_document, body),
    {"chunks", SHAPE_LIST, offsetof(struct grove_document, chunks),
     offsetof(struct grove_document, chunk_count), .shape = &chunk_shape},
    {0},
};
const struct shape document_shape = {"Document", document_members};

static const struct shape_member answer_vector_members[] = {
    {"token_ids", SHAPE_INT32S, offsetof(struct answer_vector, token_ids),
     offsetof(struct answer_vector, token_count)},
    {"vector", SHAPE_FLOATS, offsetof(struct answer_vector, vector),
     offsetof(struct answer_vector, vector_size)},
    {0},
};
const struct shape answer_vector_shape = {"Vector", answer_vector_members};

static const struct shape_member move_report_members[] = {
    SHAPE_OF(struct grove_move_report, contents),       SHAPE_OF(struct grove_move_report, leaves),
    SHAPE_OF(struct grove_move_report, leaves_created), SHAPE_OF(struct grove_move_report, dry_run),
    SHAPE_OF(struct grove_move_report, seconds),        {0},
};
const struct shape move_report_shape = {"Moved", move_report_members};

static const struct shape_member remove_report_members[] = {
    SHAPE_OF(struct grove_remove_report, contents),
    SHAPE_OF(struct grove_remove_report, leaves),
    SHAPE_OF(struct grove_remove_report, dry_run),
    SHAPE_OF(struct grove_remove_report, seconds),
    {0},
};
const struct shape remove_report_shape = {"Removed", remove_report_members};

static const struct shape_member attach_members[] = {
    SHAPE_OF(struct grove_attach_report, table),
    SHAPE_OF(struct grove_attach_report, dry_run),
    SHAPE_OF(struct grove_attach_report, sql),
    SHAPE_OF(struct grove_attach_report, documents),
    SHAPE_OF(struct grove_attach_report, refused),
    SHAPE_OF(struct grove_attach_report, waiting),
    SHAPE_OF(struct grove_attach_report, pending),
    SHAPE_AS("rows_expected", struct grove_attach_report, rows.rows_expected),
    SHAPE_AS("rows_read", struct grove_attach_report, rows.rows_read),
    SHAPE_AS("seconds", struct grove_attach_report, rows.seconds),
    {0},
};
const struct shape answer_attach_shape = {"Attached", attach_members};

#define ATTACH_STATES "filling kept failing leaving" // as enum grove_attach_state has them

static const struct shape_member attachment_members[] = {
    SHAPE_NULLABLE(struct grove_attachment, table),
    SHAPE_OF(struct grove_attachment, source),
    {"state", SHAPE_WORD, offsetof(struct grove_attachment, state), .words = ATTACH_STATES},
    SHAPE_OF(struct grove_attachment, key),
    SHAPE_OF(struct grove_attachment, path),
    SHAPE_OF(struct grove_attachment, type),
    SHAPE_NULLABLE(struct grove_attachment, title),
    SHAPE_NULLABLE(struct grove_attachment, text),
    SHAPE_NULLABLE_AS("created", struct grove_attachment, created_at),
    SHAPE_NULLABLE(struct grove_attachment, url),
    SHAPE_NULLABLE(struct grove_attachment, metadata),
    SHAPE_NULLABLE(struct grove_attachment, where),
    SHAPE_OF(struct grove_attachment, documents),
    SHAPE_OF(struct grove_attachment, rows_read),
    SHAPE_OF(struct grove_attachment, rows_expected),
    SHAPE_OF(struct grove_attachment, waiting),
    SHAPE_OF(struct grove_attachment, refused),
    SHAPE_NULLABLE(struct grove_attachment, problem),
    {"attached_at", SHAPE_TIME, offsetof(struct grove_attachment, attached_at_us)},
    SHAPE_NULLABLE(struct grove_attachment, vector),
    SHAPE_NULLABLE(struct grove_attachment, oldest_seconds),
    SHAPE_NULLABLE(struct grove_attachment, failure),
    {0},
};
static const struct shape attachment_shape = {"Attachment", attachment_members,
                                              sizeof(struct grove_attachment)};

static const struct shape_member refused_members[] = {
    SHAPE_OF(struct grove_attach_refused, source),
    SHAPE_OF(struct grove_attach_refused, key),
    SHAPE_OF(struct grove_attach_refused, reason),
    {"noted_at", SHAPE_TIME, offsetof(struct grove_attach_refused, noted_at_us)},
    {0},
};
static const struct shape refused_shape = {"RefusedRow", refused_members,
                                           sizeof(struct grove_attach_refused)};

static const struct shape_member attachments_members[] = {
    {"attachments", SHAPE_LIST, offsetof(struct grove_attachments, items),
     offsetof(struct grove_attachments, count), .shape = &attachment_shape},
    {"refused", SHAPE_LIST, offsetof(struct grove_attachments, refused),
     offsetof(struct grove_attachments, refused_count), .shape = &refused_shape},
    {0},
};
const struct shape attachments_shape = {"Attachments", attachments_members};

static const struct shape_member detach_report_members[] = {
    SHAPE_OF(struct grove_detach_report, table),
    SHAPE_OF(struct grove_detach_report, dry_run),
    SHAPE_OF(struct grove_detach_report, sql),
    SHAPE_OF(struct grove_detach_report, documents),
    SHAPE_OF(struct grove_detach_report, leaves),
    SHAPE_OF(struct grove_detach_report, seconds),
    {0},
};
const struct shape detach_report_shape = {"Detached", detach_report_members};

static const struct shape_member answer_version_members[] = {
    SHAPE_OF(struct answer_version, version),
    {0},
};
const struct shape answer_version_shape = {"Version", answer_version_members};

// --- loading -------------------------------------------------------------------------------------

static const struct shape_member bad_line_members[] = {
    SHAPE_OF(struct answer_bad_line, file),
    SHAPE_OF(struct answer_bad_line, line),
    SHAPE_NULLABLE(struct answer_bad_line, field),
    SHAPE_OF(struct answer_bad_line, reason),
    {0},
};
static const struct shape bad_line_shape = {"BadLine", bad_line_members,
                                            sizeof(struct answer_bad_line)};

static const struct shape_member load_progress_members[] = {
    SHAPE_AS("rows_read", struct answer_load, progress.rows_read),
    SHAPE_OF(struct answer_load, rows_loaded),
    SHAPE_AS("rows_inserted", struct answer_load, progress.rows_inserted),
    SHAPE_AS("rows_updated", struct answer_load, progress.rows_updated),
    SHAPE_AS("rows_unchanged", struct answer_load, progress.rows_unchanged),
    SHAPE_AS("rows_bad", struct answer_load, progress.rows_bad),
    SHAPE_AS("leaves_created", struct answer_load, progress.leaves_created),
    SHAPE_AS("rows_embedded", struct answer_load, progress.rows_embedded),
    SHAPE_AS("rows_cut", struct answer_load, progress.rows_cut),
    SHAPE_AS("rows_projected", struct answer_load, progress.rows_projected),
    SHAPE_AS("pending", struct answer_load, progress.rows_pending),
    SHAPE_AS("documents", struct answer_load, progress.documents),
    SHAPE_AS("chunks_written", struct answer_load, progress.chunks_written),
    SHAPE_AS("chunks_kept", struct answer_load, progress.chunks_kept),
    SHAPE_AS("chunks_removed", struct answer_load, progress.chunks_removed),
    SHAPE_AS("bytes_read", struct answer_load, progress.bytes_read),
    SHAPE_AS("seconds", struct answer_load, progress.seconds),
    SHAPE_AS("seconds_reading", struct answer_load, progress.seconds_reading),
    SHAPE_AS("seconds_database", struct answer_load, progress.seconds_database),
    SHAPE_AS("seconds_embedding", struct answer_load, progress.seconds_embedding),
    SHAPE_AS("seconds_vectors", struct answer_load, progress.seconds_vectors),
    {0},
};
const struct shape load_progress_shape = {"LoadProgress", load_progress_members};

static const struct shape_member answer_load_members[] = {
    {"progress", SHAPE_MEMBERS, .shape = &load_progress_shape},
    {"bad_lines", SHAPE_LIST, offsetof(struct answer_load, first_bad_line),
     offsetof(struct answer_load, bad_line_count), .shape = &bad_line_shape},
    {0},
};
const struct shape answer_load_shape = {"Loaded", answer_load_members};

int64_t answer_rows_loaded(const struct grove_load_progress *done)
{
    return done->rows_inserted + done->rows_updated + done->rows_unchanged;
}

void answer_load_init(struct answer_load *answer)
{
    *answer = (struct answer_load){.first_bad_line = answer->bad_lines};
    arena_init(&answer->texts, TEXTS_BYTES_MAX);
}

void answer_load_release(struct answer_load *answer)
{
    arena_release(&answer->texts);
}

void answer_load_refused(struct answer_load *answer, const struct grove_bad_line *bad)
{
    if (answer->bad_line_count == ANSWER_BAD_LINES_MAX)
        return;
    const struct answer_bad_line line = {
        .file = arena_strdup(&answer->texts, bad->file),
        .line = bad->line,
        .field = bad->field[0] ? arena_strdup(&answer->texts, bad->field) : NULL,
        .reason = arena_strdup(&answer->texts, bad->reason),
    };
    if (line.file && line.reason && (line.field || !bad->field[0]))
        answer->bad_lines[answer->bad_line_count++] = line;
}

void answer_load_done(struct answer_load *answer, const struct grove_load_progress *done)
{
    answer->progress = *done;
    answer->rows_loaded = answer_rows_loaded(done);
}

// --- the index, sync, status ---------------------------------------------------------------------

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static int64_t if_known(bool known, int64_t count)
{
    return known ? count : GROVE_NULL;
}

static const struct shape_member answer_index_members[] = {
    {"state", SHAPE_WORD, offsetof(struct answer_index, state),
     .words = "unknown needless examined building taken due"},
    SHAPE_OF(struct answer_index, examined_now),
    SHAPE_NULLABLE(struct answer_index, rows),
    SHAPE_NULLABLE(struct answer_index, listed),
    SHAPE_NULLABLE(struct answer_index, ef),
    SHAPE_NULLABLE(struct answer_index, ef_filtered),
    SHAPE_NULLABLE(struct answer_index, queries),
    SHAPE_NULLABLE(struct answer_index, recall),
    SHAPE_NULLABLE(struct answer_index, recall_worst),
    SHAPE_NULLABLE(struct answer_index, seconds),
    SHAPE_NULLABLE(struct answer_index, reason),
    {0},
};
const struct shape answer_index_shape = {"Index", answer_index_members};

static_assert(GROVE_INDEX_UNKNOWN == 0 && GROVE_INDEX_NEEDLESS == 1 && GROVE_INDEX_EXAMINED == 2 &&
                  GROVE_INDEX_BUILDING == 3 && GROVE_INDEX_TAKEN == 4 && GROVE_INDEX_DUE == 5,
              "as the words are ordered");

void answer_index_of(const struct grove_index *index, struct answer_index *ret)
{
    bool known = index->state == GROVE_INDEX_EXAMINED;
    *ret = (struct answer_index){
        .state = index->state,
        .examined_now = index->examined_now,
        .rows = if_known(known, index->rows),
        .listed = if_known(known, index->listed),
        .ef = if_known(known, index->ef),
        .ef_filtered = if_known(known, index->ef_filtered),
        .queries = if_known(known, index->queries),
        .recall = known ? index->recall : NAN,
        .recall_worst = known ? index->recall_worst : NAN,
        .seconds = known ? index->seconds : NAN,
        .reason = or_null(index->reason),
    };
}

static bool knows_index(const void *object)
{
    return !((const struct answer_sync *)object)->watches;
}

static bool has_compared(const void *object)
{
    return ((const struct answer_sync *)object)->compared_for != NULL;
}

static const struct shape_member comparison_members[] = {
    SHAPE_AS("reason", struct answer_sync, compared_for),
    SHAPE_AS("points", struct answer_sync, report.comparison.points),
    SHAPE_AS("enqueued", struct answer_sync, report.comparison.enqueued),
    SHAPE_AS("taken_out", struct answer_sync, report.comparison.taken_out),
    SHAPE_AS("ended", struct answer_sync, report.comparison.ended),
    SHAPE_AS("keeps_index", struct answer_sync, report.comparison.keeps_index),
    {0},
};
static const struct shape comparison_shape = {"Comparison", comparison_members};

static const struct shape_member answer_sync_members[] = {
    SHAPE_AS("upserted", struct answer_sync, report.upserted),
    SHAPE_AS("removed", struct answer_sync, report.removed),
    SHAPE_AS("embedded", struct answer_sync, report.embedded),
    SHAPE_AS("failed", struct answer_sync, report.failed),
    SHAPE_AS("pending", struct answer_sync, report.pending),
    SHAPE_AS("dead", struct answer_sync, report.dead),
    SHAPE_AS("seconds", struct answer_sync, report.seconds),
    {"index", SHAPE_OBJECT, offsetof(struct answer_sync, index), .shape = &answer_index_shape,
     .present = knows_index},
    {"comparison", SHAPE_OBJECT, .shape = &comparison_shape, .present = has_compared},
    {0},
};
const struct shape answer_sync_shape = {"Synced", answer_sync_members};

void answer_sync_of(const struct grove_sync_report *report, bool watches, struct answer_sync *ret)
{
    *ret = (struct answer_sync){
        .report = *report,
        .watches = watches,
        .compared_for = or_null(report->comparison.reason),
    };
    answer_index_of(&report->index, &ret->index);
}

static const struct shape_member database_members[] = {
    SHAPE_AS("ok", struct answer_status, database.ok),
    SHAPE_AS("private", struct answer_status, database.is_private),
    SHAPE_NULLABLE_AS("where", struct answer_status, database.where),
    SHAPE_NULLABLE_AS("version", struct answer_status, database.version),
    SHAPE_NULLABLE_AS("error", struct answer_status, database.error),
    SHAPE_NULLABLE_AS("schema_version", struct answer_status, database.schema_version),
    SHAPE_AS("schema_wanted", struct answer_status, database.schema_wanted),
    SHAPE_AS("schema_works", struct answer_status, database.schema_works),
    SHAPE_NULLABLE_AS("bytes", struct answer_status, database.bytes),
    SHAPE_NULLABLE_AS("identity", struct answer_status, database.identity),
    SHAPE_NULLABLE_AS("epoch", struct answer_status, database.epoch),
    {0},
};
static const struct shape database_shape = {"Database", database_members};

static const struct shape_member engine_members[] = {
    SHAPE_AS("ok", struct answer_status, engine.ok),
    SHAPE_AS("private", struct answer_status, engine.is_private),
    SHAPE_NULLABLE_AS("where", struct answer_status, engine.where),
    SHAPE_NULLABLE_AS("version", struct answer_status, engine.version),
    SHAPE_NULLABLE_AS("error", struct answer_status, engine.error),
    SHAPE_NULLABLE_AS("collection", struct answer_status, engine.collection),
    SHAPE_NULLABLE_AS("collection_status", struct answer_status, engine.collection_status),
    SHAPE_NULLABLE_AS("collection_of", struct answer_status, engine.collection_of),
    SHAPE_NULLABLE_AS("doubt", struct answer_status, engine.doubt),
    SHAPE_NULLABLE_AS("points", struct answer_status, engine.points),
    SHAPE_NULLABLE_AS("points_indexed", struct answer_status, engine.points_indexed),
    SHAPE_NULLABLE_AS("out_seconds", struct answer_status, engine.out_seconds),
    SHAPE_NULLABLE_AS("retry_seconds", struct answer_status, engine.retry_seconds),
    SHAPE_NULLABLE_AS("out_reason", struct answer_status, engine.out_reason),
    {0},
};
static const struct shape engine_shape = {"Engine", engine_members};

static const struct shape_member projector_members[] = {
    SHAPE_AS("wanted", struct answer_status, projector.wanted),
    SHAPE_AS("running", struct answer_status, projector.running),
    SHAPE_NULLABLE_AS("pid", struct answer_status, projector.pid),
    SHAPE_NULLABLE_AS("error", struct answer_status, projector.error),
    {0},
};
static const struct shape projector_shape = {"Projector", projector_members};

static const struct shape_member verified_members[] = {
    SHAPE_AS("outcome", struct answer_status, verify.outcome),
    SHAPE_NULLABLE_AS("path", struct answer_status, verify.path),
    SHAPE_AS("quick", struct answer_status, verify.quick),
    SHAPE_NULLABLE_AS("age_seconds", struct answer_status, verify.age_seconds),
    SHAPE_NULLABLE_AS("contents", struct answer_status, verify.contents),
    SHAPE_NULLABLE_AS("different", struct answer_status, verify.different),
    {0},
};
static const struct shape verified_shape = {"LastVerified", verified_members};

static const struct shape_member status_attached_members[] = {
    SHAPE_NULLABLE(struct grove_attachment, table),
    SHAPE_OF(struct grove_attachment, source),
    {"state", SHAPE_WORD, offsetof(struct grove_attachment, state), .words = ATTACH_STATES},
    SHAPE_OF(struct grove_attachment, documents),
    SHAPE_OF(struct grove_attachment, refused),
    SHAPE_OF(struct grove_attachment, waiting),
    SHAPE_NULLABLE(struct grove_attachment, oldest_seconds),
    SHAPE_NULLABLE(struct grove_attachment, failure),
    {0},
};
static const struct shape status_attached_shape = {"AttachedTable", status_attached_members,
                                                   sizeof(struct grove_attachment)};

// The four objects are written by places in the whole struct.
static const struct shape_member answer_status_members[] = {
    SHAPE_OF(struct answer_status, ok),
    SHAPE_NULLABLE(struct answer_status, home),
    SHAPE_NULLABLE(struct answer_status, model),
    SHAPE_NULLABLE(struct answer_status, next_model),
    SHAPE_NULLABLE(struct answer_status, next_embedded),
    {"database", SHAPE_OBJECT, .shape = &database_shape},
    {"engine", SHAPE_OBJECT, .shape = &engine_shape},
    {"projector", SHAPE_OBJECT, .shape = &projector_shape},
    {"verify", SHAPE_OBJECT, .shape = &verified_shape},
    SHAPE_NULLABLE(struct answer_status, contents),
    SHAPE_NULLABLE(struct answer_status, leaves),
    SHAPE_NULLABLE(struct answer_status, subjects),
    SHAPE_NULLABLE(struct answer_status, embeddings),
    SHAPE_NULLABLE(struct answer_status, pending),
    SHAPE_NULLABLE(struct answer_status, dead),
    SHAPE_NULLABLE(struct answer_status, oldest_pending_seconds),
    SHAPE_NULLABLE(struct answer_status, long_texts),
    SHAPE_OF(struct answer_status, long_texts_exact),
    {"index", SHAPE_OBJECT, offsetof(struct answer_status, index), .shape = &answer_index_shape},
    {"attached", SHAPE_LIST, offsetof(struct answer_status, attached),
     offsetof(struct answer_status, attached_count), .shape = &status_attached_shape},
    SHAPE_NULLABLE(struct answer_status, rows_per_second),
    {"projectors", SHAPE_LIST, offsetof(struct answer_status, projectors),
     offsetof(struct answer_status, projector_count), .shape = &listed_projector_shape},
    {0},
};
const struct shape answer_status_shape = {"Status", answer_status_members};

static const char *outcome_of(const struct grove_status *status)
{
    return !status->verified                  ? "never"
           : !status->verified_ended          ? "unfinished"
           : status->verified_differences > 0 ? "different"
                                              : "equal";
}

void answer_status_of(const struct grove_status *status, const struct grove_attachments *attached,
                      const struct grove_projectors *projectors, struct answer_status *ret)
{
    bool known = status->database_ok;
    bool waits = known && status->pending > 0;
    *ret = (struct answer_status){
        .ok = status->database_ok && status->engine_ok,
        .home = or_null(status->home),
        .model = or_null(status->model),
        .next_model = or_null(status->next_model),
        .next_embedded = if_known(status->next_model[0] != '\0', status->next_embedded),
        .database = {.ok = known,
                     .is_private = status->database_private,
                     .schema_works = status->schema_works,
                     .where = or_null(status->database),
                     .version = or_null(status->database_version),
                     .error = or_null(status->database_error),
                     .schema_version = if_known(known, status->schema_version),
                     .schema_wanted = status->schema_wanted,
                     .bytes = if_known(known, status->database_bytes),
                     .identity = or_null(status->identity),
                     .epoch = if_known(status->epoch > 0, status->epoch)},
        .engine = {.ok = status->engine_ok,
                   .is_private = status->engine_private,
                   .where = or_null(status->engine),
                   .version = or_null(status->engine_version),
                   .error = or_null(status->engine_error),
                   .collection = or_null(status->collection),
                   .collection_status = or_null(status->collection_status),
                   .collection_of = or_null(status->collection_of),
                   .doubt = or_null(status->doubt),
                   .out_reason = or_null(status->engine_out_reason),
                   .points = if_known(status->engine_ok, status->points),
                   .points_indexed = if_known(status->engine_ok, status->points_indexed),
                   .out_seconds = if_known(status->engine_out, status->engine_out_seconds),
                   .retry_seconds = if_known(status->engine_out, status->engine_retry_seconds)},
        .projector = {.wanted = status->projector_wanted,
                      .running = status->projector_running,
                      .pid = if_known(status->projector_pid > 0, status->projector_pid),
                      .error = or_null(status->projector_error)},
        .verify = {.outcome = outcome_of(status),
                   .path = or_null(status->verified_path),
                   .quick = status->verified_quick,
                   .age_seconds = status->verified ? status->verified_age_seconds : NAN,
                   .contents = if_known(status->verified, status->verified_contents),
                   .different = if_known(status->verified, status->verified_differences)},
        .contents = if_known(known, status->contents),
        .leaves = if_known(known, status->leaves),
        .subjects = if_known(known, status->subjects),
        .embeddings = if_known(known, status->embeddings),
        .pending = if_known(known, status->pending),
        .dead = if_known(known, status->dead),
        .oldest_pending_seconds = if_known(waits, status->oldest_pending_seconds),
        .long_texts = if_known(known, status->long_texts),
        .long_texts_exact = known && status->long_texts_known && !status->long_texts_more,
    };
    answer_index_of(&status->index, &ret->index);
    ret->attached = attached ? attached->items : NULL;
    ret->attached_count = attached ? attached->count : 0;
    ret->rows_per_second = projectors ? projectors->rows_per_second : NAN;
    ret->projectors = projectors ? projectors->items : NULL;
    ret->projector_count = projectors ? projectors->count : 0;
}
