import pytest
from tests.browser.test_deciding import *


def test_dbg(page):
    page.tab.set_default_timeout(25000)
    page.call_reader("dr. reload")
    choose_prior(page)
    print("URL1", page.tab.url)
    page.tab.get_by_text("中文", exact=True).click()
    page.settle()
    print("URL2", page.tab.url, "growth", page.tab.get_by_text("相比的生长").count())
    page.tab.screenshot(path="/tmp/dbg1.png")
    page.press("下一个 (N)")
    page.settle()
    print("URL3", page.tab.url, page.tab.get_by_text("相比的生长").count())
    page.tab.reload()
    page.await_images()
    page.settle()
    page.settle()
    print("URL4", page.tab.url, page.tab.get_by_text("相比的生长").count())
    page.tab.screenshot(path="/tmp/dbg2.png")
    print(page.text()[:1500])
