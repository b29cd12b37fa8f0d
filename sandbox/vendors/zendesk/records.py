"""Zendesk's records as JSON: users, organizations, tickets, ratings, surveys and settings, full-shaped.

The field sets are those of a live account's replies (recorded October 2026)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sandbox.model import COMPANY_TIME_ZONE, Account

ACCOUNT = "https://made-company.zendesk.com"  # what records say of themselves, wherever they are served
BRAND_ID = 360_900_000_001
FORM_ID = 360_900_000_101
TOPIC_FIELD_ID = 360_900_000_201
OTHER_FIELD_IDS = tuple(range(360_900_000_202, 360_900_000_208))
CUSTOM_STATUS_IDS = {
    "new": 360_910_000_001,
    "open": 360_910_000_002,
    "pending": 360_910_000_003,
    "hold": 360_910_000_004,
    "solved": 360_910_000_005,
    "closed": 360_910_000_005,
    "deleted": 360_910_000_002,
}
TICKET_CHANNEL = {"email": "email", "web": "web", "chat": "chat", "phone": "voice", "api": "api"}
LOCALES = {"en": ("en-US", 1), "pl": ("pl", 13), "ru": ("ru", 27), "de": ("de", 8)}
SURVEY_ID = "01JDKQ7Z5W3V9T8R6P4N2M0HCS"
SURVEY_QUESTIONS = {
    "rating": "01JDKQ81B4XG6Y7Z2N5M8P3RAT",
    "comment": "01JDKQ81B4XG6Y7Z2N5M8P3CMT",
}


def iso(moment: datetime) -> str:
    """Zendesk's times: UTC, whole seconds, Z."""
    return moment.isoformat()[:19] + "Z"


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def group_id(name: str) -> int:
    """A group's id from its name: the company knows groups by name only."""
    return 360_700_000_000 + crc32(name.encode()) % 1_000_000


@dataclass
class UserState:
    """A helpdesk user as it stands at the clock."""

    user_id: int
    name: str
    email: str | None
    created_at: datetime
    updated_at: datetime
    role: str = "end-user"
    phone: str | None = None
    organization_id: int | None = None
    language: str = "en"
    group: str | None = None
    active: bool = True


def user(state: UserState) -> dict[str, Any]:
    """A user. `permanently_deleted` appears on inactive users only."""
    staff = state.role != "end-user"
    locale, locale_id = LOCALES.get(state.language, LOCALES["en"])
    record = {
        "id": state.user_id,
        "url": f"{ACCOUNT}/api/v2/users/{state.user_id}.json",
        "name": state.name,
        "email": state.email,
        "created_at": iso(state.created_at),
        "updated_at": iso(state.updated_at),
        "time_zone": "Warsaw",
        "iana_time_zone": COMPANY_TIME_ZONE,
        "phone": state.phone,
        "shared_phone_number": None if state.phone is None else False,
        "photo": None,
        "locale_id": locale_id,
        "locale": locale,
        "organization_id": state.organization_id,
        "role": state.role,
        "verified": staff,
        "external_id": None,
        "tags": [],
        "alias": None,
        "active": state.active,
        "shared": False,
        "shared_agent": False,
        "last_login_at": iso(state.updated_at) if staff else None,
        "two_factor_auth_enabled": False if staff else None,
        "signature": f"{state.name}\nCustomer care" if staff else None,
        "details": None,
        "notes": None,
        "role_type": {"admin": 4, "agent": 0}.get(state.role),
        "custom_role_id": None,
        "moderator": staff,
        "ticket_restriction": None if staff else "requested",
        "only_private_comments": False,
        "restricted_agent": False,
        "suspended": False,
        "suspension_details": None,
        "default_group_id": group_id(state.group) if state.group else None,
        "report_csv": state.role == "admin",
        "is_billing_admin": state.role == "admin" if staff else None,
        "user_fields": {},
    }
    if not state.active:
        record["permanently_deleted"] = False
    return record


def organization(account: Account) -> dict[str, Any]:
    """A customer's company."""
    return {
        "url": f"{ACCOUNT}/api/v2/organizations/{account.organization_id}.json",
        "id": account.organization_id,
        "name": account.name,
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": str(account.account_id),
        "created_at": iso(account.created_at),
        "updated_at": iso(account.created_at),
        "domain_names": [account.domain],
        "details": "",
        "notes": "",
        "group_id": None,
        "tags": [account.industry.lower().replace(" ", "_"), account.country.lower()],
        "organization_fields": {"industry": account.industry, "country": account.country},
        "deleted_at": None,
        "ticket_restriction": "restricted",
        "children_count": 0,
    }


@dataclass
class TicketState:
    """A ticket as it stands at the clock."""

    ticket_id: int
    created_at: datetime
    updated_at: datetime
    requester_id: int
    submitter_id: int
    organization_id: int | None
    channel: str
    subject: str
    topic: str
    priority: str
    status: str = "new"
    assignee_id: int | None = None
    group: str | None = None
    description: str = ""
    is_public: bool = False
    tags: list[str] = field(default_factory=list)
    rating: dict[str, Any] = field(default_factory=lambda: {"score": "unoffered"})
    via: dict[str, Any] = field(default_factory=dict)  # as it came in: a requester's later address is not in it
    system_touch_at: datetime | None = None  # a change by the system, which leaves updated_at alone

    @property
    def generated_at(self) -> datetime:
        """The export's ordering time."""
        return max(self.updated_at, self.system_touch_at or self.updated_at)


def ticket_via(channel: str, requester: UserState | None) -> dict[str, Any]:
    """Where a ticket or comment came from."""
    source: dict[str, Any] = {"from": {}, "to": {}, "rel": None}
    if channel == "email" and requester is not None:
        source["from"] = {"address": requester.email, "name": requester.name}
        source["to"] = {"name": "Customer care", "address": "support@made-company.example"}
    elif channel == "phone" and requester is not None:
        source["from"] = {
            "formatted_phone": requester.phone,
            "phone": requester.phone,
            "name": requester.name,
        }
        source["rel"] = "inbound"
    return {"channel": TICKET_CHANNEL.get(channel, channel), "source": source}


def ticket(state: TicketState) -> dict[str, Any]:
    """A ticket; a deleted one keeps everything and has the status `deleted`."""
    fields = [{"id": TOPIC_FIELD_ID, "value": f"topic__{state.topic}"}]
    fields += [{"id": field_id, "value": None} for field_id in OTHER_FIELD_IDS]
    return {
        "url": f"{ACCOUNT}/api/v2/tickets/{state.ticket_id}.json",
        "id": state.ticket_id,
        "external_id": None,
        "via": state.via,
        "created_at": iso(state.created_at),
        "updated_at": iso(state.updated_at),
        "generated_timestamp": epoch(state.generated_at),
        "type": "question",
        "subject": state.subject,
        "raw_subject": state.subject,
        "description": state.description,
        "priority": state.priority,
        "status": state.status,
        "recipient": "support@made-company.example" if state.channel == "email" else None,
        "requester_id": state.requester_id,
        "submitter_id": state.submitter_id,
        "assignee_id": state.assignee_id,
        "organization_id": state.organization_id,
        "group_id": group_id(state.group) if state.group else None,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": state.is_public,
        "due_at": None,
        "tags": sorted(state.tags),
        "custom_fields": fields,
        "satisfaction_rating": state.rating,
        "sharing_agreement_ids": [],
        "custom_status_id": CUSTOM_STATUS_IDS.get(state.status),
        "encoded_id": f"{state.ticket_id:06X}-{crc32(str(state.ticket_id).encode()) % 0xFFFFF:05X}",
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": FORM_ID,
        "brand_id": BRAND_ID,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
        "support_type": "agent",
    }


@dataclass(frozen=True)
class SurveyState:
    """A customer-satisfaction survey about a ticket, as it stands at the clock."""

    response_id: str
    ticket_id: int
    user_id: int
    rating: int
    comment: str | None
    sent_at: datetime
    first_at: datetime
    changed_at: datetime


def survey_response(answer: SurveyState) -> dict[str, Any]:
    """A survey that was sent about a ticket, with its answers."""
    times = {
        "created_at": answer.first_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updated_at": answer.changed_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    rating = {
        "type": "rating_scale",
        "rating": answer.rating,
        "rating_category": "good" if answer.rating >= 4 else "bad",
        "question": {
            "type": "rating_scale_numeric",
            "sub_type": "customer_satisfaction",
            "id": SURVEY_QUESTIONS["rating"],
        },
        **times,
    }
    comment = {"question": {"type": "open_ended", "id": SURVEY_QUESTIONS["comment"]}, **times}
    comment |= {"type": "open_ended", "value": answer.comment} if answer.comment else {"type": "skipped"}
    return {
        "id": answer.response_id,
        "expires_at": (answer.sent_at + timedelta(days=28)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "responder_id": str(answer.user_id),
        "subject_zrns": [f"zen:ticket:{answer.ticket_id}"],
        "subjects": [{"id": str(answer.ticket_id), "type": "ticket", "zrn": f"zen:ticket:{answer.ticket_id}"}],
        "survey": {"id": SURVEY_ID, "version": 1, "state": "enabled"},
        "answers": [rating, comment],
    }
