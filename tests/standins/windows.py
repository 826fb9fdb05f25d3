#!/usr/bin/env python3
"""A server behind Windows authentication (IIS): a login belongs to the connection it was made on (RFC 4559 section 6).

NTLM in three legs (`NTLM`, a challenge, the answer to it), Negotiate in one (as with Kerberos). Whatever comes over a connection that
is logged in is that user's, with or without an Authorization. The reply's body names the connection's user.

  knobs: mute       replies do not say that they are about logins: no WWW-Authenticate on a success, no Persistent-Auth
         one_field  all challenges stand in one field
         close_on   "challenge": the connection ends behind it
         at_head    a 401 is sent before the body is read, as IIS does it
"""

import base64
import secrets

import faults
from standin import Reply, StandIn, main

SIGNATURE = b"NTLMSSP\0"


def first_leg(scheme=b"NTLM"):
    return b"Authorization: " + scheme + b" " + base64.b64encode(SIGNATURE + b"\1\0\0\0") + b"\r\n"


def last_leg(user, challenge, scheme=b"NTLM"):
    """`challenge`: the WWW-Authenticate of the first leg's reply."""
    nonce = base64.b64decode(challenge.split()[1])[12:]
    return b"Authorization: " + scheme + b" " + base64.b64encode(SIGNATURE + b"\3\0\0\0" + user.encode() + b":" + nonce) + b"\r\n"


def kerberos(user, scheme=b"Negotiate"):
    return b"Authorization: " + scheme + b" " + base64.b64encode(b"\x60" + user.encode()) + b"\r\n"


class Windows(StandIn):
    """Stand-in for a server behind Windows authentication"""

    name = "windows"

    def __init__(self, *arguments, **knobs):
        self.users = {}  # connection -> who is logged in there
        self.nonces = {}  # connection -> the challenge that waits for its answer
        self.denials = 0  # sent at the head
        self.lost = 0  # answers to a challenge that this connection never gave
        super().__init__(*arguments, **knobs)

    def known_knobs(self):
        return super().known_knobs() | {"mute", "one_field", "close_on", "at_head"}

    def exchange(self, connection, request):
        if not self.knobs.get("at_head"):
            return super().exchange(connection, request)
        reply = self.reply(request)
        if reply.status == 401:
            faults.send(None, connection, request, reply, self.knobs)
            with self.changed:
                self.denials += 1
                self.changed.notify_all()
        connection.reader.body(request)
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        if reply.status != 401:
            faults.send(None, connection, request, reply, self.knobs)
        return True

    def challenges(self):
        if self.knobs.get("one_field"):
            return [("www-authenticate", 'Basic realm="a, b", nEGOTIATE, NTLM')]
        return [("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM")]

    def denied(self, fields):
        return Reply(401, "Unauthorized", [*fields, ("Content-Type", "text/plain")], b"who are you?")

    def reply(self, request):
        scheme, _, token = request.get("Authorization", b"").partition(b" ")
        connection, told = request.connection, []
        if scheme.lower() in (b"ntlm", b"negotiate") and token:
            data = base64.b64decode(token)
            if data.startswith(SIGNATURE + b"\1"):
                self.users.pop(connection, None)
                self.nonces[connection] = secrets.token_bytes(8)
                challenge = base64.b64encode(SIGNATURE + b"\2\0\0\0" + self.nonces[connection]).decode()
                fields = [("WWW-Authenticate", f"{scheme.decode()} {challenge}")]
                if self.knobs.get("close_on") == "challenge":
                    fields.append(("Connection", "close"))
                return self.denied(fields)
            if data.startswith(SIGNATURE):
                user, _, nonce = data[12:].partition(b":")
                if self.nonces.pop(connection, None) != nonce:
                    self.lost += 1
                    return self.denied(self.challenges())
                self.users[connection] = user.decode()
                told = [("Persistent-Auth", "true")]
            else:
                self.users[connection] = data[1:].decode()
                told = [("WWW-Authenticate", f"{scheme.decode()} oUs="), ("Persistent-Auth", "true")]
        if connection not in self.users:
            return self.denied(self.challenges())
        if self.knobs.get("mute"):
            told = []
        return Reply(200, "OK", [*told, ("Content-Type", "text/plain")], self.users[connection].encode())


if __name__ == "__main__":
    main(Windows)
