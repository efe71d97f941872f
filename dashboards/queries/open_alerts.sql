-- Open leaks, the largest first.
select alerts.raised_at, premises.district, premises.name_bg as premises,
    service_points.name_bg as service_point, alerts.kind, alerts.state,
    alerts.flow_l_per_h::float8 as flow_l_per_h, (alerts.volume_l / 1000.0)::float8 as lost_m3,
    alerts.flow_w::float8 as flow_w, (alerts.energy_wh / 1000.0)::float8 as lost_kwh, alerts.confidence
from alerts
join premises using (premises_id)
join service_points using (service_point_id)
where state <> 'resolved' and alerts.kind not in ('stuck', 'missing', 'backflow')
order by alerts.volume_l desc nulls last, alerts.energy_wh desc, alerts.alert_id
