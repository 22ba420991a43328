"""The documentation page works in a browser that can reach only this machine."""

from __future__ import annotations

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browsers.browser import WAIT
from tests.browsers.serving import Served


def found(browser: Chrome, selector: str) -> WebElement:
    def look(_: Chrome) -> WebElement | bool:
        shown = [element for element in browser.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]
        return shown[0] if shown else False

    element = WebDriverWait(browser, WAIT).until(look)
    assert isinstance(element, WebElement)
    return element


def test_an_operation_is_tried_on_it(browser: Chrome, served: Served) -> None:
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # what earlier pages said
    browser.get(f"{served.rest}/schema")
    operation = "#operations-Buckets-createBucket"
    found(browser, f"{operation} .opblock-summary-control").click()
    found(browser, f"{operation} .try-out__btn").click()
    body = found(browser, f"{operation} textarea.body-param__text")
    body.clear()
    body.send_keys('{"name": "made-on-the-page"}')
    found(browser, f"{operation} .execute").click()
    assert found(browser, f"{operation} .live-responses-table tbody .response-col_status").text.startswith("201")
    assert "made-on-the-page" in served.contents()
    # Neither the policy nor the network kept anything from the page.
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]
