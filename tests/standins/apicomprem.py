#!/usr/bin/env python3
"""A stand-in for Premier's ApiComPrem, as docs/vendors.md describes it.

POST /api/comm, JSON both ways, one accounting unit by ID-UJ. A command that comes while another of the same unit is at work cancels
that one ("the session is in the kill state"), as the document warns; the stand-in counts such overlaps.
"""

import base64
import json
import threading
import uuid

from standin import PATIENCE, Reply, StandIn, main

UNITS = {"c8175fe2-5aba-460e-a492-5da487105394", "3ce17312-8dbd-49a0-94d3-2e01b65e4173"}
KILLED = "Can not continue the execution because the session is in the kill state"

INFO = {
    "CommList": [
        {
            "INFO": {
                "ID": 100,
                "nazov": "INFO",
                "pouziva_param": True,
                "parametre": [
                    {"name": "table_name", "is_required": False, "desc": "nazov tabulky pre nacitanie struktury", "format": "S", "order": 0},
                    {"name": "prikaz", "is_required": False, "desc": "informacie o prikaze (FULL - posle vsetky)", "format": "S", "order": 0},
                ],
                "popis": "nacitanie inform.udajov",
                "typ_prikazu": "OUT",
            }
        }
    ]
}
PARTNERS = [{"ID": number, "NAZEV": name} for number, name in enumerate(["Novák a syn", "Tesla", "Škoda"], 1)]


class ApiComPrem(StandIn):
    """Premier ApiComPrem stand-in"""

    name = "apicomprem"

    def __init__(self, *arguments, **knobs):
        self.units = {}  # unit -> sequence number of the command at work
        self.sequence = 0
        self.killed = 0
        self.finished = threading.Condition()
        self.under_way = {}  # unit -> exchanges from their head until the last bytes of their reply are sent
        self.unit_overlaps = 0  # exchanges that began while another of their unit was under way
        super().__init__(*arguments, **knobs)

    def known_knobs(self):
        # work: seconds a command takes. require_auth: the vendor's own sample sends no Authorization. length: "characters" counts
        # Content-Length as some builds do. trailing_crlf: JSON followed by CRLFCRLF inside the length.
        return super().known_knobs() | {"work", "require_auth", "length", "trailing_crlf"}

    def counters(self):
        return super().counters() | {"killed_commands": self.killed, "overlapping_units": self.unit_overlaps}

    def exchange(self, connection, request):
        unit = _unit(request)
        with self.finished:
            self.under_way[unit] = self.under_way.get(unit, 0) + 1
            self.unit_overlaps += self.under_way[unit] > 1
        return super().exchange(connection, request)

    def count_out_request(self, request):
        if super().count_out_request(request):
            with self.finished:
                self.under_way[_unit(request)] -= 1

    def reply(self, request):
        if request.path.lower() != b"/api/comm":
            return Reply(404, "Not Found", [("Content-Type", "text/plain")], b"Not Found")
        if request.method != "POST":
            return Reply(405, "Method Not Allowed", [("Allow", "POST")], b"")
        authorization = request.get("Authorization")
        if authorization is None and self.knobs.get("require_auth") or authorization not in (None, _basic("gras", "gr17")):
            return Reply(401, "Unauthorized", [("WWW-Authenticate", 'Basic realm="ApiComPrem"')], b"")
        unit = _unit(request)
        if unit not in UNITS:
            return self._json(_error("", 1, "Neznama uctovna jednotka"))
        with self.finished:
            self.sequence += 1
            mine = self.sequence
            if unit in self.units:
                self.killed += 1
            self.units[unit] = mine
            self.finished.notify_all()
            if self.knobs.get("work"):
                self.finished.wait_for(lambda: self.units[unit] != mine, min(float(self.knobs["work"]), PATIENCE))
            cancelled = self.units[unit] != mine
            if not cancelled:
                del self.units[unit]
        return self._json(_error("", 3005, KILLED) if cancelled else self.command(request.body))

    def command(self, body):
        try:
            query = json.loads(body.decode("utf-8-sig"))
        except ValueError as error:
            return _error("", 900, f"Chyba JSON: {error}")
        if "select" in query:
            return {"Result": "OK", "CommandIn": query["select"], "Data": PARTNERS}
        command = query.get("command", {}) if isinstance(query.get("command"), dict) else {}
        name = command.get("inComm", "")
        if name == "INFO":
            parameters = command.get("inParam", {}).get("parameters", {})
            if "table_name" in parameters:
                failure = _error("INFO", 502, "Tabulka sa nenasla.")
                failure["Warning"] = [{"desc": f"chyba spracovanie SQL stru.tabulky [Invalid object name '{parameters['table_name']}'.]]"}]
                return failure
            return {"Result": "OK", "CommandIn": "INFO", "Data": [INFO]}
        if name == "VERZEAPI":
            return {"Result": "OK", "CommandIn": name, "Data": [{"verze": "1.0.9"}]}
        if name == "FA_OUT":
            return {"Result": "OK", "CommandIn": name, "Data": [{"INTER": 15, "CISLO": "2600001", "CENA": 1210.0}]}
        if name == "PARTNERI_ADD":
            return {"Result": "OK", "CommandIn": name, "Data": [{"INTER": 16}]}
        return _error(name, 900, f"Exception Type: System.Exception, Message: Invalid command '{name}'.")

    def _json(self, value):
        body = json.dumps(value, ensure_ascii=False)
        if self.knobs.get("trailing_crlf"):
            body += "\r\n\r\n"
        reply = Reply(200, "OK", [("Content-Type", "application/json; charset=utf-8")], body.encode())
        if self.knobs.get("length") == "characters":
            reply.no_length = True
            reply.fields.append(("Content-Length", str(len(body))))
        return reply


def _unit(request):
    """The unit as a server reads it: any spelling of one UUID is that unit."""
    said = request.get("ID-UJ", b"").decode("latin-1")
    try:
        return str(uuid.UUID(said.strip(" ()")))
    except ValueError:
        return said.lower()


def _basic(user, password):
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def _error(command, number, text):
    return {"Result": "ERR", "CommandIn": command, "Error": [{"number": number, "desc": text}]}


if __name__ == "__main__":
    main(ApiComPrem)
