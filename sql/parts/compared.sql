-- SPDX-License-Identifier: Apache-2.0
-- What a content s is compared with its point by, and the vector that counts: the one of its text,
-- under the database's model. A content that does not wait has one (sql/README.md, invariant 3), and
-- its revision says so without the text; where the embedding has none the text's hash does.
       m.hierarchy_table,
       m.leaf_id,
       l.branch_id,
       l.limb_id,
       m.content_type,
       m.chunk_number,
       m.word_count,
       m.created_at,
       CASE WHEN e.revision >= s.text_revision THEN e.vector
            WHEN e.text_sha256 =
                 sha256(convert_to(m.title || E'\n' || coalesce((SELECT b.body FROM grove.body AS b
                                                                 WHERE b.content_id = m.id),
                                                                m.content_summary), 'UTF8'))
            THEN e.vector
       END AS vector
