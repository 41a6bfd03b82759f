"""A headless Chromium with the page in it, and what its driver saw and heard."""

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PATIENCE = 30  # seconds for any single thing on a slow machine
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Everything is on this machine: whatever asks for another host is in the log, and leads nowhere.
SWITCHES = (
    "headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "no-first-run", "disable-extensions",
    "disable-background-networking", "disable-component-update", "disable-default-apps", "disable-sync",
    "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "hide-scrollbars", "lang=en-GB",
)  # fmt: skip


class Failed(Exception):
    """What was expected of the page, and what it did."""


def expect(condition, expectation):
    """Fails with what was expected."""
    if not condition:
        raise Failed(expectation)


class Browser:
    """One browser, logged in at the page."""

    def __init__(self, page, token, chromium, driver, javascript=True):
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for switch in SWITCHES:
            options.add_argument(f"--{switch}")
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_page_load_timeout(PATIENCE)
        self.page, self.host = page.rstrip("/"), urlsplit(page).netloc
        self.size(1280, 900)
        # Once with a name and the token, as one types them when asked; the browser keeps them for this host.
        self.driver.get(self.page.replace("://", f"://operator:{token}@"))

    def close(self):
        """Ends it."""
        self.driver.quit()

    # --- To go somewhere and look ---

    def open(self, path="/"):
        """Goes to a page of ours."""
        self.driver.get(self.page + path)

    def size(self, width, height=900):
        """Makes the window that large, also smaller than any real one."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        """Prefers light or dark."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def cdp(self, command, **arguments):
        """A command of Chromium's own."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def all(self, selector):
        """All elements that a selector of CSS matches."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        """The first of them."""
        try:
            return self.driver.find_element(By.CSS_SELECTOR, selector)
        except NoSuchElementException:
            raise Failed(f"expected an element {selector} at {self.driver.current_url}") from None

    def text(self, selector="body"):
        """What one reads there."""
        return self.one(selector).text

    def ids(self):
        """The ids of the rows, from top to bottom, in one look."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('tr[data-id]')].map((row) => row.dataset.id)")

    def row(self, name):
        """The text of a definition's row."""
        return self.text(f'tr[data-id="{name}"]')

    def column(self, name):
        """The texts of a column, from top to bottom, in one look."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll(`tbody .${arguments[0]}`)].map((cell) => cell.innerText.trim())", name)

    def until(self, expectation, condition, patience=PATIENCE):
        """Waits until something is so, and returns it."""
        deadline = time.monotonic() + patience
        while True:
            try:
                if found := condition():
                    return found
            except (Failed, StaleElementReferenceException) as error:
                found = error
            if time.monotonic() > deadline:
                raise Failed(f"expected within {patience} s at {self.driver.current_url}: {expectation}; there was {found!r}")
            time.sleep(0.05)

    # --- To do something ---

    def click(self, selector):
        """Clicks on something that may be replaced at any moment by a newer one."""

        def clicked():
            self.one(selector).click()
            return True

        self.until(f"{selector} can be clicked on", clicked)

    def link(self, text, within="body"):
        """Follows a link by its text."""

        def followed():
            for link in self.all(f"{within} a"):
                if link.text.strip() == text:
                    link.click()
                    return True
            raise Failed(f"no link {text!r} in {within}")

        self.until(f"a link {text!r} in {within}", followed)

    def press(self, *keys):
        """Presses keys, wherever the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, what, condition, most=60):
        """Presses Tab until the focus is on an element."""
        for _ in range(most):
            self.press(Keys.TAB)
            element = self.driver.switch_to.active_element
            if condition(element):
                return element
        raise Failed(f"expected to reach {what} with at most {most} presses of Tab at {self.driver.current_url}")

    # --- To judge ---

    def expect_no_sideways_scroll(self):
        """Nothing reaches beyond the right edge."""
        wide, screen = self.driver.execute_script(
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        expect(wide <= screen, f"no horizontal scroll expected at {self.driver.current_url}: {wide} px wide in {screen} px")

    def expect_no_barriers(self):
        """axe-core finds nothing."""
        self.driver.execute_script(AXE)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations'], preload: false})"
            ".then((result) => done(result.violations), (error) => done([{id: String(error), nodes: []}]))")
        for violation in found:
            nodes = "; ".join(node["html"][:160] + " " + node["failureSummary"] for node in violation["nodes"][:3])
            raise Failed(f"no barrier expected at {self.driver.current_url}: {violation['id']}: {nodes}")

    def faults(self, expected=()):
        """What the console said, and requests to other hosts, since the last look."""
        found = [
            f"no console message expected: {entry['message']}" for entry in self.driver.get_log("browser")
            if not any(text in entry["message"] for text in expected)
        ]  # fmt: skip
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if url.startswith(("data:", "about:")) or urlsplit(url).netloc.rpartition("@")[2] == self.host:
                    continue
                found.append(f"no request to another host expected: {url}")
            elif message["method"] == "Network.webSocketCreated":
                found.append(f"no web socket expected: {message['params']['url']}")
        return found

    def shoot(self, path, height):
        """Takes a picture of the upper part of the page."""
        self.size(1280, height)
        self.driver.execute_script("window.scrollTo(0, 0); document.activeElement.blur()")
        self.driver.save_screenshot(path)
        self.size(1280, 900)
