"""What people see: every dashboard drawn, filters that count, nothing personal for analysts, a way down to the ticket."""

import re

import pytest

from tests.browser.conftest import PHONE, WIDE

FOR_ALL = ("cx-today", "voice", "support", "customer-360", "data-health")
PERSONAL = "customer-360-personal"
# what Superset shows in place of a chart that it cannot draw
BROKEN = ".error-body, [data-test='error-alert'], .ant-alert-error"


def open_dashboard(page, slug):
    """Open it and scroll through it, so that every chart is asked for; wait until none is loading."""
    page.goto(f"/superset/dashboard/{slug}/")
    page.locator("[data-test='grid-content'], .grid-content").first.wait_for()
    charts = page.locator(".dashboard-component-chart-holder")
    charts.first.wait_for()
    for number in range(charts.count()):
        chart = charts.nth(number)
        chart.scroll_into_view_if_needed()
        chart.locator(".slice_container").wait_for()
        page.wait_for_function("chart => !chart.querySelector('.loading, [data-test=\"loading-indicator\"]')", arg=chart.element_handle())
    return charts


@pytest.mark.parametrize("slug", FOR_ALL)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_chart_is_drawn(login, slug, size):
    page = login("analyst", size)
    charts = open_dashboard(page, slug)
    assert charts.count() > 5
    assert [text for text in page.locator(BROKEN).all_inner_texts()] == []
    page.close()
