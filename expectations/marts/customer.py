"""What is expected of the customer marts: nobody lost, nobody glued together, sums that agree with their facts."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, rows, table


def suite() -> Suite:
    """Customers, what they are made of, and their orders."""
    return Suite("marts.customer", (CUSTOMER_360, ACCOUNTS, COUNTS, IDENTITIES, LINKS, REDIRECTS, CONSENTS, ORDERS))


CUSTOMER_360 = table(
    "mart_customer__360",
    at_least("tickets", "open_tickets", "no more tickets are open than there are"),
    at_least("tickets", "tickets_90d", "no more tickets are recent than there are"),
    at_least("last_order_date", "first_order_date", "the last order is not before the first"),
)

ACCOUNTS = table(
    "mart_customer__accounts",
    at_least("customers", "active_customers", "no more customers are active than there are"),
    at_least("tickets", "open_tickets", "no more tickets are open than there are"),
    at_least("last_order_date", "first_order_date", "the last order is not before the first"),
)

COUNTS = rows(
    "customers counted",
    """select
            (select count(distinct customer_key) from {intermediate}.int_person__customers)
                - (select count(*) from {marts}.dim_customers) as customers_lost,
            (select count(distinct account_key) from {intermediate}.int_account__accounts)
                - (select count(*) from {marts}.dim_accounts) as accounts_lost,
            (select count(*) from {marts}.dim_customers)
                - (select count(*) from {marts}.dim_customers_personal) as customers_without_personal_row,
            (select count(*) from {marts}.dim_customers)
                - (select count(*) from {marts}.mart_customer__360) as customers_not_shown,
            (select count(*) from {marts}.dim_accounts)
                - (select count(*) from {marts}.mart_customer__accounts) as accounts_not_shown,
            (select coalesce(sum(amount), 0) from {marts}.fct_orders where customer_key is not null)
                - (select coalesce(sum(revenue_amount), 0) from {marts}.mart_customer__360) as revenue_lost,
            (select count(*) from {marts}.fct_tickets where customer_key is not null)
                - (select coalesce(sum(tickets), 0) from {marts}.mart_customer__360) as tickets_lost,
            (select count(*) from {marts}.fct_visits where is_before_known)
                - (select coalesce(sum(visits_before_known), 0) from {marts}.mart_customer__360) as visits_lost,
            (select coalesce(max(contacts), 0) from (
                select crm_contacts + helpdesk_users as contacts from {marts}.dim_customers) as customer)
                as records_of_largest_customer""",
    none_of("customers_lost", "every customer that identities lead to is in dim_customers"),
    none_of("accounts_lost", "every account that records lead to is in dim_accounts"),
    none_of("customers_without_personal_row", "every customer has a row in dim_customers_personal"),
    none_of("customers_not_shown", "every customer is in mart_customer__360"),
    none_of("accounts_not_shown", "every account is in mart_customer__accounts"),
    none_of("revenue_lost", "the customers' revenue is the sum of their orders"),
    none_of("tickets_lost", "the customers' tickets are those of fct_tickets"),
    none_of("visits_lost", "the visits given to customers in hindsight are those of fct_visits"),
    figure("records_of_largest_customer", "nobody is made of more than 25 CRM and helpdesk records (a shared mailbox?)",
           most=25, severity="warning"),
)  # fmt: skip

IDENTITIES = rows(
    "identities counted",
    """select
            (select count(*) from {intermediate}.int_person__identities as identity
                left join {marts}.bridge_customer_identities as member on identity.identity_key = member.identity_key
                -- an unknown visitor is nobody's browser, and an employee may never have asked for help
                where member.identity_key is null and identity.kind <> 'browser' and not identity.is_agent)
                as identities_lost,
            (select count(*) from {intermediate}.int_person__customers)
                - (select count(*) from {marts}.bridge_customer_identities) as identities_not_shown,
            (select count(*) from (
                select customer_key from {marts}.bridge_customer_identities
                group by customer_key having bool_and(kind = 'browser')) as stranger) as customers_of_browsers,
            (select count(*) from (
                select identity_key, customer_key from {marts}.customer_identity_history where valid_to is null
                ) as told
                full join {marts}.bridge_customer_identities as member
                    on told.identity_key = member.identity_key and told.customer_key = member.customer_key
                where told.identity_key is null or member.identity_key is null) as identities_told_otherwise,
            (select count(distinct (review_kind, evidence, left_identity, right_identity))
                from {intermediate}.int_person__reviews)
                - (select count(*) from {marts}.mart_customer__identity_review) as cases_lost,
            (select coalesce(max(identities), 0) from (
                select count(*) as identities from {marts}.bridge_customer_identities group by customer_key
                ) as customer) as identities_of_largest_customer""",
    none_of("identities_lost", "every record is a customer's, but those of employees and unknown visitors' browsers"),
    none_of("identities_not_shown", "every identity of a customer is in bridge_customer_identities"),
    none_of("customers_of_browsers", "no customer is made of browsers alone"),
    none_of("identities_told_otherwise", "the open spells of customer_identity_history are the night's identities"),
    none_of("cases_lost", "every case that evidence cannot decide is in mart_customer__identity_review"),
    figure("identities_of_largest_customer",
           "nobody is made of more than 200 identities (an id that everybody carries?)", most=200, severity="warning"),
)  # fmt: skip

LINKS = rows(
    "links counted",
    """select
            count(*) filter (where rule is null or evidence is null) as links_unexplained,
            count(*) filter (where rule not in ('oldest', 'alone') and rule not in (
                select known.rule from {settings}.identity_rules as known where known.is_on)) as links_by_no_rule,
            count(*) filter (where (linked_to_identity_key is null) <> (rule in ('oldest', 'alone'))
                or linked_to_customer_key <> customer_key) as links_astray,
            (select coalesce(sum(contacts - 1 - decisions), 0) from (
                select
                    member.customer_key,
                    count(*) filter (where source.is_one_record_per_person and not member.is_deleted
                        and not exists (select 1 from {intermediate}.int_person__merges as merge
                            where merge.loser_key = member.identity_key)) as contacts,
                    -- each decided link can bring one more contact to a customer, and no other kind may
                    count(*) filter (where member.rule = 'override_link') as decisions
                from {marts}.bridge_customer_identities as member
                join {settings}.sources as source on source.source = member.source
                group by member.customer_key) as customer
                where contacts > 1 + decisions) as contacts_glued
        from (
            select member.*, other.customer_key as linked_to_customer_key
            from {marts}.bridge_customer_identities as member
            left join {marts}.bridge_customer_identities as other
                on member.linked_to_identity_key = other.identity_key) as link""",
    none_of("links_unexplained", "every identity has a rule and evidence in words"),
    none_of("links_by_no_rule", "every link is by a rule that is switched on"),
    none_of("links_astray", "every identity but the oldest is linked to one of the same customer"),
    none_of("contacts_glued", "no customer has two live CRM contacts, unless somebody decided so"),
)

CONSENTS = rows(
    "consents counted",
    """select
            (select count(*) from {marts}.dim_customers) * (select count(*) from {settings}.consent_purposes)
                - (select count(*) from {marts}.fct_consents) as consents_lost,
            (select count(*) from {marts}.fct_consents where is_allowed and state = 'withdrawn') as refusals_ignored,
            (select count(*) from {marts}.mart_customer__audience as listed
                where not exists (
                    select 1 from {marts}.fct_consents as consent
                    where consent.customer_key = listed.customer_key and consent.purpose = listed.purpose
                        and consent.is_allowed)) as listed_without_leave""",
    none_of("consents_lost", "every customer has a row in fct_consents for each purpose"),
    none_of("refusals_ignored", "whoever said no is allowed for no purpose"),
    none_of("listed_without_leave", "nobody is on a list for a purpose that is not allowed"),
)

REDIRECTS = rows(
    "redirects counted",
    """select
            count(*) filter (where live.customer_key is not null) as redirects_of_customers,
            count(*) filter (where redirect.customer_key is not null and target.customer_key is null)
                as redirects_to_nobody,
            count(*) filter (where next.old_customer_key is not null) as redirects_chained
        from {marts}.customer_key_redirects as redirect
        left join {marts}.dim_customers as live on redirect.old_customer_key = live.customer_key
        left join {marts}.dim_customers as target on redirect.customer_key = target.customer_key
        left join {marts}.customer_key_redirects as next on redirect.customer_key = next.old_customer_key""",
    none_of("redirects_of_customers", "no key of a customer of this night is redirected"),
    none_of("redirects_to_nobody", "every redirect leads to a customer of this night, or says that there is none"),
    none_of("redirects_chained", "no redirect leads to a key that is redirected itself"),
)

ORDERS = rows(
    "orders counted",
    """select
            (select count(*) from {intermediate}.int_order__candidates)
                - (select count(*) from {marts}.fct_orders)
                - (select count(*) from {intermediate}.int_order__rejected) as orders_lost,
            (select count(*) from {marts}.fct_orders where is_refund <> (amount < 0)) as refunds_mistaken,
            (select count(*) from {marts}.fct_orders where ordered_at > {as_of}) as orders_ahead,
            coalesce(
                (select count(*) from {intermediate}.int_order__rejected)::numeric
                / nullif((select count(*) from {intermediate}.int_order__candidates), 0), 0) as rejected_share""",
    none_of("orders_lost", "every won sale is an order or among the rejected"),
    none_of("refunds_mistaken", "refunds are the orders with a negative amount"),
    none_of("orders_ahead", "no order is later than the night's clock", severity="warning"),
    figure("rejected_share", "at most one won sale in twenty lacks an amount or a currency", most=0.05,
           severity="warning"),
)  # fmt: skip
