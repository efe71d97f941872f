-- Share of readings that are not plain good, by reason, in percent; one reading can have several reasons.
select $__timeGroupAlias(read_at, '$__interval'), reason as metric,
    (100.0 * count(*) filter (where quality & bit <> 0) / count(*))::float8 as share
from readings
cross join (values {qualities}) as qualities (bit, reason)
where $__timeFilter(read_at)
group by 1, 2
order by 1, 2
