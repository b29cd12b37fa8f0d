-- The interval macros against cases worked elsewhere (scipy; 81 of 263 is Newcombe's published Wilson interval).
-- depends_on: {{ ref('mart_voice__scores') }}
with cases (what, worked, computed) as (
    values
    ('nps, all promote, low', 47.5035515447902, {{ nps_interval('1.0', '0.0', '10.0', 'low') }}),
    ('nps, all promote, high', 100, {{ nps_interval('1.0', '0.0', '10.0', 'high') }}),
    ('nps, n = 1, low', -48.49864942025203, {{ nps_interval('1.0', '0.0', '1.0', 'low') }}),
    ('nps, 40 and 25 of 100, low', -0.6973947134123193, {{ nps_interval('0.40', '0.25', '100.0', 'low') }}),
    ('nps, 40 and 25 of 100, high', 29.823608305645326, {{ nps_interval('0.40', '0.25', '100.0', 'high') }}),
    ('nps, all passive, high', 30.005697977220684, {{ nps_interval('0.0', '0.0', '5.0', 'high') }}),
    ('nps, nobody answered', null, {{ nps_interval('null::numeric', 'null::numeric', '0.0', 'low') }}),
    ('share, 81 of 263, low', 0.2552885198782742, {{ wilson_interval('81.0 / 263', '263.0', 'low') }}),
    ('share, 81 of 263, high', 0.36620957698280004, {{ wilson_interval('81.0 / 263', '263.0', 'high') }}),
    ('share, 10 of 10, low', 0.7224672001371106, {{ wilson_interval('1.0', '10.0', 'low') }}),
    ('share, 0 of 10, high', 0.2775327998628892, {{ wilson_interval('0.0', '10.0', 'high') }}),
    ('share, nobody answered', null, {{ wilson_interval('null::numeric', '0.0', 'low') }}),
    ('t, 250 degrees of freedom', 1.9694983934211532, {{ t_95('250.0', 'null::numeric') }}),
    ('t, no degree of freedom', null, {{ t_95('0.0', 'null::numeric') }})
)

select *
from cases
where
    abs(worked - computed) > 0.000000001
    or (worked is null) <> (computed is null)
