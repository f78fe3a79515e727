# GNU make takes the next line for a target that nobody makes. Other makes know it as a directive: they show it and stop.
.error : this project needs GNU make, which is called gmake here; without it, type npm ci and then npm start

# $(call setting,NAME,DEFAULT): what a person may set on the command line, as in make run-both PORT_A=8000. The value is
# kept as it was typed, and a recipe reads it from its environment as "$$NAME": neither make nor a shell evaluates it.
setting = $(eval override $1 := $$(or $$(value $1),$2))$(eval export $1)
# The ports of the two peers, and those of the attacker who sits between them
$(call setting,PORT_A,5000)
$(call setting,PORT_B,5001)
$(call setting,PORT_M,5002)
$(call setting,PORT_N,5003)
# What the attacker changes in texts: ALTER='noon=midnight'
$(call setting,ALTER)
# X25519, P-256 or X25519MLKEM768
$(call setting,CURVE,X25519)
# 1: print how OpenSSL computes each shared secret, private key and all.
$(call setting,SHOW_WORK)
# 1: a terminal without symbols, for screen readers and logs; and one with long keys and ciphertexts whole.
$(call setting,PLAIN)
$(call setting,FULL)
# For a peer alone, on two machines: the address to listen on, the other peer, and a name by which this one may be called.
$(call setting,HOST,127.0.0.1)
$(call setting,PEER)
$(call setting,HOST_NAME)
# For the mailboxes of A and B: where their keys and mail are; and for send-to-a and send-to-b, on two
# machines: the mailbox to send to, and its owner's public key.
$(call setting,MAILBOXES,.duet/mailboxes)
$(call setting,TO)
$(call setting,RECIPIENT)
# For send-image: the picture.
$(call setting,IMAGE,src/sample/curve.png)
# For bench: how often each pair is measured, and which rows, all of them unless named.
$(call setting,ROUNDS,7)
ONLY ?=
$(call setting,JSON)
# For prove: the ProVerif to run.
$(call setting,PROVERIF)
# For lab-bad-keys: the peer that is attacked, if it is not the first; and 1 for the attacks on the lab's own peers as well.
$(call setting,VICTIM)
$(call setting,ALL)
# For exercise: the command that starts the peer, and the stages to run, all of them unless named.
$(call setting,START)
$(call setting,STAGE)

DUET := node dist/main.js
INSTALLED := node_modules/.package-lock.json
# Folders too: they change when a file goes.
SOURCES := $(shell find src)
PLAINLY := $${PLAIN:+--plain}
SHOWN := $(PLAINLY) $${FULL:+--full}
SUITE := --curve "$$CURVE" $(SHOWN) $${SHOW_WORK:+--show-work}
ALONE := --host "$$HOST" $${HOST_NAME:+--host-name "$$HOST_NAME"} $(SUITE)
PEER_A := --port "$$PORT_A" --peer "$${PEER:-http://127.0.0.1:$$PORT_B}" $(ALONE)
PEER_B := --port "$$PORT_B" --peer "$${PEER:-http://127.0.0.1:$$PORT_A}" $(ALONE)
MALLORY := --ports "$$PORT_M,$$PORT_N" --between "http://127.0.0.1:$$PORT_A,http://127.0.0.1:$$PORT_B" \
	--curve "$$CURVE" $(SHOWN) $${ALTER:+--alter "$$ALTER"}
# Makes the keys of a mailbox where there are none: no key is ever overwritten.
keys = test -e "$$MAILBOXES/$1/key.public.pem" || $(DUET) keygen --curve "$$CURVE" -- "$$MAILBOXES/$1"
mailbox = --mailbox "$$MAILBOXES/$1/mail" --mailbox-key "$$MAILBOXES/$1/key.public.pem"

.PHONY: help install build run-both run-5000 run-5001 run-mallory run-mallory-known send-image \
	keygen mailbox-a mailbox-b watch-a watch-b send-to-a send-to-b \
	lab-original lab-bad-keys lab-nonce-reuse lab-forward-secrecy lab-quantum exercise \
	sample page-picture package demo test bench soak fuzz explore prove mutants coverage check format clean
.DEFAULT_GOAL := help

help: ## show what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## install what the program needs

build: dist/main.js ## compile to dist/

run-both: dist/main.js ## start both peers in this terminal (PORT_A, PORT_B, CURVE, SHOW_WORK=1)
	@exec $(DUET) both --ports "$$PORT_A,$$PORT_B" $(SUITE)

run-5000: dist/main.js ## start the first peer alone (HOST, HOST_NAME, PEER, PORT_A, CURVE)
	@exec $(DUET) peer $(PEER_A)

run-5001: dist/main.js ## start the second peer alone (HOST, HOST_NAME, PEER, PORT_B, CURVE)
	@exec $(DUET) peer $(PEER_B)

run-mallory: dist/main.js ## an attacker between two strangers, all in this terminal (PORT_M, PORT_N, ALTER=FROM=TO)
	@exec $(DUET) mallory --with strangers $(MALLORY)

run-mallory-known: dist/main.js ## the same between the two of run-both, once they have met
	@exec $(DUET) mallory --with known $(MALLORY)

send-image: dist/main.js ## send a picture from the first peer (IMAGE=file, PORT_A)
	@exec $(DUET) send-image --port "$$PORT_A" -- "$$IMAGE"

keygen: dist/main.js ## make keys for the mailboxes of A and B, where there are none (MAILBOXES=folder, CURVE)
	@$(call keys,a)
	@$(call keys,b)

mailbox-a: dist/main.js ## start the first peer with a mailbox (as run-5000, and MAILBOXES)
	@$(call keys,a)
	@exec $(DUET) peer $(PEER_A) $(call mailbox,a)

mailbox-b: dist/main.js ## start the second peer with a mailbox (as run-5001, and MAILBOXES)
	@$(call keys,b)
	@exec $(DUET) peer $(PEER_B) $(call mailbox,b)

watch-a: dist/main.js ## print the first one's mail (MAILBOXES)
	@$(call keys,a)
	@exec $(DUET) watch $(PLAINLY) --key "$$MAILBOXES/a/key.private.pem" -- "$$MAILBOXES/a/mail"

watch-b: dist/main.js ## print the second one's mail (MAILBOXES)
	@$(call keys,b)
	@exec $(DUET) watch $(PLAINLY) --key "$$MAILBOXES/b/key.private.pem" -- "$$MAILBOXES/b/mail"

send-to-a: dist/main.js ## send standard input to the first one's mailbox (TO, RECIPIENT=file, PORT_A)
	@exec $(DUET) send $(PLAINLY) --to "$${TO:-http://127.0.0.1:$$PORT_A}" $${RECIPIENT:+--recipient "$$RECIPIENT"} -

send-to-b: dist/main.js ## send standard input to the second one's mailbox (TO, RECIPIENT=file, PORT_B)
	@exec $(DUET) send $(PLAINLY) --to "$${TO:-http://127.0.0.1:$$PORT_B}" $${RECIPIENT:+--recipient "$$RECIPIENT"} -

lab-original: dist/main.js ## break the original's curve and ciphers
	@exec $(DUET) lab original $(PLAINLY)

lab-bad-keys: dist/main.js ## send a running peer what it has to refuse (VICTIM=url, PORT_A, ALL=1)
	@exec $(DUET) lab bad-keys $(PLAINLY) $${ALL:+--all} -- "$${VICTIM:-http://127.0.0.1:$$PORT_A}"

lab-nonce-reuse: dist/main.js ## read and forge texts that were sealed under one nonce
	@exec $(DUET) lab nonce-reuse $(PLAINLY)

lab-forward-secrecy: dist/main.js ## steal memory, and see which recorded messages it opens (CURVE)
	@exec $(DUET) lab forward-secrecy $(PLAINLY) --curve "$$CURVE"

lab-quantum: dist/main.js ## open recorded exchanges with the keys that a quantum computer would find
	@exec $(DUET) lab quantum $(PLAINLY)

exercise: dist/main.js ## examine a peer that you wrote (START='COMMAND', CURVE, STAGE=n)
	@exec $(DUET) exercise --start "$$START" --curve "$$CURVE" $${STAGE:+--stage "$$STAGE"}

sample: $(INSTALLED) ## draw the picture that ships
	@exec node --import ./test/loader.js src/sample/draw.ts

page-picture: dist/main.js ## take the README's picture of the page (PORT_A, PORT_B; needs Chromium)
	@exec node --import ./test/loader.js test/page-picture.ts "$$PORT_A,$$PORT_B"

package: dist/main.js ## pack what was built, for npm install elsewhere
	@npm pack --silent --ignore-scripts

demo: dist/main.js ## start both on free ports, run every step, check the outcome, stop (CURVE)
	@npm run --silent demo:run

test: dist/main.js ## run the tests (SLOW=1: ten times as many schedules)
	@npm run --silent test:run

bench: dist/main.js ## measure the program beside the bare minimum of the same (ONLY=row, ROUNDS=7, JSON=1)
	@exec node --import ./test/loader.js test/bench/run.ts --rounds "$$ROUNDS" $(ONLY:%=--only %) $${JSON:+--json}

soak: dist/main.js ## two peers, a wire that fails and restarts, for some minutes (MINUTES=5, or TEXTS=10000; SEED, CURVE)
	@exec node --import ./test/loader.js test/soak/main.ts

fuzz: dist/main.js ## try what no peer would send, for some minutes (MINUTES=10, SEED, ONLY)
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
	rm -rf dist .build node_modules coverage .mutants

# npm ci removes and installs one package after another. What marks the end of that goes first, in case it is interrupted.
$(INSTALLED): package.json package-lock.json .npmrc
	@rm -f $@
	npm ci
	@touch $@

dist/main.js: $(INSTALLED) tsconfig.json $(SOURCES)
	@node src/build.js
