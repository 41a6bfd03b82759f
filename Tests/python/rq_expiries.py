#!/usr/bin/env python3
"""Tells how long Redis keeps a job after each step of its life, with the real workers of whichever RQ is installed (2.8 to 3.0).

    rq_expiries.py URL      prints a line of JSON for each step: its name, and the seconds until the hash expires; -1 for never

Time is not waited for: where it matters that the expiry is set anew, it is set to 500 s before the step.
"""

import json
import sys
import time

from redis import Redis
from rq import Queue, Retry, Worker
from rq.job import Job
from rq.scheduler import RQScheduler

TTL, FAILURE_TTL = 1000, 60


def main(url):
    redis = Redis.from_url(url, socket_timeout=None)
    queue = Queue("q", connection=redis)

    def tell(step, job):
        print(json.dumps({"step": step, "ttl": redis.ttl(job.key)}))

    def attempt():
        Worker([queue], connection=redis).work(burst=True, max_jobs=1, logging_level="CRITICAL")

    def job(**options):
        return queue.enqueue("math.sqrt", -1, failure_ttl=FAILURE_TTL, **options)

    def requeued(job):
        Job.fetch(job.id, connection=redis).requeue()

    job_with_ttl = job(ttl=TTL)
    tell("queued", job_with_ttl)
    attempt()
    tell("failed", job_with_ttl)
    requeued(job_with_ttl)
    tell("requeued", job_with_ttl)
    attempt()
    queue.failed_job_registry.requeue(job_with_ttl.id)
    tell("requeued by the registry", job_with_ttl)
    attempt()

    job_without_ttl = job()
    tell("queued without a ttl", job_without_ttl)
    attempt()
    requeued(job_without_ttl)
    tell("requeued without a ttl", job_without_ttl)
    attempt()

    retried = job(ttl=TTL, retry=Retry(max=1))
    redis.expire(retried.key, 500)
    attempt()
    tell("retried at once", retried)
    attempt()

    later = job(ttl=TTL, retry=Retry(max=1, interval=60))
    redis.expire(later.key, 500)
    attempt()
    tell("retry scheduled", later)
    redis.expire(later.key, 500)
    redis.zadd("rq:scheduled:q", {later.id: time.time() - 1})
    scheduler = RQScheduler([queue], connection=redis)
    scheduler.acquire_locks()
    scheduler.enqueue_scheduled_jobs()
    scheduler.release_locks()
    tell("retry brought back", later)


if __name__ == "__main__":
    main(sys.argv[1])
