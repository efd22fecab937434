-- SPDX-License-Identifier: Apache-2.0
-- A content that is to become a document: it and whatever may come to refer to it, such as a body,
-- until the transaction ends.
--   $1 integer  content
-- answers: integer
SELECT m.id FROM public.content_metadata AS m WHERE m.id = $1 FOR UPDATE
