"""What goes wrong before anything goes right: one clear line, the right exit code, no stack trace."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import SANITIZER, Edge, Story, certificates, config, free_port, pair, program, scratch

from mserver import MServer
from web import Web

CONFIG, RUN_TIME = 2, 1
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Starting(Story):
    def run_it(self, *arguments, **options):
        return subprocess.run([program(), *map(str, arguments)], capture_output=True, timeout=60, check=False, text=True, **options)

    def file(self, settings):
        path = pathlib.Path(tempfile.mkdtemp(dir=scratch())) / "edge.yaml"
        if isinstance(settings, dict):
            settings = json.dumps(settings, indent=1)
        path.write_text(settings, encoding="utf-8")
        return path

    def fails(self, code, words, *arguments, **options):
        done = self.run_it(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, words)
        self.assertNotRegex(done.stderr, r"terminate called|what\(\)|#0 |core dumped|Aborted")
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        return done.stderr

    def fails_both(self, code, words, settings):
        path = self.file(settings)
        self.fails(code, words, "check", "-c", path)
        return self.fails(code, words, "run", "-c", path)


class Words(Starting):
    def test_a_mistyped_command_gets_a_suggestion(self):
        for words, meant in ((("chek",), "check"), (("rnu", "-c", "x"), "run"), (("cert", "isue", "till"), "issue"), (("client", "disabel"), "disable"), (("certs",), "cert")):
            self.fails(CONFIG, f"{words[0] if len(words) == 1 or meant == 'run' else words[1]}.*did you mean `{meant}`", *words)

    def test_a_word_that_is_like_none_gets_the_list(self):
        for words, meant in (
            (("check", "--confg", "a"), "unknown option `--confg`.*`--config`"),
            (("check", "--confg=a"), "unknown option `--confg`.*`--config`"),
            (("run", "--lsten", "127.0.0.1:1"), "unknown option `--lsten`.*`--listen`"),
            (("unban", "--acount", "eshop"), "unknown option `--acount`.*`--account`"),
            (("cert", "issue", "--day=3"), "unknown option `--day`.*`--days`"),
            (("--versoin",), "unknown option `--versoin`.*`--version`"),
        ):
            with self.subTest(words=words):
                self.fails(CONFIG, meant, *words)
        self.fails(CONFIG, "unknown command `frobnicate`.*--help", "frobnicate")


class Settings(Starting):
    def test_good_settings(self):
        done = self.run_it("check", "-c", self.file(config("http://127.0.0.1:1")))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_file(self):
        self.fails(CONFIG, "not-there.yaml", "run", "-c", "not-there.yaml")
        self.fails(CONFIG, "not-there.yaml", "check", "-c", "not-there.yaml")

    def test_an_unknown_key_has_its_place_and_a_hint(self):
        settings = "listen:\n  - { name: lan, adress: '127.0.0.1:0', tls: off }\nservers: {}\nroutes: []\n"
        self.fails_both(CONFIG, r"edge\.yaml:2:\d+: .*adress.*did you mean .address", settings)

    def test_all_mistakes_at_once(self):
        settings = config("http://127.0.0.1:1")
        settings["limits"] = {"head": "many"}
        settings["routes"][0]["sever"] = "x"
        settings["trusted_proxies"] = ["10.0.0.0/33"]
        said = self.fails_both(CONFIG, "head", settings)
        for word in ("sever", "10.0.0.0/33"):
            self.assertIn(word, said)

    def test_no_yaml_at_all(self):
        for garbage in ("{ ] [", "\tlisten: 1", "\x00\x01", "- a\n- b", "", "42"):
            self.fails(CONFIG, r"edge\.yaml", "run", "-c", self.file(garbage))

    def test_a_route_without_access_is_refused(self):
        settings = config("http://127.0.0.1:1")
        del settings["routes"][0]["access"]
        self.fails_both(CONFIG, "access|clients", settings)

    def test_a_lock_that_this_version_does_not_have_is_refused(self):
        settings = config("http://127.0.0.1:1")
        settings["routes"][0]["clients"] = ["till"]
        self.fails_both(CONFIG, "clients", settings)

    def test_a_repeated_key(self):
        self.fails_both(CONFIG, "workers", "workers: 1\nworkers: 2\nlisten: []\nservers: {}\nroutes: []\n")

    def test_a_directory_for_a_file(self):
        self.fails(CONFIG, r"\S", "run", "-c", "/")


class Certificates(Starting):
    def listener(self, chain, key):
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": str(chain), "key": str(key)}]}]
        return config("http://127.0.0.1:1", listen=listen)

    def test_a_key_that_does_not_match(self):
        settings = self.listener(certificates() / "server-ecdsa.pem", certificates() / "mismatch.key")
        self.fails(CONFIG, r"mismatch\.key|server-ecdsa\.pem", "run", "-c", self.file(settings))

    def test_no_certificate_in_the_file(self):
        settings = self.listener(certificates() / "server-ecdsa.key", certificates() / "server-ecdsa.key")
        self.fails(CONFIG, r"server-ecdsa\.key", "run", "-c", self.file(settings))

    def test_no_key_in_the_file(self):
        settings = self.listener(certificates() / "server-ecdsa.pem", certificates() / "server-ecdsa.pem")
        self.fails(CONFIG, r"server-ecdsa\.pem", "run", "-c", self.file(settings))

    def test_no_listener_left(self):
        """One listener, its certificate missing: there is nothing to run for."""
        settings = self.listener(certificates() / "not-there.pem", certificates() / "not-there.key")
        self.fails(CONFIG, r"not-there", "run", "-c", self.file(settings))

    def test_a_key_that_may_not_be_read(self):
        if os.geteuid() == 0:
            # Root reads everything: run the program as somebody else.
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        else:
            options = {}
        directory = pathlib.Path(tempfile.mkdtemp(dir=tempfile.gettempdir(), prefix="ledgergate-unreadable-"))
        try:
            directory.chmod(0o755)
            for name in ("server-ecdsa.pem", "server-ecdsa.key"):
                (directory / name).write_bytes((certificates() / name).read_bytes())
            (directory / "server-ecdsa.key").chmod(0 if not options else 0o600)
            settings = self.listener(directory / "server-ecdsa.pem", directory / "server-ecdsa.key")
            (directory / "edge.yaml").write_text(json.dumps(settings))
            (directory / "edge.yaml").chmod(0o644)
            binary = directory / "ledgergate"
            binary.write_bytes(pathlib.Path(program()).read_bytes())
            binary.chmod(0o755)
            done = subprocess.run(
                [binary, "run", "-c", directory / "edge.yaml"], capture_output=True, timeout=60, check=False, text=True, **options
            )
            self.assertIn(done.returncode, (CONFIG, RUN_TIME), done.stderr)
            self.assertRegex(done.stderr, r"server-ecdsa\.key.*[Pp]ermission|[Pp]ermission.*server-ecdsa\.key")
        finally:
            shutil.rmtree(directory)


class OneJudge(Starting):
    """`check`, the start and a reload say the same of the same settings."""

    def says(self, code, words, settings, running):
        path = self.file(settings)
        done = self.run_it("check", "-c", path)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, words)
        mark = len(running.said.lines)
        self.assertIn("reloaded" if code == 0 else "refused", running.reload(settings))
        running.said.wait(words, mark)
        if code:
            return self.fails(code, words, "run", "-c", path)
        edge = Edge(settings)
        self.addCleanup(edge.stop)
        edge.said.wait(words)
        return edge

    def settings(self, **log):
        place = pathlib.Path(tempfile.mkdtemp(dir=scratch()))
        for end in ("pem", "key"):
            shutil.copy(certificates() / f"server-ecdsa.{end}", place / f"edge.{end}")
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": str(place / "edge.pem"), "key": str(place / "edge.key")}]},
                  {"name": "web", "address": "127.0.0.1:0", "redirect": "https", "acme_webroot": str(place)}]
        return place, config(self.standin(Web), listen=listen, **log)

    def test_a_pair_of_which_one_name_is_wrong(self):
        place, settings = self.settings()
        running = self.start(settings)
        for key in ("chain", "key"):
            with self.subTest(key):
                wrong = json.loads(json.dumps(settings))
                wrong["listen"][0]["certificates"][0][key] = str(place / "egde.pem")
                self.says(CONFIG, "egde.pem", wrong, running)
        self.assertEqual(running.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200)

    def test_a_pair_that_does_not_exist_yet(self):
        place, settings = self.settings()
        running = self.start(settings)
        later = json.loads(json.dumps(settings))
        later["listen"][0]["certificates"] = [{"chain": str(place / "later.pem"), "key": str(place / "later.key")}]
        edge = self.says(0, "later.pem", later, running)
        self.assertNotIn("internet", edge.ports)
        running.said.wait("the listener goes on with the certificates it has")
        self.assertEqual(running.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200, "what serves goes on")
        for end in ("pem", "key"):
            shutil.copy(certificates() / f"server-rsa.{end}", place / f"later.{end}")
        self.assertIn("reloaded", edge.reload())
        edge.said.wait("listening internet")

    def test_an_access_log_that_can_not_be_opened(self):
        place, settings = self.settings()
        running = self.start(settings)
        (place / "directory").mkdir()
        os.mkfifo(place / "fifo")
        for name, words in (("missing/access.log", "missing.* does not exist"), ("directory", "is a directory"), ("fifo", "can't open the access log .*fifo")):
            with self.subTest(name):
                self.says(CONFIG, words, settings | {"log": {"access": str(place / name)}}, running)
        there = place / "access.log"
        path = self.file(settings | {"log": {"access": str(there)}})
        self.assertEqual(self.run_it("check", "-c", path).returncode, 0)
        self.assertFalse(there.exists(), "`check` makes no file, which could be another user's")
        (place / "link").symlink_to("access.log")
        path = self.file(settings | {"log": {"access": str(place / "link")}})
        self.assertEqual(self.run_it("check", "-c", path).returncode, 0)


class Ports(Starting):
    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            listen = [{"name": "lan", "address": f"127.0.0.1:{port}", "tls": "off"}]
            self.fails(RUN_TIME, rf"{port}.*(in use|taken)", "run", "-c", self.file(config("http://127.0.0.1:1", listen=listen)))

    def test_a_second_edge_on_the_same_port(self):
        """SO_REUSEPORT would let it in; half the callers would meet the wrong one."""
        server = self.standin(Web)
        first = self.start(config(server))
        port = first.ports["lan"]
        listen = [{"name": "lan", "address": f"127.0.0.1:{port}", "tls": "off"}]
        self.fails(RUN_TIME, rf"{port}", "run", "-c", self.file(config("http://127.0.0.1:1", listen=listen)))
        self.assertEqual(first.ask(ASK, "lan").status, 200)

    def test_a_restart_on_the_same_port(self):
        server = self.standin(Web)
        listen = [{"name": "lan", "address": f"127.0.0.1:{free_port()}", "tls": "off"}]
        settings = config(server, listen=listen)
        for _ in range(3):
            edge = Edge(settings)
            with edge.connect("lan") as client:
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)
            edge.stop()

    def test_an_address_that_is_not_ours(self):
        listen = [{"name": "lan", "address": "192.0.2.1:8080", "tls": "off"}]
        self.fails(RUN_TIME, "192.0.2.1", "run", "-c", self.file(config("http://127.0.0.1:1", listen=listen)))

    def test_kill_9_leaves_nothing_in_the_way(self):
        server = self.standin(Web)
        listen = [{"name": "lan", "address": f"127.0.0.1:{free_port()}", "tls": "off"}]
        edge = Edge(config(server, listen=listen))
        self.assertEqual(edge.ask(ASK, "lan").status, 200)
        edge.process.kill()
        edge.process.wait()
        edge.process.stdout.close()
        edge.process.stderr.close()
        again = self.start(config(server, listen=listen))
        self.assertEqual(again.ask(ASK, "lan").status, 200)


class CommandLine(Starting):
    def test_no_file_at_all(self):
        server = self.standin(MServer)
        port = free_port()
        arguments = ["--to", f"mserver={server.url}", "--listen", f"127.0.0.1:{port}", "--cert", pair("server-ecdsa")["chain"]]
        edge = Edge(arguments=[*arguments, "--key", pair("server-ecdsa")["key"]])
        self.addCleanup(edge.stop)
        edge.ports["internet"] = port
        self.assertEqual(edge.ask(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200)
        self.assertEqual(edge.ask(b"GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404)

    def test_open_to_everybody_must_be_said(self):
        self.fails(CONFIG, "--anonymous", "run", "--to", "http://127.0.0.1:1", "--listen", f":{free_port()}")

    def test_open_to_everybody_when_said(self):
        server = self.standin(Web)
        port = free_port()
        edge = Edge(arguments=["--to", server.url, "--listen", f":{port}", "--anonymous"])
        self.addCleanup(edge.stop)
        edge.ports["lan"] = port
        self.assertEqual(edge.ask(ASK, "lan").status, 200)

    def test_a_certificate_without_its_key(self):
        self.fails(CONFIG, "key", "run", "--to", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--cert", pair("server-ecdsa")["chain"])

    def test_nothing_to_do(self):
        # `run` alone reads what is installed on this machine: nothing may be there.
        launcher = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /etc/ledgergate && exec "$@"', "sh"] if os.path.exists("/etc/ledgergate") else []
        done = subprocess.run([*launcher, program(), "run"], capture_output=True, timeout=60, check=False, text=True)
        self.assertEqual(done.returncode, CONFIG, done.stderr)
        self.assertIn("/etc/ledgergate/ledgergate.yaml", done.stderr)
        self.fails(CONFIG, r"\S", "frobnicate")
        self.fails(CONFIG, r"\S", "run", "--no-such-flag")

    def test_help_and_version(self):
        for flag in ("--help", "--version"):
            done = self.run_it(flag)
            self.assertEqual(done.returncode, 0)
            self.assertIn("edgergate" if flag == "--help" else ".", done.stdout)


if __name__ == "__main__":
    unittest.main()
