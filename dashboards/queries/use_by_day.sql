-- Use per local day and district. A day's use is its last register less the last one before it. A day without a reading
-- has no bar, and what was used meanwhile is in the next one. A parent's use holds its children's.
-- Index look-ups only, two per meter and day.
with days as (
    select day at time zone 'Europe/Sofia' as starts_at,
        (day + interval '1 day') at time zone 'Europe/Sofia' as ends_at
    from generate_series(
        date_trunc('day', $__timeFrom()::timestamptz at time zone 'Europe/Sofia'),
        $__timeTo()::timestamptz at time zone 'Europe/Sofia',
        interval '1 day') as day
), registers as (
    select days.starts_at, premises.district,
        (select register from readings
            where readings.installation_id = installations.installation_id
                and read_at >= starts_at and read_at < ends_at
            order by read_at desc, boot desc, sequence desc limit 1) as at_end,
        coalesce(
            (select register from readings
                where readings.installation_id = installations.installation_id and read_at < starts_at
                order by read_at desc, boot desc, sequence desc limit 1),
            (select register from readings
                where readings.installation_id = installations.installation_id and read_at >= starts_at
                order by read_at, boot, sequence limit 1)) as at_start
    from days
    join installations on valid_from < ends_at and (valid_to is null or valid_to > starts_at)
    join service_points using (service_point_id)
    join premises using (premises_id)
    where reading_type in ({reading_types}) and parent_service_point_id is null
)
select starts_at as "time", district as metric,
    (sum(at_end - at_start) / {per_shown_unit}.0)::float8 as used
from registers
where at_end is not null
group by 1, 2
order by 1, 2
