# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/vector: what is sent to the engine, what of its answers is believed."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="upsert-does-not-wait",
        guards="src/vector/README 1",
        file="src/vector/qdrant.c",
        find='code = call_only(qdrant, "PUT", "/points?wait=true", &body, error);',
        replace='code = call_only(qdrant, "PUT", "/points", &body, error);',
        killer="u_qdrant:writes_are_conditional",
    ),
    Mutant(
        name="removal-does-not-wait",
        guards="src/vector/README 1",
        file="src/vector/qdrant.c",
        find='call_only(qdrant_of(engine), "POST", "/points/delete?wait=true", &body, error);',
        replace='call_only(qdrant_of(engine), "POST", "/points/delete", &body, error);',
        killer="u_qdrant:removals_are_conditional",
    ),
    Mutant(
        name="upsert-without-update-filter",
        guards=("src/vector/README: late writes", "src/sync/README 5"),
        file="src/vector/qdrant.c",
        find="    if (conditional) {\n",
        replace="    if (conditional && count == 0) {\n",
        killer="u_qdrant:writes_are_conditional",
    ),
    Mutant(
        name="older-server-is-not-asked-first",
        guards="src/vector/README: late writes",
        file="src/vector/qdrant.c",
        find="        ret_write[i] = !states[i].present || "
             "states[i].revision <= points[i].revision;",
        replace="        ret_write[i] = !states[i].present || points[i].revision >= 0;",
        killer="u_qdrant:writes_are_conditional",
    ),
    Mutant(
        name="removal-without-revision",
        guards=("src/vector/README: late writes", "src/sync/README 5"),
        file="src/vector/qdrant.c",
        find="        add_not_newer(&body, content_ids[i], revisions[i]);",
        replace="        add_not_newer(&body, content_ids[i], revisions[i] < 0 ? 0 : INT64_MAX);",
        killer="u_qdrant:removals_are_conditional",
    ),
    Mutant(
        name="collection-that-exists-is-an-error",
        guards="src/vector/README 2",
        file="src/vector/qdrant.c",
        find="    return code == GROVE_CONFLICT ? GROVE_OK : code; // somebody else just made it",
        replace="    return code;",
        killer="u_qdrant:a_collection_is_made_once",
    ),
    Mutant(
        name="cut-request-is-not-sent-again",
        guards="src/vector/README 2",
        file="src/vector/http.c",
        find="    if (code == GROVE_OK || !lost)\n        return code;",
        replace="    if (code == GROVE_OK || !lost || lost)\n        return code;",
        killer="u_qdrant:a_cut_request_is_sent_again",
    ),
    Mutant(
        name="infinite-number-is-sent",
        guards="src/vector/README 3",
        file="src/vector/qdrant.c",
        find="        if (!isfinite(point->vector[i]))",
        replace="        if (!isfinite(point->vector[i]) && point->content_id < 0)",
        killer="u_qdrant:writes_are_conditional",
    ),
    Mutant(
        name="collection-of-another-size-is-taken",
        guards="src/vector/README 4",
        file="src/vector/qdrant.c",
        find="    if (yyjson_is_uint(size) && yyjson_get_uint(size) == VECTOR_DIMENSION && "
             "distance &&",
        replace="    if (yyjson_is_uint(size) && distance &&",
        killer="u_qdrant:a_collection_of_another_kind_is_left_alone",
    ),
    Mutant(
        name="collection-of-another-distance-is-taken",
        guards="src/vector/README 4",
        file="src/vector/qdrant.c",
        find='        strcmp(distance, "Cosine") == 0)',
        replace='        strcmp(distance, "") != 0)',
        killer="u_qdrant:a_collection_of_another_kind_is_left_alone",
    ),
    Mutant(
        name="empty-set-of-leaves-is-asked-about",
        guards="src/vector/README 5",
        file="src/vector/filter.c",
        find="    return filter && filter->by_leaf && filter->leaf_id_count == 0;",
        replace="    return filter && filter->by_leaf && filter->leaf_id_count == SIZE_MAX;",
        killer="u_qdrant:no_leaf_is_asked_about_nowhere",
    ),
    Mutant(
        name="stranger-point-is-a-hit",
        guards="src/vector/README 6",
        file="src/vector/qdrant.c",
        find="    if (!yyjson_is_uint(id) || yyjson_get_uint(id) > INT32_MAX)\n        return "
             "false;",
        replace="    if (yyjson_get_uint(id) > INT32_MAX)\n        return false;",
        killer="u_qdrant:a_search",
    ),
    Mutant(
        name="number-of-an-earlier-process-is-the-server",
        guards="src/vector/README 7",
        file="src/base/process.c",
        find="    return process_start_time(process->pid) == process->began &&",
        replace="    return process_start_time(process->pid) >= process->began &&",
        killer="u_private:a_vector_server_has_its_start_time_and_folder",
    ),
    Mutant(
        name="process-of-another-folder-is-the-server",
        guards="src/vector/README 7",
        file="src/base/process.c",
        find="        if (strcmp(arguments + at, wanted) == 0)\n            return true;",
        replace="        if (strcmp(arguments + at, wanted) != 0)\n            return true;",
        killer="u_private:a_vector_server_has_its_start_time_and_folder",
    ),
    Mutant(
        name="password-in-the-address",
        guards="src/vector/README: memory",
        file="src/vector/http.c",
        find='        code = copy_secret(url, CURLUPART_PASSWORD, &client->password, error);',
        replace='        code = copy_secret(url, CURLUPART_PASSWORD, &client->password, error);\n'
                '    if (client->password)\n'
                '        snprintf(client->base, URL_SIZE, "%s", client->options.url);',
        killer="u_qdrant:refusals",
    ),
    Mutant(
        name="old-server-is-spoken-to",
        guards="src/vector/README: control flow",
        file="src/vector/qdrant.c",
        find="    } else if (version < OLDEST_VERSION) {",
        replace="    } else if (version < 0) {",
        killer="u_qdrant:an_old_server_is_refused",
    ),
]
