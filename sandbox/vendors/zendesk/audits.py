"""Updates of tickets as the ticket event export serves them: an audit with the child events of what it
did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from sandbox.vendors.zendesk.records import BRAND_ID, FORM_ID, epoch, iso

FIRST_ID = 39_000_000_000_000
IDS_PER_EVENT = 128
AUDIT_VIA = {
    "email": "Mail",
    "web": "Web form",
    "chat": "Chat",
    "phone": "Phone call (inbound)",
    "api": "Web service",
    "rule": "Rule",
    "agent": "Web form",
    "merge": "Merge",
    "user_merge": "User merge",
    "sla": "SLA",
    "system": "Web service",
}
RULE_ID = 360_950_000_001
NO_PLACE = {"client": None, "location": None, "latitude": None, "longitude": None}


@dataclass
class Audit:
    """One update. Its id, and those of its changes, follow from the company's event, so they never move."""

    audit_id: int
    ticket_id: int
    at: datetime
    updater_id: int
    via: str  # a key of AUDIT_VIA
    children: list[dict[str, Any]] = field(default_factory=list)

    def change(self, name: str, value: Any, previous: Any, kind: str = "Change") -> None:
        """A field's new value: the field's name is the key, as Zendesk has it."""
        child = {"id": self._next_id(), "via": AUDIT_VIA[self.via], "via_reference_id": None, name: value}
        if self.via == "rule":
            child |= {"via_reference_id": RULE_ID, "rel": "automation", "revision_id": 1}
        if kind == "Change":
            child["previous_value"] = previous
        self.children.append({**child, "event_type": kind})

    def tag(self, tags: list[str], added: list[str], kind: str = "Change") -> None:
        """The ticket's tags after the update."""
        self.children.append(
            {
                "id": self._next_id(),
                "via": AUDIT_VIA[self.via],
                "via_reference_id": None,
                "tags": sorted(tags),
                "added_tags": added,
                "removed_tags": [],
                "event_type": kind,
            }
        )

    def comment(self, comment_id: int, author_id: int, body: str, public: bool, via: dict[str, Any]) -> None:
        """A comment, spelled out."""
        self.children.append(
            {
                "id": comment_id,
                "via": via,
                "via_reference_id": None,
                "type": "Comment",
                "author_id": author_id,
                "body": body,
                "html_body": f'<div class="zd-comment" dir="auto"><p dir="auto">{escape(body)}</p></div>',
                "plain_body": body,
                "public": public,
                "attachments": [],
                "audit_id": self.audit_id,
                "created_at": iso(self.at),
                "event_type": "Comment",
            }
        )

    def created(
        self, subject: str, priority: str, tags: list[str], requester_id: int, organization_id: int | None
    ) -> None:
        """The fields that a ticket is born with."""
        first = {"subject": subject, "priority": priority, "type": "question", "status": "new"}
        for name, value in first.items():
            self.change(name, value, None, "Create")
        self.tag(tags, sorted(tags), "Create")
        if organization_id is not None:
            self.change("organization_id", str(organization_id), None, "Create")
        self.change("brand_id", str(BRAND_ID), None, "Create")
        self.change("ticket_form_id", str(FORM_ID), None, "Create")
        self.change("requester_id", requester_id, None, "Create")

    def record(self) -> dict[str, Any]:
        """The audit as the export serves it to a caller that asks for comment_events."""
        return {
            "id": self.audit_id,
            "ticket_id": self.ticket_id,
            "timestamp": epoch(self.at),
            "created_at": iso(self.at),
            "updater_id": self.updater_id,
            "via": AUDIT_VIA[self.via],
            "system": NO_PLACE,
            "metadata": {"system": {}, "custom": {}},
            "event_type": "Audit",
            "child_events": self.children,
        }

    def _next_id(self) -> int:
        return self.audit_id + 1 + len(self.children)


def without_comments(body: bytes) -> bytes:
    """The record for a caller that did not ask for comment_events: that there is a comment, and if it is public."""
    try:
        record = json.loads(body)
        record["child_events"] = [_shortened(child) for child in record["child_events"]]
    except (ValueError, KeyError, TypeError):  # a record added by hand may be anything
        return body
    return json.dumps(record).encode()


def _shortened(child: dict[str, Any]) -> dict[str, Any]:
    if child["event_type"] != "Comment":
        return child
    return {
        "id": child["id"],
        "via": "Web service",
        "via_reference_id": None,
        "comment_present": True,
        "comment_public": child["public"],
        "event_type": "Comment",
    }


def audit_id(event_id: int, part: int = 0) -> int:
    """The id of the audit that a company event causes; `part` 1 is the other ticket's, or a second one."""
    return FIRST_ID + event_id * IDS_PER_EVENT + part * (IDS_PER_EVENT // 2)
