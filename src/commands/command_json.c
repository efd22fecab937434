// SPDX-License-Identifier: Apache-2.0
//
// What the JSON of commands holds, where it is too long for their rows.
#include "commands/command_lists.h"

const char command_status_json[] =
    "`ok`, `home`, `model`, `database` (`ok`, `private`, `where`, `version`, `error`, "
    "`schema_version`, `schema_wanted`, `schema_works`, `bytes`, `identity`, "
    "`epoch`), `engine` (`ok`, `private`, `where`, `version`, `error`, `collection`, "
    "`collection_status`, `collection_of` (another database, whose it is), `doubt` "
    "(why it has to be compared first), `points`, `points_indexed`; while it is out "
    "`out_seconds`, `retry_seconds`, `out_reason`), `projector` (`wanted`, `running`, "
    "`pid`, `error`), `verify` (`outcome` of the last: `equal`, `different`, "
    "`unfinished` or `never`; `path`, `quick`, `age_seconds`, `contents`, "
    "`different`), `contents`, `leaves`, `subjects`, `embeddings`, `pending`, `dead`, "
    "`oldest_pending_seconds`, `long_texts` (contents that are longer than the model "
    "reads, and no chunks of documents), `long_texts_exact` (false: there may be more), "
    "`index` as of sync (`state` may be `due`, too), `attached` (`table`, `source`, "
    "`state`, `documents`, `refused`, `waiting`, `oldest_seconds`, `failure`, as of "
    "attachments), `rows_per_second` (points that the projectors that live write and remove, "
    "averaged over about a minute until now), `projectors` (who has projected, those that live "
    "first: `name`, `kind` (`resident`, `sync`, `watch`, `load`, `attach`, `repair`, `thread` of a "
    "handle or another `call`), `host`, `process`, `application`, `version`, `state` (`alive`, "
    "`ended`, `lost` without having said that it ends, or `unknown`), `began_at`, `worked_at` "
    "(last), `ended_at`, `age_seconds` (since it worked), `written`, `removed` (points), "
    "`embedded`, `refused` (rows put back or given up on), `failures` (of whole batches), "
    "`seconds_database`, `seconds_embedding`, `seconds_vectors`, `rows_per_second` (the same "
    "average, when it last worked), `failure` (its last), `failed_at`, `failure_age_seconds`). "
    "What a server that does not answer would have told is null.";

const char command_doctor_json[] =
    "`ok`, and `findings`: a list of `name`, `verdict` (`ok`, `warning` or `failed`), "
    "`text` and `hint` (null where there is nothing to mend). With `--recall`: `ok`, "
    "`queries` (asked under each filter), `queries_wanted` (more: time was up), "
    "`contents`, `pending`, `points`, `index` (as of sync), `shapes`, `seconds`. "
    "`shapes` has the worst first, each with `shape`, `queries`, `recall`, `worst`, "
    "`worst_query`, `worst_filter`, `whole` (queries with all rows), "
    "`false_complete`, `exact_false` (the same of `--exact`), `incomplete`, "
    "`degraded`, `milliseconds` and `exact_milliseconds`.";
