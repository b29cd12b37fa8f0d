"""What people see: every chart drawn, filters that count, nothing personal for analysts, a way down to the ticket."""

import re

import pytest

FOR_ALL = {"cx-today": "CX today", "voice": "Voice", "support": "Support", "customer-360": "Customer 360"}
FOR_ALL["data-health"] = "Data health"
PERSONAL = "customer-360-personal"
WIDE, PHONE = (1440, 900), (390, 844)
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
# what Superset shows in place of a chart that it cannot draw
BROKEN = ".ant-alert-error, .error-body, [data-test='error-alert']"
CHART = ".dashboard-component-chart-holder"


def open_dashboard(page, slug):
    """Open it and scroll to each chart in turn, since a chart is asked for when it comes into sight."""
    page.goto(f"/superset/dashboard/{slug}/")
    page.locator(CHART).first.wait_for()
    charts = page.locator(CHART)
    for number in range(charts.count()):
        charts.nth(number).scroll_into_view_if_needed()
        drawn(charts.nth(number))
    return charts


def drawn(chart):
    """Wait until a chart has something to show; returns what it says."""
    shown = f"table, canvas, .header-line, .cx-card, .cx-night, .ant-empty, {BROKEN}"
    chart.locator(f":is({shown}):visible").first.wait_for()
    return chart.inner_text()


def chart_named(page, title):
    return page.locator(CHART).filter(has=page.get_by_text(title, exact=True)).first


def choose(page, name, value):
    """Set a filter of the bar and apply it."""
    box = page.locator(f"#NATIVE_FILTER-{name.lower()}")
    if not box.is_visible():
        page.get_by_text("More filters").click()
    box.click()
    box.fill(value)
    page.locator(f".ant-select-item-option[title='{value}']").click()
    page.get_by_role("button", name="Apply").first.click()


@pytest.mark.parametrize("slug", FOR_ALL)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_chart_is_drawn(login, slug, size):
    page = login("analyst", size)
    charts = open_dashboard(page, slug)
    assert charts.count() > 5
    assert page.locator(BROKEN).all_inner_texts() == []
    page.close()


def test_the_first_screen_says_how_we_are_doing_with_n_interval_and_age(login):
    page = login("analyst")
    open_dashboard(page, "cx-today")
    assert "night of" in page.locator(".cx-night").first.inner_text()
    cards = page.locator(".cx-card").all_inner_texts()
    assert [card.splitlines()[0] for card in cards] == [
        "NPS",
        "CSAT",
        "CES",
        "First response",
        "First contact resolution",
    ]
    for card in cards:
        assert "(95 %), n " in card or "no figure" in card
    assert page.locator(".cx-card").last.bounding_box()["y"] < WIDE[1] / 2, "all of it on the first screen"
    page.close()


def test_on_a_phone_no_chart_is_wider_than_the_screen(login):
    page = login("analyst", PHONE)
    charts = open_dashboard(page, "cx-today")
    widths = [charts.nth(number).bounding_box()["width"] for number in range(charts.count())]
    assert max(widths) <= PHONE[0]
    assert min(widths) > PHONE[0] * 0.7
    page.close()


def test_a_filter_changes_the_numbers(login):
    page = login("analyst")
    open_dashboard(page, "support")
    number = chart_named(page, "Tickets").locator(".header-line")
    before = int(number.inner_text().replace(",", ""))
    choose(page, "Channel", "email")
    page.wait_for_function(
        "([line, before]) => line.isConnected === false || line.innerText !== before",
        arg=[number.element_handle(), f"{before:,}"],
    )
    after = int(chart_named(page, "Tickets").locator(".header-line").inner_text().replace(",", ""))
    assert 0 < after < before
    page.close()


def test_a_card_takes_one_cut_and_says_so_when_two_are_chosen(login):
    page = login("analyst")
    open_dashboard(page, "cx-today")
    choose(page, "Channel", "email")
    page.locator(".cx-about", has_text="channel email").first.wait_for()
    choose(page, "Team", "Billing")
    page.locator(".cx-about", has_text="choose one of").first.wait_for()
    page.close()


def test_a_click_leads_down_to_the_ticket(login):
    page = login("analyst")
    open_dashboard(page, "support")
    tickets = chart_named(page, "Tickets: click one to see its turns and promises below")
    tickets.scroll_into_view_if_needed()
    cell = tickets.locator("tbody tr td").first
    ticket = cell.inner_text()
    cell.click()
    turns = chart_named(page, "Turns of the ticket")
    turns.scroll_into_view_if_needed()
    page.wait_for_function(
        """([chart, ticket]) => {
            const cells = [...chart.querySelectorAll('tbody tr td:first-child')].map(cell => cell.innerText);
            return cells.every(cell => cell === ticket);
        }""",
        arg=[turns.element_handle(), ticket],
    )
    page.close()


def test_an_analyst_sees_no_personal_data(login):
    page = login("analyst")
    for slug in FOR_ALL:
        open_dashboard(page, slug)
        assert E_MAIL.findall(page.locator("body").inner_text()) == []
    page.goto("/dashboard/list/")
    page.get_by_role("link", name="CX today").first.wait_for()
    assert page.get_by_role("link", name="Customer 360 with personal data").count() == 0
    answer = page.request.get(f"/api/v1/dashboard/{PERSONAL}")
    assert answer.status in (403, 404)
    page.close()


def test_who_may_see_personal_data_finds_a_person_by_name(login):
    page = login("analyst_personal")
    open_dashboard(page, PERSONAL)
    people = chart_named(page, "People: click one")
    name = next(text for text in people.locator("tbody tr td:first-child").all_inner_texts() if E_MAIL.search(text))
    choose(page, "Person", name)
    page.wait_for_function("chart => chart.querySelectorAll('tbody tr').length === 1", arg=people.element_handle())
    assert name in people.inner_text()
    page.close()
