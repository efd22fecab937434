# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/embed: token ids, sequences, packs."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="special-tokens-are-words",
        guards="src/embed/README 1",
        file="src/embed/tokenizer.c",
        find="            if (!text_starts_with(here, special_names[i]))\n",
        replace="            if (!text_starts_with(here, special_names[i]) || at == 0)\n",
        killer="u_tokenizer:test_tokens",
    ),
    Mutant(
        name="text-is-not-cut",
        guards="src/embed/README 1",
        file="src/embed/tokenizer.c",
        find="    encoding.count_max = count_max - 1;\n",
        replace="    encoding.count_max = count_max - 2;\n",
        killer="u_tokenizer:test_truncation",
    ),
    Mutant(
        name="text-that-just-fits-counts-as-cut",
        guards="src/embed/README 1",
        file="src/embed/tokenizer.c",
        find="           encode(self, text, ids, EMBED_TOKENS_MAX + 1) > EMBED_TOKENS_MAX;\n",
        replace="           encode(self, text, ids, EMBED_TOKENS_MAX + 1) >= EMBED_TOKENS_MAX;\n",
        killer="u_tokenizer:test_truncation",
    ),
    Mutant(
        name="vocabulary-of-another-size",
        guards="src/embed/README 2",
        file="src/embed/model.c",
        find='    model.words = read_matrix(&reader, "word_embeddings.weight", word_count, '
             'MODEL_HIDDEN);',
        replace='    model.words = read_matrix(&reader, "word_embeddings.weight", 30522, '
                'MODEL_HIDDEN);',
        killer="u_embedder:test_damaged_files",
    ),
    Mutant(
        name="sequences-see-each-other",
        guards="src/embed/README 3",
        file="src/embed/forward.c",
        find="                .length = sequences[s].length,\n",
        replace="                .length = s + 1 < count ? sequences[s].length + 1 : "
                "sequences[s].length,\n",
        killer="u_embedder:test_batch",
    ),
    Mutant(
        name="one-scratch-for-two-passes",
        guards="src/embed/README 4",
        file="src/embed/scratch_pool.c",
        find="        *ret = pool->free[--pool->count];",
        replace="        *ret = pool->free[0];\n        pool->count--;",
        killer="u_embedder:test_threads",
    ),
    Mutant(
        name="scores-of-no-token-count",
        guards="src/embed/README 5",
        file="src/embed/kernels_wide.h",
        find="                scores[r * KERNELS_SCORES + i] = -1e30f;",
        replace="                scores[r * KERNELS_SCORES + i] = 0;",
        killer="u_kernels:test_attend",
    ),
    Mutant(
        name="order-of-a-sum-depends-on-the-tile",
        guards="src/embed/README 6",
        file="src/embed/kernels_wide.h",
        find="    for (size_t i = 0; i < inputs; i++) {\n        vec w[WIDE_TILE];",
        replace="    for (size_t n = 0; n < inputs; n++) {\n"
                "        size_t i = rows % 2 ? n : inputs - 1 - n;\n"
                "        vec w[WIDE_TILE];",
        killer="u_embedder:test_batch",
    ),
    Mutant(
        name="group-without-maximum",
        guards="src/embed/README 8",
        file="src/embed/embedder.c",
        find="    if (tokens_max > GROUP_TOKENS_MAX)\n        tokens_max = GROUP_TOKENS_MAX;\n",
        replace="    tokens_max *= 4;\n",
        killer="u_embedder:test_rounds",
    ),
    Mutant(
        name="pack-of-another-model-is-used",
        guards="src/embed/README 7",
        file="src/embed/pack_file.c",
        find="    if (memcmp(&header.key, key, sizeof *key) != 0)\n",
        replace="    if (memcmp(&header.key, key, 0) != 0)\n",
        killer="u_pack:test_check",
    ),
    Mutant(
        name="damaged-pack-is-used",
        guards="src/embed/README 7",
        file="src/embed/pack_file.c",
        find="    if (header.payload_checksum != checksum(bytes + PACK_HEADER_BYTES, "
             "header.payload_bytes))\n",
        replace="    if (header.payload_checksum == 0)\n",
        killer="u_pack:test_check",
    ),
    Mutant(
        name="pack-in-a-folder-of-anybody",
        guards="src/embed/README: failures",
        file="src/embed/pack_file.c",
        find="           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;",
        replace="           status.st_mode != 0;",
        killer="u_pack:test_places",
    ),
    Mutant(
        name="tensor-behind-the-end",
        guards="src/embed/README: failures",
        file="src/embed/safetensors.c",
        find="    if (tensor.end > self->data_bytes)\n",
        replace="    if (tensor.end > self->data_bytes && tensor.begin > tensor.end)\n",
        killer="u_safetensors:test_bad_headers",
    ),
    Mutant(
        name="cancelled-embedding-goes-on",
        guards="src/embed/README: failures",
        file="src/embed/embedder.c",
        find="    return code == GROVE_OK ? call_check(self->call, error) : code;\n",
        replace="    return code == GROVE_OK && count > 1000000 ? call_check(self->call, error) : "
                "code;\n",
        killer="u_embedder:test_cancelled",
    ),
    Mutant(
        name="wait-for-a-scratch-without-end",
        guards="src/embed/README: failures",
        file="src/embed/scratch_pool.c",
        find="        code = call_check(call, error);\n    }\n",
        replace="        code = call_check(NULL, error);\n    }\n",
        killer="u_scratch_pool:a_wait_ends_with_its_call",
        hangs=True,
    ),
    Mutant(
        name="scratch-to-who-comes-last",
        guards="src/embed/README 9",
        file="src/embed/scratch_pool.c",
        find="    if (pool->first || pool->count == 0)\n",
        replace="    if (pool->count == 0)\n",
        killer="u_scratch_pool:who_came_first_is_first",
    ),
    Mutant(
        name="query-of-the-cache-without-limits",
        guards="src/query/README: failures",
        file="src/embed/cache.c",
        find="&text, 1, ret_vector, call, error);",
        replace="&text, 1, ret_vector, call ? NULL : call, error);",
        killer="u_cache:a_call_that_is_over_is_not_embedded",
    ),
    Mutant(
        name="text-that-is-not-utf8",
        guards="src/embed/README: failures",
        file="src/embed/embedder.c",
        find="    if (bad == text.length)\n",
        replace="    if (bad <= text.length)\n",
        killer="u_embedder:test_bad_text",
    ),
]
