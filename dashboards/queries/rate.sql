-- Mean rate per premises: what the registers grew from one interval's last reading to the next one's. Only readings that
-- count, and only within an installation; where a register went back, by a rollover or a reset, its rate is not known.
with lasts as (
    select distinct on (installation_id, slot) installation_id, $__timeGroup(read_at, '$__interval') as slot,
        register, read_at
    from readings
    join channels using (channel_id)
    join installations using (node_id, obis)
    where $__timeFilter(read_at) and read_at >= valid_from and (valid_to is null or read_at < valid_to)
        and not exists (
            select from exclusions
            where (exclusions.channel_id, exclusions.read_at, exclusions.boot, exclusions.sequence)
                = (readings.channel_id, readings.read_at, readings.boot, readings.sequence))
    order by installation_id, slot, read_at desc, boot desc, sequence desc
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
where reading_type in ({reading_types}) and parent_service_point_id is null and length_s > 0 and grown >= 0
group by 1, 2
order by 1, 2
