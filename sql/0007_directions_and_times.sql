-- SPDX-License-Identifier: Apache-2.0
--
-- Vectors that nothing can be compared with are noticed, whoever writes them; and the points that
-- older versions of grove wrote without a time or with a length of their own are written anew.

-- In hexadecimal, since nothing in SQL reads a float out of bytes: eight digits a number, whose last
-- four hold the sign, the exponent (all ones: not finite) and the highest bits, little endian.
CREATE FUNCTION grove.is_direction(vector bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(octet_length(vector) = 1536
                AND encode(vector, 'hex') !~ '^(?:0{6}[08]0)*$'
                AND encode(vector, 'hex') !~ '^(?:.{8})*.{4}[89a-f].[7f]f', false);
COMMENT ON FUNCTION grove.is_direction IS
    'whether a vector can be compared: 384 numbers, all of them finite, not all of them zero';

-- Of updates only: what a content gets first stands in the outbox anyway, and loading is to cost
-- nothing. What grove itself writes can be compared, so that this notes nothing of it.
CREATE FUNCTION grove.embedding_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(n.content_id))
    FROM new_rows AS n
    WHERE NOT grove.is_direction(n.vector)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER grove_embedding_updated AFTER UPDATE ON grove.embedding
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.embedding_updated();

-- Times that RFC 3339 does not have were left out of the engine's index, or of the point.
SELECT grove.note_changed(array_agg(id))
FROM public.content_metadata
WHERE created_at < '0001-01-01' OR created_at >= '10000-01-01'
HAVING count(*) > 0;

-- Engines take vectors for ones without a length whose squares add up to less than 2^-23; and
-- float32 does not hold the squares of vectors that are longer than 2^64. Such are among those of
-- which no number has an exponent of 2^-11 or above, or some has one of 2^59 or above (that of a
-- number that is not finite is the highest).
SELECT grove.note_changed(array_agg(e.content_id))
FROM grove.embedding AS e
JOIN grove.setting AS s ON s.name = 'model' AND s.value = e.model
WHERE encode(e.vector, 'hex') ~ '^(?:.{6}(?:[0-289a].|[3b][0-9]))*$'
   OR encode(e.vector, 'hex') ~ '^(?:.{8})*.{6}(?:[5d][d-f]|[67ef].)'
HAVING count(*) > 0;
