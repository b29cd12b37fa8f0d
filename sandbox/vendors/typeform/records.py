"""Forms and responses in Typeform's shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.company.surveys import FORMS_BY_ID, Question
from sandbox.company.surveys import Form as Survey
from sandbox.model import SurveyResponse

RESPONSE_TYPES = ("started", "partial", "completed")


def summary(survey: Survey, created_at: datetime) -> dict[str, Any]:
    """A form as the list shows it."""
    return {
        "id": survey.form_id,
        "type": "quiz",
        "title": survey.title,
        "created_at": _stamp(created_at),
        "last_updated_at": _stamp(created_at),
        "settings": {"is_public": True, "is_trial": False},
        "self": {"href": f"https://api.typeform.com/forms/{survey.form_id}"},
        "theme": {"href": "https://api.typeform.com/themes/qHWOQ7"},
        "_links": _links(survey),
    }


def definition(survey: Survey, created_at: datetime) -> dict[str, Any]:
    """A form with its questions."""
    return {
        "id": survey.form_id,
        "type": "quiz",
        "title": survey.title,
        "workspace": {"href": "https://api.typeform.com/workspaces/aB3cDe"},
        "theme": {"href": "https://api.typeform.com/themes/qHWOQ7"},
        "settings": {
            "language": "en",
            "progress_bar": "proportion",
            "meta": {"allow_indexing": False},
            "hide_navigation": False,
            "is_public": True,
            "is_trial": False,
            "show_progress_bar": True,
            "show_typeform_branding": True,
            "are_uploads_public": False,
            "show_time_to_completion": True,
            "partial_responses_to_all_integrations": True,
        },
        "thankyou_screens": [
            {
                "id": "DefaultTyScreen",
                "ref": "default_tys",
                "title": "Thank you!",
                "type": "thankyou_screen",
                "properties": {"show_button": False, "share_icons": False},
            }
        ],
        "hidden": list(survey.hidden),
        "fields": [
            {
                "id": question.field_id,
                "title": question.title,
                "ref": question.ref,
                "properties": _properties(question),
                "validations": {"required": False},
                "type": question.type,
            }
            for question in survey.questions
        ],
        "created_at": _stamp(created_at),
        "last_updated_at": _stamp(created_at),
        "published_at": _stamp(created_at),
        "_links": _links(survey),
    }


def _properties(question: Question) -> dict[str, Any]:
    if question.type == "opinion_scale":
        labels = {"left": question.low_label, "right": question.high_label}
        return {
            "steps": question.steps,
            "start_at_one": question.low == 1,
            "labels": {side: label for side, label in labels.items() if label},
        }
    if question.type == "rating":
        return {"steps": question.steps, "shape": "star"}
    return {}


def record(event: SurveyResponse) -> dict[str, Any]:
    """A response as it stands after `event`."""
    survey = FORMS_BY_ID[event.form_id]
    served: dict[str, Any] = {
        "landing_id": event.response_id,
        "token": event.response_id,
        "response_id": event.response_id,
        "response_type": event.state,
        "landed_at": _stamp(event.landed_at),
    }
    if event.state == "completed":
        served["submitted_at"] = _stamp(event.submitted_at)
    elif event.state == "partial":
        served["staged_at"] = _stamp(event.submitted_at)
    served["metadata"] = {
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "platform": "other",
        "referer": f"https://made-company.typeform.com/to/{survey.form_id}",
        "network_id": f"{event.person_id:010x}",
        "browser": "default",
    }
    served["hidden"] = event.hidden
    served["calculated"] = {"score": 0}
    served["answers"] = [_answer(survey, ref, value) for ref, value in event.answers.items()] or None
    served["variables"] = [{"key": "score", "type": "number", "number": 0}]
    if event.state == "completed":
        served["thankyou_screen_ref"] = "default_tys"
    return served


def _answer(survey: Survey, ref: str, value: int | str) -> dict[str, Any]:
    question = survey.question(ref)
    field = {"id": question.field_id, "type": question.type, "ref": ref}
    if isinstance(value, int):
        return {"field": field, "type": "number", "number": value}
    if question.type == "email":
        return {"field": field, "type": "email", "email": value}
    return {"field": field, "type": "text", "text": value}


def _links(survey: Survey) -> dict[str, str]:
    return {
        "display": f"https://made-company.typeform.com/to/{survey.form_id}",
        "responses": f"https://api.typeform.com/forms/{survey.form_id}/responses",
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
