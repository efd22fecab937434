# SPDX-License-Identifier: Apache-2.0
"""Mutants of the private vector server. Its tests pack and run embedded/ of the tree they are in,
so nothing is built for these."""

from mutant import Mutant

SERVER = "tests/integration/test_vector_server.py::"
PACKED = "tests/integration/test_packed_vectors.py::"
GRAPHS = "tests/integration/test_vector_graphs.py::"
FILES = "tests/integration/test_vector_files.py::"
LONG_READS = "tests/integration/test_long_reads.py::"
SCHEDULE = "tests/integration/test_vector_schedule.py::"
REBUILDS = "tests/integration/test_rebuild_crashes.py::"
ERRORS = SERVER + "test_errors_change_nothing"

MUTANTS = [
    Mutant(
        name="two-servers-for-one-folder",
        guards=("embedded/README 1", "docs/architecture: locks, 3"),
        file="embedded/grove_vectors/__main__.py",
        find="        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        replace="        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)\n",
        killer=SERVER + "test_one_server_per_folder",
    ),
    Mutant(
        name="vector-server-stays-without-its-socket",
        guards="docs/architecture: crash table",
        file="embedded/grove_vectors/__main__.py",
        find="            arguments.socket: identity(arguments.socket)}\n",
        replace="            }\n",
        killer="tests/e2e/test_surroundings.py"
               "::test_a_removed_socket_of_the_vector_server_comes_back",
        limit_seconds=60,
    ),
    Mutant(
        name="clients-are-let-in-too-early",
        guards="embedded/README 2",
        file="embedded/grove_vectors/__main__.py",
        find="    catalogue = Catalogue(arguments.data, command, log)\n"
             "    version = engine_version(arguments.engine)\n"
             "    listener = listen(arguments.socket)\n",
        replace="    listener = listen(arguments.socket)\n"
                "    catalogue = Catalogue(arguments.data, command, log)\n"
                "    version = engine_version(arguments.engine)\n",
        killer=SERVER + "test_nobody_is_let_in_before_the_collections_are_loaded",
    ),
    Mutant(
        name="points-are-not-checked-before-they-are-applied",
        guards="embedded/README 3",
        file="embedded/grove_vectors/translate.py",
        find="    if len(numbers) != dimension:\n",
        replace="    if len(numbers) > 10 * dimension:\n",
        killer=SERVER + "test_a_bad_point_among_many_changes_nothing",
    ),
    Mutant(
        name="answered-before-the-log-is-synced",
        guards="embedded/README 4",
        file="embedded/grove_vectors/collection.py",
        find="            if wait:\n                self._sync_log()\n",
        replace="",
        killer=FILES + "test_a_log_file_renamed_while_the_log_is_synced",
    ),
    Mutant(
        name="changes-during-a-rebuild-are-lost",
        guards="embedded/README 4",
        file="embedded/grove_vectors/collection.py",
        find="                self.journal.append(kind, body)\n",
        replace="",
        killer=FILES + "test_changes_during_a_rebuild_are_in_its_journal",
    ),
    Mutant(
        name="unfinished-generation-is-the-valid-one",
        guards="embedded/README 4",
        file="embedded/grove_vectors/collection.py",
        find="            if entry in (\"config.json\", f\"g{self.generation}\"):\n",
        replace="            if entry in (\"config.json\", f\"g{self.generation + 1}\"):\n",
        killer=SERVER + "test_acknowledged_points_survive_a_kill",
    ),
    Mutant(
        name="update-filter-holds-for-all",
        guards=("embedded/README: conditional writes", "src/vector/README: late writes"),
        file="embedded/grove_vectors/changes.py",
        find="        return engine.Filter(should=parts or [engine.HasIdCondition(set())])\n",
        replace="        return engine.Filter(should=parts)\n",
        killer=SERVER + "test_conditional_upsert",
    ),
    Mutant(
        name="update-filter-is-ignored",
        guards=("embedded/README: conditional writes", "src/vector/README: late writes"),
        file="embedded/grove_vectors/changes.py",
        find="            some, condition.for_points(some), _modes[mode]), touched=len(some)))\n",
        replace="            some, None, _modes[mode]), touched=len(some)))\n",
        killer=SERVER + "test_conditional_upsert",
    ),
    Mutant(
        name="head-without-maximum",
        guards="embedded/README 5",
        file="embedded/grove_vectors/server.py",
        find="                if len(inbox) >= HEAD_BYTES_MAX:\n",
        replace="                if len(inbox) >= 1 << 30:\n",
        killer=SERVER + "test_http_limits",
    ),
    Mutant(
        name="body-without-maximum",
        guards="embedded/README 5",
        file="embedded/grove_vectors/server.py",
        find="            if head.length > BODY_BYTES_MAX:\n",
        replace="            if head.length > 1 << 40:\n",
        killer=SERVER + "test_http_limits",
    ),
    Mutant(
        name="unknown-operation-is-ignored",
        guards="embedded/README 6",
        file="embedded/grove_vectors/changes.py",
        find="        raise unsupported(f\"the operation `{kind:.60}` in a batch\")\n",
        replace="        return []\n",
        killer=ERRORS + "[POST-/collections/c/points/batch-body33-400-set_payl]",
    ),
    Mutant(
        name="unknown-condition-is-ignored",
        guards="embedded/README 6",
        file="embedded/grove_vectors/translate.py",
        find="            raise bad_json(f\"unknown condition `{kind:.60}` on a field\")\n",
        replace="            continue\n",
        killer=ERRORS + "[POST-/collections/c/points/query-body13-400-smells]",
    ),
    Mutant(
        name="full-disk-is-not-noticed",
        guards="embedded/README: durability",
        file="embedded/grove_vectors/collection.py",
        find="        files.check_space(self.folder, "
             "files.SPACE_TO_WRITE + files.SPACE_OF_BODY * len(body))\n",
        replace="",
        killer=FILES + "test_a_change_is_refused_while_there_is_still_room",
    ),
    Mutant(
        name="new-graph-keeps-the-old-name",
        guards="embedded/README 7",
        file="embedded/grove_vectors/collection.py",
        find='"generation": generation, "graph": new_graph(generation)}',
        replace='"generation": generation}',
        killer=GRAPHS + "test_the_old_graph_keeps_its_name_while_the_next_is_built",
    ),
    Mutant(
        name="collection-made-again-has-the-old-names",
        guards="embedded/README 7",
        file="embedded/grove_vectors/collection.py",
        find='    return f"{secrets.token_hex(12)}-{generation}"',
        replace='    return f"{len(secrets.token_hex(12))}-{generation}"',
        killer=GRAPHS + "test_no_graph_has_a_name_that_another_had",
    ),
    Mutant(
        name="graph-of-an-older-folder-is-named-at-each-start",
        guards="embedded/README 7",
        file="embedded/grove_vectors/collection.py",
        find='        config = {**self.config, "graph": new_graph(self.generation)}\n'
             "        try:\n",
        replace='        config = {**self.config, "graph": new_graph(self.generation)}\n'
                "        try:\n"
                "            self.config = config\n"
                "            return\n",
        killer=GRAPHS + "test_no_graph_has_a_name_that_another_had",
    ),
    Mutant(
        name="long-read-moves-to-another-generation",
        guards="embedded/README 8",
        file="embedded/grove_vectors/long_reads.py",
        find="        return shard.query(search.request(\n            filter=window,",
        replace="        return collection.shard.query(search.request(\n            filter=window,",
        killer=LONG_READS + "test_another_generation_meanwhile",
    ),
    Mutant(
        name="point-with-a-new-number-is-missed",
        guards="embedded/README 8",
        file="embedded/grove_vectors/long_reads.py",
        find="        if collection.numbered or not counts_on_ids:\n",
        replace="        if counts_on_ids or not collection.numbered:\n",
        killer=LONG_READS + "test_a_point_that_gets_another_number_meanwhile_is_not_missed",
    ),
    Mutant(
        name="ranges-of-numbers-that-are-no-ids",
        guards="embedded/README 8",
        file="embedded/grove_vectors/collection.py",
        find="            if not numbered:\n                self._set_numbered(False)\n",
        replace="",
        killer=LONG_READS + "test_pieces_give_what_the_whole_gives[integer-unnumbered]",
    ),
    Mutant(
        name="worst-of-the-best-is-shut-out",
        guards="embedded/README: why long reads come in pieces",
        file="embedded/grove_vectors/long_reads.py",
        find="        bound += abs(bound) * 1e-6 + 1e-30\n",
        replace="        bound -= 0.2\n",
        killer=LONG_READS + "test_pieces_give_what_the_whole_gives[integer-numbered]",
    ),
    Mutant(
        name="long-read-is-worked-on-to-its-end",
        guards="embedded/README: why long reads come in pieces",
        file="embedded/grove_vectors/server.py",
        find="        while self._long_reads and time.perf_counter() < until:\n",
        replace="        while self._long_reads:\n",
        killer=LONG_READS + "test_a_short_search_overtakes_long_reads",
    ),
    Mutant(
        name="long-read-of-nobody-goes-on",
        guards="embedded/README: why long reads come in pieces",
        file="embedded/grove_vectors/server.py",
        find="            reads.popleft().work.close()  # nobody waits for the answer any more\n",
        replace="            break\n",
        killer=LONG_READS + "test_a_client_that_leaves_ends_its_long_read",
    ),
    Mutant(
        name="long-body-may-end-in-a-comma",
        guards="embedded/README 6",
        file="embedded/grove_vectors/body.py",
        find="            if not some:\n"
             "                raise json.JSONDecodeError(\"Expecting value\", text, at)\n",
        replace="",
        killer=LONG_READS + "test_long_bodies_are_read_as_short_ones",
    ),
    Mutant(
        name="packed-numbers-need-not-be-finite",
        guards="embedded/README 3",
        file="embedded/grove_vectors/translate.py",
        find="        return _finite(_unpack(value, dimension))\n",
        replace="        return _unpack(value, dimension)\n",
        killer=PACKED + "test_packed_vectors_are_checked",
    ),
    Mutant(
        name="packed-vectors-are-of-any-size",
        guards="embedded/README 3",
        file="embedded/grove_vectors/translate.py",
        find="    return _of_size(numbers, dimension)\n",
        replace="    return numbers\n",
        killer=PACKED + "test_packed_vectors_are_checked",
    ),
    Mutant(
        name="bulk-load-is-indexed-again-and-again",
        guards="embedded/README: when an index is built",
        file="embedded/grove_vectors/schedule.py",
        find="        if self._bulk and now - self._fresh_since < BULK_S_MAX:\n",
        replace="        if self._bulk and now - self._fresh_since < 1.0:\n",
        killer=SCHEDULE + "test_a_bulk_load_builds_once_at_its_end[64-0.064-2.25]",
    ),
    Mutant(
        name="pause-of-a-bulk-load-is-its-end",
        guards="embedded/README: when an index is built",
        file="embedded/grove_vectors/schedule.py",
        find="max(REBUILD_IDLE_S, 2 * longest_s)",
        replace="max(REBUILD_IDLE_S, 0 * longest_s)",
        killer=SCHEDULE + "test_a_bulk_load_builds_once_at_its_end[256-8.0-16.25]",
    ),
    Mutant(
        name="searches-scan-what-a-bulk-load-wrote-without-a-bound",
        guards="embedded/README 5",
        file="embedded/grove_vectors/schedule.py",
        find="            return now - self._searched_at < SEARCHED_S and "
             "self.fresh >= BULK_POINTS_MAX\n",
        replace="            return False\n",
        killer=SCHEDULE + "test_searches_do_not_scan_without_a_bound",
    ),
    Mutant(
        name="endless-load-is-never-indexed",
        guards="embedded/README 5",
        file="embedded/grove_vectors/schedule.py",
        find="        if self._bulk and now - self._fresh_since < BULK_S_MAX:\n",
        replace="        if self._bulk:\n",
        killer=SCHEDULE + "test_no_point_waits_longer_than_an_hour_of_a_load",
    ),
    Mutant(
        name="failed-build-is-tried-again-at-once",
        guards="embedded/README: failures",
        file="embedded/grove_vectors/schedule.py",
        find="        self._rebuild_after = now + REBUILD_RETRY_S\n",
        replace="        self._rebuild_after = now\n",
        killer=SCHEDULE + "test_what_failed_is_not_tried_again_at_once",
    ),
    Mutant(
        name="nothing-is-flushed-while-an-index-is-built",
        guards=("embedded/README 5", "embedded/README: durability"),
        file="embedded/grove_vectors/catalogue.py",
        find="rebuild(collection, self._builder, self._work_beside)",
        replace="rebuild(collection, self._builder, lambda: None)",
        killer=REBUILDS + "test_upkeep_goes_on_while_it_rebuilds",
    ),
    Mutant(
        name="journal-fills-the-disk",
        guards="embedded/README 5",
        file="embedded/grove_vectors/journal.py",
        find="            files.check_space(self._folder, "
             "SPACE_LEFT + files.SPACE_OF_BODY * len(body))\n",
        replace="",
        killer=FILES + "test_a_journal_gives_up_before_changes_are_refused",
    ),
    Mutant(
        name="replayed-journal-stays-on-the-disk",
        guards="embedded/README 5",
        file="embedded/grove_vectors/journal.py",
        find="            os.unlink(_path(folder, began))\n",
        replace="",
        killer=FILES + "test_a_journal_goes_on_in_another_file",
    ),
    Mutant(
        name="writers-outrun-the-rebuild",
        guards="embedded/README: why a second process builds the index",
        file="embedded/grove_vectors/rebuild.py",
        find="        if left > piece / 2:\n",
        replace="        if left > piece * 1e6:\n",
        killer=FILES + "test_catching_up_ends",
    ),
    Mutant(
        name="writers-do-not-wait-for-the-rebuild",
        guards="embedded/README: why a second process builds the index",
        file="embedded/grove_vectors/collection.py",
        find="                pause_s = self.journal.pause_s(len(body))\n",
        replace="",
        killer=FILES + "test_writers_wait_for_a_rebuild_that_does_not_catch_up",
    ),
    Mutant(
        name="rebuild-begins-without-room",
        guards="embedded/README: failures",
        file="embedded/grove_vectors/rebuild.py",
        find="    files.check_space(collection.folder, journal.SPACE_LEFT +\n"
             "                      COPIES * files.size_of_tree(collection.path))\n",
        replace="",
        killer=FILES + "test_no_rebuild_begins_without_room_for_it",
    ),
    Mutant(
        name="rebuild-without-use-goes-on",
        guards="embedded/README 5",
        file="embedded/grove_vectors/rebuild.py",
        find="    if log.broken:\n        raise RebuildError(log.broken)\n    if beside:\n",
        replace="    if beside:\n",
        killer=FILES + "test_a_rebuild_that_cannot_be_completed_ends_at_once",
        hangs=True,
        limit_seconds=20,
    ),
    Mutant(
        name="builder-keeps-the-whole-journal-in-its-log",
        guards="embedded/README 5",
        file="embedded/grove_vectors/rebuild.py",
        find="            if self.done - self.flushed >= schedule.FLUSH_BYTES:\n"
             "                self.settle()\n",
        replace="",
        killer=FILES + "test_the_builder_flushes_as_it_replays",
    ),
    Mutant(
        name="payload-indexes-are-read-into-the-heap-at-each-start",
        guards="embedded/README: durability",
        file="embedded/grove_vectors/translate.py",
        find="        return _schema_types[value][1](**_ON_DISK)\n",
        replace="        return _schema_types[value][0]\n",
        killer=SERVER + "test_payload_index",
    ),
]
