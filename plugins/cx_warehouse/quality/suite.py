"""What an expectation is here: data. Suites list checks on tables and queries; only `run` knows how they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Border = Literal["raw", "marts"]
Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Check:
    """One expectation. `says` is the promise, as a sentence that is read when it is broken; a broken critical one
    stops the publish."""

    expectation: str  # Great Expectations' name of it
    arguments: Mapping[str, Any]
    says: str
    severity: Severity = "critical"

    @property
    def column(self) -> str | None:
        """The column it looks at, if it is one."""
        return self.arguments.get("column") or self.arguments.get("column_A")


@dataclass(frozen=True)
class Dataset:
    """What checks look at: a table of the night's set, or the rows of a query. The query is a template: {marts},
    {staging}, {intermediate} and {settings} are the schemas of the set, {build_number} and {as_of} the night's."""

    name: str  # as results name it: the table, or what the query is about
    checks: tuple[Check, ...]
    query: str | None = None


@dataclass(frozen=True)
class Suite:
    """The checks of one source or one area."""

    name: str
    datasets: tuple[Dataset, ...]

    @property
    def checks(self) -> list[Check]:
        return [check for dataset in self.datasets for check in dataset.checks]


@dataclass(frozen=True)
class Night:
    """What is being checked: a build, its clock, and the set of schemas it stands in."""

    build_number: int
    as_of: datetime
    set_name: str = "candidate"

    def fill(self, template: str) -> str:
        """The template's query for this night."""
        return template.format(
            marts=self.set_name,
            staging=f"{self.set_name}_staging",
            intermediate=f"{self.set_name}_intermediate",
            settings=f"{self.set_name}_settings",
            build_number=self.build_number,
            as_of=f"timestamp with time zone '{self.as_of.astimezone(UTC).isoformat()}'",
        )


# --- the kinds of checks that the suites are made of -----------------------------------------------------------------


def table(name: str, *checks: Check) -> Dataset:
    """Checks on a table of the marts."""
    return Dataset(name, checks)


def rows(name: str, query: str, *checks: Check) -> Dataset:
    """Checks on each row of a query."""
    return Dataset(name, checks, query)


def never_null(column: str, says: str, severity: Severity = "critical") -> Check:
    return Check("expect_column_values_to_not_be_null", {"column": column}, says, severity)


def values(
    column: str, says: str, *, least: float | None = None, most: float | None = None, severity: Severity = "critical"
) -> Check:
    """Every value lies between `least` and `most`, both included; null passes."""
    arguments = {"column": column, "min_value": least, "max_value": most}
    return Check("expect_column_values_to_be_between", arguments, says, severity)


def one_of(column: str, allowed: Sequence[object], says: str, severity: Severity = "critical") -> Check:
    """Every value is one of `allowed`; null passes."""
    return Check("expect_column_values_to_be_in_set", {"column": column, "value_set": list(allowed)}, says, severity)


def at_least(column: str, other: str, says: str, severity: Severity = "critical") -> Check:
    """In every row `column` is not below `other`; a row that lacks one of them passes."""
    arguments = {"column_A": column, "column_B": other, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return Check("expect_column_pair_values_a_to_be_greater_than_b", arguments, says, severity)


def figure(
    column: str, says: str, *, least: float | None = None, most: float | None = None, severity: Severity = "critical"
) -> Check:
    """The figure that a query of one row computes lies between `least` and `most`; it is shown with the result."""
    arguments = {"column": column, "min_value": least, "max_value": most}
    return Check("expect_column_max_to_be_between", arguments, says, severity)


def none_of(column: str, says: str, severity: Severity = "critical") -> Check:
    """The figure is a count of what must not be."""
    return figure(column, says, least=0, most=0, severity=severity)


# --- how it went -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """One check's result. Holds counts and figures, never rows: those could be personal data."""

    suite: str
    dataset: str
    check: Check
    success: bool
    observed: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None  # the check could not be made at all

    def __str__(self) -> str:
        where = f"{self.dataset}.{self.check.column}" if self.check.column else self.dataset
        if self.error:
            return f"{where}: {self.check.says} (could not be checked: {self.error})"
        if self.success:
            return f"{where}: {self.check.says}"
        if "unexpected_count" in self.observed:
            seen = f"not so in {self.observed['unexpected_count']} of {self.observed.get('element_count')} rows"
        else:
            seen = f"it is {self.observed.get('observed_value')}"
        return f"{where}: {self.check.says} ({seen})"
