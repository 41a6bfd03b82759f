"""Fills rq-scheduler's list with jobs of every kind, for the tests of scripts/migrate.

Usage: rq_scheduler_jobs.py URL
"""

import sys
import warnings
from datetime import datetime, timedelta

from redis import Redis
from rq.job import Callback
from rq_scheduler import Scheduler

from app import tasks

# rq-scheduler uses what Python has since deprecated.
warnings.simplefilter("ignore")
scheduler = Scheduler("q", connection=Redis.from_url(sys.argv[1]))
soon = datetime.utcnow() + timedelta(hours=1)

# What can be a definition.
scheduler.schedule(soon, tasks.rebuild, interval=60, id="plain")
scheduler.schedule(
    soon, tasks.rebuild, args=("pm25", 1, 1.0, None), kwargs={"job_id": "j", "meta": {"é": [True]}}, interval=3600,
    id="full", queue_name="ünï q", timeout=77, result_ttl=86400, ttl=3000, meta={"z": 1.0, "a": ["é"]},
)  # fmt: skip
# Half a year off: its next time does not pass while the test runs.
month = (soon.month + 5) % 12 + 1
scheduler.cron(f"*/5 8-18 * {month} mon-fri", tasks.nap, args=(0,), id="cron", queue_name="other")
scheduler.cron("0 0 1 1 * 2070", tasks.nap, id="cron-with-a-year", use_local_timezone=True)
scheduler.cron("30 0 12 L * * *", tasks.nap, id="cron-with-seconds")

# What cannot.
scheduler.enqueue_at(soon, tasks.nap, 1, job_id="once")
scheduler.schedule(soon, tasks.nap, interval=60, repeat=3, id="a-few-times")
scheduler.schedule(soon, tasks.nap, args=((1, 2),), interval=60, id="tuple")
scheduler.schedule(soon, tasks.nap, interval=60, id="callback", on_failure=Callback(print))
scheduler.cron("0 12 1 * mon", tasks.nap, id="both-days")
scheduler.schedule(soon, tasks.nap, interval=60, id="gone").delete(remove_from_queue=False)
