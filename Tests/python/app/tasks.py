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
    """Takes its time."""
    time.sleep(seconds)


def fail(message="on purpose"):
    """Fails with a message."""
    raise RuntimeError(message)
