# SPDX-License-Identifier: Apache-2.0
"""Mutants of the exact scores, and of texts that a search embeds itself (src/query/scorer.c)."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="scores-depend-on-lengths",
        guards="src/query/README 1",
        file="src/query/scorer.c",
        find="    double score = dot / sqrt(sum);",
        replace="    double score = dot / 400;",
        killer="u_limits:scores_are_cosines_whatever_the_lengths",
    ),
    Mutant(
        name="any-number-of-texts-in-a-query",
        guards="src/query/README 7",
        file="src/query/scorer.c",
        find="(before || others < RANKING_COMPUTED_MAX - run->lacking_count);\n",
        replace="(before || others < RANKING_COMPUTED_MAX + run->lacking_count + 1);\n",
        killer="u_limits:a_search_embeds_no_more_than_sixteen_texts",
    ),
    Mutant(
        name="spoilt-vectors-are-passed-over",
        guards="src/query/README 9",
        file="src/query/scorer.c",
        find="            add_score(run, id, direction_read(pg_bytea(rows, r, 1), NULL), "
             "pending);\n",
        replace="            const float *read = direction_read(pg_bytea(rows, r, 1), NULL);\n"
                "            if (read)\n                add_score(run, id, read, pending);\n",
        killer="u_search:a_spoilt_vector_is_told_of",
    ),
    Mutant(
        name="a-part-of-a-text-is-the-text",
        guards="src/query/README 7",
        file="src/query/scorer.c",
        find="(!lacking->whole && tokens < EMBED_TOKENS_MAX)",
        replace="(!lacking->whole && tokens < 1)",
        killer="u_bounds:a_text_that_says_too_little_is_the_projectors",
    ),
    Mutant(
        name="a-word-that-was-cut-is-a-word",
        guards="src/query/README 7",
        file="src/query/scorer.c",
        find="lacking->whole ? lacking->text : to_last_space(lacking->text);\n",
        replace="lacking->text;\n    (void)to_last_space;\n",
        killer="u_bounds:a_text_that_says_too_little_is_the_projectors",
    ),
    Mutant(
        name="many-long-texts-are-waited-for",
        guards="src/query/README: memory",
        file="src/query/scorer.c",
        find="    bool fits = choice->count == 0 || choice->tokens + tokens <= "
             "choice->tokens_max;\n",
        replace="    bool fits = choice->tokens_max > 0;\n",
        killer="u_bounds:few_long_texts_are_embedded_where_many_wait",
    ),
    Mutant(
        name="texts-are-sent-whole",
        guards="src/query/README: memory",
        file="src/query/scorer.c",
        find="    pg_add_int4(&params, EMBED_CHARACTERS_MAX);\n",
        replace="    pg_add_int4(&params, 1 << 20);\n",
        killer="u_bounds:a_text_that_says_too_little_is_the_projectors",
    ),
    Mutant(
        name="the-vector-of-a-text-of-before",
        guards="src/query/README 2",
        file="src/query/scorer.c",
        find="before->of.revision == pg_int8(rows, r, 3)",
        replace="before->of.revision <= pg_int8(rows, r, 3)",
        killer="u_snapshots:a_text_that_changes_while_it_is_embedded",
    ),
    Mutant(
        name="a-text-that-did-not-change-is-embedded-again",
        guards="src/query/README 7",
        file="src/query/scorer.c",
        find="    if (lacking && lacking->of.vector && memcmp(",
        replace="    if (lacking && lacking->of.vector && false && memcmp(",
        killer="u_snapshots:another_column_that_changes_meanwhile",
    ),
    Mutant(
        name="a-text-that-changes-is-embedded-for-ever",
        guards="src/query/README 7",
        file="src/query/scorer.c",
        find="    return run->embeddings < EMBEDDINGS_MAX &&\n",
        replace="    return run->embeddings < 1000 &&\n",
        killer="u_snapshots:a_text_that_changes_each_time_is_left_out",
    ),
    Mutant(
        name="where-too-many-wait-they-wait-again",
        guards="src/query/README 7",
        file="src/query/scorer.c",
        find="    run->embeddings = run->beyond > 0 ? EMBEDDINGS_MAX : run->embeddings + 1;\n",
        replace="    run->embeddings++;\n",
        killer="u_bounds:few_bytes_are_read_where_many_wait",
    ),
    Mutant(
        name="text-is-embedded-beside-hundreds-that-are-not",
        guards="src/query/README: Memory",
        file="src/query/scorer.c",
        find="    if (run->beyond <= LEFT_OUT_MAX)\n",
        replace="    if (run->beyond <= 5000)\n",
        killer="u_limits:beside_hundreds_without_a_vector_no_text_is_embedded",
    ),
]
