# Everything a developer or CI runs. `make help` lists the targets.
#
# Each target builds only what it needs and leaves a machine that has everything alone.

SWIFT  ?= swift
PREFIX ?= /usr/local
SOURCES := Package.swift Sources Tests Benchmarks docs/examples

# Homebrew's libraries are not where Apple's compiler looks.
ifeq ($(shell uname),Darwin)
BREW := $(shell brew --prefix 2>/dev/null)
FLAGS := -Xcc -I$(BREW)/include -Xlinker -L$(BREW)/lib
else
# Debian 13 has no gold, and its other linker leaves relocated data of Swift unprotected. The toolchain's own protects it.
RUNTIME := --static-swift-stdlib $(if $(shell command -v ld.gold),,-Xswiftc -use-ld=lld)
endif
# With TLS and HTTP where their libraries are; TLS=yes, TLS=no, HTTP=yes and HTTP=no decide.
TRAITS := $(if $(TLS),TLS=$(TLS)) $(if $(HTTP),HTTP=$(HTTP))
FLAGS += $(shell scripts/trait-options.sh $(TRAITS))
# Package.swift makes warnings errors then.
export REDISCRON_STRICT := 1
# Without debug information, which is stripped anyway: it depends on when the headers were written, and so do the hashes of
# all code. What else differs between two builds is in docs/installation.md.
STANDALONE := $(RUNTIME) -Xswiftc -gnone --scratch-path .build/standalone

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install what is missing: redis-server, C libraries, Python virtual environments
	@scripts/install-deps.sh test

.PHONY: build
build: ## Build for debugging, tests included
	@scripts/install-deps.sh build
	@scripts/trait-options.sh --explain $(TRAITS)
	$(SWIFT) build --build-tests $(FLAGS)

.PHONY: release
release: ## Build for release
	@scripts/install-deps.sh build
	$(SWIFT) build -c release $(FLAGS)

# Where the page of `make run` is, if it is built.
PAGE ?= 127.0.0.1:8600
.PHONY: run
run: ## Build for release, start the scheduler on an embedded Redis with its page, sample definitions and workers
	@scripts/install-deps.sh run
	@$(SWIFT) build -c release --product rqrcron $(FLAGS)
	@exec scripts/first-look.sh "$$($(SWIFT) build -c release --show-bin-path)/rqrcron" \
		$(if $(findstring HTTP,$(FLAGS)),--http $(PAGE))

.PHONY: test
test: deps lint build face docs release consumer ## Lint, build both ways, make the documentation, run every test, interop included
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/run-tests.sh

# These two bring what the package does without: they are the only targets that fetch Swift packages. SwiftPM's own options may
# say where from.
.PHONY: test-traits
test-traits: deps ## Test the traits of the Swift server ecosystem with the real packages; skipped where they cannot be fetched
	@SWIFT="$(SWIFT)" REQUIRED="$(REQUIRED)" scripts/test-traits.sh $(TRAITS_OPTIONS)

EXAMPLES := HummingbirdApp LifecycleService
.PHONY: examples
examples: deps build ## Build the examples that are packages of their own, with what they fetch, and run them
	for example in $(EXAMPLES); do \
		$(SWIFT) build --package-path docs/examples/$$example --scratch-path .build/examples/$$example $(EXAMPLE_OPTIONS) || exit 1; \
	done
	$(SWIFT) test --skip-build --disable-xctest $(FLAGS) --filter '^ExampleTests\.ExamplePackageTests'

.PHONY: screenshots
screenshots: deps build ## Take the pictures of the page that the docs show, in the browser of the tests
	@mkdir -p docs/images
	REDISCRON_PICTURES="$(CURDIR)/docs/images" $(SWIFT) test --skip-build --disable-xctest $(FLAGS) --filter '^CommandLineTests\.BrowserTests'

.PHONY: consumer
consumer: ## Build a package that depends on this one by path, beside the names of other libraries
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/check-consumer.sh

.PHONY: face
face: build ## Compare the public API with docs/public-api.txt
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/public-api.py

.PHONY: api
api: build ## Write the public API to docs/public-api.txt
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/public-api.py --write

.PHONY: lint
lint: ## Check format and house rules
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)
	@scripts/check-sources.py
	@for script in scripts/*.sh packaging/tests/*.sh .ci/run; do sh -n "$$script" || exit 1; done

.PHONY: format
format: ## Format all Swift files in place
	$(SWIFT) format format --in-place --parallel --recursive $(SOURCES)

.PHONY: sanitize
sanitize: deps ## Run every test under ThreadSanitizer and AddressSanitizer
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/run-tests.sh --sanitize thread
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/run-tests.sh --sanitize address

SECONDS ?= 600
TOPOLOGY ?= single
CERTIFICATES ?= no
.PHONY: chaos
chaos: deps ## Deal faults to real schedulers for SECONDS (600), TOPOLOGY=sentinel or cluster too; SEED replays
	$(SWIFT) build -c release --product rqrcron $(FLAGS)
	$(SWIFT) build -c release --product rediscron-chaos $(FLAGS)
	@"$$($(SWIFT) build -c release --show-bin-path)/rediscron-chaos" faults --topology $(TOPOLOGY) --tls $(CERTIFICATES) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) --evidence .build

RATE ?= 2000
.PHONY: soak
soak: deps ## Run schedulers at RATE (2000) jobs a second for SECONDS (600) and check that nothing grows
	$(SWIFT) build -c release --product rqrcron $(FLAGS)
	$(SWIFT) build -c release --product rediscron-chaos $(FLAGS)
	@"$$($(SWIFT) build -c release --show-bin-path)/rediscron-chaos" soak --seconds $(SECONDS) --rate $(RATE) $(if $(SEED),--seed $(SEED))

.PHONY: test-debian13
test-debian13: ## Run the suite in a Debian 13 root, with TLS, on Redis 8 and on Valkey 8 (needs root)
	@SWIFT="$(SWIFT)" scripts/test-debian13.sh

BENCH = "$$($(SWIFT) build -c release --show-bin-path)/rediscron-benchmarks"
.PHONY: bench
bench: deps release ## Measure throughput, latency and memory beside the alternatives (twenty minutes), and draw the charts in docs
	$(BENCH) --json docs/benchmark.json $(BENCH_OPTIONS)
	scripts/draw-benchmarks.py docs/benchmark.json

.PHONY: bench-quick
bench-quick: deps release ## The same in four minutes, with smaller sizes; changes no file
	$(BENCH) --quick $(BENCH_OPTIONS)

.PHONY: differential
differential: deps build ## Put a million cron expressions before croniter and RQ
	REDISCRON_DIFFERENTIAL=1000000 $(SWIFT) test --skip-build --disable-xctest $(FLAGS) --filter '^CronTests\.DifferentialTests'

.PHONY: docs
docs: ## Build the API reference into .build/documentation
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/build-docs.sh

.PHONY: simulate
simulate: deps build ## Play COUNT (a million) simulated schedules, from SEED on (a random one)
	REDISCRON_SCHEDULES=$(or $(COUNT),1000000) $(if $(SEED),REDISCRON_SEED=$(SEED)) \
		$(SWIFT) test --skip-build --disable-xctest $(FLAGS) --filter '^SimulationTests\..*no promise is broken'

.PHONY: bench-cron
bench-cron: deps ## Measure next, previous and parse beside croniter and RQ in the same run
	$(SWIFT) build -c release $(FLAGS) --product CronBenchmark
	@"$$($(SWIFT) build -c release --show-bin-path)/CronBenchmark"

.PHONY: fuzz
fuzz: deps ## Give all parsers to libFuzzer, for SECONDS (600) together; PARSERS="cron reply" for some
	@SWIFT="$(SWIFT)" FLAGS="$(FLAGS)" scripts/fuzz.sh $(SECONDS) $(PARSERS)

.PHONY: api-fuzz
api-fuzz: deps build ## Send thousands of requests to the API that are made from its description, for SECONDS (600)
	REDISCRON_API_SECONDS=$(SECONDS) $(SWIFT) test --skip-build --disable-xctest $(FLAGS) --filter '^CommandLineTests\.APIFuzzTests'

# With Swift's runtime inside (macOS has it), so that it runs on machines without a toolchain. In a build folder of its
# own, or the other release builds would be made anew.
.PHONY: standalone
standalone:
	@scripts/install-deps.sh build
	@scripts/trait-options.sh --explain $(TRAITS)
	$(SWIFT) build -c release --product rqrcron $(STANDALONE) $(FLAGS)
PROGRAM = "$$($(SWIFT) build -c release $(STANDALONE) --show-bin-path)/rqrcron"

.PHONY: install
install: standalone ## Build and install rqrcron, its manual page and completions into PREFIX (/usr/local)
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install.sh $(PROGRAM)

.PHONY: uninstall
uninstall: ## Remove what install has put into PREFIX
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install.sh --remove

# Where the sources are read: the links in the description of the wheel lead there.
REPOSITORY ?= https://git.example.com/swift-rediscron
# Packages of one commit have one date, and so the same bytes.
wheel deb release-artifacts: export SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md))
.PHONY: wheel
wheel: standalone ## Build a Python wheel of rqrcron into dist, for any Linux with a C library as new as this one's
	@scripts/install-deps.sh packages
	@SWIFT="$(SWIFT)" REPOSITORY="$(REPOSITORY)" scripts/build-wheel.sh $(PROGRAM)

.PHONY: deb
deb: standalone ## Build a Debian package of rqrcron into dist, for this release of Debian or Ubuntu
	@scripts/install-deps.sh packages
	@scripts/build-deb.sh $(PROGRAM)

.PHONY: test-packages
test-packages: wheel deb ## Try both packages and the examples for containers in bare Debian roots (needs root)
	@scripts/test-packages.sh

.PHONY: release-artifacts
release-artifacts: wheel deb ## Build all of a release into dist: wheel, Debian package, sources, SPDX, notes, checksums
	@SWIFT="$(SWIFT)" REPOSITORY="$(REPOSITORY)" scripts/release-artifacts.sh

.PHONY: clean
clean: ## Remove what was built (the Python environments stay)
	rm -rf .build
