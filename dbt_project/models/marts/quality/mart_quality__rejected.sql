with answers as (
    select
        'survey answer' as subject,
        source,
        survey,
        question_ref,
        metric,
        scale,
        purpose,
        rejected_because,
        answered_date as record_date
    from {{ ref('int_survey__rejected') }}
),

orders as (
    select
        'order' as subject,
        source,
        null::text as survey,
        null::text as question_ref,
        null::text as metric,
        null::text as scale,
        null::text as purpose,
        rejected_because,
        order_date as record_date
    from {{ ref('int_order__rejected') }}
),

rejected as (
    select * from answers
    union all
    select * from orders
)

select
    subject,
    source,
    survey,
    question_ref,
    metric,
    scale,
    purpose,
    rejected_because,
    record_date,
    count(*) as records
from rejected
group by subject, source, survey, question_ref, metric, scale, purpose, rejected_because, record_date
