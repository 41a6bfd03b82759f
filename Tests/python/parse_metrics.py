"""Reads metrics with the parsers of prometheus_client and prints what they hold, as JSON.

    parse_metrics.py prometheus|openmetrics <BODY

One object a family: its name without `_total` and `_info`, type, unit, help, and `[name, labels, value]` of each sample.
"""

import json
import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus

parse = {"prometheus": prometheus, "openmetrics": openmetrics}[sys.argv[1]].text_string_to_metric_families
families = [
    {
        "name": family.name,
        "type": family.type,
        "unit": family.unit,
        "help": family.documentation,
        "samples": [[sample.name, sample.labels, sample.value] for sample in family.samples],
    }
    for family in parse(sys.stdin.buffer.read().decode())
]
print(json.dumps(families))
