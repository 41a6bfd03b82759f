#!/usr/bin/env python3
"""Measures a Python system for the benchmark: python_systems.py SYSTEM SOCKET JOBS

Registers so many definitions that are due (or prepares so many jobs), takes the time of queueing them, checks that every
queue has its jobs and every job its hash, and prints one JSON object.
"""

import json
import logging
import resource
import sys
import time

import app.tasks
import redis
from rq import Queue

QUEUES = 8
TIMEOUTS = [None, 60, 600]


def definition(index):
    """What Workload.swift gives the other systems, but for the schedule."""
    name = f"metric:pm25-{index:07}"
    options = {"job_timeout": TIMEOUTS[index // QUEUES % len(TIMEOUTS)], "result_ttl": 500}
    if index % 16 == 5:
        options.update(ttl=86_400, failure_ttl=86_400, meta={"team": "air"})
    args = (name, index, 0.25)
    kwargs = {"deep": True, "station": f"DEBE{100 + index % 900}"}
    return name, f"bench-{index % QUEUES}", args, kwargs, options


def rq_rediscron(connection, jobs):
    from rediscron import RedisCronScheduler

    scheduler = RedisCronScheduler(connection=connection, logging_level="ERROR")
    for index in range(jobs):
        name, queue, args, kwargs, options = definition(index)
        scheduler.register(app.tasks.rebuild, queue, id=name, args=args, kwargs=kwargs, interval=3600, **options)
    scheduler.register_birth()
    return lambda: len(scheduler.enqueue_jobs())


def rq_cron(connection, jobs):
    from rq.cron import CronScheduler

    scheduler = CronScheduler(connection=connection, logging_level="ERROR")
    for index in range(jobs):
        name, queue, args, kwargs, options = definition(index)
        scheduler.register(app.tasks.rebuild, queue, args=args, kwargs=kwargs, interval=3600, name=name, **options)
    return lambda: len(scheduler.enqueue_jobs())


def enqueue_many(connection, jobs):
    prepared = {}
    for index in range(jobs):
        _, queue, args, kwargs, options = definition(index)
        options["timeout"] = options.pop("job_timeout")
        data = Queue.prepare_data(app.tasks.rebuild, args=args, kwargs=kwargs, **options)
        prepared.setdefault(queue, []).append(data)
    queues = [(Queue(name, connection=connection), data) for name, data in prepared.items()]
    return lambda: sum(len(queue.enqueue_many(data)) for queue, data in queues)


def redis_seconds(connection):
    info = connection.info("cpu")
    return info["used_cpu_user"] + info["used_cpu_sys"]


def own_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def check(connection, jobs):
    ids = [id for queue in range(QUEUES) for id in connection.lrange(f"rq:queue:bench-{queue}", 0, -1)]
    assert len(ids) == len(set(ids)) == jobs, f"{len(ids)} jobs queued, not {jobs}"
    pipeline = connection.pipeline(transaction=False)
    for id in ids:
        pipeline.hget(b"rq:job:" + id, "status")
    assert set(pipeline.execute()) == {b"queued"}, "a job has no hash"


def main():
    system, socket, jobs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    logging.disable(logging.WARNING)
    connection = redis.Redis(unix_socket_path=socket)
    connection.flushall()
    systems = {"rq-rediscron": rq_rediscron, "rq-cron": rq_cron, "enqueue-many": enqueue_many}
    enqueue = systems[system](connection, jobs)
    redis_before, own_before, start = redis_seconds(connection), own_seconds(), time.perf_counter()
    queued = enqueue()
    seconds = time.perf_counter() - start
    own, server = own_seconds() - own_before, redis_seconds(connection) - redis_before
    assert queued == jobs, f"{queued} of {jobs} jobs were queued"
    check(connection, jobs)
    json.dump({"jobs": jobs, "seconds": seconds, "ownSeconds": own, "redisSeconds": server}, sys.stdout)


main()
