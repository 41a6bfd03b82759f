"""A configuration for RQ's `rq cron` in which only one job can be a definition, for the tests of scripts/migrate."""

from datetime import date

from rq.cron import register
from rq.webhook import Webhook

from app import tasks

register(tasks.rebuild, queue_name="q", args=(("a", "b"),), interval=60)
register(tasks.rebuild, queue_name="q", kwargs={"since": date(2026, 6, 3)}, interval=60)
register(tasks.rebuild, queue_name="q", args=([{1: 2}],), interval=60)
register(tasks.rebuild, queue_name="q", args=(b"raw",), interval=60)
register(tasks.rebuild, queue_name="q", interval=0.5)
register(tasks.rebuild, queue_name="q", interval=60, meta={"tags": {"a"}})
register(tasks.rebuild, queue_name="q", interval=60, webhooks=[Webhook("https://example.com/done", "finished")])
register(tasks.nap, queue_name="q", args=(0,), interval=60)
# rq logs this one, and goes on without it.
register(tasks.nap, queue_name="q", interval=60, cron="* * * * *")
