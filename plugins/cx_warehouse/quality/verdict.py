"""The verdict on a border: may the night go on, and what should be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cx_warehouse.connectors.errors import CxError
from cx_warehouse.quality.suite import Border, Outcome, Severity


class QualityError(CxError):
    """Critical expectations failed: the night is not published. The message names them."""


@dataclass(frozen=True)
class Verdict:
    """How the expectations of one border came out."""

    border: Border
    outcomes: Sequence[Outcome]
    seconds: float = 0.0

    def failed(self, severity: Severity) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.success and outcome.check.severity == severity]

    @property
    def critical(self) -> list[Outcome]:
        """Failures that stop the publish."""
        return self.failed("critical")

    @property
    def warnings(self) -> list[Outcome]:
        """Failures that are shown, and stop nothing."""
        return self.failed("warning")

    @property
    def passed(self) -> bool:
        return not self.critical

    def raise_if_critical(self) -> None:
        """Raise QualityError, naming the first few, when a critical expectation failed."""
        if self.critical:
            named = "; ".join(str(outcome) for outcome in self.critical[:3])
            more = f"; and {len(self.critical) - 3} more" if len(self.critical) > 3 else ""
            raise QualityError(f"{len(self.critical)} critical expectations on {self.border} failed: {named}{more}")

    def __str__(self) -> str:
        lines = [
            f"{self.border}: {len(self.outcomes)} expectations in {self.seconds:.1f} s, "
            f"{len(self.critical)} critical failures, {len(self.warnings)} warnings"
        ]
        lines += [f"  CRITICAL {outcome}" for outcome in self.critical]
        lines += [f"  warning  {outcome}" for outcome in self.warnings]
        return "\n".join(lines)
