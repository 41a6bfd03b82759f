#!/usr/bin/env python3
"""Tries the page in a real browser: each check has a name, and tells what it expected.

    page_checks.py SETTINGS   JSON with `page` (its URL), `site` (that of a page of the prefixes {one} and {other}), `redis`, `token`, `program` (rqrcron), `chromium`, `driver`, `scheduler`
                              (its process), and `pictures`, a folder for pictures, or an empty text

The scheduler must run page_samples.cron, and workers of RQ its jobs. Exit status 1 if a check failed.
"""

import json
import os
import signal
import subprocess
import sys
import time

from redis import Redis
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from page_browser import Browser, Failed, expect

MANY = 100_000
CHECKS = []


def check(name, expected=()):
    """Makes a check; `expected` are messages that the console may show."""

    def take(function):
        CHECKS.append((name, function, expected))
        return function

    return take


class Stage:
    """The browser, Redis and the program."""

    def __init__(self, settings):
        self.settings = settings
        self.redis = Redis.from_url(settings["redis"], socket_timeout=None)
        self.browser = self.another()

    def another(self, page="page", **options):
        """One more browser."""
        settings = self.settings
        return Browser(settings[page], settings["token"], settings["chromium"], settings["driver"], **options)

    def rqrcron(self, *arguments, **options):
        """Runs a command of the program."""
        subprocess.run(
            [self.settings["program"], *arguments, "-u", self.settings["redis"]],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, **options)  # fmt: skip

    def field(self, name, field):
        """A field of a definition, as it is stored."""
        value = self.redis.hget(f"rq:cron_job:{name}", field)
        return None if value is None else value.decode()

    def prepare(self):
        """Brings the samples into every state."""
        self.until("the samples are applied", lambda: self.redis.exists("rq:cron_job:partner-export"))
        self.rqrcron("pause", "newsletter", "--note", "until the new template is there")
        self.rqrcron("pause", "price-feed", "--until", "2099-01-01T06:00:00+01:00", "--note", "the supplier moves")
        self.redis.hset("rq:cron_job:broken", mapping={"id": "broken", "func_name": "shop.sitemap", "interval": "often"})
        self.redis.zadd("rq:cron_jobs", {"broken": time.time() + 3600})
        self.redis.publish("rq:cron_jobs:events", '{"event":"created","job_id":"broken"}')

    def until(self, expectation, condition):
        """Waits until something is so."""
        return self.browser.until(expectation, condition)


# --- The list --------------------------------------------------------------------------------------------------


@check("the list shows every sample with its state")
def samples(stage):
    browser = stage.browser
    browser.open()
    states = {
        "order-import": "running", "card-charges": "failing", "newsletter": "paused", "price-feed": "snoozed",
        "first-import": "finished", "summer-sale": "disabled", "broken": "invalid", "partner-export": "running",
    }  # fmt: skip
    for name, state in states.items():
        browser.until(f"{name} is {state}", lambda name=name, state=state: state in browser.row(name).split())
    expect("waits for earlier runs" in browser.row("partner-export"), "that the overlap keeps it waiting")
    expect("every weekday at 08:00" in browser.row("payment-reminders"), "the schedule as a sentence")
    expect(browser.driver.title.startswith("Definitions"), f"a title, not {browser.driver.title!r}")


@check("each state's chip shows its definitions alone, and counts them")
def states(stage):
    browser = stage.browser
    for state in ("running", "failing", "paused", "snoozed", "disabled", "finished", "invalid"):
        browser.open()
        browser.click(f".chip.{state}")
        browser.until(f"state={state} in the address", lambda state=state: f"state={state}" in browser.driver.current_url)

        def agree(state=state):
            count = int(browser.text(f".chip.{state} b"))
            return count == len(browser.ids()) > 0 and set(browser.column("c-state")) == {state}

        browser.until(f"as many rows as the chip {state} counts, all of them {state}", agree)
        expect(browser.one(f".chip.{state}").get_attribute("aria-current") == "true", f"{state} marked as chosen")


@check("runs that nobody queues are overdue")
def overdue(stage):
    browser = stage.browser
    scheduler = int(stage.settings["scheduler"])
    os.kill(scheduler, signal.SIGSTOP)
    try:
        browser.open("/?state=overdue")
        browser.until("order-import is overdue", lambda: "order-import" in browser.ids())
        expect(set(browser.column("c-state")) == {"overdue"}, "overdue ones alone")
        expect("⚠" in browser.text("#overview"), "a warning of the lag")
    finally:
        os.kill(scheduler, signal.SIGCONT)
    browser.until("none is overdue any more", lambda: "No definition is like that" in browser.text("#list"))


@check("text, queue and source filter, and Clear shows all again")
def filters(stage):
    browser = stage.browser
    browser.open()
    total = len(browser.ids())
    browser.one("[data-find]").send_keys("import")
    browser.until("import shows the two imports", lambda: sorted(browser.ids()) == ["first-import", "order-import"])
    expect("text=import" in browser.driver.current_url, "the text in the address, so that it can be shared")
    browser.driver.refresh()
    expect(sorted(browser.ids()) == ["first-import", "order-import"], "the same after a reload")
    browser.link("Clear")
    browser.until(f"all {total} again", lambda: len(browser.ids()) == total)
    Select(browser.one("select[name=queue]")).select_by_value("search")
    browser.until("two of the queue search", lambda: sorted(browser.ids()) == ["search-index", "sitemap"])
    browser.open()
    Select(browser.one("select[name=source]")).select_by_value("shop")
    browser.until("those of the source", lambda: len(browser.ids()) == total - 1 and "broken" not in browser.ids())


@check("each column sorts, both ways")
def sorting(stage):
    browser = stage.browser
    for title, key in (("definition", lambda: browser.ids()), ("queue", lambda: [text.split("\n")[0] for text in browser.column("c-queue")])):  # fmt: skip
        browser.open("/?source=shop&sort=next")
        browser.link(title, "thead")
        browser.until(f"sorted by {title}", lambda key=key: key() == sorted(key()))
        expect(browser.all("th[aria-sort=ascending]"), f"{title} marked as ascending")
        browser.link(f"{title} ▲", "thead")
        browser.until(f"sorted by {title}, downwards", lambda key=key: key() == sorted(key(), reverse=True))
    for title in ("state", "function", "schedule", "next", "last", "outcome", "took", "source"):
        browser.open("/?source=shop&sort=id")
        browser.link(title, "thead")
        browser.until(f"{title} marked as sorted", lambda title=title: title in browser.text("th[aria-sort]"))
        expect(len(browser.ids()) == 15, f"all 15 samples, sorted by {title}")


# --- One definition --------------------------------------------------------------------------------------------


@check("a definition's page has its fields, next times, runs and commands")
def definition(stage):
    browser = stage.browser
    browser.open()
    browser.link("card-charges")
    expect(browser.text("h1") == "card-charges", "the id as heading")
    expect("shop.charge_cards" in browser.text(".facts"), "the function among the fields")
    expect(len(browser.all("#times tbody tr")) == 10, "ten next times")
    browser.until("a run that failed, with its exception", lambda: "ConnectionError" in browser.text("#runs"))
    browser.click("summary")
    expect("rqrcron show card-charges" in browser.text("details"), "the commands that do the same")
    browser.open("/jobs/payment-reminders")
    expect("Europe/Berlin" in browser.text("#times"), "the zone of the schedule")


@check("a run's outcome comes by itself")
def live(stage):
    browser = stage.browser
    browser.open("/jobs/sitemap")
    browser.until("live", lambda: browser.text("#live-state") == "live")
    expect("None are recorded" in browser.text("#runs"), "no run of it yet")
    browser.driver.execute_script("window.notReloaded = true")
    stage.rqrcron("trigger", "sitemap")
    browser.until("its run, finished", lambda: "finished" in browser.text("#runs .outcome"))
    expect(browser.driver.execute_script("return window.notReloaded"), "the outcome without a reload of the page")
    browser.click("#live-toggle")
    browser.until("updates are paused", lambda: browser.text("#live-state") == "paused")
    runs = len(browser.all("#runs tbody tr"))
    stage.rqrcron("trigger", "sitemap")
    stage.until("a second run", lambda: stage.redis.llen("rq:cron_runs:sitemap") == 2)
    expect(len(browser.all("#runs tbody tr")) == runs, "no second run shown while updates are paused")
    browser.click("#live-toggle")
    browser.until("both runs after updates go on", lambda: len(browser.all("#runs tbody tr")) == 2)


# --- To change something ---------------------------------------------------------------------------------------


@check("pause with a note and an end, and resume")
def pause(stage):
    browser = stage.browser
    browser.open("/jobs/database-vacuum")
    browser.link("Pause…")
    browser.one("input[name=note]").send_keys("the disk is <full> & loud")
    browser.driver.execute_script("document.querySelector('input[name=until]').value = '2098-05-04T03:02'")
    browser.click("button.primary")
    browser.until("a page that says so", lambda: "Paused 1 definition" in browser.text(".notice.done"))
    expect("the disk is <full> & loud" in browser.text("#state"), "the note as it was typed")
    expect("2098-05-04" in browser.text("#state"), "until when")
    expect(stage.field("database-vacuum", "paused_until").startswith("2098-05-0"), "until when, in Redis")
    browser.link("Resume…")
    browser.click("button.primary")
    browser.until("a page that says so", lambda: "Resumed 1 definition" in browser.text(".notice.done"))
    expect(not stage.field("database-vacuum", "paused_until"), "no pause in Redis")
    expect(browser.text("#state").startswith("running"), "running again")


@check("trigger queues one run")
def trigger(stage):
    browser = stage.browser
    browser.open("/jobs/month-end")
    browser.link("Run now…")
    browser.click("button.primary")
    browser.until("a page that says so", lambda: "Queued a run of 1 definition" in browser.text(".notice.done"))
    browser.until("its run, finished", lambda: "finished" in browser.text("#runs .outcome"))
    expect("trigger" in browser.text("#runs"), "that somebody asked for it")


@check("delete wants the id typed", expected=("422",))
def delete(stage):
    browser = stage.browser
    browser.open("/jobs/first-import")
    browser.link("Delete…")
    browser.one("input[name=typed]").send_keys("first-imports")
    browser.click("button.danger")
    browser.until("a refusal", lambda: "not the id" in browser.text("[role=alert]"))
    expect(stage.field("first-import", "id") == "first-import", "the definition still there")
    browser.one("input[name=typed]").send_keys("first-import")
    browser.click("button.danger")
    browser.until("a page that says so", lambda: "Deleted 1 definition" in browser.text(".notice.done"))
    expect(stage.field("first-import", "id") is None, "the definition gone from Redis")
    browser.until("it is gone from the list", lambda: "first-import" not in browser.ids())


@check("a pause of all that a filter shows")
def bulk(stage):
    browser = stage.browser
    browser.open("/?queue=finance")
    browser.link("Pause…", "#bulk")
    expect("2 definitions" in browser.text("h1"), "how many are paused")
    expect("day-end" in browser.text(".ask ul"), "which are paused")
    browser.one("input[name=note]").send_keys("audit")
    browser.click("button.primary")
    browser.until("a page that says so", lambda: "Paused 2 definitions" in browser.text(".notice.done"))
    browser.until("both paused", lambda: browser.column("c-state") == ["paused", "paused"])
    expect(stage.field("order-import", "enabled") != "false", "others not paused")
    browser.link("Resume…", "#bulk")
    browser.click("button.primary")
    browser.until("both running", lambda: browser.column("c-state") == ["running", "running"])


# --- For everybody ---------------------------------------------------------------------------------------------


@check("the keyboard alone finds, opens and pauses")
def keyboard(stage):
    browser = stage.browser
    browser.open()
    browser.press(Keys.TAB)
    expect(browser.driver.switch_to.active_element.text == "Skip to the content", "the first Tab skips to the content")
    browser.press("/")
    expect(browser.driver.switch_to.active_element.get_attribute("name") == "text", "a slash goes to the search")
    browser.press("search-index")
    browser.until("one row", lambda: browser.ids() == ["search-index"])
    browser.tab_to("the definition", lambda element: element.text == "search-index")
    browser.press(Keys.ENTER)
    browser.until("its page", lambda: browser.text("h1") == "search-index")
    focus = browser.tab_to("Pause…", lambda element: element.text == "Pause…")
    expect(focus.value_of_css_property("outline-style") != "none", "that one sees where the focus is")
    browser.press(Keys.ENTER)
    browser.tab_to("the note", lambda element: element.get_attribute("name") == "note")
    browser.press("by keyboard", Keys.ENTER)
    browser.until("paused", lambda: "by keyboard" in browser.text("#state"))
    stage.rqrcron("resume", "search-index")


PAGES = (
    "/", "/?state=failing", "/?text=nothing-is-like-that", "/timeline", "/jobs/card-charges", "/jobs/price-feed",
    "/jobs/sitemap/pause", "/jobs/sitemap/trigger", "/jobs/sitemap/delete", "/all/pause?queue=finance", "/jobs/missing",
)  # fmt: skip


@check("no page scrolls sideways, 360 px and 1,920 px wide", expected=("404",))
def widths(stage):
    browser = stage.browser
    try:
        for width in (360, 1920):
            browser.size(width)
            for path in PAGES:
                browser.open(path)
                browser.expect_no_sideways_scroll()
    finally:
        browser.size(1280)


@check("axe-core finds no barrier on any page, light and dark, wide and narrow", expected=("404",))
def barriers(stage):
    browser = stage.browser
    try:
        for path in PAGES:
            browser.open(path)
            grounds = set()
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                grounds.add(browser.one("html").value_of_css_property("background-color"))
                browser.expect_no_barriers()
            expect(len(grounds) == 2, f"another ground in the dark, not {grounds} for both")
            for width in (360, 1920, 1280):
                browser.size(width)
                if width != 1280:
                    browser.expect_no_barriers()
    finally:
        browser.size(1280)
        browser.scheme("light")


@check("without JavaScript it filters, sorts, pauses and resumes")
def plain(stage):
    browser = stage.another(javascript=False)
    try:
        browser.open()
        expect(not browser.one("#live").is_displayed(), "no switch for updates that do not come")
        browser.one("[data-find]").send_keys("vacuum", Keys.ENTER)
        browser.until("text=vacuum in the address", lambda: "text=vacuum" in browser.driver.current_url)
        names = [link.text for link in browser.all("tbody .c-id a")]
        expect(names == ["database-vacuum"], f"database-vacuum alone, not {names}")
        browser.link("queue", "thead")
        browser.until("the order in the address", lambda: "sort=queue" in browser.driver.current_url)
        browser.link("database-vacuum")
        browser.link("Pause…")
        browser.one("input[name=note]").send_keys("without a script")
        browser.click("button.primary")
        browser.until("paused", lambda: "without a script" in browser.text("#state"))
        browser.link("Resume…")
        browser.click("button.primary")
        browser.until("running", lambda: browser.text("#state").startswith("running"))
        for fault in browser.faults():
            raise Failed(fault)
    finally:
        browser.close()


@check("what strangers wrote stays text, and a page of what is deleted says so and asks no more", expected=("404",))
def strangers(stage):
    browser = stage.browser
    text = "</td><script>document.title='mine'</script><img src=x onerror=\"document.title='mine'\">"
    stage.rqrcron("register", text, "--func", "shop.sitemap", "--queue", text, "--interval", "3600")
    try:
        browser.open()
        browser.until("its id as text", lambda: any(text[:40] in name for name in browser.column("c-id")))
        browser.click("tbody a[href*='script']")
        browser.until("the id as heading", lambda: browser.text("h1") == text)
        expect("mine" != browser.driver.title, "a title of our own")
        expect(not browser.all("img[src=x]"), "no image of a stranger")
    finally:
        stage.rqrcron("delete", text)
    browser.until("deleted", lambda: browser.text("#live-state") == "deleted")


# --- Many ------------------------------------------------------------------------------------------------------


@check("among 100,000 definitions it pages, filters and sorts", expected=("422", "503"))
def many(stage):
    browser = stage.browser
    # As an editor writes them, many at a time; a word on the channel has them all read again.
    stage.rqrcron("register", "many", "--func", "shop.vacuum", "--queue", "bulk", "--cron", "7 4 29 2 *")
    fields, score = stage.redis.hgetall("rq:cron_job:many"), stage.redis.zscore("rq:cron_jobs", "many")
    for start in range(0, MANY, 1_000):
        with stage.redis.pipeline(transaction=False) as pipeline:
            for number in range(start, start + 1_000):
                own = {"id": f"many-{number:06}", "queue_name": f"bulk-{number % 40:02}"}
                pipeline.hset(f"rq:cron_job:{own['id']}", mapping={**fields, b"id": own["id"], b"queue_name": own["queue_name"]})
                pipeline.publish("rq:cron_jobs:events", json.dumps({"event": "created", "job_id": own["id"]}))
            pipeline.zadd("rq:cron_jobs", {f"many-{number:06}": score for number in range(start, start + 1_000)})
            pipeline.execute()
    stage.rqrcron("delete", "many")
    browser.open("/?text=many-&sort=id")
    browser.until("all are known", lambda: f"1 to 100 of {MANY}" in browser.text("#paging"), patience=90)
    expect(browser.ids()[0] == "many-000000" and len(browser.ids()) == 100, "a hundred rows from the first on")
    began = time.monotonic()
    browser.link("Next", "#paging")
    browser.until("the second page", lambda: browser.ids()[0] == "many-000100")
    browser.link("Last", "#paging")
    browser.until("the last page", lambda: browser.ids()[-1] == f"many-{MANY - 1:06}")
    browser.link("Previous", "#paging")
    browser.until("the last page but one", lambda: browser.ids()[-1] == f"many-{MANY - 101:06}")
    browser.link("First", "#paging")
    browser.until("the first page", lambda: browser.ids()[0] == "many-000000")
    took = time.monotonic() - began
    expect(took < 10, f"four pages within 10 s, not {took:.1f} s")
    browser.one("[data-find]").clear()
    browser.one("[data-find]").send_keys("many-0777")
    browser.until("those of the text", lambda: browser.ids()[:1] == ["many-077700"] and len(browser.ids()) == 100)
    browser.open("/?text=many-&sort=-id")
    expect(browser.ids()[0] == f"many-{MANY - 1:06}", "the last first")
    browser.open("/?queue=bulk-07")
    expect(f"of {MANY // 40}" in browser.text("#paging"), "the queue's share")

    def is_refused():
        # So many events may have all read once more, and nothing is changed meanwhile: 503, try again in a moment.
        browser.open("/all/pause?text=many-")
        return "narrow the filter" in browser.text()

    browser.until("no change of so many at once", is_refused, patience=60)


# --- Pictures --------------------------------------------------------------------------------------------------


@check("the list of prefixes follows what changes, and leads to the page of each")
def prefixes(stage):
    browser = stage.another(page="site")
    try:
        browser.open("/")
        browser.until("live", lambda: browser.text("#live-state") == "live")
        names = [link.text for link in browser.all("tbody .c-id > a")]
        expect(names == ["{one}", "{other}"], f"both prefixes, not {names}")
        browser.driver.execute_script("window.notReloaded = true")
        other = "tbody tr:nth-child(2) "
        stage.rqrcron(
            "register", "of other", "--func", "shop.sitemap", "--queue", "q", "--interval", "3600", "--key-prefix", "{other}")
        browser.until("its definition", lambda: browser.text(other + "td:nth-child(4)") == "1", patience=60)
        expect(browser.driver.execute_script("return window.notReloaded"), "the number without a reload of the page")
        for path in ("/", "/prefixes/%7Bother%7D/", "/prefixes/%7Bother%7D/jobs/of%20other"):
            browser.open(path)
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                for width in (360, 1920, 1280):
                    browser.size(width)
                    browser.expect_no_barriers()
                    browser.expect_no_sideways_scroll()
        browser.link("Pause…")
        browser.one("input[name=note]").send_keys("of the other prefix")
        browser.click("button.primary")
        browser.until("paused", lambda: "of the other prefix" in browser.text("#state"))
        enabled = stage.redis.hget("{other}:cron_job:of other", "enabled")
        expect(enabled == b"0", f"that it is paused in Redis, not {enabled}")
        browser.link("Prefixes")
        browser.until("the list", lambda: len(browser.all("tbody .c-id > a")) == 2)
        browser.link("{one}")
        browser.until("the page of the first", lambda: browser.driver.current_url.endswith("/prefixes/%7Bone%7D/"))
        for fault in browser.faults():
            raise Failed(fault)
    finally:
        browser.close()


def pictures(stage, folder):
    """Takes the pictures of the docs, once there is enough to see."""
    browser = stage.browser
    browser.until("strips that are full", lambda: stage.redis.llen("rq:cron_runs:card-charges") >= 20, patience=150)
    for scheme, suffix in (("light", ""), ("dark", "-dark")):
        browser.scheme(scheme)
        browser.open("/?sort=state")
        browser.until("live", lambda: browser.text("#live-state") == "live")
        browser.shoot(f"{folder}/page-list{suffix}.png", 800)
        browser.open("/jobs/card-charges")
        browser.until("live", lambda: browser.text("#live-state") == "live")
        browser.shoot(f"{folder}/page-definition{suffix}.png", 900)
        browser.open("/timeline?source=shop")
        browser.shoot(f"{folder}/page-timeline{suffix}.png", 700)
    browser.scheme("light")


def main(settings):
    """Runs all checks, one after another."""
    stage = Stage(settings)
    failures = 0
    try:
        stage.prepare()
        if settings["pictures"]:
            pictures(stage, settings["pictures"])
            return 0
        for name, function, expected in CHECKS:
            began, faults = time.monotonic(), []
            try:
                function(stage)
            except Exception as error:  # each of them is told, and the others are tried all the same
                faults.append(str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}")
            faults += stage.browser.faults(expected)
            print("failed" if faults else "passed", f"{name} ({time.monotonic() - began:.1f} s)", flush=True)
            for fault in faults:
                print(f"    {fault}", flush=True)
            failures += bool(faults)
    finally:
        stage.browser.close()
    print(f"{len(CHECKS)} checks, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.exit(main(json.loads(sys.argv[1])))
