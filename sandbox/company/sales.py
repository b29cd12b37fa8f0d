"""How people buy: deals through their stages, repeat purchases that follow the mood, refunds, badly filled records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sandbox.company import words
from sandbox.company.simulation import PersonState, Simulation
from sandbox.company.working_time import local_day
from sandbox.model import DealArchived, DealChanged, DealCreated

FIRST_DEAL_ID = 9_300_001
STAGES = ("appointmentscheduled", "qualifiedtobuy", "contractsent")


class AfterOrder(Protocol):
    """What else happens once somebody bought."""

    def __call__(self, state: PersonState) -> None: ...


@dataclass
class _Deal:
    deal_id: int
    state: PersonState | None
    stage: str
    amount: str | None
    currency: str | None
    name: str
    account_id: int | None
    contact_id: int | None
    is_archived: bool = False


class Sales:
    """Runs every deal from its first stage to won or lost."""

    def __init__(self, simulation: Simulation, after_order: list[AfterOrder]) -> None:
        self.sim = simulation
        self.after_order = after_order
        self._closed: list[_Deal] = []

    def start_buying(self, state: PersonState) -> None:
        """From joining on: a first deal soon, further ones at the person's pace."""
        self.sim.after(self.sim.rng.uniform(0.05, 0.5) * state.buys_every_days * 86_400, self.consider, state)

    def consider(self, state: PersonState) -> None:
        """A moment at which the person may buy. An unhappy one does so less often, and after longer."""
        sim = self.sim
        state.forget()
        if not state.is_lead and state.contact_ids and sim.chance(0.1 + 0.9 * state.mood):
            self.open_deal(state)
        pause = state.buys_every_days * (2.0 - 1.4 * state.mood) * sim.rng.uniform(0.6, 1.4)
        sim.after(pause * 86_400, self.consider, state)

    def open_deal(
        self, state: PersonState | None, *, badly_filled: bool = False, contact_id: int | None = None
    ) -> None:
        """A deal begins, of the person's main contact or of `contact_id`; without a person, of an account only."""
        sim = self.sim
        person = state.person if state else None
        account_id = person.account_id if person else sim.pick(list(sim.accounts))
        business = account_id is not None
        price = sim.rng.lognormvariate(0, 0.6) * (1_400 if business else 140)
        currency = sim.pick(("EUR", "EUR", "EUR", "PLN", "USD", "EUR", "PLN"))
        if currency == "PLN":
            price *= 4.2
        amount: str | None = f"{price:.2f}" if sim.chance(0.8) else str(round(price))
        if badly_filled and sim.chance(0.4):
            amount = None
        elif badly_filled:
            currency = ""
        if state:
            contact_id = contact_id or state.contact_ids[0]
        product = sim.pick(words.PRODUCTS)
        deal = _Deal(
            deal_id=sim.new_id("deal", FIRST_DEAL_ID),
            state=state,
            stage=STAGES[0],
            amount=amount,
            currency=currency or None,
            name=f"{product} ×{sim.rng.randrange(1, 40)}" if business else product,
            account_id=account_id,
            contact_id=contact_id,
        )
        self._create(deal)
        sim.after(self._pause(business), self._move, deal, 1)

    def refund(self, deal: _Deal | None = None) -> None:
        """Money goes back: a closed deal of its own with a negative amount."""
        sim = self.sim
        if deal is None:
            won = [deal for deal in self._closed[-200:] if self._refundable(deal)]
            if not won:
                return
            deal = sim.pick(won)
        if not self._refundable(deal) or deal.state is None or deal.contact_id not in deal.state.contact_ids:
            return
        share = 1.0 if sim.chance(0.5) else sim.rng.uniform(0.1, 0.9)
        deal.state.feel(-0.05)
        refund = _Deal(
            deal_id=sim.new_id("deal", FIRST_DEAL_ID),
            state=deal.state,
            stage="closedwon",
            amount=f"-{float(deal.amount or 0) * share:.2f}",
            currency=deal.currency,
            name=f"Refund: {deal.name}",
            account_id=deal.account_id,
            contact_id=deal.contact_id,
        )
        self._create(refund)
        changes: dict[str, str | None] = {"close_date": local_day(sim.now).isoformat()}
        sim.emit(DealChanged, deal_id=refund.deal_id, changes=changes)

    def correct(self) -> None:
        """Sales mends a closed deal: another amount, another close date, or it was not won after all."""
        sim = self.sim
        candidates = [deal for deal in self._closed[-300:] if not deal.is_archived and deal.amount]
        if not candidates:
            return
        deal = sim.pick(candidates)
        roll = sim.rng.random()
        changes: dict[str, str | None]
        if roll < 0.6:
            deal.amount = f"{float(deal.amount or 0) * sim.rng.uniform(0.9, 1.1):.2f}"
            changes = {"amount": deal.amount}
        elif roll < 0.85:
            day = local_day(sim.now - timedelta(days=sim.rng.randrange(1, 6)))
            changes = {"close_date": day.isoformat()}
        else:
            deal.stage = "closedlost"
            changes = {"stage": "closedlost"}
        sim.emit(DealChanged, deal_id=deal.deal_id, changes=changes)

    def archive(self) -> None:
        """A deal that was entered twice is archived: it is no order any more."""
        candidates = [deal for deal in self._closed[-300:] if not deal.is_archived]
        if candidates:
            deal = self.sim.pick(candidates)
            deal.is_archived = True
            self.sim.emit(DealArchived, deal_id=deal.deal_id)

    # --- inside ---
    def _create(self, deal: _Deal) -> None:
        sim = self.sim
        owners = [
            agent.owner_id for agent in sim.agents.values() if agent.owner_id and agent.became_agent_at <= sim.now
        ]
        sim.emit(
            DealCreated,
            deal_id=deal.deal_id,
            contact_id=deal.contact_id,
            account_id=deal.account_id,
            name=deal.name,
            amount=deal.amount,
            currency=deal.currency,
            owner_id=sim.pick(owners) if sim.chance(0.9) else None,
            stage=deal.stage,
        )

    def _pause(self, business: bool) -> float:
        return self.sim.minutes(900 if business else 25, 1.0)

    def _move(self, deal: _Deal, stage: int) -> None:
        """To the next stage, to won or to lost."""
        sim = self.sim
        business = deal.account_id is not None
        mood = deal.state.mood if deal.state else 0.6
        if stage >= len(STAGES) or (not business and sim.chance(0.5)):
            self._close(deal, won=sim.chance(0.4 + 0.55 * mood))
        elif sim.chance(0.07):
            self._close(deal, won=False)
        else:
            deal.stage = STAGES[stage]
            sim.emit(DealChanged, deal_id=deal.deal_id, changes={"stage": deal.stage})
            sim.after(self._pause(business), self._move, deal, stage + 1)

    def _close(self, deal: _Deal, *, won: bool) -> None:
        sim = self.sim
        deal.stage = "closedwon" if won else "closedlost"
        changes: dict[str, str | None] = {
            "stage": deal.stage,
            "close_date": local_day(sim.now).isoformat(),
        }
        sim.emit(DealChanged, deal_id=deal.deal_id, changes=changes)
        if not won:
            return
        self._closed.append(deal)
        if deal.state is None:
            return
        deal.state.orders += 1
        if sim.chance(0.06):
            sim.after(sim.rng.uniform(1, 12) * 86_400, self.refund, deal)
        for follow in self.after_order:
            follow(deal.state)

    def _refundable(self, deal: _Deal) -> bool:
        return (
            deal.stage == "closedwon"
            and not deal.is_archived
            and deal.currency is not None
            and deal.amount is not None
            and not deal.amount.startswith("-")
            and deal.state is not None
        )
