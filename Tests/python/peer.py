#!/usr/bin/env python3
"""The Python side of the interop tests: rq and rq-rediscron, driven from outside.

    peer.py URL                        carries out requests from standard input, one JSON object a line, and
                                       prints one JSON value a line for each
    peer.py URL scheduler [LOCK_TTL]   runs rq-rediscron's scheduler until SIGTERM

A request names what to do and holds the arguments of the function of that name below:
{"do": "fetch", "id": "metric:pm25"}.
"""

import importlib
import json
import logging
import re
import sys
from datetime import datetime, timezone

from redis import Redis
from rq import Queue
from rq.job import Job

from job_options import job_options

REQUESTS = {}


def request(function):
    """Makes a function reachable by its name."""
    REQUESTS[function.__name__] = function
    return function


def function_named(name):
    """The function with a dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def hash_of(redis, id):
    """The definition's hash as it stands in Redis, or None when there is none."""
    raw = redis.hgetall(f"rq:cron_job:{id}")
    return {name.decode(): value.decode() for name, value in raw.items()} or None


# --- Definitions, through rq-rediscron -------------------------------------------------------------------------


def fetched(redis, id):
    """The definition as rq-rediscron reads it."""
    from rediscron import RedisCronJob

    return RedisCronJob.fetch(id, redis)


@request
def register(redis, id, func, queue, **fields):
    """Registers a definition and returns its hash. Fields are those of RedisCronScheduler.register."""
    from rediscron import RedisCronScheduler

    fields["args"] = tuple(fields.get("args", ()))
    RedisCronScheduler(redis).register(function_named(func), queue, id=id, **fields)
    return hash_of(redis, id)


@request
def fetch(redis, id):
    """What rq-rediscron makes of a definition, each value as Python prints it."""
    job = fetched(redis, id)
    names = (
        "id", "queue_name", "func_name", "args", "kwargs", "interval", "cron", "latest_enqueue_time",
        "next_enqueue_time", "created_at", "updated_at", "enabled", "job_options",
    )  # fmt: skip
    return {name: repr(getattr(job, name)) for name in names}


@request
def edit(redis, id, **fields):
    """Sets attributes of a definition, saves it, and returns its hash."""
    job = fetched(redis, id)
    for name, value in fields.items():
        setattr(job, name, tuple(value) if name == "args" else value)
    job.save()
    return hash_of(redis, id)


@request
def rewrite(redis, id):
    """Reads a definition and returns the hash that rq-rediscron would write for it, unsaved."""
    return {name: str(value) for name, value in fetched(redis, id).to_dict().items()}


@request
def edit_again_and_again(redis, id, count):
    """Saves a definition that often, with the number of the edit as its only argument and no pause."""
    for number in range(1, count + 1):
        job = fetched(redis, id)
        job.args = (number,)
        job.save()


@request
def read(redis, id):
    """What rq-rediscron would write of a definition that it reads, or why it cannot."""
    try:
        return rewrite(redis, id)
    except Exception as error:  # whatever it stumbles over
        return {"error": repr(error)}


@request
def enable(redis, id):
    """Enables a definition and returns its hash."""
    fetched(redis, id).enable()
    return hash_of(redis, id)


@request
def disable(redis, id):
    """Disables a definition and returns its hash."""
    fetched(redis, id).disable()
    return hash_of(redis, id)


@request
def delete(redis, id):
    """Deletes a definition."""
    fetched(redis, id).delete()


@request
def jobs(redis):
    """Ids of the enabled definitions in the order of their next enqueue time."""
    from rediscron import RedisCronScheduler

    return [job.id for job in RedisCronScheduler(redis).get_jobs()]


@request
def all_jobs(redis):
    """Ids of all definitions, in their order by id."""
    from rediscron import RedisCronScheduler

    return [job.id for job in RedisCronScheduler(redis).get_all_jobs()]


@request
def enqueue_definition(redis, id):
    """Enqueues a definition's job as rq-rediscron does, outside of its schedule, and returns the job's id."""
    return fetched(redis, id).enqueue(redis).id


@request
def set_enqueue_time(redis, id, time):
    """Records an enqueue time as rq-rediscron's scheduler does, and returns the definition's hash."""
    fetched(redis, id).set_enqueue_time(datetime.fromtimestamp(time, timezone.utc))
    return hash_of(redis, id)


@request
def enqueue_configuration(redis, config):
    """Enqueues each job of a configuration of `rq cron` once, as that does, and returns the jobs' ids."""
    from rq.cron import CronScheduler

    scheduler = CronScheduler(redis)
    scheduler.load_config_from_file(config)
    return [job.enqueue(redis).id for job in scheduler.get_jobs()]


# --- RQ's registries -------------------------------------------------------------------------------------------


def scheduler_view(scheduler):
    """What RQ knows of a scheduler."""
    age = (datetime.now(timezone.utc) - scheduler.created_at).total_seconds()
    heartbeat = scheduler.last_heartbeat
    return {
        "name": scheduler.name,
        "hostname": scheduler.hostname,
        "pid": scheduler.pid,
        "config_file": scheduler.config_file,
        "jobs": [job.name for job in scheduler.get_jobs()],
        "age": age,
        "since_heartbeat": heartbeat and (datetime.now(timezone.utc) - heartbeat).total_seconds(),
    }


@request
def schedulers(redis):
    """All schedulers in RQ's registry, after its own cleanup."""
    from rq.cron import CronScheduler

    return [scheduler_view(scheduler) for scheduler in CronScheduler.all(redis)]


@request
def scheduler(redis, name):
    """One scheduler in RQ's registry."""
    from rq.cron import CronScheduler

    return scheduler_view(CronScheduler.fetch(name, redis))


@request
def cron_names(redis):
    """The names in RQ's registry of cron jobs, after its own cleanup."""
    from rq import cron_job_registry

    return cron_job_registry.get_names(redis)


@request
def cron_history(redis, name):
    """The ids of the jobs that RQ's own cron job of this name spawned, newest first."""
    from rq.cron import get_cron_job_ids

    return get_cron_job_ids(name, redis)


def shown(value):
    """The value as RQ's listing shows it: itself, or a placeholder where some Python could not read or print it."""
    def is_deep(value, rest=100):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return inner is not None and (rest == 0 or any(is_deep(element, rest - 1) for element in inner))

    try:
        json.dumps(value, ensure_ascii=False).encode()
        hidden = len(json.dumps(value, separators=(",", ":"))) > 4096 or is_deep(value)
    except UnicodeEncodeError:
        hidden = True
    placeholder = "<not shown>"
    return value if not hidden else [placeholder] if isinstance(value, list) else {"...": placeholder}


def next_times(expression, id, start):
    """The next times after three instants near one, as an expression has them for an id; the error where there is none."""
    from croniter import croniter

    # With an id croniter reads @daily as H H * * * H.
    options = {"hash_id": id.encode()} if "h" in expression.lower() and "@" not in expression else {}
    bases = [datetime.fromtimestamp(start + days * 86_400, timezone.utc) for days in (-1, 0, 1)]
    try:
        return [croniter(expression, base, **options).get_next(datetime).isoformat() for base in bases]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@request
def listing(redis, name, definitions, now):
    """Compares the jobs that RQ lists for a scheduler with the definitions that are meant.

    Returns the ids of the jobs that RQ lists, the differences, and of the definitions that are not listed the times of their
    expressions.
    """
    from rq.cron import CronScheduler

    def times_of(definition):
        return next_times(definition["cron"], definition["id"], now) if "cron" in definition else None

    jobs = [scheduler for scheduler in CronScheduler.all(redis) if scheduler.name == name][0].get_jobs()
    listed, differences = [], []
    meant = iter(definitions)
    missing = {}
    for job in jobs:
        for definition in meant:
            # RQ 2.8 knows no names: there the function is the definition's own.
            if definition["func"] == job.func_name:
                break
            missing[definition["id"]] = times_of(definition)
        id = definition["id"]
        listed.append(id)
        options = dict(job.job_options)
        webhooks = [webhook.to_dict() for webhook in options.pop("webhooks", [])]
        wanted = {
            "name": id, "queue": definition["queue"], "args": shown(definition.get("args") or []),
            "kwargs": shown(definition.get("kwargs") or {}), "interval": definition.get("interval"),
            "times": times_of(definition),
            "webhooks": definition.get("webhooks", []),
            "options": {key: definition[key] for key in ("job_timeout", "ttl", "failure_ttl") if key in definition}
            | {"result_ttl": definition.get("result_ttl", 500)}
            | ({"meta": shown(definition["meta"])} if definition.get("meta") else {}),
            "next": definition["next"],
        }
        found = {
            "name": getattr(job, "name", id), "queue": job.queue_name, "args": job.args, "kwargs": job.kwargs,
            "interval": job.interval, "times": job.cron and next_times(job.cron, "", now),
            "webhooks": webhooks if hasattr(job, "name") else definition.get("webhooks", []), "options": options,
            "next": job.next_enqueue_time and job.next_enqueue_time.timestamp(),
        }
        # As text: NaN is not equal to itself, and 1 is not 1.0 here.
        found, wanted = ({key: json.dumps(side[key], sort_keys=True) for key in side} for side in (found, wanted))
        differences += [f"{id}: {key} {found[key]}, not {wanted[key]}" for key in wanted if found[key] != wanted[key]]
    for definition in meant:
        missing[definition["id"]] = times_of(definition)
    return {"listed": listed, "differences": differences, "missing": missing}


@request
def birth(redis):
    """Takes rq-rediscron's scheduler lock and gives it back; returns the error where that was refused."""
    from rediscron import RedisCronScheduler

    scheduler = RedisCronScheduler(redis)
    try:
        scheduler.register_birth()
    except RuntimeError as error:
        return str(error)
    scheduler.register_death()
    return None


# --- Jobs, through rq ------------------------------------------------------------------------------------------


def serializer_named(serializer):
    """The serializer as rq names it."""
    return {"pickle": None, "json": "rq.serializers.JSONSerializer"}[serializer]


@request
def enqueue(redis, func, queue, args=(), kwargs=None, serializer="pickle", **options):
    """Enqueues a job as an application does, and returns its id. Options are those of Queue.enqueue."""
    target = Queue(queue, connection=redis, serializer=serializer_named(serializer))
    options = job_options(options)
    return target.enqueue(function_named(func), args=tuple(args), kwargs=kwargs or {}, **options).id


@request
def job(redis, id, serializer="pickle"):
    """All that Job.fetch knows of a job, each attribute as Python prints it; times only as present or not."""
    job = Job.fetch(id, connection=redis, serializer=serializer_named(serializer))
    # The properties unpack the data, which `vars` would show packed.
    view = {name: repr(getattr(job, name)) for name in ("func_name", "instance", "args", "kwargs", "timeout", "meta")}
    view["status"] = job.get_status().value
    for name, value in vars(job).items():
        if name in ("connection", "_id", "_data", "_status", "redis_server_version") or name in view:
            continue
        address = r" at 0x[0-9a-f]+"
        view[name] = "a time" if name.endswith("_at") and value is not None else re.sub(address, "", repr(value))
    return view


@request
def outcome(redis, id, serializer="pickle"):
    """Status and, for a failed job, the last line of its traceback."""
    job = Job.fetch(id, connection=redis, serializer=serializer_named(serializer))
    result = job.latest_result()
    text = (result.exc_string or "").strip() if result else ""
    return {"status": job.get_status().value, "error": text.splitlines()[-1] if text else None}


@request
def stop(redis, id):
    """Has the worker that runs a job stop it, as an application does."""
    from rq.command import send_stop_job_command

    send_stop_job_command(redis, id)


# --- Entry -----------------------------------------------------------------------------------------------------


def run_scheduler(redis, lock_ttl=120):
    """Runs rq-rediscron's scheduler until SIGTERM, and says when it is in its loop.

    Before that a signal ends it without releasing the lock.
    """
    from rediscron import RedisCronScheduler

    class Scheduler(RedisCronScheduler):
        def heartbeat(self):
            super().heartbeat()
            print("heartbeat", flush=True)

    Scheduler(redis, lock_ttl=lock_ttl).start()


def main(arguments):
    redis = Redis.from_url(arguments[0])
    if arguments[1:2] == ["scheduler"]:
        return run_scheduler(redis, *map(int, arguments[2:]))
    # Standard output is for the answers; with a handler in place rq adds none of its own.
    logging.basicConfig(stream=sys.stderr)
    for line in sys.stdin:
        fields = json.loads(line)
        print(json.dumps(REQUESTS[fields.pop("do")](redis, **fields)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
