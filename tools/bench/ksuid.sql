-- The beginning of a KSUID in SQL, to fill tables with: the first 6 of its 27 digits in base 62 are the
-- time (2^128 / 62^21 = 7.79 to the second). The others are random.
create function pg_temp.ksuid_head(at timestamptz)
returns text
language plpgsql
as $$
declare
  value bigint := (extract(epoch from at) - 1400000000) * 2 ^ 128 / 62 ^ 21::numeric;
  head text := '';
begin
  for digit in 1 .. 6 loop
    head := substr(
      '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (value % 62)::integer + 1, 1
    ) || head;
    value := value / 62;
  end loop;
  return head;
end;
$$;
