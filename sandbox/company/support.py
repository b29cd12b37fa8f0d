"""How people ask for help: a ticket's life from its first turn to its closing, with all that happens in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sandbox.company import words
from sandbox.company.people import People
from sandbox.company.simulation import PersonState, Simulation
from sandbox.company.staff import BOTS, GROUP_OF_TOPIC, GROUPS
from sandbox.company.tickets import Ticket
from sandbox.company.working_time import is_open, next_opening
from sandbox.model import (
    Agent,
    Channel,
    CommentAdded,
    Priority,
    TicketChanged,
    TicketDeleted,
    TicketMerged,
    TicketOpened,
)

CHANNELS: tuple[Channel, ...] = (
    *("email",) * 9,
    *("web",) * 5,
    *("chat",) * 3,
    "phone",
    "phone",
    "api",
)
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "normal", "normal", "high", "urgent")
AUTOMATION = -1
FIRST_COMMENT_ID = 39_000_000_000_001

# minutes until a person answers, while somebody works
REPLY_MINUTES = {"email": 150.0, "web": 110.0, "chat": 4.0, "phone": 45.0, "api": 200.0}


class Support:
    """Opens tickets and lets them run. `on_solved` is told each time one is solved."""

    def __init__(self, simulation: Simulation, people: People, on_solved: Callable[[Ticket], None]) -> None:
        self.sim = simulation
        self.people = people
        self.on_solved = on_solved
        self.tickets: list[Ticket] = []

    # --- opening ---
    def open_ticket(self, state: PersonState, channel: Channel | None = None, topic: str | None = None) -> Ticket:
        """A person asks for help."""
        sim = self.sim
        ticket = self._new_ticket(state, channel or self._channel(), topic or sim.pick(words.TOPICS))
        if ticket.channel == "phone":
            self._open_by_agent(ticket, is_public=sim.chance(0.5))
            return ticket
        self._emit_opened(ticket, None)
        self._customer_says(ticket, first=True)
        if ticket.channel in ("email", "web") and sim.chance(0.35):
            sim.after(sim.rng.uniform(4, 25), self._auto_reply, ticket)
        if (ticket.channel == "chat" and sim.chance(0.6)) or sim.chance(0.06):
            sim.after(sim.rng.uniform(3, 40), self._bot_answers, ticket)
        roll = sim.rng.random()
        if roll < 0.055:  # nobody ever answers
            if sim.chance(0.5):
                sim.after(sim.rng.uniform(9, 16) * 86_400, self._give_up, ticket)
            if sim.chance(0.6):
                sim.after(sim.minutes(1_500), self.customer_asks_again, ticket)
            return ticket
        self._await_agent(ticket)
        if sim.chance(0.05):
            sim.after(sim.minutes(90), self.open_duplicate, ticket)
        if sim.chance(0.07):
            sim.after(sim.minutes(60), self.raise_priority, ticket)
        return ticket

    def open_by_agent(self, state: PersonState, *, is_public: bool) -> Ticket:
        """An agent opens a ticket for a person: a call's summary (private) or an outbound message (public)."""
        ticket = self._new_ticket(state, "email" if is_public else "phone", self.sim.pick(words.TOPICS))
        self._open_by_agent(ticket, is_public=is_public)
        return ticket

    def open_duplicate(self, original: Ticket | None = None) -> None:
        """The same person asks the same thing again by another way; an agent merges the two."""
        sim = self.sim
        if original is None:
            original = self._recent(lambda ticket: ticket.status in ("new", "open", "pending"))
            if original is None:
                someone = self.people.someone(lambda state: not state.is_lead and not state.is_staff)
                original = self.open_ticket(someone, "email") if someone else None
        if original is None or original.is_over:
            return
        channel: Channel = "web" if original.channel == "email" else "email"
        duplicate = self._new_ticket(original.state, channel, original.topic)
        self._emit_opened(duplicate, None)
        self._customer_says(duplicate, first=True)
        if sim.chance(0.35):  # somebody answers the duplicate before it is noticed
            sim.after(sim.rng.uniform(300, 1_500), self.agent_answers, duplicate)
        sim.after(sim.rng.uniform(1_800, 5_400), self.merge, duplicate, original)

    def open_spam(self) -> None:
        """An unwanted message, deleted a day later."""
        state = self.people.someone(lambda state: state.is_lead) or self.sim.pick(self.sim.states)
        ticket = self._new_ticket(state, "email", "product")
        self._emit_opened(ticket, None, subject=self.sim.pick(words.SPAM))
        self._customer_says(ticket, first=True)
        self.sim.after(self.sim.rng.uniform(20, 40) * 3_600, self.delete, ticket)

    def _channel(self) -> Channel:
        return self.sim.pick(CHANNELS)

    def _new_ticket(self, state: PersonState, channel: Channel, topic: str) -> Ticket:
        sim = self.sim
        ticket = Ticket(
            ticket_id=sim.new_id("ticket", 1_001),
            state=state,
            user_id=self.people.helpdesk_user(state),
            channel=channel,
            topic=topic,
            opened_at=sim.now,
            priority=sim.pick(PRIORITIES),
        )
        state.open_tickets += 1
        self.tickets.append(ticket)
        return ticket

    def _emit_opened(self, ticket: Ticket, agent_id: int | None, subject: str | None = None) -> None:
        account = self.sim.accounts.get(ticket.state.person.account_id or 0)
        self.sim.emit(
            TicketOpened,
            ticket_id=ticket.ticket_id,
            requester_user_id=ticket.user_id,
            organization_id=account.organization_id if account else None,
            channel=ticket.channel,
            subject=subject or self.sim.pick(words.SUBJECTS[ticket.topic]),
            topic=ticket.topic,
            priority=ticket.priority,
            opened_by_agent_id=agent_id,
        )

    def _open_by_agent(self, ticket: Ticket, *, is_public: bool) -> None:
        sim = self.sim
        agent = self._agent(ticket)
        self._emit_opened(ticket, agent.agent_id)
        self._comment(ticket, agent.agent_id, "agent", is_public, sim.pick(words.ANSWERS if is_public else words.NOTES))
        self._change(ticket, agent.agent_id, status="open", assignee_id=str(agent.agent_id), group=agent.team)
        roll = sim.rng.random()
        if roll < 0.55:  # the customer takes it up
            sim.after(sim.minutes(240), self.customer_answers, ticket)
        elif roll < 0.75:  # the agent writes once more, then the case is done
            sim.after(sim.minutes(300), self.agent_answers, ticket)
        else:
            sim.after(sim.rng.uniform(2, 6) * 86_400, self._give_up, ticket)

    # --- turns ---
    def agent_answers(self, ticket: Ticket) -> None:
        """A person of the team writes publicly, and the ticket waits, rests or is solved."""
        sim = self.sim
        if ticket.is_over or ticket.status == "solved":
            return
        agent = self._agent(ticket)
        if not ticket.replies and sim.chance(0.22) and ticket.channel != "chat":
            self._comment(ticket, agent.agent_id, "agent", False, sim.pick(words.NOTES))
            sim.after(sim.minutes(25), self._agent_replies, ticket, agent)
            return
        self._agent_replies(ticket, agent)

    def _agent_replies(self, ticket: Ticket, agent: Agent) -> None:
        sim = self.sim
        if ticket.is_over or ticket.status == "solved":
            return
        self._comment(ticket, agent.agent_id, "agent", True, sim.pick(words.ANSWERS))
        ticket.replies += 1
        self._feel_wait(ticket)
        roll = sim.rng.random()
        if roll < 0.5:
            self.solve(ticket, agent.agent_id)
        elif roll < 0.92:
            self._change(ticket, agent.agent_id, status="pending", assignee_id=str(agent.agent_id))
            if sim.chance(0.75):
                sim.after(sim.minutes(260, 1.1), self.customer_answers, ticket)
            else:
                sim.after(5 * 86_400, self._give_up, ticket)
        else:
            self._change(ticket, agent.agent_id, status="hold", assignee_id=str(agent.agent_id))
            sim.after(sim.rng.uniform(0.8, 4) * 86_400, self.agent_answers, ticket)

    def customer_answers(self, ticket: Ticket) -> None:
        """The customer writes; a pending ticket opens again, a solved one is reopened."""
        if ticket.is_over or ticket.state.is_staff:
            return
        self._customer_says(ticket)
        if ticket.status in ("pending", "hold"):
            self._change(ticket, self._author(ticket), status="open")
        elif ticket.status == "solved":
            ticket.reopens += 1
            ticket.state.feel(-0.1)
            self._change(ticket, self._author(ticket), status="open")
        self._await_agent(ticket)

    def customer_asks_again(self, ticket: Ticket) -> None:
        """The customer writes once more before anybody has answered."""
        if not ticket.is_over and ticket.status == "new":
            self._customer_says(ticket)
            ticket.state.feel(-0.06)

    def solve(self, ticket: Ticket, by: int) -> None:
        """Solved; closed for good four days later unless the customer comes back."""
        sim = self.sim
        self._change(ticket, by, status="solved", assignee_id=str(by) if by != AUTOMATION else None)
        ticket.solved_times += 1
        sim.after(4 * 86_400, self._close, ticket, ticket.solved_times)
        if sim.chance(0.15 if not ticket.reopens else 0.25):
            sim.after(sim.rng.uniform(0.5, 60) * 3_600, self.customer_answers, ticket)
        self.on_solved(ticket)

    def reopen_one(self) -> None:
        """A customer comes back to a solved ticket today."""
        ticket = self._recent(lambda ticket: ticket.status == "solved" and not ticket.state.is_staff)
        if ticket is not None:
            self.customer_answers(ticket)
            return
        ticket = self._recent(lambda ticket: not ticket.state.is_staff)
        if ticket is not None:
            self.solve(ticket, self._agent(ticket).agent_id)
            self.sim.after(3_600, self.customer_answers, ticket)

    # --- what else happens to tickets ---
    def merge(self, loser: Ticket, winner: Ticket) -> None:
        """An agent merges one ticket into another; both must still be alive."""
        if loser.is_over or winner.is_over:
            return
        self.sim.emit(
            TicketMerged,
            loser_ticket_id=loser.ticket_id,
            winner_ticket_id=winner.ticket_id,
            by_user_id=self._agent(winner).agent_id,
        )
        loser.is_merged = True
        loser.status = "closed"
        loser.state.open_tickets -= 1

    def delete(self, ticket: Ticket | None = None) -> None:
        """A ticket is deleted: by default some older one that nobody needs."""
        if ticket is None:
            yesterday = self.sim.now - timedelta(days=1)
            ticket = self._recent(lambda ticket: ticket.opened_at < yesterday)
        if ticket is None or ticket.is_deleted:
            return
        if not ticket.is_over:
            ticket.state.open_tickets -= 1
        ticket.is_deleted = True
        self.sim.emit(TicketDeleted, ticket_id=ticket.ticket_id)

    def raise_priority(self, ticket: Ticket | None = None) -> None:
        """Somebody sees that it matters more than it looked."""
        ticket = ticket or self._recent(lambda ticket: ticket.priority != "urgent")
        if ticket is None or ticket.is_over or ticket.priority == "urgent":
            return
        new = "urgent" if ticket.priority == "high" else "high"
        self._change(ticket, self._agent(ticket).agent_id, priority=new)

    def transfer(self) -> None:
        """A ticket goes to another team and another agent."""
        ticket = self._recent(lambda ticket: ticket.status in ("open", "pending", "hold"))
        if ticket is None:
            return
        group = self.sim.pick([group for group in GROUPS if group != ticket.group])
        agents = [agent for agent in self._team() if agent.team == group]
        if agents:
            by = self._agent(ticket).agent_id
            self._change(ticket, by, group=group, assignee_id=str(self.sim.pick(agents).agent_id))

    # --- inside ---
    def _await_agent(self, ticket: Ticket) -> None:
        """The next agent's turn: quick in chat, after the backlog elsewhere; at night and on weekends mostly later."""
        sim = self.sim
        pressure = 1.0
        if sim.now.toordinal() % 42 < 9:  # two weeks in which the team cannot keep up
            pressure = 4.0
        if ticket.reopens:  # nobody likes to take up what was done
            pressure *= 8.0
        if ticket.priority in ("high", "urgent"):
            pressure *= 0.5
        if is_open(sim.now) or sim.chance(0.12 if ticket.channel != "chat" else 0.6):
            start = sim.now
        else:
            start = next_opening(sim.now)
        answer_at = start + timedelta(seconds=sim.minutes(REPLY_MINUTES[ticket.channel] * pressure, 0.9))
        if not is_open(answer_at) and sim.chance(0.8) and ticket.channel != "chat":
            answer_at = next_opening(answer_at) + timedelta(seconds=sim.minutes(40))
        if ticket.status == "new":
            assign_at = sim.now + (answer_at - sim.now) * sim.rng.uniform(0.1, 0.6)
            sim.at(assign_at, self._assign, ticket)
        sim.at(answer_at, self.agent_answers, ticket)

    def _assign(self, ticket: Ticket) -> None:
        if ticket.is_over or ticket.status != "new":
            return
        agent = self._agent(ticket)
        by = agent.agent_id if self.sim.chance(0.5) else AUTOMATION
        self._change(ticket, by, status="open", assignee_id=str(agent.agent_id), group=agent.team)

    def _agent(self, ticket: Ticket) -> Agent:
        if ticket.assignee_id is not None:
            return self.sim.agents[ticket.assignee_id]
        team = self._team()
        group = GROUP_OF_TOPIC[ticket.topic]
        return self.sim.pick([agent for agent in team if agent.team == group] or team)

    def _team(self) -> list[Agent]:
        now = self.sim.now
        return [agent for agent in self.sim.agents.values() if not agent.is_bot and agent.became_agent_at <= now]

    def _author(self, ticket: Ticket) -> int:
        """The requester's user; after a merge of users, the one that survived."""
        if ticket.user_id not in ticket.state.user_ids and ticket.state.user_ids:
            ticket.user_id = ticket.state.user_ids[0]
        return ticket.user_id

    def _customer_says(self, ticket: Ticket, *, first: bool = False) -> None:
        if ticket.waiting_since is None:
            ticket.waiting_since = self.sim.now
        asks = words.ASKS[ticket.state.language]
        body = asks[0] if first else self.sim.pick(asks)
        self._comment(ticket, self._author(ticket), "customer", True, body)

    def _auto_reply(self, ticket: Ticket) -> None:
        if not ticket.is_over:
            self._comment(ticket, AUTOMATION, "auto_reply", True, words.AUTO_REPLY)

    def _bot_answers(self, ticket: Ticket) -> None:
        if not ticket.is_over:
            self._comment(ticket, self.sim.pick(BOTS)[0], "bot", True, words.BOT_ANSWER)

    def _comment(self, ticket: Ticket, author: int, kind: str, is_public: bool, body: str) -> None:
        # two comments of a ticket never share a second: which came first must be plain to every reader
        ticket.last_comment_at = max(self.sim.now, ticket.last_comment_at + timedelta(seconds=1))
        self.sim.emit(
            CommentAdded,
            at=ticket.last_comment_at,
            comment_id=self.sim.new_id("comment", FIRST_COMMENT_ID, 3),
            ticket_id=ticket.ticket_id,
            author_user_id=author,
            kind=kind,
            is_public=is_public,
            body=body,
            channel=ticket.channel,
        )

    def _change(self, ticket: Ticket, by: int, **changes: str | None) -> None:
        """One audit of what really differs."""
        now: dict[str, str | None] = {
            "status": ticket.status,
            "priority": ticket.priority,
            "assignee_id": None if ticket.assignee_id is None else str(ticket.assignee_id),
            "group": ticket.group,
        }
        differing = {name: (now[name], new) for name, new in changes.items() if new is not None and new != now[name]}
        if not differing:
            return
        self.sim.emit(TicketChanged, ticket_id=ticket.ticket_id, by_user_id=by, changes=differing)
        for name, (_, new) in differing.items():
            setattr(ticket, name, int(new) if name == "assignee_id" else new)

    def _feel_wait(self, ticket: Ticket) -> None:
        """A slow answer spoils the mood, and with it the next score and the next purchase; a quick one mends it."""
        if ticket.waiting_since is None:
            return
        hours = (self.sim.now - ticket.waiting_since) / timedelta(hours=1)
        ticket.waiting_since = None
        ticket.state.feel(0.07 if hours < 4 else 0.0 if hours < 24 else -0.17)

    def _close(self, ticket: Ticket, solved_times: int) -> None:
        if ticket.is_over or ticket.status != "solved" or ticket.solved_times != solved_times:
            return
        self._change(ticket, AUTOMATION, status="closed")
        ticket.state.open_tickets -= 1

    def _give_up(self, ticket: Ticket) -> None:
        """Solved by the automation after days of silence, unless the customer waits for a promised answer."""
        if ticket.is_over or ticket.status == "solved":
            return
        if ticket.status in ("new", "pending") or ticket.waiting_since is None:
            self.solve(ticket, AUTOMATION)

    def _recent(self, suits: Callable[[Ticket], bool]) -> Ticket | None:
        """One of the last hundred tickets that is alive (not merged, deleted or closed) and suits."""
        found = [ticket for ticket in self.tickets[-100:] if not ticket.is_over and suits(ticket)]
        return self.sim.pick(found) if found else None
