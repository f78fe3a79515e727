"""A peer of duet/2 as far as its first step: it offers keys and takes every key message. STAGES.md has what comes next."""

import http.client
import json
import os
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

# Whoever starts this peer gives all four: python3 peer.py PORT PEER CURVE STATE
if len(sys.argv) != 5:
    sys.exit("Usage: python3 peer.py PORT PEER CURVE STATE")
PORT, PEER, CURVE, STATE = int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
if CURVE != "X25519":
    sys.exit(f"This peer knows X25519 and not {CURVE!r}.")

BASE_POINT = bytes([9]) + bytes(31)
TIMEOUT_S = 5
MAX_ANSWER_BYTES = 16 * 1024

app = Flask(__name__, static_folder=None)


class Refusal(Exception):
    """What a request is refused with, by a code of the specification: raise Refusal("bad_point")."""

    def __init__(self, code, status=400):
        super().__init__(code)
        self.code = code
        self.status = status


def public_bytes(key):
    """The 32 bytes of its public key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def load_identity():
    """The private key of the identity: the one in STATE, or a new one, which is kept there for nobody else to read."""
    file = STATE / "identity"
    if file.exists():
        return X25519PrivateKey.from_private_bytes(bytes.fromhex(file.read_text()))
    key = X25519PrivateKey.generate()
    STATE.mkdir(parents=True, exist_ok=True)
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(raw.hex())
    return key


class State:
    """What this peer keeps. Read and change it under `lock`, and let go of the lock before you wait for the other peer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.identity = load_identity()
        self.ephemeral = None  # the private key that was offered
        # TODO stage 2: the other's share, a candidate, a current and a previous session ("The exchange").
        # TODO stage 5: the known identity, which outlasts this process, the slot, and the used shares.


state = State()
# One key message at a time waits for its answer. Stages 3 and 4: so do one text and one picture, each with a lock of its own.
sending_keys = threading.Lock()


def post(path, body, content_type="application/json"):
    """Sends `body` to the other peer. Returns the status and the bytes of its answer.

    http.client follows no redirect and reads no proxy from the environment.
    """
    # TODO stage 5 (disorder/29): this limit is for each wait on the socket, and has to be for the whole of it.
    url = urlsplit(PEER)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        return answer.status, answer.read(MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise Refusal("peer_unreachable", 502) from error
    finally:
        connection.close()


# --- for the owner ---------------------------------------------------------------------------------------------------

# TODO stage 6 (owner/5, owner/6): refuse here, with @app.before_request, a Host, an Origin and a Sec-Fetch-Site that
# the specification forbids ("Transport", "The owner's steps").


@app.get("/show")
def show():
    with state.lock:
        # TODO stage 2: the session. Stage 6 (owner/1): the safety number ("Safety number").
        return {"identity": public_bytes(state.identity).hex(), "safetyNumber": None, "session": None}


@app.get("/send_keys")
def send_keys():
    with sending_keys:
        with state.lock:
            state.ephemeral = X25519PrivateKey.generate()
            message = {
                "v": 2,
                "curve": CURVE,
                "basePoint": BASE_POINT.hex(),
                "identity": public_bytes(state.identity).hex(),
                "publicKey": public_bytes(state.ephemeral).hex(),
            }
            # TODO stage 2 (session/3): if the other's share is here, derive the candidate, and confirm it.
        # The lock is free while the other peer is asked: what comes meanwhile is answered.
        status, answer = post("/wire/keys", json.dumps(message))
        if status != 201:
            raise Refusal("peer_refused", 502)
        # TODO stage 2 (session/4): take the answer ("To take an answer"). Stage 5 (disorder/20): whatever else it may be.
        return {"sent": True}


@app.post("/send_msg")
def send_msg():
    # TODO stage 3 (messages/1 to /3): seal request.get_data() and send it ("Messages").
    raise Refusal("no_session", 409)


@app.get("/decrypt_msg")
def decrypt_msg():
    # TODO stage 3 (messages/5): print what waits, with say(), and nothing that controls a terminal (owner/7).
    return {"decrypted": 0}


@app.post("/send_image")
def send_image():
    # TODO stage 4 (pictures/1 to /4): seal request.get_data() in chunks, its type is request.mimetype ("Pictures").
    raise Refusal("no_session", 409)


def say(line):
    """A line on standard output, at once: what goes to a pipe would wait in a buffer otherwise."""
    print(line, flush=True)


# --- for the other peer ----------------------------------------------------------------------------------------------


@app.post("/wire/keys")
def wire_keys():
    body = request.get_data()
    # TODO stage 1 (keys/6 to /17): all checks of the table, in its order ("Key message", "Suites"). Python's json takes more
    # than JSON: NaN, a byte order mark, and a name that stands twice (object_pairs_hook sees it).
    # TODO stage 2 (session/1, /2, /7): derive a session from the two shares, and confirm it ("Keys", "The exchange").
    return {"accepted": True}, 201


@app.post("/wire/message")
def wire_message():
    # TODO stage 3 (messages/4, /8 to /21): check it, open it, and keep it until it is read ("Messages").
    raise Refusal("unknown_session", 409)


@app.post("/wire/image")
def wire_image():
    # TODO stage 4 (pictures/5 to /18): read request.stream chunk by chunk, and keep the picture in STATE ("Pictures").
    raise Refusal("unknown_session", 409)


# --- the server ------------------------------------------------------------------------------------------------------


@app.errorhandler(Refusal)
def refused(refusal):
    return problem(refusal.status, refusal.code)


@app.errorhandler(HTTPException)
def refused_by_flask(error):
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_type", 500: "internal"}
    return problem(error.code, codes.get(error.code, "bad_request"))


def problem(status, code):
    """RFC 9457. Nothing that the other side wrote stands in it."""
    body = json.dumps({"status": status, "title": http.client.responses[status], "code": code})
    return app.response_class(body, status, mimetype="application/problem+json")


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *args):
        """Nothing: standard error is for what goes wrong."""


if __name__ == "__main__":
    # sys.exit, and not the signal itself, ends it: then what is written is flushed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # 127.0.0.1 only, and a thread for each request
    server = make_server("127.0.0.1", PORT, app, threaded=True, request_handler=Handler)
    say(f"ready on 127.0.0.1:{PORT}")
    server.serve_forever()
