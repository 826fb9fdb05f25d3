"""What all stand-ins share: sockets, threads, counters, knobs.

A stand-in is used in two ways. A test makes one in its own process (`with MServer() as server:`), turns its knobs and reads its
counters directly. The demo starts it as a program; it prints one JSON line with its ports when it is ready, and its control port
answers GET /counters and takes POST /knobs (a JSON object).
"""

import argparse
import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import faults
from message import Broken, Reader, Reply
from ports import hold

PATIENCE = 20.0  # seconds a test waits for something that has to happen


class Connection:
    """One accepted connection, in its own thread."""

    def __init__(self, standin, sock, number):
        self.standin = standin
        self.raw = sock
        self.sock = sock
        self.number = number
        self.reader = None
        self.gone = threading.Event()

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        """RST: the peer sees a broken connection, and loses what it has not read yet."""
        self.standin.count_out(self)
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        self.raw.close()

    def finish(self):
        """FIN, behind close_notify with TLS."""
        self.standin.count_out(self)
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.settimeout(2)
                self.sock = self.sock.unwrap()
            self.sock.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass
        self.cut()

    def cut(self):
        """FIN alone: with TLS that is a truncation."""
        self.standin.count_out(self)
        try:
            self.sock.close()
        except OSError:
            pass

    def wait_until_gone(self):
        """Returns when the peer has closed."""
        try:
            while self.reader.more():
                pass
        except OSError:
            pass


class StandIn:
    name = "stand-in"

    def __init__(self, host="127.0.0.1", port=0, tls=None, **knobs):
        """tls: (chain, key) or (chain, key, client CA)."""
        self.changed = threading.Condition()
        self.requests = []  # every request read whole
        self.heads = 0  # every head read
        self.connections = 0  # ever accepted
        self.open = 0
        self.max_open = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.broken = []  # what was no request
        self.knobs = {}
        self.released = threading.Event()
        self.streams = set()
        self.stopping = False
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(tls[0], tls[1])
            if len(tls) > 2:
                self.tls.verify_mode = ssl.CERT_REQUIRED
                self.tls.load_verify_locations(tls[2])
        self.turn(**knobs)
        port = hold(host, port)  # also when it has stopped: who calls then is refused
        self.listener = socket.create_server((host, port), backlog=512, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.host, self.port = self.listener.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    # knobs ---------------------------------------------------------------------------------------------------------------------

    def turn(self, **knobs):
        """Sets knobs. `fault` is one of faults.FAULTS; `times` limits it to so many requests; `delay` is seconds before the reply;
        `hold` keeps replies back until release()."""
        unknown = set(knobs) - set(self.known_knobs())
        if unknown:
            raise ValueError(f"no such knob: {', '.join(sorted(unknown))}")
        if knobs.get("fault") and knobs["fault"] not in faults.FAULTS:
            raise ValueError(f"no such fault: {knobs['fault']}")
        with self.changed:
            self.knobs.update(knobs)
            if knobs.get("hold"):
                self.released.clear()

    def known_knobs(self):
        return {"fault", "times", "delay", "hold", "bytes"}

    def release(self):
        with self.changed:
            self.knobs["hold"] = False
            self.released.set()
            self.changed.notify_all()

    def take_fault(self):
        with self.changed:
            fault = self.knobs.get("fault")
            times = self.knobs.get("times")
            if not fault or times == 0:
                return None
            if times:
                self.knobs["times"] = times - 1
            return fault

    # what a test asks ----------------------------------------------------------------------------------------------------------

    def wait(self, what, condition):
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE):
                raise AssertionError(f"{self.name}: {what} did not happen within {PATIENCE:g} s: {self.counters()}")

    def wait_for_heads(self, count):
        self.wait(f"request head {count}", lambda: self.heads >= count)

    def wait_for_requests(self, count):
        self.wait(f"request {count}", lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    def wait_for_no_connection(self):
        self.wait("closing of all connections", lambda: self.open == 0)

    def counters(self):
        return {
            "requests": len(self.requests),
            "heads": self.heads,
            "connections": self.connections,
            "open_connections": self.open,
            "overlapping_connections": max(0, self.max_open - 1),
            "overlapping_requests": max(0, self.max_in_flight - 1),
            "broken": list(self.broken),
        }

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def authority(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    # life ----------------------------------------------------------------------------------------------------------------------

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping = True
        self.release()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop_connections()

    def stop_listening(self):
        """From here on connections are refused; those that are open go on."""
        self.stopping = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def drop_connections(self):
        for connection in list(self.streams):
            try:
                connection.raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while not self.stopping:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.connections += 1
                connection = Connection(self, sock, self.connections)
                self.streams.add(connection)
                self.open += 1
                self.max_open = max(self.max_open, self.open)
                self.changed.notify_all()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection.raw = connection.sock.dup()  # stays valid for shutdown() while TLS owns the other one
                connection.sock.settimeout(PATIENCE)
                connection.sock = self.tls.wrap_socket(connection.sock, server_side=True)
                connection.sock.settimeout(None)
            connection.reader = Reader(connection.sock)
            self.serve(connection)
        except Broken as error:
            with self.changed:
                self.broken.append(str(error))
        except (OSError, ValueError):
            pass  # the peer went away: what many tests want it to do
        finally:
            connection.cut()
            if connection.raw is not connection.sock:
                connection.raw.close()
            connection.gone.set()

    def count_out(self, connection):
        """Before its end is sent: whoever waits for that may open the next connection at once, and that is no overlap."""
        with self.changed:
            if connection in self.streams:
                self.streams.discard(connection)
                self.open -= 1
                self.changed.notify_all()

    def serve(self, connection):
        """Requests off one connection until it ends. Sub-classes answer them in reply()."""
        while True:
            request = connection.reader.head()
            if request is None:
                return
            request.connection = connection.number
            request.in_flight = True
            with self.changed:
                self.heads += 1
                self.in_flight += 1
                self.max_in_flight = max(self.max_in_flight, self.in_flight)
                self.changed.notify_all()
            try:
                if not self.exchange(connection, request):
                    return
            finally:
                self.count_out_request(request)

    def count_out_request(self, request):
        """Before the last bytes of its reply are sent: whoever reads them may send the next request at once, and that is no overlap.
        Returns whether it was counted until now."""
        with self.changed:
            counted, request.in_flight = request.in_flight, False
            self.in_flight -= counted
            self.changed.notify_all()
        return counted

    def exchange(self, connection, request):
        """One request and its reply; whether the connection can go on."""
        aside = self.aside(request)
        fault = None if aside else self.take_fault()
        if fault in faults.BEFORE_BODY:
            return faults.before_body(fault, connection, request)
        connection.reader.body(request)
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        with self.answering(request):
            if self.knobs.get("hold") and not aside:
                self.released.wait(PATIENCE)
            if self.knobs.get("delay") and not aside:
                # A stand-in for work that takes time; tests do not wait by it, they hold() and release().
                connection.gone.wait(float(self.knobs["delay"]))
            reply = self.reply(request)
        whole = faults.send(fault, connection, request, reply, self.knobs)
        return whole and b"close" not in request.get("Connection", b"").lower()

    def aside(self, request):
        """Whether this is no work, so that fault, delay and hold are not meant for it."""
        return False

    def answering(self, request):
        """A context that a one-at-a-time server makes a lock of."""
        return _Nothing()

    def reply(self, request):
        raise NotImplementedError


class _Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


# as a program --------------------------------------------------------------------------------------------------------------------


def control_server(standin):
    class Control(BaseHTTPRequestHandler):
        def answer(self, value, status=200):
            body = json.dumps(value).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(standin.counters())

        def do_POST(self):
            try:
                knobs = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                standin.turn(**knobs)
                self.answer(standin.knobs)
            except (ValueError, TypeError) as error:
                self.answer({"error": str(error)}, 400)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main(kind):
    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--tls-chain")
    parser.add_argument("--tls-key")
    parser.add_argument("--client-ca", help="ask for client certificates of this CA")
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=JSON")
    options = parser.parse_args()
    tls = (options.tls_chain, options.tls_key) if options.tls_chain else None
    if tls and options.client_ca:
        tls += (options.client_ca,)
    knobs = {}
    for knob in options.knob:
        name, _, value = knob.partition("=")
        try:
            knobs[name] = json.loads(value)
        except ValueError:
            knobs[name] = value
    standin = kind(options.host, options.port, tls, **knobs)
    print(json.dumps({"name": standin.name, "port": standin.port, "control": control_server(standin)}), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    standin.stop()


__all__ = ["Connection", "PATIENCE", "Reply", "StandIn", "main"]
