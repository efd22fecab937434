# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/cli: outputs, what reaches a terminal, exit statuses, passwords, cursors."""

from mutant import Mutant

DOCS = "tests/e2e/test_cli_docs.py::"
INSTALL = "tests/integration/test_install.py::"

MUTANTS = [
    Mutant(
        name="error-that-standard-output-does-not-take-is-lost",
        guards="src/cli/README 4",
        file="src/cli/session.c",
        find="    if (session->json && report_json(session, error))\n",
        replace="    if (session->json && (report_json(session, error) || session->json))\n",
        killer="tests/e2e/test_standard_streams.py::"
               "test_a_full_output_is_an_error_of_every_command[form1]",
        limit_seconds=240,
    ),
    Mutant(
        name="errors-go-to-standard-output",
        guards="src/cli/README 1",
        file="src/cli/session.c",
        find="    fwrite(out->data, 1, out->length, session->err.file);\n",
        replace="    fwrite(out->data, 1, out->length, stdout);\n",
        killer=DOCS + 'test_usage_errors[arguments0-unknown command "serch"-did you mean grove '
                      'search?]',
    ),
    Mutant(
        name="closed-streams-stay-closed",
        guards="src/cli/README 8",
        file="src/cli/main.c",
        find="    if (!descriptor_fill_standard())\n",
        replace="    if (argc == 0 && !descriptor_fill_standard())\n",
        killer="tests/e2e/test_standard_streams.py::"
               "test_commands_without_standard_streams[output]",
        limit_seconds=120,
    ),
    Mutant(
        name="json-errors-are-for-people",
        guards="src/cli/README 1",
        file="src/cli/main.c",
        find="    session->json = wants_json(argc, argv);\n",
        replace="    session->json = wants_json(argc, argv) && argc > 100;\n",
        killer=DOCS + 'test_usage_errors[arguments0-unknown command "serch"-did you mean grove '
                      'search?]',
    ),
    Mutant(
        name="control-characters-reach-the-terminal",
        guards="src/cli/README 2",
        file="src/cli/terminal.c",
        find="    case UTF8PROC_CATEGORY_CC:\n",
        replace="",
        killer="u_table:makes_text_safe",
    ),
    Mutant(
        name="direction-of-writing-is-changed",
        guards="src/cli/README 2",
        file="src/cli/terminal.c",
        find="    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);",
        replace="    return c == 0x202A;",
        killer="u_table:makes_text_safe",
    ),
    Mutant(
        name="json-lets-hazards-pass",
        guards="src/cli/README 2",
        file="src/cli/terminal.c",
        find="        if (c < 0 || !is_hazard(c))\n            continue;",
        replace="        if (c < 0 || is_hazard(c))\n            continue;",
        killer="u_table:makes_json_safe",
    ),
    Mutant(
        name="table-is-cut-in-a-pipe",
        guards="src/cli/README 3",
        file="src/cli/table.c",
        find="    if (terminal->is_terminal)\n        display_add_cut(out, cell, wanted);",
        replace="    if (wanted > 0)\n        display_add_cut(out, cell, wanted);",
        killer="u_table:cuts_nothing_in_a_pipe",
    ),
    Mutant(
        name="full-output-is-no-error",
        guards="src/cli/README 4",
        file="src/cli/session.c",
        find="    if (written == text.length && fflush(stdout) == 0)\n",
        replace="    if (written == text.length)\n",
        killer=DOCS + "test_a_full_output_is_an_error",
    ),
    Mutant(
        name="closed-output-is-told",
        guards="src/cli/README 4",
        file="src/cli/session.c",
        find="    if (cause == EPIPE) {\n",
        replace="    if (cause == EPIPE && session->json) {\n",
        killer=DOCS + "test_a_closed_pipe_is_silent",
    ),
    Mutant(
        name="password-of-a-url-stays-in-it",
        guards="src/cli/README 5",
        file="src/cli/conninfo.c",
        find="        strbuf_add_bytes(rest, start, colon ? (size_t)(colon - start) : length);",
        replace="        strbuf_add_bytes(rest, start, length);",
        killer="u_conninfo:takes_the_password_out",
    ),
    Mutant(
        name="url-for-others-has-the-password",
        guards="src/cli/README 5",
        file="src/cli/client.c",
        find="code = print_url(session, rest.data, error);",
        replace="code = print_url(session, conninfo, error);",
        killer="tests/e2e/test_servers.py::test_the_url_for_other_clients_has_no_password",
        limit_seconds=120,
    ),
    Mutant(
        name="password-keyword-stays",
        guards="src/cli/README 5",
        file="src/cli/conninfo.c",
        find="            strbuf_add_text(password, strbuf_text(value));\n            continue;\n",
        replace="            strbuf_add_text(password, strbuf_text(value));\n",
        killer="u_conninfo:takes_the_password_out",
    ),
    Mutant(
        name="the-first-names-are-read-not-the-nearest",
        guards="docs/troubleshooting: hints",
        file="sql/queries/siblings.sql",
        find="ORDER BY lower(left(name, 1)) = lower(left($4, 1)) DESC, "
             "abs(length(name) - length($4)), name\n",
        replace="ORDER BY name\n",
        killer="tests/e2e/test_bad_input.py::test_one_of_many_names_is_told_by_its_nearest",
        limit_seconds=120,
    ),
    Mutant(
        name="known-type-is-called-unknown",
        guards="docs/cli: hint",
        file="src/cli/types_hint.c",
        find="            !is_there(types, options->values[i].text))\n",
        replace="            types->count > 0)\n",
        killer="tests/e2e/test_bad_input.py::"
               "test_an_unknown_type_is_told_what_was_meant[command0]",
        limit_seconds=120,
    ),
    Mutant(
        name="duration-beside-a-cursor",
        guards="src/cli/README 6",
        file="src/cli/filter.c",
        find="    if (value->relative && options_has(options, OPTION_CURSOR)) {",
        replace="    if (value->relative && !value->text) {",
        killer=DOCS + "test_usage_errors[arguments10-another query-the time]",
    ),
    Mutant(
        name="search-makes-a-home",
        guards="src/cli/README 7",
        file="src/cli/session.c",
        find="                                    .home_use = session->command->home_use,\n",
        replace="",
        killer="tests/e2e/test_looking.py::test_a_mistyped_home_is_told_and_not_made"
               "[search salvation-missing]",
    ),
    Mutant(
        name="stop-of-a-mistyped-home-is-fine",
        guards="src/cli/README 7",
        file="src/cli/cmd_stop.c",
        find="        code = session_open(session, error);\n",
        replace="        code = GROVE_OK;\n",
        killer="tests/e2e/test_looking.py::test_a_mistyped_home_is_told_and_not_made"
               "[stop-missing]",
    ),
    Mutant(
        name="folder-that-is-no-home-becomes-one",
        guards="src/cli/README 7",
        file="src/home/home.c",
        find="    return home_record_read(home->path, &record) ? GROVE_OK : "
             "no_home(home->path, error);\n",
        replace="    (void)home_record_read(home->path, &record);\n    return GROVE_OK;\n",
        killer="tests/e2e/test_looking.py::test_a_mistyped_home_is_told_and_not_made"
               "[search salvation-other]",
    ),
    Mutant(
        name="partial-load-is-a-success",
        guards="src/cli/README 4",
        file="src/cli/cmd_load.c",
        find="        session->exit_status = EXIT_PARTLY;\n",
        replace="        session->exit_status = 0;\n",
        killer="tests/e2e/test_load_inputs.py::test_a_partial_load_has_its_own_exit_status",
    ),
    Mutant(
        name="screen-is-filled-with-refused-lines",
        guards="src/cli/README 4",
        file="src/cli/cmd_load.c",
        find="    if (is_terminal && loading->bad_count > SHOWN_MAX + 1)\n",
        replace="    if (is_terminal && loading->bad_count > INT32_MAX)\n",
        killer="tests/e2e/test_load_inputs.py::test_a_terminal_gets_the_first_refused_lines",
    ),
    Mutant(
        name="time-left-goes-by-the-whole-time",
        guards="src/cli/README 1",
        file="src/cli/progress.c",
        find="        progress->marks[0] = progress->marks[1];\n",
        replace="",
        killer="u_progress:the_time_left_goes_by_how_fast_it_is_now",
    ),
    Mutant(
        name="zsh-is-not-told-of-values",
        guards="src/cli/README: completion",
        file="src/cli/cmd_completion.c",
        find="        bool value = options->kind != VALUE_NONE;\n        snprintf(word,",
        replace="        bool value = options->kind == VALUE_TEXT;\n        snprintf(word,",
        killer=DOCS + "test_completion_by_zsh",
    ),
    Mutant(
        name="zsh-is-not-told-of-words",
        guards="src/cli/README: completion",
        file="src/cli/cmd_completion.c",
        find="    case VALUE_WORD: strbuf_addf(out, \"(%s)\", words); break;\n"
             "    case VALUE_SHELL: strbuf_add(out, \"(bash zsh fish)\"); break;\n"
             "    case VALUE_COMMAND:\n        strbuf_add_char(out, '(');",
        replace="    case VALUE_WORD: strbuf_addf(out, \"(%.0s)\", words); break;\n    case "
                "VALUE_SHELL: strbuf_add(out, \"(bash zsh fish)\"); break;\n    case "
                "VALUE_COMMAND:\n        strbuf_add_char(out, '(');",
        killer=DOCS + "test_completion_by_zsh",
    ),
    Mutant(
        name="words-for-psql-are-dropped",
        guards="src/cli/README: when something fails",
        file="src/cli/options.c",
        find="    if (options->stray)\n",
        replace="    if (options->stray && options->count > OPTIONS_MAX)\n",
        killer="u_options:refuses",
    ),
    Mutant(
        name="bash-takes-a-value-for-the-command",
        guards="src/cli/README: completion",
        file="src/cli/cmd_completion.c",
        find="    add_options_with_value(out, command_global_options, \"\");\n",
        replace="    strbuf_add(out, \"--home\");\n",
        killer=DOCS + "test_completion_behind_values_of_options",
    ),
    Mutant(
        name="bash-offers-options-behind-dashes",
        guards="src/cli/README: completion",
        file="src/cli/cmd_completion.c",
        find="                    \"    [[ $behind ]] && words=''\\n\"\n",
        replace="",
        killer=DOCS + "test_completion_behind_dashes",
    ),
    Mutant(
        name="each-call-of-a-client-has-the-whole-time",
        guards="src/cli/README: when something fails",
        file="src/cli/session.c",
        find="    int64_t left_ms = timeout_ms - (now_us - session->began_us) / 1000;\n",
        replace="    int64_t left_ms = timeout_ms - (now_us < session->began_us);\n",
        killer="tests/e2e/test_limits.py::test_a_client_waits_once_for_a_server_that_hangs"
               "[command0]",
        limit_seconds=120,
    ),
    Mutant(
        name="zsh-lacks-the-options-of-all-commands",
        guards="src/cli/README: completion",
        file="src/cli/cmd_completion.c",
        find="                    \"    _arguments -C -S\");\n    add_zsh_options(out, "
             "command_global_options);\n",
        replace="                    \"    _arguments -C -S\");\n",
        killer=DOCS + "test_completion_by_zsh",
    ),
    Mutant(
        name="zsh-takes-marks-of-its-own-in-help",
        guards="src/cli/README: completion",
        file="src/cli/cmd_completion.c",
        find="    add_zsh_text(out, option->help, \"[]\");\n",
        replace="    strbuf_add(out, option->help);\n",
        killer=DOCS + "test_completion_by_zsh",
    ),
    Mutant(
        name="uninstall-takes-what-is-somebody-else-s",
        guards="README: make uninstall",
        file="tools/uninstall",
        find="        yield from path.parent.glob(f\"{stem}.so*\") if dot else [path]\n",
        replace="        yield from path.parent.glob(\"*\")\n",
        killer=INSTALL + "test_install_and_uninstall",
        limit_seconds=120,
    ),
    Mutant(
        name="uninstall-leaves-folders-of-grove-s",
        guards="README: make uninstall",
        file="tools/uninstall",
        find="            own.rmdir()\n",
        replace="            own.exists()\n",
        killer=INSTALL + "test_install_and_uninstall",
        limit_seconds=120,
    ),
    Mutant(
        name="each-step-has-all-the-time",
        guards="docs/cli: --timeout",
        file="src/cli/session.c",
        find="    options.total_ms = options.limits.timeout_ms;",
        replace="    options.total_ms = 0;",
        killer="tests/e2e/test_limits.py::test_demo_ends_in_its_time"
               "[search-hydrated]",
    ),
]
