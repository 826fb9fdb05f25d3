"""A new branch by certs/README.md: its commands as they stand there, with this machine's places in them."""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

from harness import SANITIZER, SOURCE, Story, certificates, config, program, scratch
from mserver import MServer
from texts import text

README = (SOURCE / "certs" / "README.md").read_text(encoding="utf-8")
NAME = "ucto.example.cz"
REQUEST = (b"POST http://192.168.1.5:444/xml HTTP/1.1\r\nSTW-Authorization: Basic QDo=\r\nContent-Type: text/xml\r\nHost: http://192.168.1.5:444\r\n"
           b"Content-Length: %d\r\n\r\n" % len(text("stock-request.xml"))) + text("stock-request.xml")


def written(pattern):
    """The one command of the README that begins so, without its remark."""
    found = {line.strip() for line in re.findall(rf"^{pattern}.*$|(?<=`){pattern}[^`\n]*(?=`)", README, re.M)}
    if len(found) != 1:
        raise AssertionError(f"{pattern}: {found}")
    return shlex.split(found.pop().split("  #")[0].removeprefix("sudo "))


def block(language, marker):
    return next(found for found in re.findall(rf"```{language}\n(.*?)```", README, re.S) if marker in found)


class Walk(Story):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=scratch(), prefix="walk-"))
        self.ca = self.place / "ca"
        subprocess.run([SOURCE / "certs" / "make-test-certs", certificates(), "--server", "walk", NAME, "localhost"], check=True)

    def run_written(self, pattern, *more):
        done = subprocess.run([program(), *written(pattern)[1:], *map(str, more)], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(SANITIZER.search(done.stderr))
        return done.stdout

    def company(self, said):
        """The edge with the listener of the README, and the client that `issue` told to paste."""
        listener = block("yaml", "client_ca")
        for old, new in (('"[::]:443"', '"127.0.0.1:0"'), ("/etc/ledgergate/edge.pem", certificates() / "walk.pem"), ("/etc/ledgergate/edge.key", certificates() / "walk.key"),
                         ("/var/lib/ledgergate/ca", self.ca)):
            self.assertIn(old, listener)
            listener = listener.replace(old, str(new))
        server = self.standin(MServer)
        rest = config(server, "mserver", route={"host": NAME, "clients": ["till-brno"]})
        del rest["listen"], rest["routes"][0]["access"]
        lines = [listener, "clients:", "  " + re.search(r"till-brno: \{.*\}", said)[0]]
        lines += [f"{key}: {json.dumps(value)}" for key, value in (rest | {"spool": {"directory": str(self.place)}}).items()]
        return server, self.start("\n".join(lines))

    def test_as_it_is_written(self):
        ca = ("--dir", self.ca)
        self.run_written("sudo ledgergate cert init-ca", *ca)
        said = self.run_written("sudo ledgergate cert issue", *ca)
        server, edge = self.company(said)
        pem, port = self.ca / "private/till-brno.pem", edge.ports["internet"]
        self.assertTrue((self.ca / "private/till-brno.p12").exists())

        command = written("ledgergate run --listen 192")
        self.assertEqual(command[command.index("--listen") + 1], "192.168.1.5:444")
        given = {"192.168.1.5:444": "127.0.0.1:0", f"mserver=https://{NAME}": f"mserver=https://localhost:{port}", "till-brno.pem": str(pem)}
        # (The name is not this network's. The edge hears it all the same.)
        arguments = [given.get(word, word) for word in command[2:]]
        branch = self.start(None, arguments=[*arguments, "--upstream-ca", str(certificates() / "ca.pem")])
        with branch.connect("127.0.0.1:0", tls=False) as client:
            client.send(REQUEST)
            self.assert_refused(client.reply(), 404, "no_route")  # the route is for the real name
        edge.write(edge.file.read_text().replace(f'"host": "{NAME}", ', ""))
        self.assertIn("reloaded", edge.reload())
        with branch.connect("127.0.0.1:0", tls=False) as client:
            client.send(REQUEST)
            reply = client.reply()
        self.assertEqual((reply.status, server.requests[0].body), (200, text("stock-request.xml")))
        self.assertEqual(server.requests[0].get("X-Client-Name"), b"till-brno")

        curl = [word.replace("till-brno.pem", str(pem)) for word in written("curl --cert")]
        here = ["-sS", "--cacert", str(certificates() / "ca.pem"), "--connect-to", f"{NAME}:443:127.0.0.1:{port}"]
        done = subprocess.run([*curl, *here], capture_output=True, timeout=60, check=False)
        self.assertIn(b"<mserver", done.stdout, done.stderr)
        self.php(pem, port)

        renewed = self.run_written("ledgergate cert renew", *ca)
        self.assertIn("cert revoke", renewed)
        self.assertRegex(self.run_written("ledgergate cert list", *ca), r"(?s)till-brno.*till-brno")
        done = subprocess.run([*curl, *here], capture_output=True, timeout=60, check=False)
        self.assertIn(b"<mserver", done.stdout, "the renewed one is the same client")
        self.run_written("sudo ledgergate cert revoke", *ca)
        edge.said.wait("a changed revocation list is in use")
        done = subprocess.run([*curl, *here], capture_output=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        edge.said.wait("is revoked")
        with branch.connect("127.0.0.1:0", tls=False) as client:
            client.send(REQUEST)
            reply = client.reply()
        self.assert_refused(reply, 502, "upstream_tls")
        self.assertIn(b"responsePack", reply.body)
        self.run_written("ledgergate cert server", *ca)
        self.assertIn("lg_", self.run_written("ledgergate client add", "--dir", self.place / "clients.d"))

    def php(self, pem, port):
        """The stream of the README; its curl extension is not everywhere."""
        if not shutil.which("php"):
            return
        lines = [line for line in block("php", "stream_context_create").splitlines() if line.startswith(("$context", "$socket"))]
        code = "\n".join(lines).replace("/etc/shop/till-brno.pem", str(pem)).replace(f"'peer_name' => '{NAME}'", f"'peer_name' => '{NAME}', 'cafile' => '{certificates()}/ca.pem'")
        code = code.replace(f"ssl://{NAME}:443", f"ssl://127.0.0.1:{port}")
        code += f"""fwrite($socket, "GET /status HTTP/1.1\\r\\nHost: {NAME}\\r\\nConnection: close\\r\\n\\r\\n"); echo stream_get_contents($socket);"""
        done = subprocess.run(["php", "-r", code], capture_output=True, timeout=60, check=False)
        self.assertIn(b"<mserver", done.stdout, done.stderr)
