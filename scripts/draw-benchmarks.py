#!/usr/bin/env python3
"""Draws the charts and fills the tables of docs/performance.md from what rediscron-benchmarks wrote as JSON.

    draw-benchmarks.py [docs/benchmark.json]

Charts: docs/benchmark-program.svg, -throughput.svg, -latency.svg, -growth.svg. Tables stand between lines `<!-- table: name -->` and
`<!-- end -->`. Needs nothing but Python.
"""

import html
import json
import math
import re
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NAMES = {
    "warm": "swift-rediscron, warm",
    "cold": "swift-rediscron, cold",
    "withoutHistory": "swift-rediscron, warm, no history",
    "skipping": "swift-rediscron, warm, overlap skip",
    "bareScript": "bare script: the ceiling",
    "plainPipeline": "plain C, RQ's own commands",
    "leastPipeline": "plain C, fewest commands",
    "rqRedisCron": "rq-rediscron",
    "rqCron": "RQ's own cron",
    "enqueueMany": "RQ's enqueue_many",
}
PROGRAM = {
    "warm": "rqrcron run, warm",
    "cold": "rqrcron run, cold",
    "bareScript": "its script alone",
    "sequential": "plain C, one group at a time",
    "overlapped": "plain C, two groups under way",
    "floor": "a script without fences",
}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.faint { fill: #59636e; font-size: 12px }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.whisker { stroke: #1f2328; stroke-width: 1.5 }
.ours { fill: #d9480f; stroke: #d9480f }
.second { fill: #0b7285; stroke: #0b7285 }
.third { fill: #5f3dc4; stroke: #5f3dc4 }
.other { fill: #868e96; stroke: #868e96 }
path { fill: none !important; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .faint { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .whisker { stroke: #f0f6fc }
  .ours { fill: #ff922b; stroke: #ff922b }
  .second { fill: #3bc9db; stroke: #3bc9db }
  .third { fill: #b197fc; stroke: #b197fc }
}
"""


def median(values):
    return statistics.median(values) if values else 0.0


def speeds(samples):
    return [sample["jobs"] / sample["seconds"] for sample in samples]


def per_job(samples, side):
    return [sample[side] / sample["jobs"] * 1e6 for sample in samples]


def number(value, digits=0):
    return f"{value:,.{digits}f}"


class Picture:
    """An SVG for light and dark pages alike: no background, colours by the reader's scheme."""

    def __init__(self, width, height, title, note):
        self.size = (width, height)
        self.title = title
        self.parts = [f'<text class="title" x="0" y="18">{html.escape(title)}</text>']
        self.parts.append(f'<text class="faint" x="0" y="38">{html.escape(note)}</text>')

    def text(self, x, y, text, anchor="start", style=""):
        self.parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>')

    def line(self, x1, y1, x2, y2, style):
        self.parts.append(f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def bar(self, x, y, width, height, style):
        self.parts.append(f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" rx="2"/>')

    def curve(self, points, style):
        path = " ".join(f"{'L' if index else 'M'}{x:.1f},{y:.1f}" for index, (x, y) in enumerate(points))
        self.parts.append(f'<path class="{style}" d="{path}"/>')

    def dot(self, x, y, style):
        self.parts.append(f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')

    def write(self, name):
        width, height = self.size
        text = "\n".join(self.parts)
        (DOCS / name).write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 0 {width + 8} {height}" width="{width + 8}" '
            f'height="{height}" role="img" aria-label="{html.escape(self.title)}">\n<style>{STYLE}</style>\n{text}\n</svg>\n')


def draw_bars(report, groups, names, ours, title, name):
    """A bar for each system: its median, with a line from the slowest to the fastest round.

    A group has a heading, which is empty where there is only one, and results.
    """
    most = max(max(speeds(result["samples"])) for _, results in groups for result in results)
    heights = [(34 if heading else 0) + len(results) * 34 for heading, results in groups]
    rounds = " and ".join(dict.fromkeys(str(len(results[0]["samples"])) for _, results in groups))
    picture = Picture(
        760, 66 + sum(heights), title, f"median of {rounds} rounds, with the slowest and the fastest; {machine(report)}")
    y = 56
    for heading, results in groups:
        if heading:
            picture.text(216, y + 16, heading)
            y += 34
        for result in results:
            values = speeds(result["samples"])
            scale = 440 / most
            style = "ours" if result["system"] in ours else "other"
            picture.text(206, y + 16, names[result["system"]], "end")
            picture.bar(216, y, median(values) * scale, 22, style)
            picture.line(216 + min(values) * scale, y + 11, 216 + max(values) * scale, y + 11, "whisker")
            picture.text(224 + max(values) * scale, y + 16, number(median(values)))
            y += 34
    picture.write(name)


def draw_throughput(report):
    draw_bars(
        report, [("", report["throughput"])], NAMES, ("warm", "cold", "withoutHistory", "skipping"),
        "Jobs queued per second", "benchmark-throughput.svg")


def draw_program(report):
    sizes = list(dict.fromkeys(result["definitions"] for result in report["program"]))
    groups = [
        (f"{number(size)} due", [result for result in report["program"] if result["definitions"] == size]) for size in sizes]
    title = "Jobs queued per second, all due at one instant"
    if len(groups) == 1:
        title, groups = f"Jobs queued per second, {number(sizes[0])} due at one instant", [("", groups[0][1])]
    draw_bars(report, groups, PROGRAM, ("warm", "cold"), title, "benchmark-program.svg")


def logarithmic(low, high, start, length):
    span = math.log10(high / low)
    return lambda value: start + length * math.log10(max(value, low) / low) / span


def draw_latency(report):
    curves = [("planned time to worker", report.get("dispatch"), "ours"), ("edit to worker", report.get("edit"), "second")]
    for burst in report["neighbours"]:
        if burst["cache"] == "full" and not burst.get("maxRate"):
            curves.append((f"a neighbour's PING in a burst of {number(burst['jobs'])}", burst["ping"], "third"))
            curves.append(("the same without a burst", burst["idlePing"], "other"))
    curves = [curve for curve in curves if curve[1]]
    picture = Picture(760, 380, "Latency as a distribution", f"share of all that took at most so long; {machine(report)}")
    x = logarithmic(0.01, 30, 50, 690)
    y = lambda share: 330 - share * 270
    for tick in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30):
        picture.line(x(tick), 60, x(tick), 330, "grid")
        picture.text(x(tick), 350, f"{tick:g} ms", "middle", "faint")
    for share in (0, 0.25, 0.5, 0.75, 1):
        picture.line(50, y(share), 740, y(share), "grid")
        picture.text(42, y(share) + 4, f"{share:.0%}", "end", "faint")
    for index, (name, distribution, style) in enumerate(curves):
        values = distribution["curve"]
        picture.curve([(min(x(value), 740), y(step / (len(values) - 1))) for step, value in enumerate(values)], style)
        picture.bar(440, 240 + index * 21, 14, 4, style)
        picture.text(462, 246 + index * 21, name)
    picture.write("benchmark-latency.svg")


def draw_growth(report):
    results = report["growth"]
    top = max(max(speeds(result[kind])) for result in results for kind in ("warm", "bare", "cold")) * 1.1
    picture = Picture(760, 380, "Jobs per second by number of due definitions", f"medians; {machine(report)}")
    sizes = [result["definitions"] for result in results]
    x = logarithmic(sizes[0], max(sizes[-1], sizes[0] * 10), 80, 600)
    y = lambda value: 330 - value / top * 270
    step = 10 ** math.floor(math.log10(top))
    if top < 3 * step:
        step /= 4
    for index in range(int(top // step) + 1):
        picture.line(80, y(index * step), 700, y(index * step), "grid")
        picture.text(72, y(index * step) + 4, number(index * step), "end", "faint")
    for size in sizes:
        picture.text(x(size), 352, number(size), "middle", "faint")
    ends = []
    for kind, style in (("bare", "other"), ("warm", "ours"), ("cold", "second")):
        points = [(x(result["definitions"]), y(median(speeds(result[kind])))) for result in results]
        picture.curve(points, style)
        for point in points:
            picture.dot(*point, style)
        ends.append((points[-1][1] + 4, kind))
    # The names stand apart, also where the lines end close together.
    below = 0
    for end, kind in sorted(ends):
        below = max(end, below + 16)
        picture.text(x(sizes[-1]) + 10, below, {"bare": "bare script"}.get(kind, kind))
    picture.write("benchmark-growth.svg")


def machine(report):
    facts = report["machine"]
    return f"{facts['cores']} cores, Redis {facts['redis']}"


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def throughput_table(report):
    baseline = next((r for r in report["throughput"] if r["system"] == "plainPipeline"), None)
    rows = []
    for result in report["throughput"]:
        values = speeds(result["samples"])
        rows.append([
            NAMES[result["system"]], number(median(values)), f"{number(min(values))} – {number(max(values))}",
            f"{median(values) / median(speeds(baseline['samples'])):.2f}",
            f"{median(per_job(result['samples'], 'ownSeconds')):.2f}",
            f"{median(per_job(result['samples'], 'redisSeconds')):.2f}",
        ])
    return table(["system", "jobs/s", "least – most", "times plain C", "own µs/job", "Redis µs/job"], rows)


def program_speeds(report):
    return {
        (result["definitions"], result["system"]): median(speeds(result["samples"])) for result in report["program"]}


def program_table(report):
    speed = program_speeds(report)
    rows = []
    for result in report["program"]:
        size, values = result["definitions"], speeds(result["samples"])
        rows.append([
            number(size), PROGRAM[result["system"]], number(median(values)), f"{number(min(values))} – {number(max(values))}",
            *(f"{median(values) / speed[size, other]:.2f}" for other in ("sequential", "overlapped")),
            *(f"{median(per_job(result['samples'], side)):.2f}" for side in ("ownSeconds", "redisSeconds")),
        ])
    return table([
        "definitions", "system", "jobs/s", "least – most", "times C, one group", "times C, two groups", "own µs/job", "Redis µs/job",
    ], rows)


def growth_table(report):
    rows = []
    for result in report["growth"]:
        due = result["hundredDue"]
        overhead = result.get("overheadBytes")
        rows.append([
            number(result["definitions"]), number(median(speeds(result["warm"]))), number(median(speeds(result["bare"]))),
            number(median(speeds(result["cold"]))),
            f"{median(per_job(result['warm'], 'ownSeconds')):.2f} + {median(per_job(result['warm'], 'redisSeconds')):.2f}",
            f"{median([s['seconds'] for s in due]) * 1e3:.2f}",
            f"{median([s['ownSeconds'] for s in due]) * 1e3:.2f} + {median([s['redisSeconds'] for s in due]) * 1e3:.2f}",
            number(overhead) if overhead is not None else "–",
        ])
    return table([
        "definitions", "all due, warm: jobs/s", "bare script", "cold", "warm: µs/job, ours + Redis", "100 due: ms", "of it processor, ours + Redis", "bytes beyond the text",
    ], rows)


def latency_table(report):
    rows = []

    def add(name, values):
        if values:
            rows.append([name, number(values["count"])] + [f"{values[key]:.2f}" for key in ("least", "p50", "p99", "most")])

    add("planned time to a worker that blocks on the queue", report.get("dispatch"))
    add("edit to such a worker", report.get("edit"))
    add("`rqrcron run`, exec to such a worker", (report.get("start") or {}).get("firstEnqueue"))
    for burst in report["neighbours"]:
        add(f"a neighbour's PING, burst of {number(burst['jobs'])}, {kind_of_burst(burst)}", burst["ping"])
        # Older reports know of one server only.
        add("at the same time, PING of a second server, which has nothing to do", burst.get("elsewhere"))
    if report["neighbours"]:
        add("a neighbour's PING without a burst", report["neighbours"][0]["idlePing"])
    return table(["from, to", "count", "least ms", "p50", "p99", "most"], rows)


def kind_of_burst(burst):
    pace = f", at most {number(burst['maxRate'])} jobs a second" if burst.get("maxRate") else ""
    return f"cache {burst['cache']}{pace}"


def distance_table(report):
    rows = [
        [str(r["batchSize"]), str(r["batchesInFlight"]), number(r["warm"]["jobs"] / r["warm"]["seconds"]),
         number(r["cold"]["jobs"] / r["cold"]["seconds"])]
        for r in report["distance"]
    ]
    return table(["batch size", "in flight", "warm jobs/s", "cold jobs/s"], rows)


def runs_table(report):
    recording = report["recording"]
    return table(["of a run", "Redis µs", "own µs", "runs/s"], [
        [name, *(f"{median(per_job([recording[key]], side)):.2f}" for side in ("redisSeconds", "ownSeconds")),
         number(median(speeds([recording[key]])))]
        for name, key in (
            ("take it off the log and follow it", "unfolding"), ("look once, record that it succeeded", "succeeded"),
            ("look once, record that it failed", "failed"),
        )
    ])


def looks_table(report):
    names = {"short": "jobs of 1 s", "long": "jobs of 10 min"}
    return table(["open runs", "of", "ends/s", "looks/s", "Redis µs/look", "Redis, looks", "Redis, all", "own"], [
        [number(scene["open"]), names[scene["scene"]], number(scene["ends"] / scene["seconds"]),
         number(scene["looks"] / scene["seconds"]), f"{scene['lookSeconds'] / scene['looks'] * 1e6:.2f}",
         *(f"{scene[key] / scene['seconds']:.1%}" for key in ("lookSeconds", "redisSeconds", "ownSeconds"))]
        for scene in report["looking"]
    ])


def puts_table(report):
    puts = report["puts"]
    count, latency = puts["definitions"], puts["latency"]
    return table(["definitions", "created a second", "changed a second", "p50 ms", "p99 ms"], [
        [number(count), number(count / puts["created"]), number(count / puts["changed"]), number(latency["p50"], 2),
         number(latency["p99"], 2)]])


def pages_table(report):
    sizes = report["pages"]
    headings = ["view"]
    for size in sizes:
        headings += [f"{number(size['definitions'])}: p50 ms", "most"]
    rows = [
        [views[0]["name"]] + [number(value, 1) for view in views for value in (view["latency"]["p50"], view["latency"]["most"])]
        for views in zip(*(size["views"] for size in sizes))]
    rows.append(["bytes for each definition"] + [cell for size in sizes for cell in (number(size["bytes"]), "")])
    rows.append(["seconds to read them all"] + [cell for size in sizes for cell in (number(size["loading"], 1), "")])
    return table(headings, rows)


def commands_table(report):
    commands = report["commands"]
    rows = [[f"`{command['name'].split(',')[0]}`" + command["name"][len(command["name"].split(",")[0]):],
             *(number(command[key], 1) for key in ("seconds", "ownSeconds", "redisSeconds")), number(command["megabytes"])]
            for command in commands["commands"]]
    rows.append(["`run`, until it leads", number(commands["secondsToLead"], 2), "", "", ""])
    return table([f"{number(commands['definitions'])} definitions", "seconds", "own processor s", "Redis s", "MB"], rows)


def cluster_costs(report):
    """Processor time of a job in µs by the number of masters: the scheduler's, the servers', both."""
    costs = {}
    for result in report["cluster"]:
        own, redis = (per_job(result["samples"], side) for side in ("ownSeconds", "redisSeconds"))
        costs[result["masters"]] = (median(own), median(redis), median([a + b for a, b in zip(own, redis)]))
    return costs


def cluster_table(report):
    costs = cluster_costs(report)
    rows = [[str(masters), number(own, 2), number(redis, 2), number(both, 2), number(both / costs[1][2], 3)]
            for masters, (own, redis, both) in sorted(costs.items())]
    return table(["masters", "own µs/job", "Redis µs/job", "both", "times one master"], rows)


def disturbance_ratio(report):
    return median([each["watched"]["p99"] / each["alone"]["p99"] for each in report["disturbance"]["rounds"]])


def disturbance_table(report):
    return table(["round", "alone: p50 ms", "p99", "watched: p50 ms", "p99", "times"], [
        [str(place + 1), number(each["alone"]["p50"]), number(each["alone"]["p99"]), number(each["watched"]["p50"]),
         number(each["watched"]["p99"]), number(each["watched"]["p99"] / each["alone"]["p99"], 2)]
        for place, each in enumerate(report["disturbance"]["rounds"])])


def goals_table(report):
    """What was to be reached, beside what this report says."""
    rows = []

    def add(goal, reached, holds):
        rows.append([goal, reached, "yes" if holds else "no"])

    by_system = {result["system"]: result["samples"] for result in report["throughput"]}
    speed = {system: median(speeds(samples)) for system, samples in by_system.items()}
    for system, other, factor in (
        ("skipping", "warm", 0.65), ("warm", "withoutHistory", 0.9),
        ("warm", "plainPipeline", 1.25), ("cold", "plainPipeline", 0.8), ("warm", "rqRedisCron", 130),
        ("warm", "rqCron", 40), ("warm", "enqueueMany", 9),
    ):
        if system in speed and other in speed:
            ratio = speed[system] / speed[other]
            add(f"{NAMES[system]}: {factor} times {NAMES[other]}", f"{ratio:.2f} times", ratio >= factor)
    if "warm" in by_system:
        own, redis = (median(per_job(by_system["warm"], side)) for side in ("ownSeconds", "redisSeconds"))
        add("own processor time, warm: 5 µs and half of Redis'", f"{own:.2f} of {redis:.2f} µs", own <= 5 and own <= redis / 2)
    if "warm" in by_system and "withoutHistory" in by_system:
        more = median(
            [a - b for a, b in zip(*(per_job(by_system[name], "redisSeconds") for name in ("warm", "withoutHistory")))])
        add("history: at most 0.5 µs of Redis a run in the batch", f"{more:.2f} µs", more <= 0.5)
    speed = program_speeds(report) if report.get("program") else {}
    for size in sorted({size for size, _ in speed}):
        for system, other, factor in (
            ("warm", "sequential", 1.4), ("warm", "overlapped", 0.95), ("warm", "bareScript", 0.92), ("cold", "sequential", 1.0),
        ):
            ratio = speed[size, system] / speed[size, other]
            add(f"{PROGRAM[system]}, {number(size)} due: {factor} times {PROGRAM[other]}", f"{ratio:.2f} times", ratio >= factor)
        own = median([
            cost for result in report["program"] if (result["definitions"], result["system"]) == (size, "warm")
            for cost in per_job(result["samples"], "ownSeconds")])
        add(f"{PROGRAM['warm']}, {number(size)} due: at most 4 µs of its own a job", f"{own:.2f} µs", own <= 4)
    recording = report.get("recording")
    if recording:
        cost = median(per_job([recording["unfolding"]], "redisSeconds")) + median(per_job([recording["succeeded"]], "redisSeconds"))
        add("history: at most 15 µs of Redis a run afterwards", f"{cost:.1f} µs", cost <= 15)
    for scene in report.get("looking", []):
        share, limit = scene["lookSeconds"] / scene["seconds"], 0.02 if scene["scene"] == "short" else 0.04
        what = "1,000 ends a second of jobs of 1 s" if scene["scene"] == "short" else f"{number(scene['open'])} open runs"
        add(f"looking for outcomes, {what}: at most {limit:.0%} of a core of Redis", f"{share:.1%}", share <= limit)
    growth = {result["definitions"]: result for result in report["growth"]}
    if 10_000 in growth and len(growth) > 1:
        largest = max(growth)
        ratio = median(speeds(growth[largest]["warm"])) / median(speeds(growth[10_000]["warm"]))
        bare = median(speeds(growth[largest]["bare"])) / median(speeds(growth[10_000]["bare"]))
        add(f"jobs/s at {number(largest)} due: 0.9 times that at 10,000",
            f"{ratio:.2f} times; the bare script {bare:.2f} times", ratio >= 0.9)
        cost = {size: median([s["ownSeconds"] + s["redisSeconds"] for s in growth[size]["hundredDue"]]) for size in growth}
        ratio = cost[largest] / cost[min(growth)]
        add(f"100 due cost the same among {number(min(growth))} and {number(largest)}", f"{ratio:.2f} times", ratio <= 1.1)
        overhead = growth[largest].get("overheadBytes")
        if overhead is not None:
            add("memory of a cached definition: 250 bytes beyond its text", f"{overhead:.0f} bytes", overhead <= 250)
    for burst in report["neighbours"]:
        add(f"a neighbour's PING in a burst, {kind_of_burst(burst)}: p99 under 2 ms", f"{burst['ping']['p99']:.2f} ms", burst["ping"]["p99"] < 2)
        late = burst["latestHeartbeatMilliseconds"]
        add(f"heartbeat on time, {kind_of_burst(burst)}", f"{late:.0f} ms late at most", late < 100)
    dispatch, edit, storm, start = (report.get(key) for key in ("dispatch", "edit", "storm", "start"))
    if dispatch:
        add("planned time to worker: p50 0.5 ms, p99 2 ms, never before",
            f"{dispatch['p50']:.2f} ms, {dispatch['p99']:.2f} ms, earliest {dispatch['least']:.2f} ms",
            dispatch["p50"] < 0.5 and dispatch["p99"] < 2 and dispatch["least"] >= 0)
    if edit:
        add("edit to worker: p99 under 5 ms", f"{edit['p99']:.2f} ms", edit["p99"] < 5)
    if storm:
        add(f"storm of {number(storm['edits'])} edits: all honoured, fewer than 1,000 wake-ups",
            f"{number(storm['honoured'])} of {number(storm['definitions'])} last versions, {storm['wakeUps']} wake-ups, "
            f"{storm['grownMegabytes']:.0f} MB", storm["honoured"] == storm["definitions"] and storm["wakeUps"] < 1000)
    if start:
        add("exec to worker under 50 ms", f"{start['firstEnqueue']['most']:.1f} ms at most", start["firstEnqueue"]["most"] < 50)
        add("idle under 20 MB", f"{start['idleMegabytes']:.1f} MB", start["idleMegabytes"] < 20)
    if report.get("puts"):
        rate = report["puts"]["definitions"] / report["puts"]["created"]
        add("2,000 definitions a second put one by one", number(rate), rate >= 2000)
    for size in report.get("pages", []):
        limit = 50 if size["definitions"] <= 100_000 else 200
        most = max(view["latency"]["p50"] for view in size["views"])
        add(f"each page among {number(size['definitions'])} within {limit} ms", f"{most:.0f} ms, the slowest view's median", most <= limit)
    if report.get("disturbance"):
        ratio = disturbance_ratio(report)
        add("a burst while 200 look at the page: p99 at most 1.1 times that without", f"{ratio:.2f} times", ratio <= 1.1)
    if commands := report.get("commands"):
        limits = {"apply, all of them new": 35, "info": 12, "export": 12, "doctor": 12}
        for command in commands["commands"]:
            if (limit := limits.get(command["name"])) and commands["definitions"] == 1_000_000:
                add(f"`{command['name'].split(',')[0]}` of 1,000,000 definitions: under {limit} s and 300 MB",
                    f"{command['seconds']:.1f} s, {command['megabytes']:.0f} MB",
                    command["seconds"] < limit and command["megabytes"] < 300)
        add("`run` beside 1,000,000 definitions leads within 1 s", f"{commands['secondsToLead']:.2f} s",
            commands["secondsToLead"] < 1)
    if report.get("cluster"):
        costs = cluster_costs(report)
        for place, who in ((0, "the scheduler's"), (2, "all")):
            ratio = costs[3][place] / costs[1][place]
            add(f"a job on three masters of a cluster: {who} processor time within 5% of that on one", f"{ratio:.3f} times",
                abs(ratio - 1) <= 0.05)
    return table(["to reach", "measured", "reached"], rows)


def machine_line(report):
    facts = report["machine"]
    return (f"Measured on {facts['date'][:10]}: {facts['processor']}, {facts['cores']} cores, {facts['system']}, "
            f"redis-server {facts['redis']} on a Unix socket; load {facts['loadBefore']:.1f} when it began.")


def fill_tables(path, report):
    text = path.read_text()
    makers = {
        "machine": machine_line, "goals": goals_table, "throughput": throughput_table, "growth": growth_table,
        "latency": latency_table, "distance": distance_table,
    }
    # Older reports know nothing of runs.
    if report.get("recording"):
        makers |= {"runs": runs_table, "looks": looks_table}
    # Nor of the program.
    if report.get("program"):
        makers |= {"program": program_table}
    # Nor of the page, as those of a build without HTTP.
    if report.get("puts"):
        makers |= {"puts": puts_table, "pages": pages_table, "disturbance": disturbance_table}
    if report.get("commands"):
        makers |= {"commands": commands_table}
    if report.get("cluster"):
        makers |= {"cluster": cluster_table}
    for name, make in makers.items():
        pattern = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = pattern.sub(lambda match: match[1] + make(report) + "\n" + match[2], text)
    path.write_text(text)


def main():
    report = json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else DOCS / "benchmark.json").read_text())
    if report["throughput"]:
        draw_throughput(report)
    if report.get("program"):
        draw_program(report)
    if report.get("dispatch") or report["neighbours"]:
        draw_latency(report)
    if report["growth"]:
        draw_growth(report)
    fill_tables(DOCS / "performance.md", report)


main()
