"""A configuration for RQ's `rq cron` with everything that a definition can be, for the tests of scripts/migrate."""

from rq.cron import register

from app import tasks

register(tasks.rebuild, queue_name="q", interval=60)
register(tasks.rebuild, queue_name="q", args=("pm25", 1, 1.0, None, [True, {"a": "é"}]), kwargs={"deep": True}, interval=3600)
register(tasks.rebuild, queue_name="ünï q", kwargs={"meta": 1, "job_id": "j", "\U0001f511": 10**100}, interval=86400)
register(tasks.nap, queue_name="q", args=(0.5,), cron="*/5 8-18 * * mon-fri")
register(
    tasks.nap, queue_name="q", args=(0,), cron="0 0 1 1 *", job_timeout=77, result_ttl=86400, ttl=3000, failure_ttl=99,
    meta={"z": 1.0, "a": ["é"]},
)  # fmt: skip
register(tasks.fail, queue_name="q", interval=60, job_timeout="3m", result_ttl=-1)
