"""A peer of duet/2 in Python, written from src/protocol/README.md alone: X25519 and P-256.

    python3 peer.py PORT PEER CURVE STATE

It needs Python 3.9 and the package cryptography (Debian: python3-cryptography), and nothing else. The names of its
functions are those of the specification where it has one.
"""

import hashlib
import hmac
import http.client
import http.server
import ipaddress
import json
import math
import os
import re
import select
import signal
import socket
import sys
import threading
import time
import unicodedata
import urllib.parse

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEYS_LIMIT = 4_096
OTHER_SUITES_LIMIT = 8_192
MESSAGE_LIMIT = 33_824
TEXT_LIMIT = 16_384
ANSWER_LIMIT = 16 * 1024
METADATA_LIMIT = 1_024
PICTURE_LIMIT = 64 * 1024 * 1024
CHUNK = 65_536
TAG = 16
COUNT_LIMIT = 2**20
AHEAD = 1_024
INBOX = 32
USED = 64
HOUR = 3_600
PATIENCE = 5
SUITES = ("X25519", "P-256", "X25519MLKEM768")
TYPES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


class Refusal(Exception):
    """What was refused, here or by the other peer."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """The other peer did not answer, or what did is no peer. `left`: whether a byte may have left."""

    def __init__(self, reason, left=True):
        super().__init__(reason)
        self.left = left


# Bytes


def u(size, number):
    return number.to_bytes(size, "big")


def lp(part):
    return u(2, len(part)) + part


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def decode(text, least, most=None):
    """The bytes of a field in hex; `most` for those of no fixed length."""
    most = least if most is None else most
    if not re.fullmatch("(?:[0-9a-f]{2})*", text) or not least <= len(text) // 2 <= most:
        raise Refusal("bad_encoding")
    return bytes.fromhex(text)


# Suites


class X25519:
    name, id, length = "X25519", 1, 32
    base_point = b"\x09" + bytes(31)

    @staticmethod
    def new():
        return os.urandom(32)

    @staticmethod
    def public(private):
        key = x25519.X25519PrivateKey.from_private_bytes(private).public_key()
        return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    @staticmethod
    def dh(private, point):
        other = x25519.X25519PublicKey.from_public_bytes(point)
        return x25519.X25519PrivateKey.from_private_bytes(private).exchange(other)

    @classmethod
    def is_bad(cls, point):
        if int.from_bytes(point, "little") >= 2**255 - 19:
            return True
        try:
            return cls.dh(b"\x01" * 32, point) == bytes(32)
        except ValueError:
            return True  # the package refuses a point of low order by itself


class P256:
    name, id, length = "P-256", 2, 65
    base_point = bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )

    @staticmethod
    def new():
        key = ec.generate_private_key(ec.SECP256R1())
        return key.private_numbers().private_value.to_bytes(32, "big")

    @staticmethod
    def _private(private):
        return ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())

    @classmethod
    def public(cls, private):
        key = cls._private(private).public_key()
        encoding = serialization.Encoding.X962
        return key.public_bytes(encoding, serialization.PublicFormat.UncompressedPoint)

    @classmethod
    def dh(cls, private, point):
        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        return cls._private(private).exchange(ec.ECDH(), other)

    @staticmethod
    def is_bad(point):
        if point[0] != 4:
            return True
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            return True
        return False


# JSON


def number(text):
    """An integer of JSON. What Python would take long for, or would forget the sign of, is a float."""
    return float(text) if len(text) > 30 or text == "-0" else int(text)


def unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def no_constant(name):
    raise ValueError(name)


def parse(body):
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=unique,
            parse_int=number,
            parse_constant=no_constant,
        )
    except (ValueError, RecursionError):
        raise Refusal("bad_message") from None


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def whole(value, least=0):
    """A number that is an integer from `least` to 2^53 - 1, and not -0, or None."""
    if not is_number(value) or not least <= value <= 2**53 - 1 or value != int(value):
        return None
    return None if value == 0 and math.copysign(1, value) < 0 else int(value)


def fields(value, types, optional=()):
    """`value`, if it is an object with these fields and no other, each of its type."""
    if not isinstance(value, dict):
        raise Refusal("bad_message")
    if "v" in types and is_number(value.get("v")) and value["v"] != 2:
        raise Refusal("bad_version")
    for name, kind in types.items():
        if name not in value:
            if name not in optional:
                raise Refusal("bad_message")
        elif not (is_number(value[name]) if kind is int else isinstance(value[name], kind)):
            raise Refusal("bad_message")
    if not set(value) <= set(types):
        raise Refusal("bad_message")
    return value


CONFIRM = {"session": str, "tag": str}


def answered(answer, types, optional=()):
    """The fields of a peer's answer."""
    try:
        form = fields(answer, {"accepted": bool, **types}, optional)
        if form["accepted"] is not True:
            raise Refusal("bad_message")
        return form
    except Refusal:
        raise Unreachable("an answer of another form") from None


# Sessions


class Chain:
    def __init__(self, value):
        self.value = value
        self.next = 0

    def ahead(self, n):
        """key_n and chain_(n+1), for an n that is not below the next one. Changes nothing."""
        chain = self.value
        for _ in range(n - self.next):
            chain = mac(chain, b"\x02")
        return mac(chain, b"\x01"), mac(chain, b"\x02")

    def step(self, n, after):
        self.value = after
        self.next = n + 1

    def take(self):
        n = self.next
        if n >= COUNT_LIMIT:
            raise Refusal("rekey_required")
        key, after = self.ahead(n)
        self.step(n, after)
        return n, key

    def check(self, n):
        """The rows of the tables about a number that stands outside of a seal."""
        if n >= COUNT_LIMIT:
            raise Refusal("rekey_required")
        if n < self.next:
            raise Refusal("replay")
        if n > self.next + AHEAD:
            raise Refusal("too_far_ahead")


def share_bytes(suite, share):
    identity, public_key = share
    return u(2, suite.id) + lp(identity) + lp(public_key)


def transcript(suite, a, b):
    s1, s2 = sorted([share_bytes(suite, a), share_bytes(suite, b)])
    return hashlib.sha256(b"duet/2 transcript" + lp(s1) + lp(s2)).digest()


class Session:
    """`identity` and `ephemeral` are one's own pairs of private and public key; shares are identity and public key."""

    def __init__(self, suite, identity, ephemeral, theirs):
        self.own = (identity[1], ephemeral[1])
        self.theirs = theirs
        self.is_confirmed = False
        self.party = 1 if share_bytes(suite, self.own) < share_bytes(suite, theirs) else 2
        self.other = 3 - self.party
        self.t = transcript(suite, self.own, theirs)
        self.id = self.t[:16]
        of_own_identity = suite.dh(identity[0], theirs[1])
        of_their_identity = suite.dh(ephemeral[0], theirs[0])
        in_order = [of_own_identity, of_their_identity]
        if self.party == 2:
            in_order.reverse()
        ikm = suite.dh(ephemeral[0], theirs[1]) + in_order[0] + in_order[1]
        self._prk = mac(self.t, ikm)
        out, back = f"{self.party}>{self.other}", f"{self.other}>{self.party}"
        self.messages_out, self.messages_in = Chain(self.k("chain " + out)), Chain(self.k("chain " + back))
        self.files_out, self.files_in = Chain(self.k("files " + out)), Chain(self.k("files " + back))
        self._tags = {party: mac(self.k(f"confirm {party}"), self.t) for party in (1, 2)}
        self._prk = b""

    def k(self, label):
        """K(label, 32): HKDF's expand, for which one block is enough."""
        return mac(self._prk, b"duet/2 ", label.encode(), b"\x01")

    def is_right(self, tag):
        return hmac.compare_digest(tag, self._tags[self.other])

    def confirm(self):
        return {"session": self.id.hex(), "tag": self._tags[self.party].hex()}

    def data(self, party, seq):
        return b"duet/2 message" + self.id + u(1, party) + u(8, seq)

    def seal(self, text):
        seq, key = self.messages_out.take()
        sealed = ChaCha20Poly1305(key).encrypt(u(12, seq), text, self.data(self.party, seq))
        return {"v": 2, "session": self.id.hex(), "seq": seq, "ciphertext": sealed.hex()}

    def open(self, key, seq, sealed):
        return opened(key, u(12, seq), sealed, self.data(self.other, seq))

    def seal_picture(self, metadata, picture):
        """Yields the body of a picture in pieces."""
        n, key = self.files_out.take()
        yield b"DUET2" + self.id + u(8, n)
        written = json.dumps(metadata).encode()
        plain = lp(written) + picture
        cipher = ChaCha20Poly1305(key)
        for i, at in enumerate(range(0, len(plain), CHUNK)):
            is_last = at + CHUNK >= len(plain)
            yield cipher.encrypt(chunk_nonce(i, is_last), plain[at : at + CHUNK], None)


def chunk_nonce(i, is_last):
    return u(11, i) + u(1, int(is_last))


def opened(key, nonce, sealed, data):
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, data)
    except InvalidTag:
        raise Refusal("decrypt_failed") from None


def safety_number(suite, identities):
    halves = []
    for identity in identities:
        digest = hashlib.sha512(b"duet/2 safety number" + u(2, suite.id) + lp(identity)).digest()
        groups = [int.from_bytes(digest[i : i + 5], "big") % 100_000 for i in range(0, 30, 5)]
        halves.append(" ".join(f"{group:05}" for group in groups))
    return " ".join(sorted(halves))


# Pictures


def read_metadata(plain):
    """What the first chunk's plaintext says: the type, how many bytes, and the picture's first ones."""
    length = int.from_bytes(plain[:2], "big")
    if len(plain) < 2 + length or length > METADATA_LIMIT:
        raise Refusal("bad_image")
    try:
        form = fields(parse(plain[2 : 2 + length]), {"type": str, "bytes": int, "name": str})
    except Refusal:
        raise Refusal("bad_image") from None
    declared = whole(form["bytes"], 1)
    if form["type"] not in TYPES or declared is None:
        raise Refusal("bad_image")
    if declared > PICTURE_LIMIT:
        raise Refusal("too_large")
    return form["type"], declared, plain[2 + length :]


def is_bad_picture(kind, picture):
    """Whether it begins as another type does, or tells a size that is too large (of a JPEG and a simple WebP none is read)."""
    little = lambda at, size: int.from_bytes(picture[at : at + size], "little")
    width = height = 0
    if kind == "image/png":
        is_right = picture.startswith(b"\x89PNG\r\n\x1a\n")
        if picture[12:16] == b"IHDR":
            width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    elif kind == "image/jpeg":
        is_right = picture.startswith(b"\xff\xd8\xff")
    elif kind == "image/gif":
        is_right = picture.startswith((b"GIF87a", b"GIF89a"))
        width, height = little(6, 2), little(8, 2)
    else:
        is_right = picture.startswith(b"RIFF") and picture[8:12] == b"WEBP"
        if picture[12:16] == b"VP8X":
            width, height = little(24, 3) + 1, little(27, 3) + 1
            is_right = is_right and not little(20, 1) & 0xC1 and little(21, 3) == 0
    return not is_right or max(width, height) > 65_535 or width * height > 64_000_000


# The peer


class Peer:
    """What a peer keeps, and what it does with what comes and with what its owner asks. `_lock` is held for as long as
    its state is looked at and changed, and never while the other peer is called."""

    def __init__(self, suite, url, state):
        self.suite = suite
        self.url = urllib.parse.urlsplit(url)
        self.state = state
        os.makedirs(state, mode=0o700, exist_ok=True)
        private = self._read("identity") or suite.new()
        self._write("identity", private)
        self.identity = (private, suite.public(private))
        self.known = self._read("known")
        self.current = self.previous = self.candidate = None
        self.ephemeral = None
        self.ephemeral_made = 0.0
        self.replaced = 0
        self.share = None
        self.slot = None
        self.used = []
        self.waiting = []
        self.open_text = None
        self._text_key = os.urandom(32)
        self._lock = threading.RLock()
        self._keys_turn, self._text_turn, self._picture_turn = (threading.Lock() for _ in range(3))

    def _file(self, name):
        return os.path.join(self.state, f"{name}-{self.suite.name}")

    def _read(self, name):
        try:
            with open(self._file(name), encoding="ascii") as file:
                return bytes.fromhex(file.read())
        except FileNotFoundError:
            return None

    def _write(self, name, value):
        new = self._file(name) + ".new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(value.hex() + "\n")
        os.replace(new, self._file(name))

    # The exchange

    def _erase(self):
        self.ephemeral = self.candidate = None
        self.replaced = 0

    def _forget_old(self):
        if self.ephemeral and time.monotonic() - self.ephemeral_made > HOUR:
            self._erase()

    def _derive(self, share):
        return Session(self.suite, self.identity, self.ephemeral, share)

    def _follows(self, session, share):
        """Whether this is the id of the session of the ephemeral key pair and this share."""
        if not self.ephemeral:
            return False
        own = (self.identity[1], self.ephemeral[1])
        return transcript(self.suite, own, share)[:16] == session

    def _use(self, share):
        self.used = [*self.used, share][-USED:]

    def _keep(self, share):
        if self.share and self.share != share:
            self._use(self.share)
            self.replaced += 1
            if self.replaced >= USED:
                self._erase()
        self.share = share

    def _promote(self, session):
        self.previous, self.current = self.current, session
        session.is_confirmed = True
        self._erase()
        self.share = self.slot = None
        self._use(session.theirs)
        self.known = session.theirs[0]
        self._write("known", self.known)

    def _confirm(self):
        newest = self.candidate or self.current
        return {"confirm": newest.confirm()} if newest else {}

    def send_keys(self):
        with self._keys_turn:
            with self._lock:
                self._erase()
                self.slot = None
                private = self.suite.new()
                self.ephemeral = (private, self.suite.public(private))
                self.ephemeral_made = time.monotonic()
                if self.share:
                    self.candidate = self._derive(self.share)
                form = {
                    "v": 2,
                    "curve": self.suite.name,
                    "basePoint": self.suite.base_point.hex(),
                    "identity": self.identity[1].hex(),
                    "publicKey": self.ephemeral[1].hex(),
                    **self._confirm(),
                }
            answer = answered(self.post("/wire/keys", form), {"confirm": dict}, ["confirm"])
            if "confirm" not in answer:
                return
            try:
                confirm = self._read_confirm(fields(answer["confirm"], CONFIRM))
            except Refusal:
                raise Unreachable("an answer of another form") from None
            with self._lock:
                self._take_answer(*confirm)

    @staticmethod
    def _read_confirm(form):
        return decode(form["session"], 16), decode(form["tag"], 32)

    def _take_answer(self, named, tag):
        for session in (self.candidate, self.current):
            if session and session.id == named:
                if not session.is_right(tag):
                    raise Refusal("confirm_failed")
                if session is self.candidate:
                    self._promote(session)
                return
        self.slot = (named, tag)

    def take_keys(self, body):
        if len(body) > KEYS_LIMIT:
            found = re.search(rb'"curve"\s*:\s*"([^"]*)"', body)
            curve = found[1].decode("latin-1") if found else None
            is_other = curve in SUITES and curve != self.suite.name
            raise Refusal("curve_mismatch" if is_other else "too_large")
        form = parse(body)
        with self._lock:
            self._forget_old()
            share, confirm = self._check_keys(form)
            named, tag = confirm or (None, None)
            follows = self._follows(named, share)
            if self.candidate and self.candidate.id == named:
                came_from = self.candidate.theirs
                self._promote(self.candidate)
                if share != came_from:
                    self._keep(share)
            else:
                promoted = None
                if self.ephemeral and share != self.share:
                    session = self._derive(share)
                    in_slot = self.slot and self.slot[0] == session.id and session.is_right(self.slot[1])
                    if follows or in_slot:
                        promoted = session
                    else:
                        self.candidate = session
                self._keep(share)
                if promoted:
                    self._promote(promoted)
            return {"accepted": True, **self._confirm()}

    def _check_keys(self, value):
        """The rows of the table, in their order. Returns the share, and the confirmation's session and tag."""
        types = {"v": int, "curve": str, "basePoint": str, "identity": str, "publicKey": str, "confirm": dict}
        form = fields(value, types, ["confirm"])
        has_ciphertext = False
        if "confirm" in form:
            fields(form["confirm"], {**CONFIRM, "ciphertext": str}, ["ciphertext"])
            has_ciphertext = "ciphertext" in form["confirm"]
        suite = self.suite
        if form["curve"] != suite.name:
            raise Refusal("curve_mismatch")
        if has_ciphertext:
            raise Refusal("bad_message")
        base_point, identity, public_key = (
            decode(form[name], suite.length) for name in ("basePoint", "identity", "publicKey")
        )
        confirm = self._read_confirm(form["confirm"]) if "confirm" in form else None
        if base_point != suite.base_point:
            raise Refusal("bad_base_point")
        if suite.is_bad(identity) or suite.is_bad(public_key) or identity == public_key:
            raise Refusal("bad_point")
        own = [self.identity[1]]
        if self.ephemeral:
            own.append(self.ephemeral[1])
        own += [one.own[1] for one in (self.current, self.previous) if one]
        if identity in own or public_key in own:
            raise Refusal("reflection")
        share = (identity, public_key)
        known, candidate = self.known, self.candidate
        if confirm and candidate and candidate.id == confirm[0] and candidate.is_right(confirm[1]):
            known = known or candidate.theirs[0]
        if known and known != identity:
            raise Refusal("identity_changed")
        if share in self.used:
            raise Refusal("stale_keys")
        if confirm:
            named, tag = confirm
            for session in (candidate, self.current):
                if session and session.id == named and not session.is_right(tag):
                    raise Refusal("confirm_failed")
            if self._follows(named, share) and not self._derive(share).is_right(tag):
                raise Refusal("confirm_failed")
        return share, confirm

    # Messages

    def _session(self, named):
        for session in (self.current, self.candidate, self.previous):
            if session and session.id == named:
                return session
        raise Refusal("unknown_session")

    def take_message(self, body):
        form = fields(parse(body), {"v": int, "session": str, "seq": int, "ciphertext": str})
        seq = whole(form["seq"])
        if seq is None:
            raise Refusal("bad_message")
        named, sealed = decode(form["session"], 16), decode(form["ciphertext"], TAG, TEXT_LIMIT + TAG)
        with self._lock:
            self._forget_old()
            session = self._session(named)
            chain = session.messages_in
            chain.check(seq)
            if len(self.waiting) >= INBOX:
                raise Refusal("inbox_full")
            key, after = chain.ahead(seq)
            try:
                session.open(key, seq, sealed).decode("utf-8")
            except UnicodeDecodeError:
                raise Refusal("bad_text") from None
            missing = seq - chain.next
            chain.step(seq, after)
            if session is self.candidate:
                self._promote(session)
            self.waiting.append((session, key, seq, sealed))
            return {"accepted": True, "missing": missing}

    def read_messages(self):
        with self._lock:
            waiting, self.waiting = self.waiting, []
        return [session.open(key, seq, sealed).decode("utf-8") for session, key, seq, sealed in waiting]

    def send_text(self, text):
        """One text is open at a time: what was sealed is sent again as the same bytes, and nothing else before it."""
        digest = mac(self._text_key, text)
        with self._text_turn:
            before = self.open_text
            if before:
                self._send_copy(before)
                if before["digest"] == digest:
                    return
            with self._lock:
                if not self.current:
                    raise Refusal("no_session")
                self.open_text = {"digest": digest, "form": self.current.seal(text), "copies": 0}
            self._send_copy(self.open_text)

    def _send_copy(self, open_text):
        """Returns once the text has arrived. What it raises says whether it is settled."""
        form = open_text["form"]
        with self._lock:
            if form["session"] not in [one.id.hex() for one in (self.current, self.previous) if one]:
                self.open_text = None
                raise Refusal("maybe_read")
        open_text["copies"] += 1
        is_only = open_text["copies"] == 1
        try:
            answer = answered(self.post("/wire/message", form), {"missing": int})
            if whole(answer["missing"]) is None:
                raise Unreachable("an answer of another form")
        except Refusal as refusal:
            if refusal.code == "unknown_session":
                self.open_text = None
                raise Refusal("unknown_session" if is_only else "maybe_read") from None
            if refusal.code != "replay":
                raise Refusal("in_doubt") from None
        except Unreachable as error:
            if is_only and not error.left:
                self.open_text = None
                raise
            raise Refusal("in_doubt") from None
        self.open_text = None

    # Pictures

    def take_picture(self, read):
        """`read(n)` gives up to n bytes of the body, fewer only at its end."""
        head = read(29)
        if len(head) < 29 or not head.startswith(b"DUET2"):
            raise Refusal("bad_image")
        n = int.from_bytes(head[21:], "big")
        with self._lock:
            self._forget_old()
            session = self._session(head[5:21])
            chain = session.files_in
            chain.check(n)
            key, after = chain.ahead(n)
        parts, length, i = [], 0, 0
        chunk = read(CHUNK + TAG)
        is_last = False
        while not is_last:
            following = read(CHUNK + TAG) if len(chunk) == CHUNK + TAG else b""
            is_last = not following
            plain = opened(key, chunk_nonce(i, is_last), chunk, None)
            if not plain:
                raise Refusal("decrypt_failed")
            if i == 0:
                kind, declared, plain = read_metadata(plain)
            parts.append(plain)
            length += len(plain)
            if length > declared:
                raise Refusal("bad_image")
            chunk, i = following, i + 1
        picture = b"".join(parts)
        if length != declared or is_bad_picture(kind, picture):
            raise Refusal("bad_image")
        with self._lock:
            # it may have been overtaken while it came, or its session replaced before it was confirmed
            if session is not self.candidate and not session.is_confirmed:
                raise Refusal("unknown_session")
            if n < chain.next:
                raise Refusal("replay")
            chain.step(n, after)
            if session is self.candidate:
                self._promote(session)
            self._keep_picture(kind, picture)
        return {"accepted": True, "bytes": length}

    def _keep_picture(self, kind, picture):
        folder = os.path.join(self.state, "pictures")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        name = f"{len(os.listdir(folder)) + 1}.{TYPES[kind]}"
        with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(picture)
        say(f"A picture came: {name}, {len(picture)} bytes.")

    def send_picture(self, kind, picture):
        if is_bad_picture(kind, picture):
            raise Refusal("bad_image")
        with self._picture_turn:
            with self._lock:
                if not self.current:
                    raise Refusal("no_session")
                pieces = self.current.seal_picture({"type": kind, "bytes": len(picture), "name": "picture"}, picture)
                head = next(pieces)
            answer = answered(self.call("/wire/image", "application/octet-stream", head, pieces), {"bytes": int})
            if answer["bytes"] != len(picture):
                raise Unreachable("an answer of another form")

    def show(self):
        with self._lock:
            return {
                "identity": self.identity[1].hex(),
                "safetyNumber": safety_number(self.suite, [self.identity[1], self.known]) if self.known else None,
                "session": {"id": self.current.id.hex()} if self.current else None,
            }

    # Calls of the other peer

    def post(self, path, form):
        return self.call(path, "application/json", json.dumps(form).encode())

    def call(self, path, kind, body, more=None):
        """The JSON of its answer, if that is 201. Gives up after 5 s, or, for a picture, after 5 in which nothing moves."""
        try:
            sock = socket.create_connection((self.url.hostname, self.url.port or 80), PATIENCE)
        except OSError:
            raise Unreachable("no connection", left=False) from None
        timer = threading.Timer(PATIENCE, give_up, [sock])
        timer.daemon = True
        try:
            if more is None:
                timer.start()
            length = f"Content-Length: {len(body)}" if more is None else "Transfer-Encoding: chunked"
            head = f"POST {self.url.path.rstrip('/')}{path} HTTP/1.1\r\nHost: {self.url.netloc}\r\n"
            head += f"Content-Type: {kind}\r\n{length}\r\nConnection: close\r\n\r\n"
            if more is None:
                sock.sendall(head.encode() + body)
            else:
                self._stream(sock, head.encode(), [body], more)
            response = http.client.HTTPResponse(sock, method="POST")
            response.begin()
            text = response.read(ANSWER_LIMIT + 1)
            status = response.status
            is_whole = response.read(1) == b"" if len(text) <= ANSWER_LIMIT else False
        except (OSError, http.client.HTTPException, ValueError):
            raise Unreachable("no answer") from None
        finally:
            timer.cancel()
            sock.close()
        if not is_whole:
            raise Unreachable("a long answer")
        try:
            answer = parse(text)
        except Refusal:
            raise Unreachable("no JSON") from None
        if status >= 400 and isinstance(answer, dict) and isinstance(answer.get("code"), str):
            raise Refusal(answer["code"])
        if status != 201:
            raise Unreachable("another status")
        return answer

    @staticmethod
    def _stream(sock, head, *bodies):
        """Sends a body in chunks of HTTP; stops once an answer comes, or where nothing moves for 5 s."""
        waiting = head
        for pieces in bodies:
            for piece in pieces:
                waiting += b"%x\r\n%s\r\n" % (len(piece), piece)
                while waiting:
                    readable, writable, _ = select.select([sock], [sock], [], PATIENCE)
                    if readable:
                        return
                    if not writable:
                        raise socket.timeout
                    waiting = waiting[sock.send(waiting[:CHUNK]) :]
        sock.sendall(b"0\r\n\r\n")


def give_up(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it ended at the same moment


# Listening

JSON_TYPE = r'application/json(\s*;\s*charset=("utf-8"|utf-8))?'
ROUTES = {
    "/wire/keys": ("POST", JSON_TYPE, OTHER_SUITES_LIMIT),
    "/wire/message": ("POST", JSON_TYPE, MESSAGE_LIMIT),
    "/wire/image": ("POST", "application/octet-stream", None),
    "/send_keys": ("GET", None, 0),
    "/send_msg": ("POST", r"text/plain(\s*;.*)?", TEXT_LIMIT),
    "/decrypt_msg": ("GET", None, 0),
    "/send_image": ("POST", "image/(png|jpeg|webp|gif)", PICTURE_LIMIT),
    "/show": ("GET", None, 0),
}


def is_host(value):
    name = re.sub(r":\d{1,5}$", "", value)
    if name.lower() == "localhost":
        return True
    try:
        if name.startswith("[") and name.endswith("]"):
            ipaddress.IPv6Address(name[1:-1])
        else:
            ipaddress.IPv4Address(name)
        return True
    except ValueError:
        return False


TURNING = set("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def say(line):
    """Prints a line that can't drive a terminal."""
    is_wild = lambda one: one in TURNING or unicodedata.category(one) == "Cc"
    print("".join(f"<{ord(one):x}>" if is_wild(one) else one for one in line), flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    peer = None

    def log_message(self, *_):
        pass

    def send_error(self, code, message=None, explain=None):
        """What is no HTTP, or has a method that nothing here has."""
        self.close_connection = True
        self.send(code, {"status": code, "code": "bad_request", "title": "Refused"})

    def handle_request(self):
        self.left, self.is_chunked, self.pending = 0, False, b""
        try:
            limit = self.check()
            status, body = self.answer(limit)
        except Refusal as refusal:
            status, body = 400, {"status": 400, "code": refusal.code, "title": "Refused"}
        except Unreachable:
            status, body = 502, {"status": 502, "code": "peer_unreachable", "title": "Refused"}
        except OSError:
            self.close_connection = True
            return
        self.send(status, body)
        # what still comes of a body is read and dropped, so that the answer arrives
        try:
            while self.read(CHUNK):
                pass
        except (OSError, Refusal):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = handle_request

    def check(self):
        """What is refused for its headers. Returns the longest body that the route takes."""
        headers = self.headers
        if headers.get("Transfer-Encoding", "").lower() == "chunked":
            self.is_chunked, self.left = True, 0
        else:
            length = headers.get("Content-Length", "0")
            if not re.fullmatch("[0-9]{1,18}", length) or "Transfer-Encoding" in headers:
                self.close_connection = True
                raise Refusal("bad_request")
            self.left = int(length)
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1 or not is_host(hosts[0]):
            raise Refusal("bad_host")
        if self.path not in ROUTES:
            raise Refusal("not_found")
        method, kind, limit = ROUTES[self.path]
        if self.command != method:
            raise Refusal("method_not_allowed")
        if not self.path.startswith("/wire/"):
            origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
            is_browser = headers.get("User-Agent", "").startswith("Mozilla/")
            if (
                origin not in (None, "http://" + hosts[0])
                or site not in (None, "none", "same-origin")
                or (is_browser and origin is None and site is None)
            ):
                raise Refusal("cross_site")
        is_typed = kind is None or re.fullmatch(kind, headers.get("Content-Type", ""), re.IGNORECASE)
        if not is_typed or "Content-Encoding" in headers:
            raise Refusal("unsupported_type")
        return limit

    def answer(self, limit):
        peer, path = self.peer, self.path
        if path == "/wire/image":
            return 201, peer.take_picture(self.read)
        if self.left > limit:
            raise Refusal("too_large")
        body = self.read(limit + 1)
        if len(body) > limit:
            raise Refusal("too_large")
        if path == "/wire/keys":
            return 201, peer.take_keys(body)
        if path == "/wire/message":
            return 201, peer.take_message(body)
        if path == "/send_keys":
            peer.send_keys()
        elif path == "/send_msg":
            try:
                body.decode("utf-8")
            except UnicodeDecodeError:
                raise Refusal("bad_text") from None
            peer.send_text(body)
        elif path == "/send_image":
            peer.send_picture(self.headers["Content-Type"].lower(), body)
        elif path == "/decrypt_msg":
            for text in peer.read_messages():
                say("> " + text)
        else:
            return 200, peer.show()
        return 200, {"done": True}

    def read(self, n):
        """Up to n bytes of the body, fewer only at its end."""
        if not self.is_chunked:
            part = self.rfile.read(min(n, self.left))
            if len(part) < min(n, self.left):
                raise ConnectionResetError
            self.left -= len(part)
            return part
        parts = []
        while n > 0:
            if self.left == 0 and not self._next_chunk():
                break
            part = self.rfile.read(min(n, self.left))
            if not part:
                raise ConnectionResetError
            self.left -= len(part)
            n -= len(part)
            parts.append(part)
            if self.left == 0 and self.rfile.readline(3) != b"\r\n":
                raise ConnectionResetError
        return b"".join(parts)

    def _next_chunk(self):
        if self.pending is None:
            return False
        line = self.rfile.readline(1024).split(b";")[0].strip()
        if not re.fullmatch(b"[0-9a-fA-F]{1,8}", line):
            self.close_connection = True
            raise Refusal("bad_request")
        self.left = int(line, 16)
        if self.left == 0:
            self.pending = None
            while self.rfile.readline(1024) not in (b"\r\n", b"\n", b""):
                pass
        return self.left > 0

    def send(self, status, body):
        content = json.dumps(body).encode()
        kind = "application/json" if status < 400 else "application/problem+json"
        head = f"HTTP/1.1 {status} {'Created' if status == 201 else 'OK' if status == 200 else 'Refused'}\r\n"
        head += f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        head += "Connection: close\r\n" if self.close_connection else ""
        self.wfile.write(head.encode() + b"\r\n" + (b"" if self.command == "HEAD" else content))


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request, client_address):
        print(f"{sys.exc_info()[0].__name__} in a request", file=sys.stderr, flush=True)


def main():
    port, url, curve, state = sys.argv[1:5]
    suite = {"X25519": X25519, "P-256": P256}.get(curve)
    if suite is None:
        sys.exit(f"no such curve here: {curve}")
    sys.stdout.reconfigure(encoding="utf-8")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Handler.peer = Peer(suite, url, state)
    Server(("127.0.0.1", int(port)), Handler).serve_forever()


main()
