#!/usr/bin/env python3
"""Turns the recurring jobs of rq-scheduler into a file for `rqrcron apply`.

    from-rq-scheduler.py [-u URL] [--source NAME] [--timezone ZONE] [--skip] > jobs.json
    from-rq-scheduler.py [-u URL] --remove jobs.json

Stop rq-scheduler first. The first form only reads; the second takes the jobs that the file has out of rq-scheduler's
list, after `rqrcron apply`, so that rq-scheduler can go on with what stays there: jobs that run once.

Run it where rq-scheduler runs, with the same packages. Where DJANGO_SETTINGS_MODULE is set, Django is set up first. Tried with
rq-scheduler 0.14.0 on rq 3.0.0.

The id of a definition is the id of the job. An interval goes on at the time at which rq-scheduler would have run it. A
cron expression means the same in both or is refused: the times of 400 days are compared. Exit status: 0, 1 when a job
cannot be a definition (it is named, and nothing is written unless --skip leaves it out), 2 for wrong usage.
"""

import argparse
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from functools import cache

from croniter import croniter
from crontab import CronTab
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job

from declarations import Unconvertible, call_fields, option_fields, set_up_django, whole_seconds, write

PROGRAM = "from-rq-scheduler"
SCHEDULED_JOBS = "rq:scheduler:scheduled_jobs"
# What rq-scheduler keeps of its own in the meta of a job.
OWN_META = ("interval", "repeat", "cron_string", "use_local_timezone", "queue_class_name")


@cache
def expression(text):
    """rq-scheduler's expression, which is one of the package crontab, as croniter and we write it."""
    columns = reordered(text)
    try:
        theirs = CronTab(text)
        moment = datetime(2026, 1, 1)
        for _ in range(400):
            planned = theirs.next(now=moment, default_utc=True, return_datetime=True)
            found = croniter(columns, moment).get_next(datetime)
            if planned != found:
                raise Unconvertible(f"{text!r} means {planned} after {moment} to rq-scheduler, and {found} to croniter")
            moment += timedelta(days=1, hours=1, minutes=1, seconds=1)
    except ValueError as error:
        raise Unconvertible(f"{text!r} cannot be compared: {error}") from error
    return columns


def reordered(text):
    """Its columns in croniter's order: seconds come sixth there and first in crontab, a year seventh in both."""
    columns = text.split()
    if len(columns) == 6:
        return " ".join(columns[:5] + ["0", columns[5]])
    if len(columns) == 7:
        return " ".join(columns[1:6] + [columns[0], columns[6]])
    return text


def definition(job, score, zone):
    """The definition of a job that is due next at a time in Unix seconds."""
    interval, text = job.meta.get("interval"), job.meta.get("cron_string")
    if not interval and not text:
        raise Unconvertible("it runs once; leave it to rq-scheduler or to `rq worker --with-scheduler`")
    if job.meta.get("repeat") is not None:
        raise Unconvertible(f"it runs {job.meta['repeat']} more times, and a definition runs until it is disabled")
    if job.instance is not None:
        raise Unconvertible("it calls the method of an object")
    if getattr(job, "_dependency_ids", None):
        raise Unconvertible("it depends on other jobs")
    for name in ("success", "failure", "stopped"):
        if getattr(job, f"_{name}_callback_name", None):
            raise Unconvertible(f"it has a callback for {name}")
    if job.meta.get("queue_class_name"):
        raise Unconvertible("it has a queue of a class of its own")
    fields = {"id": job.id, "queue": job.origin}
    if text:
        fields["cron"] = expression(text)
        if zone:
            fields["timezone"] = zone
    else:
        fields["interval"] = whole_seconds(interval)
        fields["first_run"] = datetime.fromtimestamp(score, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields.update(call_fields(job.func_name, job.args, job.kwargs))
    meta = {name: value for name, value in job.meta.items() if name not in OWN_META}
    fields.update(option_fields(job.timeout, job.result_ttl, job.ttl, job.failure_ttl, meta))
    return fields


def convert(redis, options):
    """Prints the file; returns the exit status."""
    set_up_django(PROGRAM)
    definitions, problems = [], []
    for raw_id, score in redis.zrange(SCHEDULED_JOBS, 0, -1, withscores=True):
        id = raw_id.decode()
        try:
            definitions.append(definition(Job.fetch(id, connection=redis), score, options.timezone))
        except NoSuchJobError:
            problems.append((id, "its job is gone, and rq-scheduler would drop it"))
        except DeserializationError as error:
            problems.append((id, f"its call cannot be read here: {error.__cause__ or error}"))
        except Unconvertible as problem:
            problems.append((id, problem))
    return write(options.source, definitions, problems, options.skip, PROGRAM)


def remove(redis, path):
    """Takes the jobs that a file has out of rq-scheduler's list; returns the exit status."""
    with open(path, encoding="utf-8") as file:
        ids = [definition["id"] for definition in json.load(file)["jobs"]]
    missing = [id for id in ids if not redis.exists(f"{os.environ.get('RQ_KEY_PREFIX', 'rq')}:cron_job:{id}")]
    if missing:
        print(f"{PROGRAM}: nothing removed: {missing[0]} is not defined; apply the file first", file=sys.stderr)
        return 1
    removed = sum(redis.zrem(SCHEDULED_JOBS, id) for id in ids)
    print(f"{PROGRAM}: {removed} jobs removed, {redis.zcard(SCHEDULED_JOBS)} left", file=sys.stderr)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RQ_REDIS_URL", "redis://localhost:6379/0")
    parser.add_argument("-u", "--url", default=default, help="the Redis, else RQ_REDIS_URL, else localhost")
    parser.add_argument("--source", default="rq-scheduler", metavar="NAME", help="the source; default: rq-scheduler")
    parser.add_argument("--timezone", metavar="ZONE", help="the zone of all expressions; default: the scheduler's")
    parser.add_argument("--skip", action="store_true", help="leave out what cannot be a definition")
    parser.add_argument("--remove", metavar="FILE", help="take what this file has out of rq-scheduler's list")
    options = parser.parse_args()
    redis = Redis.from_url(options.url)
    try:
        return remove(redis, options.remove) if options.remove else convert(redis, options)
    except (RedisError, OSError, ValueError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
