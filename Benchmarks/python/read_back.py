#!/usr/bin/env python3
"""Reads jobs back as a worker does: read_back.py SOCKET, ids on standard input, a JSON array of what RQ made of them."""

import json
import sys

import redis
from rq.job import Job

connection = redis.Redis(unix_socket_path=sys.argv[1])
jobs = []
for line in sys.stdin:
    job = Job.fetch(line.strip(), connection=connection)
    jobs.append({
        "function": job.func_name, "name": job.args[0], "index": job.args[1], "fraction": job.args[2],
        "deep": job.kwargs["deep"], "station": job.kwargs["station"], "queue": job.origin, "timeout": job.timeout,
        "resultTTL": job.result_ttl, "ttl": job.ttl, "failureTTL": job.failure_ttl, "meta": job.meta,
        "status": job.get_status(), "description": job.description,
    })
json.dump(jobs, sys.stdout)
