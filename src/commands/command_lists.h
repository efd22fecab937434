// SPDX-License-Identifier: Apache-2.0
//
// What the rows of the command table are made of: for each command the list of its options, and its
// examples. Both end with an element of zeros.
#ifndef GROVE_COMMANDS_COMMAND_LISTS_H
#define GROVE_COMMANDS_COMMAND_LISTS_H

#include "commands/command.h"

// The words of --output and --for, in the order of enum rows_form and enum url_form.
#define ROWS_WORDS "csv md ids"
#define URL_WORDS "psql python sqlalchemy jdbc"

extern const struct command_option command_no_options[];
extern const struct command_option command_browse_options[];
extern const struct command_option command_search_options[];
extern const struct command_option command_similar_options[];
extern const struct command_option command_discover_options[];
extern const struct command_option command_export_options[];
extern const struct command_option command_ls_options[];
extern const struct command_option command_rm_options[];
extern const struct command_option command_mv_options[];
extern const struct command_option command_show_options[];
extern const struct command_option command_demo_options[];
extern const struct command_option command_load_options[];
extern const struct command_option command_import_options[];
extern const struct command_option command_attach_options[];
extern const struct command_option command_attachments_options[];
extern const struct command_option command_detach_options[];
extern const struct command_option command_sync_options[];
extern const struct command_option command_rechunk_options[];
extern const struct command_option command_verify_options[];
extern const struct command_option command_repair_options[];
extern const struct command_option command_dead_options[];
extern const struct command_option command_init_options[];
extern const struct command_option command_embed_options[];
extern const struct command_option command_doctor_options[];
extern const struct command_option command_subject_options[];
extern const struct command_option command_url_options[];
extern const struct command_option command_psql_options[];
extern const struct command_option command_help_options[];

extern const struct command_option command_no_fields[];
extern const struct command_option command_browse_fields[];
extern const struct command_option command_text_fields[];
extern const struct command_option command_document_fields[];
extern const struct command_option command_id_fields[];
extern const struct command_option command_ls_fields[];
extern const struct command_option command_embed_fields[];
extern const struct command_option command_load_fields[];
extern const struct command_option command_attach_fields[];
extern const struct command_option command_attachments_fields[];
extern const struct command_option command_detach_fields[];
extern const struct command_option command_compare_fields[];
extern const struct command_option command_dead_fields[];
extern const struct command_option command_mv_fields[];
extern const struct command_option command_rechunk_fields[];
extern const struct command_option command_rm_fields[];

extern const struct command_example command_demo_examples[];
extern const struct command_example command_init_examples[];
extern const struct command_example command_doctor_examples[];
extern const struct command_example command_browse_examples[];
extern const struct command_example command_search_examples[];
extern const struct command_example command_similar_examples[];
extern const struct command_example command_discover_examples[];
extern const struct command_example command_attach_examples[];
extern const struct command_example command_attachments_examples[];
extern const struct command_example command_detach_examples[];
extern const struct command_example command_export_examples[];
extern const struct command_example command_ls_examples[];
extern const struct command_example command_rm_examples[];
extern const struct command_example command_mv_examples[];
extern const struct command_example command_rechunk_examples[];
extern const struct command_example command_document_examples[];
extern const struct command_example command_show_examples[];
extern const struct command_example command_load_examples[];
extern const struct command_example command_import_examples[];
extern const struct command_example command_subject_examples[];
extern const struct command_example command_sync_examples[];
extern const struct command_example command_verify_examples[];
extern const struct command_example command_repair_examples[];
extern const struct command_example command_dead_examples[];
extern const struct command_example command_embed_examples[];
extern const struct command_example command_status_examples[];
extern const char command_init_description[];
extern const char command_init_json[];
extern const struct command_example command_stop_examples[];
extern const struct command_example command_url_examples[];
extern const struct command_example command_psql_examples[];
extern const struct command_example command_pg_dump_examples[];
extern const struct command_example command_pg_restore_examples[];
extern const struct command_example command_help_examples[];
extern const struct command_example command_completion_examples[];
extern const struct command_example command_version_examples[];

#endif
