-- Readings received per minute, by gateway.
select $__timeGroupAlias(received_at, '$__interval'), gateway_id as metric,
    (count(*) * 60000.0 / $__interval_ms)::float8 as readings_per_minute
from readings
join channels using (channel_id)
join nodes using (node_id)
where $__timeFilter(received_at)
group by 1, 2
order by 1, 2
