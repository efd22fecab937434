// SPDX-License-Identifier: Apache-2.0
#include "commands/command_texts.h"

const char command_sync_description[] =
    "Rows may be changed by any SQL client: what changed waits in the outbox, and this embeds it "
    "and writes it to the vector engine. Searches are right meanwhile: they take waiting rows from "
    "the database. Any number of these may run at once. Then the index is examined, where it was "
    "built anew or much has changed: until that is done, searches of more than 25,000 rows compare "
    "them all. Where the engine takes rows and shows none of them for five seconds, or rows still "
    "wait after two minutes, it fails and says how many did not arrive.\n\n"
    "With the private servers there is seldom need: a process of the home, the resident projector, "
    "does this within seconds of every change. It starts with the servers and ends with grove "
    "stop; GROVE_PROJECTOR=off starts none. With servers of yours keep grove sync --watch "
    "running.\n\n"
    "With --watch it stays, and writes whatever comes. A server that is away, also at first, does "
    "not end it: it says so once, tries again after a second, doubled each time, at most 30 "
    "seconds, and says when it goes on. What no wait mends ends it: a wrong password, a collection "
    "of another database, a database without grove's schema or with that of another version. "
    "Ctrl-C and SIGTERM end it with exit status 0, after the batch at work, or with its rows "
    "handed back; a second one ends it at once.\n\n"
    "As a service of systemd with Type=notify it says when it is ready, which is once both servers "
    "were reached and the first batch is done, and from then on what waits; with WatchdogSec, that "
    "it gets on. docs/tasks.md has a unit file.";

const char command_sync_json[] =
    "`upserted`, `removed`, `embedded`, `failed`, `pending`, `dead`, `seconds`, and `index` "
    "(`state`: `needless`, `examined`, `building`, `taken` by another process, `unknown`; "
    "`examined_now`, `rows`, `listed`, `ef`, `ef_filtered`, `queries`, `recall`, `recall_worst`, "
    "`seconds`, `reason`); with `--watch` one such line after each batch, without `index`, and "
    "between them, where a server is away, one with `outage` (as `error`), and when it goes on one "
    "with `outage` null and `seconds`. Where both stores were compared first, since one of them "
    "was restored: `comparison` (`reason`, `points`, `enqueued`, `taken_out`, `ended`: false where "
    "another process goes on with it, `keeps_index`: nothing differed, and what was known of the "
    "index holds on).";

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
