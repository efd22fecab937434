-- SPDX-License-Identifier: Apache-2.0
-- What a predicate asks of a content m beside its place.
--   $3 text[]       content types; null: any
--   $4 timestamp    created at or after; null: any
--   $5 timestamp    created before; null: any
--   $6 integer      words at least; null: any
--   $7 integer      words at most; null: any
--   $8 text         a JSON object with what the metadata of its document has; null: any
  AND ($3::text[] IS NULL OR m.content_type = ANY ($3))
  AND ($4::timestamp IS NULL OR m.created_at >= $4)
  AND ($5::timestamp IS NULL OR m.created_at < $5)
  AND ($6::integer IS NULL OR m.word_count >= $6)
  AND ($7::integer IS NULL OR m.word_count <= $7)
  AND ($8::text IS NULL
       OR EXISTS (SELECT
                  FROM grove.chunk AS part
                  JOIN grove.document AS whole ON whole.id = part.document_id
                  WHERE part.content_id = m.id AND whole.metadata @> $8::jsonb))
