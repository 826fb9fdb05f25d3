"""Many connections that idle, or drip, and a good load beside them: what does each cost, and does the load notice?"""
import dataclasses
import json
import re
import subprocess
import time

from loads import SCENARIOS
from processes import Failed

KIB = 1024
GET = SCENARIOS[0]


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    mode: str  # of the program `many`
    count: int
    lasts: int  # seconds until all who drip are to be cut off; 0: they are not


ROWS = [
    Row("idle", "5,000 idle TLS connections", "idle", 5000, 0),
    Row("uploads", "1,000 bodies that drip a byte a second", "upload", 1000, 45),
    Row("readers", "1,000 readers of a byte a second", "read", 1000, 75),
]


def resident(pids):
    """Bytes, shared pages by their part."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            total += int(re.search(r"^Pss:\s+(\d+) kB", rollup.read(), re.M)[1]) * KIB
    return total


def run(field, generator, many, row, name, seconds):
    """One proxy, alone with the upstream."""
    program = field.start(name, False)
    try:
        generator.run(GET, program.port, 1)  # warm-up
        alone = generator.run(GET, program.port, seconds)
        before = resident(program.pids)
        crowd = generator.start(generator.command(many, program.port, row.count, row.mode))
        try:
            began = json.loads(crowd.stdout.readline() or "{}")
            opened = time.monotonic()
            if began.get("open") != row.count:
                raise Failed(f"{name}: only {began.get('open')} of {row.count} connections came to be")
            grown = resident(program.pids) - before
            beside = generator.run(GET, program.port, seconds)
            time.sleep(max(0.0, row.lasts - (time.monotonic() - opened)))
            out, err = crowd.communicate("")
            if crowd.returncode != 0:
                raise Failed(f"many: {err}")
        finally:
            if crowd.poll() is None:
                crowd.kill()
                crowd.wait()
        ended = json.loads(out.splitlines()[-1])
        return {"alone": alone, "beside": beside, "kib_each": grown / row.count / KIB, **ended}
    finally:
        program.end()


def show(row, results):
    print(f"\n{row.name}: {row.title}, and {GET.title}")
    print(f"{'':14}{'KiB each':>10}{'req/s alone':>14}{'beside':>10}{'ratio':>8}{'p99 ms alone':>15}{'beside':>9}{'errors':>8}{'left':>7}{'last cut, s':>13}")
    for name, each in results.items():
        alone, beside = each["alone"], each["beside"]
        rates = [run["requests"] / run["seconds"] for run in (alone, beside)]
        print(f"  {name:12}{each['kib_each']:10.1f}{rates[0]:14.1f}{rates[1]:10.1f}{rates[1] / rates[0]:8.2f}{alone['p99'] / 1000:15.2f}"
              f"{beside['p99'] / 1000:9.2f}{beside['errors']:8}{each['left']:7}{each['seconds']:13.1f}", flush=True)


def run_rows(field, generator, many, names, proxies, seconds):
    figures = {}
    for row in ROWS:
        if names and row.name not in names:
            continue
        figures[row.name] = {name: run(field, generator, many, row, name, seconds) for name in proxies}
        show(row, figures[row.name])
    return figures
