#!/usr/bin/env python3
"""Turns the configuration of RQ's own `rq cron` into a file for `rqrcron apply`.

    from-rq-cron.py [-p PATH] [--prefix TEXT] [--source NAME] [--timezone ZONE] [--skip] CONFIG > jobs.json

CONFIG is what `rq cron` takes: a file or a dotted module. rq itself reads it, so run this where `rq cron` runs, with
the same packages; no Redis is needed. Where DJANGO_SETTINGS_MODULE is set, Django is set up first. Tried with rq 3.0.0 and
2.8.0, and Django 5.2.

The id of a definition is the job's name, that is the function's unless one was given; of several jobs with one name the
second gets `:2`, and so on. Exit status: 0, 1 when a job cannot be a definition (it is named, and nothing is written
unless --skip leaves it out), 2 for wrong usage.
"""

import argparse
import contextlib
import logging
import sys

from redis import Redis
from rq.cron import CronScheduler
from rq.utils import parse_timeout

from declarations import Unconvertible, call_fields, option_fields, set_up_django, whole_seconds, write

PROGRAM = "from-rq-cron"


class Complaints(logging.Handler):
    """Keeps what rq only logs: a job that it could not register and leaves out."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


def jobs_of(config):
    """The jobs that rq reads from a configuration, and what it complained of."""
    complaints = Complaints()
    # Standard output is for the file, and rq logs there.
    with contextlib.redirect_stdout(sys.stderr):
        logging.getLogger("rq.cron").addHandler(complaints)
        scheduler = CronScheduler(connection=Redis(), logging_level="WARNING")
        scheduler.load_config_from_file(config)
    return scheduler.get_jobs(), complaints.texts


def definition(job, options):
    """The definition of a job, without its id."""
    if job.job_options.get("webhooks"):
        raise Unconvertible("it has webhooks, which a definition has not")
    fields = {"queue": job.queue_name}
    if job.cron:
        fields["cron"] = job.cron
        if options.timezone:
            fields["timezone"] = options.timezone
    else:
        fields["interval"] = whole_seconds(job.interval)
    fields.update(call_fields(job.func_name, job.args, job.kwargs))
    names = ("result_ttl", "ttl", "failure_ttl", "meta")
    timeout = parse_timeout(job.job_options.get("job_timeout"))
    fields.update(option_fields(timeout, *(job.job_options.get(name) for name in names)))
    return fields


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", metavar="CONFIG", help="a file or a dotted module, as for `rq cron`")
    parser.add_argument("-p", "--path", default=".", help="where modules are looked for; default: here")
    parser.add_argument("--prefix", default="", metavar="TEXT", help="what each id begins with; default: nothing")
    parser.add_argument("--source", default="rq-cron", metavar="NAME", help="the source of the file; default: rq-cron")
    parser.add_argument("--timezone", metavar="ZONE", help="the zone of all expressions; default: the scheduler's")
    parser.add_argument("--skip", action="store_true", help="leave out what cannot be a definition")
    options = parser.parse_args()
    sys.path.insert(0, options.path)
    set_up_django(PROGRAM)

    try:
        jobs, complaints = jobs_of(options.config)
    except Exception as error:  # whatever the configuration raises
        print(f"{PROGRAM}: {options.config}: {error}", file=sys.stderr)
        return 1
    definitions, problems, seen = [], [(options.config, text) for text in complaints], {}
    for job in jobs:
        name = options.prefix + getattr(job, "name", job.func_name)
        seen[name] = seen.get(name, 0) + 1
        id = name if seen[name] == 1 else f"{name}:{seen[name]}"
        try:
            definitions.append({"id": id, **definition(job, options)})
        except Unconvertible as problem:
            problems.append((id, problem))
    return write(options.source, definitions, problems, options.skip, PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
