"""After a publish: the dashboards' caches are emptied and warmed, and every chart is asked whether it answers."""

from cx_warehouse.dashboards.check import ChartFailure, DashboardReport, check_dashboards
from cx_warehouse.dashboards.superset import SupersetApi

__all__ = ["ChartFailure", "DashboardReport", "SupersetApi", "check_dashboards"]
