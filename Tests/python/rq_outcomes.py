#!/usr/bin/env python3
"""Lets RQ jobs end in every way, with the real workers of whichever RQ is installed (2.8 to 3.0).

    rq_outcomes.py URL      queues a job of each kind, prints a line of JSON for each, then `queued`; waits until
                            `states:watched` has an element, lets workers run the jobs, and prints `done`
    rq_outcomes.py --list   prints the kinds and what they are

A test pushes to `states:seen:{id}` what it learns of a job. A line has the name of the kind, the job's id and the options that decide how RQ treats it. docs/rq-jobs.md says what
becomes of each kind. A Worker runs the queue `q`, a SimpleWorker `simple`; nobody runs `idle`. RQ's scheduler runs too.
"""

import json
import os
import signal
import sys
import time

from rq import Queue, Retry, get_current_job
from rq.command import send_stop_job_command

from rq_states import PATIENCE, Stage, fetched

# --- What the jobs run -----------------------------------------------------------------------------------------


def attempt():
    """How many times this job was started, this time included."""
    job = get_current_job()
    return job.connection.incr(f"states:attempts:{job.id}")


def hold():
    """Runs until it is told to end."""
    job = get_current_job()
    job.connection.rpush(f"states:running:{job.id}", os.getpid())
    while not job.connection.blpop(f"states:end:{job.id}", 1):
        pass


def sleep(seconds):
    """Takes some time."""
    time.sleep(seconds)


def fail(message="on purpose"):
    """Fails at once."""
    raise RuntimeError(message)


def fail_at_length(size):
    """Fails with a long text."""
    raise RuntimeError("x" * size)


def fail_with_surrogate():
    """Fails with a text that has no UTF-8."""
    raise RuntimeError("caf\udce9")


def fail_silently():
    """Fails without a text."""
    raise ValueError


def fail_until(number):
    """Succeeds at that attempt."""
    if attempt() < number:
        raise RuntimeError(f"attempt before {number}")


def return_retry(most, number):
    """Returns a Retry before that attempt."""
    return Retry(max=most) if attempt() < number else None


# --- Kinds -----------------------------------------------------------------------------------------------------

KINDS = {}


def kind(function="succeed", *arguments, queue="q", **options):
    """Makes a kind of the function behind it, which is called with the stage and the job once jobs are run."""

    def take(act):
        KINDS[act.__name__] = (function, arguments, queue, options, act)
        return act

    return take


def pid_of(stage, job):
    """Waits until a job holds, and returns the process that runs it."""
    reached = stage.redis.blpop(f"states:running:{job.id}", PATIENCE)
    if reached is None:
        raise SystemExit(f"{job.id} did not run")
    return int(reached[1])


def end(stage, job):
    """Lets a job that holds end."""
    stage.redis.rpush(f"states:end:{job.id}", "")


def seen(stage, job):
    """Waits until the test has seen that a job is over."""
    if stage.redis.blpop(f"states:seen:{job.id}", PATIENCE) is None:
        raise SystemExit(f"nobody has seen {job.id} end")


@kind()
def success(stage, job):
    """Succeeds; kept for 500 s."""


@kind(result_ttl=-1)
def success_kept(stage, job):
    """Succeeds; kept forever."""


@kind(result_ttl=1)
def success_short(stage, job):
    """Succeeds; kept for 1 s."""


@kind(result_ttl=0)
def success_forgotten(stage, job):
    """Succeeds; not kept."""


@kind("sleep", 0.5)
def success_slow(stage, job):
    """Succeeds after half a second."""


@kind("fail")
def failure(stage, job):
    """Fails; kept for a year."""


@kind("fail", failure_ttl=-1)
def failure_kept(stage, job):
    """Fails; kept forever."""


@kind("fail", failure_ttl=1)
def failure_short(stage, job):
    """Fails; kept for 1 s."""


@kind("fail", failure_ttl=0)
def failure_forgotten(stage, job):
    """Fails; not kept."""


@kind("fail_at_length", 100_000)
def failure_long(stage, job):
    """Fails with a text of 100,000 characters."""


@kind("fail_with_surrogate")
def failure_surrogate(stage, job):
    """Fails with a text that has no UTF-8."""


@kind("fail", "first line\nsecond \x1b[31mline")
def failure_lines(stage, job):
    """Fails with a text of two lines, and a control character."""


@kind("fail_silently")
def failure_silent(stage, job):
    """Fails with an exception without a text."""


@kind("hold", job_timeout=1)
def timeout(stage, job):
    """Takes longer than its time-out."""


@kind("hold")
def horse_killed(stage, job):
    """Its horse is killed."""
    os.kill(pid_of(stage, job), signal.SIGKILL)


@kind("hold")
def stopped(stage, job):
    """Stopped by a command."""
    pid_of(stage, job)
    send_stop_job_command(stage.redis, job.id)


@kind("hold", failure_ttl=0)
def stopped_forgotten(stage, job):
    """Stopped by a command; not kept."""
    stopped(stage, job)


@kind(queue="idle")
def canceled(stage, job):
    """Canceled in its queue."""
    fetched(job).cancel()


@kind("hold")
def canceled_running(stage, job):
    """Canceled while it runs, and succeeds."""
    pid_of(stage, job)
    fetched(job).cancel()
    time.sleep(0.5)
    end(stage, job)


@kind(queue="idle")
def deleted(stage, job):
    """Deleted in its queue."""
    fetched(job).delete()


@kind("hold")
def deleted_running(stage, job):
    """Deleted while it runs, and succeeds."""
    pid_of(stage, job)
    fetched(job).delete()
    seen(stage, job)
    time.sleep(1.5)  # a heartbeat
    end(stage, job)


@kind("hold")
def deleted_running_killed(stage, job):
    """Deleted while it runs; then its horse is killed."""
    horse = pid_of(stage, job)
    fetched(job).delete()
    os.kill(horse, signal.SIGKILL)


@kind(queue="idle", ttl=2)
def expired(stage, job):
    """Its ttl runs out in its queue."""
    stage.until(lambda: not stage.redis.exists(job.key), "expiry")


@kind(queue="idle", ttl=2, result_ttl=0)
def expired_forgotten(stage, job):
    """The same, and a success would not be kept."""
    stage.until(lambda: not stage.redis.exists(job.key), "expiry")


@kind("fail_until", 2)
def requeued_success(stage, job):
    """Fails, is queued again by hand, and succeeds."""
    seen(stage, job)
    fetched(job).requeue()


@kind("fail_until", 9, failure_ttl=60)
def requeued_failure(stage, job):
    """Fails, is queued again by hand, and fails again."""
    requeued_success(stage, job)


@kind("fail_until", 3, retry=Retry(2))
def retried(stage, job):
    """Fails twice, and succeeds at the second retry."""


@kind("fail_until", 9, retry=Retry(2))
def retried_in_vain(stage, job):
    """Fails at all of three attempts."""


@kind("fail_until", 2, retry=Retry(3, interval=1))
def retried_later(stage, job):
    """Fails once, and succeeds at the first retry, a second later."""


@kind("return_retry", 2, 3)
def retry_returned(stage, job):
    """Returns a Retry twice, and succeeds."""


@kind("return_retry", 1, 9)
def retry_returned_in_vain(stage, job):
    """Returns a Retry once more than it allows."""


@kind(queue="simple")
def simple_success(stage, job):
    """Succeeds in a SimpleWorker."""


@kind("fail", queue="simple")
def simple_failure(stage, job):
    """Fails in a SimpleWorker."""


@kind("hold", queue="simple", job_timeout=1)
def simple_timeout(stage, job):
    """Takes longer than its time-out in a SimpleWorker."""


@kind("fail_until", 2, queue="simple", retry=Retry(1))
def simple_retried(stage, job):
    """Fails once in a SimpleWorker, and succeeds."""


# --- The run ---------------------------------------------------------------------------------------------------


def enqueue(stage, name):
    """Queues the job of a kind, and prints what a scheduler would know of it."""
    function, arguments, queue, options, _ = KINDS[name]
    options = {"job_timeout": 180, "result_ttl": 500} | options
    module = "rq_states" if function == "succeed" else "rq_outcomes"
    job = Queue(queue, connection=stage.redis).enqueue(f"{module}.{function}", args=arguments, **options)
    retry = options.get("retry")
    line = {
        "name": name, "job": job.id, "queue": queue, "result_ttl": options["result_ttl"],
        "failure_ttl": options.get("failure_ttl"), "ttl": options.get("ttl"), "retries": retry.max if retry else 0,
        "timeout": options["job_timeout"], "at": job.enqueued_at.timestamp(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    return job


def run(url):
    """Queues all, and lets them end."""
    stage = Stage(url)
    try:
        jobs = {name: enqueue(stage, name) for name in KINDS}
        print("queued", flush=True)
        if stage.redis.blpop("states:watched", PATIENCE) is None:
            raise SystemExit("nobody watches")
        stage.start("worker", heartbeat=1, scheduler=True)
        stage.start("simple", queues=["simple"], simple=True)
        for name, job in jobs.items():
            KINDS[name][4](stage, job)
        ends = {"finished", "failed", "stopped", "canceled", None}
        for name, job in jobs.items():
            # A job that is tried again is failed at no time in between.
            stage.until(lambda job=job: is_over(stage, job, ends), f"the end of {name}")
        print("done", flush=True)
        signal.pause()
    finally:
        stage.close()


def is_over(stage, job, ends):
    """Whether a job will not go on."""
    status = stage.redis.hget(job.key, "status")
    return (status and status.decode()) in ends and not stage.redis.exists(f"rq:executions:{job.id}")


def main(arguments):
    """Does what the command line says."""
    if arguments == ["--list"]:
        for name, (*_, act) in KINDS.items():
            print(f"{name:32}{act.__doc__}")
    elif len(arguments) == 1:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        run(arguments[0])
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
