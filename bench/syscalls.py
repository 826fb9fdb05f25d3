"""System calls per request: strace counts those of a proxy while an exact number of requests runs over open connections."""
import re
import signal
import subprocess

from loads import CONNECTIONS
from processes import Failed

WARM_UP = 2  # seconds of wrk before: pools and buffers have grown


def _expect(process, word):
    line = process.stdout.readline()
    if line.strip() != word:
        raise Failed(f"the client said {line.strip()!r} in place of {word!r}: {process.stderr.read().strip()}")


def _go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def _end(process):
    if process.poll() is None:
        process.terminate()
        process.wait()


def count(generator, program, requests):
    """Calls per request by name. The connections are open before strace attaches and close after it has gone."""
    requests -= requests % CONNECTIONS
    result = generator.field.path("strace")
    client = generator.start(generator.command(generator.client, "counted", program.port, requests, CONNECTIONS))
    strace = None
    try:
        _expect(client, "ready")
        targets = [word for pid in program.pids for word in ("-p", str(pid))]
        strace = subprocess.Popen(generator.command("strace", "-c", "-f", "-U", "calls,name", "-o", result, *targets), stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, start_new_session=True)
        for _ in program.pids:
            line = strace.stderr.readline()
            if "attached" not in line:
                raise Failed(f"strace can't attach to {program.name} (root may be needed): {line.strip()}")
        _go_on(client)
        _expect(client, "done")
        strace.send_signal(signal.SIGINT)  # it detaches and writes its table
        strace.communicate()
        _go_on(client)
        client.communicate()
    finally:
        for process in filter(None, (strace, client)):
            _end(process)
    with open(result, encoding="ascii") as table:
        rows = re.findall(r"^\s*(\d+)\s+(\w+)\s*$", table.read(), re.MULTILINE)
    return {name: int(calls) / requests for calls, name in rows if name != "total"}


def table(counted):
    """Lines to print: a row a call, a column a proxy."""
    names = sorted({"epoll_ctl"}.union(*counted.values()), key=lambda name: -max(calls.get(name, 0) for calls in counted.values()))
    lines = [f"{'':24}" + "".join(f"{proxy:>12}" for proxy in counted)]
    totals = {proxy: sum(calls.values()) for proxy, calls in counted.items()}
    lines.append(f"  {'all':22}" + "".join(f"{totals[proxy]:12.3f}" for proxy in counted))
    for name in names:
        values = [calls.get(name, 0.0) for calls in counted.values()]
        if max(values) >= 0.005 or name == "epoll_ctl":
            lines.append(f"  {name:22}" + "".join(f"{value:12.3f}" for value in values))
    return lines
