"""What readers get, by name. A table that is not listed here is granted to nobody."""

from __future__ import annotations

from dataclasses import dataclass

READER, PII_READER = "cx_reader", "cx_reader_pii"
READERS = (READER, PII_READER)


@dataclass(frozen=True)
class PublishedTable:
    """A table of marts, and who may read it."""

    name: str
    readers: tuple[str, ...] = READERS


PUBLISHED = (
    PublishedTable("dim_customers"),
    PublishedTable("dim_customers_personal", readers=(PII_READER,)),
    PublishedTable("fct_consents"),
    PublishedTable("mart_customer__audience"),
    PublishedTable("dim_accounts"),
    PublishedTable("bridge_customer_identities"),
    PublishedTable("customer_key_redirects"),
    PublishedTable("customer_identity_history"),
    PublishedTable("mart_customer__identity_review"),
    PublishedTable("fct_tickets"),
    PublishedTable("fct_survey_answers"),
    PublishedTable("fct_comment_scores"),
    PublishedTable("fct_comment_themes"),
    PublishedTable("fct_comments_personal", readers=(PII_READER,)),
    PublishedTable("fct_orders"),
    PublishedTable("fct_visits"),
    PublishedTable("mart_web__sessions_daily"),
    PublishedTable("mart_voice__scores"),
    PublishedTable("mart_voice__themes"),
    PublishedTable("mart_voice__answers"),
    PublishedTable("fct_survey_responses"),
    PublishedTable("mart_voice__scores_by"),
    PublishedTable("mart_voice__changes"),
    PublishedTable("mart_voice__response_rates"),
    PublishedTable("mart_voice__rating_reasons"),
    PublishedTable("mart_voice__operational_gap"),
    PublishedTable("mart_voice__channel_consistency"),
    PublishedTable("mart_voice__staff"),
    PublishedTable("mart_voice__belief_gap"),
    PublishedTable("dim_teams"),
    PublishedTable("mart_support__tickets"),
    PublishedTable("mart_support__first_response"),
    PublishedTable("fct_ticket_replies"),
    PublishedTable("fct_sla_targets"),
    PublishedTable("mart_support__durations"),
    PublishedTable("mart_support__shares"),
    PublishedTable("mart_support__backlog_daily"),
    PublishedTable("mart_support__contact_rate"),
    PublishedTable("mart_support__parity"),
    PublishedTable("mart_customer__360"),
    PublishedTable("mart_customer__accounts"),
    PublishedTable("mart_quality__rejected"),
    PublishedTable("source_freshness"),
)
