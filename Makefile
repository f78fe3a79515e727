# Ports and addresses of the two peers; override on the command line: make run-both PORT_A=8000
PORT_A ?= 5000
PORT_B ?= 5001
# Those of the attacker who sits between the two, and what she changes in texts: ALTER='noon=midnight'
PORT_M ?= 5002
PORT_N ?= 5003
export ALTER ?=
# X25519, P-256 or X25519MLKEM768
CURVE ?= X25519
# 1: print how OpenSSL computes each shared secret, private key and all.
SHOW_WORK ?=
# For run-5000 and run-5001, on two machines: the address to listen on, and the other peer.
HOST ?= 127.0.0.1
# For the mailboxes of A and B: where their keys and mail are; and for send-to-a and send-to-b, on two
# machines: the mailbox to send to, and its owner's public key.
MAILBOXES ?= .duet/mailboxes
TO ?=
RECIPIENT ?=
# For send-image: the picture.
export IMAGE ?= src/sample/curve.png
# For bench: how often each pair is measured, and which rows, all of them unless named.
ROUNDS ?= 7
ONLY ?=
JSON ?=
# For prove: the ProVerif to run.
export PROVERIF ?=
# For lab-bad-keys: the peer that is attacked.
VICTIM ?= http://127.0.0.1:$(PORT_A)

DUET := node dist/main.js
INSTALLED := node_modules/.package-lock.json
# Folders too: they change when a file goes.
SOURCES := $(shell find src)
MALLORY = --ports $(PORT_M),$(PORT_N) --between http://127.0.0.1:$(PORT_A),http://127.0.0.1:$(PORT_B) \
	--curve $(CURVE) $(if $(ALTER),--alter "$$ALTER")

.PHONY: help install build run-both run-5000 run-5001 run-mallory run-mallory-known send-image \
	keygen mailbox-a mailbox-b watch-a watch-b send-to-a send-to-b \
	lab-original lab-bad-keys lab-nonce-reuse lab-forward-secrecy lab-quantum \
	sample page-picture demo test bench soak fuzz explore prove mutants coverage check format clean
.DEFAULT_GOAL := help

help: ## show what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## install what the program needs

build: dist/main.js ## compile to dist/

run-both: dist/main.js ## start both peers in this terminal (PORT_A, PORT_B, CURVE, SHOW_WORK=1)
	@exec $(DUET) both --ports $(PORT_A),$(PORT_B) --curve $(CURVE) $(if $(SHOW_WORK),--show-work)

run-5000: dist/main.js ## start the first peer alone (HOST, PEER, PORT_A, CURVE)
	@exec $(DUET) peer --port $(PORT_A) --peer $(or $(PEER),http://127.0.0.1:$(PORT_B)) --host $(HOST) --curve $(CURVE) $(if $(SHOW_WORK),--show-work)

run-5001: dist/main.js ## start the second peer alone (HOST, PEER, PORT_B, CURVE)
	@exec $(DUET) peer --port $(PORT_B) --peer $(or $(PEER),http://127.0.0.1:$(PORT_A)) --host $(HOST) --curve $(CURVE) $(if $(SHOW_WORK),--show-work)

run-mallory: dist/main.js ## an attacker between two strangers, all in this terminal (PORT_M, PORT_N, ALTER=FROM=TO)
	@exec $(DUET) mallory --with strangers $(MALLORY)

run-mallory-known: dist/main.js ## the same between the two of run-both, once they have met
	@exec $(DUET) mallory --with known $(MALLORY)

send-image: dist/main.js ## send a picture from the first peer (IMAGE=file, PORT_A)
	@exec $(DUET) send-image --port $(PORT_A) "$$IMAGE"

keygen: $(MAILBOXES)/a/key.public.pem $(MAILBOXES)/b/key.public.pem ## make keys for the mailboxes of A and B, where there are none (MAILBOXES=folder, CURVE)

mailbox-a: $(MAILBOXES)/a/key.public.pem ## start the first peer with a mailbox (as run-5000, and MAILBOXES)
	@exec $(DUET) peer --port $(PORT_A) --peer $(or $(PEER),http://127.0.0.1:$(PORT_B)) --host $(HOST) --curve $(CURVE) --mailbox "$(MAILBOXES)/a/mail" --mailbox-key "$<"

mailbox-b: $(MAILBOXES)/b/key.public.pem ## start the second peer with a mailbox (as run-5001, and MAILBOXES)
	@exec $(DUET) peer --port $(PORT_B) --peer $(or $(PEER),http://127.0.0.1:$(PORT_A)) --host $(HOST) --curve $(CURVE) --mailbox "$(MAILBOXES)/b/mail" --mailbox-key "$<"

watch-a: $(MAILBOXES)/a/key.public.pem ## print the first one's mail (MAILBOXES)
	@exec $(DUET) watch "$(MAILBOXES)/a/mail" --key "$(MAILBOXES)/a/key.private.pem"

watch-b: $(MAILBOXES)/b/key.public.pem ## print the second one's mail (MAILBOXES)
	@exec $(DUET) watch "$(MAILBOXES)/b/mail" --key "$(MAILBOXES)/b/key.private.pem"

send-to-a: dist/main.js ## send standard input to the first one's mailbox (TO, RECIPIENT=file, PORT_A)
	@exec $(DUET) send --to $(or $(TO),http://127.0.0.1:$(PORT_A)) $(if $(RECIPIENT),--recipient "$(RECIPIENT)") -

send-to-b: dist/main.js ## send standard input to the second one's mailbox (TO, RECIPIENT=file, PORT_B)
	@exec $(DUET) send --to $(or $(TO),http://127.0.0.1:$(PORT_B)) $(if $(RECIPIENT),--recipient "$(RECIPIENT)") -

lab-original: dist/main.js ## break the original's curve and ciphers
	@exec $(DUET) lab original

lab-bad-keys: dist/main.js ## send a running peer what it has to refuse (VICTIM=url, PORT_A)
	@exec $(DUET) lab bad-keys "$(VICTIM)"

lab-nonce-reuse: dist/main.js ## read and forge texts that were sealed under one nonce
	@exec $(DUET) lab nonce-reuse

lab-forward-secrecy: dist/main.js ## steal memory, and see which recorded messages it opens (CURVE)
	@exec $(DUET) lab forward-secrecy --curve $(CURVE)

lab-quantum: dist/main.js ## open recorded exchanges with the keys that a quantum computer would find
	@exec $(DUET) lab quantum

sample: $(INSTALLED) ## draw the picture that ships
	@exec node --import ./test/loader.js src/sample/draw.ts

page-picture: dist/main.js ## take the README's picture of the page (PORT_A, PORT_B; needs Chromium)
	@exec node --import ./test/loader.js test/page-picture.ts $(PORT_A),$(PORT_B)

demo: dist/main.js ## start both on free ports, run every step, check the outcome, stop (CURVE)
	@npm run --silent demo:run

test: dist/main.js ## run the tests (SLOW=1: ten times as many schedules)
	@npm run --silent test:run

bench: dist/main.js ## measure the program beside the bare minimum of the same (ONLY=row, ROUNDS=7, JSON=1)
	@exec node --import ./test/loader.js test/bench/run.ts --rounds $(ROUNDS) $(ONLY:%=--only %) $(if $(JSON),--json)

soak: dist/main.js ## two peers, a wire that fails and restarts, for some minutes (MINUTES=5, SEED, CURVE)
	@exec node --import ./test/loader.js test/soak/main.ts

fuzz: $(INSTALLED) ## try what no peer would send, for some minutes (MINUTES=10, SEED, ONLY)
	@exec node --import ./test/loader.js test/fuzz/main.ts

prove: $(INSTALLED) ## prove the protocol's properties with ProVerif (PROVERIF=path, ONLY=query)
	@exec node --import ./test/loader.js test/prove/main.ts

mutants: dist/main.js ## change the source in every small way: does a test notice? (ONLY=file or folder)
	@exec node --import ./test/loader.js test/mutants/main.ts

coverage: dist/main.js ## run the tests and show which lines they reach
	@npm run --silent coverage

explore: $(INSTALLED) ## walk through every schedule of two peers within bounds (ONLY=hybrid, KEYS=3, TROUBLES=2, TELL=1)
	@exec node --max-old-space-size=4096 --import ./test/loader.js test/explore/main.ts

check: $(INSTALLED) ## types, lint, format, import rules, what is unused
	@npm run --silent check

format: $(INSTALLED) ## write the format that check wants
	@npx biome check --write

clean: ## remove what was built and installed; keys in .duet/ stay
	rm -rf dist node_modules coverage .mutants

# made once: no key is ever overwritten
$(MAILBOXES)/%/key.public.pem: | dist/main.js
	@$(DUET) keygen $(@D) --curve $(CURVE)

$(INSTALLED): package.json package-lock.json
	npm ci
	@touch $@

dist/main.js: $(INSTALLED) tsconfig.json $(SOURCES)
	@npm run --silent build
	@touch $@
