{{ config(materialized='table', indexes=[{'columns': ['review_key'], 'unique': true}]) }}

select
    {{ surrogate_key(['review.review_kind', 'review.evidence', 'review.left_identity', 'review.right_identity']) }}
        as review_key,
    review.review_kind,
    review.left_identity as left_identity_key,
    review.right_identity as right_identity_key,
    left_customer.customer_key as left_customer_key,
    right_customer.customer_key as right_customer_key,
    min(review.by_way_of) as by_way_of_identity_key,
    review.evidence,
    min(review.reason) as reason,
    max(review.records) as records,
    {{ plain_number('max(review.match_weight)') }} as match_weight,
    {{ plain_number('max(review.probability)') }} as probability,
    max(review.model_version) as model_version,
    max(review.since) as since
from {{ ref('int_person__reviews') }} as review
left join {{ ref('int_person__customers') }} as left_customer on review.left_identity = left_customer.identity_key
left join {{ ref('int_person__customers') }} as right_customer on review.right_identity = right_customer.identity_key
group by
    review.review_kind, review.left_identity, review.right_identity, left_customer.customer_key,
    right_customer.customer_key, review.evidence
