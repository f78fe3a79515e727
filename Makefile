# GNU make takes the next line for a target that nobody makes. Other makes know it as a directive: they show it and stop.
.error : this project needs GNU make, which is called gmake here; without it, type npm ci and then npm start

# $(call setting,NAME,DEFAULT): what a person may set on the command line, as in make run-both PORT_A=8000. The value is
# kept as it was typed, and a recipe reads it from its environment as "$$NAME": neither make nor a shell evaluates it.
setting = $(eval override $1 := $$(or $$(value $1),$2))$(eval export $1)
$(call setting,CURVE,X25519) ## x25519, p256 or hybrid: for both the same
$(call setting,PORT_A,5000) ## the port of the first peer
$(call setting,PORT_B,5001) ## that of the second
$(call setting,PORT_M,5002) ## that of the attacker who sits between them
$(call setting,PORT_N,5003) ## her other one
$(call setting,LISTEN) ## this machine's address, for her on a network
$(call setting,BETWEEN) ## the two whom she is between then: URL,URL
$(call setting,ALTER) ## what she changes in texts: noon=midnight
$(call setting,SHOW_WORK) ## 1: how OpenSSL computes each secret, keys and all
$(call setting,FULL) ## 1: long keys and ciphertexts whole
$(call setting,PLAIN) ## 1: no symbols, for screen readers and logs
$(call setting,HOST,127.0.0.1) ## this machine's address, for two machines
$(call setting,HOST_NAME) ## a name by which it may be called
$(call setting,PEER) ## the other peer: http://HOST:PORT
$(call setting,NO_STATE) ## 1: run-5000 and run-5001 keep nothing
$(call setting,IMAGE,src/sample/curve.png) ## the picture to send
$(call setting,MAILBOXES,.duet/mailboxes) ## the folder of keys and mail
$(call setting,TO) ## the peer that takes mail: http://HOST:PORT
$(call setting,RECIPIENT) ## a file: the public key of who reads it
$(call setting,VICTIM) ## the peer that lab-bad-keys attacks, if not the first
$(call setting,ALL) ## 1: lab-bad-keys attacks peers of its own too
$(call setting,START) ## the command that starts the peer to examine
$(call setting,STAGE) ## 1 to 7: examine it up to this stage
$(call setting,ROUNDS,7) ## how often bench measures each pair
$(call setting,JSON) ## 1: print what bench measured for scripts
$(call setting,PROVERIF) ## the ProVerif to run
# What bench, fuzz, prove, mutants and explore run of all that they have.
ONLY ?=

DUET := node dist/main.js
INSTALLED := node_modules/.package-lock.json
# Folders too: they change when a file goes.
SOURCES := $(shell find src)
PLAINLY := $${PLAIN:+--plain}
SHOWN := $(PLAINLY) $${FULL:+--full}
SUITE := --curve "$$CURVE" $(SHOWN) $${SHOW_WORK:+--show-work}
ALONE := --host "$$HOST" $${HOST_NAME:+--host-name "$$HOST_NAME"} $(SUITE) $${NO_STATE:+--no-state}
PEER_A := --port "$$PORT_A" --peer "$${PEER:-http://127.0.0.1:$$PORT_B}" $(ALONE)
PEER_B := --port "$$PORT_B" --peer "$${PEER:-http://127.0.0.1:$$PORT_A}" $(ALONE)
HERS := --curve "$$CURVE" $(SHOWN) $${ALTER:+--alter "$$ALTER"}
MALLORY := --ports "$$PORT_M,$$PORT_N" --between "http://127.0.0.1:$$PORT_A,http://127.0.0.1:$$PORT_B" $(HERS)
# Makes the keys of a mailbox where there are none: no key is ever overwritten.
keys = test -e "$$MAILBOXES/$1/key.public.pem" || $(DUET) keygen --curve "$$CURVE" -- "$$MAILBOXES/$1"
mailbox = --mailbox "$$MAILBOXES/$1/mail" --mailbox-key "$$MAILBOXES/$1/key.public.pem"

.PHONY: help install build run-both run-5000 run-5001 run-mallory run-mallory-known talk send-image \
	keygen mailbox-a mailbox-b watch-a watch-b send-to-a send-to-b \
	lab-original lab-bad-keys lab-nonce-reuse lab-forward-secrecy lab-quantum exercise \
	sample page-picture package demo test bench soak fuzz explore prove mutants coverage check format clean
.DEFAULT_GOAL := help

# Of a line that begins with ##, help shows the name of a group; of one with ## further on, the target or setting and what
# it is for.
help: ## show this
	@echo 'Type make TARGET, and behind it what you set: make run-both CURVE=p256'
	@awk -F ' ## ' ' \
		/^## / { print "\n" substr($$0, 4) ":" } \
		/^[a-z0-9-]+:.* ## / { sub(/:.*/, "", $$1); printf "  %-20s %s\n", $$1, $$2 } \
		/^\$$\(call setting.* ## / { gsub(/.*setting,|\)/, "", $$1); split($$1, one, ","); \
			settings = settings sprintf("  %-20s %s%s\n", one[1], $$2, one[2] ? " (" one[2] ")" : "") } \
		END { printf "\nWhat you set:\n%s", settings }' Makefile

## Start

run-both: dist/main.js ## start both peers here (CURVE, PORT_A, PORT_B)
	@exec $(DUET) both --ports "$$PORT_A,$$PORT_B" $(SUITE)

run-5000: dist/main.js ## start the first one alone (CURVE, HOST, PEER)
	@exec $(DUET) peer $(PEER_A)

run-5001: dist/main.js ## start the second one alone (CURVE, HOST, PEER)
	@exec $(DUET) peer $(PEER_B)

talk: dist/main.js ## talk with somebody on this network (CURVE, PEER)
	@exec $(DUET) talk --curve "$$CURVE" $(PLAINLY) $${PEER:+--peer "$$PEER"}

send-image: dist/main.js ## send a picture from the first one (IMAGE)
	@exec $(DUET) send-image --port "$$PORT_A" -- "$$IMAGE"

demo: dist/main.js ## run every step on free ports, and check it (CURVE)
	@npm run --silent demo:run

## Lab

run-mallory: dist/main.js ## an attacker between two strangers (ALTER, LISTEN)
	@if test -n "$$LISTEN"; then exec $(DUET) mallory --listen "$$LISTEN" --between "$$BETWEEN" $(HERS); \
	else exec $(DUET) mallory --with strangers $(MALLORY); fi

run-mallory-known: dist/main.js ## the same between those of run-both, who have met
	@exec $(DUET) mallory --with known $(MALLORY)

lab-original: dist/main.js ## break the original's curve and ciphers
	@exec $(DUET) lab original $(PLAINLY)

lab-bad-keys: dist/main.js ## send a peer what it has to refuse (VICTIM, ALL)
	@exec $(DUET) lab bad-keys $(PLAINLY) $${ALL:+--all} -- "$${VICTIM:-http://127.0.0.1:$$PORT_A}"

lab-nonce-reuse: dist/main.js ## read and forge texts that were sealed under one nonce
	@exec $(DUET) lab nonce-reuse $(PLAINLY)

lab-forward-secrecy: dist/main.js ## steal memory, and see what it opens (CURVE)
	@exec $(DUET) lab forward-secrecy $(PLAINLY) --curve "$$CURVE"

lab-quantum: dist/main.js ## open records with the keys a quantum computer finds
	@exec $(DUET) lab quantum $(PLAINLY)

## Mail

keygen: dist/main.js ## make keys for both mailboxes (MAILBOXES, CURVE)
	@$(call keys,a)
	@$(call keys,b)

mailbox-a: dist/main.js ## run-5000 with a mailbox (MAILBOXES)
	@$(call keys,a)
	@exec $(DUET) peer $(PEER_A) $(call mailbox,a)

mailbox-b: dist/main.js ## run-5001 with a mailbox (MAILBOXES)
	@$(call keys,b)
	@exec $(DUET) peer $(PEER_B) $(call mailbox,b)

watch-a: dist/main.js ## print the first one's mail (MAILBOXES)
	@$(call keys,a)
	@exec $(DUET) watch $(PLAINLY) --key "$$MAILBOXES/a/key.private.pem" -- "$$MAILBOXES/a/mail"

watch-b: dist/main.js ## print the second one's mail (MAILBOXES)
	@$(call keys,b)
	@exec $(DUET) watch $(PLAINLY) --key "$$MAILBOXES/b/key.private.pem" -- "$$MAILBOXES/b/mail"

send-to-a: dist/main.js ## send standard input to the first one (TO, RECIPIENT)
	@exec $(DUET) send $(PLAINLY) --to "$${TO:-http://127.0.0.1:$$PORT_A}" $${RECIPIENT:+--recipient "$$RECIPIENT"} -

send-to-b: dist/main.js ## send standard input to the second one (TO, RECIPIENT)
	@exec $(DUET) send $(PLAINLY) --to "$${TO:-http://127.0.0.1:$$PORT_B}" $${RECIPIENT:+--recipient "$$RECIPIENT"} -

## Class

exercise: dist/main.js ## examine a peer that you wrote (START, STAGE, CURVE)
	@exec $(DUET) exercise --start "$$START" --curve "$$CURVE" $${STAGE:+--stage "$$STAGE"}

## Develop

build: dist/main.js ## compile to dist/

install: $(INSTALLED) ## install what the program needs

test: dist/main.js ## run the tests (SLOW=1: more, and longer)
	@npm run --silent test:run

check: $(INSTALLED) ## types, lint, format, import rules, what is unused
	@npm run --silent check

format: $(INSTALLED) ## write the format that check wants
	@npx biome check --write

coverage: dist/main.js ## show which lines the tests reach
	@npm run --silent coverage

bench: dist/main.js ## measure it beside the bare minimum (ONLY=row, ROUNDS)
	@exec node --import ./test/loader.js test/bench/run.ts --rounds "$$ROUNDS" $(ONLY:%=--only %) $${JSON:+--json}

soak: dist/main.js ## two peers on a bad wire (MINUTES or TEXTS; SEED)
	@exec node --import ./test/loader.js test/soak/main.ts

fuzz: dist/main.js ## try what no peer would send (MINUTES, SEED, ONLY)
	@exec node --import ./test/loader.js test/fuzz/main.ts

explore: $(INSTALLED) ## walk all schedules (ONLY, KEYS, TROUBLES, TELL)
	@exec node --max-old-space-size=4096 --import ./test/loader.js test/explore/main.ts

prove: $(INSTALLED) ## prove the protocol with ProVerif (ONLY=query)
	@exec node --import ./test/loader.js test/prove/main.ts

mutants: dist/main.js ## change the source: does a test notice? (ONLY=file)
	@exec node --import ./test/loader.js test/mutants/main.ts

sample: $(INSTALLED) ## draw the picture that ships
	@exec node --import ./test/loader.js src/sample/draw.ts

page-picture: dist/main.js ## take the README's pictures of the page, by Chromium
	@exec node --import ./test/loader.js test/page-picture.ts "$$PORT_A,$$PORT_B"

package: dist/main.js ## pack what was built, for npm install elsewhere
	@npm pack --silent --ignore-scripts

clean: ## remove what was built and installed; keys stay
	rm -rf dist .build node_modules coverage .mutants

# npm ci removes and installs one package after another. What marks the end of that goes first, in case it is interrupted.
$(INSTALLED): package.json package-lock.json .npmrc
	@rm -f $@
	npm ci
	@touch $@

dist/main.js: $(INSTALLED) tsconfig.json $(SOURCES)
	@node src/build.js
