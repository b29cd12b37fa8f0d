"""Empty and warm the caches of every dashboard, and note the charts that do not answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from cx_warehouse.dashboards.queries import chart_query, preset_filters
from cx_warehouse.dashboards.superset import SupersetApi


@dataclass(frozen=True)
class ChartFailure:
    """A chart that does not answer, and what Superset says of it."""

    dashboard: str
    chart: str
    reason: str

    def __str__(self) -> str:
        return f"{self.dashboard}, {self.chart}: {self.reason}"


@dataclass
class DashboardReport:
    """How many charts were asked on how many dashboards, and which failed."""

    dashboards: int = 0
    charts: int = 0
    failures: list[ChartFailure] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.charts} charts on {self.dashboards} dashboards, {len(self.failures)} without an answer"


def check_dashboards(api: SupersetApi) -> DashboardReport:
    """Ask every chart of every dashboard anew, as the page opens. A chart on several dashboards is asked on each, since
    the filters that a dashboard presets are part of the question."""
    report = DashboardReport()
    dashboards = api.dashboards()
    api.forget_results(sorted({str(chart.form["datasource"]) for one in dashboards for chart in one.charts}))
    for dashboard in dashboards:
        report.dashboards += 1
        presets = preset_filters(dashboard.metadata)
        for chart in dashboard.charts:
            report.charts += 1
            try:
                reason = api.run_query(chart_query(chart.form, presets))
            except (KeyError, ValueError) as error:  # settings of a chart that somebody made by hand
                reason = f"its settings cannot be read: {error}"
            if reason:
                report.failures.append(ChartFailure(dashboard.title, chart.name, reason))
    return report
