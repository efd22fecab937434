-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: contents that it has no chunk for any more.
--   $1 integer[]  contents
-- answers: integer
DELETE FROM public.content_metadata WHERE id = ANY ($1) RETURNING id
