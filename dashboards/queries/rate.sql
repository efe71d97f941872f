-- Mean rate per premises: what the registers grew from one interval's last reading to the next one's. Within an
-- installation a register only grows, so its largest is its last.
with lasts as (
    select installation_id, $__timeGroup(read_at, '$__interval') as slot,
        max(register) as register, max(read_at) as read_at
    from readings
    where $__timeFilter(read_at)
    group by 1, 2
), steps as (
    select installation_id, slot,
        register - lag(register) over (partition by installation_id order by slot) as grown,
        extract(epoch from read_at - lag(read_at) over (partition by installation_id order by slot)) as length_s
    from lasts
)
select slot as "time", premises.name_bg as metric,
    (sum(grown * 3600 / length_s) / {per_rate_unit}.0)::float8 as rate
from steps
join installations using (installation_id)
join service_points using (service_point_id)
join premises using (premises_id)
where reading_type in ({reading_types}) and parent_service_point_id is null and length_s > 0
group by 1, 2
order by 1, 2
