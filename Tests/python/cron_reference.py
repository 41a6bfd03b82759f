"""Says what croniter and RQ make of cron expressions, for the differential test of the module Cron.

Reads one JSON array a line, `[zone, base, hash id or null, expression, the text it was drawn from or null]`, and answers
with one line each, in the same order:

    refused CAUSE           croniter does not accept the expression
    accepted T T T          the next five enqueue times after base by RQ; fewer when croniter finds no more
    accepted T T | T T T    the same, and behind the bar the instants whose local time matches, worked out without RQ

The second list comes only where the hour column admits every hour and the clock changes nearby: there the module departs
from RQ on purpose, and this is what it must say instead.

    --benchmark             read `[zone, base, expression]` and answer with croniter's median times in nanoseconds
"""

import bisect
import datetime
import importlib.metadata
import json
import os
import statistics
import sys
import time

import rq.cron
from croniter import croniter
from croniter.croniter import HOUR_FIELD, CroniterBadDateError

HOW_MANY = 5
DAY = 86400
# Longer than any clock was ever set back since 1970, and shorter than any time between two changes.
LONGEST_REPETITION = 9 * 3600

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)


class Reference:
    """croniter as RQ sees it, with the id of the definition for `H`, and each expression parsed only once."""

    def __init__(self):
        self.parsed = {}
        self.hash_id = None
        # CronJob.get_next_enqueue_time makes a croniter for each call, and knows no hash id.
        rq.cron.croniter = self.croniter

    def croniter(self, expression, start):
        key = (expression, self.hash_id)
        found = self.parsed.get(key)
        if found is None:
            self.parsed.clear()
            found = self.parsed[key] = croniter(expression, start, hash_id=self.hash_id)
        else:
            found.set_current(start)
        return found

    def answer(self, base, hash_id, expression, drawn_from):
        self.hash_id = hash_id
        try:
            if drawn_from is not None:
                croniter(drawn_from, EPOCH, hash_id=hash_id)
            iterator = self.croniter(expression, EPOCH)
        except (ValueError, TypeError, KeyError) as error:
            return "refused " + type(error).__name__
        by_rq = self.follow(base, lambda at: self.next_by_rq(expression, at))
        line = "accepted " + " ".join(map(str, by_rq))
        if "*" in iterator.expanded[HOUR_FIELD]:
            last = by_rq[-1] if by_rq else base
            if CHANGES.any_between(base - LONGEST_REPETITION, last):
                exact = self.follow(base, lambda at: next_match(iterator, at))
                line += " | " + " ".join(map(str, exact))
        return line

    @staticmethod
    def follow(base, step):
        times = []
        try:
            while len(times) < HOW_MANY:
                base = step(base)
                times.append(base)
        except CroniterBadDateError:
            pass
        return times

    @staticmethod
    def next_by_rq(expression, base):
        job = rq.cron.CronJob.__new__(rq.cron.CronJob)
        job.cron = expression
        job.interval = None
        job.latest_enqueue_time = datetime.datetime.fromtimestamp(base, UTC)
        return int(job.get_next_enqueue_time().timestamp())


class Changes:
    """The instants at which the local zone's offset changes, as the C library tells them."""

    def __init__(self):
        self.by_zone = {}

    def of_zone(self):
        zone = os.environ["TZ"]
        if zone not in self.by_zone:
            found = []
            before, known = -30 * DAY, offset(-30 * DAY)
            # Until the year 2200. No zone changes twice within six days.
            for at in range(-24 * DAY, 230 * 365 * DAY, 6 * DAY):
                now = offset(at)
                if now != known:
                    found.append(before + bisect.bisect(range(before, at), False, key=lambda t: offset(t) != known))
                before, known = at, now
            self.by_zone[zone] = found
        return self.by_zone[zone]

    def any_between(self, first, last):
        changes = self.of_zone()
        return bisect.bisect_right(changes, last) > bisect.bisect_left(changes, first)

    def after(self, instant):
        changes = self.of_zone()
        index = bisect.bisect_right(changes, instant)
        return changes[index] if index < len(changes) else None


CHANGES = Changes()


def offset(instant):
    return time.localtime(instant).tm_gmtoff


def next_match(iterator, base):
    """The first instant after base whose local time matches: plain croniter from change to change of the clock."""
    while True:
        local = EPOCH + datetime.timedelta(seconds=base + offset(base))
        reading = int((iterator.get_next(datetime.datetime, start_time=local) - EPOCH).total_seconds())
        instant = reading - offset(base)
        change = CHANGES.after(base)
        if change is None or instant < change:
            return instant
        # The change itself may match, hence one second before it by the clock that it brings.
        shifted = EPOCH + datetime.timedelta(seconds=change + offset(change) - 1)
        reading = int((iterator.get_next(datetime.datetime, start_time=shifted) - EPOCH).total_seconds())
        instant = reading - offset(change)
        if instant == change:
            return instant
        base = change


def enter(zone):
    os.environ["TZ"] = zone
    time.tzset()


def compare():
    requests = [json.loads(line) for line in sys.stdin]
    reference = Reference()
    answers = [""] * len(requests)
    # One zone after another: changing the zone of a process takes longer than a question.
    for index in sorted(range(len(requests)), key=lambda index: requests[index][0]):
        zone, base, hash_id, expression, drawn_from = requests[index]
        if os.environ.get("TZ") != zone:
            enter(zone)
        answers[index] = reference.answer(base, hash_id, expression, drawn_from)
    sys.stdout.write("\n".join(answers) + "\n")


def benchmark():
    print(importlib.metadata.version("croniter"))
    for line in sys.stdin:
        zone, base, expression = json.loads(line)
        enter(zone)
        parse = median(lambda: croniter(expression, EPOCH))
        start = datetime.datetime.fromtimestamp(base)
        iterator = croniter(expression, start)
        following = median(lambda: advance(iterator, start))
        by_rq = median(lambda: Reference.next_by_rq(expression, base))
        print(parse, following, by_rq)


def advance(iterator, start):
    """One next, and back to the start where there is none, as the other side does."""
    try:
        iterator.get_next(datetime.datetime)
    except CroniterBadDateError:
        iterator.set_current(start)


def median(action, rounds=200):
    samples = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        action()
        samples.append(time.perf_counter_ns() - begin)
    return int(statistics.median(samples))


if __name__ == "__main__":
    benchmark() if "--benchmark" in sys.argv else compare()
