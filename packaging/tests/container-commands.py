#!/usr/bin/env python3
"""Prints the commands of the container examples as functions of a shell, so that they can be tried without an engine.

install_image does what the last stage of the Containerfile does, as root. scheduler, page and kubernetes become what compose.yaml
and the manifest start, as the user of the image; worker becomes RQ's, and redis the server.
"""

import shlex
from pathlib import Path

import yaml
from dockerfile_parse import DockerfileParser

EXAMPLES = Path(__file__).resolve().parents[2] / "docs/examples"
POD = {"POD_IP": "127.0.0.1"}


def last_stage():
    """The instructions of the Containerfile after its last FROM, as (name, value)."""
    with open(EXAMPLES / "container/Containerfile", "rb") as file:
        structure = DockerfileParser(fileobj=file, cache_content=True).structure
    named = [(part["instruction"], part["value"]) for part in structure if part["instruction"] != "COMMENT"]
    start = max(index for index, (name, _) in enumerate(named) if name == "FROM")
    return named[start + 1 :]


def function(name, words, environment=None, user=None):
    settings = [f"{key}={value}" for key, value in (environment or {}).items()]
    prefix = ["setpriv", "--reuid", user[0], "--regid", user[1], "--clear-groups"] if user else []
    print(f"{name}() {{ exec {shlex.join(prefix + ['env'] + settings + words)}; }}")


def main():
    image = last_stage()
    settings = dict(image)
    user = settings["USER"].split(":")
    entry = yaml.safe_load(settings["ENTRYPOINT"])
    print("install_image() {")
    for name, value in image:
        if name == "RUN":
            print(f"    {value}")
    print("}")

    services = yaml.safe_load((EXAMPLES / "container/compose.yaml").read_text())["services"]
    for name in ("scheduler", "page"):
        function(name, entry + services[name]["command"], services[name]["environment"], user)
    function("worker", services["worker"]["command"])
    function("redis", services["redis"]["command"])

    deployment = yaml.safe_load((EXAMPLES / "kubernetes/scheduler.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    container = pod["containers"][0]
    words = container["command"] + container["args"]
    for key, value in POD.items():
        words = [word.replace(f"$({key})", value) for word in words]
    context = pod["securityContext"]
    # The secret is what the comment in the manifest makes, for a Redis without a password.
    function(
        "kubernetes", words, {"RQ_REDIS_URL": "redis://redis:6379/0"}, [str(context["runAsUser"]), str(context["runAsGroup"])]
    )
    for kind in ("livenessProbe", "readinessProbe"):
        probe = container[kind]["httpGet"]
        headers = " ".join(f"--header {h['name']}:{h['value']}" for h in probe["httpHeaders"])
        port = next(port["containerPort"] for port in container["ports"] if port["name"] == probe["port"])
        print(f"{kind}() {{ curl --fail --silent {headers} http://$1:{port}{probe['path']}; }}")


if __name__ == "__main__":
    main()
