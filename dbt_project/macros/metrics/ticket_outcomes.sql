{#
    What can be judged of a ticket, for mart_support__shares: by outcome, three conditions on a row `ticket` of fct_tickets:
    whether it is decided, whether it went so, and whether it may still come or turn. What is closed turns no more.
#}
{% macro ticket_outcomes() -%}
    {%- set outcomes = {
        'one_touch': [
            'ticket.is_one_touch is not null',
            'ticket.is_one_touch',
            "ticket.is_one_touch is not null and ticket.status <> 'closed' and ticket.reopens = 0 "
            ~ 'and ticket.public_agent_replies <= 1',
        ],
        'reopened': [
            'ticket.first_resolved_at is not null',
            'ticket.first_resolved_at is not null and ticket.reopens > 0',
            "ticket.first_resolved_at is not null and ticket.reopens = 0 and ticket.status <> 'closed'",
        ],
        'unanswered': [
            'ticket.first_customer_turn_at is not null',
            'ticket.is_unanswered',
            "ticket.is_unanswered and ticket.status <> 'closed'",
        ],
    } -%}
    {%- for name in ['fcr_7d_same_topic', 'fcr_7d_any_topic', 'fcr_14d_same_topic', 'fcr_14d_any_topic'] -%}
        {%- do outcomes.update({name: [
            'ticket.is_' ~ name ~ ' is not null',
            'ticket.is_' ~ name,
            'ticket.is_' ~ name ~ ' is null and ticket.first_resolved_at is not null and not ticket.is_opened_by_agent',
        ]}) -%}
    {%- endfor -%}
    {%- for name in promised_metrics() -%}
        {%- do outcomes.update({'sla_met_' ~ name: [
            'promise.' ~ name ~ '_n', 'promise.' ~ name ~ '_hits', 'promise.' ~ name ~ '_open',
        ]}) -%}
    {%- endfor -%}
    {{ return(outcomes) }}
{%- endmacro %}


{# The clocks of which promises are made. #}
{% macro promised_metrics() -%}
    {{ return([
        'first_reply_time', 'next_reply_time', 'requester_wait_time', 'agent_work_time', 'pausable_update_time'
    ]) }}
{%- endmacro %}


{# The CTEs `promises`, `tickets` and `counted`: outcomes counted by `day` (an expression on ticket.created_date), dimension
   and member, as created_date, metric, dimension, member, n, hits and n_open. Of the tickets that are `chosen`, and the cuts
   for which `is_cut` holds. #}
{% macro counted_outcomes(day, chosen, is_cut) -%}
    {%- set outcomes = ticket_outcomes() -%}
    -- a clock that runs and is within its target is not decided
    promises as (
        select
            promise.ticket_key,
            {%- for name in promised_metrics() %}
                count(*) filter (
                    where promise.metric = '{{ name }}' and (promise.stopped_at is not null or promise.is_breached)
                ) as {{ name }}_n,
                count(*) filter (
                    where
                    promise.metric = '{{ name }}' and promise.stopped_at is not null and not promise.is_breached
                ) as {{ name }}_hits,
                count(*) filter (
                    where promise.metric = '{{ name }}' and promise.stopped_at is null and not promise.is_breached
                ) as {{ name }}_open
                {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ ref('fct_sla_targets') }} as promise
        where
            promise.ticket_key in (
                select ticket.ticket_key
                from {{ ref('fct_tickets') }} as ticket
                where {{ chosen }}
            )
        group by promise.ticket_key
    ),

    -- each outcome of a ticket once, then added up over its cuts
    tickets as (
        select
            {{ day }} as created_date,
            ticket.channel,
            ticket.topic,
            ticket.team_id,
            ticket.agent_key,
            ticket.segment,
            ticket.account_key,
            {%- for name, conditions in outcomes.items() %}
                {%- for what, condition in {'n': conditions[0], 'hits': conditions[1], 'open': conditions[2]}.items() %}
            {{ condition if name.startswith('sla_') else '(' ~ condition ~ ')::int' }} as {{ name }}_{{ what }},
                {%- endfor %}
            {%- endfor %}
            ticket.ticket_key
        from {{ ref('fct_tickets') }} as ticket
        left join promises as promise on ticket.ticket_key = promise.ticket_key
        where not ticket.is_merged and {{ chosen }}
    ),

    cut_tickets as (
        select
            ticket.created_date,
            cut.dimension,
            cut.member,
            {%- for name in outcomes %}
                {%- set last = loop.last %}
                {%- for what in ['n', 'hits', 'open'] %}
            sum(ticket.{{ name }}_{{ what }}) as {{ name }}_{{ what }}{{ ',' if not (last and loop.last) }}
                {%- endfor %}
            {%- endfor %}
        from tickets as ticket
        cross join lateral {{ ticket_members('ticket') }}
        where cut.member is not null and {{ is_cut }}
        group by ticket.created_date, cut.dimension, cut.member
    ),

    counted as (
        select
            ticket.created_date,
            outcome.metric,
            ticket.dimension,
            ticket.member,
            outcome.n::bigint as n,
            coalesce(outcome.hits, 0)::bigint as hits,
            coalesce(outcome.n_open, 0)::bigint as n_open
        from cut_tickets as ticket
        cross join
            lateral (
                values
                {%- for name in outcomes %}
                    (
                        '{{ name }}', ticket.{{ name }}_n, ticket.{{ name }}_hits, ticket.{{ name }}_open
                    ){{ ',' if not loop.last }}
                {%- endfor %}
            ) as outcome (metric, n, hits, n_open)
        where outcome.n > 0 or outcome.n_open > 0
    )
{%- endmacro %}
