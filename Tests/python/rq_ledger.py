#!/usr/bin/env python3
"""Jobs that write down what becomes of them, and workers of whichever RQ is installed (2.8 to 3.0) that run them.

    rq_ledger.py URL work NAME     starts a Worker on the queue `fork` and two SimpleWorkers on `simple`
    rq_ledger.py URL meddle COUNT  stops, kills, cancels, deletes and requeues jobs that are made for it, until so many jobs are
                                   done; then prints `done`

Each ends with SIGTERM. `states:ledger` has the outcome of each job, `states:attempts` how many times it was started, and
`states:done` the ids of those that will not go on.
"""

import os
import signal
import sys
import threading
import time

from rq import Retry, get_current_job
from rq.command import send_stop_job_command
from rq.job import Job

from rq_states import Stage

# --- What the jobs run -----------------------------------------------------------------------------------------


def begin():
    """Counts an attempt: the job's connection and id, and how many there were."""
    job = get_current_job()
    return job.connection, job.id, job.connection.hincrby("states:attempts", job.id, 1)


def enter(redis, job, outcome, done=True):
    """Writes down what becomes of a job."""
    redis.hset("states:ledger", job, outcome)
    if done:
        redis.sadd("states:done", job)


def succeed(seconds=0):
    """Takes some time."""
    redis, job, _ = begin()
    time.sleep(seconds)
    enter(redis, job, "finished")


def fail_until(number, most):
    """Fails at all attempts before that one, of which there are no more than that."""
    redis, job, attempt = begin()
    if attempt < number:
        enter(redis, job, "failed", done=attempt == most)
        raise RuntimeError(f"attempt {attempt} of {job}")
    enter(redis, job, "finished")


def return_retry():
    """Returns a Retry once."""
    redis, job, attempt = begin()
    if attempt == 1:
        return Retry(max=1)
    return enter(redis, job, "finished")


def be_requeued():
    """Fails once, and asks to be requeued."""
    redis, job, attempt = begin()
    if attempt == 1:
        enter(redis, job, "failed", done=False)
        redis.rpush("states:held", f"requeue {job} 0")
        raise RuntimeError(f"attempt {attempt} of {job}")
    return enter(redis, job, "finished")


def hold(what):
    """Asks for something to be done to it, and succeeds if it is let go."""
    redis, job, _ = begin()
    redis.rpush("states:held", f"{what} {job} {os.getpid()}")
    while not redis.blpop(f"states:go:{job}", 1):
        pass
    enter(redis, job, "finished")


def wait(what):
    """Waits in a queue that nobody reads for something to be done to it."""
    raise RuntimeError(f"{what} was run")


# --- Who does it -----------------------------------------------------------------------------------------------


class Meddler:
    """Does to jobs what they ask for."""

    def __init__(self, url):
        self.stage = Stage(url)
        self.redis = self.stage.redis

    def run(self, count):
        """Goes on until that many jobs are done."""
        threading.Thread(target=self.empty_idle, daemon=True).start()
        while self.redis.scard("states:done") < count:
            held = self.redis.blpop("states:held", 1)
            if held:
                what, job, pid = held[1].decode().split()
                getattr(self, what)(Job.fetch(job, connection=self.redis), int(pid))

    def empty_idle(self):
        """Looks after the jobs of the queue that nobody reads."""
        known = set()
        while True:
            for job in self.redis.lrange("rq:queue:idle", 0, -1):
                job = job.decode()
                if job not in known:
                    known.add(job)
                    threading.Thread(target=self.take_out, args=(job,)).start()
            time.sleep(0.05)

    def take_out(self, job):
        """Lets a job end without being run."""
        description = self.redis.hget(f"rq:job:{job}", "description") or b""
        if b"cancel" in description:
            enter(self.redis, job, "canceled")
            Job.fetch(job, connection=self.redis).cancel()
        elif b"delete" in description:
            enter(self.redis, job, "deleted")
            Job.fetch(job, connection=self.redis).delete()
        else:
            self.stage.until(lambda: not self.redis.exists(f"rq:job:{job}"), "expiry")
            enter(self.redis, job, "expired")

    def stop(self, job, _):
        """Has a worker stop it."""
        enter(self.redis, job.id, "stopped")
        send_stop_job_command(self.redis, job.id)

    def kill(self, job, horse):
        """Kills its horse."""
        enter(self.redis, job.id, "failed")
        os.kill(horse, signal.SIGKILL)

    def delete(self, job, _):
        """Deletes it, and lets it go."""
        job.delete()
        self.redis.rpush(f"states:go:{job.id}", "")

    def cancel(self, job, _):
        """Cancels it, and lets it go."""
        job.cancel()
        self.redis.rpush(f"states:go:{job.id}", "")

    def requeue(self, job, _):
        """Queues it again when it has failed."""
        self.stage.until_status(job, "failed")
        Job.fetch(job.id, connection=self.redis).requeue()


# --- Entry -----------------------------------------------------------------------------------------------------


def work(url, name):
    """Runs workers until the end."""
    stage = Stage(url)
    try:
        stage.start(f"{name}-fork", queues=["fork"], heartbeat=1)
        for number in range(2):
            stage.start(f"{name}-simple-{number}", queues=["simple"], simple=True)
        signal.pause()
    finally:
        stage.close()


def main(arguments):
    """Does what the command line says."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if len(arguments) == 3 and arguments[1] == "work":
        work(arguments[0], arguments[2])
    elif len(arguments) == 3 and arguments[1] == "meddle":
        Meddler(arguments[0]).run(int(arguments[2]))
        print("done", flush=True)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
