-- How many leaks are open, and what they have cost so far.
select count(*)::float8 as open_alerts, coalesce(sum(volume_l) / 1000.0, 0)::float8 as lost_m3
from alerts
where state <> 'resolved' and alerts.kind not in ('stuck', 'missing', 'backflow')
