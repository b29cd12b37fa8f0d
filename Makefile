# Thin on purpose: what a command does is in stack/ (python -m stack.cli --help).
.DEFAULT_GOAL := help
SHELL := /bin/sh
CX := .venv/bin/python -m stack.cli

# make demo CUSTOMERS=2000 DAYS=90 DATA=DIR; values reach the commands through the environment, never through a shell line
export CX_CUSTOMERS = $(CUSTOMERS)
export CX_DAYS = $(DAYS)
export CX_DATA = $(value DATA)
export CX_SQL = $(value SQL)
export CX_ROLE = $(ROLE)
export CX_SEED = $(SEED)
export CX_NIGHTS = $(NIGHTS)
export CX_NIGHT = $(NIGHT)
export CX_FAULTS = $(FAULTS)
export CX_RECORDS = $(RECORDS)
export CX_STREAM = $(STREAM)
export CX_FROM = $(FROM)
export CX_DRY_RUN = $(DRY_RUN)
export CX_SOURCE = $(SOURCE)
export CX_ID = $(value ID)
export CX_FILE = $(value FILE)
# only `make bench NAME=...`: some systems set NAME to the machine's name
export CX_BENCHMARK = $(if $(findstring command line,$(origin NAME)),$(NAME))

.PHONY: help setup demo night up summary psql dashboards browser rollback replay reconcile erase backup restore schema stop clean secrets lint test chaos mutants fuzz nights bench train lock

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## make .venv from the lock (done by the other commands when needed)
	@requirements/install.sh .venv requirements/lock.txt --project

demo: setup ## start everything and run the first night (CUSTOMERS=, DAYS=, DATA=DIR of your own records)
	@$(CX) demo

night: setup ## move the sandbox's company one day on and run the next night
	@$(CX) night

up: setup ## start Postgres and Airflow for your own vendors' credentials, without the sandbox
	@$(CX) up

summary: setup ## the last night: rows, validations, scores, age of each source
	@$(CX) summary

psql: setup ## a prompt on the published marts, or rows of one query: make psql SQL='select ...' (ROLE=cx_reader)
	@$(CX) psql

dashboards: setup ## start Superset on the published marts, loaded with dashboards/, and print its address and logins
	@requirements/install.sh .venv-superset requirements/superset.txt
	@$(CX) dashboards

browser: dashboards ## open every dashboard in a headless Chromium and see that all charts are drawn
	@requirements/install.sh .venv-browser requirements/browser.txt
	@$(CX) browser

rollback: setup ## give readers the night before back
	@$(CX) rollback

replay: setup ## read a stream again: make replay STREAM=zendesk.tickets FROM=2026-03-01 (DRY_RUN=1: only count)
	@$(CX) replay

reconcile: setup ## compare raw with what the vendors have, and mend it (SOURCE=zendesk)
	@$(CX) reconcile

erase: setup ## remove a person from everything: make erase ID=anna@example.org (DRY_RUN=1: only show what would go)
	@$(CX) erase

backup: setup ## write every database into one file, as of one moment between nights (FILE=)
	@$(CX) backup

restore: setup ## make the databases of a backup again, in an empty home: make restore FILE=backup.tar
	@$(CX) restore

schema: setup ## fields of a stream's records, and what changed in them: make schema STREAM=zendesk.tickets
	@$(CX) schema

stop: setup ## stop Airflow, the sandbox, Superset and Postgres; data stays
	@$(CX) stop

clean: setup ## stop everything and delete its data (.cx)
	@$(CX) clean

lint: setup ## ruff, mypy, import contracts, sqlfluff
	@$(CX) lint

test: setup ## lint, then unit, contract, integration and end-to-end tests
	@$(CX) test

mutants: setup ## take each fix out of the code in turn and see its tests go red (4 minutes)
	@$(CX) mutants

fuzz: setup ## broken records and bodies for every connector: each lands or is quarantined (SEED=, RECORDS=, SOURCE=)
	@$(CX) fuzz

chaos: setup ## nights in which everything goes wrong, and proof that nothing is lost (SEED=, NIGHTS=, FAULTS=, NIGHT=)
	@$(CX) chaos

nights: setup ## many nights in a row, each compared with the truth per ticket and per answer (NIGHTS=30)
	@$(CX) nights

bench: setup ## run a benchmark: make bench NAME=landing
	@requirements/install.sh .venv-bench requirements/bench.txt
	@$(CX) bench

secrets: ## write .env for docker compose, with strong secrets; never overwrites (MISSING=1: add those of a newer release)
	@MISSING=$(MISSING) deploy/make-secrets.sh

train: setup ## make the identity model again, bit for bit: frequencies, weights, thresholds (3 minutes)
	@.venv/bin/python -m training.train

lock: setup ## resolve the dependencies of pyproject.toml again and write the locks
	@requirements/compile.sh
