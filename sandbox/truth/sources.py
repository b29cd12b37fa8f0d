"""How many records each source holds at the clock, where that does not depend on when the warehouse looked."""

from __future__ import annotations

from sandbox.company.surveys import FORMS
from sandbox.truth.folding import Records

API_USERS = 1


def counts(records: Records) -> dict[str, dict[str, dict[str, int]]]:
    """source → stream → {"live": …, "deleted": …}. `deleted` is left out where a source forgets deleted records: then
    the warehouse knows only those that it had seen before. The helpdesk's users include the one who reads its API."""
    live_contacts = {
        contact.contact_id
        for contact in records.contacts.values()
        if not contact.is_archived and contact.merged_into is None
    }
    archived = sum(contact.is_archived for contact in records.contacts.values())
    live_deals = [deal for deal in records.deals.values() if not deal.is_archived]
    present = [agent for agent in records.company.agents.values() if agent.created_at <= records.as_of]
    owners = {agent.owner_id for agent in present if agent.owner_id is not None}
    live_users = {
        user.user_id for user in records.users.values() if not user.is_deleted and user.merged_into is None
    } | {agent.agent_id for agent in present}
    deleted_tickets = sum(ticket.is_deleted for ticket in records.tickets.values())
    organizations = sum(
        records.company.accounts[account_id].organization_id is not None for account_id in records.accounts
    )
    return {
        "zendesk": {
            "users": {"live": len(live_users) + API_USERS},
            "organizations": {"live": organizations},
            "tickets": {"live": len(records.tickets) - deleted_tickets, "deleted": deleted_tickets},
        },
        "hubspot": {
            "contacts": {"live": len(live_contacts), "archived": archived},
            "companies": {"live": len(records.accounts)},
            "deals": {"live": len(live_deals), "archived": len(records.deals) - len(live_deals)},
            "owners": {"live": len(owners - records.archived_owners), "archived": len(records.archived_owners)},
            "contact_companies": {"live": sum(pair[0] in live_contacts for pair in records.links)},
            "deal_contacts": {"live": sum(deal.created.contact_id is not None for deal in live_deals)},
            "deal_companies": {"live": sum(deal.created.account_id is not None for deal in live_deals)},
        },
        "typeform": {
            "forms": {"live": len(FORMS)},
            "responses": {"live": len(records.responses)},
        },
        "ga4": {"daily_traffic": {"live": len(records.sessions)}},
        # the same visits, one by one
        "matomo": {"visits": {"live": sum(row["sessions"] for row in records.sessions.values())}},
    }
