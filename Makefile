# SPDX-License-Identifier: Apache-2.0
# The front door. Meson builds; tools/ holds the scripts. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := all
PREFIX ?= /usr/local
DESTDIR ?=
ASSETS ?= yes
BUILD ?= build

.PHONY: all demo test install uninstall bench bench-embed bench-recall bench-subject bench-pairs \
	bench-upgrade bench-attach bench-judged bench-scale check check-tokenizer model mutants torture clean help \
	setup-build setup-test

all: setup-build ## build build/grove
	@tools/build $(BUILD) --prefix "$(PREFIX)"

demo: all ## build, then create a database, load the sample and show the three queries
	@$(BUILD)/grove demo

test: setup-test ## build, then run every test
	@tools/run-tests

install: all ## install under PREFIX (/usr/local), with servers and model; honours DESTDIR
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --quiet --no-rebuild
	@[ "$(ASSETS)" = no ] || tools/install-assets "$(DESTDIR)$(PREFIX)/share/grove/assets"

uninstall: ## remove what install put under PREFIX; honours DESTDIR
	@tools/uninstall $(BUILD) "$(PREFIX)" "$(DESTDIR)"

bench: setup-test ## measure on a corpus (CORPUS=FILE.jsonl.gz)
	@tools/build $(BUILD)
	@tools/bench "$(CORPUS)"

bench-embed: setup-test ## measure the model beside its peers (CORPUS=FILE.jsonl.gz)
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/bench-embed "$(CORPUS)"

bench-recall: setup-test ## what searches find of what is there (RECALL="KIND ... --rows N --builds N")
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/bench-recall $(RECALL)

bench-subject: setup-test ## a change of subjects beside readers and writers (SUBJECT="--rows N --kills N")
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/bench-subject $(SUBJECT)

bench-judged: setup-test ## how well judged documents are ranked (JUDGED="DOCUMENTS QUERIES JUDGEMENTS")
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/bench-judged $(JUDGED)

bench-pairs: setup-test ## two builds side by side (PAIR="BEFORE AFTER --corpus FILE --rounds N")
	@tools/bench-pairs $(PAIR)

bench-upgrade: setup-test ## an upgrade beside processes of before (UPGRADE="BEFORE AFTER --rows N")
	@tools/bench-upgrade $(UPGRADE)

bench-attach: setup-test ## what an attached table costs its writers (ATTACH="--pairs N --rows N --lag N")
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/bench-attach $(ATTACH)

bench-scale: setup-test ## grove at size, beside its peer (ROWS=N, SCALE="--only SECTION,SECTION --seed N")
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/bench-scale --rows $(or $(ROWS),100000) $(SCALE)

check: ## formatting, tidy, duplicates
	@tools/setup --test --check
	@tools/check

check-tokenizer: setup-test ## compare the tokenizer with the published one (SEED=N, CORPUS=FILE)
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/check-tokenizer $(if $(SEED),--seed "$(SEED)") \
		$(if $(CORPUS),--corpus "$(CORPUS)")

model: setup-test ## random operations beside a model of both stores (SEED=N, OPERATIONS=N)
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/run-random model --operations $(or $(OPERATIONS),200000) \
		$(if $(SEED),--seed "$(SEED)")

torture: setup-test ## while servers are killed, stores put back (SEED=N, KILLS=N, RESTORES=N, KINDS=A,B)
	@tools/build $(BUILD)
	@BUILD="$(BUILD)" tools/run-random torture --kills $(or $(KILLS),1000) \
		--restores $(or $(RESTORES),100) $(if $(KINDS),--kinds "$(KINDS)") \
		$(if $(SEED),--seed "$(SEED)")

mutants: setup-test ## take one guard away at a time, and see that its test fails (MUTANTS="NAME ...")
	@tools/build $(BUILD)
	@tools/mutants $(MUTANTS)

clean: ## remove what was built
	rm -rf build build-*

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup-build:
	@tools/setup

setup-test:
	@tools/setup --test
