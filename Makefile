# Slipway's commands. `make run` and `make test` need nothing but this clone and a Debian machine with Rust and Go.
.DEFAULT_GOAL := help
.PHONY: help run test nightly bench image lint

TARGET ?= $(or $(CARGO_TARGET_DIR),target)
export PATH := $(PATH):$(HOME)/.cargo/bin

help: ## Lists the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## Installs what is missing, builds the release and serves on 127.0.0.1:8080
	tools/setup.sh run
	cargo build --release --locked --bin slipway
	exec tools/run.sh $(TARGET)/release/slipway

test: ## Every check: format, lints, documents, Rust tests, conformance, real clients, container
	tools/setup.sh test
	tools/test.sh test

nightly: ## What takes long: cosign, helm, the docker daemon, a Debian image, soaks
	tools/setup.sh nightly
	tools/test.sh nightly

bench: ## Load comparison with the registries named by PEER_<name>="URL PID,PID"
	tools/setup.sh test
	cargo build --release --locked --bin slipway
	SLIPWAY_BIN=$(TARGET)/release/slipway tools/bench/run.sh

image: ## The container image localhost/slipway:latest, by buildah
	tools/setup.sh test
	tools/image.sh localhost/slipway:latest

lint: ## Format, lints and documents only
	tools/setup.sh run
	tools/test.sh lint
