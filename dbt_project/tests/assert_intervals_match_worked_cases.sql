-- The interval macros against cases worked elsewhere (scipy; 81 of 263 is Newcombe's published Wilson interval).
with cases (what, worked, computed) as (
    select 'nps, all promote, low', 47.5035515447902, {{ nps_interval('1.0', '0.0', '10.0', 'low') }}
    union all
    select 'nps, all promote, high', 100, {{ nps_interval('1.0', '0.0', '10.0', 'high') }}
    union all
    select 'nps, n = 1, low', -48.49864942025203, {{ nps_interval('1.0', '0.0', '1.0', 'low') }}
    union all
    select 'nps, 40 promote and 25 detract of 100, low', -0.6973947134123193,
        {{ nps_interval('0.40', '0.25', '100.0', 'low') }}
    union all
    select 'nps, 40 promote and 25 detract of 100, high', 29.823608305645326,
        {{ nps_interval('0.40', '0.25', '100.0', 'high') }}
    union all
    select 'nps, all passive, high', 30.005697977220684, {{ nps_interval('0.0', '0.0', '5.0', 'high') }}
    union all
    select 'nps, nobody answered', null, {{ nps_interval('null::numeric', 'null::numeric', '0.0', 'low') }}
    union all
    select 'share, 81 of 263, low', 0.2552885198782742, {{ wilson_interval('81.0 / 263', '263.0', 'low') }}
    union all
    select 'share, 81 of 263, high', 0.36620957698280004, {{ wilson_interval('81.0 / 263', '263.0', 'high') }}
    union all
    select 'share, 10 of 10, low', 0.7224672001371106, {{ wilson_interval('1.0', '10.0', 'low') }}
    union all
    select 'share, 0 of 10, high', 0.2775327998628892, {{ wilson_interval('0.0', '10.0', 'high') }}
    union all
    select 'share, nobody answered', null, {{ wilson_interval('null::numeric', '0.0', 'low') }}
    union all
    select 't, 250 degrees of freedom', 1.9694983934211532, {{ t_95('250.0', 'null::numeric') }}
    union all
    select 't, no degree of freedom', null, {{ t_95('0.0', 'null::numeric') }}
)

select *
from cases
where abs(worked - computed) > 0.000000001
    or (worked is null) <> (computed is null)
