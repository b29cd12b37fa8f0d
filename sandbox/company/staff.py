"""Who works at the made company. Bots and the first employees have the same ids in every company."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.model import Agent

FIRST_AGENT_ID = 380_100_000_000
FIRST_OWNER_ID = 70_100
STAFF_DOMAIN = "made-company.example"

BOTS: tuple[tuple[int, str, str], ...] = (
    (380_100_000_901, "Answer Bot", f"answer-bot@{STAFF_DOMAIN}"),
    (380_100_000_902, "Parcel Tracker", f"parcel-tracker@{STAFF_DOMAIN}"),
)
_TEAM = (
    ("Marta Zając", "Tier 1"),
    ("Ben Fischer", "Tier 1"),
    ("Ola Sikora", "Tier 1"),
    ("Ivan Orlov", "Tier 2"),
    ("Ewa Lis", "Tier 2"),
    ("Chris Doyle", "Billing"),
    ("Hanna Berg", "Billing"),
    ("Jan Mazur", "Logistics"),
)
GROUPS = ("Tier 1", "Tier 2", "Billing", "Logistics")
GROUP_OF_TOPIC = {
    "delivery": "Logistics",
    "billing": "Billing",
    "product": "Tier 2",
    "returns": "Billing",
    "account": "Tier 1",
}


def make_staff(customers: int, starts_at: datetime, opens_at: datetime) -> dict[int, Agent]:
    """The employees and bots: eight people, one more for each 100 customers over 800, and two who join after the
    first night. End users who become agents later are added by the generator."""
    agents: dict[int, Agent] = {}
    founded = starts_at - timedelta(days=400)
    extra = max(0, customers - 800) // 100
    team = list(_TEAM) + [(f"Agent {n + 9}", GROUPS[n % len(GROUPS)]) for n in range(extra)]
    for n, (name, group) in enumerate(team, start=1):
        agents[FIRST_AGENT_ID + n] = Agent(
            agent_id=FIRST_AGENT_ID + n,
            owner_id=FIRST_OWNER_ID + n if n in (1, 4, 6, 8) else None,
            name=name,
            email=_email(name),
            team=group,
            created_at=founded,
            became_agent_at=founded,
        )
    for n, (name, joins_after) in enumerate((("Zofia Rybak", 30), ("Tim Adler", 9 * 24 + 8)), start=801):
        joined = opens_at + timedelta(hours=joins_after)
        agents[FIRST_AGENT_ID + n] = Agent(
            agent_id=FIRST_AGENT_ID + n,
            owner_id=FIRST_OWNER_ID + n,
            name=name,
            email=_email(name),
            team="Tier 1",
            created_at=joined,
            became_agent_at=joined,
        )
    for agent_id, name, email in BOTS:
        agents[agent_id] = Agent(
            agent_id=agent_id,
            owner_id=None,
            name=name,
            email=email,
            team="Bots",
            created_at=founded,
            became_agent_at=founded,
            is_bot=True,
        )
    return agents


def _email(name: str) -> str:
    return name.lower().translate(str.maketrans("ąćęłńóśźż ", "acelnoszz.")) + f"@{STAFF_DOMAIN}"
