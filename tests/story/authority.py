"""A certificate authority of a test's own, by the openssl program: what it issues, badly issued ones too, and what it revokes."""

import datetime
import pathlib
import subprocess
import tempfile

from harness import scratch

CONFIG = """
[ca]
default_ca = here
[here]
dir = .
database = index
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
default_crl_days = 30
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
"""


def _date(moment):
    return moment.strftime("%Y%m%d%H%M%SZ")


class Authority:
    def __init__(self, name="Branches", parent=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="authority-", dir=scratch()))
        self.parent = parent
        (self.directory / "index").touch()
        (self.directory / "serial").write_text("1000\n")
        (self.directory / "crlnumber").write_text("01\n")
        self.write(CONFIG)
        self.key("ca")
        extensions = "basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n"
        if parent is None:
            self.write(CONFIG + f"[x]\n{extensions}")
            self.run("req", "-x509", "-new", "-key", "ca.key", "-days", "30", "-subj", f"/CN={name}", "-extensions", "x", "-out", "ca.pem")
        else:
            self.run("req", "-new", "-key", "ca.key", "-subj", f"/CN={name}", "-out", "request")
            parent.sign(self.directory / "request", self.directory / "ca.pem", extensions)
        self.chain = (self.directory / "ca.pem").read_text() + (parent.chain if parent else "")
        self.file = self.directory / "ca.pem"

    def write(self, config):
        (self.directory / "config").write_text(config)

    def run(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments), *(["-config", "config"] if arguments[0] in ("req", "ca") else [])],
                              cwd=self.directory, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"openssl {arguments}: {done.stderr}")
        return done.stdout

    def key(self, name):
        self.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")

    def sign(self, request, out, extensions, start=None, end=None):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.write(CONFIG + f"[x]\n{extensions}\nauthorityKeyIdentifier = keyid\n")
        self.run("ca", "-batch", "-notext", "-extensions", "x", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", request, "-out", out,
                 "-startdate", _date(start or now - datetime.timedelta(hours=1)), "-enddate", _date(end or now + datetime.timedelta(days=20)))

    def issue(self, name, san=None, usage="clientAuth", **dates):
        """(certificate, key): the certificate's file also holds the issuers below the root."""
        self.key(name)
        self.run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.request")
        extensions = f"basicConstraints = CA:false\nextendedKeyUsage = {usage}\nsubjectKeyIdentifier = hash\nsubjectAltName = {san or 'DNS:' + name + '.branch.test'}"
        self.sign(f"{name}.request", f"{name}.leaf", extensions, **dates)
        chain = (self.directory / f"{name}.leaf").read_text()
        if self.parent:
            chain += self.file.read_text()
        (self.directory / f"{name}.pem").write_text(chain)
        return self.directory / f"{name}.pem", self.directory / f"{name}.key"

    def revoke(self, *names, until=None, extensions=""):
        """The revocation list with these (certificates of its own, or CAs below it) on it, and with these lines of extensions; written in one step, as whoever replaces a file that is in use should."""
        self.write(CONFIG + f"[x]\n{extensions}\n")
        for name in names:
            file = name.file if isinstance(name, Authority) else f"{name}.leaf"
            self.run("ca", "-cert", "ca.pem", "-keyfile", "ca.key", "-revoke", file)
        dates = ["-crl_lastupdate", _date(until - datetime.timedelta(days=1)), "-crl_nextupdate", _date(until)] if until else []
        self.run("ca", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key", "-out", "crl.new", *dates,
                 *(["-crlexts", "x"] if extensions else []))
        (self.directory / "crl.new").rename(self.directory / "crl.pem")
        return self.directory / "crl.pem"
