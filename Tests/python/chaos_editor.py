#!/usr/bin/env python3
"""An editor for the chaos run: changes definitions through rq-rediscron until SIGTERM comes.

    chaos_editor.py URL SEED PAUSE OWN SHARED [PREFIX]

OWN and SHARED are comma-separated ids. Own definitions are registered first, then edited, switched, deleted and
registered again; of shared ones only the arguments are edited. Each edit carries a revision as the last of its
arguments, and is tried again until Redis has acknowledged it; where sentinels or a cluster have lost a definition, it is
registered again. Prints one JSON object a line for each acknowledged edit.

URL may be redis://…, redis+sentinel://host:port,host:port/service or redis+cluster://host:port,host:port, the latter two
also rediss+… with ?ssl_ca_certs=FILE. rq-rediscron
knows one prefix of keys, `rq`; with PREFIX its constants are changed.
"""

import json
import random
import signal
import sys
import time
from urllib.parse import parse_qs

from redis import Redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, RedisError
from redis.sentinel import Sentinel
from rediscron import core
from rediscron import RedisCronJob, RedisCronScheduler
from rq.exceptions import NoSuchJobError

from app.tasks import rebuild

QUEUES = [f"chaos-{number}" for number in range(8)]


def connect(url):
    scheme, _, rest = url.partition("://")
    if "+" not in scheme:
        return Redis.from_url(url, socket_timeout=10)
    rest, _, query = rest.partition("?")
    tls = {"ssl": True, "ssl_ca_certs": parse_qs(query)["ssl_ca_certs"][0]} if scheme.startswith("rediss") else {}
    hosts, _, service = rest.partition("/")
    nodes = [(host, int(port)) for host, _, port in (node.partition(":") for node in hosts.split(","))]
    if scheme.endswith("sentinel"):
        sentinel = Sentinel(nodes, sentinel_kwargs={"socket_timeout": 1, **tls}, **tls)
        return sentinel.master_for(service, socket_timeout=2)
    return RedisCluster(startup_nodes=[ClusterNode(host, port) for host, port in nodes], socket_timeout=2, **tls)


class Editor:
    def __init__(self, url, seed, pause, own, shared):
        self.url = url
        self.redis = connect(url)
        self.may_lose = "+" in url.partition("://")[0]
        self.random = random.Random(seed)
        self.pause = pause
        self.own = {id: {"revision": 0, "exists": False, "enabled": True, "queue": self.random.choice(QUEUES),
                         "schedule": self.schedule()} for id in own}  # fmt: skip
        self.shared = {id: {"revision": None} for id in shared}
        self.is_over = False

    def fetch(self, id):
        """The definition, which may have got lost with all that a master had not told anybody."""
        try:
            job = RedisCronJob.fetch(id, self.redis)
        except NoSuchJobError:
            if not self.may_lose:
                raise
            state = self.own.get(id) or {**self.shared[id], "queue": QUEUES[0], "schedule": {"interval": 2}}
            job = RedisCronScheduler(self.redis, logging_level="ERROR").register(
                rebuild, state["queue"], id=id, args=(id, state["revision"] or 1), **state["schedule"]
            )
        if self.may_lose and id in self.own:
            self.own[id]["enabled"] = job.enabled  # That it was switched may have got lost too.
        return job

    def schedule(self):
        """A schedule of a second or a few, as keyword arguments of register."""
        choice = self.random.randrange(10)
        if choice < 5:
            return {"interval": self.random.choice([1, 1, 2, 3])}
        if choice < 8:
            return {"cron": f"* * * * * */{self.random.choice([1, 2, 3, 5])}"}
        return {"cron": "* * * * * " + ",".join(map(str, range(self.random.randrange(4), 60, 4)))}

    def until_done(self, edit):
        """Tries until Redis has acknowledged the edit. Returns False when the end came before."""
        tries = 0
        while True:
            try:
                edit()
                return True
            except (RedisError, RedisClusterException, OSError):
                pass
            except AttributeError:
                # redis-py 8's cluster client, when a slot has no node for a moment: it goes on to ask None for its connection.
                if "+cluster" not in self.url:
                    raise
                self.reconnect()
            tries += 1
            if self.is_over and tries > 40:
                return False
            time.sleep(0.1)

    def reconnect(self):
        try:
            self.redis = connect(self.url)
        except (RedisError, RedisClusterException, OSError):
            pass  # The next try may find the cluster.

    def acknowledge(self, id, **state):
        print(json.dumps({"id": id, **state}), flush=True)

    # --- Edits ---------------------------------------------------------------------------------------------------

    def register(self, id):
        state = self.own[id]
        state["revision"] += 1
        if not state["exists"]:
            state["enabled"] = True

        def edit():
            RedisCronScheduler(self.redis, logging_level="ERROR").register(
                rebuild, state["queue"], id=id, args=(id, state["revision"]), **state["schedule"]
            )

        if self.until_done(edit):
            state["exists"] = True
            # Registering leaves alone whether it is enabled, and that may have got lost.
            also = {} if self.may_lose else {"enabled": state["enabled"]}
            self.acknowledge(id, revision=state["revision"], exists=True, **also)

    def change_args(self, id, state):
        state["revision"] += 1

        def edit():
            job = self.fetch(id)
            job.args = (id, state["revision"])
            job.save()

        if self.until_done(edit):
            also = {"enabled": state["enabled"]} if id in self.own else {}
            self.acknowledge(id, revision=state["revision"], exists=True, **also)

    def switch(self, id):
        state = self.own[id]
        wanted = not state["enabled"]

        def edit():
            job = self.fetch(id)
            state["enabled"] = wanted
            job.enable() if wanted else job.disable()

        if self.until_done(edit):
            self.acknowledge(id, revision=state["revision"], exists=True, enabled=state["enabled"])

    def delete(self, id):
        state = self.own[id]

        def edit():
            try:
                RedisCronJob.fetch(id, self.redis).delete()
            except NoSuchJobError:
                pass  # An earlier try has done it, or a part of it.
            self.redis.zrem(core.CRON_JOBS_INDEX_KEY, id)

        if self.until_done(edit):
            state["exists"] = False
            self.acknowledge(id, revision=state["revision"], exists=False)

    # --- The run -------------------------------------------------------------------------------------------------

    def edit_own(self, id):
        state = self.own[id]
        choice = self.random.randrange(10)
        if not state["exists"]:
            self.register(id)
        elif choice < 5:
            self.change_args(id, state)
        elif choice < 6:
            state["schedule"] = self.schedule()
            self.register(id)
        elif choice < 7:
            state["queue"] = self.random.choice(QUEUES)
            self.register(id)
        elif choice < 9:
            self.switch(id)
        else:
            self.delete(id)

    def edit_shared(self, id):
        state = self.shared[id]
        if state["revision"] is None:
            fetched = []
            if not self.until_done(lambda: fetched.append(self.fetch(id))):
                return
            state["revision"] = fetched[-1].args[-1]
        self.change_args(id, state)

    def run(self):
        for id in self.own:
            self.register(id)
        print("registered", flush=True)
        while not self.is_over:
            if self.shared and self.random.randrange(4) == 0:
                self.edit_shared(self.random.choice(sorted(self.shared)))
            elif self.own:
                self.edit_own(self.random.choice(sorted(self.own)))
            time.sleep(self.pause)
        print("over", flush=True)


def main(url, seed, pause, own, shared, prefix="rq"):
    for name in [name for name in vars(core) if name.startswith("CRON_JOB") and isinstance(getattr(core, name), str)]:
        setattr(core, name, getattr(core, name).replace("rq:", prefix + ":", 1))
    editor = Editor(url, int(seed), float(pause), [id for id in own.split(",") if id],
                    [id for id in shared.split(",") if id])  # fmt: skip

    def stop(signum, frame):
        editor.is_over = True

    signal.signal(signal.SIGTERM, stop)
    editor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
