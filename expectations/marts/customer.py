"""What is expected of the customer marts: nobody lost, nobody glued together, sums that agree with their facts."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, rows, table


def suite() -> Suite:
    """Customers and their orders."""
    return Suite("marts.customer", (CUSTOMER_360, COUNTS, ORDERS))


CUSTOMER_360 = table(
    "mart_customer__360",
    at_least("tickets", "open_tickets", "no more tickets are open than there are"),
    at_least("tickets", "tickets_90d", "no more tickets are recent than there are"),
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
            (select coalesce(sum(amount), 0) from {marts}.fct_orders where customer_key is not null)
                - (select coalesce(sum(revenue_amount), 0) from {marts}.mart_customer__360) as revenue_lost,
            (select count(*) from {marts}.fct_tickets where customer_key is not null)
                - (select coalesce(sum(tickets), 0) from {marts}.mart_customer__360) as tickets_lost,
            (select coalesce(max(contacts), 0) from (
                select crm_contacts + helpdesk_users as contacts from {marts}.dim_customers) as customer)
                as records_of_largest_customer""",
    none_of("customers_lost", "every customer that identities lead to is in dim_customers"),
    none_of("accounts_lost", "every account that records lead to is in dim_accounts"),
    none_of("customers_without_personal_row", "every customer has a row in dim_customers_personal"),
    none_of("customers_not_shown", "every customer is in mart_customer__360"),
    none_of("revenue_lost", "the customers' revenue is the sum of their orders"),
    none_of("tickets_lost", "the customers' tickets are those of fct_tickets"),
    figure("records_of_largest_customer", "nobody is made of more than 25 CRM and helpdesk records (a shared mailbox?)",
           most=25, severity="warning"),
)  # fmt: skip

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
