"""Functions that a real RQ worker runs in the tests.

Each leaves behind what the test wants to know in the Redis list `calls`, one JSON object per call. `repr` tells values
apart that compare equal (1, 1.0 and True) and shows those that do not equal themselves (NaN).
"""

import json
import time

from rq import get_current_job


def rebuild(*args, **kwargs):
    """Records the very arguments that it was called with."""
    job = get_current_job()
    call = {"job": job.id, "args": repr(args), "kwargs": repr(kwargs), "meta": repr(job.meta), "at": time.time()}
    job.connection.rpush("calls", json.dumps(call))


def nap(seconds):
    """Takes its time, and says that it does."""
    get_current_job().connection.set("napping", 1)
    time.sleep(seconds)


def spell(seconds):
    """Records when it began and when it ended, in a list that is named as its queue."""
    job = get_current_job()
    job.connection.rpush(f"spells:{job.origin}", f"begin {job.id} {time.time()}")
    time.sleep(seconds)
    job.connection.rpush(f"spells:{job.origin}", f"end {job.id} {time.time()}")


def fail(message="on purpose"):
    """Fails with a message."""
    raise RuntimeError(message)


def fail_times(times):
    """Fails as often as it is told, and then succeeds."""
    job = get_current_job()
    if job.connection.incr(f"tries:{job.id}") <= times:
        raise RuntimeError("on purpose")


def succeeded(job, connection, result):
    """Records that it was called after a success."""
    connection.rpush("callbacks", f"success {job.id}")


def failed(job, connection, kind, value, traceback):
    """Records that it was called after a failed try."""
    connection.rpush("callbacks", f"failure {job.id} {kind.__name__}")


def stopped(job, connection):
    """Records that it was called because the job was stopped."""
    connection.rpush("callbacks", f"stopped {job.id}")
