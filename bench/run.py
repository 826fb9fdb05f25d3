#!/usr/bin/env python3
"""Ledgergate beside nginx and HAProxy. Start it by scripts/bench; README.md says how to read the result."""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import many
import syscalls
import turns
from loads import SCENARIOS, Generator
from processes import Failed
from servers import Field, missing_programs

PROXIES = ["nginx", "haproxy", "ledgergate"]
GIB = 1 << 30


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Ledgergate beside nginx and HAProxy as HTTPS reverse proxies.")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement: two rounds of one second, of turns one of five")
    parser.add_argument("--rounds", type=int, metavar="N", help="runs of each proxy in a scenario (5; of turns 3)")
    parser.add_argument("--seconds", type=int, metavar="N", help="length of a run (3; of turns 20)")
    parser.add_argument("--scenario", action="append", choices=[s.name for s in SCENARIOS], help="only this one; may be repeated")
    parser.add_argument("--tls", choices=["1.3", "1.2"], default="1.3", help="protocol version (1.3)")
    parser.add_argument("--syscalls", action="store_true", help="count system calls per request by strace; no times")
    parser.add_argument("--turns", nargs="*", choices=[row.name for row in turns.ROWS], metavar="ROW",
                        help="a till beside a crowd at a one-slot server; all rows, or those of: " + ", ".join(row.name for row in turns.ROWS))
    parser.add_argument("--many", nargs="*", choices=[row.name for row in many.ROWS], metavar="ROW",
                        help="thousands of connections that idle or drip, and a load beside them; all rows, or those of: "
                        + ", ".join(row.name for row in many.ROWS))
    parser.add_argument("--requests", type=int, default=20_000, metavar="N", help="requests for --syscalls (20000)")
    parser.add_argument("--json", metavar="FILE", help="write all figures of all runs to FILE")
    parser.add_argument("--ledgergate", required=True, metavar="FILE", help="the program to measure")
    parser.add_argument("--programs", required=True, metavar="DIRECTORY", help="where client, crowd, many and one_slot are")
    chosen = parser.parse_args()
    quick, usual = ((1, 5), (3, 20)) if chosen.turns is not None else ((2, 1), (5, 3))
    rounds, seconds = quick if chosen.quick else usual
    chosen.rounds = rounds if chosen.rounds is None else chosen.rounds
    chosen.seconds = seconds if chosen.seconds is None else chosen.seconds
    if min(chosen.rounds, chosen.seconds, chosen.requests) < 1:
        parser.error("numbers start at 1")
    return chosen


def make_certificate(directory):
    """ECDSA P-256, for this run only."""
    key, chain = os.path.join(directory, "key.pem"), os.path.join(directory, "chain.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", chain], check=True, capture_output=True)
    with open(os.path.join(directory, "both.pem"), "w", encoding="ascii") as both:
        for name in (chain, key):
            with open(name, encoding="ascii") as part:
                both.write(part.read())


def measure(generator, scenario, program, seconds):
    before = program.cpu_seconds()
    counts = generator.run(scenario, program.port, seconds)
    cpu = program.cpu_seconds() - before
    counts["cpu_seconds"] = cpu
    counts["rate"] = counts["requests"] / counts["seconds"]
    counts["cpu"] = cpu / (counts["bytes"] / GIB) if scenario.bulk else cpu / counts["requests"] * 1e6
    return counts


def start_all(field, generator, logging):
    programs = {}
    try:
        for name in PROXIES:
            programs[name] = field.start(name, logging)
            generator.check_cipher(programs[name])
    except BaseException:
        end_all(programs)
        raise
    return programs


def end_all(programs):
    for program in programs.values():
        program.end()


def run_scenario(field, generator, scenario, rounds, seconds):
    """One list of runs for each proxy. Runs are short and alternate, in another order each round, so that what else the machine does
    meets all of them alike."""
    runs = {name: [] for name in PROXIES}
    programs = start_all(field, generator, scenario.logging)
    try:
        for program in programs.values():
            generator.run(scenario, program.port, 1)  # warm-up
        for number in range(rounds):
            turn = number % len(PROXIES)
            for name in PROXIES[turn:] + PROXIES[:turn]:
                runs[name].append(measure(generator, scenario, programs[name], seconds))
    finally:
        end_all(programs)
    if scenario.logging:
        silent = [name for name in PROXIES if field.log_size(name) == 0]
        if silent:
            raise Failed(f"no access log was written by {', '.join(silent)}")
    return runs


def ratio(runs, name, key):
    """Median, least and largest of the proxy's figure against nginx's in the same round."""
    ratios = [own[key] / base[key] for own, base in zip(runs[name], runs["nginx"])]
    return statistics.median(ratios), min(ratios), max(ratios)


def show(scenario, runs):
    unit = "CPU s/GiB" if scenario.bulk else "CPU µs/req"
    print(f"\n{scenario.name}: {scenario.title}")
    print(f"{'':14}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}{unit:>13}{'CPU / nginx':>24}{'req/s / nginx':>16}")
    for name in PROXIES:
        def middle(key, own=runs[name]):
            return statistics.median(run[key] for run in own)
        cpu, least, most = ratio(runs, name, "cpu")
        rate = ratio(runs, name, "rate")[0]
        errors = sum(run["errors"] for run in runs[name])
        resumed = f"   {min(run['resumed_share'] for run in runs[name]):.2%} resumed" if scenario.mode == "resume" else ""
        print(f"  {name:12}{middle('rate'):10.1f}{middle('p50') / 1000:10.3f}{middle('p99') / 1000:10.3f}{middle('cpu'):13.3f}"
              f"{f'{cpu:.3f} ({least:.3f}-{most:.3f})':>24}{rate:16.3f}" + resumed + (f"   {errors} errors" if errors else ""), flush=True)


def count_calls(field, generator, requests):
    counted = {}
    programs = start_all(field, generator, False)
    try:
        for name, program in programs.items():
            generator.run(SCENARIOS[0], program.port, syscalls.WARM_UP)
            counted[name] = syscalls.count(generator, program, requests)
    finally:
        end_all(programs)
    print("\nSystem calls per kept-alive GET")
    print("\n".join(syscalls.table(counted)))
    return counted


def cores():
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed("two cores are needed: one for the proxy, one for the load and the upstream")
    return allowed[0], allowed[1]


def bench(chosen, directory):
    core, other = cores()
    os.chmod(directory, 0o755)  # HAProxy and nginx may change to another user
    make_certificate(directory)
    field = Field(directory, os.path.abspath(chosen.ledgergate), core, other)
    results = {"tls": chosen.tls, "rounds": chosen.rounds, "seconds": chosen.seconds, "scenarios": {}}
    try:
        generator = Generator(field, os.path.join(chosen.programs, "client"), chosen.tls)
        print(f"proxy on core {core}, load and upstream on core {other}, TLS {chosen.tls}", flush=True)
        if chosen.turns is not None:
            print(f"medians (least-most) of {chosen.rounds} rounds of {chosen.seconds} s; load average before {os.getloadavg()[0]:.1f}")
            results["turns"] = turns.run_rows(field, chosen.programs, chosen.turns, chosen.rounds, chosen.seconds)
        elif chosen.many is not None:
            results["many"] = many.run_rows(field, generator, os.path.join(chosen.programs, "many"), chosen.many, PROXIES, chosen.seconds)
        elif chosen.syscalls:
            results["syscalls"] = count_calls(field, generator, chosen.requests)
        else:
            print(f"medians of {chosen.rounds} rounds of {chosen.seconds} s; ratios: median (least-largest) of the rounds")
            for scenario in SCENARIOS:
                if not chosen.scenario or scenario.name in chosen.scenario:
                    runs = run_scenario(field, generator, scenario, chosen.rounds, chosen.seconds)
                    show(scenario, runs)
                    results["scenarios"][scenario.name] = {
                        name: {"runs": runs[name], "cpu_ratio": ratio(runs, name, "cpu")[0], "rate_ratio": ratio(runs, name, "rate")[0]}
                        for name in PROXIES}
    finally:
        field.end()
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
            out.write("\n")


def main():
    chosen = options()
    for ending in (signal.SIGINT, signal.SIGTERM):  # as an exception, so that everything that was started is ended on the way out
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    missing = missing_programs()
    try:
        if missing:
            raise Failed(f"not installed: {', '.join(missing)} (scripts/packages bench)")
        with tempfile.TemporaryDirectory(prefix="ledgergate-bench-") as directory:
            bench(chosen, directory)
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
