"""A till beside a crowd, at a server that does one thing at a time: how long does the person in front of it wait?"""
import dataclasses
import json
import math
import os
import statistics
import subprocess

from processes import Failed
from turn_servers import BY_CLASS, HAPROXY_PRIORITY, OneSlot, haproxy, ledgergate, nginx, start


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    flooders: int
    flood_ms: int
    target: tuple  # (which figure, ms): what Ledgergate is to hold
    proxies: tuple
    drip: bool = False


def pair(title, routes=None):
    """Ledgergate with one worker and with two."""
    extra = (routes,) if routes else ()
    return ledgergate(f"ledgergate{title}, 1 worker", 1, *extra), ledgergate(f"ledgergate{title}, 2 workers", 2, *extra)


BULK_MS = 2000

ROWS = [
    Row("fair", "8 flood it with requests of 20 ms, the till asks every 200 ms; no priority is configured", 8, 20, ("p99", 65),
        (nginx("nginx"), nginx("nginx, max_conns=1", " max_conns=1"), haproxy("haproxy, maxconn 1"), *pair(""))),
    Row("crowd", "31 flood it, as many as may wait beside the till by default; no priority is configured", 31, 20, ("p99", 65),
        (nginx("nginx"), haproxy("haproxy, maxconn 1"), *pair(""))),
    Row("high", "8 flood it; the till goes first", 8, 20, ("p99", 45),
        (haproxy("haproxy, priority by hand", HAPROXY_PRIORITY), *pair(", high", BY_CLASS.format(till="high", shop="normal")))),
    Row("export", "8 flood it with bulk exports of 2 s: the till waits for the one that runs, and for no second", 8, BULK_MS, ("max", BULK_MS + 65),
        (nginx("nginx"), haproxy("haproxy, priority by hand", HAPROXY_PRIORITY), *pair(", bulk", BY_CLASS.format(till="normal", shop="bulk")))),
    Row("drip", "8 flood it as above, and one drips bodies of 8 KB at 1 KB/s", 8, 20, ("p99", 65),
        (nginx("nginx"), nginx("nginx, unbuffered", buffering="off"), haproxy("haproxy, maxconn 1"), *pair("")), drip=True),
]


def percentile(ordered, percent):
    """The nearest rank: the smallest value that so many per cent are not above."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def run(field, crowd, server, row, proxy, seconds):
    """One proxy, alone with the server."""
    server.wait_until_left_alone()
    program = start(field, proxy, server.port)
    try:
        server.counts()
        command = ["taskset", "-c", str(field.other_core), crowd, str(program.port), str(seconds), str(row.flooders), str(row.flood_ms),
                   "drip" if row.drip else "nodrip"]
        # A session of its own, as all that is started here: Ctrl-C is for the bench.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, err = process.communicate()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if process.returncode != 0:
            raise Failed(f"the crowd failed: {err.strip()}")
        counts = server.counts()
        program.cpu_seconds()  # fails when it has ended by itself
    finally:
        program.end()
    result = json.loads(out)
    till = sorted(micros / 1000 for micros in result.pop("till_micros"))
    result |= {"answered": len(till), "server": counts, "rate": result["flood"] / result["seconds"]}
    if till:
        result |= {"p50": percentile(till, 50), "p99": percentile(till, 99), "max": till[-1]}
    return result


def span(values, form):
    """Median and range."""
    if not values:
        return "-"
    middle, least, most = (format(f(values), form) for f in (statistics.median, min, max))
    return middle if least == most else f"{middle} ({least}-{most})"


def verdict(row, proxy, runs):
    if not proxy.ours:
        return ""
    figure, limit = row.target
    reached = all(figure in each for each in runs) and statistics.median(each[figure] for each in runs) <= limit
    return "  target met" if reached else f"  TARGET MISSED: {figure} <= {limit} ms"


def show(row, results):
    print(f"\n{row.name}: {row.title} (load average {os.getloadavg()[0]:.1f})")
    print(f"{'':30}{'till p50 ms':>24}{'p99 ms':>24}{'max ms':>24}{'refused':>11}{'passed by':>11}{'crowd req/s':>24}{'overlaps':>12}")
    for proxy, runs in results:
        def figures(key, form=".1f", own=runs):
            return span([each[key] for each in own if key in each], form)
        asked = sum(each["answered"] + each["till_errors"] for each in runs)
        refused = sum(each["till_errors"] for each in runs)
        overlaps = "/".join(str(sum(each["server"][f"overlapping_{what}"] for each in runs)) for what in ("requests", "connections"))
        crowd_errors = sum(each["flood_errors"] + each["drip_errors"] for each in runs)
        print(f"  {proxy.title:28}{figures('p50'):>24}{figures('p99'):>24}{figures('max'):>24}{f'{refused}/{asked}':>11}"
              f"{max(each['most_passed'] for each in runs):>11}{figures('rate'):>24}{overlaps:>12}"
              f"{f'  {crowd_errors} of the crowd refused' if crowd_errors else ''}{verdict(row, proxy, runs)}", flush=True)


def run_rows(field, build, names, rounds, seconds):
    """All rows, or those named: the proxies of a row by turns, in another order each round. Returns all figures."""
    server = OneSlot(os.path.join(build, "one_slot"), field.other_core, field.path("one_slot.err"))
    figures = {}
    try:
        for row in ROWS:
            if names and row.name not in names:
                continue
            runs = {proxy.title: [] for proxy in row.proxies}
            for number in range(rounds):
                turn = number % len(row.proxies)
                for proxy in row.proxies[turn:] + row.proxies[:turn]:
                    runs[proxy.title].append(run(field, os.path.join(build, "crowd"), server, row, proxy, seconds))
            show(row, [(proxy, runs[proxy.title]) for proxy in row.proxies])
            figures[row.name] = runs
    finally:
        server.end()
    return figures
