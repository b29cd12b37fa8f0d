-- The difference macros against cases worked elsewhere: 56 of 70 against 48 of 80 is Newcombe's published one (1998,
-- method 10: 0.0524 to 0.3339), with more digits from the same formula in Python; tails of the normal distribution from
-- the error function of C; q-values from the fifteen p-values of Benjamini and Hochberg's paper (1995), of which the
-- first four are discoveries at 0.05.
-- depends_on: {{ ref('mart_voice__scores') }}
{%- set mine = ['mine.value', 'mine.ci_low', 'mine.ci_high'] %}
{%- set other = ['other.value', 'other.ci_low', 'other.ci_high'] %}
with shares (what, k, n, other_k, other_n, correlation, worked_low, worked_high, worked_p) as (
    values
    ('56 of 70, 48 of 80', 56.0, 70.0, 48.0, 80.0, 0.0, 0.05243147240236498, 0.333872654036906, 0.007899295108377254),
    ('9 of 10, 3 of 10', 9.0, 10.0, 3.0, 10.0, 0.0, 0.17052272393450302, 0.8090179735354881, 0.006178361854927004),
    ('10 of 10, 0 of 20', 10.0, 10.0, 0.0, 20.0, 0.0, 0.6790860371419147, 1.0, 0.0000000010123945914),
    ('48 of 80, 56 of 70', 48.0, 80.0, 56.0, 70.0, 0.0, -0.333872654036906, -0.05243147240236498, 0.007899295108377254),
    ('correlated', 56.0, 70.0, 48.0, 80.0, 0.5, 0.09550820075920897, 0.297427343077099, null)
),

differences as (
    select
        share.what,
        share.worked_low,
        share.worked_high,
        share.worked_p,
        mine.value - other.value as difference,
        {{ difference_interval(mine, other, 'share.correlation', 'low') }} as low,
        {{ difference_interval(mine, other, 'share.correlation', 'high') }} as high
    from shares as share
    cross join lateral (
        select
            share.k / share.n as value,
            {{ wilson_interval('share.k / share.n', 'share.n', 'low') }} as ci_low,
            {{ wilson_interval('share.k / share.n', 'share.n', 'high') }} as ci_high
    ) as mine
    cross join lateral (
        select
            share.other_k / share.other_n as value,
            {{ wilson_interval('share.other_k / share.other_n', 'share.other_n', 'low') }} as ci_low,
            {{ wilson_interval('share.other_k / share.other_n', 'share.other_n', 'high') }} as ci_high
    ) as other
),

p_values (family, place, p_value, worked_q) as (
    values
    ('paper', 1, 0.0001, 0.0015),
    ('paper', 2, 0.0004, 0.003),
    ('paper', 3, 0.0019, 0.0095),
    ('paper', 4, 0.0095, 0.035625),
    ('paper', 5, 0.0201, 0.0603),
    ('paper', 6, 0.0278, 0.447 / 7),
    ('paper', 7, 0.0298, 0.447 / 7),
    ('paper', 8, 0.0344, 0.0645),
    ('paper', 9, 0.0459, 0.0765),
    ('paper', 10, 0.3240, 0.486),
    ('paper', 11, 0.4262, 6.393 / 11),
    ('paper', 12, 0.5719, 0.714875),
    ('paper', 13, 0.6528, 9.792 / 13),
    ('paper', 14, 0.7590, 11.385 / 14),
    ('paper', 15, 1.0000, 1.0),
    -- one that was not tested makes no other one less sure
    ('paper', 16, null, null),
    ('alone', 1, 0.04, 0.04),
    ('equal', 1, 0.03, 0.03),
    ('equal', 2, 0.03, 0.03)
),

cases (what, worked, computed) as (
    select
        what || ', low' as what,
        worked_low,
        low
    from differences
    union all
    select
        what || ', high' as what,
        worked_high,
        high
    from differences
    union all
    select
        what || ', p' as what,
        worked_p,
        {{ normal_two_sided('standard_errors') }}
    from (
        select
            *,
            {{ standard_errors_from_zero('difference', 'low', 'high') }} as standard_errors
        from differences
    ) as judged
    where worked_p is not null
    union all
    select
        family || ' ' || place as what,
        worked_q,
        q_value
    from {{ held_p_values('p_values', ['family']) }} as held
    union all
    select
        'tail beyond ' || z as what,
        worked,
        {{ normal_two_sided('z') }}
    from (
        values
        (0.0, 1.0),
        (0.5, 0.6170750774519738),
        (1.0, 0.31731050786291415),
        (3.0, 0.0026997960632601913),
        (7.0, 0.00000000000255962508777),
        (8.0, 0.00000000000000124419211),
        (40.0, 0.0)
    ) as tail (z, worked)
)

select *
from cases
where
    abs(worked - computed) > 0.000000000001
    or (worked is null) <> (computed is null)
