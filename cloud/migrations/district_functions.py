# SPDX-License-Identifier: EUPL-1.2
"""What a municipality sees: sums over a district's buildings from which no building can be told.

``seen.district_usage`` and ``seen.districts`` hold these rules in the database, so that the API and
a dashboard are under the same ones. They are the only thing a municipality may ask.

- A sum is of five buildings at least; whoever asks may ask for more, never for fewer.
  Source: DESNZ, Postcode level domestic gas consumption: notes (2024), "Disclosive postcodes": less
  than five meters. Ours are buildings, most of them of many households.
- No building can be told from the rest by another: without the two largest, what is left is at
  least a tenth of the largest. Source: the p % rule with p = 10; Hundepool et al., Handbook on
  Statistical Disclosure Control (2010), 4.2.
- A month's sums are of the same buildings throughout: those whose every day is known in full. Who
  joins or leaves does so between months, so that no two sums differ by one building alone.
- Days are shown only if each day of their month may be, and the month: else the one that is hidden
  would be the difference. There are no hours, no running month, and no sums over districts: with a
  total, a hidden district would be its difference to those that are shown.

What is left: readings that come after a month was shown, or a building that is registered anew with
its past, change the buildings of that month, and who kept the earlier answer may compare.
"""

FUNCTIONS = r"""
create function seen.district_usage(
    of_district text, of_utility text, since timestamptz, until timestamptz, at_least int default 5
) returns table (
    month timestamptz, interval_start timestamptz, usage bigint, premises int, is_day boolean
) language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
with span as (
    select date_trunc('month', since, 'Europe/Sofia') as since, date_trunc('month',
        least(until, now()), 'Europe/Sofia') as until, greatest(at_least, 5) as at_least
), points as (
    select point.premises_id, point.service_point_id from service_points point
    join premises using (premises_id)
    left join service_points main on main.service_point_id = point.parent_service_point_id
        and main.premises_id = point.premises_id
    where district = of_district and main is null and point.reading_type = any (case of_utility
        when 'water' then array['cold_water', 'hot_water'] when 'gas' then array['gas']
        when 'electricity' then array['electricity_import'] when 'heat' then array['heat'] end)
), of_building as (
    select premises_id, count(*) as points from points group by 1
), days as (
    select premises_id, used.interval_start, sum(used.usage)::bigint as usage,
        sum(used.covered_s) as covered_s
    from points join installations using (service_point_id)
    join daily_usage used using (installation_id), span
    where used.interval_start >= span.since and used.interval_start < span.until
    group by 1, 2
), whole as ( -- the buildings of each month
    select premises_id, date_trunc('month', days.interval_start, 'Europe/Sofia') as month
    from days join of_building using (premises_id)
    group by 1, 2
    having sum(covered_s) >= max(points) * extract(epoch from date_add(
        date_trunc('month', max(days.interval_start), 'Europe/Sofia'), interval '1 month',
        'Europe/Sofia') - date_trunc('month', max(days.interval_start), 'Europe/Sofia'))
), known as (
    select premises_id, whole.month, days.interval_start, days.usage
    from whole join days using (premises_id)
    where date_trunc('month', days.interval_start, 'Europe/Sofia') = whole.month
), cells as (
    select known.month, day as interval_start, premises_id, sum(known.usage)::bigint as usage,
        day is not null as is_day
    from known cross join lateral (values (null::timestamptz), (known.interval_start)) cell (day)
    group by 1, 2, 3
), ranked as (
    select *, row_number() over (partition by cells.month, cells.interval_start
        order by cells.usage desc) as place from cells
), sums as (
    select ranked.month, ranked.interval_start, bool_or(ranked.is_day) as is_day,
        sum(ranked.usage)::bigint as usage, count(*)::int as premises,
        count(*) >= max(span.at_least) and coalesce(sum(ranked.usage) filter (where place > 2), 0)
            * 10 >= coalesce(sum(ranked.usage) filter (where place = 1), 0) as is_safe
    from ranked, span group by 1, 2
), judged as (
    select *, bool_and(is_safe) over (partition by sums.month) as all_safe,
        bool_or(is_safe and not sums.is_day) over (partition by sums.month) as month_safe
    from sums
)
select judged.month, coalesce(judged.interval_start, judged.month), judged.usage, judged.premises,
    judged.is_day
from judged where case when judged.is_day then all_safe else month_safe end order by 1, 5, 2
$$;

-- A district of five buildings at least, and in how many of them an alert is open: where they are
-- fewer than that, or all but fewer, it isn't told.
create function seen.districts(at_least int default 5)
    returns table (district text, premises int, premises_with_alerts int)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
with counted as (
    select district, count(*)::int as premises, count(*) filter (where exists (
        select from alerts where alerts.premises_id = premises.premises_id
            and state <> 'resolved'))::int as open
    from premises group by 1
)
select counted.district, counted.premises,
    case when open >= greatest(at_least, 5) and counted.premises - open >= greatest(at_least, 5)
        then open end
from counted where counted.premises >= greatest(at_least, 5) order by 1
$$;
"""
