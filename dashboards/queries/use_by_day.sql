-- Use per local day and district. A day of which nothing is known has no bar. A parent's use holds its children's.
select interval_start as "time", district as metric,
    (sum(usage) / {per_shown_unit}.0)::float8 as used
from daily_usage
join installations using (installation_id)
join service_points using (service_point_id)
join premises using (premises_id)
where interval_start >= date_trunc('day', $__timeFrom()::timestamptz, 'Europe/Sofia')
    and interval_start <= $__timeTo()::timestamptz
    and reading_type in ({reading_types}) and parent_service_point_id is null and usage is not null
group by 1, 2
order by 1, 2
