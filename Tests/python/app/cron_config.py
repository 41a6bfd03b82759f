"""A configuration for RQ's own `rq cron`, the neighbour on the same keys."""

from rq.cron import register

from app import tasks

register(tasks.rebuild, queue_name="neighbour", args=("by rq cron",), interval=1)
register(tasks.nap, queue_name="neighbour-idle", args=(0,), cron="0 0 1 1 *")
