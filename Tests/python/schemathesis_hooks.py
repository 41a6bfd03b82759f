"""Teaches schemathesis which texts make sense, so that its requests reach what lies behind the checks of a definition.

For Tests/CommandLineTests/HTTP/APIFuzzTests.swift. Formats are put into the description as it is read here: they are true of the values
that are made, not of all that the API takes, so the description itself has none of them. What the API does with every other value is held
against the description by Tests/RedisCronWebTests/API/AcceptedValuesTests.swift.
"""

import contextlib
import http.client
import json
import os
import urllib.parse

import schemathesis
from hypothesis import strategies

# Few, so that most requests mean a definition that another request made; with all that an address has to write in another way.
IDS = ["a", "report", "metric:pm25", "a/b", "a%2Fb", "ä✓", "<b>&amp;</b>", "\"'\\", "{id}", "x" * 300, "a b+c", "status"]

FORMATS = {
    "id": strategies.sampled_from(IDS),
    "function": strategies.sampled_from(["app.f", "app.tasks.rebuild", "a.b.c.d", "módulo.función"]),
    "queue": strategies.sampled_from(["default", "mail", "a queue", "ä:\n"]),
    "cron": strategies.sampled_from(["* * * * *", "*/5 * * * *", "0 7 * * mon-fri", "@daily", "0 0 29 2 *", "R R * * *", "H * * * *"]),
    "zone": strategies.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
    "exclusion": strategies.sampled_from(["2026-12-25", "2026-12-24/2027-01-02", "* 0-6 * * *"]),
    "url": strategies.sampled_from(["https://example.com/h", "http://127.0.0.1:1/?q=1"]),
    "keyword": strategies.sampled_from(["planned_at", "when"]),
}
OF_KEYS = {
    "id": "id", "func": "function", "func_name": "function", "on_success": "function", "on_failure": "function",
    "on_stopped": "function", "queue": "queue", "queue_name": "queue", "cron": "cron", "timezone": "zone", "url": "url",
    "planned_time_arg": "keyword",
}
DEFINITION = json.dumps({"func": "app.tasks.rebuild", "queue": "default", "interval": 86400})

for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Says of which form texts are to be."""
    components = raw_schema["components"]
    components["parameters"]["id"]["schema"]["format"] = "id"
    for name in ("JobToPut", "Declaration", "Webhook"):
        properties = components["schemas"][name]["properties"]
        for key, form in OF_KEYS.items():
            if key in properties:
                properties[key]["format"] = form
        if "exclude" in properties:
            properties["exclude"]["items"]["format"] = "exclusion"
    # The address says which definition is meant; another id in the body is refused, which leaves nothing to be tried.
    del components["schemas"]["JobToPut"]["properties"]["id"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes the definition that a request means, unless it is there; not where what one request made is for the next."""
    name = (case.path_parameters or {}).get("id")
    if case.meta is None or case.meta.phase.name.value == "stateful" or name not in IDS or case.operation.method == "put":
        return
    address = urllib.parse.urlsplit(case.operation.base_url)
    headers = {
        "Authorization": os.environ["REDISCRON_AUTHORIZATION"], "Content-Type": "application/json", "If-None-Match": "*"}
    with contextlib.closing(http.client.HTTPConnection(address.netloc, timeout=120)) as connection:
        connection.request("PUT", f"/api/jobs/{urllib.parse.quote(name, safe='')}", DEFINITION, headers)
        answer = connection.getresponse()
        assert answer.status in (201, 412), f"{answer.status} {answer.reason}"
