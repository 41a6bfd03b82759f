#!/usr/bin/env python3
"""Ends the rq-rediscron scheduler that leads, between two of its rounds, so that another scheduler can take over.

    end-rediscron.py [-u URL] [--timeout SECONDS]

A signal may stop that scheduler after it has queued a job and before it has moved the schedule; whoever leads next
queues that job again. This script takes the scheduler's lock away instead, which makes it end by itself when its
round is over, waits until it is gone, and gives the lock free. A `rqrcron run --standby` that waits for the lock
leads within a second then.

Needs redis-py only. Exit status: 0 when the scheduler has ended or none led, 1 when it was still at work after the
time-out (it keeps its lock then and works on), 2 for wrong usage.
"""

import argparse
import json
import os
import sys
import time
import uuid

from redis import Redis
from redis.exceptions import RedisError

LOCK = "rq:cron_jobs:lock"
EVENTS = "rq:cron_jobs:events"
# rq-rediscron's own keys always begin with rq; RQ's registry of schedulers follows RQ_KEY_PREFIX.
REGISTRY = os.environ.get("RQ_KEY_PREFIX", "rq") + ":cron_schedulers"

# KEYS[1] becomes ARGV[2] for ARGV[3] ms if it is ARGV[1] still.
SWAP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
DELETE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def say(text):
    print(f"end-rediscron: {text}", file=sys.stderr)


def end(redis, timeout):
    """Ends the scheduler that leads; returns the exit status."""
    token = redis.get(LOCK)
    if token is None:
        say("no scheduler leads; there is nothing to end")
        return 0
    # {hostname}:{pid}:{6 hex}:{32 hex}: all but the last part is the scheduler's name.
    name = token.rpartition(b":")[0]
    shown = name.decode(errors="replace")
    expires_at = time.monotonic() + max(0, redis.pttl(LOCK)) / 1000
    ours = f"end-rediscron:{uuid.uuid4().hex}".encode()
    if not redis.eval(SWAP, 1, LOCK, token, ours, 60_000):
        say("the lock changed hands meanwhile; try again")
        return 1
    say(f"waiting for {shown} to end its round")
    give_up_at = time.monotonic() + timeout
    try:
        while redis.zscore(REGISTRY, name) is not None:
            if time.monotonic() >= give_up_at:
                give_back(redis, ours, token, expires_at)
                say(f"{shown} is still registered after {timeout:g} s; it keeps its lock. If it is dead, its lock expires by itself")
                return 1
            # Its sleep ends with any message; the lock stays ours meanwhile.
            redis.publish(EVENTS, json.dumps({"event": "updated", "job_id": ""}))
            redis.pexpire(LOCK, 60_000)
            time.sleep(0.1)
    except BaseException:
        give_back(redis, ours, token, expires_at)
        raise
    redis.eval(DELETE, 1, LOCK, ours)
    say(f"{shown} has ended; the lock is free")
    return 0


def give_back(redis, ours, token, expires_at):
    """Returns the lock to the scheduler that had it, for what was left of its time."""
    left = int((expires_at - time.monotonic()) * 1000)
    if left > 0:
        redis.eval(SWAP, 1, LOCK, ours, token, left)
    else:
        redis.eval(DELETE, 1, LOCK, ours)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RQ_REDIS_URL", "redis://localhost:6379/0")
    parser.add_argument("-u", "--url", default=default, help="the Redis, else RQ_REDIS_URL, else localhost")
    parser.add_argument("--timeout", type=float, default=150, metavar="SECONDS", help="how long to wait; default 150")
    options = parser.parse_args()
    try:
        return end(Redis.from_url(options.url), options.timeout)
    except RedisError as error:
        say(error)
        return 1
    except KeyboardInterrupt:
        return 1


if __name__ == "__main__":
    sys.exit(main())
