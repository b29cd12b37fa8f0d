"""The made company's survey forms: what is asked, on which scale, and what analysts make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QuestionType = Literal["opinion_scale", "rating", "number", "long_text", "email"]
Purpose = Literal["relationship", "transactional"]
Audience = Literal["customer", "internal"]
Metric = Literal["nps", "csat", "ces", "ces_v1", "enps", "expected_nps", "expected_csat", "expected_ces"]


@dataclass(frozen=True)
class Question:
    """One question. `ref` is the author's name for it (answers carry it), `field_id` the survey tool's.

    `metric`, `low`, `high` and `low_is_good` are the analysts' words, which the survey tool does not know. A
    scored question without a metric is one that nobody mapped."""

    ref: str
    field_id: str
    title: str
    type: QuestionType
    metric: Metric | None = None
    low: int | None = None
    high: int | None = None
    low_is_good: bool = False
    low_label: str | None = None
    high_label: str | None = None

    @property
    def steps(self) -> int | None:
        """How many values the scale has."""
        return None if self.low is None or self.high is None else self.high - self.low + 1


@dataclass(frozen=True)
class Form:
    """One survey. `hidden` names what its links carry."""

    form_id: str
    name: str
    title: str
    purpose: Purpose
    questions: tuple[Question, ...]
    hidden: tuple[str, ...]
    audience: Audience = "customer"

    @property
    def email_question(self) -> str | None:
        """The ref of the question for an address. A form that has one is also reached by a public link, which carries
        nothing: then only what people type says who they are."""
        return next((question.ref for question in self.questions if question.type == "email"), None)

    def question(self, ref: str) -> Question:
        """The question with this ref."""
        return next(question for question in self.questions if question.ref == ref)


RELATIONSHIP = Form(
    form_id="kQ7vNp2L",
    name="relationship",
    title="How are we doing?",
    purpose="relationship",
    questions=(
        Question(
            ref="nps",
            field_id="gT4nPs0aRe1c",
            title="How likely are you to recommend us to a friend or colleague?",
            type="opinion_scale",
            metric="nps",
            low=0,
            high=10,
            low_label="Not at all likely",
            high_label="Extremely likely",
        ),
        Question(
            ref="nps_reason",
            field_id="wHy5NpsRea0n",
            title="What is the main reason for your score?",
            type="long_text",
        ),
    ),
    hidden=("email", "contact_id"),
)

AFTER_TICKET = Form(
    form_id="mX3tCs9R",
    name="after_ticket",
    title="Your request with our support team",
    purpose="transactional",
    questions=(
        Question(
            ref="csat",
            field_id="c5atAfterTk7",
            title="How satisfied are you with the help you received?",
            type="rating",
            metric="csat",
            low=1,
            high=5,
        ),
        Question(
            ref="ces",
            field_id="cE5effort7sc",
            title="The company made it easy for me to handle my issue.",
            type="opinion_scale",
            metric="ces",
            low=1,
            high=7,
            low_label="Strongly disagree",
            high_label="Strongly agree",
        ),
        Question(
            ref="comment",
            field_id="f7eeTextComm",
            title="Is there anything else you would like to tell us?",
            type="long_text",
        ),
    ),
    hidden=("email", "ticket_id"),
)

PRODUCT_FEEDBACK = Form(
    form_id="pB8zFd4W",
    name="product_feedback",
    title="Your recent order",
    purpose="transactional",
    questions=(
        Question(
            ref="nps",
            field_id="tR4nsNps0rdr",
            title="After this order, how likely are you to recommend us?",
            type="opinion_scale",
            metric="nps",
            low=0,
            high=10,
            low_label="Not at all likely",
            high_label="Extremely likely",
        ),
        Question(
            ref="csat10",
            field_id="cS10prodScal",
            title="How satisfied are you with the product?",
            type="opinion_scale",
            metric="csat",
            low=1,
            high=10,
        ),
        Question(
            ref="effort_old",
            field_id="eF0ldV1scale",
            title="How much effort did you have to put into ordering?",
            type="opinion_scale",
            metric="ces_v1",
            low=1,
            high=5,
            low_is_good=True,
            low_label="Very low effort",
            high_label="Very high effort",
        ),
        Question(
            ref="shelf",
            field_id="sHe1fUnmappd",
            title="How did the packaging look when it arrived?",
            type="opinion_scale",
            low=1,
            high=5,
        ),
        Question(
            ref="reply_to",
            field_id="rEp1yToEma1l",
            title="Where may we reach you about this?",
            type="email",
        ),
    ),
    hidden=("email", "contact_id"),
)

# Employees answer without a name; the link of the first says their team, that of the second nothing.
STAFF_PULSE = Form(
    form_id="sT5fPu1s",
    name="staff_pulse",
    title="How is it to work here?",
    purpose="relationship",
    questions=(
        Question(
            ref="enps",
            field_id="eMp7NpsScal3",
            title="How likely are you to recommend us as a place to work?",
            type="opinion_scale",
            metric="enps",
            low=0,
            high=10,
            low_label="Not at all likely",
            high_label="Extremely likely",
        ),
    ),
    hidden=("team",),
    audience="internal",
)

# What managers expect of the scores: a net score in points, a share in per cent, a mean on the customers' scale.
EXPECTATIONS = Form(
    form_id="tE7lFs3Q",
    name="expectations",
    title="What we expect of our scores",
    purpose="relationship",
    questions=(
        Question(
            ref="expected_nps",
            field_id="xP3ctNps0ur5",
            title="Which NPS do you expect our customers to give us this month?",
            type="number",
            metric="expected_nps",
            low=-100,
            high=100,
        ),
        Question(
            ref="expected_csat",
            field_id="xP3ctCsatPct",
            title="How many of 100 customers who asked for help are satisfied with it?",
            type="number",
            metric="expected_csat",
            low=0,
            high=100,
        ),
        Question(
            ref="expected_ces",
            field_id="xP3ctCes7sca",
            title="How easy do our customers find it to get help, on average?",
            type="opinion_scale",
            metric="expected_ces",
            low=1,
            high=7,
            low_label="Very hard",
            high_label="Very easy",
        ),
    ),
    hidden=(),
    audience="internal",
)

FORMS: dict[str, Form] = {
    form.name: form for form in (RELATIONSHIP, AFTER_TICKET, PRODUCT_FEEDBACK, STAFF_PULSE, EXPECTATIONS)
}
FORMS_BY_ID: dict[str, Form] = {form.form_id: form for form in FORMS.values()}
