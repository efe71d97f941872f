-- Meters in service that nothing was heard of for 15 minutes, longest first; those never heard of come first.
select premises.district, premises.name_bg as premises, service_points.name_bg as service_point,
    meter_id, node_id, nodes.gateway_id, read_at as last_reading,
    extract(epoch from now() - read_at)::float8 as silent_for_s
from installations
join service_points using (service_point_id)
join premises using (premises_id)
join nodes using (node_id)
left join channels using (node_id, obis)
left join current_readings using (channel_id)
where valid_to is null and valid_from < now()
    and (read_at is null or read_at < now() - interval '15 minutes')
order by silent_for_s desc nulls first, meter_id
