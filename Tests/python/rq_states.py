#!/usr/bin/env python3
"""Brings one RQ job into a situation, with the real workers of whichever RQ is installed (2.8 to 3.0).

    rq_states.py URL SITUATION   prints `JOB_ID ready`, and keeps the situation until SIGTERM
    rq_states.py --list          prints the situations and what they are

The job goes through the queue `q` of an empty database. `states:*` are keys of this script. docs/rq-jobs.md describes
the situations. Where RQ waits for longer than seconds, scores in Redis are edited instead.

Workers end with this process, however it ends, and the jobs that they run end with them or with Redis.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry, get_current_job
from rq.command import send_stop_job_command
from rq.job import Job
from rq.registry import clean_registries
from rq.worker import SimpleWorker, Worker

PATIENCE = 30  # seconds for any single step on a slow machine

# --- What the jobs run -----------------------------------------------------------------------------------------


def hold():
    """Runs until `states:end` has an element."""
    redis = get_current_job().connection
    redis.rpush("states:running", os.getpid())
    while not redis.blpop("states:end", 1):
        pass


def succeed():
    """Returns at once."""


def fail():
    """Fails at once."""
    raise RuntimeError("on purpose")


# --- Workers ---------------------------------------------------------------------------------------------------


class Pausing:
    """A worker that can wait before or after it prepares an execution, until `states:go` has an element."""

    pause = None

    def prepare_execution(self, job):
        self.wait_at("popped")
        execution = super().prepare_execution(job)
        self.wait_at("prepared")
        return execution

    def wait_at(self, point):
        if self.pause == point:
            self.connection.rpush(f"states:{point}", os.getpid())
            while not self.connection.blpop("states:go", 1):
                pass


class PausingWorker(Pausing, Worker):
    """Runs each job in a work horse."""


class PausingSimpleWorker(Pausing, SimpleWorker):
    """Runs each job itself."""


def run_worker(url, name, queues, simple, pause, heartbeat, burst, scheduler):
    """Runs a worker until it is ended, its standard input is closed, or Redis is gone."""

    def end_with_parent():
        sys.stdin.buffer.raw.read()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=end_with_parent, daemon=True).start()
    kind = PausingSimpleWorker if simple else PausingWorker
    worker = kind(queues, connection=Redis.from_url(url), name=name, job_monitoring_interval=heartbeat)
    worker.pause = pause
    worker.work(burst=burst, with_scheduler=scheduler)


# --- The stage -------------------------------------------------------------------------------------------------


class Stage:
    """Redis, the queue, and the workers that a situation needs."""

    def __init__(self, url):
        # Without a time-out of its own: redis-py's is 5 s, less than we may wait for a worker to start.
        self.url, self.redis, self.workers = url, Redis.from_url(url, socket_timeout=None), {}
        self.queue = Queue("q", connection=self.redis)

    def enqueue(self, function="hold", **options):
        """Enqueues a job as an application does."""
        return self.queue.enqueue(f"rq_states.{function}", **options)

    def start(self, name="worker", **settings):
        """Starts a worker."""
        defaults = {
            "queues": ["q"], "simple": False, "pause": None, "heartbeat": 30, "burst": False, "scheduler": False,
        }  # fmt: skip
        settings = defaults | settings | {"name": name}
        # A session of its own: a worker may kill its whole process group.
        self.workers[name] = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), self.url, "worker", json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        return self.workers[name]

    def burst(self):
        """Lets a worker clean up and run what is queued."""
        if self.start("burst", burst=True).wait(PATIENCE):
            raise SystemExit("a worker failed")

    def worked(self, function, **options):
        """A job that a worker has run."""
        job = self.enqueue(function, **options)
        self.burst()
        return job

    def running(self, retry=None, timeout=None, **settings):
        """A job that holds, and the id of the process that runs it."""
        job = self.enqueue(retry=retry, job_timeout=timeout)
        self.start(**settings)
        return job, self.at("running")

    def paused(self, point, **settings):
        """A job whose worker waits at a point."""
        job = self.enqueue()
        self.start(pause=point, **settings)
        self.at(point)
        return job

    def at(self, point):
        """Waits until a job or worker is there, and returns its process id."""
        reached = self.redis.blpop(f"states:{point}", PATIENCE)
        if reached is None:
            raise SystemExit(f"nobody was {point}")
        return int(reached[1])

    def until(self, condition, what):
        """Waits for a condition."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"waited in vain for {what}")
            time.sleep(0.02)

    def until_status(self, job, status):
        """Waits for a status, and returns the job."""
        self.until(lambda: self.redis.hget(job.key, "status") == status.encode(), status)
        return job

    def kill_worker(self):
        """Kills the worker alone; its horse is in a process group of its own."""
        self.workers["worker"].kill()
        self.workers["worker"].wait(PATIENCE)

    def kill_both(self, horse):
        """Kills worker and horse. RQ has no hand in it."""
        self.kill_worker()
        os.kill(horse, signal.SIGKILL)

    def lapse(self, job, late=False):
        """Lets RQ find the execution abandoned now, as it does after 90 s without a heartbeat; late: after 150 s."""
        for member, _ in self.redis.zscan_iter("rq:wip:q", f"{job.id}*"):
            self.redis.zadd("rq:wip:q", {member: time.time() - 65})
        if late:
            self.redis.delete(f"rq:executions:{job.id}", *self.redis.keys(f"rq:execution:{job.id}:*"))

    def close(self):
        """Ends the workers, and lets jobs that hold in a horse end by themselves."""
        for worker in self.workers.values():
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait(PATIENCE)
        try:
            self.redis.rpush("states:end", "", "")  # no situation has more than two
        except RedisError:
            pass  # they end without it


# --- Situations ------------------------------------------------------------------------------------------------

SITUATIONS = {}


def situation(function):
    """Makes a situation reachable by its name."""
    SITUATIONS[function.__name__] = function
    return function


def fetched(job):
    """The job as another process has it."""
    return Job.fetch(job.id, connection=job.connection)


@situation
def queued(stage):
    """In its list, no worker."""
    return stage.enqueue()


@situation
def expired(stage):
    """In its list; its ttl has run out."""
    job = stage.enqueue(ttl=1)
    stage.until(lambda: not stage.redis.exists(job.key), "expiry")
    return job


@situation
def list_deleted(stage):
    """The list was deleted, the hash was not."""
    job = stage.enqueue()
    stage.redis.delete(stage.queue.key)
    return job


@situation
def moved(stage):
    """Put into another queue by hand."""
    job = stage.enqueue()
    stage.redis.delete(stage.queue.key)
    return Queue("other", connection=stage.redis).enqueue_job(job)


@situation
def canceled(stage):
    """Canceled in its list."""
    job = stage.enqueue()
    job.cancel()
    return job


@situation
def deleted(stage):
    """Deleted in its list."""
    job = stage.enqueue()
    job.delete()
    return job


@situation
def deferred(stage):
    """Waits for another job."""
    return stage.enqueue(depends_on=stage.enqueue())


@situation
def scheduled_late(stage):
    """Due an hour ago, and no worker runs RQ's scheduler."""
    return stage.queue.enqueue_at(datetime.now(timezone.utc) - timedelta(hours=1), "rq_states.hold")


@situation
def scheduled_missing(stage):
    """Scheduled by its status, and not in the registry."""
    job = stage.queue.enqueue_in(timedelta(hours=1), "rq_states.hold")
    stage.redis.zrem("rq:scheduled:q", job.id)
    return job


@situation
def popped(stage):
    """A worker on one queue has popped it and done nothing else."""
    return stage.paused("popped")


@situation
def popped_several(stage):
    """A worker on several queues has popped it and done nothing else."""
    return stage.paused("popped", queues=("q", "other"))


@situation
def popped_canceled(stage):
    """Canceled after a worker on one queue popped it and before its execution was prepared."""
    job = popped(stage)
    job.cancel()
    return job


@situation
def prepared(stage):
    """The execution is prepared, the horse is not forked yet."""
    return stage.paused("prepared")


@situation
def running(stage):
    """At work in a horse."""
    return stage.running()[0]


@situation
def running_simple_endless(stage):
    """At work in a SimpleWorker, without a time-out."""
    return stage.running(timeout=-1, simple=True)[0]


@situation
def running_canceled(stage):
    """Canceled while it runs."""
    job = running(stage)
    fetched(job).cancel()
    return job


@situation
def running_deleted(stage):
    """Deleted while it runs."""
    job = running(stage)
    fetched(job).delete()
    return job


@situation
def running_evicted(stage):
    """At work; its hash is gone, its execution is not."""
    job = running(stage)
    stage.redis.delete(job.key)
    return job


@situation
def worker_killed(stage):
    """Worker and horse were killed while it ran."""
    job, horse = stage.running()
    stage.kill_both(horse)
    return job


@situation
def worker_killed_alone(stage):
    """The worker was killed; its horse runs on."""
    job = running(stage)
    stage.kill_worker()
    return job


@situation
def worker_killed_alone_cleaned(stage):
    """As worker_killed_alone; then another worker declared the job abandoned."""
    job = worker_killed_alone(stage)
    stage.lapse(job)
    stage.burst()
    return job


@situation
def two_executions(stage):
    """Two horses run it: the first worker was killed alone, and RQ started the job again on another."""
    job, _ = stage.running(Retry(1))
    stage.kill_worker()
    stage.lapse(job)
    stage.start("second")
    stage.at("running")
    return job


@situation
def stopped(stage):
    """Stopped by a command."""
    job = running(stage)
    send_stop_job_command(stage.redis, job.id)
    return stage.until_status(job, "stopped")


@situation
def finished(stage):
    """Succeeded, no result_ttl given."""
    return stage.worked("succeed")


@situation
def finished_late_heartbeat(stage):
    """Succeeded; then came one more heartbeat of its worker, which had been asleep."""
    job = stage.running(heartbeat=1)[0]
    stage.workers["worker"].send_signal(signal.SIGSTOP)
    stage.redis.rpush("states:end", "")
    stage.until_status(job, "finished")
    seen = stage.redis.hget(job.key, "last_heartbeat")
    time.sleep(1.2)  # the heartbeat is overdue when it wakes
    stage.workers["worker"].send_signal(signal.SIGCONT)
    stage.until(lambda: stage.redis.hget(job.key, "last_heartbeat") != seen, "a heartbeat")
    return job


@situation
def failed(stage):
    """Failed, no failure_ttl given."""
    return stage.worked("fail")


@situation
def requeued(stage):
    """Failed, and queued again by hand."""
    job = failed(stage)
    fetched(job).requeue()
    return job


@situation
def retry_scheduled(stage):
    """Failed once, with a retry after 60 s left, and no worker runs RQ's scheduler."""
    return stage.worked("fail", retry=Retry(1, 60))


def abandoned(stage, retry=None, late=False):
    """A job whose worker and horse were killed, after somebody found it abandoned."""
    job, horse = stage.running(retry)
    stage.kill_both(horse)
    stage.lapse(job, late)
    clean_registries(stage.queue)
    return job


@situation
def abandoned_failed(stage):
    """Worker and horse were killed, and it was found abandoned."""
    return abandoned(stage)


@situation
def abandoned_retried(stage):
    """As abandoned_failed, with a retry left."""
    return abandoned(stage, Retry(1))


@situation
def abandoned_late_retry_scheduled(stage):
    """As abandoned_retried, with a retry after 60 s, and found when the execution had expired too, after 150 s."""
    return abandoned(stage, Retry(1, 60), late=True)


# --- Entry -----------------------------------------------------------------------------------------------------


def main(arguments):
    """Does what the command line says."""
    if arguments == ["--list"]:
        for name, function in SITUATIONS.items():
            print(f"{name:32}{function.__doc__}")
    elif len(arguments) == 3 and arguments[1] == "worker":
        run_worker(arguments[0], **json.loads(arguments[2]))
    elif len(arguments) == 2 and arguments[1] in SITUATIONS:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        stage = Stage(arguments[0])
        try:
            print(SITUATIONS[arguments[1]](stage).id, "ready", flush=True)
            signal.pause()
        finally:
            stage.close()
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
