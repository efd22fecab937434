// SPDX-License-Identifier: Apache-2.0
#include "commands/command.h"

#include "commands/answers.h"
#include "commands/answers_rechunk.h"
#include "commands/answers_stores.h"
#include "commands/command_lists.h"
#include "commands/command_texts.h"
#include "grove/grove.h"

const struct command command_table[] = {
    {
        .name = "demo",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_START,
        .summary = "set up, load the sample, show the three queries",
        .usage = "[--placeholder-vectors]",
        .options = command_demo_options,
        .description =
            "Makes the database if there is none, loads the sample of 8 contents in 6 leaves, and "
            "runs a navigation, a search and a discovery, each with the command line that does the "
            "same. Doing it again changes nothing.",
        .examples = command_demo_examples,
        .json = "An object with `init`, `load`, `browse`, `search` and `discover`, each as the "
                "command of that name prints it.",
    },
    {
        .name = "init",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_START,
        .summary = "make the database, or bring its schema up to date",
        .usage = "[--precision P [--now]] [--drop-old-vectors] [--take-collection]",
        .options = command_init_options,
        .description = command_init_description,
        .examples = command_init_examples,
        .json = command_init_json,
    },
    {
        .name = "doctor",
        .home_use = GROVE_HOME_LOOK,
        .group = GROUP_START,
        .summary = "check what the set-up needs, and say how to mend it",
        .usage = "[--recall [N]]",
        .operand = "N",
        .operand_kind = VALUE_COUNT,
        .operands_max = 1,
        .options = command_doctor_options,
        .description =
            "Looks at programs, files, folders and servers, and changes nothing. The exit status "
            "is 0 when nothing failed; warnings do not count. It is 7 when nothing failed but a "
            "server that does not answer, and 6 when anything else did.\n\nWith --recall it asks "
            "N queries (100, at most 1000) drawn from your own contents, under each kind of "
            "filter that they allow: each as usual, and with --exact. RECALL is the mean share of "
            "the best 10 rows that is found, WORST the smallest. LACKING counts answers without "
            "all rows, SAID WHOLE those of them that said they were complete: there should be "
            "none, and the exit status is 0 only then, and 1 if there are any. Times are medians. "
            "Where the index is not examined, which a line below the table says, no search relied "
            "on it. It takes two minutes at most, starts the servers as a search does, and "
            "changes nothing either.",
        .examples = command_doctor_examples,
        .json = command_doctor_json,
    },
    {
        .name = "ls",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "what there is: trees, branches, limbs, leaves, documents, types, with counts",
        .usage = "[PATH] [OPTIONS]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = command_ls_options,
        .description =
            "What is one level below PATH, tree[/branch[/limb[/leaf]]]; without one the trees; of "
            "a leaf its documents, those of an attached table by its name and the key. Below it "
            "the content types of all of it. With --type only "
            "these are counted. The contents themselves are shown by grove browse, a document by "
            "grove document.",
        .examples = command_ls_examples,
        .json = "`path`, `level` (`tree`, `branch`, `limb`, `leaf`), `contents`, `places` (`name`, "
                "`path`, `branches`, `limbs`, `leaves`, `contents`; a branch counts itself among "
                "the branches, and so on), `types` (`content_type`, `contents`); of a leaf "
                "`documents` (`id`, `source`, `key`, `title`, `content_type`, `chunks`, "
                "`updated_at`, `table`) and `next_cursor`; `waiting` (rows of attached "
                "tables that were not read yet, at least).",
        .fields = command_ls_fields,
        .answer = &answer_listing_shape,
    },
    {
        .name = "browse",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "contents under a path, newest first, with counts by type",
        .usage = "PATH [OPTIONS]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_browse_options,
        .description =
            "PATH is tree[/branch[/limb[/leaf]]]. The counts by type are of all pages. A page "
            "that is not the last one ends with the command for the next; rows that are added or "
            "removed meanwhile neither repeat nor hide others.",
        .examples = command_browse_examples,
        .json = "`results`, `complete`, `incomplete_reason`, `degraded`, `degraded_reason`, "
                "`hint`, `total` (rows on all pages), `next_cursor`, `groups` (`hierarchy_table`, "
                "`content_type`, `count`), `milliseconds`, and with `--explain` `explain`. `score` "
                "of a row, `pending`, `merged` and `beyond` are null, as is `chunks_matched` of "
                "its `document`, which is as of search.",
        .fields = command_browse_fields,
        .answer = &answer_result_shape,
    },
    {
        .name = "search",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "the contents most similar to a text, under any filter",
        .usage = "TEXT [OPTIONS]",
        .operand = "TEXT",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_search_options,
        .description =
            "The best of all rows that satisfy the filter, best first, with their similarity: 1 "
            "is the same meaning, 0 is unrelated. All filters must hold. There are as many rows "
            "as --limit asks for whenever that many match; if grove cannot be sure of that, it "
            "says so.\n\nA document is one row, its best chunk, with how many of its chunks rank "
            "no lower than the last row. --chunks shows each of them, --context N the text around.",
        .examples = command_search_examples,
        .json = "`results`, `complete`, `incomplete_reason`, `degraded`, `degraded_reason`, "
                "`pending`, `merged`, `beyond`, `hint`, `total` (rows here), `next_cursor` (null), "
                "`milliseconds`, and with `--explain` `explain`. `document` of a row is null, or "
                "has `id`, `source`, `key`, `title`, `url`, `heading`, `position` (of the chunk, "
                "from 1), `chunks`, `chunks_matched` (null with `--chunks`; where `complete` is "
                "false at least so many), `text` (null without `--context`) and `table` (the "
                "attached table whose row it is, by `key`, or null).",
        .fields = command_text_fields,
        .answer = &answer_result_shape,
    },
    {
        .name = "similar",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "the contents most similar to one that is there",
        .usage = "ID [OPTIONS]",
        .operand = "ID",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_similar_options,
        .description = "As search, with the vector of the content with that id instead of a text. "
                       "It is not among the rows itself, nor is its document.",
        .examples = command_similar_examples,
        .json = "As search.",
        .fields = command_id_fields,
        .answer = &answer_result_shape,
    },
    {
        .name = "discover",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "similar contents across all subjects, grouped and counted",
        .usage = "TEXT [OPTIONS]",
        .operand = "TEXT",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_discover_options,
        .description =
            "Ranks the --depth rows nearest to the text, groups them by hierarchy table and "
            "content type, counts the branches and limbs they come from, and pages through them. "
            "Evenness tells how evenly they are spread over limbs: 1 evenly, 0 all in one limb "
            "(Shannon's entropy over its maximum). A document is ranked and counted once; with "
            "--chunks each of its chunks is.",
        .examples = command_discover_examples,
        .json = "`results`, `complete`, `incomplete_reason`, `degraded`, `degraded_reason`, "
                "`pending`, `merged`, `beyond`, `hint`, `total` (rows ranked), `next_cursor`, "
                "`groups` (`hierarchy_table`, `content_type`, `count`, `best_score`, `branches`, "
                "`limbs`), `diversity` (`hierarchy_tables`, `unique_branches`, `unique_limbs`, "
                "`evenness`), `depth_reached` (true: more rows match than were ranked), "
                "`milliseconds`, and with `--explain` `explain`.",
        .fields = command_text_fields,
        .answer = &answer_result_shape,
    },
    {
        .name = "show",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "one content as a whole",
        .usage = "ID | DOCUMENT [--body]",
        .operand = "ID",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_show_options,
        .description =
            "ID is what results show as \"id 5\"; what is no number is a document, as of grove "
            "document. VECTOR is where the vector of its text "
            "is from: computed, supplied with the row, or a placeholder.",
        .examples = command_show_examples,
        .json =
            "`content_id`, `hierarchy_table`, `tree`, `leaf_id`, `branch`, `limb`, `leaf`, "
            "`content_type`, `chunk_number`, `title`, `content_summary`, `word_count`, "
            "`created_at`, `updated_at`, `body_bytes` (null: it has none), `body` (null without "
            "`--body`), `vector_origin` (`computed`, `supplied`, `placeholder`; null: none of "
            "its text yet), `pending` (the vector engine has yet to get it), `dead_reason` (why "
            "that was given up on, or null), `document` (as of search, or null).",
        .fields = command_id_fields,
        .answer = &content_shape,
    },
    {
        .name = "document",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_QUERY,
        .summary = "one document as a whole, with its chunks",
        .usage = "NAME [--body]",
        .operand = "NAME",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_show_options,
        .description =
            "NAME is the document's key, after its source and a slash where it has one, as results "
            "show it (\"part 2 of 9 of wiki/kelp\"); of a row of an attached table "
            "\"articles 42\". grove show takes it as well, where it is no number.",
        .examples = command_document_examples,
        .json = "`id`, `source`, `key`, `title`, `url`, `metadata` (an object), `created_at`, "
                "`updated_at`, `body_bytes`, `body` (null without `--body`), `chunks` "
                "(`content_id`, `position`, `heading`, `first_character`, `characters`, "
                "`word_count`, `path`, `content_type`), `table` (attached, whose row it is, or "
                "null).",
        .fields = command_document_fields,
        .answer = &document_shape,
    },
    {
        .name = "embed",
        .home_use = GROVE_HOME_NEEDLESS,
        .group = GROUP_QUERY,
        .summary = "print the vector of a text",
        .usage = "[--precision P] TEXT | --file F",
        .operand = "TEXT",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = command_embed_options,
        .description = "384 numbers, a vector of length 1, on one line. The model reads the first "
                       "256 tokens of a text. No server is needed.",
        .examples = command_embed_examples,
        .json = "`token_ids` (with the model's start and end marks) and `vector`; with `--file` "
                "one such line for each line of the file. An error in the middle is the last line.",
        .fields = command_embed_fields,
        .answer = &answer_vector_shape,
    },
    {
        .name = "load",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_DATA,
        .summary = "load contents from JSON Lines files, plain or gzip",
        .usage = "FILE... [--strict]",
        .operand = "FILE",
        .operand_kind = VALUE_FILE,
        .operands_min = 1,
        .operands_max = 1024,
        .options = command_load_options,
        .description =
            "Each line is a JSON object with tree, branch, limb, leaf, content_type, title and "
            "summary, and maybe body, chunk_number, word_count, created_at and vector (384 "
            "numbers). Missing leaves are made; an unknown tree is refused. A missing chunk_number "
            "means 1: several rows of one type in one leaf need one each. A row that is there "
            "already (same place, type and chunk number) is updated, so loading a file twice "
            "changes nothing.\n\nA line with document, a key, is a text of any length: it is split "
            "into chunks that the model reads whole and that get their numbers by themselves; with "
            "a vector it is one chunk. source, url and metadata (an object) may go with it. Loaded "
            "again, only the chunks that changed are written.\n\nA bad line is reported on "
            "standard error as file:line: field: reason, and refused; the others are loaded, and "
            "the exit status is 15. Where an input breaks off, or is followed by something else, "
            "what came before is loaded and the error says where. With --strict nothing is loaded "
            "in either case. What is no JSON Lines at all (a PDF, CSV, a JSON array, ...) is "
            "refused as a whole, with what to do instead; UTF-16, a byte order mark and CRLF are "
            "fine.\n\nCtrl-C stops after the current batch; the same command again goes on. A "
            "second Ctrl-C stops at once: what was committed stays, and grove sync, or the same "
            "command two minutes later, completes it. Where a server hangs or is gone it ends, "
            "says how many rows are loaded so far, and the same command again goes on, too.",
        .examples = command_load_examples,
        .json = "`rows_read`, `rows_loaded`, `rows_inserted`, `rows_updated`, `rows_unchanged`, "
                "`rows_bad` (refused), `leaves_created`, `rows_embedded`, `rows_projected`, "
                "`pending` (not in the index yet: run `grove sync`), `bytes_read`, `seconds`, "
                "`seconds_reading`, `seconds_database`, `seconds_embedding`, `seconds_vectors`, "
                "and `bad_lines`, the first 100 as `file`, `line`, `field`, `reason`. When it "
                "fails the same stands under `load`, beside `error`.",
        .fields = command_load_fields,
        .answer = &answer_load_shape,
    },
    {
        .name = "import",
        .home_use = GROVE_HOME_MAKE,
        .group = GROUP_DATA,
        .summary = "load the rows of tables: CSV, JSON Lines with columns of their own, a query",
        .usage = "FILE...|--query SQL --path TEMPLATE [COLUMNS] [--strict]",
        .operand = "FILE",
        .operand_kind = VALUE_FILE,
        .operands_max = 1024,
        .options = command_import_options,
        .description =
            "Says which columns of a table become what. CSV has the names of its columns in the "
            "first line, and is what PostgreSQL's COPY and spreadsheets write: quotes, line ends "
            "within quotes, separated by comma, semicolon, tab or bar. In JSON Lines the members "
            "of an object are its columns, and a.b is the member b of the object a. Plain or gzip, "
            "UTF-8 or UTF-16, with or without a byte order mark; - is standard input.\n\nWith "
            "--query the columns are those of one SQL statement of yours, of this database or, "
            "with --from, of another PostgreSQL, of any version. It is run in a transaction that "
            "only reads. Keep a password out of --from: ~/.pgpass, PGPASSWORD and service=NAME are "
            "read.\n\n--path is a tree that is there (grove ls, grove subject add), then a branch, "
            "a limb and a leaf; those left out are called as the last. {category} is what the "
            "column has, {category|Other} says what stands for nothing; a / in a value is no "
            "level. Leaves that are missing are made.\n\nWith --key each row is a document: its "
            "text may be of any length, is split into chunks that the model reads whole, and the "
            "same file again changes only what changed. A document that has the key already, below "
            "another tree, is not overwritten: --source tells files apart whose keys are the same. "
            "Without --key rows of one type and place need a --chunk each.\n\nOf columns that are "
            "not said those count that are called title (name, headline), body (text, content), "
            "summary, content_type, created_at, chunk_number, word_count and vector (embedding); "
            "which were taken is told first.\n\nDates may be 2024-03-05, 2024/03/05, 5 Mar 2024, "
            "Tue, 05 Mar 2024 12:00:00 +0100, or seconds since 1970; 05/03/2024 is refused, since "
            "nobody can tell its month. Rows that cannot be taken are told as file:line: column: "
            "reason (of a query query:row, with the key), the others are loaded, and the exit "
            "status is 15; all else is as with grove load.",
        .examples = command_import_examples,
        .json = "As load.",
    },
    {
        .name = "attach",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "keep a table of the same database in step: each row is a document",
        .usage = "TABLE --path TEMPLATE [COLUMNS] [--where CONDITION] [--dry-run]",
        .operand = "TABLE",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_attach_options,
        .description =
            "Columns are said as with grove import --key: texts may be of any length, leaves that "
            "are missing are made. All rows are read now, while others go on writing; what is "
            "written later is taken in as it is written, by triggers that note its keys in the "
            "writer's transaction. A search sees all that was committed before it, or says that "
            "it is not complete.\n\nA row that cannot be a content (no text, no such tree) does "
            "not fail its writer: grove attachments tells it with its reason, and it is read "
            "again when it changes, or by grove sync --retry-dead. Interrupted, the same command "
            "goes on, and so does whatever projects.\n\nThe table needs a primary key, or with "
            "--key columns that are NOT NULL and UNIQUE: whole numbers, numeric, texts, uuid, "
            "boolean, dates and times. A partitioned table is attached with all of its "
            "partitions. Views, foreign, temporary and unlogged tables cannot be. The condition "
            "is looked at when a row changes: one that is about now() or about other tables does "
            "not notice when these change.",
        .examples = command_attach_examples,
        .json = "`table`, `dry_run`, `sql`, `documents`, `refused` (rows that cannot be contents), "
                "`waiting` (rows that others wrote meanwhile), `pending` (contents that are not in "
                "the vector engine yet), `rows_expected` (an estimate), `rows_read`, `seconds`.",
        .fields = command_attach_fields,
        .answer = &answer_attach_shape,
    },
    {
        .name = "attachments",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "the tables that are kept in step, and rows of them that were refused",
        .usage = "",
        .options = command_attachments_options,
        .description =
            "Of each how many documents it has, how many changed rows wait to be read, and how "
            "many cannot be contents; the latest 100 of these with their reasons.",
        .examples = command_attachments_examples,
        .json = "`attachments`, each with `table` (null: it is gone), `source` (of its documents), "
                "`state` (`filling`, `kept`, `failing`, `leaving`), `key`, `path`, `type`, "
                "`title`, `text`, `created`, `url`, `metadata`, `where`, `documents`, `rows_read`, "
                "`rows_expected`, `waiting`, `refused`, `problem`, `attached_at`, `vector`, "
                "`oldest_seconds` (of what waits), `failure` (the last); `refused`, each with "
                "`source`, `key`, `reason`, `noted_at`.",
        .fields = command_attachments_fields,
        .answer = &attachments_shape,
    },
    {
        .name = "detach",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "keep a table in step no more, and take its documents away",
        .usage = "TABLE [--keep] [--dry-run]",
        .operand = "TABLE",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1,
        .options = command_detach_options,
        .description =
            "The triggers go first, then the documents, some at a time, and leaves that were made "
            "for them and are empty. The table itself stays as it is. Interrupted, the same "
            "command goes on.",
        .examples = command_detach_examples,
        .json = "`table`, `dry_run`, `sql`, `documents`, `leaves`, `seconds`.",
        .fields = command_detach_fields,
        .answer = &detach_report_shape,
    },
    {
        .name = "export",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "write contents as JSON Lines that load back, or as CSV",
        .usage = "[PATH] [--jsonl|--csv] [OPTIONS]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = command_export_options,
        .description =
            "What is under PATH, or everything, on standard output: each content with its place, "
            "texts, numbers and time, and with its vector where one was supplied. All is of one "
            "moment, sorted by place, type and chunk number; a million rows take no more memory "
            "than a thousand.\n\nA document is one line, where its first chunk is. Loaded into "
            "another home, or of CSV imported there with --path '{tree}/{branch}/{limb}/{leaf}', "
            "and exported, it is the same again, byte for byte. Ids are not in it, nor are "
            "computed vectors, leaves without contents, and their descriptions; grove pg_dump has "
            "those. Rows that a load would refuse, or read as something else (a title with a tab, "
            "a null), are written all the same, and told on standard error. Where it fails in the "
            "middle what was written is not all: look at the exit status.",
        .examples = command_export_examples,
        .json =
            "The rows, one a line, as without it: `tree`, `branch`, `limb`, `leaf`, "
            "`content_type`, `chunk_number`, `title`, `summary`, `word_count`, `created_at`, "
            "`body`, `vector`, of a document `document` (its key), `source`, `url`, `metadata`; "
            "what is null is left out. An error in the middle is the last line.",
    },
    {
        .name = "rechunk",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "split contents that are longer than the model reads, so that all is found",
        .usage = "[PATH] [--dry-run]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = command_rechunk_options,
        .description =
            "A content that is longer than the model reads becomes a document: a search then "
            "finds every part of it, and shows it once. The content itself keeps its id, and "
            "becomes the first chunk, so its body is the beginning; grove show tells its "
            "document, by whose name grove document has the whole. Other chunks get ids of their "
            "own, on the same leaf. A summary and a word count that were given are kept in the "
            "document's metadata.\n\nOthers may read, write and search meanwhile. Each content is "
            "done as a whole or not at all; where it was broken off the same command goes on. "
            "Contents with a supplied vector are left as they are. The exit status is 15 when "
            "some cannot be split, and standard error says why.",
        .examples = command_rechunk_examples,
        .json = "`path`, `dry_run`, `contents` (looked at), `documents` (split, or to be split), "
                "`chunks` (of these), `supplied` and `changed` (left as they are: with a vector of "
                "yours, or changed meanwhile), `refused`, `refusals` (the first 1,000 of these: "
                "`content_id`, `reason`), `pending`, `seconds`.",
        .fields = command_rechunk_fields,
        .answer = &answer_rechunk_shape,
    },
    {
        .name = "mv",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "move contents to another leaf, or give a place another name",
        .usage = "ID... LEAF | --document NAME LEAF | PATH NEW_PATH [--dry-run]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 10001,
        .options = command_mv_options,
        .description =
            "Contents go to LEAF, tree/branch/limb/leaf, which is made where it is missing. A "
            "branch, limb or leaf gets the path NEW_PATH, which has as many parts and must not "
            "exist: in the same branch, in another, or in another tree.\n\nIds, texts, times and "
            "vectors stay as they are, and nothing is embedded. It is done as a whole or not at "
            "all, and so is a document. Rows of attached tables stay. A tree is renamed by grove "
            "subject rename.",
        .examples = command_mv_examples,
        .json = "`contents`, `leaves`, `leaves_created`, `dry_run`, `seconds`.",
        .fields = command_mv_fields,
        .answer = &move_report_shape,
    },
    {
        .name = "rm",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "remove contents by their ids, or all that is under a path",
        .usage = "ID... | --document NAME | PATH [--yes] [--dry-run] [OPTIONS]",
        .operand = "ID or PATH",
        .operand_kind = VALUE_TEXT,
        .operands_max = 10000,
        .options = command_rm_options,
        .description =
            "Of a path the contents and the leaves go; a tree stays, and is empty then. With "
            "--type, --since and so on only such contents go, and leaves stay. Where a path has "
            "contents it asks on a terminal, and elsewhere needs --yes; no more than it said are "
            "removed then. Ids and documents are removed without asking. Some parts of a document "
            "are a conflict, and a row of an attached table: it goes with its row.\n\nAll goes or "
            "nothing. Searches are without it at once, and the vector engine follows.",
        .examples = command_rm_examples,
        .json =
            "`contents`, `leaves`, `dry_run`, `seconds`. It never asks: without `--yes` what has "
            "contents is a `conflict`.",
        .fields = command_rm_fields,
        .answer = &remove_report_shape,
    },
    {
        .name = "subject",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "add, validate, rename or remove a subject, without downtime",
        .usage = "add|validate|remove|list|show|rename [NAME [NEW NAME]] [OPTIONS]",
        .operand = "ACTION",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 3,
        .options = command_subject_options,
        .description =
            "A subject is a tree with a table of its own, NAME_hierarchy, beside the nine that "
            "are there. Names are in lower case: letters, digits and _, 40 at most.\n\n"
            "A change goes in phases, each a transaction of its own. Readers and writers go on: "
            "locks that they could wait for are asked for during 10 ms at a time, and again for "
            "as long as --timeout allows (default: for ever); whom it waits for is told. What "
            "ends a change in the middle leaves nothing half: the same command goes on from "
            "there, and the opposite one takes it back.\n\n"
            "remove is refused while there are contents, unless --with-contents is given. rename "
            "changes the name that paths begin with; the table keeps its own, so that contents, "
            "points and ids stay. validate tells whether all is as it should be, and exits with 4 "
            "where it is not. docs/extending.md tells all of it, and has an exercise.",
        .examples = command_subject_examples,
        .json = "Of list: `subjects`, each with `name`, `hierarchy_table`, `state` (`ready`, "
                "`adding`, `removing`), `specified`, `branches`, `limbs`, `leaves`, `contents`, "
                "`pending`, `bytes`, `added_at`; of show: these of one. Of validate: as of doctor. "
                "Of add, remove and rename: `name`, `dry_run`, `phases` (`name`, `locks`, `sql`, "
                "`done`, `attempts`, `seconds`), `seconds`, `seconds_waited`, `contents_removed`, "
                "`discover_ms_before`, `discover_ms_after`, with `--dry-run` `impact` (`rows`, "
                "`table_bytes`, `database_bytes`, `validate_seconds`, `subjects`, `planning_ms`, "
                "`discover_ms`), with `--sample` `load` as load prints it. Where it fails the "
                "phases that are done stand beside `error`. With `--sql`: `text`.",
    },
    {
        .name = "sync",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "bring the vector engine up to date with the database",
        .usage = "[--watch] [--retry-dead]",
        .options = command_sync_options,
        .description = command_sync_description,
        .examples = command_sync_examples,
        .json = command_sync_json,
        .fields = command_no_fields,
        .answer = &answer_sync_shape,
    },
    {
        .name = "verify",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "prove that both stores say the same, or tell what differs",
        .usage = "[PATH] [--quick] [--resume] [--rate ROWS]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = command_verify_options,
        .description =
            "Compares every content with its point in the vector engine, both ways: ids and "
            "revisions, payloads and vectors, and points without a content. Where the engine makes "
            "digests, as the private one does, only ranges whose digests differ are read. It "
            "changes nothing, takes the same memory however much there is, and may run beside all "
            "else: a content that changes meanwhile is looked at again, and is no difference. Nor "
            "is what waits in the outbox, or was given up on: these are told beside.\n\n"
            "The exit status is 0 where nothing differs and 1 where something does. grove repair "
            "mends it, and grove status tells what was found last. One that was broken off goes on "
            "with --resume; what it had found by then is counted, and not told again.",
        .examples = command_verify_examples,
        .json =
            "`equal`, `quick`, `path`, `resumed`, `noted` (for status), `contents`, `points`, "
            "`proven` (contents, by digests), `different`, `kinds` (how many of each), "
            "`differences`, each with `kind` (`missing`: a content without a point; `stale`: its "
            "point is of an earlier revision; `strange`: of one that it has not come to, or none; "
            "`payload`, `vector`: another under the right revision; `no_vector`: the database has "
            "none of its text; `orphan`: a point of a content that is gone; `alien`: a point that "
            "nobody can have written from this database; and `waiting`, `dead`, which the outbox "
            "knows of and which are not counted in `different`), `content_id`, `point_id` (where "
            "it can be no content's), `content_revision`, `point_revision`, `detail` (the fields "
            "of a payload); `left_out` of these beyond a million; `seconds`.",
        .fields = command_compare_fields,
        .answer = &answer_verify_shape,
    },
    {
        .name = "repair",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "mend what differs between both stores",
        .usage = "[PATH] [--yes] [--dry-run] [--quick] [--aliens] [--rate ROWS]",
        .operand = "PATH",
        .operand_kind = VALUE_TEXT,
        .operands_max = 1,
        .options = command_repair_options,
        .description =
            "Compares as grove verify does, puts the contents that differ into the outbox, and "
            "projects them. What is equal is not written. Points of contents that are gone are "
            "taken out in the same way; points that nobody can have written from this database "
            "stay, unless --aliens is given. On a terminal it shows what it found, and asks; "
            "elsewhere it needs --yes. What was given up on is left to grove dead.",
        .examples = command_repair_examples,
        .json = "`dry_run`, `mended`, `pending`, `dead`, `found` (as of verify), `seconds`. It "
                "never asks: without `--yes` what is to be mended is a `conflict`.",
        .fields = command_compare_fields,
        .answer = &answer_repair_shape,
    },
    {
        .name = "dead",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_DATA,
        .summary = "list, retry or drop contents that were given up on",
        .usage = "list|retry|drop [ID...] [OPTIONS]",
        .operand = "ACTION",
        .operand_kind = VALUE_TEXT,
        .operands_min = 1,
        .operands_max = 1001,
        .options = command_dead_options,
        .description =
            "A content is given up on when the vector engine has refused it eight times, or when "
            "no attempt could help: its supplied vector cannot be compared, or its id is "
            "negative. Searches find it all the same, in the database. A change of the content "
            "tries it again.\n\nlist shows each with the reason. retry makes all of them due "
            "again, or those that are named: the resident projector, or grove sync, tries them. "
            "drop gives contents up for good: they are removed from the database, which it asks "
            "for on a terminal and elsewhere needs --yes for. What was not given up on it leaves "
            "alone; of a content that is gone already it ends the letter, if the vector engine "
            "holds no point of it.",
        .examples = command_dead_examples,
        .json =
            "Of list: `dead`, each with `content_id`, `deleted`, `attempts`, `since`, `reason`, "
            "`content_type`, `title`; and `more`. Of retry: `contents`. Of drop: `contents` "
            "(removed), `letters` (ended, of contents that were gone), `kept` (whose point is "
            "still there), `dry_run`; it never asks, but needs `--yes`.",
        .fields = command_dead_fields,
        .answer = &answer_dead_shape,
    },
    {
        .name = "status",
        .home_use = GROVE_HOME_LOOK,
        .group = GROUP_SERVERS,
        .summary = "what runs where, and how much is in it",
        .usage = "",
        .options = command_no_options,
        .description = "Measured now. Starts nothing. The exit status is 7 when a server does not "
                       "answer, also when it is a private one that was stopped.",
        .examples = command_status_examples,
        .json = command_status_json,
        .fields = command_no_fields,
        .answer = &answer_status_shape,
    },
    {
        .name = "stop",
        .home_use = GROVE_HOME_LOOK,
        .group = GROUP_SERVERS,
        .summary = "stop the private servers of this home, and its projector",
        .usage = "",
        .options = command_no_options,
        .description = "They keep running between commands, so that commands are quick. Nothing "
                       "is lost by stopping them; one that hangs is killed. Servers named by "
                       "DATABASE_URL or QDRANT_URL are not touched.",
        .examples = command_stop_examples,
        .json =
            "`stopped`: true, `ran` (anything did), and `forced`: PostgreSQL did not answer and "
            "was killed.",
    },
    {
        .name = "url",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "the database's connection string, for any other client",
        .usage = "[--for CLIENT] [--password]",
        .options = command_url_options,
        .description =
            "Starts the private database if need be, and nothing else. A password is in it only "
            "with --password; without it clients take it from PGPASSWORD or ~/.pgpass, which a "
            "command line does not show to others. The private database is at a Unix socket: only "
            "the account that owns the home, and root, can connect, and JDBC cannot.",
        .examples = command_url_examples,
        .json = "`url`, `password_left_out`.",
    },
    {
        .name = "psql",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "psql on the database",
        .usage = "[--print] [-- ARGUMENTS OF PSQL]",
        .operand = "ARGUMENTS OF PSQL",
        .operand_kind = VALUE_RAW,
        .operand_option = "-c",
        .operands_max = SIZE_MAX,
        .options = command_psql_options,
        .description = "Starts the private database if need be and hands over to psql; a password "
                       "reaches it by the environment, never by the command line. The exit status "
                       "is psql's. --timeout holds until psql runs.",
        .examples = command_psql_examples,
        .json = "Only errors that happen before psql starts. With `--print`: `url`.",
    },
    {
        .name = "pg_dump",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "pg_dump of the database: backups and exports",
        .usage = "[-- ARGUMENTS OF PG_DUMP]",
        .operand = "ARGUMENTS OF PG_DUMP",
        .operand_kind = VALUE_RAW,
        .operands_max = SIZE_MAX,
        .options = command_no_options,
        .description =
            "It is one that is new enough for the server: the one that came with "
            "the private server where the machine's is older. A backup of the database is a "
            "backup of all: the vector engine can be filled from it. The exit status "
            "is pg_dump's. --timeout holds until pg_dump runs.",
        .examples = command_pg_dump_examples,
        .json = "Only errors that happen before pg_dump starts.",
    },
    {
        .name = "pg_restore",
        .home_use = GROVE_HOME_FIND,
        .group = GROUP_SERVERS,
        .summary = "pg_restore into the database",
        .usage = "[-- ARGUMENTS OF PG_RESTORE]",
        .operand = "ARGUMENTS OF PG_RESTORE",
        .operand_kind = VALUE_RAW,
        .operands_max = SIZE_MAX,
        .options = command_no_options,
        .description =
            "Reads what \"grove pg_dump -- -Fc\" wrote. Run \"grove stop\" before. The vector "
            "engine may be ahead of what was put back, or behind it: the next command notices, and "
            "grove sync compares both and mends what differs; grove verify proves it. The exit "
            "status is pg_restore's. --timeout holds until pg_restore runs.",
        .examples = command_pg_restore_examples,
        .json = "Only errors that happen before pg_restore starts.",
    },
    {
        .name = "help",
        .group = GROUP_HELP,
        .summary = "show help on a command",
        .usage = "[COMMAND]",
        .operand = "COMMAND",
        .operand_kind = VALUE_COMMAND,
        .operands_max = 1,
        .options = command_help_options,
        .examples = command_help_examples,
        .json = "`text`.",
    },
    {
        .name = "completion",
        .group = GROUP_HELP,
        .summary = "print a completion script for bash, zsh or fish",
        .usage = "[bash|zsh|fish]",
        .operand = "bash|zsh|fish",
        .operand_kind = VALUE_SHELL,
        .operands_max = 1,
        .options = command_no_options,
        .examples = command_completion_examples,
        .json = "`text`.",
    },
    {
        .name = "version",
        .group = GROUP_HELP,
        .summary = "show the version",
        .usage = "",
        .options = command_no_options,
        .examples = command_version_examples,
        .json = "`version`.",
        .fields = command_no_fields,
        .answer = &answer_version_shape,
    },
    {0},
};
